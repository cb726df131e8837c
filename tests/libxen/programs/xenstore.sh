#!/bin/bash
# SPDX-License-Identifier: MIT
# The store's command-line clients, which are one program by several names: each verb, right and wrong.
# source: xen
# files: tools/xenstore/xenstore_client.c tools/xenstore/xs_lib.c
# also: tools/xenstore/xs_lib.h
# flags: -Itools/xenstore -DXEN_RUN_STORED="/run/xenstored"
# libs: xenstore
# debian: /usr/bin/xenstore
for verb in read write ls rm chmod watch list exists; do ln -s "$program" "xenstore-$verb"; done
PATH=$PWD:$PATH
say() {
    echo "-- $*" | cut -c -120
    "$@" >output 2>&1
    echo "= $?"
    cut -c -120 output
}
base=/tool/libxen
say xenstore-write $base/a 1 $base/b/c 'two words' $base/empty ''
say xenstore-ls $base
say xenstore-ls -f -p $base
say xenstore-ls /local/domain/0
say xenstore-list $base
say xenstore-list -p $base $base/b
say xenstore-list $base/none
say xenstore-read $base/a $base/b/c
say xenstore-read -p $base/a
say xenstore-read $base/none
say xenstore-read $base/a $base/none
say xenstore-write $base/binary '\x01\xff\\ end'
say xenstore-read -R $base/binary
say xenstore-read $base/binary
say xenstore-exists $base/a
say xenstore-exists $base/none
say xenstore-exists -q $base/none
say xenstore-chmod $base/b n0 r3 b4 w5
say xenstore-ls -p $base
say xenstore-chmod -r $base/b r0 n7
say xenstore-ls -p $base
say xenstore-chmod $base/b x0
say xenstore-chmod $base/none n0
say xenstore-rm $base/a
say xenstore-rm $base/none
say xenstore-rm -t $base/b/c
say xenstore-ls $base
say xenstore-read
say xenstore-write $base/odd
say xenstore-write no/such/path/without/slash 1
say xenstore-write "$base/$(printf '%04000d' 0)" 1
say xenstore-write $base/long "$(printf '%05000d' 0)"
say xenstore-write "$base/bad name" 1
say xenstore-read /
say xenstore-ls -s $base

# a list that needs more than one message
for ((i = 0; i < 300; i++)); do printf '%s\n' "$base/many/a-name-that-is-not-short-$i" "$i"; done | xargs -n 100 xenstore-write
xenstore-list $base/many | sort | sha256sum
xenstore-ls $base/many | sort | sha256sum

# events in their order; each write waits for the watch to have said the one before
mkfifo events
timeout 20 "$PWD/xenstore-watch" -n 5 $base/w >events 2>&1 &
watch=$!
exec 3<events
read -r -u 3 event; echo "event $event"
for path in w/x w/x w/y; do
    xenstore-write $base/$path 1
    read -r -u 3 event; echo "event $event"
done
xenstore-rm $base/w
read -r -u 3 event; echo "event $event"
wait $watch
echo "watch ended with $?"
say xenstore-watch -n 1 $base/a/b @releaseDomain
xenstore-rm no
say xenstore-rm $base
say xenstore-exists $base
true
