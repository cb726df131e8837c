#!/bin/bash
# SPDX-License-Identifier: MIT
# xen-diag: a domain's grant table.
# source: xen
# files: tools/misc/xen-diag.c
# also: tools/include/xen-tools/*
# flags: -Itools/include
# libs: xenctrl
"$program" gnttab_query_size 0
"$program" gnttab_query_size 99 2>/dev/null
echo "status $?"
"$program" nonsense 2>/dev/null
echo "status $?"
