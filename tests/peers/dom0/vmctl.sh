# SPDX-License-Identifier: MIT
# The other way round: our vmctl, libvmctl and mews-consoled with Debian's xenstored, whose console daemon is stopped. A VPS
# with a disk and a card is made, looked at, changed and ended; xl sees it meanwhile.
. /root/xl.sh
logs=/var/log/mews/console
exists() { vmctl list | awk '{ print $1 }' | grep -qx -- "$1"; }

kill "$(</run/xenconsoled.pid)"
within 50 bash -c "! kill -0 $(</run/xenconsoled.pid)"
check_same 'the store is Debian'"'s" /usr/lib/xen-4.17/bin/xenstored "$(readlink "/proc/$(</run/xenstored.pid)/exe")"
mews-consoled --background

tick=$(initrd_with_job tick <<'JOB'
(i=0; while :; do i=$((i + 1)); echo "tick $i $(nproc) $(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" >/dev/hvc0; sleep 0.5; done) &
JOB
)
said() { grep -a '^tick' $logs/one.log | tail -1 | tr -d '\r'; }
vps_has() { [[ $(said | cut -d' ' -f"$1") == "$2" ]]; }
less_memory() { (($(said | cut -d' ' -f4) < $1)); }

cp $samples/root.img /root/one.img
warm_up
before=$(account)
xml=$(vps one initrd="$tick" memory=192 vcpus=2 disk=/root/one.img nic=xenbr0)
check 'vmctl create' vmctl create "$xml"
check_console 'it comes to its userspace' one 'VPS up: Linux .* on xen, 1[0-9][0-9] MiB, 2 CPU'
check_console 'with its disk' one 'checksums right'
check_console 'and its card' one 'VPS network: eth0'
check 'which answers' within 100 busybox ping -c1 -w2 10.0.9.2
check_says 'vmctl list shows it' '^one .*(running|blocked)' vmctl list
check_says 'xl list does too' '^one +[0-9]+ +192 +2 ' xl list
check_says 'vmctl info' 'one' vmctl info one
check_console 'it runs on' one '^tick 3 2'
check 'vmctl set --vcpus 1' vmctl set one --vcpus 1
check 'the VPS has one' within 100 vps_has 3 1
check 'vmctl set --memory' vmctl set one --memory 160MiB
check 'the VPS has less' within 100 less_memory 150
check 'vmctl pause' vmctl pause one
check_says 'it is paused' '^one .*paused' vmctl list
check 'vmctl unpause' vmctl unpause one
check 'vmctl console shows what it says' bash -c "script -qc 'timeout 3 vmctl console one' /dev/null </dev/null | grep -aq '^tick'"
check 'vmctl reboot' vmctl reboot one
check_console 'it comes up a second time' one 'VPS up' 2
check 'vmctl destroy' vmctl destroy one
check 'it is gone' within 100 gone one
nothing_left 'nothing is left of it' "$before"
