# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the node rung's scripts share; it lies in dom0's /root. Each check prints one line, "ok TEXT",
# "not ok TEXT" or "skip TEXT", which the runner counts; after "not ok" comes what there was to see,
# behind "#". A check never ends the script: the ones after it still run.
samples=/usr/share/mews/samples
logs=/var/log/mews/console

ok() { echo "ok $*"; }
not_ok() { # TEXT, with what there was to see on stdin
    echo "not ok $*"
    sed 's/^/# /' | tail -n 40
}
skip() { echo "skip $*"; }

# check TEXT COMMAND...: the command exits 0
check() {
    local text=$1 output status
    shift
    output=$("$@" 2>&1)
    status=$?
    if [[ $status == 0 ]]; then ok "$text"; else not_ok "$text" <<<"exit status $status: $* :: $output"; fi
    return "$status"
}

# check_same TEXT EXPECTED ACTUAL
check_same() {
    if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" <<<"expected: $2"$'\n'"found: $3"; fi
}

# check_says TEXT PATTERN COMMAND...: exits 0 and prints something that the pattern (grep -E) matches
check_says() {
    local text=$1 pattern=$2 output status
    shift 2
    output=$("$@" 2>&1)
    status=$?
    if [[ $status == 0 ]] && grep -qE -- "$pattern" <<<"$output"; then
        ok "$text"
    else
        not_ok "$text" <<<"exit status $status, wanted /$pattern/: $* :: $output"
    fi
}

# refuse TEXT STATUS PATTERN COMMAND...: exits with STATUS, and says PATTERN (grep -iE) on stderr
refuse() {
    local text=$1 wanted=$2 pattern=$3 output status
    shift 3
    output=$("$@" 2>&1 >/dev/null)
    status=$?
    if [[ $status == "$wanted" ]] && grep -qiE -- "$pattern" <<<"$output"; then
        ok "$text"
    else
        not_ok "$text" <<<"exit status $status (wanted $wanted), wanted /$pattern/: $* :: $output"
    fi
}

# within TENTHS COMMAND...: tries until the command exits 0. Generous limits: they only end a failure.
within() {
    local tenths=$1 i
    shift
    for ((i = 0; i < tenths; i += 3)); do # not oftener: a look costs an emulated CPU more than it waits
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.3
    done
    return 1
}

# console_has NAME PATTERN [COUNT]: the VPS's console log holds so many lines like it
console_has() {
    local found
    found=$(grep -acE -- "$2" "$logs/$1.log" 2>/dev/null)
    ((${found:-0} >= ${3:-1}))
}

# check_console TEXT NAME PATTERN [COUNT] [TENTHS]: the VPS's console log comes to hold COUNT lines like it
check_console() {
    local text=$1 log=$logs/$2.log pattern=$3 count=${4:-1} tenths=${5:-600} i
    for ((i = 0; i < tenths; i += 3)); do
        if console_has "$2" "$pattern" "$count"; then
            ok "$text"
            return 0
        fi
        sleep 0.3
    done
    not_ok "$text" < <(
        echo "no $count of /$pattern/ in $log, whose end is:"
        tail -n 15 "$log"
        vmctl list
    )
    return 1
}

exists() { vmctl list | awk '{ print $1 }' | grep -qx -- "$1"; }
gone() { ! exists "$1"; }

# vps NAME [KEY=VALUE...]: writes NAME.xml and prints its path. Keys: memory (MiB), vcpus, kernel, initrd,
# cmdline, disk (FILE or FILE,ro; more than one may be given), nic (BRIDGE), mac, on_reboot, on_crash, extra (XML).
vps() {
    local name=$1 memory=128 vcpus=1 kernel=$samples/vmlinux initrd=$samples/initramfs.cpio.gz
    local cmdline='' on_reboot=restart on_crash=destroy extra='' devices='' mac='' nic='' word disks=0 letter letters=abcdef type key
    shift
    for word; do
        case $word in
        disk=*)
            letter=${letters:disks:1} disks=$((disks + 1))
            word=${word#*=} type=file key=file
            [[ -b ${word%,ro} ]] && type=block key=dev
            devices+="<disk type='$type' device='disk'><source $key='${word%,ro}'/><target dev='xvd$letter' bus='xen'/>"
            [[ $word == *,ro ]] && devices+="<readonly/>"
            devices+="</disk>"
            ;;
        memory=* | vcpus=* | kernel=* | initrd=* | cmdline=* | on_reboot=* | on_crash=* | extra=* | mac=* | nic=*)
            printf -v "${word%%=*}" %s "${word#*=}"
            ;;
        *) echo "vps: $word?" >&2 ;;
        esac
    done
    [[ -z $nic ]] || devices+="<interface type='bridge'>${mac:+<mac address='$mac'/>}<source bridge='$nic'/></interface>"
    cat >"/root/$name.xml" <<X
<domain type='xen'>
  <name>$name</name>
  <memory unit='MiB'>$memory</memory>
  <vcpu>$vcpus</vcpu>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
    <kernel>$kernel</kernel>
    ${initrd:+<initrd>$initrd</initrd>}
    <cmdline>console=hvc0 quiet panic=-1 $cmdline</cmdline>
  </os>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>$on_reboot</on_reboot>
  <on_crash>$on_crash</on_crash>
  $extra
  <devices>$devices</devices>
</domain>
X
    echo "/root/$name.xml"
}

# initrd_with_job NAME [FILE...] <<'JOB': the sample's initramfs with a /job that its init runs, /fpu-hold and
# the FILEs beside it; prints its path
initrd_with_job() {
    local dir name=$1
    shift
    dir=$(mktemp -d)
    cat >"$dir/job"
    cp /root/fpu-hold "$@" "$dir/"
    { cat "$samples/initramfs.cpio.gz" && (cd "$dir" && find . -type f | /usr/lib/busybox/cpio -o -H newc 2>/dev/null | gzip -1); } >"/root/$name.cpio.gz"
    rm -r "$dir"
    echo "/root/$name.cpio.gz"
}

# What is there now: the hypervisor's free pages and domains, the store's nodes, loop devices, cards.
account() {
    echo "$(/root/hv-count | cut -d" " -f1,2) store_nodes=$(xenstore-ls -f / | wc -l)" \
        "loops=$(losetup -a | wc -l) cards=$(find /sys/class/net/ -name 'vif*' | wc -l)" \
        "vbds=$(find /sys/bus/xen-backend/devices/ -name 'v*' 2>/dev/null | wc -l)"
}

# nothing_left TEXT ACCOUNT: all is as ACCOUNT was; what is given back in the background gets ten seconds
nothing_left() {
    local now i
    for ((i = 0; i < 20; i++)); do
        now=$(account)
        if [[ $now == "$2" ]]; then
            ok "$1"
            return
        fi
        sleep 0.5
    done
    not_ok "$1" <<<"before: $2"$'\n'"after:  $now"$'\n'"$(xenstore-ls -f / | tail -40)"
}

# warm_up: a VPS with a disk and a card comes and goes, so that what the hypervisor and the kernel take once
# and keep for ever is not taken for a loss of what comes after. A loss that repeats is still seen.
warm_up() {
    vmctl create --paused "$(vps warm disk=$samples/root.img nic=xenbr0)" >/dev/null && vmctl destroy warm
    within 100 gone warm
    sleep 0.5
}
