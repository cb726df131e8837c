# SPDX-License-Identifier: MIT
# Nodes with 1, 2, 4 and 8 CPUs, dom0 with as many vcpus: all are on line and run, wake each other, share memory; a VPS
# with as many again is made, works and goes.
. "$(dirname "$0")/../host-lib.sh"

cat >"$scratch/job" <<'JOB'
. /root/lib.sh
cpus=$(nproc)
echo "online=$(cat /sys/devices/system/cpu/online)"
ran=''
for ((cpu = 0; cpu < cpus; cpu++)); do ran+=" $(taskset -c "$cpu" bash -c 'sed "s/.*) //" /proc/self/stat | cut -d" " -f37')"; done
echo "ran=$ran"
/root/smp-load "$cpus" 40 && echo load=done
vps=$(initrd_with_job all /root/smp-load <<'VPS'
/smp-load $(nproc) 20 >/dev/hvc0 && printf '\nload=done %s\n' "$(cat /sys/devices/system/cpu/online)" >/dev/hvc0
VPS
)
vmctl create "$(vps all vcpus="$cpus" initrd="$vps")" >/dev/null
within 900 console_has all '^load=done' && grep -a '^load=done' $logs/all.log | sed 's/^/vps /'
vmctl destroy all && echo destroyed
JOB
for cpus in 1 2 4 8; do
    last=$((cpus - 1)) ran=''
    for ((cpu = 0; cpu < cpus; cpu++)); do ran+=" $cpu"; done
    online=0-$last
    ((cpus > 1)) || online=0
    node --cpus "$cpus" --mem 2048 "$scratch/job"
    check_same "$cpus CPUs: boots, runs the job, powers off" 0 $?
    says "$cpus CPUs: dom0 has all on line" "^online=$online$"
    says "$cpus CPUs: a process runs on each" "^ran=$ran$"
    says "$cpus CPUs: a parallel load is right" '^load=done'
    says "$cpus CPUs: a VPS with as many is right" "^vps load=done $online\s*$"
    says "$cpus CPUs: and goes" '^destroyed'
    check_same "$cpus CPUs: no complaint on the console" 0 "$(grep -acE 'BUG|stall|Oops|lockup|panic' "$scratch/console")"
done
