# SPDX-License-Identifier: MIT
# What people get wrong: a clear error, exit status 1, and nothing left behind. Then the worst: vmctl killed
# in the middle of create, and the store gone.
. /root/lib.sh

warm_up
before=$(account)

bad() { # TEXT PATTERN XML: refused, and nothing left
    refuse "$1" 1 "$2" vmctl create "$3"
    nothing_left "nothing is left after: $1" "$before"
}

printf '<domain type="xen">\n  <name>x</name>\n  <memory>oops\n</domain>\n' >/root/malformed.xml
bad 'malformed XML' 'malformed.xml.*[34]' /root/malformed.xml
bad 'no such file' 'nosuch.xml' /root/nosuch.xml
: >/root/empty.xml
bad 'an empty file' 'empty.xml' /root/empty.xml
sed 's/xenpv/xenfv/' "$(vps plain)" >/root/changed.xml
bad 'a machine that is not xenpv' 'xenfv' /root/changed.xml
sed "s/type='xen'/type='kvm'/" /root/plain.xml >/root/changed.xml
bad "a domain that is not xen's" 'kvm' /root/changed.xml
sed '/<name>/d' /root/plain.xml >/root/changed.xml
bad 'no name' 'name' /root/changed.xml
sed 's,<name>.*</name>,<name>a/b</name>,' /root/plain.xml >/root/changed.xml
bad 'a name with a slash' 'name' /root/changed.xml
bad 'memory that is no number' 'memory' "$(vps nonum memory=lots)"
bad 'no memory' 'memory' "$(vps nomem memory=0)"
bad 'more memory than is free' 'memory|MiB|free' "$(vps huge memory=1000000)"
bad 'no vCPU' 'vcpu' "$(vps novcpu vcpus=0)"
bad 'a kernel that is not there' '/root/no-kernel' "$(vps nokernel kernel=/root/no-kernel)"
bad 'an initrd that is not there' '/root/no-initrd' "$(vps noinitrd initrd=/root/no-initrd)"
echo 'this is not a kernel' >/root/text
bad 'a kernel that is a text' '/root/text' "$(vps text kernel=/root/text)"
: >/root/nothing
bad 'an empty kernel' '/root/nothing' "$(vps nothing kernel=/root/nothing)"
bad 'a kernel that is a directory' '/root' "$(vps directory kernel=/root)"
bad 'a program that is no kernel' '/bin/busybox' "$(vps program kernel=/bin/busybox)"
head -c 5000000 $samples/vmlinux >/root/short-elf
bad 'a truncated ELF kernel' 'short-elf' "$(vps shortelf kernel=/root/short-elf)"
head -c 5000000 $samples/vmlinuz >/root/short-bzimage
bad 'a truncated bzImage' 'short-bzimage' "$(vps shortbz kernel=/root/short-bzimage)"
head -c 1000000 $samples/initramfs.cpio.gz >/root/short-initrd
bad 'a truncated initrd' 'short-initrd' "$(vps shortinitrd initrd=/root/short-initrd)"
{ head -c 3000000 $samples/vmlinuz; head -c 100000 /dev/zero; tail -c +3100001 $samples/vmlinuz; } >/root/broken-bzimage
bad 'a broken bzImage' 'broken-bzimage' "$(vps brokenbz kernel=/root/broken-bzimage)"
for kernel in elf32 pvh-only; do
    bad "a kernel of another kind: $kernel" "$kernel" "$(vps other kernel=/root/kernels/$kernel)"
done
bad 'a disk that is not there' '/root/no-disk' "$(vps nodisk disk=/root/no-disk)"
bad 'a disk that is a directory' '/root' "$(vps dirdisk disk=/root)"
bad 'a bridge that is not there' 'nobr0' "$(vps nobridge nic=nobr0)"
bad 'a good disk, then a bridge that is not there' 'nobr0' "$(vps half disk=$samples/root.img nic=nobr0)"
bad 'two disks, the second not there' 'no-disk' "$(vps half2 disk=$samples/root.img disk=/root/no-disk)"
bad 'the same disk twice' 'root.img' "$(vps twice disk=$samples/root.img disk=$samples/root.img)"

xml=$(vps odd extra='<wibble>1</wibble>' memory=128)
output=$(vmctl create "$xml" 2>&1)
check_same 'an unknown element does not stop create' 0 $?
check_says 'it is named in a warning' 'wibble' echo "$output"
refuse 'a name in use' 1 'odd' vmctl create "$xml"
check_says 'the first one still runs' '^odd .*(running|blocked)' vmctl list
vmctl destroy odd
check 'a VPS with the sample disk' vmctl create "$(vps holder disk=$samples/root.img)"
refuse 'a disk that another VPS uses read-write' 1 'holder|root.img' vmctl create "$(vps thief disk=$samples/root.img)"
check 'the thief is not there' gone thief
vmctl destroy holder
nothing_left 'nothing is left of these' "$before"

# vmctl killed in the middle, here and there; then the same again must work
xml=$(vps victim kernel=$samples/vmlinuz disk=$samples/root.img nic=xenbr0)
for after in 0.02 0.1 0.2 0.3 0.5 1 2 3; do
    vmctl create "$xml" >/root/kill.out 2>&1 &
    sleep $after
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    exists victim && vmctl destroy victim >/dev/null 2>&1 # it may have been done already
    check "create after a kill at $after s" vmctl create "$xml"
    check 'destroy that' vmctl destroy victim
    nothing_left 'nothing is left of either' "$before"
done

# the store gone: the domains and the memory must be as before
pkill -x xenstored || pkill xenstored
sleep 1
counts=$(/root/hv-count)
refuse 'create with the store down' 1 'store' timeout 60 vmctl create "$(vps storeless)"
check_same 'no domain and no memory is lost by that' "$counts" "$(/root/hv-count)"
