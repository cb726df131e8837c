# SPDX-License-Identifier: MIT
# node: --cpus 2
# vmctl top and info: what a busy, an idle, a reading and sending, a paused VPS and two on one CPU must show;
# VPSes that come and go between the two readings; the live view; wrong words. Bounds are wide: what is
# checked is that each figure is of the right VPS, of the right kind, and in its unit.
. /root/lib.sh

# sample ARGUMENT...: a sample, in $s
sample() { s=$(vmctl top --once --json "$@"); }
# holds TEXT FILTER: the filter (jq; `d("NAME")` is a domain) is true of the sample
holds() {
    if jq -e "def d(n): .domains[] | select(.name == n); $2" <<<"$s" >/dev/null 2>&1; then
        ok "$1"
    else
        not_ok "$1" <<<"wanted: $2"$'\n'"$s"
    fi
}

refuse 'an unknown sort key: usage' 2 'wibble.*cpu' vmctl top --once --sort wibble
for interval in 0 -1 1x nan 1e9 ''; do
    refuse "an interval of '$interval': usage" 2 'seconds' vmctl top --once --interval "$interval"
done
refuse 'an argument: usage' 2 'too many' vmctl top --once busy
refuse 'info of nothing: usage' 2 'which' vmctl info
refuse 'info of a VPS and the node: usage' 2 'not both' vmctl info --node busy
refuse 'the live view without a terminal' 1 'once' bash -c 'vmctl top </dev/null'
check 'the live view on a terminal that nobody knows says so' bash -c \
    'TERM=nonesuch script -qec "vmctl top" /dev/null | grep -q "nonesuch.*--once"'
check_says 'vmctl top --help tells of its keys' 'Keys:' vmctl top --help

warm_up
before=$(account)
busy=$(initrd_with_job busy <<'JOB'
(while :; do :; done) &
JOB
)
io=$(initrd_with_job io <<'JOB'
(while :; do
    echo 3 >/proc/sys/vm/drop_caches
    dd if=/dev/xvda of=/dev/null bs=64k count=16
    sleep 0.2
done) >/dev/null 2>&1 &
(while :; do
    dd if=/dev/zero bs=64k count=4
    sleep 0.2
done 2>/dev/null | nc 10.0.9.1 9999) &
JOB
)
# (an end of its input would end the connection)
sleep 1000 | /usr/lib/busybox/nc -l -p 9999 >/dev/null &
check 'a busy VPS' vmctl create "$(vps busy memory=96 initrd="$busy")"
check 'one that reads and sends' vmctl create "$(vps io memory=96 initrd="$io" disk=$samples/root.img,ro nic=xenbr0)"
check 'an idle one' vmctl create "$(vps idle memory=112)"
check 'a paused one' vmctl create --paused "$(vps still memory=96)"
for name in busy io idle; do check_console "$name is up" $name 'VPS ready'; done

sample --interval 2 --sort cpu
holds 'a sample covers its interval' '.interval_s >= 1.9 and .interval_s < 20'
holds 'all domains are there' '[.domains[].name] | sort == ["Domain-0", "busy", "idle", "io", "still"]'
holds 'the busiest comes first' '[.domains[].cpu_percent] | . == (sort | reverse)'
holds 'the busy VPS is busy' 'd("busy") | .cpu_percent > 50 and .cpu_percent <= 105'
holds 'the idle one is not' 'd("idle").cpu_percent < 20'
holds 'the paused one does not run, and does not wait' \
    'd("still") | .state == "paused" and .cpu_percent == 0 and .steal_percent == 0'
holds 'no figure is negative' '[.. | numbers] | min >= 0'
holds 'no more CPU is used than there is' '([.domains[].cpu_percent] | add) <= 210'
holds 'and the load tells as much' '([.domains[].cpu_percent] | add) - .node.load_percent * 2 | fabs < 40'
holds 'memory is in its place' \
    '[.domains[].memory_kib] | sort | .[0:4] == [98304, 98304, 98304, 114688]'
holds 'the sums of memory are plausible' \
    '.node | .cpus == 2 and .memory_free_kib > 0 and .memory_free_kib < .memory_kib and .memory_claimed_kib == 0'
holds 'the reading VPS reads' \
    'd("io") | .disk_read_bytes_per_s > 100000 and .disk_reads_per_s > 1 and .disk_read_bytes_per_s / .disk_reads_per_s >= 512'
