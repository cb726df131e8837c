#!/bin/bash
# SPDX-License-Identifier: MIT
# lsevtchn: dom0's event channels as the hypervisor lists them.
# source: xen
# files: tools/xcutils/lsevtchn.c
# libs: xenctrl
# xen: no, because which channels dom0 has depends on what the hypervisor gave it
"$program" >out
echo "status $?"
grep -c . <(grep -vE '^ *[0-9]+: VCPU [0-9]+: (Virtual IRQ|IPI|Physical IRQ|Interdomain|Waiting)' out)
grep -oE 'Virtual IRQ (0|1|3)$' out | sort -u
"$program" 99
echo "status $?"
