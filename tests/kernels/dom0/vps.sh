# SPDX-License-Identifier: MIT
# Debian's other kernels as VPSes, with two vcpus, a disk and a card: each works in parallel, reads and writes, fetches, grows
# and shrinks, loses and gets a vcpu, is typed to, and powers itself off when asked.
# node: --hv-args dom0_max_vcpus=1 --hv-args tsc=stable
. /root/others.sh

mkdir -p /root/www
head -c 4M /dev/urandom >/root/www/file
ours=$(sha256sum </root/www/file | cut -d' ' -f1)
/usr/lib/busybox/httpd -p 10.0.9.1:80 -h /root/www
online() { [[ $(vmctl info "$1" --json | jq .vcpus) == "$2" ]]; }

warm_up
before=$(account)
for path in "$others"/vps-*; do
    name=${path##*/} what="Linux $(<"$path/release")"
    echo "# $name: $what"
    head -c 16M /dev/urandom >"/root/$name.img"
    # it grows by new memory blocks, which somebody must put on line (docs/guests.md)
    words=''
    [[ $name != vps-5.10 ]] || words=memhp_default_state=online
    check "$what is made a VPS of" vmctl create "$(vps "$name" memory=512 vcpus=2 kernel="$path/vmlinuz" \
        initrd="$(other_initrd "$name")" disk="/root/$name.img" nic=xenbr0 cmdline="loglevel=7 $words vps.ip=10.0.9.2/24" \
        extra="<currentMemory unit='MiB'>256</currentMemory>")"
    check_console 'it comes through its work' "$name" '^through=all' 1 1500
    log=$(log_of "$name")
    grep -a '^kernel: ' <<<"$log" | sed 's/^kernel: /# /'
    check_same 'it is the kernel that was meant' "$(<"$path/release")" "$(sed -n 's/^release=//p' <<<"$log")"
    check_says 'both vcpus are on line' '^cpus=0-1$' echo "$log"
    check_says 'they work in parallel' '^load=done' echo "$log"
    check_says 'its vDSO reads the time from the hypervisor' '^clock=vdso xen$' echo "$log"
    check_says 'events by FIFO' 'Using FIFO-based ABI' echo "$log"
    check_says 'its disk holds what it wrote' '^disk=right' echo "$log"
    check_same 'so it does for dom0' "$(sed -n 's/^wrote=//p' <<<"$log")" "$(dd if="/root/$name.img" bs=64k skip=32 count=64 2>/dev/null | sha256sum | cut -d' ' -f1)"
    check_same 'all of the disk is read right' "$(sed -n 's/^read=//p' <<<"$log")" "$(sha256sum <"/root/$name.img" | cut -d' ' -f1)"
    check_says 'ping' '^ping=done' echo "$log"
    check_says 'TCP, 4 MiB, right' "^fetched=$ours$" echo "$log"
    check 'it grows to 512 MiB' vmctl set "$name" --memory 512M
    check_console 'and says so' "$name" '^now=0-1 total=4[0-9]{5}\s*$'
    check 'it shrinks to 200 MiB' vmctl set "$name" --memory 200M
    check_console 'and says so' "$name" '^now=0-1 total=1[0-9]{5}\s*$' 1
    check 'a vcpu goes' vmctl set "$name" --vcpus 1
    check_console 'off line' "$name" '^now=0 total'
    check 'the hypervisor says so too' within 100 online "$name" 1
    check 'and comes back' vmctl set "$name" --vcpus 2
    check 'on line' within 100 online "$name" 2
    output=$({
        sleep 1
        printf 'echo typed-$((6 * 7))\n'
        sleep 2
        printf '\035'
        sleep 30
    } | timeout 60 vmctl console "$name" 2>&1)
    check_says 'what is typed is run' 'typed-42' echo "$output"
    check 'it shuts down when asked' vmctl shutdown "$name"
    check 'by itself' within 300 gone "$name"
    check 'without a complaint' no_complaint "$name"
    nothing_left 'nothing is left of it' "$before"
done
