#!/bin/bash
# SPDX-License-Identifier: MIT
# kexec of kexec-tools: Mews has no kexec, which it must be told in words.
# source: kexec-tools
# files: configure
# also: *
# build: kexec.build
# libs: xenctrl
# packages: kexec-tools:sbin/kexec
# debian: /usr/sbin/kexec
# xen: no, because Xen has kexec
for words in --version -S -u -e '-p /bin/busybox' '-l /bin/busybox' --print-ckr-size; do
    echo "kexec $words:"
    # shellcheck disable=SC2086 # words
    "$program" $words
    echo "status $?"
done 2>&1
