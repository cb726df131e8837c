# SPDX-License-Identifier: MIT
# node: --mem 1792 --dom0-mem 768
# What a VPS left in memory that it gave back, by its balloon or by its end, nobody finds: another VPS that
# gets all there is, by being made or by growing, finds zeros. tests/guest/vps-balloon fills and looks.
. /root/lib.sh

guest() { # NAME MAX CURRENT CMDLINE: prints its XML's path
    vps "$1" memory="$2" kernel=/root/kernels/vps-balloon.elf initrd= cmdline="$4" \
        extra="<currentMemory unit='MiB'>$3</currentMemory>"
}
free_mib() { echo $(($(/root/hv-count | sed 's/.*free_pages=\([0-9]*\).*/\1/') / 256)); }

warm_up
before=$(account)

check 'create one that fills its memory' vmctl create "$(guest dirty 512 512 '')"
check_console 'it was made of zeros' dirty 'vps-balloon: made with 131072 pages: 0 with the pattern, 0 dirty'
check_console 'it fills what it has' dirty 'vps-balloon: filled [0-9]{6} pages'
check 'shrink it to 64 MiB' vmctl set dirty --memory 64M
check_console 'it gives what it filled' dirty 'vps-balloon: gave 114688 pages, has 16384'

# all that is free, but for what the hypervisor needs for the VPS itself
all=$(($(free_mib) - 8))
check "create one with all $all MiB that are free" vmctl create "$(guest heir $all $all nofill)"
check_console 'it has found nothing' heir "vps-balloon: made with $((all * 256)) pages: 0 with the pattern, 0 dirty"
check 'destroy it' vmctl destroy heir

check 'fill that again: create one that fills all that is free' vmctl create "$(guest filler $all $all '')"
check_console 'it fills it' filler 'vps-balloon: filled'
check 'destroy it as it is' vmctl destroy filler
check 'create a small one that may grow' vmctl create "$(guest grower $all 32 nofill)"
check_console 'it is up' grower 'vps-balloon: ready'
check 'it grows to all there is' vmctl set grower --memory $((all - 8))M
check_console 'it looks at all of it' grower "has $(((all - 8) * 256)): "
got=$(grep -a 'vps-balloon: got' $logs/grower.log | tr -d '\r')
check_says 'and gets it' 'got [0-9]+ pages' echo "$got"
check_same 'and finds nothing in any of it' '' "$(grep -v ': 0 with the pattern, 0 dirty$' <<<"$got")"
check_same 'that was all of it' $(((all - 40) * 256)) \
    "$(awk '{ n += $3 } END { print n }' <<<"$got")"
check 'destroy it' vmctl destroy grower

# back and forth between two, many times
check 'create another that fills what it gets' vmctl create "$(guest other 512 64 '')"
check_console 'it is up' other 'vps-balloon: ready'
for round in 1 2 3 4; do
    check "round $round: one grows" vmctl set other --memory 400M
    check 'shrinks' vmctl set other --memory 64M
    check 'the other grows' vmctl set dirty --memory 400M
    check 'shrinks' vmctl set dirty --memory 64M
done
check_console 'one is done' other 'vps-balloon: gave 86016 pages, has 16384' 4
check_console 'so is the other' dirty 'vps-balloon: gave 86016 pages, has 16384' 4
got=$(grep -ahE 'vps-balloon: got' $logs/other.log $logs/dirty.log | tr -d '\r')
check_same 'each time they were given as many pages as they asked for' $((2 * 4 * 336 * 256)) \
    "$(awk '{ n += $3 } END { print n }' <<<"$got")"
check_same 'and none with anything in it' '' "$(grep -v ': 0 with the pattern, 0 dirty$' <<<"$got")"
vmctl destroy other
vmctl destroy dirty
nothing_left 'nothing is left of any' "$before"
