# SPDX-License-Identifier: MIT
# vmctl set --memory: a VPS grows and shrinks by its balloon, within its description and what the machine
# has; below what it uses; beyond what it was given. Free memory is as before then.
. /root/lib.sh

# The VPS fills a file system in memory with as many MiB as its command line says, and then runs on.
job=$(initrd_with_job fill <<'JOB'
fill=$(sed -n 's/.*fill=\([0-9]*\).*/\1/p' /proc/cmdline)
mkdir /fill
mount -t tmpfs -o size=90% fill /fill
[ -z "$fill" ] || dd if=/dev/urandom of=/fill/data bs=1048576 count="$fill" 2>/dev/null
printf '\nfilled\n' >/dev/hvc0
(while :; do
    read -r _ total _ </proc/meminfo
    [ "$total" = "$was" ] || printf '\ntotal=%s\n' "$total" >/dev/hvc0
    was=$total
    sleep 1
done) &
JOB
)
# of NAME NOW MAX [KEY=VALUE...]: a description with so many MiB
of() {
    local name=$1 now=$2 max=$3
    shift 3
    vps "$name" memory="$max" extra="<currentMemory unit='MiB'>$now</currentMemory>$extra" initrd="$job" "$@"
}
kib() { vmctl info "$1" --json | jq .memory_kib; }
has_kib() { [[ $(kib "$1") == "$2" ]]; }
id() { vmctl info "$1" --json | jq .id; }
claimed() { vmctl info --node --json | jq .memory_claimed_kib; }

extra='<memtune><min_guarantee unit="MiB">72</min_guarantee></memtune>'
warm_up
before=$(account)
check 'a VPS with 128 MiB of 512' vmctl create "$(of one 128 512)"
check_console 'it comes up' one 'filled'
check_same 'it has 128 MiB' 131072 "$(kib one)"
check_same 'and may have 512' 524288 "$(vmctl info one --json | jq .max_memory_kib)"
check_same 'its guaranteed minimum is in the store' 73728 "$(xenstore-read "/local/domain/$(id one)/memory/min-guarantee")"
check_says 'which it can read and not write' "= \"73728\" .*\(n0,r$(id one)\)" bash -c 'xenstore-ls -fp / | grep min-guarantee'
check 'it grows to 512 MiB' vmctl set one --memory 512M
check_same 'it has them' 524288 "$(kib one)"
check_console 'its kernel says so' one '^total=4[0-9]{5}\s*$'
check_same 'nothing stays claimed' 0 "$(claimed)"
check 'it shrinks to 128 MiB' vmctl set one --memory 128M
check_same 'it has no more' 131072 "$(kib one)"
check 'to the KiB' vmctl set one --memory 204801
check_same 'in whole pages' 204804 "$(kib one)"
check_says 'dumpxml says what was set' '<currentMemory unit="KiB">204804</currentMemory>' vmctl dumpxml one

refuse 'above its <memory>' 1 'more than its maximum of 512 MiB' vmctl set one --memory 513M
refuse 'below its guaranteed minimum' 1 'less than its <min_guarantee> of 72 MiB' vmctl set one --memory 71M
refuse 'not an amount' 2 'not an amount' vmctl set one --memory lots
refuse 'all is checked before any of it is done' 1 'more than its maximum' vmctl set one --vcpus 1 --weight 99 --memory 2T
check_says 'so the weight is as it was' '^weight=256 ' /root/hv-sched "$(id one)"
check_same 'and the memory too' 204804 "$(kib one)"
check_same 'nothing is claimed for it' 0 "$(claimed)"

# What it was not given it cannot have, whatever it is told, or tells itself.
xenstore-write "/local/domain/$(id one)/memory/target" 524288
sleep 2
check_same 'a target that nobody allowed brings nothing' 204804 "$(kib one)"
check '--timeout 0 only asks' vmctl set one --memory 300M --timeout 0
check 'and it comes' within 100 has_kib one 307200
check 'reset' vmctl reset one
check_console 'it comes up again' one 'filled' 2
check_same 'with what was set' 307200 "$(kib one)"
check 'and grows again' vmctl set one --memory 512M
check_same 'to its maximum' 524288 "$(kib one)"
check 'destroy' vmctl destroy one
nothing_left 'nothing is left of it' "$before"

check 'it may be asked while it boots' vmctl create "$(of boots 128 256)"
check 'and waits until the kernel answers' vmctl set boots --memory 256M --timeout 120
check_same 'it has it' 262144 "$(kib boots)"
check 'destroy' vmctl destroy boots

check 'a VPS that uses 60 MiB' vmctl create "$(of full 192 256 cmdline=fill=60)"
check_console 'it comes up' full 'filled'
refuse 'is asked for less than that' 1 'asked for 72 MiB .* partly done' vmctl set full --memory 72M --timeout 10
now=$(kib full)
check 'and gives some of it' test "$now" -lt 196608 -a "$now" -gt 73728
check_same 'what it has is what it is asked for now' "$now" "$(xenstore-read "/local/domain/$(id full)/memory/target")"
check_says 'dumpxml says so' "<currentMemory unit=\"KiB\">$now</currentMemory>" vmctl dumpxml full
xenstore-write "/local/domain/$(id full)/memory/target" 262144
sleep 2
check_same 'it cannot take back what it gave' "$now" "$(kib full)"
check 'unless it is given' vmctl set full --memory 192M
check_same 'it has it all again' 196608 "$(kib full)"
check 'destroy' vmctl destroy full

check 'a VPS without a balloon, since it is paused' vmctl create --paused "$(of still 128 256)"
refuse 'does not grow' 1 'nothing was done: it is paused' vmctl set still --memory 256M --timeout 1
refuse 'and does not shrink' 1 'nothing was done: it is paused' vmctl set still --memory 80M --timeout 1
check_same 'nothing stays claimed for it' 0 "$(claimed)"
check_says 'and nothing is said to have changed' '<currentMemory unit="KiB">131072<' vmctl dumpxml still
check 'destroy' vmctl destroy still

check 'a VPS whose maximum the machine has not' vmctl create --paused "$(of wide 96 65536)"
refuse 'cannot grow to that' 1 'not enough memory to grow by .* MiB of the machine are free' vmctl set wide --memory 64G
check_same 'nothing stays claimed for it' 0 "$(claimed)"
check 'asked without waiting' vmctl set wide --memory 500M --timeout 0
check_same 'what it is to grow by is claimed' $(((500 - 96) * 1024)) "$(claimed)"
check 'destroy' vmctl destroy wide
check_same 'and released with it' 0 "$(claimed)"

nothing_left 'nothing is left of any' "$before"
