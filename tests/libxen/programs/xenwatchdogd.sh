#!/bin/bash
# SPDX-License-Identifier: MIT
# xenwatchdogd: arms the hypervisor's watchdog, feeds it, and disarms it when told to.
# source: xen
# files: tools/misc/xenwatchdogd.c
# libs: xenctrl
# packages: xen-utils-4.17:usr/lib/xen-4.17/bin/xenwatchdogd
# debian: /usr/lib/xen-4.17/bin/xenwatchdogd
"$program" 600 1
echo "status $?"
sleep 2
mapfile -t daemons < <(pgrep -f "^$program 600 1")
echo "daemons: ${#daemons[@]}"
kill -USR1 "${daemons[@]}"
for ((i = 0; i < 100; i++)); do
    pgrep -f "^$program 600 1" >/dev/null || break
    sleep 0.1
done
pgrep -f "^$program 600 1" || echo "it ended"
