#!/bin/bash
# SPDX-License-Identifier: MIT
# xentop and the library under it, libxenstat, which is Xen's own: dom0 and a domain that does nothing.
# source: xen
# files: tools/xentop/xentop.c tools/libs/stat/xenstat.c tools/libs/stat/xenstat_linux.c tools/libs/stat/xenstat_qmp.c
# also: tools/include/xen-tools/* tools/include/xenstat.h tools/libs/stat/*.h
# flags: -Itools/include -Itools/libs/stat -DINCLUDE_CURSES_H=<ncurses.h> -DGCC_PRINTF(a,b)=
# libs: xenctrl xenstore ncurses tinfo m yajl
# packages: libncurses6 libtinfo6 libyajl2 libxenmisc4.17:usr/lib/x86_64-linux-gnu/libxenstat.so.4.17 libxenmisc4.17:usr/lib/x86_64-linux-gnu/libxenstat.so.4.17.0 xen-utils-4.17:usr/lib/xen-4.17/bin/xentop
# debian: /usr/lib/xen-4.17/bin/xentop
export TERM=linux
coproc hold { exec /opt/libxen/ours/ctrl-probe hold; }
holder=$!
read -r domid <&"${hold[0]}"
xenstore-write "/local/domain/$domid/name" idler
"$program" -b -i 2 -d 1 -f -n -x -v >out
status=$?
# what depends on the moment or the hypervisor is left out: CPU time, shares, dom0's own memory
awk '$1 == "NAME" { print; next }
    $1 == "Domain-0" { print $1, "memory", ($5 > 0), "devices", $(NF - 8), $(NF - 5); next }
    $1 == "idler" { print $1, $2, $5, $7, $9, $10, $11, $12, $13, $NF; next }
    { print $1, NF }' out
xenstore-rm "/local/domain/$domid"
echo >&"${hold[1]}"
wait "$holder" || echo "the domain did not go"
exit "$status"
