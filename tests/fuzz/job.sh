# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # SEED and FUZZ_SECONDS: tests/fuzz/run sets them on a line before this
# Runs in dom0: two fuzz guests at a time, each with the next seed, for FUZZ_SECONDS, beside two canaries; then what must
# hold: the canaries' memory is as it was, they and dom0 went on, no call hung, nothing was let do what it may not, and nothing
# is left of the guests. Last come the ends that the guests' calls came to, on lines that begin with "end".
. /root/lib.sh
next=$SEED done=0 hung='' violated=''
declare -A seed id frames operations since born
: >/root/ends
: >/root/reasons
: >/root/totals

start() { # NAME: a fuzz guest with the next seed
    local name=$1
    seed[$name]=$next
    next=$((next + 1))
    vmctl create "$(vps "$name" memory=16 vcpus=4 kernel=/root/fuzz.elf initrd= on_crash=preserve \
        cmdline="seed=${seed[$name]} others=$canary_id.$((last_id + 2)).$last_id frames=$canary_frames")" >/dev/null || return 1
    id[$name]=$(vmctl info "$name" --json 2>/dev/null | jq .id)
    last_id=${id[$name]}
    frames[$name]='' operations[$name]=0 since[$name]=$SECONDS born[$name]=$SECONDS
}

peek() { # WHAT NAME
    local name=$2
    [[ -n ${frames[$name]} ]] ||
        frames[$name]=$(tr -d '\r' 2>/dev/null <"$logs/$name.log" | sed -n "s/.*seed ${seed[$name]}, .*record at//p" | tail -1)
    # shellcheck disable=SC2086 # frames are words
    /root/fuzz-peek "$1" "${id[$name]}" ${frames[$name]} 2>/dev/null
}

finish() { # NAME REASON: takes its record, and it away
    local name=$1
    peek ends "$name" >>/root/ends
    peek state "$name" >"/root/state.$name"
    head -1 "/root/state.$name" >>/root/totals
    echo "${2:-running}" | sed -E 's/[0-9a-f]{6,}/X/g; s/vcpu [0-9]/vcpu/; s/ [0-9]+/ N/g' >>/root/reasons
    if grep -q ^violation "/root/state.$name"; then
        violated+="seed ${seed[$name]}: $(grep ^violation "/root/state.$name")"$'\n'
    fi
    vmctl destroy "$name" >/dev/null 2>&1
    rm -f "$logs/$name.log"
    done=$((done + operations[$name]))
}

cpu_of() { # NAME: seconds of each vCPU
    vmctl info "$1" | sed -n '/^VCPU/,$p' | awk 'NR > 1 { print $1, $4 }'
}

