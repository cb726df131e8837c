# SPDX-License-Identifier: MIT
# One VPS's life by vmctl: create, look, pause, reboot, reset, shut down, destroy; and what vmctl says to
# wrong words. The figures before and after must be the same.
# node: --hv-args dom0_max_vcpus=2
. /root/lib.sh

check_says 'vmctl version says its own and the hypervisor'"'s" '^hypervisor ' vmctl version
check_says 'vmctl list shows dom0' 'dom0|Domain-0' vmctl list
refuse 'no verb: usage' 2 'usage|vmctl' vmctl
refuse 'an unknown verb: usage' 2 'frobnicate' vmctl frobnicate
refuse 'create without a file: usage' 2 '' vmctl create
refuse 'an unknown option: usage' 2 'wibble' vmctl list --wibble
for verb in create list info set console shutdown reboot reset destroy pause unpause dumpxml version; do
    check_says "vmctl $verb --help" "$verb" vmctl "$verb" --help
done
for verb in info console shutdown reboot reset destroy pause unpause dumpxml; do
    refuse "vmctl $verb of a VPS that is not there" 1 'nosuch' vmctl "$verb" nosuch
done
for program in xenstored mews-consoled mews-domaind mews-balloond mews-unpack-kernel /usr/share/mews/guest/mews-report; do
    check_says "$program --help" '^usage: ' "$program" --help
    check_says "$program --version" "^${program##*/}.* [0-9]" "$program" --version
    refuse "$program: an unknown option: usage" 2 'usage|--help' "$program" --wibble
done

warm_up
before=$(account)
tick=$(initrd_with_job tick <<'JOB'
(i=0; while :; do i=$((i + 1)); echo "tick $i" >/dev/kmsg; echo "tick $i" >/dev/hvc0; sleep 0.5; done) &
JOB
)
xml=$(vps one memory=192 initrd="$tick")
check 'create returns 0' vmctl create "$xml"
check_console 'the VPS comes to its userspace' one 'VPS up: Linux .* on xen, 1[0-9][0-9] MiB, 1 CPU'
check_console 'and runs on' one '^tick 3'
check_says 'list shows it running' '^one .*(running|blocked)' vmctl list
check_says 'info names it' 'one' vmctl info one
for verb in list version 'info one'; do
    # shellcheck disable=SC2086
    check "vmctl $verb --json is JSON" bash -c "vmctl $verb --json | jq -e . >/dev/null"
done
check_says 'dumpxml gives its domain XML' '<name>one</name>' vmctl dumpxml one
refuse 'the name is in use' 1 'one' vmctl create "$xml"

check 'pause returns 0' vmctl pause one
check_says 'list shows it paused' '^one .*paused' vmctl list
sleep 1
ticks=$(grep -ac '^tick' $logs/one.log)
sleep 2
check_same 'a paused VPS does not run' "$ticks" "$(grep -ac '^tick' $logs/one.log)"
check 'unpause returns 0' vmctl unpause one
check_console 'it runs on after that' one '^tick' $((ticks + 3))

check 'reboot returns 0' vmctl reboot one
check_console 'the VPS comes up a second time' one 'VPS up' 2
check 'reset returns 0' vmctl reset one
check_console 'and a third time' one 'VPS up' 3
check 'shutdown returns 0' vmctl shutdown one
check 'the VPS ends' within 300 gone one
nothing_left 'nothing is left of it' "$before"

xml=$(vps two)
check 'create --paused returns 0' vmctl create --paused "$xml"
check_says 'it is paused' '^two .*paused' vmctl list
sleep 1
if console_has two 'VPS up'; then not_ok 'it does not run yet' </dev/null; else ok 'it does not run yet'; fi
check 'unpause' vmctl unpause two
check_console 'now it runs' two 'VPS ready'
check 'destroy returns 0' vmctl destroy two
check 'it is gone at once' gone two
nothing_left 'nothing is left of it either' "$before"

check 'a VPS that powers itself off' vmctl create "$(vps three cmdline=vps.do=poweroff)"
check 'is gone by itself' within 600 gone three
check 'one that reboots itself, on_reboot=destroy' vmctl create "$(vps four cmdline=vps.do=reboot on_reboot=destroy)"
check 'is gone too' within 600 gone four
check 'one that reboots itself, on_reboot=restart' vmctl create "$(vps five cmdline=vps.do=reboot)"
check_console 'comes up again, and again' five 'VPS up' 3
check 'until it is destroyed' within 300 vmctl destroy five
check 'for good' within 100 gone five
nothing_left 'nothing is left of them' "$before"
