# SPDX-License-Identifier: MIT
# Sixteen VPSes created at the same time, by as many vmctl; all run at once and get on, all are destroyed at the
# same time; twice. Nothing is left of any. (A hundred at once: tests/bench/many.)
# checks: 8
. /root/lib.sh

# answers DOMID WORD: prints the load guest's count of operations; fails where it does not answer
answers() {
    local i answer
    xenstore-write "/local/domain/$1/control/load" "tell-$2"
    for ((i = 0; i < 100; i++)); do
        answer=$(xenstore-read "/local/domain/$1/data/load" 2>/dev/null)
        [[ $answer != "tell-$2 "* ]] || { cut -d' ' -f3 <<<"$answer"; return 0; }
        sleep 0.2
    done
    return 1
}

# all COMMAND...: how many of the names do it, all at the same time; @ stands for the name
all() {
    local name pids=() pid count=0
    for name in "${names[@]}"; do
        "${@//@/$name}" >>/root/said 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" && count=$((count + 1)); done
    echo "$count"
}

# get_on: how many of the names did something between two looks
get_on() {
    local id count=0 second
    local -A first
    for id in $(vmctl list --json | jq '.[] | select(.name | startswith("at")) | .id'); do
        first[$id]=$(answers "$id" 1)
    done
    for id in "${!first[@]}"; do
        second=$(answers "$id" 2) && ((second > first[$id])) && count=$((count + 1))
    done
    echo "$count"
}

warm_up
names=(at{1..16})
for name in "${names[@]}"; do vps "$name" memory=48 vcpus=2 kernel=/root/load.elf initrd= cmdline='load=wake period=50000 work=200' >/dev/null; done
before=$(account)
for round in first second; do
    check_same "$round time: 16 are created at once" 16 "$(all vmctl create /root/@.xml)"
    check_same "$round time: all of them get on" 16 "$(get_on)"
    check_same "$round time: all are destroyed at once" 16 "$(all vmctl destroy @)"
    nothing_left "$round time: nothing is left" "$before"
done