# A guest that stands still is its own affair, unless a vCPU spends its time within one call and takes no event either (one that
# never clears its pending events has its calls interrupted for ever).
look_for_hang() { # NAME
    local name=$1 before after
    before=$(peek state "$name" | grep -n 'in call' | grep -v 'call 29 ') && [[ -n $before ]] || return 0
    cpu_of "$name" >/root/cpu.before
    sleep 6
    after=$(peek state "$name" | grep -n 'in call' | grep -v 'call 29 ')
    cpu_of "$name" >/root/cpu.after
    while read -r line; do
        vcpu=${line#*vcpu } vcpu=${vcpu%%:*}
        grep -qxF -- "$line" <<<"$after" || continue
        paste /root/cpu.before /root/cpu.after | awk -v v="$vcpu" '$1 == v && $4 - $2 >= 4 { found = 1 } END { exit !found }' &&
            hung+="seed ${seed[$name]}: $line"$'\n'
    done <<<"$before"
}

tick() { # NAME
    local name=$1 line state now
    line=$(grep "^$name " <<<"$list")
    if [[ ! $line =~ ' running'|' blocked'|' ready' ]]; then
        finish "$name" "$(awk '{ $1 = $2 = $3 = $4 = $5 = ""; print }' <<<"$line")"
        start "$name"
        return
    fi
    state=$(peek state "$name" | head -1)
    now=${state#*operations=} now=${now%% *}
    if [[ $now != "${operations[$name]}" ]]; then
        operations[$name]=$now since[$name]=$SECONDS
    elif ((SECONDS - since[$name] > 4)); then
        look_for_hang "$name"
        finish "$name" 'stands still'
        start "$name"
        return
    fi
    ((SECONDS - born[$name] <= LIFE)) || { finish "$name" 'lives on'; start "$name"; }
}

looks() { # CANARY: how many looks, and how many wrong in the last
    tr -d '\r' <"$logs/$1.log" | sed -n 's/^canary: look \([0-9]*\), .*, \([0-9]*\) wrong.*/\1 \2/p' | tail -1
}

# ---- before ----
warm_up
for canary in canary1 canary2; do
    vmctl create "$(vps $canary memory=20 kernel=/root/canary.elf initrd= cmdline=friend=0)" >/dev/null
    check_console "$canary looks after its memory" $canary '^canary: look 1,'
    canary_id=$(vmctl info $canary --json | jq .id)
    canary_frames=$(tr -d '\r' <$logs/$canary.log | sed -n 's/^canary: frames //p')
done
# one comes and goes, so that what is taken once and for ever is no loss
last_id=$canary_id
start f0
sleep 1
vmctl destroy f0
before="$(account) $(/root/fuzz-peek ports)"
looks_before=("$(looks canary1)" "$(looks canary2)")

# ---- the fuzzing ----
end=$((SECONDS + FUZZ_SECONDS)) LIFE=${LIFE:-12} next=$SEED
start f0 && start f1
# On a slow machine as long as it takes to have done something, within reason.
while ((SECONDS < end || (FUZZ_SECONDS >= 60 && done < 15000 && SECONDS < end + 3 * FUZZ_SECONDS))); do
    sleep 0.7
    list=$(vmctl list)
    for name in f0 f1; do tick $name; done
done
for name in f0 f1; do finish $name 'lives on'; done

# ---- after ----
account() { echo "$(/root/hv-count | cut -d" " -f1,2) store_nodes=$(xenstore-ls -f / | wc -l) loops=$(losetup -a | wc -l)" \
    "cards=$(find /sys/class/net/ -name 'vif*' | wc -l) vbds=$(find /sys/bus/xen-backend/devices/ -name 'v*' 2>/dev/null | wc -l)" \
    "$(/root/fuzz-peek ports)"; }
echo over
sleep 3 # for run, which looks at the hypervisor's memory now
nothing_left 'nothing is left of them: pages, domains, nodes, event channels' "$before"
for i in 1 2; do
    read -r was _ <<<"${looks_before[i - 1]}"
    check "canary$i goes on looking" within 200 bash -c "grep -acq '^canary: look $((was + 5)),' $logs/canary$i.log"
    read -r _ wrong < <(looks canary$i)
    check_same "canary$i's memory, tables, grants and ports are as they were" 0 "$wrong"
    [[ $wrong == 0 ]] || grep -a WRONG "$logs/canary$i.log" | sed 's/^/# /'
    vmctl destroy canary$i
done
check_same 'no call hung' '' "$hung"
check_same 'what is the control domain'"'"'s was refused' '' "$violated"
check 'dom0 makes a VPS as before' vmctl create "$(vps last)"
check_console 'and it comes up' last 'VPS up'
vmctl destroy last

awk '{ for (i = 1; i <= NF; i++) { split($i, p, "="); t[p[1]] += p[2] } } END { print "# " NR " guests, " t["operations"] " operations, " \
    t["calls"] " calls, " int(100 * t["good"] / (t["calls"] + 1)) "% good, " t["traps"] " traps, " t["upcalls"] " upcalls" }' /root/totals
sort /root/reasons | uniq -c | sort -rn | sed 's/^/# ended: /'
awk '{ n[$1 " " $2 " " $3] += $4 } END { for (k in n) print "end " k " " n[k] }' /root/ends | sort
