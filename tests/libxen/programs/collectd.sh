#!/bin/bash
# SPDX-License-Identifier: MIT
# collectd's plugin xencpu, loaded by Debian's collectd: a value for each CPU.
# source: collectd
# files: src/xencpu.c
# also: src/*.h
# flags: -shared -fPIC -Isrc -Isrc/daemon -DNAN_STATIC_DEFAULT=1 -DFP_LAYOUT_NEED_NOTHING=1 -DPACKAGE_NAME="collectd"
# libs: xenctrl
# packages: collectd-core:usr/sbin/collectd collectd-core:usr/lib/collectd collectd-core:usr/share/collectd libcap2
# debian: /usr/lib/collectd/xencpu.so
mkdir plugins
cp "$program" plugins/xencpu.so
cp /usr/lib/collectd/csv.so plugins/
cat >conf <<E
FQDNLookup false
Hostname node
BaseDir "$PWD"
PIDFile "$PWD/pid"
PluginDir "$PWD/plugins"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin csv
LoadPlugin xencpu
<Plugin csv>
  DataDir "stdout"
</Plugin>
E
collectd -f -C conf >out 2>&1 &
pid=$!
for ((i = 0; i < 150; i++)); do
    [[ $(grep -c '^PUTVAL' out) -ge 2 ]] && break
    sleep 0.2
done
kill "$pid"
wait "$pid"
status=$?
grep 'xencpu' out | grep -v '^PUTVAL'
sed -nE 's,^PUTVAL (node/xencpu-[0-9]+/percent-load) .*:([0-9.]+)$,\1 \2,p' out |
    awk '{ print $1, $2 >= 0 && $2 <= 110 ? "a share of a CPU" : "not a share: " $2 }' | sort -u
exit "$status"
