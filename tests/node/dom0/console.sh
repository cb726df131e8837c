# SPDX-License-Identifier: MIT
# The console: attach, type, leave by Ctrl-]; what was said with nobody attached is kept; a VPS that floods
# its console harms neither its neighbour nor dom0's disk.
. /root/lib.sh

check 'create' vmctl create "$(vps talk)"
check_console 'its shell is there' talk 'VPS ready'

# type SECONDS... a line each, with time for the answer; then Ctrl-]
attach() { # LINE...: prints what the console showed
    {
        sleep 1
        for line; do
            printf '%s\n' "$line"
            sleep 2
        done
        printf '\035'
        sleep 30
    } | timeout 60 vmctl console talk 2>&1
}
output=$(attach 'echo mark-$((6 * 7))')
status=$?
check_same 'Ctrl-] leaves the console with status 0' 0 "$status"
check_says 'what is typed is run, and its answer seen' 'mark-42' echo "$output"
check_console 'the answer is in the log too' talk 'mark-42'
output=$(attach 'echo again-$((6 * 8))')
check_says 'attaching a second time works' 'again-48' echo "$output"

# on a terminal of its own, as people have it
output=$({
    sleep 2
    printf 'echo tty-$((6 * 9))\n'
    sleep 2
    printf '\035'
    sleep 20
} | timeout 60 script -qec 'vmctl console talk' /dev/null 2>&1)
check_says 'it works from a terminal' 'tty-54' echo "$output"

# nobody is attached: the log takes it
later=$(initrd_with_job later <<'JOB'
(sleep 3; echo said-to-nobody >/dev/hvc0) &
JOB
)
check 'create another' vmctl create "$(vps quiet initrd="$later")"
check_console 'what is said to nobody is kept' quiet 'said-to-nobody'

check 'create a VPS that floods its console' vmctl create "$(vps flood cmdline=vps.do=flood)"
check_console 'it floods' flood 'flood flood' 1000
output=$(attach 'echo still-$((6 * 6))')
check_says 'its neighbour still answers' 'still-36' echo "$output"
check 'vmctl still answers' timeout 30 vmctl list
before=$(du -sk $logs | cut -f1)
sleep 5
grown=$(($(du -sk $logs | cut -f1) - before))
if ((grown < 65536)); then ok 'the log grows slowly'; else not_ok 'the log grows slowly' <<<"$grown KiB in 5 s"; fi
check 'destroy the one that floods' timeout 60 vmctl destroy flood
# a VPS that ends, with its console attached
timeout 120 vmctl console talk >/root/ended.out 2>&1 < <(sleep 120) &
attached=$!
sleep 1
check 'destroy the one whose console is attached' vmctl destroy talk
if within 200 bash -c "! kill -0 $attached"; then ok 'its console leaves by itself'; else not_ok 'its console leaves by itself' </root/ended.out; fi
kill $attached 2>/dev/null
vmctl destroy quiet
check 'no VPS is left' within 100 gone quiet
