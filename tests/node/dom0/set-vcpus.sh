# SPDX-License-Identifier: MIT
# vmctl set --vcpus: up, down, while the VPS boots, while it is paused, over a restart; beyond what the
# description says; and of the control domain.
# node: --hv-args dom0_max_vcpus=2
. /root/lib.sh

# The VPS tells of its CPUs when they change, and does what udev does elsewhere: puts new ones on line.
job=$(initrd_with_job cpus <<'JOB'
(while :; do
    for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
        [ -e "$cpu" ] && [ "$(cat "$cpu")" = 0 ] && echo 1 >"$cpu"
    done
    now=$(cat /sys/devices/system/cpu/online)
    [ "$now" = "$was" ] || printf '\ncpus=%s\n' "$now" >/dev/hvc0
    was=$now
    sleep 1
done) &
JOB
)
# of NAME NOW MAX: a description with so many vcpus
of() {
    local xml
    xml=$(vps "$1" vcpus="$3" initrd="$job")
    sed -i "s,<vcpu>,<vcpu current='$2'>," "$xml"
    echo "$xml"
}
online() { vmctl info "$1" --json | jq .vcpus; }
has_online() { [[ $(online "$1") == "$2" ]]; }
node_of() { xenstore-read "/local/domain/$(vmctl info "$1" --json | jq .id)/cpu/$2/availability"; }

warm_up
before=$(account)
check 'a VPS with one vcpu of four' vmctl create "$(of one 1 4)"
check_console 'comes up with one' one '^cpus=0\s*$'
check 'set --vcpus 4' vmctl set one --vcpus 4
check_console 'it has four' one '^cpus=0-3\s*$'
check 'the hypervisor says so too' within 100 has_online one 4
check 'set --vcpus 2' vmctl set one --vcpus 2
check_console 'it has two' one '^cpus=0-1\s*$'
check 'the hypervisor says so too' within 100 has_online one 2
refuse 'more than its maximum is refused' 1 'no more than 4 vcpus' vmctl set one --vcpus 5
refuse 'none at all is wrong usage' 2 '1 to' vmctl set one --vcpus 0
refuse 'so is what is no number' 2 'not a number' vmctl set one --vcpus two
check_same 'what was refused changed nothing' 'online offline' "$(node_of one 1) $(node_of one 2)"
check_says 'dumpxml says two of four' '<vcpu current="2">4</vcpu>' vmctl dumpxml one
check 'reset' vmctl reset one
check_console 'it comes up with two again' one '^cpus=0-1\s*$' 2
refuse 'no such VPS' 1 'nosuch' vmctl set nosuch --vcpus 1
refuse 'nothing to set: usage' 2 'nothing to set' vmctl set one
check 'set --vcpus 1' vmctl set one --vcpus 1
check_console 'it has one' one '^cpus=0\s*$' 2
check 'destroy' vmctl destroy one

check 'a VPS with one of three' vmctl create "$(of up 1 3)"
check 'set --vcpus 3 before it has booted' vmctl set up --vcpus 3
check_console 'it comes to have three' up '^cpus=0-2\s*$'
check 'destroy' vmctl destroy up
check 'a VPS with three of three' vmctl create "$(of down 3 3)"
check 'set --vcpus 1 before it has booted' vmctl set down --vcpus 1
check_console 'it comes to have one' down '^cpus=0\s*$'
check 'the hypervisor says so too' within 100 has_online down 1
check 'destroy' vmctl destroy down
check 'one that is paused' vmctl create --paused "$(of still 1 2)"
check 'set --vcpus 2' vmctl set still --vcpus 2
check 'unpause' vmctl unpause still
check_console 'it comes to have two' still '^cpus=0-1\s*$'
check 'destroy' vmctl destroy still

check 'a VPS of 64 vcpus is made' vmctl create --paused "$(of many 1 64)"
check_same 'and has them' 64 "$(/root/hv-sched "$(vmctl info many --json | jq .id)" | grep -c '^vcpu ')"
refuse 'a 65th is not there' 1 'no more than 64' vmctl set many --vcpus 65
check 'destroy' vmctl destroy many
refuse 'a description of 65 is refused' 1 'from 1 to 64' vmctl create "$(of toomany 1 65)"
nothing_left 'nothing is left of them' "$before"

# The control domain: with as many vcpus as the machine has CPUs.
cpus=$(/root/hv-sched 0 | grep -c '^vcpu ')
refuse 'Domain-0 beyond its maximum' 1 "no more than $cpus vcpus" vmctl set Domain-0 --vcpus $((cpus + 1))
if ((cpus > 1)); then
    check 'Domain-0 with one vcpu' vmctl set Domain-0 --vcpus 1
    check 'it has one' within 100 has_online Domain-0 1
    check_same 'its kernel says so' 0 "$(cat /sys/devices/system/cpu/online)"
    check 'Domain-0 with all of them' vmctl set Domain-0 --vcpus "$cpus"
    within 50 test -e /sys/devices/system/cpu/cpu1/online
    for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 1 >"$cpu"; done
    check 'it has them' within 100 has_online Domain-0 "$cpus"
else
    skip 'vcpus of Domain-0: it has but one'
fi
