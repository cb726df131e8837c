#!/bin/bash
# SPDX-License-Identifier: MIT
# xenctx: a vcpu's registers, stack and code, through the domain's own page tables.
# source: xen
# files: tools/xentrace/xenctx.c
# libs: xenctrl
# packages: xen-utils-4.17:usr/lib/xen-4.17/bin/xenctx
# debian: /usr/lib/xen-4.17/bin/xenctx
coproc hold { exec /opt/libxen/ours/ctrl-probe hold; }
holder=$!
read -r domid <&"${hold[0]}"
"$program" "$domid" 0
status=$?
"$program" --all-vcpus --stack-trace "$domid"
echo "status $?"
"$program" 28672 0 2>/dev/null
echo "status $?"
echo >&"${hold[1]}"
wait "$holder" || echo "the domain did not go"
exit "$status"
