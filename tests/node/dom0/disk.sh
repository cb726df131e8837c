# SPDX-License-Identifier: MIT
# Disks: what a VPS reads is what lies there, what it writes is there afterwards, a read-only disk stays as
# it is; files and block devices, and all given back at the end.
. /root/lib.sh

mkdir -p /root/d
cp $samples/root.img d/clean.img
for name in rw ro block; do
    head -c 8M /dev/urandom >/root/d/$name.img
done
sums() { sha256sum "$1" | cut -d' ' -f1; }
rw=$(sums d/rw.img) ro=$(sums d/ro.img) block=$(sums d/block.img)
job=$(initrd_with_job disk <<'JOB'
for disk in xvda xvdb xvdc; do echo "disk $disk sum $(sha256sum /dev/$disk | cut -d' ' -f1)"; done
for disk in xvda xvdb xvdc; do echo "disk $disk ro $(cat /sys/block/$disk/ro) size $(cat /sys/block/$disk/size)"; done
yes mews-was-here | head -c 1048576 >/tmp/pattern
for disk in xvda xvdb xvdc; do
    if dd if=/tmp/pattern of=/dev/$disk bs=64k seek=32 conv=notrunc,fsync 2>/dev/null; then echo "disk $disk written"; else echo "disk $disk not written"; fi
done
echo "pattern $(sha256sum </tmp/pattern | cut -d' ' -f1)"
# random single sectors, read past the cache
for i in 1 7 4093 16383; do echo "sector $i $(dd if=/dev/xvda bs=512 skip=$i count=1 2>/dev/null | sha256sum | cut -d' ' -f1)"; done
sync
echo disk-done
poweroff -f
JOB
)
sectors=$(for i in 1 7 4093 16383; do echo "sector $i $(dd if=d/rw.img bs=512 skip=$i count=1 2>/dev/null | sha256sum | cut -d' ' -f1)"; done | sha256sum)
# as many mappings at once as will ever be: the hypervisor's tables of them grow to that and stay
warm_up
vmctl create "$(vps warm initrd="$job" disk=/root/d/rw.img,ro disk=/root/d/ro.img,ro disk=/root/d/block.img,ro)"
within 300 gone warm
sleep 0.5
before=$(account)
loop=$(losetup -f --show /root/d/block.img)
check 'create with three disks: a file, a read-only file, a block device' \
    vmctl create "$(vps disks initrd="$job" disk=/root/d/rw.img disk=/root/d/ro.img,ro disk="$loop")"
check_console 'it reads them' disks 'disk-done'
log=$(tr -d '\r' <$logs/disks.log)
check_says 'the file has the right sum' "disk xvda sum $rw" echo "$log"
check_says 'the read-only file too' "disk xvdb sum $ro" echo "$log"
check_says 'and the block device' "disk xvdc sum $block" echo "$log"
check_says 'the sizes and modes are right' 'disk xvda ro 0 size 16384' echo "$log"
check_says 'read-only is seen as such' 'disk xvdb ro 1 size 16384' echo "$log"
check_says 'the file is written' 'disk xvda written' echo "$log"
check_says 'the read-only file is not' 'disk xvdb not written' echo "$log"
check_says 'the block device is' 'disk xvdc written' echo "$log"
check 'the VPS ends' within 300 gone disks
pattern=$(sed -n 's/^pattern //p' <<<"$log")
for name in rw block; do
    check_same "what was written to $name is there" "$pattern" \
        "$(dd if=d/$name.img bs=64k skip=32 count=16 2>/dev/null | sha256sum | cut -d' ' -f1)"
done
check_same 'the read-only file is as it was' "$ro" "$(sums d/ro.img)"
if [[ $rw != "$(sums d/rw.img)" ]]; then ok 'the other is not'; else not_ok 'the other is not' </dev/null; fi
check_same 'single sectors were right' "$sectors" "$(grep ^sector <<<"$log" | sha256sum)"
losetup -d "$loop"
nothing_left 'nothing is left: no loop device, no backend' "$before"

# the sample's own file system, twice at once read-only, and written in between
check 'the sample disk' vmctl create "$samples/vps.xml"
check_console 'is mounted' demo 'VPS disk: /dev/xvda 8 MiB rw'
check_console 'and its checksums are right' demo 'VPS disk: checksums right'
check 'destroy' vmctl destroy demo
check 'gone' within 100 gone demo
# (a copy: the journal of the one above is not empty, and who may not write cannot replay it)
check 'two VPSes share a disk read-only: one' vmctl create "$(vps ro1 disk=/root/d/clean.img,ro)"
check 'two VPSes share a disk read-only: two' vmctl create "$(vps ro2 disk=/root/d/clean.img,ro)"
for name in ro1 ro2; do check_console "$name: checksums right" $name 'VPS disk: checksums right'; done
refuse 'read-write while others read it' 1 'clean.img' vmctl create "$(vps rw3 disk=/root/d/clean.img)"
vmctl destroy ro1
vmctl destroy ro2
nothing_left 'nothing is left' "$before"
