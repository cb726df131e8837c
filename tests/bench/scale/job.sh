# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs in dom0: the same operation on 1, 2 and 4 vCPUs of one VPS at once, each on pages, ports and grants of its own; how
# many a second in all. "spin" is the rule to measure by: it never enters the hypervisor, so what it does not gain,
# the machine under the node has not got.
. /root/lib.sh
seconds=${SECONDS_MEASURED:-3}

ask() { # DOMID WORD: what the load guest answers
    local i answer word=$2-$RANDOM
    xenstore-write "/local/domain/$1/control/load" "$word"
    for ((i = 0; i < 100; i++)); do
        answer=$(xenstore-read "/local/domain/$1/data/load" 2>/dev/null)
        [[ $answer != "$word "* ]] || { echo "$answer"; return; }
        sleep 0.1
    done
}

# rate OPERATION VCPUS: operations a second in all, by the VPS's own clock
rate() {
    local id first
    vmctl create "$(vps scale memory=48 vcpus="$2" kernel=/root/load.elf initrd= cmdline="load=$1")" >/dev/null || exit 1
    id=$(vmctl info scale --json | jq .id)
    sleep 0.5
    first=$(ask "$id" from)
    sleep "$seconds"
    echo "$first $(ask "$id" to)" | awk '{ printf "%.0f\n", ($13 - $3) / ($12 - $2) * 1e9 }'
    vmctl destroy scale
}

printf '%-20s %12s %12s %12s %8s %8s\n' 'operations a second' '1 vCPU' '2 vCPUs' '4 vCPUs' '2:1' '4:1'
for operation in spin version send-masked send-self timer-now mmu-update mmu-update-32 va-mapping va-mapping-flush pin-unpin \
    new-baseptr reservation grant-map grant-copy yield; do
    [[ $operation =~ $OPERATIONS ]] || continue
    echo "$operation $(rate $operation 1) $(rate $operation 2) $(rate $operation 4)" |
        awk '{ printf "%-20s %12d %12d %12d %8.2f %8.2f\n", $1, $2, $3, $4, $3 / $2, $4 / $2 }'
done
