# SPDX-License-Identifier: MIT
# A hundred VPSes, one after the other: each is created, runs, and is destroyed. What is there afterwards is
# what was there before: the hypervisor's free pages, the store's nodes, the daemons' open files.
# checks: 5
. /root/lib.sh
vpses=100

# open_files: what each of our daemons holds open
open_files() {
    local daemon
    for daemon in xenstored mews-consoled mews-domaind; do
        echo -n "$daemon=$(find "/proc/$(pidof -s "$daemon")/fd" -mindepth 1 | wc -l) "
    done
}

# runs NAME: has it said what it does?
runs() { console_has "$1" '^load: version on 1 vCPUs'; }

one_life() { # NUMBER
    local name=row$1 i
    vmctl create "$(vps "$name" memory=$((48 + $1 % 17)) kernel=/root/load.elf initrd= cmdline=load=version)" || return
    created=$((created + 1))
    for ((i = 0; i < 300; i++)); do
        runs "$name" && ran=$((ran + 1)) && break
        sleep 0.05
    done
    vmctl destroy "$name" && destroyed=$((destroyed + 1))
}

warm_up
created=0 ran=0 destroyed=0
one_life 0 >/dev/null
before=$(account)
files=$(open_files)
created=0 ran=0 destroyed=0
for ((n = 1; n <= vpses; n++)); do one_life "$n"; done >/root/said 2>&1
check_same "$vpses are created" "$vpses" "$created" || cat /root/said
check_same 'all of them run' "$vpses" "$ran"
check_same 'all of them are destroyed' "$vpses" "$destroyed"
nothing_left 'nothing is left of them' "$before"
check_same 'nor in the daemons' "$files" "$(open_files)"
