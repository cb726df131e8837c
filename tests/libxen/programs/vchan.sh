#!/bin/bash
# SPDX-License-Identifier: MIT
# Xen's byte stream between domains, its library compiled along, between two programs of dom0: shared pages, grants,
# events, and both ends' ends.
# source: xen
# files: tools/vchan/node-select.c tools/libs/vchan/init.c tools/libs/vchan/io.c
# also: tools/libs/vchan/vchan.h tools/include/libxenvchan.h
# flags: -Itools/include -Itools/libs/vchan
# libs: xenstore xengnttab xenevtchn xentoollog
seq 1 40000 >data
all_came() {
    for ((i = 0; i < 400; i++)); do
        [[ $(stat -c %s to-server to-client 2>/dev/null | xargs) == "$(stat -c '%s %s' data)" ]] && return
        sleep 0.05
    done
}
send() { # BUFFER-SIZES...: a file each way, with the server's end first
    local path=/local/domain/0/data/libxen-$#$1
    xenstore-write "$path" ''
    echo "-- buffers $*"
    rm -f to-server to-client
    (cat data; all_came) | "$program" server 0 "$path" "$@" >to-server 2>server.log &
    server=$!
    for _ in {1..100}; do
        xenstore-exists "$path/event-channel" && break
        sleep 0.05
    done
    (tac data; all_came) | timeout 30 "$program" client 0 "$path" >to-client 2>client.log
    echo "client ended with $?"
    wait $server
    echo "server ended with $?"
    cmp <(tac data) to-server && cmp data to-client && echo 'all of it came'
    head -3 server.log client.log
    xenstore-rm "$path"
}
send 1000 1000
send 4096 65536
send 30000 2000
"$program" client 0 /local/domain/0/data/none
echo "client without a server: $?"
"$program" server 12345 /local/domain/0/data/nobody 100 100 </dev/null
echo "server for nobody: $?"
xenstore-ls /local/domain/0/data | sed 's/"[0-9]*"/a number/'
xenstore-rm /local/domain/0/data
