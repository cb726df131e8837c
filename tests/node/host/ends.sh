# SPDX-License-Identifier: MIT
# What ends a VPS, and how: one VPS a case, held against how Xen's ended (tests/diff/ends/).
. "$(dirname "$0")/../host-lib.sh"

cp -r "$BUILD/tests/node/add" "$scratch/add"
cp "$BUILD/tests/diff/ends.elf" "$BUILD/tests/diff/ends-state" "$scratch/add/root/"
node --add "$scratch/add" --mem 1024 --cpus 1 --icount 1 "$top/tests/diff/ends/job.sh"
sed -n 's/^.*DIFF \(.*\)$/\1/p' "$scratch/out" >"$BUILD/tests/node/ends.rows"
says 'all cases were made' '^ends: [0-9]{2,} cases$'
check 'each ends as on Xen' "$top/tests/diff/compare" "$top/tests/diff/xen-4.17-ends.txt" "$top/tests/diff/accepted-ends" \
    "$BUILD/tests/node/ends.rows"
