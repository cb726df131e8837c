# SPDX-License-Identifier: MIT
# node: --mem 2048 --dom0-mem 768
# The balancer: memory goes from a VPS that does not need it to one that is short, never below what was
# guaranteed, and only to VPSes that take part; lies gain little; and VPSes that end meanwhile leave nothing.
. /root/lib.sh

report=/usr/share/mews/guest/mews-report
debian() { # NAME MAX CURRENT MINIMUM INITRD: prints its XML's path
    vps "$1" memory="$2" initrd="$5" extra="<currentMemory unit='MiB'>$3</currentMemory>
  ${4:+<memtune><min_guarantee unit='MiB'>$4</min_guarantee></memtune>}"
}
has_mib() { vmctl list --json | jq ".[] | select(.name == \"$1\") | .memory_kib / 1024 | floor"; }
free_mib() { echo $(($(/root/hv-count | sed 's/.*free_pages=\([0-9]*\).*/\1/') / 256)); }
is() { vmctl list --json | jq -e ".[] | select(.name == \"$1\") | $2" >/dev/null; }
node_of() { vmctl list --json | jq -r ".[] | select(.name == \"$1\") | \"/local/domain/\\(.id)/$2\""; }
decision() { # NAME FIELD: what would be done about it
    mews-balloond --dry-run --reserve "${reserve}M" 2>/dev/null | jq -r ".vps[] | select(.name == \"$1\") | .$2"
}
holds() { # TEXT CONDITION
    if (($2)); then ok "$1"; else not_ok "$1" <<<"$2"; fi
}

check_says 'it says how it is used' 'usage: mews-balloond' mews-balloond --help
refuse 'no such option' 2 'help' mews-balloond --frobnicate
refuse 'an interval of nothing' 2 'interval' mews-balloond --interval 0
refuse 'a reserve that is none' 2 'reserve' mews-balloond --reserve some
refuse 'a word too many' 2 'unexpected' mews-balloond now
check 'no VPS at all: nothing to do' mews-balloond --once

warm_up
before=$(account)
idle=$(initrd_with_job idle "$report" <<'JOB'
/mews-report --interval 1 &
JOB
)
hungry=$(initrd_with_job hungry "$report" /root/mem-hog <<'JOB'
/mews-report --interval 1 &
/mem-hog 380 16 >/dev/hvc0 &
JOB
)
check 'create one with much, that needs little' vmctl create "$(debian rich 512 512 160 "$idle")"
check 'create one with little, that needs much' vmctl create "$(debian poor 512 160 128 "$hungry")"
check 'create one that takes no part' vmctl create "$(debian apart 256 256 '' "$idle")"
for name in rich poor apart; do check_console "$name is up" $name 'VPS ready'; done
for name in rich poor; do
    check "$name reports" within 300 xenstore-exists "$(node_of $name data/updated)"
    for figure in meminfo_total meminfo_free meminfo_available swap_total swap_free updated; do
        check_says "its $figure is a number" '^[0-9]+$' xenstore-read "$(node_of $name data/$figure)"
    done
done
check_says 'what was guaranteed stands in the store' '^163840$' xenstore-read "$(node_of rich memory/min-guarantee)"
check_console 'the hungry one has eaten' poor 'hog: 48 MiB'

# as if all but 8 MiB of what is free were wanted for new VPSes
reserve=$(($(free_mib) - 8))
check_says 'a dry run is JSON' '"reason": "idle"' mews-balloond --dry-run --reserve "${reserve}M"
check 'who is short gets what there is' within 100 bash -c "
    mews-balloond --dry-run --reserve ${reserve}M | jq -e '.vps[] | select(.name == \"poor\" and .reason == \"grown\")'"
check_same 'who takes no part is left alone' apart "$(decision apart reason)"
check 'it changes nothing' is rich '.memory_kib == 524288'

low_rich=512 low_poor=160 rounds=0
while ((rounds++ < 150)) && (($(has_mib poor) < 330)); do
    mews-balloond --once --reserve "${reserve}M" >>/root/rounds.out 2>&1 || echo "status $?" >>/root/rounds.out
    sleep 2
    rich=$(has_mib rich) poor=$(has_mib poor)
    ((rich < low_rich)) && low_rich=$rich
    ((poor < low_poor)) && low_poor=$poor
