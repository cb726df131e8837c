# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs in dom0: does the hundredth VPS take longer to create than the first, and what do a hundred that sleep cost?
# Prints the medians of ten creations each: the first ten and the last ten, one after the other and all kept.
. /root/lib.sh
vpses=${VPSES:-100} memory=48

# create_ms NAME: creates it and prints how long vmctl took
create_ms() {
    local from to
    vps "$1" memory=$memory kernel=/root/load.elf initrd= cmdline=load=idle >/dev/null
    from=$(date +%s%N)
    vmctl create "/root/$1.xml" >/dev/null || exit 1
    to=$(date +%s%N)
    echo $(((to - from) / 1000))
}

# flat TITLE FILE: FILE has a line of microseconds for each creation
flat() {
    awk -v t="$1" 'function median(from, to,    i, j, n, v, x) {
            for (i = from; i <= to; i++) { x = us[i]; for (j = n++; j && v[j] > x; j--) v[j + 1] = v[j]; v[j + 1] = x }
            return (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2 }
        { us[NR] = $1 }
        END { a = median(1, 10); b = median(NR - 9, NR)
              printf "%-44s first ten %6.1f ms, last ten %6.1f ms, ratio %.2f%s\n", t, a / 1000, b / 1000, b / a, (b > 1.2 * a ? "  ABOVE 1.2" : "") }' "$2"
}

for ((n = 1; n <= 5; n++)); do create_ms warm$n >/dev/null; vmctl destroy warm$n; done # caches are warm
sleep 5 # idle, the hypervisor scrubs what is free
for ((n = 1; n <= vpses; n++)); do
    create_ms row$n
    vmctl destroy row$n
done >/root/row
flat "$vpses created and destroyed in a row" /root/row
sleep 2
for ((n = 1; n <= vpses; n++)); do create_ms idle$n; done >/root/kept
flat "$vpses created and kept" /root/kept
sleep 5
read -r idle dom0 < <(/root/meter use "${SECONDS_MEASURED:-10}")
echo "$vpses idle VPSes use $idle% of one CPU over ${SECONDS_MEASURED:-10} s (dom0 beside them: $dom0%)"
