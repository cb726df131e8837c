# SPDX-License-Identifier: MIT
# What a person types on the serial console reaches dom0's shell (make run): by the port's interrupt, the
# hypervisor's console calls and VIRQ_CONSOLE. A terminal is what script(1) makes; no text is sent before its prompt.
# checks: 3
. "$(dirname "$0")/../host-lib.sh"

mkfifo "$scratch/keys"
exec {keys}<>"$scratch/keys"
timeout 400 script -qefc "$top/dom0-tools/node/run --shell --no-samples --mem 1024 --cpus 1" "$scratch/out" \
    <"$scratch/keys" >/dev/null 2>&1 &
terminal=$!
cp /dev/null "$scratch/console"

# shows PATTERN: waits until the terminal does
shows() {
    for _ in {1..300}; do
        if grep -aqE -- "$1" "$scratch/out" 2>/dev/null; then return; fi
        if ! kill -0 "$terminal" 2>/dev/null; then break; fi
        sleep 1
    done
    return 1
}

shows '^dom0# ' && printf 'echo typed-$((6*7))\n' >&"$keys"
shows '^typed-42' && printf '%s' 'echo ' {a..z} {0..9} {A..Z} $' | wc -c\n' >&"$keys"
shows '^63' && printf 'poweroff\n' >&"$keys"
wait "$terminal"
status=$?
says 'a typed line is executed' '^typed-42'
says 'more than the FIFO holds arrives whole' '^63'
check_same 'poweroff ends it' 0 "$status"