done
holds "the hungry one has more: $poor MiB after $rounds rounds" "$poor >= 330"
holds "the rich one has less: $rich MiB" "$rich < 420"
holds "and no less than it was guaranteed, ever: $low_rich" "$low_rich >= 159"
holds "the hungry one never had less than at first: $low_poor" "$low_poor >= 159"
check 'who takes no part has what it had' is apart '.memory_kib == 262144'
check_says 'each change was said in a line' 'rich: [0-9]+ -> [0-9]+ KiB: it does not need it' cat /root/rounds.out
check_says 'and so was this' 'poor: [0-9]+ -> [0-9]+ KiB: it is short' cat /root/rounds.out
check_same 'and nothing went wrong' '' "$(grep -E 'status|cannot|refused' /root/rounds.out)"
check_console 'the program in it has got its memory' poor 'hog: 192 MiB'
holds 'the reserve is whole' "$(free_mib) >= reserve - 1"

# a liar: whatever it says, it gets no more than its share, and nobody falls below what was guaranteed
check 'create one that lies' vmctl create \
    "$(vps liar memory=2048 kernel=/root/kernels/vps-balloon.elf initrd= cmdline=nofill extra="<currentMemory unit='MiB'>64</currentMemory>
  <memtune><min_guarantee unit='MiB'>64</min_guarantee></memtune>")"
check_console 'it is up' liar 'vps-balloon: ready'
reserve=$(($(free_mib) - 4))
check_same 'without a report it gets nothing' 65536 "$(decision liar new_target_kib)"
check_same 'and it is seen why' stale "$(decision liar reason)"
lie() { # TOTAL AVAILABLE SWAP
    xenstore-write "$(node_of liar data/meminfo_total)" "$1" "$(node_of liar data/meminfo_available)" "$2" \
        "$(node_of liar data/swap_total)" "$3" "$(node_of liar data/swap_free)" 0 \
        "$(node_of liar data/updated)" "$(date +%s)"
}
for words in 'NaN 0 0' '-1 -1 -1' '18446744073709551616 0 0' "'' '' ''" '1e9 1e9 1e9' '0x10 0 0'; do
    eval "lie $words"
    check_same "no sense, no report: $words" 65536 "$(decision liar new_target_kib)"
done
lie 65536 0 17179869184
check_same 'needs all there is, it says: as much as it may have' 2097152 "$(decision liar need_kib)"
for _ in {1..12}; do
    lie 65536 0 17179869184
    mews-balloond --once --reserve "${reserve}M" >>/root/lies.out 2>&1 || echo "status $?" >>/root/lies.out
    sleep 1
done
holds "the rich one has what it was guaranteed: $(has_mib rich)" "$(has_mib rich) >= 159"
holds "the hungry one too: $(has_mib poor)" "$(has_mib poor) >= 127"
check_same 'nothing went wrong' '' "$(grep -E 'status|cannot|refused' /root/lies.out)"
vmctl destroy liar

# the daemon: one of it, with no power but its open devices, and gone when it is told to go
check 'the daemon starts' mews-balloond --interval 1 --reserve "${reserve}M"
check 'it is there' within 50 pgrep -x mews-balloond
refuse 'a second one does not' 1 'another mews-balloond' mews-balloond --interval 1
refuse 'nor a round by hand' 1 'another mews-balloond' mews-balloond --once
check 'a dry run does' mews-balloond --dry-run
check_says 'it has no capability left' 'CapEff:[[:space:]]0+$' cat "/proc/$(pgrep -x mews-balloond)/status"

# VPSes that end while memory moves
vmctl set rich --memory 512M >/dev/null 2>&1
vmctl set rich --memory 160M >/dev/null 2>&1 &
sleep 0.3
check 'destroy one while it shrinks' vmctl destroy rich
wait $!
vmctl set poor --memory 512M >/dev/null 2>&1 &
sleep 0.2
check 'destroy one while it grows' vmctl destroy poor
wait $!
check 'destroy the third' vmctl destroy apart
sleep 2
check 'the daemon lives' pgrep -x mews-balloond
pkill -TERM -x mews-balloond
check 'and ends when it is told to' within 100 bash -c '! pgrep -x mews-balloond'
nothing_left 'nothing is left of any: no memory, no claim, no node' "$before"
check_same 'nothing stays claimed' 0 "$(vmctl info --node --json | jq .memory_claimed_kib)"
