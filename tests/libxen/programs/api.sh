#!/bin/bash
# SPDX-License-Identifier: MIT
# The small libraries' calls, right and wrong (api.c).
# source: here
# files: api.c
# libs: xentoollog xencall xenevtchn xengnttab xenforeignmemory
# what libraries log when something fails is worded by each its own way
"$program" 2>/dev/null
