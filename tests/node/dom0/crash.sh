# SPDX-License-Identifier: MIT
# A VPS that crashes does so alone: its neighbour runs on, its reason is shown, and on_crash is done.
. /root/lib.sh

warm_up
before=$(account)
tick=$(initrd_with_job tick <<'JOB'
(i=0; while :; do i=$((i + 1)); echo "tick $i" >/dev/hvc0; sleep 0.5; done) &
JOB
)
check 'create the neighbour' vmctl create "$(vps calm initrd="$tick")"
check_console 'it is up' calm '^tick 2'

check 'create one that crashes, on_crash=preserve' vmctl create "$(vps crash1 cmdline=vps.do=crash on_crash=preserve)"
check_console 'it is up' crash1 'VPS up'
check_console 'it crashes' crash1 'sysrq|panic'
check 'list says so' within 200 bash -c "vmctl list | grep crash1 | grep -qi crash"
check_says 'the neighbour still runs' '^calm .*(running|blocked)' vmctl list
ticks=$(grep -ac '^tick' $logs/calm.log)
check_console 'and ticks on' calm '^tick' $((ticks + 3))
check 'destroy the crashed one' vmctl destroy crash1
check 'it is gone' within 100 gone crash1

check 'create one that crashes, on_crash=destroy' vmctl create "$(vps crash2 cmdline=vps.do=crash)"
check_console 'it is up' crash2 'VPS up'
check 'it is destroyed' within 300 gone crash2

check 'create one that crashes, on_crash=restart' vmctl create "$(vps crash3 cmdline=vps.do=crash on_crash=restart)"
check_console 'it is restarted, again and again' crash3 'VPS up' 3
check 'until it is destroyed' within 300 vmctl destroy crash3
check 'for good' within 100 gone crash3

# a kernel that cannot take its first trap
check 'create a kernel that dies at once' vmctl create "$(vps trap kernel=/root/kernels/unhandled-trap initrd= on_crash=preserve)"
check 'it is crashed alone' within 200 bash -c "vmctl list | grep '^trap ' | grep -qi crashed"
check_says 'with its reason in list' '^trap .*crashed: .*[a-z]{4,}' vmctl list
check 'destroy it' vmctl destroy trap

# registers stay whose they are, between processes and between VPSes, while all of them compute
hold=$(initrd_with_job hold <<'JOB'
/fpu-hold 300 && echo registers-kept
JOB
)
check 'create one that computes' vmctl create "$(vps hold initrd="$hold")"
check 'SSE registers of dom0 processes are kept' /root/fpu-hold 300
check_console 'and those of a VPS, too' hold 'registers-kept'
check 'destroy it' vmctl destroy hold

ticks=$(grep -ac '^tick' $logs/calm.log)
check_console 'the neighbour ticks on' calm '^tick' $((ticks + 3))
check_same 'the neighbour never rebooted' 1 "$(grep -ac 'VPS up' $logs/calm.log)"
check 'destroy it' vmctl destroy calm
nothing_left 'nothing is left of any' "$before"
