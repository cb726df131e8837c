# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs in dom0, under vmctl or under xl, whichever is there: a VPS for each case of ends.elf, one after the other, and a line
# for each, "DIFF ends/NAME what it said, how it ended". A VPS that neither ends nor goes on within the limit "stays".
limit=${ENDS_LIMIT:-4} # seconds

if command -v vmctl >/dev/null; then
    logs=/var/log/mews/console
    create() { # NAME CASE
        cat >"/root/$1.xml" <<X
<domain type='xen'>
  <name>$1</name><memory unit='MiB'>16</memory><vcpu>2</vcpu>
  <os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/root/ends.elf</kernel><cmdline>case=$2</cmdline></os>
  <on_poweroff>preserve</on_poweroff><on_reboot>preserve</on_reboot><on_crash>preserve</on_crash>
</domain>
X
        vmctl create "/root/$1.xml" >/dev/null
    }
    destroy() { vmctl destroy "$1" >/dev/null; }
else
    logs=/var/log/xen/console
    create() {
        cat >"/root/$1.cfg" <<X
name="$1"
kernel="/root/ends.elf"
extra="case=$2"
memory=16
vcpus=2
tsc_mode="native"
on_poweroff="preserve"
on_reboot="preserve"
on_crash="preserve"
on_watchdog="preserve"
on_soft_reset="preserve"
X
        xl create -q "/root/$1.cfg" </dev/null
    }
    destroy() { xl destroy "$1" </dev/null; }
fi

for ((n = ${ENDS_FROM:-0}; n < 400; n++)); do
    name=ends$n log=
    create "$name" "$n" || { echo "ends: case $n was not made"; break; }
    for ((i = 0; i < limit * 5; i++)); do
        [[ -n $log ]] || for log in "$logs/$name.log" "$logs/guest-$name.log" ''; do [[ ! -r $log ]] || break; done
        state=$(/root/ends-state)
        [[ $state == runs || -z $log ]] || { grep -aq 'ENDS .*' "$log" && break; }
        sleep 0.2
    done
    [[ $state == runs ]] || sleep 0.1 # the console's last words
    line=$(tr -d '\r' <"$log" | tr '\n' ' ' | sed -n 's/.*ENDS //p')
    destroy "$name"
    line=${line%%;*} line=${line% }
    [[ $line != none ]] || break
    [[ $state != runs ]] || state=stays
    case $line in
    *' '*) echo "DIFF $line, $state" ;;
    *) echo "DIFF $line $state" ;;
    esac
    rm -f "$log"
done
echo "ends: $n cases"
