# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# How a bare-metal guest is booted as dom0's kernel and its console followed; tests/guest/run, tests/diff/run and
# tests/bench/run source this. $tmp is a folder for the script's files, which goes with it; no QEMU outlives it either.
tmp=$(mktemp -d)
qemu_pid=''
guest_clean_up() { [[ -z $qemu_pid ]] || kill "$qemu_pid" 2>/dev/null; rm -rf "$tmp"; }
trap guest_clean_up EXIT
trap 'exit 1' INT TERM

# one CPU, one thread, a clock that counts instructions: the same each time
# shellcheck disable=SC2034 # whoever sources this uses it
guest_counted=(-smp 1 -accel tcg,thread=single -icount shift=0,sleep=off -rtc base=2024-01-01T00:00:00,clock=vm -seed 1)

# guest_boot SECONDS QEMU-WORDS...: prints the console until the guest's verdict; the machine ends there, or when the hypervisor
# halts, or with the time limit. Not for a subshell: the script must know what to end.
guest_boot() {
    local line
    mkfifo "$tmp/console"
    timeout -k 2 "$1" qemu-system-x86_64 -m 512 -display none -nodefaults -no-reboot -serial stdio -monitor none "${@:2}" \
        </dev/null >"$tmp/console" 2>&1 &
    qemu_pid=$!
    while IFS= read -r line; do
        line=${line//$'\r'/}
        printf '%s\n' "$line"
        [[ $line != *'Test result: '* && $line != *'mews: halted'* && $line != *'not rebooting'* ]] || break
    done <"$tmp/console"
    kill "$qemu_pid" 2>/dev/null
    wait "$qemu_pid" 2>/dev/null
    qemu_pid=''
    rm -f "$tmp/console"
}

# guest_verdict LOG: the guest's word in the console log, or nothing
guest_verdict() { sed -n 's/.*Test result: //p' "$1" | tail -n 1; }

# guest_rows HYPERVISOR FILE PATTERN QEMU-WORDS...: boots a guest that prints rows, and writes to FILE what the brackets of PATTERN
# (sed's) hold at the end of a line. Exit status 1: it did not come to its end, and its last lines say how far it came.
guest_rows() {
    local hypervisor=$1 file=$2 pattern=$3 verdict
    [[ -r $hypervisor ]] || { echo "run: no hypervisor at $hypervisor: build it, or name one" >&2; return 1; }
    guest_boot 120 "${guest_counted[@]}" -kernel "$hypervisor" "${@:4}" >"$tmp/log"
    sed -n "s/^.*$pattern$/\1/p" "$tmp/log" >"$file"
    verdict=$(guest_verdict "$tmp/log")
    [[ $verdict == SUCCESS ]] && return 0
    echo "run: the guest on $hypervisor ended with: ${verdict:-no verdict}; its last lines:" >&2
    tail -n 15 "$tmp/log" >&2
    return 1
}
