# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts that boot several nodes share: the checks of lib.sh, a scratch directory, and node.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/lib.sh"
top=$(readlink -f "$here/../..")
export BUILD=${BUILD:-$top/build}
mkdir -p "$BUILD/tests/node"
scratch=$(mktemp -d "$BUILD/tests/node/host.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# node OPTION... JOB [QEMU-ARGUMENT...]: runs a job with the tests' files laid over; its output to $scratch/out
node() {
    "$top/dom0-tools/node/run" --timeout 300 --add "$BUILD/tests/node/add" --keep "$scratch/console" "$@" \
        >"$scratch/out" 2>&1
}

# says TEXT PATTERN: the last node's job printed it
says() {
    if grep -aqE -- "$2" "$scratch/out"; then
        ok "$1"
    else
        not_ok "$1" < <(
            echo "wanted /$2/; the job printed:"
            tail -n 30 "$scratch/out"
            echo "the console's end:"
            tail -n 10 "$scratch/console"
        )
    fi
}
