# SPDX-License-Identifier: MIT
# Debian's xl saves a VPS with disk, card and two vcpus, and restores it: the same kernel goes on, with its registers, its disk,
# its card and the right time; twice in a row. A checkpoint goes on, a save that fails leaves it going on, an image that was
# cut short or altered is refused or ends itself alone. The VPS beats on its console: a count, what it read back from its
# disk, whether its neighbour answers, its clocks, and whether reading them takes a system call (the TSC is said to be stable).
# node: --hv-args tsc=stable
. /root/xl.sh

beats() { grep -ac '^beat' $logs/guest-one.log; }
last_beat() { grep -a '^beat' $logs/guest-one.log | tail -1 | tr -d '\r'; }
beats_on() { # three more, with disk and card in order
    local from=$(($(beats) + 3))
    # shellcheck disable=SC2016 # the inner shell's
    within 400 bash -c "while ((\$(grep -ac '^beat' $logs/guest-one.log) < $from)); do sleep 0.3; done" || return 1
    [[ $(last_beat) == *'disk ok net ok'* ]]
}
field() { last_beat | cut -d' ' -f"$1"; }
up_once() { [[ $(grep -ac 'VPS up: Linux' $logs/guest-one.log) == 1 ]]; }
# a time of day that is dom0's, by some minutes (how slow the host is says nothing), and an uptime that is one
clocks_right() { local off=$(($(field 8) - $(date +%s))) && ((off > -600 && off < 600 && $(field 9) < 10000)); }
no_complaint() { ! grep -aE 'BUG|WARNING:|Oops|Call Trace|failed to' $logs/guest-one.log; }

beat=$(initrd_with_job beat /root/vdso-clock <<'JOB'
(while /fpu-hold 20; do sleep 0.2; done; echo 'registers LOST' >/dev/hvc0) &
(i=0; while :; do
    i=$((i + 1)) disk=BAD net=BAD
    head -c 65536 /dev/urandom >/tmp.$i; cp /tmp.$i /mnt/f; sync; echo 3 >/proc/sys/vm/drop_caches
    cmp -s /tmp.$i /mnt/f && disk=ok; rm /tmp.$i
    ping -c1 -w3 10.0.9.1 >/dev/null 2>&1 && net=ok
    echo "beat $i disk $disk net $net at $(date +%s) $(cut -d. -f1 /proc/uptime) $(nproc) $(/vdso-clock)" >/dev/hvc0
    sleep 0.3
done) &
JOB
)
cp $samples/root.img /root/one.img
cfg=$(xl_vps one initrd="$beat" vcpus=2 'disk = ["file:/root/one.img,xvda,w"]' 'vif = ["bridge=xenbr0,mac=00:16:3e:00:00:01"]')
xl create -qp "$cfg" && xl destroy one # what is taken once and kept is not taken for a loss
within 100 gone one
before=$(account)
image=/dev/shm/one.save

check 'xl create' xl create -q "$cfg"
check 'it beats' beats_on
check 'its clocks are right' clocks_right
for round in 1 2; do
    count=$(field 2)
    check "xl save, $round" xl save one $image
    check 'it is gone' within 100 gone one
    nothing_left 'and nothing is left of it' "$before"
    check "xl restore, $round" xl restore $image
    check 'it beats on, with disk and card' beats_on
    check 'from where it was' [ "$(field 2)" -gt "$count" ]
    check_same 'with both vcpus' 2 "$(field 10)"
    check_same 'and its vDSO reads the time' vdso "$(field 11)"
    check 'its clocks are right' clocks_right
done
check 'it is the same kernel all along' up_once

rm $image
check 'xl save -c' xl save -c one $image
check 'it goes on beside its image' beats_on
rm $image
mkdir -p /full
mount -t tmpfs -o size=20m full /full
refuse 'a save that finds no room fails' 1 'No space left' xl save one /full/image
umount /full
check 'and it goes on' beats_on
check 'xl save -p' xl save -p one $image
check_same 'leaves it paused' --p--- "$(domain one 5)"
check 'xl unpause' xl unpause one
check 'and it goes on' beats_on
check 'it never complained' no_complaint
check_same 'and its FPU registers are its own' 0 "$(grep -ac 'registers LOST' $logs/guest-one.log)"
xl destroy one
check 'xl destroy' within 100 gone one

# images that are not what was saved
size=$(stat -c %s $image)
for cut in 300 100000 $((size / 2)) $((size - 3000)) $((size - 20)); do
    head -c $cut $image >/dev/shm/cut
    refuse "cut short after $cut bytes: refused" 1 'truncated|failed' xl restore /dev/shm/cut
    within 100 gone one
done
nothing_left 'nothing is left of those' "$before"
rm /dev/shm/cut
for back in 9000 7000 5000 3000 1500; do # the last records: vcpus' contexts, entry points, FPU
    head -c 64 /dev/zero | tr '\0' '\377' | dd of=$image bs=1 seek=$((size - back)) conv=notrunc status=none
    xl restore $image >/dev/shm/words 2>&1
    status=$?
    xl destroy one 2>/dev/null
    check "altered $back bytes before its end (status $status): gone" within 100 gone one
done
nothing_left 'nothing is left of those' "$before"
check 'xl info still answers' xl info
