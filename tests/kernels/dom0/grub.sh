# SPDX-License-Identifier: MIT
# GRUB as a VPS's kernel, as hosts have it whose customers bring kernels of their own: it finds boot/grub/grub.cfg on the VPS's
# disk, shows its menu on the console, is typed to, loads kernel and initramfs from the disk, and hands the domain over.
. /root/others.sh

# The customer's disk: a file system with a kernel, an initramfs and a menu.
mkdir -p /root/tree/boot/grub
cp $samples/vmlinuz $samples/initramfs.cpio.gz /root/tree/boot/
cat >/root/tree/boot/grub/grub.cfg <<'CFG'
set timeout=120
set default=0
menuentry first { true }
menuentry --hotkey=s second {
    linux /boot/vmlinuz console=hvc0 quiet panic=-1 vps.ip=10.0.9.2/24 vps.chosen=second
    initrd /boot/initramfs.cpio.gz
}
CFG
warm_up
before=$(account)
for path in "$others"/grub-*; do
    name=${path##*/}
    truncate -s 64M "/root/$name.img"
    mkfs.ext4 -qF -E root_owner=0:0 -d /root/tree "/root/$name.img"
    check "GRUB ${name#*-} is made a VPS of" vmctl create "$(vps "$name" memory=256 vcpus=2 kernel="$path/grub-x86_64-xen.bin" initrd= \
        disk="/root/$name.img" nic=xenbr0)"
    check_console 'it finds its configuration on the disk, and shows its menu' "$name" 'second' 1 900
    {
        sleep 1
        printf s
        sleep 1
        printf '\035'
        sleep 30
    } | timeout 60 vmctl console "$name" >/dev/null 2>&1
    check_console 'the kernel that was chosen there runs' "$name" 'VPS up: Linux .* on xen, 2[0-9][0-9] MiB, 2 CPU' 1 900
    check_console 'its disk is mounted' "$name" 'VPS disk: /dev/xvda 64 MiB rw, mounted'
    check_console 'it is there' "$name" 'VPS ready'
    check 'its card answers' ping -c 3 -W 5 10.0.9.2
    check 'it shuts down when asked' vmctl shutdown "$name"
    check 'by itself' within 300 gone "$name"
    check 'without a complaint' no_complaint "$name"
    nothing_left 'nothing is left of it' "$before"
done
