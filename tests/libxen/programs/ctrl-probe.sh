#!/bin/bash
# SPDX-License-Identifier: MIT
# Each function of libxenctrl that is safe in a running dom0, called rightly and wrongly: result and errno.
# source: here
# files: ctrl-probe.c
# libs: xenctrl
# xen: no, because it is about the library; what the hypervisors answer is compared in tests/diff
"$program" 2>/dev/null # messages are each library's own words
