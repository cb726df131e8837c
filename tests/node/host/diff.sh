# SPDX-License-Identifier: MIT
# The differential guest as a VPS: what it is answered there, held against what Xen answers to a VPS (tests/diff/).
. "$(dirname "$0")/../host-lib.sh"

cp -r "$BUILD/tests/node/add" "$scratch/add"
cp "$BUILD/tests/diff/diff.elf" "$scratch/add/root/"
cat >"$scratch/job" <<'JOB'
. /root/lib.sh
vmctl create "$(vps diff memory=64 vcpus=2 kernel=/root/diff.elf initrd=)"
within 900 gone diff
cat "$logs/diff.log"
JOB
node --add "$scratch/add" --mem 1024 --cpus 1 --icount 1 "$scratch/job"
tr -d '\r' <"$scratch/out" | sed -n 's/^.*DIFF \(.*\)$/\1/p' >"$BUILD/tests/node/diff.rows"
says 'the guest came to its end as a VPS' 'Test result: SUCCESS'
check 'its answers are those that Xen gives a VPS' "$top/tests/diff/compare" "$top/tests/diff/xen-4.17-vps.txt" \
    "$top/tests/diff/accepted-vps" "$BUILD/tests/node/diff.rows"
