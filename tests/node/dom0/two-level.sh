# SPDX-License-Identifier: MIT
# A dom0 that takes its events by two levels, as old kernels do: its backends serve a VPS that takes them by queues.
# node: --kernel-args xen.fifo_events=0
. /root/lib.sh

warm_up
before=$(account)
job=$(initrd_with_job old <<'JOB'
dmesg | grep -E 'xen:events'
echo "sum $(sha256sum /dev/xvda | cut -d' ' -f1)"
ping -c 3 -W 5 10.0.9.1 >/dev/null && echo ping-done
echo old-done
JOB
)
head -c 8M /dev/urandom >/root/old.img
check_says "dom0's events: two levels" 'Using 2-level ABI' dmesg
check 'create' vmctl create "$(vps old initrd="$job" disk=/root/old.img,ro nic=xenbr0 cmdline='loglevel=7 vps.ip=10.0.9.5/24')"
check_console 'it is through' old 'old-done' 1 900
log=$(tr -d '\r' <$logs/old.log)
check_says "its events: FIFO" 'Using FIFO-based ABI' echo "$log"
check_says 'what it read is right' "sum $(sha256sum </root/old.img | cut -d' ' -f1)" echo "$log"
check_says 'the card works' ping-done echo "$log"
check 'destroy' vmctl destroy old
nothing_left 'nothing is left' "$before"
