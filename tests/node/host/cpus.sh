# SPDX-License-Identifier: MIT
# Other CPUs and other sizes of machine: each boots a node to its job, and a VPS on the smallest.
. "$(dirname "$0")/../host-lib.sh"

cat >"$scratch/job" <<'JOB'
echo "up: $(grep -m1 vendor_id /proc/cpuinfo | cut -d: -f2), $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"
/root/hv-count
xenstore-ls /local/domain/0 >/dev/null && echo store answers
JOB
# EPYC and max have SMAP, which QEMU 7.2 emulates wrongly: the hypervisor notices (docs/qemu-bugs.md).
for model in qemu64:AMD Nehalem:Intel Haswell:Intel EPYC:AMD max:AMD; do
    IFS=: read -r cpu brand <<<"$model"
    node --no-samples --cpu "$cpu" --mem 1024 "$scratch/job"
    check_same "$cpu: boots, runs the job, powers off" 0 $?
    says "$cpu: dom0 sees its brand" "^up: .*$brand"
    says "$cpu: the store answers" '^store answers'
done
node --no-samples --cpu Haswell,vendor=AuthenticAMD --mem 1024 --cpus 1 "$scratch/job"
check_same 'one CPU, branded by another maker' 0 $?

node --no-samples --mem 512 "$scratch/job"
check_same '512 MiB are enough' 0 $?

# The hypervisor keeps at most 24 MiB of 4 GiB (QEMU's firmware and the tables of ACPI take another 1 MiB).
kept() { # MIB: what neither dom0 nor the allocator has
    awk -v all="$1" -F'[= ]' '/^free_pages/ { print int(all - ($2 + $6) / 256) }' "$scratch/out"
}
node --no-samples --mem 4096 "$scratch/job"
check_same '4 GiB' 0 $?
if (($(kept 4096) <= 25)); then ok "the hypervisor keeps $(kept 4096) MiB of 4 GiB"; else not_ok 'the hypervisor keeps too much of 4 GiB' <"$scratch/out"; fi

available=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
if ((available > 6000)); then
    node --no-samples --mem 24576 "$scratch/job"
    check_same '24 GiB' 0 $?
    if (($(kept 24576) <= 400)); then ok "all of 24 GiB is usable but for $(kept 24576) MiB"; else not_ok '24 GiB are not all usable' <"$scratch/out"; fi
else
    skip "24 GiB: this machine has only $available MiB free"
fi
