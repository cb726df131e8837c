# SPDX-License-Identifier: MIT
# The network: ping and TCP between a VPS and dom0 and between two VPSes, both ways, with checksums.
. /root/lib.sh

warm_up
before=$(account)
ping -c 1 -W 1 10.0.9.99 >/dev/null 2>&1 && not_ok 'nobody at 10.0.9.99' </dev/null
server=$(initrd_with_job server <<'JOB'
mkdir -p /www
yes "$(cat /proc/sys/kernel/random/uuid)" | head -c 8388608 >/www/file
echo "file $(sha256sum </www/file | cut -d' ' -f1)"
httpd -p 80 -h /www && echo serving
JOB
)
mkdir -p /root/www
head -c 8M /dev/urandom >/root/www/file
ours=$(sha256sum </root/www/file | cut -d' ' -f1)
/usr/lib/busybox/httpd -p 10.0.9.1:80 -h /root/www
client=$(initrd_with_job client <<'JOB'
ping -c 3 -W 5 10.0.9.1 >/dev/null && echo ping-dom0-done || echo ping-dom0-failed
ping -c 3 -W 5 10.0.9.2 >/dev/null && echo ping-vps-done || echo ping-vps-failed
ping -c 3 -W 5 -s 1400 10.0.9.2 >/dev/null && echo big-ping-done || echo big-ping-failed
for from in 10.0.9.1 10.0.9.2; do
    echo "from $from $(wget -q -O - http://$from/file | sha256sum | cut -d' ' -f1)"
done
echo client-done
JOB
)
check 'create the one that serves' vmctl create "$(vps server initrd="$server" nic=xenbr0 mac=00:16:3e:00:00:02 cmdline=vps.ip=10.0.9.2/24)"
check_console 'it serves' server '^serving'
theirs=$(tr -d '\r' <$logs/server.log | sed -n 's/^file //p')
check 'create the one that fetches' vmctl create "$(vps client initrd="$client" nic=xenbr0 mac=00:16:3e:00:00:03 cmdline=vps.ip=10.0.9.3/24)"
check 'dom0 pings a VPS' ping -c 3 -W 5 10.0.9.2
check_same 'TCP from a VPS to dom0, 8 MiB, right' "$theirs" "$(wget -q -O - http://10.0.9.2/file | sha256sum | cut -d' ' -f1)"
check_console 'the other VPS is through' client 'client-done' 1 900
log=$(tr -d '\r' <$logs/client.log)
check_says 'a VPS pings dom0' 'ping-dom0-done' echo "$log"
check_says 'a VPS pings a VPS' 'ping-vps-done' echo "$log"
check_says 'with packets of 1400 bytes' 'big-ping-done' echo "$log"
check_says 'TCP from dom0 to a VPS, 8 MiB, right' "from 10.0.9.1 $ours" echo "$log"
check_says 'TCP from a VPS to a VPS, 8 MiB, right' "from 10.0.9.2 $theirs" echo "$log"
check_says 'the card has the address that was asked for' '00:16:3e:00:00:03' vmctl dumpxml client
check 'a card without an address in its XML' vmctl create "$(vps nomac nic=xenbr0 cmdline=vps.ip=10.0.9.4/24)"
check_console 'comes up' nomac 'VPS ready'
check 'and answers' ping -c 3 -W 5 10.0.9.4
for name in server client nomac; do check "destroy $name" vmctl destroy $name; done
nothing_left 'nothing is left: no card, no backend' "$before"