holds 'and writes nothing' 'd("io") | .disk_write_bytes_per_s == 0 and .disk_writes_per_s == 0'
holds 'it sends more than it gets' 'd("io") | .net_tx_bytes_per_s > 50000 and .net_tx_bytes_per_s > 2 * .net_rx_bytes_per_s'
holds 'others have no disk and no card' \
    'd("busy", "idle") | .disk_read_bytes_per_s + .disk_write_bytes_per_s + .net_rx_bytes_per_s + .net_tx_bytes_per_s == 0'
check_says 'the text has a line for each' '^busy +[0-9]+ running +1 ' vmctl top --once --interval 0.2
sample --interval 0.2 --sort name
holds 'sorted by name' '[.domains[].name] == ["Domain-0", "busy", "idle", "io", "still"]'
sample --interval 1 --sort disk
holds 'sorted by disk' '.domains[0].name == "io"'
check_same "info --node adds up the VPSes' memory" "$(((3 * 96 + 112) * 1024))" \
    "$(vmctl info --node --json | jq .vps_memory_kib)"

check 'the busy VPS may run on CPU 1 only' vmctl set busy --pin all:1
check 'a second busy one' vmctl create "$(vps rival memory=96 initrd="$busy")"
check_console 'it is up' rival 'VPS ready'
check 'it may run there only, too' vmctl set rival --pin all:1
sample --interval 3
holds 'each of the two gets its part of the CPU' 'd("busy", "rival") | .cpu_percent > 20 and .cpu_percent < 80'
holds 'and the other part is stolen from it' \
    'd("busy", "rival") | .cpu_percent + .steal_percent | . > 85 and . < 115'
holds 'from the idle one nothing is' 'd("idle").steal_percent < 20'
check_says 'info tells where it may run' '^ +0 (running|ready) +1 .* 1 +all' vmctl info rival
check_same 'info --json too' '1 all 256 0 1' "$(vmctl info rival --json | jq -r \
    '"\(.vcpu_info[0].hard_affinity) \(.vcpu_info[0].soft_affinity) \(.weight) \(.cap) \(.max_vcpus)"')"
vmctl destroy rival

# one goes, one comes, one is made anew while the sample is taken
vmctl top --once --json --interval 10 >/tmp/sample &
sampler=$!
sleep 1
check 'one goes meanwhile' vmctl destroy idle
check 'one comes' vmctl create --paused "$(vps fresh memory=96)"
check 'one is started again' vmctl reset busy
wait $sampler
check_same 'the sample is taken all the same' 0 $?
s=$(</tmp/sample)
holds 'who has gone is not in it' '[.domains[].name] | index("idle") == null'
holds 'who came is' 'd("fresh") | .cpu_percent == 0'
holds 'who was started again is counted from then on' 'd("busy") | .cpu_percent > 0 and .cpu_percent <= 105'
holds 'and no figure is negative' '[.. | numbers] | min >= 0'

# shellcheck disable=SC2016 # for the shell in the terminal
(sleep 2; printf 'sMN'; sleep 1; printf q) | script -qec \
    'stty cols 120 rows 30; stty -a >/tmp/before; TERM=xterm vmctl top --interval 0.5; echo "status $?"; stty -a >/tmp/after' \
    /tmp/terminal >/dev/null
check_says 'the live view shows the VPSes' 'Domain-0' cat /tmp/terminal
check_says 'and ends by a key' 'status 0$' tr -d '\r' </tmp/terminal
check_same 'the terminal is as it was' "$(</tmp/before)" "$(</tmp/after)"

for name in busy io still fresh; do check "destroy $name" vmctl destroy $name; done
kill %?9999 2>/dev/null
nothing_left 'nothing is left' "$before"

s=$(vmctl info --node --json)
holds 'info --node: what the machine is' \
    '.cpus == 2 and .sockets >= 1 and .cpu_khz > 100000 and (.cpu_model | length) > 0 and .scheduler == "credit2"'
holds 'its version is what vmctl version says' ".version == \"$(vmctl version --json | jq -r .hypervisor)\""
holds 'its memory' '.memory_kib > 3000000 and .memory_claimed_kib == 0 and .dom0_memory_kib > 500000'
check_same 'free memory is what the hypervisor counts' "$(/root/hv-count | sed 's/free_pages=\([0-9]*\) .*/\1/')" \
    "$(jq '.memory_free_kib / 4' <<<"$s")"
holds 'domains and command line' '.domains == 1 and (.command_line | contains("dom0_mem"))'
check_says 'the same as text' '^cpus: +2 ' vmctl info --node
