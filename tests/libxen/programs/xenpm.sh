#!/bin/bash
# SPDX-License-Identifier: MIT
# xenpm: the processors' power management as a hypervisor does it. Mews leaves it to the processor: what xenpm then
# says must be its own clear words.
# source: xen
# files: tools/misc/xenpm.c
# also: tools/include/xen-tools/*
# flags: -Itools/include
# libs: xenctrl
# packages: xen-utils-4.17:usr/lib/xen-4.17/bin/xenpm
# debian: /usr/lib/xen-4.17/bin/xenpm
# xen: no, because Xen manages power itself
for words in get-cpu-topology get-cpuidle-states get-cpufreq-states get-cpufreq-para get-cpufreq-average \
    'set-scaling-governor performance' 'set-scaling-maxfreq 0 1000' 'set-max-cstate 1' 'set-sched-smt enable' \
    get-vcpu-migration-delay 'enable-turbo-mode 0' 'get-cpufreq-para 99' nonsense; do
    echo "xenpm $words:"
    # shellcheck disable=SC2086 # words
    "$program" $words | sed -E '/residency|time|Avg|transition/{s/[0-9]+/N/g;s/ +/ /g}'
    echo "status ${PIPESTATUS[0]}"
done 2>&1
