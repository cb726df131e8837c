# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the kernels rung's dom0 scripts share beside lib.sh: VPSes with kernels that are not the node's, in /root/others.
. /root/lib.sh
others=/root/others

# A VPS that works hard once: both CPUs, its disk, its card; then waits, and tells what its memory and CPUs are.
other_job() {
    cat <<'JOB'
say() { printf '\n%s\n' "$*" >/dev/hvc0; }
dmesg | grep -aE 'Booting paravirtual|Xen version|xen:events|Grant tables using|blkfront|Initialising Xen|xen_netfront|clocksource: Switched|Hypervisor detected' | sed 's/^/kernel: /'
say "release=$(uname -r)"
say "cpus=$(cat /sys/devices/system/cpu/online)"
say "clock=$(/vdso-clock) $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
/smp-load 2 40 >/dev/hvc0 && say load=done
head -c 4194304 /dev/urandom >/tmp/pattern
pattern=$(sha256sum </tmp/pattern | cut -d' ' -f1)
dd if=/tmp/pattern of=/dev/xvda bs=64k seek=32 conv=notrunc,fsync 2>/dev/null && say "wrote=$pattern"
echo 3 >/proc/sys/vm/drop_caches
[ "$(dd if=/dev/xvda bs=64k skip=32 count=64 2>/dev/null | sha256sum | cut -d' ' -f1)" = "$pattern" ] && say disk=right
say "read=$(sha256sum </dev/xvda | cut -d' ' -f1)"
ping -c 3 -W 5 10.0.9.1 >/dev/null && say ping=done
say "fetched=$(wget -q -O - http://10.0.9.1/file | sha256sum | cut -d' ' -f1)"
say through=all
(while :; do
    for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
        [ -e "$cpu" ] && [ "$(cat "$cpu")" = 0 ] && echo 1 >"$cpu"
    done
    read -r _ total _ </proc/meminfo
    now="now=$(cat /sys/devices/system/cpu/online) total=$total"
    [ "$now" = "$was" ] || say "$now"
    was=$now
    sleep 1
done) &
JOB
}

# other_initrd NAME: the sample's initramfs with the modules of kernel NAME and the job; prints its path
other_initrd() {
    local with
    with=$(other_job | initrd_with_job "$1" /root/smp-load /root/vdso-clock)
    gzip -1 <"$others/$1/modules.cpio" >>"$with"
    echo "$with"
}

# log NAME: what its console said
log_of() { tr -d '\r' <"$logs/$1.log"; }

# no_complaint NAME: its kernel says nothing that a kernel says when something is wrong
no_complaint() { ! log_of "$1" | grep -aE 'BUG|WARNING:|Oops|Call Trace|stalls?\b|lockup|unable to handle|CHECKSUMS WRONG'; }
