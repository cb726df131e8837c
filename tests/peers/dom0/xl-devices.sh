# SPDX-License-Identifier: MIT
# Debian's xl with a VPS's disks and cards: at its creation, and while it runs. The VPS says on its console twice a second
# which it sees.
. /root/xl.sh

sees() { # PATTERN: what the VPS said last
    grep -a '^sees' $logs/guest-dev.log | tail -1 | tr -d '\r' | grep -qE -- "$1"
}
pings() { busybox ping -c1 -w2 "$1"; }

look=$(initrd_with_job look <<'JOB'
modprobe xen-blkfront; modprobe xen-netfront
(while :; do echo "sees $(ls /sys/block | tr '\n' ' ')and $(ls /sys/class/net | tr '\n' ' ')"; sleep 0.5; done) >/dev/hvc0 &
JOB
)
cp $samples/root.img /root/one.img
truncate -s 24M /root/two.img
cfg=$(xl_vps dev initrd="$look" 'disk = ["file:/root/one.img,xvda,w"]' 'vif = ["bridge=xenbr0,mac=00:16:3e:00:00:01"]')
xl create -qp "$cfg" && xl destroy dev # what is taken once and kept is not taken for a loss
within 100 gone dev
before=$(account)

check 'xl create with a disk and a card' xl create -q "$cfg"
check_console 'the VPS has mounted its disk, and its sums are right' guest-dev 'checksums right'
check_console 'and has its card' guest-dev 'VPS network: eth0 10.0.9.2'
check 'which answers' within 100 pings 10.0.9.2
check_says 'block-list: connected' '^51712 +0 +[0-9]+ +4 .*/backend/vbd/' xl block-list dev
check_says 'network-list: connected, its address' '^0 +0 +00:16:3e:00:00:01 +[0-9]+ +4 ' xl network-list dev
refuse 'a disk that is not there' 3 'nosuch.img' xl create -q "$(xl_vps bad 'disk = ["file:/root/nosuch.img,xvda,w"]')"

check 'xl block-attach' xl block-attach dev file:/root/two.img xvdb w
check 'the VPS sees it' within 100 sees ' xvdb '
check_says 'block-list: two' '^51728 +0 +[0-9]+ +4 ' xl block-list dev
refuse 'the same place twice: refused' 1 'exists' xl block-attach dev file:/root/two.img xvdb w
check 'xl block-detach' xl block-detach dev xvdb
check 'the VPS sees it no more' within 100 bash -c "! grep -a '^sees' $logs/guest-dev.log | tail -1 | grep -q xvdb"
check_same 'block-list: one' 1 "$(xl block-list dev | grep -c /backend/vbd/)"

check 'xl network-attach' xl network-attach dev bridge=xenbr0 mac=00:16:3e:00:00:02
check 'the VPS sees it' within 100 sees ' eth1 '
check_says 'network-list: two' '00:16:3e:00:00:02' xl network-list dev
check 'xl network-detach' xl network-detach dev 00:16:3e:00:00:02
check_same 'network-list: one' 1 "$(xl network-list dev | grep -c /backend/vif/)"
check 'the VPS sees it no more' within 100 bash -c "! grep -a '^sees' $logs/guest-dev.log | tail -1 | grep -q eth1"
check 'the first card still answers' within 100 pings 10.0.9.2

id=$(xl domid dev)
check_says 'xentop counts its disk and card' "dev .* 1 .* 1 " bash -c 'COLUMNS=200 xentop -b -f -i 1'
check 'xl destroy' xl destroy dev
check 'it is gone' within 100 gone dev
check_same 'no backend of it is left in the store' '' "$(xenstore-ls -f /local/domain/0/backend 2>/dev/null | grep "/$id/")"
nothing_left 'nothing is left of it' "$before"
