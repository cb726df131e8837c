# SPDX-License-Identifier: MIT
# Debian's own store tools against our xenstored, by socket and by dom0's kernel (/dev/xen/xenbus).
. /root/lib.sh

for way in socket kernel; do
    tools() { :; }
    if [[ $way == kernel ]]; then
        # libxenstore takes the kernel's device where this names it
        export XENSTORED_PATH=/dev/xen/xenbus
    fi
    check "$way: write" xenstore-write /test/a 1 /test/b/c 2
    check_same "$way: read" 1 "$(xenstore-read /test/a)"
    check_same "$way: read two" $'1\n2' "$(xenstore-read /test/a /test/b/c)"
    check_says "$way: ls" '^b = ""' xenstore-ls /test
    check_same "$way: list" $'a\nb' "$(xenstore-list /test | sort)"
    check "$way: exists" xenstore-exists /test/b
    check "$way: chmod" xenstore-chmod /test/a n0 r1
    check_says "$way: ls -p shows permissions" 'a = "1".*\(n0,r1\)' xenstore-ls -p /test
    big=$(head -c 1500 /dev/zero | tr '\0' x)
    check "$way: a value of 1500 bytes" xenstore-write /test/big "$big"
    check_same "$way: comes back whole" "$big" "$(xenstore-read /test/big)"
    check "$way: rm" xenstore-rm /test/b
    if xenstore-exists /test/b; then not_ok "$way: gone" </dev/null; else ok "$way: gone"; fi
    if xenstore-read /test/none >/dev/null 2>&1; then not_ok "$way: reading nothing fails" </dev/null; else ok "$way: reading nothing fails"; fi
    xenstore-watch -n 3 /test/w >/root/watched 2>&1 &
    watcher=$!
    within 50 grep -q /test/w /root/watched # a watch fires once when it is set
    xenstore-write /test/w 1
    xenstore-write /test/w/deeper 2
    check "$way: watch ends after three events" within 100 bash -c "! kill -0 $watcher"
    kill $watcher 2>/dev/null
    check_same "$way: watch saw them" $'/test/w\n/test/w\n/test/w/deeper' "$(cat /root/watched)"
    check "$way: rm all" xenstore-rm /test
done
unset XENSTORED_PATH

# many at once: each writes its own nodes, and nothing is lost
for i in 1 2 3 4 5 6 7 8; do
    (for j in 1 2 3 4 5; do xenstore-write "/many/$i/$j" "$i-$j"; done) &
done
wait %1 %2 %3 %4 %5 %6 %7 %8 2>/dev/null
check_same 'forty nodes by eight writers' 40 "$(xenstore-ls -f /many | grep -c -- -)"
xenstore-rm /many
check_says 'dom0 has its own place' '^/local/domain/0/' xenstore-ls -f /local/domain/0

# a VPS reads its own place, and not others'
check 'create a VPS' vmctl create "$(vps storer)"
check_console 'it is up' storer 'VPS ready'
domid=$(xenstore-list /local/domain | sort -n | tail -1)
check_same 'its name is in the store' storer "$(xenstore-read "/local/domain/$domid/name")"
check_says 'its place is readable to it alone' '\(n0,r'"$domid" xenstore-ls -p "/local/domain/$domid"
vmctl destroy storer
check 'its place goes with it' within 100 bash -c "! xenstore-exists /local/domain/$domid"
