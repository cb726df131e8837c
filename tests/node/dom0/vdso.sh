# SPDX-License-Identifier: MIT
# Where the TSCs are one clock (somebody who knows says so: QEMU's emulated CPU does not), reading the time takes no system
# call, in dom0 and in a VPS of two vcpus: the hypervisor keeps a second copy of the time for their vDSO. Where they are not
# known to be, it does: tests/guest/time looks at that.
# node: --hv-args tsc=stable
. /root/lib.sh

job=$(initrd_with_job clock /root/vdso-clock <<'JOB'
echo "clock: $(/vdso-clock) by $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
JOB
)
warm_up
before=$(account)
check 'a VPS' vmctl create "$(vps one initrd="$job" vcpus=2)"
check_console 'reads the time by its vDSO, from the hypervisor, and it never goes back' one 'clock: vdso by xen'
check_says 'so does dom0' '^vdso$' /root/vdso-clock
check 'its end' vmctl destroy one
within 100 gone one
nothing_left 'nothing is left of it' "$before"
