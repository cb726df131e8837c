# SPDX-License-Identifier: MIT
# Linux's own drivers with what they may ask for: rings of several pages, persistent grants, events by queues and by two
# levels, grant tables of both versions. A disk and a card each time, and what they carry is right.
. /root/lib.sh

mkdir -p /root/d /root/www
head -c 8M /dev/urandom >/root/d/disk.img
head -c 4M /dev/urandom >/root/www/file
read_sum=$(sha256sum </root/d/disk.img | cut -d' ' -f1) file_sum=$(sha256sum </root/www/file | cut -d' ' -f1)
/usr/lib/busybox/httpd -p 10.0.9.1:80 -h /root/www
job=$(initrd_with_job rings <<'JOB'
dmesg | grep -E 'xen:events|grant_table'
rmmod xen_blkfront || echo "rmmod: $?: $(lsmod)"
modprobe xen_blkfront max_ring_page_order=2 || echo "modprobe: $?"
i=0
until [ -b /dev/xvda ] || [ $i = 50 ]; do i=$((i + 1)); sleep 0.2; done
echo "read $(sha256sum /dev/xvda | cut -d' ' -f1)"
yes mews-was-here | head -c 4194304 >/tmp/pattern
dd if=/tmp/pattern of=/dev/xvda bs=256k seek=4 conv=notrunc,fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
echo "back $(dd if=/dev/xvda bs=256k skip=4 count=16 2>/dev/null | sha256sum | cut -d' ' -f1)"
echo "pattern $(sha256sum </tmp/pattern | cut -d' ' -f1)"
echo "fetched $(wget -q -O - http://10.0.9.1/file | sha256sum | cut -d' ' -f1)"
echo rings-done
sleep 1000
JOB
)
warm_up
before=$(account)
# try NAME EVENTS VERSION CMDLINE...: EVENTS as the kernel's log has it
try() {
    local name=$1 events=$2 version=$3 id front back log
    shift 3
    cp --sparse=never /root/d/disk.img "/root/d/$name.img"
    check "$name: create" vmctl create "$(vps "$name" vcpus=2 initrd="$job" disk="/root/d/$name.img" nic=xenbr0 \
        cmdline="vps.ip=10.0.9.5/24 loglevel=7 xen_blkfront.max_ring_page_order=2 grant_table.version=$version $*")"
    check_console "$name: it is through" "$name" 'rings-done' 1 900
    log=$(tr -d '\r' <"$logs/$name.log")
    check_says "$name: events: $events" "xen:events: Using $events ABI" echo "$log"
    check_says "$name: grant tables: version $version" "Grant tables using version $version layout" echo "$log"
    check_says "$name: what it read is right" "read $read_sum" echo "$log"
    check_same "$name: and what it wrote" "$(sed -n 's/^pattern //p' <<<"$log")" "$(sed -n 's/^back //p' <<<"$log")"
    check_same "$name: it is in the file" "$(sed -n 's/^pattern //p' <<<"$log")" \
        "$(dd if="/root/d/$name.img" bs=256k skip=4 count=16 2>/dev/null | sha256sum | cut -d' ' -f1)"
    check_says "$name: what it fetched is right" "fetched $file_sum" echo "$log"
    id=$(vmctl list | awk -v name="$name" '$1 == name { print $2 }')
    front=/local/domain/$id/device/vbd/51712
    back=$(xenstore-read "$front/backend")
    check_same "$name: the ring has four pages" 2 "$(xenstore-read "$front/ring-page-order" 2>&1)"
    check_same "$name: the frontend lends for good" 1 "$(xenstore-read "$front/feature-persistent" 2>&1)"
    check_same "$name: and the backend keeps" 1 "$(xenstore-read "$back/feature-persistent" 2>&1)"
    check "$name: destroy" vmctl destroy "$name"
}
try fifo-v1 FIFO-based 1
try fifo-v2 FIFO-based 2
try two-level-v1 2-level 1 xen.fifo_events=0
try two-level-v2 2-level 2 xen.fifo_events=0
check_says "dom0's own events: FIFO" 'Using FIFO-based ABI' dmesg
nothing_left 'nothing is left' "$before"
