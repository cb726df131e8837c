#!/bin/bash
# SPDX-License-Identifier: MIT
# xen-ucode: new microcode, which neither hypervisor takes from a file that has none.
# source: xen
# files: tools/misc/xen-ucode.c
# libs: xenctrl
# xen: no, because Mews takes no microcode at all
"$program" /etc/passwd
echo "status $?"
"$program" /nonsense
echo "status $?"
"$program" 2>/dev/null
echo "status $?"
exit 0
