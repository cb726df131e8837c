#!/bin/bash
# SPDX-License-Identifier: MIT
# Xen's own test of a store: requests, transactions and their conflicts, lists.
# source: xen
# files: tools/tests/xenstore/test-xenstore.c
# also: tools/include/xen-tools/*
# flags: -Itools/include
# libs: xenstore
"$program" -i 5 | sed 's/[0-9.]* *[nmu]*s\(ec\)*//g'
status=${PIPESTATUS[0]}
xenstore-rm /local/domain/0/xenstore-test # what it leaves behind
exit "$status"
