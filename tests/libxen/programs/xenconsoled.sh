#!/bin/bash
# SPDX-License-Identifier: MIT
# Xen's console daemon in the place of ours: it hears of a new VPS from the store, maps its console, logs what the VPS
# says, and passes on what is typed at the terminal that it makes.
# source: xen
# files: tools/console/daemon/main.c tools/console/daemon/utils.c tools/console/daemon/io.c
# also: tools/console/daemon/*.h tools/include/xen-tools/*
# flags: -D__XEN_TOOLS__ -Itools/include -DXEN_LOG_DIR="/tmp" -DXEN_RUN_DIR="/tmp"
# libs: xenctrl xenstore xenevtchn xengnttab xenforeignmemory xentoollog
# packages: xen-utils-4.17:usr/lib/xen-4.17/bin/xenconsoled
# debian: /usr/lib/xen-4.17/bin/xenconsoled
# brings: tests/guest/vps-hello.elf
log=guest-talker.log
within() { # COMMAND...: waits until it succeeds
    for ((i = 0; i < 100; i++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "in vain: $*"
}
without() { ! "$@"; }
cat >talker.xml <<XML
<domain type='xen'>
  <name>talker</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
    <kernel>/opt/libxen/vps-hello.elf</kernel>
    <cmdline>lines=40</cmdline>
  </os>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
</domain>
XML
# ours lets go of dom0's consoles for as long
kill "$(pidof mews-consoled)"
within without pidof mews-consoled
"$program" -i -v --log=guest --log-dir="$PWD" >out 2>&1 &
daemon=$!
vmctl create talker.xml
within grep -q 'lines 40 done' $log
id=$(xenstore-list /local/domain | sort -n | tail -1)
tty=$(xenstore-read "/local/domain/$id/console/tty")
[[ -c $tty ]] && echo 'it has a terminal'
echo 'some words' >"$tty"
within grep -q 'echo: some words' $log
echo poweroff >"$tty"
within without xenstore-exists "/local/domain/$id/name"
within test ! -e "$tty"
kill "$daemon"
wait "$daemon"
tr -d '\r' <$log
sed -nE "s/(New domain |Removing domain-)$id\$/\1of ours/p" out
mews-consoled --background
