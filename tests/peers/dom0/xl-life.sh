# SPDX-License-Identifier: MIT
# Debian's xl, xenstored and xenconsoled with one VPS: its life, its vcpus, its memory, its share of the CPUs, its names.
# Each verb is judged by what it did: to the hypervisor (its debug keys), to the store, or inside the VPS, which
# says on its console twice a second how many CPUs and how much memory it has (and takes a CPU that it is given, as udev
# would).
. /root/xl.sh

# said: the last of what the VPS said of itself: "tick N CPUS MIB"
said() { grep -a '^tick' $logs/guest-one.log | tail -1 | tr -d '\r'; }
vps_has() { # FIELD VALUE: of the last tick
    [[ $(said | cut -d' ' -f"$1") == "$2" ]]
}
less_memory() { (($(said | cut -d' ' -f4) < $1)); }
more_memory() { (($(said | cut -d' ' -f4) > $1)); }
# hv NAME: the hypervisor's own words about the VPS and its vcpus
hv() {
    local id
    id=$(xl domid "$1")
    xl dmesg -c >/dev/null
    xl debug-keys q
    xl dmesg | awk -v d="d$id:" '/^d[0-9]+:/ { on = $1 == d } on'
}
hv_says() { hv "$1" | grep -qE -- "$2"; }
# shellcheck disable=SC2053 # the second is a pattern
state_is() { [[ $(domain "$1" 5) == $2 ]]; }

tick=$(initrd_with_job tick <<'JOB'
(i=0; while :; do i=$((i + 1)); echo 1 2>/dev/null >/sys/devices/system/cpu/cpu1/online; echo "tick $i $(nproc) $(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" >/dev/hvc0; sleep 0.5; done) &
JOB
)
xl create -q "$(xl_vps warm)" && xl destroy warm
before=$(account)

cfg=$(xl_vps one initrd="$tick" memory=192 maxmem=256 vcpus=2 'on_reboot="restart"')
check 'xl create' xl create -q "$cfg"
check_console 'the VPS comes to its userspace with its memory and vcpus' guest-one 'VPS up: Linux .* on xen, 1[0-9][0-9] MiB, 2 CPU'
check_console 'and runs on' guest-one '^tick 3 2'
check_same 'xl list shows its memory' 192 "$(domain one 3)"
check_same 'and its vcpus' 2 "$(domain one 4)"
refuse 'a second one of its name is refused' 3 'already exists' xl create -q "$cfg"

id=$(xl domid one)
check_same 'domid and domname agree' one "$(xl domname "$id")"
check 'xl rename' xl rename one uno
check_same 'the store has the new name' uno "$(reading "/local/domain/$id/name")"
refuse 'the old one is gone' 1 'get domid' xl domid one
check 'and back' xl rename uno one
check_says 'uptime shows a time' "^one +$id +0:00:[0-9][0-9]" xl uptime
check_says 'vm-list shows it' "$id +one" xl vm-list
check_says 'list -l is JSON that names it' "^one $id\$" bash -c "xl list -l one | jq -r '.[] | \"\(.config.c_info.name) \(.domid)\"'"

check 'xl pause' xl pause one
check 'the state says so' state_is one '*p*'
sleep 0.5
ticks=$(said)
sleep 1.5
check_same 'it does not run' "$ticks" "$(said)"
check 'xl unpause' xl unpause one
check 'it runs on' within 100 bash -c "[[ \$(grep -ac '^tick' $logs/guest-one.log) -gt $(grep -ac '^tick' $logs/guest-one.log) ]]"

check 'xl vcpu-pin' xl vcpu-pin one 0 1
check 'the hypervisor keeps vcpu 0 to CPU 1' within 30 hv_says one 'v0: cpu 1,.* may run on 2,'
check_says 'vcpu-list shows it' '^one +[0-9]+ +0 +1 .* 1 / all' xl vcpu-list one
check 'a soft affinity too' xl vcpu-pin one 1 - 0
check_says 'vcpu-list shows that' '^one +[0-9]+ +1 .* all / 0' xl vcpu-list one
check 'all free again' xl vcpu-pin one all all all
check 'the hypervisor lets vcpu 0 go anywhere' hv_says one 'v0: .* may run on 3,'

check 'xl vcpu-set to one vcpu' xl vcpu-set one 1
check 'the VPS has one' within 100 vps_has 3 1
check_same 'and the hypervisor runs one' 1 "$(domain one 4)"
check 'back to two' xl vcpu-set one 2
check 'the VPS has two' within 100 vps_has 3 2
refuse 'more than the host has: refused' 1 'overcom' xl vcpu-set one 3

check 'xl mem-set to less' xl mem-set one 160
check 'the VPS has less' within 100 less_memory 150
check 'and gave it back' within 100 bash -c '[[ $(xl list one | awk "NR == 2 { print \$3 }") == 160 ]]'
check 'xl mem-max' xl mem-max one 224
check 'the hypervisor holds it to that' hv_says one "^d$id: [0-9]+ of 57[0-9][0-9][0-9] pages"
refuse 'above the limit: refused' 1 'static_max' xl mem-set one 256
check 'up to it: granted' xl mem-set one 224
check 'the VPS has more' within 100 more_memory 160

check 'xl sched-credit2 sets weight and cap' xl sched-credit2 -d one -w 300 -c 20
check 'they are the hypervisor'"'s" hv_says one 'weight 300 cap 20'
check_says 'and shown' '^one +[0-9]+ +300 +20' xl sched-credit2 -d one
refuse 'a weight of none: refused' 1 'weight out of range' xl sched-credit2 -d one -w 0
refuse 'a rate limit, which there is not: refused' 1 'not supported' xl sched-credit2 -s -r 1000
check 'a cap of none' xl sched-credit2 -d one -c 0

check 'xl sysrq' xl sysrq one h
check_console 'its kernel answers' guest-one 'sysrq: HELP'
check 'xl console shows what it says' bash -c "script -qc 'timeout 3 xl console one' /dev/null </dev/null | grep -aq '^tick'"

check 'xl reboot' xl reboot one
check_console 'it comes up a second time' guest-one 'VPS up' 2
check 'in a new domain of the same name' within 50 bash -c "[[ \$(xl domid one) -gt $id ]]"
check 'xl shutdown waits for its end' xl shutdown -w one
check 'it is gone' within 100 gone one
nothing_left 'nothing is left of it' "$before"

check 'xl create -p' xl create -qp "$cfg"
check 'it waits' state_is one '*p*'
check 'xl destroy' xl destroy one
check 'it is gone at once' gone one
refuse 'what is not there cannot be destroyed' 1 'invalid domain' xl destroy one

check 'a VPS that crashes' xl create -q "$(xl_vps two do=crash)"
check 'is taken away as its configuration says' within 300 gone two
nothing_left 'nothing is left of these' "$before"
