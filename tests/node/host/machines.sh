# SPDX-License-Identifier: MIT
# QEMU's two PC machines: disks by virtio-blk, AHCI and NVMe are read and written, cards by virtio and e1000
# get an address from QEMU's own DHCP server; interrupts come as lines, as MSI and as MSI-X.
. "$(dirname "$0")/../host-lib.sh"

cat >"$scratch/job" <<'JOB'
for _ in {1..50}; do [[ -e /dev/vda && -e /dev/sda && -e /dev/nvme0n1 ]] && break; sleep 0.1; done
for disk in vda sda nvme0n1; do
    echo "$disk reads $(sha256sum <"/dev/$disk" | cut -d' ' -f1)"
    echo "written to $disk" | dd of=/dev/$disk bs=512 seek=100 conv=notrunc,fsync 2>/dev/null && echo "$disk written"
done
echo 'ip addr add $ip/24 dev $interface' >/tmp/lease
chmod +x /tmp/lease
for card in /sys/class/net/eth*; do
    name=${card##*/}
    driver=$(basename "$(readlink -f "$card/device/driver")")
    ip link set "$name" up
    if /usr/lib/busybox/udhcpc -n -q -f -t 5 -T 3 -i "$name" -s /bin/true >/tmp/dhcp 2>&1; then
        echo "card $driver got a lease"
    else
        echo "card $driver got none: $(tail -1 /tmp/dhcp)"
    fi
done
cat /proc/interrupts
JOB
for machine in pc q35; do
    for disk in v a n; do head -c 4M /dev/urandom >"$scratch/$disk"; done
    devices=(-drive "file=$scratch/a,format=raw,if=none,id=a" -drive "file=$scratch/n,format=raw,if=none,id=n"
        -device nvme,drive=n,serial=mews -netdev user,id=n1,restrict=on -device e1000,netdev=n1,romfile=)
    if [[ $machine == pc ]]; then devices+=(-device ich9-ahci,id=sata -device ide-hd,bus=sata.0,drive=a); else devices+=(-device ide-hd,bus=ide.0,drive=a); fi
    declare -A sums=()
    for disk in v a n; do sums[$disk]=$(sha256sum <"$scratch/$disk" | cut -d' ' -f1); done
    node --no-samples --machine "$machine" --disk "$scratch/v" "$scratch/job" "${devices[@]}"
    check_same "$machine boots and powers off" 0 $?
    for pair in v:vda:virtio-blk a:sda:AHCI n:nvme0n1:NVMe; do
        IFS=: read -r file disk kind <<<"$pair"
        says "$machine: $kind reads right" "^$disk reads ${sums[$file]}"
        check_same "$machine: $kind writes" "written to $disk" "$(dd if="$scratch/$file" bs=512 skip=100 count=1 2>/dev/null | tr -d '\0' | head -1)"
    done
    for card in virtio_net e1000; do says "$machine: $card gets a lease" "card $card got a lease"; done
    says "$machine: interrupt lines" 'xen-pirq.*ioapic-level'
    says "$machine: MSI" 'xen-pirq.*msi .*ahci|xen-pirq.*msi[^-].*'
    says "$machine: MSI-X" 'xen-pirq.*msi-x'
done
