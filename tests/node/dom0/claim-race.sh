# SPDX-License-Identifier: MIT
# node: --mem 1792 --dom0-mem 768
# Several creates at once for memory that is not enough for all: those that fit are made, the others fail at
# once with a plain message and leave nothing; and what is claimed for one is not free for another to grow by.
. /root/lib.sh

warm_up
before=$(account)
free=$(/root/hv-count | sed 's/.*free_pages=\([0-9]*\).*/\1/')
free_mib=$((free / 256))

# race COUNT MIB: creates that many at once; $made and $refused are how many did and did not, and who
race() {
    local i pids=()
    for ((i = 1; i <= $1; i++)); do
        rm -f "$logs/race$i.log"
        vmctl create "$(vps "race$i" memory="$2" kernel=/root/kernels/vps-balloon.elf initrd= cmdline=nofill)" \
            >"/root/race$i.out" 2>"/root/race$i.err" &
        pids[i]=$!
    done
    made='' refused='' odd=''
    for ((i = 1; i <= $1; i++)); do
        wait "${pids[i]}"
        case $? in
        0) made+="race$i " ;;
        1) refused+="race$i " ;;
        *) odd+="race$i " ;;
        esac
    done
}

# all_said PATTERN NAME...: each one's message is one line like it
all_said() {
    local name pattern=$1
    shift
    for name; do
        [[ $(wc -l <"/root/$name.err") == 1 ]] && grep -qE "$pattern" "/root/$name.err" || {
            echo "$name said: $(<"/root/$name.err")"
            return 1
        }
    done
}

# rounds COUNT MIB WINNERS TIMES
rounds() {
    local round name listed=0 claimed
    for ((round = 1; round <= $4; round++)); do
        race "$1" "$2"
        check_same "$1 at once, $2 MiB each, round $round: $3 of them are made" "$3" "$(wc -w <<<"$made")"
        check_same 'the others are refused' "$(($1 - $3))" "$(wc -w <<<"$refused")"
        [[ -z $odd ]] || not_ok 'each ends with status 0 or 1' <<<"$odd"
        # shellcheck disable=SC2086 # words
        check 'with a plain message' all_said 'not enough memory: it wants [0-9]+ MiB, [0-9]+ MiB are free' $refused
        listed=$(vmctl list | grep -c '^race')
        check_same 'there are only those that were made' "$3" "$listed"
        for name in $made; do
            check_console 'one that was made is up' "$name" 'vps-balloon: ready'
            vmctl destroy "$name"
        done
        claimed=$(vmctl info --node --json 2>/dev/null | jq .memory_claimed_kib)
        check_same 'nothing stays claimed' 0 "$claimed"
        nothing_left 'nothing is left of any' "$before"
    done
}

rounds 2 $((free_mib * 6 / 10)) 1 5
rounds 4 $((free_mib * 4 / 10)) 2 3

# one that is made, against one that grows
big=$((free_mib * 6 / 10))
for round in 1 2 3 4; do
    rm -f $logs/small.log
    vmctl create "$(vps small memory=$((big + 64)) kernel=/root/kernels/vps-balloon.elf initrd= cmdline=nofill \
        extra="<currentMemory unit='MiB'>32</currentMemory>")" >/dev/null
    check_console 'a small one is up' small 'vps-balloon: ready'
    vmctl set small --memory $((big + 32))M >/root/small.out 2>/root/small.err &
    grower=$!
    vmctl create "$(vps race1 memory=$big kernel=/root/kernels/vps-balloon.elf initrd= cmdline=nofill)" \
        >/root/race1.out 2>/root/race1.err
    created=$?
    wait $grower
    grown=$?
    check_same "growing and creating at once, round $round: one of them wins" 1 $((created + grown))
    if ((created)); then loser=race1; else loser=small; fi
    check 'the other is refused with a plain message' all_said 'not enough memory' $loser
    ((created)) || vmctl destroy race1
    vmctl destroy small
    nothing_left 'nothing is left of either' "$before"
done
