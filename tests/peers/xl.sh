# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the peers rung's scripts share beside lib.sh: domains as xl has them.
. /root/lib.sh
logs=/var/log/xen/console # of NAME: guest-NAME.log

exists() { xl domid "$1" >/dev/null 2>&1; }

# xl_vps NAME [KEY=VALUE...]: writes NAME.cfg and prints its path. Keys: as in xl.cfg, with what a string needs around it;
# `do` is what the VPS does once up (vps-init); `kernel` and `initrd` files; `tsc` the tsc_mode; `args` more for its kernel.
xl_vps() {
    local name=$1 do='' kernel=$samples/vmlinux initrd=$samples/initramfs.cpio.gz memory=128 vcpus=1 tsc=native args='' word rest=''
    shift
    for word; do
        case $word in
        do=* | kernel=* | initrd=* | memory=* | vcpus=* | tsc=* | args=*) printf -v "${word%%=*}" %s "${word#*=}" ;;
        *) rest+=$word$'\n' ;;
        esac
    done
    [[ -z $initrd ]] || rest+="ramdisk = \"$initrd\""
    cat >"/root/$name.cfg" <<X
name = "$name"
kernel = "$kernel"
memory = $memory
vcpus = $vcpus
tsc_mode = "$tsc"
extra = "console=hvc0 quiet panic=-1${do:+ vps.do=$do}${args:+ $args}"
on_poweroff = "destroy"
on_crash = "destroy"
$rest
X
    echo "/root/$name.cfg"
}

# domain NAME COLUMN: of its row in xl list (3 memory, 4 vcpus, 5 state)
domain() { xl list "$1" 2>/dev/null | awk -v c="$2" 'NR == 2 { print $c }'; }

# reading PATH: a node of the store, or nothing
reading() { xenstore-read "$1" 2>/dev/null; }
