# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs in dom0: mixes of VPSes that contend for the node's CPUs, and for each what every VPS was promised and what
# it got over ten seconds. `run` beside this lays out the node. Exit status: 0, or 3 where a share is off by more than 2%.
. /root/lib.sh
seconds=${SECONDS_MEASURED:-10} worst=0

# mix TITLE NAME:WEIGHT:CAP:VCPUS:CPUS:KIND:WORDS...: VPSes with these settings, measured, and taken away again. KIND: full or
# part (see meter.c); WORDS: what the load guest does.
mix() {
    local title=$1 spec name weight cap vcpus cpus kind words id claims=() wakers=()
    [[ $title =~ $MIXES ]] || return 0
    shift
    [[ "$CPUS $*" != 1*:2:full:* ]] || return 0 # somebody is to run on CPU 1
    for spec; do
        IFS=: read -r name weight cap vcpus cpus kind words <<<"$spec"
        vmctl create --paused "$(vps "$name" memory=32 vcpus="$vcpus" kernel=/root/load.elf initrd= cmdline="$words")" >/dev/null || exit 1
        id=$(vmctl info "$name" --json | jq .id)
        /root/meter set "$id" "$weight" "$cap" "$cpus" || exit 1
        claims+=("$name:$id:$weight:$cap:$vcpus:$cpus:$kind")
        [[ $words != *load=wake* ]] || wakers+=("$name:$id")
    done
    for spec; do vmctl unpause "${spec%%:*}"; done
    sleep 2 # start-up is over
    for spec in "${wakers[@]}"; do ask "${spec#*:}" reset >/dev/null; done
    /root/meter measure "$seconds" "$title" "${claims[@]}" || worst=$?
    for spec in "${wakers[@]}"; do ask "${spec#*:}" tell | tell_wakes "${spec%:*}"; done
    for spec; do vmctl destroy "${spec%%:*}"; done
    echo
}

# ask DOMID WORD: prints what the load guest answers
ask() {
    local i answer word=$2-$RANDOM
    xenstore-write "/local/domain/$1/control/load" "$word"
    for ((i = 0; i < 100; i++)); do
        answer=$(xenstore-read "/local/domain/$1/data/load" 2>/dev/null)
        [[ $answer != "$word "* ]] || { echo "$answer"; return; }
        sleep 0.1
    done
    echo "no answer from domain $1" >&2
}

tell_wakes() { # NAME, the answer on stdin
    awk -v n="$1" '{ printf "  %s woke %d times, late by %.0f us (mean), %.0f (median), %.0f (99%%), %.0f (worst); %d periods missed\n",
                     n, $5, $6 / 1000, $7 / 1000, $8 / 1000, $9 / 1000, $10 }'
}

spin=full:load=spin
mix 'equal: three VPSes' {a,b,c}":256:0:1:0:$spin"
mix 'equal: a weight is a VPS'"'"'s, whatever its vCPUs' "a:256:0:1:0:$spin" "b:256:0:4:0:$spin" "c:256:0:2:0:$spin"
mix '1:2:4' "a:256:0:2:0:$spin" "b:512:0:2:0:$spin" "c:1024:0:2:0:$spin"
mix '1:2:4, ten VPSes' {a,b,c,d}":128:0:1:0:$spin" {e,f,g}":256:0:1:0:$spin" {h,i,j}":512:0:1:0:$spin"
mix 'capped at 25 and 150' "a:256:25:1:0:$spin" "b:256:150:2:0:$spin"
mix 'capped at 25 and 60 beside one without a cap' "a:256:25:1:0:$spin" "b:512:60:2:0:$spin" "c:256:0:2:0:$spin"
mix 'pinned: two to CPU 0, one to CPU 1, one free' {a,b}":256:0:1:1:$spin" "c:256:0:1:2:$spin" "d:256:0:1:0:$spin"
mix 'pinned with weights: 1:3 on CPU 0' "a:256:0:1:1:$spin" "b:768:0:1:1:$spin" "c:256:0:1:2:$spin"
mix 'spinners beside an I/O-bound VPS' {a,b,c}":256:0:1:0:$spin" "io:256:0:1:0:part:load=wake period=10000 work=500"
mix 'spinners beside an I/O-bound VPS, pinned to one CPU' {a,b}":256:0:1:1:$spin" "io:256:0:1:1:part:load=wake period=5000 work=200"
for storm in version yield send-self send-others timer-now churn va-mapping-flush grant-map reservation; do
    kind=full
    [[ $storm != yield ]] || kind=part # who yields gives away, and may
    mix "storm: $storm on 2 vCPUs beside honest VPSes" {a,b}":256:0:1:0:$spin" "storm:256:0:2:0:$kind:load=$storm"
done
mix 'storm: sleeps 50 us of every 3 ms beside honest VPSes' {a,b}":256:0:1:0:$spin" "nap:256:0:2:0:part:load=nap period=50 work=3000"
[[ $worst == 0 ]] || echo 'some VPS got a share that is off by more than 2%'
exit "$worst"
