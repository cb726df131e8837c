# SPDX-License-Identifier: MIT
# Debian's other kernels as dom0, with our store, console daemon and tools on it, serve a VPS of two vcpus
# with its disk and its card by their backends, take a vcpu of their own off line and back, and power the machine off.
mkdir -p "${BUILD:-build}/tests/node"
. "$(dirname "$0")/../../node/host-lib.sh"

cat >"$scratch/job" <<'JOB'
. /root/lib.sh
echo "release=$(uname -r)"
dmesg | grep -E 'Booting paravirtual|Xen version|xen:events|Grant tables using|clocksource: Switched|Initialising Xen' | sed 's/^/# /'
mkdir -p /root/www
head -c 4M /dev/urandom >/root/www/file
/usr/lib/busybox/httpd -p 10.0.9.1:80 -h /root/www
job=$(initrd_with_job one <<'VPS'
echo "sum=$(sha256sum </dev/xvda | cut -d' ' -f1)"
echo "fetched=$(wget -q -O - http://10.0.9.1/file | sha256sum | cut -d' ' -f1)"
dmesg | grep -E 'blkfront'
echo through=all
VPS
)
warm_up
before=$(account)
head -c 8M /dev/urandom >/root/one.img
check 'a VPS is made' vmctl create "$(vps one vcpus=2 initrd="$job" disk=/root/one.img,ro nic=xenbr0 cmdline=vps.ip=10.0.9.5/24)"
check_console 'it comes through its work' one '^through=all' 1 1500
log=$(tr -d '\r' <$logs/one.log)
grep -a 'blkfront' <<<"$log" | sed 's/^/# /'
check_says 'its disk is read right' "^sum=$(sha256sum </root/one.img | cut -d' ' -f1)$" echo "$log"
check_says 'TCP, 4 MiB, right' "^fetched=$(sha256sum </root/www/file | cut -d' ' -f1)$" echo "$log"
check 'it gets more memory' vmctl set one --memory 100M
check 'it shuts down when asked' vmctl shutdown one
check 'by itself' within 300 gone one
nothing_left 'nothing is left of it' "$before"
check 'dom0 works in parallel' /root/smp-load 2 20
check 'a vcpu of dom0 goes off line' bash -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check 'and comes back' bash -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
check_same 'both are there' 0-1 "$(cat /sys/devices/system/cpu/online)"
JOB
for path in "$BUILD"/tests/kernels/dom0-*; do
    release=$(<"$path/release")
    echo "# dom0: Linux $release"
    node --kernel "$path/vmlinux" --cpio "$path/modules.cpio" --add "$BUILD/tests/kernels/add" --mem 2048 "$scratch/job"
    check_same "Linux $release as dom0: boots, runs the job, powers off" 0 $?
    grep -aE '^(ok|not ok|skip|#) ' "$scratch/out"
    check_same 'it is the kernel that was meant' "$release" "$(sed -n 's/^release=//p' "$scratch/out")"
    check_same 'no complaint on the console' 0 "$(grep -acE 'BUG|WARNING:|stalls?\b|Oops|lockup|panic|Call Trace' "$scratch/console")"
done
