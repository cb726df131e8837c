# SPDX-License-Identifier: MIT
# VPSes that are carried between Xen and Mews, as they run: what Debian's xl saved on the one, it restores on the other. Three
# nodes, one after the other, share a disk with the streams and the VPSes' disks: Mews makes `here` and saves it; Xen restores it
# and sends it back, and makes `there`; Mews restores both. On every node a VPS that came goes on from where it was, with
# what it has in memory and files, registers, disk, card and the right time, and is saved once more.
# Beside it, on both, what xl has no verb for: a kernel that is told that its suspension was none (resume-slow.c).
. "$(dirname "$0")/../../node/host-lib.sh"
peers=$BUILD/tests/peers
xen=$("$top/tests/libxen/fetch" --hypervisor 2>"$scratch/fetch.log") || {
    skip "carrying to and from Xen: $(cat "$scratch/fetch.log")"
    exit
}

cp -r "$peers/add" "$scratch/add"
cp "$peers/resume-slow" "$BUILD/tests/guest/vps-hello.elf" "$scratch/add/root/"
cat >"$scratch/add/root/carry.sh" <<'LIB'
. /root/xl.sh
last_beat() { grep -a '^beat' "$logs/guest-$1.log" | tail -1 | tr -d '\r'; }
field() { last_beat "$1" | cut -d' ' -f"$2"; }
beats_on() { # NAME: three more, with all in order
    local from
    from=$(($(grep -ac '^beat' "$logs/guest-$1.log") + 3))
    console_beats() { (($(grep -ac '^beat' "$logs/guest-$1.log") >= from)); }
    within 600 console_beats "$1" || return 1
    [[ $(last_beat "$1") == *'disk ok net ok clock ok'* ]]
}
# a time of day that is dom0's, by some minutes (how slow the host is says nothing)
time_right() { local off=$(($(field "$1" 10) - $(date +%s))) && ((off > -600 && off < 600)); }
no_complaint() { ! grep -aE 'BUG|WARNING:|Oops|Call Trace|failed to|LOST' "$logs/guest-$1.log"; }
shown() { # NAME: whether the kernel is shown AES instructions
    local c
    c=$(xen-cpuid 2>/dev/null "-p$(xl domid "$1")" | awk '$1 == "00000001:ffffffff" { split($3, r, ":"); c = r[3] } END { print c }')
    if ((16#${c:-0} >> 25 & 1)); then echo aes; else echo no aes; fi
}
born() { # NAME ADDRESS [KEY=VALUE...]
    local name=$1 address=$2
    shift 2
    cp "$samples/root.img" "/carry/$name.img"
    check "$name: xl create" xl create -q "$(xl_vps "$name" initrd="$beat" memory=96 args="vps.ip=$address" "$@" \
        "disk = [\"file:/carry/$name.img,xvda,w\"]" 'vif = ["bridge=xenbr0"]')"
    check "$name beats" beats_on "$name"
}
put() { # NAME: what was true of it goes along with the stream
    echo "count=$(field "$1" 2) token=$(field "$1" 11) vcpus=$(field "$1" 12) shown='$(shown "$1")'" >"/carry/$1.was"
    check "$1: xl save" xl save "$1" "/carry/$1.save"
    check "$1 is gone" within 100 gone "$1"
}
got() { # NAME: restored from where the other one put it
    local count token vcpus shown
    . "/carry/$1.was"
    rm -f "$logs/guest-$1.log"
    check "$1: xl restore" xl restore "/carry/$1.save" || xl dmesg | tail -20
    check "$1 beats on, with disk and card, and a clock that does not go back" beats_on "$1"
    check "$1 counts on" [ "$(field "$1" 2)" -gt "$count" ]
    check_same "$1 has what it had: a word in a file, its vcpus, what its kernel is shown of the CPU" \
        "$token $vcpus $shown" "$(field "$1" 11) $(field "$1" 12) $(shown "$1")"
    check "$1 has the right time" time_right "$1"
    check "$1 has not booted, nor complains" eval "no_complaint $1 && ! grep -aq 'VPS up' $logs/guest-$1.log"
}
resumed_slowly() {
    check 'a kernel without the note that it can cancel' xl create -q \
        "$(xl_vps plain kernel=/root/vps-hello.elf initrd= memory=16)"
    check_console 'is up' guest-plain '^vps-hello: ready'
    check 'it suspends, and goes on as if it came from an image' /root/resume-slow "$(xl domid plain)"
    check_console 'which it is told' guest-plain 'goes on: 0, its rings put back'
    check 'once more' /root/resume-slow "$(xl domid plain)"
    check_console 'it is told' guest-plain 'goes on: 0, its rings put back' 2
    check 'its store and console work' xl shutdown plain
    check_console 'it ends' guest-plain 'vps-hello: powering off'
    xl destroy plain # by hand: the xl that waited for its end went when it suspended
    check 'and is gone' within 100 gone plain
}

beat=$(initrd_with_job beat <<'JOB'
head -c 12 /dev/urandom | sha256sum | cut -c1-12 >/word
(while /fpu-hold 20; do sleep 0.2; done; echo 'registers LOST' >/dev/hvc0) &
(i=0 clock=ok before=0; while :; do
    i=$((i + 1)) disk=BAD net=BAD
    head -c 65536 /dev/urandom >/tmp.$i; cp /tmp.$i /mnt/f; sync; echo 3 >/proc/sys/vm/drop_caches
    cmp -s /tmp.$i /mnt/f && disk=ok; rm /tmp.$i
    ping -c1 -w3 10.0.9.1 >/dev/null 2>&1 && net=ok
    now=$(sed 's/\.\([0-9]*\) .*/\1/' /proc/uptime)
    [ $now -lt $before ] && clock=BACK
    before=$now
    echo "beat $i disk $disk net $net clock $clock at $(date +%s) $(cat /word) $(nproc)" >/dev/hvc0
    sleep 0.3
done) &
JOB
)
mkdir /carry
mount /dev/vda /carry || exit
LIB

truncate -s 700M "$scratch/disk"
/sbin/mkfs.ext4 -qF "$scratch/disk"
carry() { # NODE HYPERVISOR OPTIONS <<JOB: its checks become ours
    { echo '. /root/carry.sh' && cat && echo 'sync; umount -l /carry'; } >"$scratch/job"
    node --hv "$2" --hv-args "dom0_max_vcpus=1 $3" --add "$scratch/add" --cpio "$peers/xen.cpio" --disk "$scratch/disk" \
        "$scratch/job" || not_ok "$1: the job ended with status $?" <"$scratch/console"
    sed -E "s/^(ok|not ok) /&$1: /" "$scratch/out"
}

carry Mews "$HV" tsc=stable <<'JOB'
born here 10.0.9.2/24 vcpus=2 tsc=default 'cpuid = "host,aesni=0"'
put here
JOB
# QEMU's XRSTOR does not look at CR0.TS (docs/qemu-bugs.md): the FPU state of vcpus is lost on it where it is switched late
carry Xen "$xen" spec-ctrl=eager-fpu <<'JOB'
got here
put here
born there 10.0.9.3/24 vcpus=2
put there
resumed_slowly
JOB
carry 'Mews again' "$HV" tsc=stable <<'JOB'
got there
put there
before=$(account) # what is taken once and kept is not taken for a loss
got there
got here
xl destroy here
xl destroy there
within 100 gone here
within 100 gone there
resumed_slowly
nothing_left 'nothing is left' "$before"
JOB
