# SPDX-License-Identifier: MIT
# VPSes with several vcpus on a node of two CPUs: all come up, work in parallel, go off line and come back under load;
# eight vcpus that fight for the kernel's spinlocks get on as two do (PV spinlocks), however slowly the machine is.
# node: --hv-args dom0_max_vcpus=2
. /root/lib.sh

four=$(initrd_with_job four /root/smp-load <<'JOB'
say() { printf '\n%s\n' "$*" >/dev/hvc0; }
say "online=$(cat /sys/devices/system/cpu/online)"
/smp-load 4 100 >/dev/hvc0 && say load=done
(while :; do /smp-load 4 20 >/dev/null || say load=wrong; done) &
loop=$!
for i in 1 2 3 4 5 6 7 8; do
    cpu=/sys/devices/system/cpu/cpu$((i % 3 + 1))/online
    echo 0 >$cpu && [ "$(cat $cpu)" = 0 ] && echo 1 >$cpu && [ "$(cat $cpu)" = 1 ] || say "hotplug=wrong $i"
done
say hotplug=done
for cpu in 1 2 3; do echo 0 >/sys/devices/system/cpu/cpu$cpu/online; done
say "alone=$(cat /sys/devices/system/cpu/online)"
for cpu in 3 1 2; do echo 1 >/sys/devices/system/cpu/cpu$cpu/online; done
say "again=$(cat /sys/devices/system/cpu/online)"
kill $loop
/smp-load 4 40 >/dev/hvc0 && say after=done
for cpu in 0 1 2 3; do taskset $((1 << cpu)) true && say "ran=$cpu"; done
JOB
)
# fight THREADS ROUNDS: as much work in all, whatever the number of threads
fight() {
    initrd_with_job "fight$1" /root/smp-load <<JOB
printf '\nonline=%s\n' "\$(cat /sys/devices/system/cpu/online)" >/dev/hvc0
/smp-load $1 $2 >/dev/hvc0 && printf '\nfight=done\n' >/dev/hvc0
JOB
}
# rate NAME: rounds a second, as its load said
rate() { sed -n 's/.*smp-load: .* threads, \([0-9]*\) rounds a second.*/\1/p' "$logs/$1.log" | head -1; }

warm_up
before=$(account)
check 'a VPS with four vcpus on two CPUs' vmctl create "$(vps four vcpus=4 initrd="$four")"
check_console 'all four are on line' four '^online=0-3\s*$'
check_console 'they work in parallel, and no page or count is wrong' four '^load=done' 1 1200
check_console 'each goes off line and comes back, under load, eight times' four '^hotplug=done' 1 1200
check_console 'one is left alone' four '^alone=0\s*$'
check_console 'the others come back' four '^again=0-3\s*$'
check_console 'and work as before' four '^after=done' 1 1200
for cpu in 0 1 2 3; do check_console "a process runs on CPU $cpu" four "^ran=$cpu"; done
check_same 'nothing went wrong meanwhile' 0 "$(grep -acE 'wrong|BUG|stall|Oops|lockup|WARNING' $logs/four.log)"
check 'destroy it' vmctl destroy four

check 'two vcpus fight for locks' vmctl create "$(vps two vcpus=2 initrd="$(fight 2 320)")"
check_console 'they get through' two '^fight=done' 1 1800
check 'destroy it' vmctl destroy two
check 'eight vcpus fight for the same locks' vmctl create "$(vps eight vcpus=8 initrd="$(fight 8 80)")"
check_console 'all eight are on line' eight '^online=0-7\s*$'
check_console 'they get through' eight '^fight=done' 1 3000
echo "# rounds a second: $(rate two) with two vcpus, $(rate eight) with eight on two CPUs"
check 'eight do no less than a tenth of what two do' test "$(($(rate eight) * 10))" -ge "$(rate two)"
check 'destroy it' vmctl destroy eight
check_same 'dom0 has as many vcpus as there are CPUs' 2 "$(nproc)"
check 'dom0 itself works in parallel' /root/smp-load 4 40
check 'dom0 takes a vcpu off line' bash -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check 'and works on one' /root/smp-load 4 20
check 'and back' bash -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
check 'and works on both' /root/smp-load 4 40
nothing_left 'nothing is left of any' "$before"
