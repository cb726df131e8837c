# SPDX-License-Identifier: MIT
# Weight, cap and affinity: of the description, and by vmctl set; read back from the hypervisor by a program
# that shares nothing with libvmctl, and from dumpxml. Whether the scheduler keeps to them: the bench's business.
# node: --cpus 4 --hv-args dom0_max_vcpus=1
. /root/lib.sh

id() { vmctl info "$1" --json | jq .id; }
sched() { /root/hv-sched "$(id "$1")"; }

if ! /root/hv-sched 0 >/dev/null 2>&1; then
    skip 'this hypervisor has no weights and caps'
    exit 0
fi
warm_up
before=$(account)
check 'a VPS without any of it' vmctl create --paused "$(vps plain vcpus=2)"
check_same 'has the defaults' $'weight=256 cap=0\nvcpu 0 online=1 hard=0,1,2,3 soft=0,1,2,3\nvcpu 1 online=0 hard=0,1,2,3 soft=0,1,2,3' "$(sched plain)"
check 'destroy' vmctl destroy plain

tune='<cputune><shares>300</shares><quota>50000</quota><period>100000</period><vcpupin vcpu="1" cpuset="3"/></cputune>
<metadata><mews:affinity xmlns:mews="urn:mews:vps:1"><mews:softpin cpuset="1-2"/></mews:affinity></metadata>'
xml=$(vps one vcpus=3 extra="$tune")
sed -i "s,<vcpu>,<vcpu current='2' cpuset='0-3\,^2'>," "$xml"
check 'a VPS with shares, quota and pins' vmctl create "$xml"
tuned='weight=300 cap=100
vcpu 0 hard=0,1,3 soft=1,2
vcpu 1 hard=3 soft=1,2
vcpu 2 hard=0,1,3 soft=1,2'
check_same 'has them' "$tuned" "$(sched one | sed 's/online=[01] //')"
check_console 'and runs' one 'VPS ready'
check 'more vcpus' vmctl set one --vcpus 3
check_says 'have more quota together' '^weight=300 cap=150$' sched one
check 'set --weight and --cap' vmctl set one --weight 65535 --cap 25
check_says 'the hypervisor has them' '^weight=65535 cap=25$' sched one
check_says 'dumpxml has the weight' '<shares>65535</shares>' vmctl dumpxml one
check_says 'and the cap' '<global_quota>25000</global_quota>' vmctl dumpxml one
check 'a weight alone' vmctl set one --weight 1
check_says 'leaves the cap' '^weight=1 cap=25$' sched one
check 'no cap' vmctl set one --cap 0
check_says 'leaves the weight' '^weight=1 cap=0$' sched one

check 'pins, one after the other' vmctl set one --pin 0-1 --pin 2:all --pin 1:2,3 --pin-soft all --pin-soft 0:3
pinned='vcpu 0 hard=0,1 soft=3
vcpu 1 hard=2,3 soft=0,1,2,3
vcpu 2 hard=0,1,2,3 soft=0,1,2,3'
check_same 'the hypervisor has them' "$pinned" "$(sched one | sed '1d; s/online=[01] //')"
check_says 'dumpxml too' '<vcpu cpuset="0-1">3</vcpu>' vmctl dumpxml one
check_says 'of one vcpu' '<vcpupin vcpu="1" cpuset="2-3"/>' vmctl dumpxml one
check_says 'and where it likes to be' '<mews:softpin vcpu="0" cpuset="3"/>' vmctl dumpxml one
check 'what dumpxml says can be made' bash -c 'vmctl dumpxml one >/root/again.xml'
check 'reset' vmctl reset one
check_same 'a restart keeps the pins' "$pinned" "$(sched one | sed '1d; s/online=[01] //')"
check_says 'and weight and cap' '^weight=1 cap=0$' sched one
check_console 'it comes up' one 'VPS ready' 2
check 'reboot by itself' vmctl reboot one
check_console 'it comes up' one 'VPS ready' 3
check_same 'with the same pins' "$pinned" "$(sched one | sed '1d; s/online=[01] //')"

refuse 'a CPU that is not there' 1 'CPU 4, which is not there.* 0 to 3' vmctl set one --weight 7 --pin 0-4
check_says 'nothing of that was done' '^weight=1 cap=0$' sched one
refuse 'a vcpu that is not there' 1 'no vcpu 3: its vcpus are 0 to 2' vmctl set one --pin 3:0
for wrong in '--weight 0' '--weight 65536' '--weight x' '--cap -1' '--cap 6401' '--pin 1-' '--pin x:1' '--pin ^1' \
    '--pin-soft 0:' '--timeout x' '--weight'; do
    # shellcheck disable=SC2086
    refuse "set $wrong is wrong usage" 2 '.' vmctl set one $wrong
done
check 'destroy' vmctl destroy one
check 'what dumpxml said makes the same again' vmctl create --paused /root/again.xml
check_same 'with the same pins' "$pinned" "$(sched one | sed '1d; s/online=[01] //')"
check 'destroy' vmctl destroy one
refuse 'a description that names CPUs that are not there' 1 'CPU 9, which is not there' \
    vmctl create "$(vps far extra='<cputune><vcpupin vcpu="0" cpuset="9"/></cputune>')"
nothing_left 'nothing is left' "$before"

check 'Domain-0 has weight and cap too' vmctl set Domain-0 --weight 4096 --cap 300 --pin 0-2
check_says 'the hypervisor has them' '^weight=4096 cap=300$' /root/hv-sched 0
check_says 'and the pin' '^vcpu 0 online=1 hard=0,1,2 ' /root/hv-sched 0
check 'and loses them again' vmctl set Domain-0 --weight 2048 --cap 0 --pin all
check_says 'so it had before' '^weight=2048 cap=0$' /root/hv-sched 0
