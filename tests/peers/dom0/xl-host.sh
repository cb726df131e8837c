# SPDX-License-Identifier: MIT
# What Debian's xl says of the host, and what it is refused: each refusal is an error in words, in one go, and takes
# neither the VPS nor the host along.
. /root/xl.sh

# figure NAME: of xl info
figure() { xl info | sed -n "s/^$1 *: //p"; }
# fails TEXT PATTERN COMMAND...: does not exit 0, and says PATTERN
fails() {
    local text=$1 pattern=$2 output status
    shift 2
    output=$("$@" 2>&1)
    status=$?
    if [[ $status != 0 ]] && grep -qiE -- "$pattern" <<<"$output"; then
        ok "$text"
    else
        not_ok "$text" <<<"exit status $status, wanted /$pattern/: $* :: $output"
    fi
}

# grumbles TEXT PATTERN COMMAND...: says PATTERN; xl itself does not always exit 1 then
grumbles() {
    local text=$1 pattern=$2
    shift 2
    fails "$text" "$pattern" bash -c '"$@"; exit 1' - "$@"
}

check_same 'xl info: CPUs' 2 "$(figure nr_cpus)"
check_same 'the interface version' 4.17 "$(figure xen_version | cut -d. -f1,2)"
check_same 'the scheduler' credit2 "$(figure xen_scheduler)"
check_same 'what can be run' 'xen-3.0-x86_64 ' "$(figure xen_caps)"
free_pages=$(/root/hv-count | sed 's/free_pages=\([0-9]*\).*/\1/')
check 'free memory is the hypervisor'"'s" test $((free_pages / 256 - $(figure free_memory))) -lt 3
check_says 'xl info -n: a node, two CPUs' '^ *1: +1 +0 +0' xl info -n
check_same 'and its memory' "$(figure total_memory)" "$(xl info -n | awk '/^ +0: +[0-9]+ +[0-9]+ +10/ { print $2 }')"
check_says 'cpupool-list: one, of all CPUs' '^Pool-.* 2 +credit2 +y +1' xl cpupool-list
check_says 'and which' '0,1' xl cpupool-list -c
check_says 'claims: none' '^Domain-0 .* 0$' xl claims
for option in -v -Z -c -n; do check_says "xl list $option" '^Domain-0 ' xl list $option; done
check_says 'xl list -l is JSON' '^0$' bash -c "xl list -l | jq -r '.[].domid'"
check_says 'xl vcpu-list' '^Domain-0 +0 +0 .* all / all' xl vcpu-list
check_says 'xl uptime' '^Domain-0 +0 +0:' xl uptime
check_says 'xentop -b' 'Domain-0 .*[0-9]' bash -c 'COLUMNS=200 xentop -b -i 1'

check 'xl top' bash -c "TERM=linux script -qc 'timeout 3 xl top' /dev/null </dev/null | grep -aq Domain-0"

check_says 'xl dmesg: how the hypervisor came up' 'dom0: [0-9]+ MiB' xl dmesg
check 'xl dmesg -c' xl dmesg -c
check_same 'clears it' '' "$(xl dmesg)"
check 'xl debug-keys' xl debug-keys hqrmt
check_says 'help' "key 'q'" xl dmesg
check_says 'domains' '^d0: .* weight 2048' xl dmesg
check_says 'run queues' '^cpu 1: (idle|busy)' xl dmesg
check_says 'memory' "pages, [0-9]+ free" xl dmesg
before_keys=$(xl dmesg)
fails 'a key that is not there' 'not supported' xl debug-keys hY
check_same 'shows nothing, nor do those beside it' "$before_keys" "$(xl dmesg)"

xl create -q "$(xl_vps warm)" && xl destroy warm
within 100 gone warm
before=$(account)
check 'a VPS' xl create -q "$(xl_vps one do=idle)"
check_console 'runs' guest-one 'VPS up'
fails 'HVM' 'neither hap nor shadow' xl create -q "$(xl_vps hvm 'type = "hvm"')"
fails 'PVH' 'neither hap nor shadow' xl create -q "$(xl_vps pvh 'type = "pvh"')"
fails 'a CPU feature that there is not' 'policy' xl create -q "$(xl_vps mask 'cpuid = "host,lwp=1"')"
fails 'virtual NUMA' 'numa' xl create -q "$(xl_vps numa 'vnuma = [["pnode=0","size=128","vcpus=0","vdistances=10"]]')"
fails 'an emulated TSC' 'tsc' xl create -q "$(xl_vps tsc 'tsc_mode = "always_emulate"')"
fails 'a port' 'ioports' xl create -q "$(xl_vps port 'ioports = ["2f8-2ff"]')"
flags=$(initrd_with_job flags <<<'echo "flags $(grep -ow aes /proc/cpuinfo | head -1) $(grep -ow sse2 /proc/cpuinfo | head -1)." >/dev/hvc0')
check 'a CPU feature can be hidden' xl create -q "$(xl_vps less initrd="$flags" 'cpuid = "host,aesni=0"' do=idle)"
check 'and can an NMI be sent' xl trigger one nmi 0
check_console 'which its kernel takes' guest-one 'NMI'
check_console 'a VPS with a feature hidden sees the others' guest-less 'flags  sse2[.]'
check 'and ends' xl destroy less
fails 'a new pool' 'creat' xl cpupool-create 'name="more"'
grumbles 'a CPU out of the pool' 'not supported' xl cpupool-cpu-remove Pool-0 1
fails 'PCI devices' 'pciback' xl pci-attach one 00:02.0
fails 'making them assignable' 'pciback' xl pci-assignable-add 00:02.0
grumbles 'a trigger that a PV guest has not' 'invalid argument' xl trigger one sleep
grumbles 'the power button' 'invalid argument' xl button-press one power
fails 'cd-insert' 'HVM' xl cd-insert one xvda /dev/null
fails 'vncviewer' 'vnc' xl vncviewer one
fails 'qemu-monitor-command' 'QMP' xl qemu-monitor-command one info
fails 'psr-cat-show' 'info' xl psr-cat-show
fails 'psr-cmt-attach' '.' xl psr-cmt-attach one
fails 'psr-mba-show' '.' xl psr-mba-show
fails 'set-parameters' 'not implemented' xl set-parameters loglvl=all
fails 'setenforce' 'disabled' xl setenforce 1
fails 'loadpolicy' 'disabled' xl loadpolicy /dev/null
grumbles 'getenforce' 'Disabled' xl getenforce
fails 'live migration: no log of dirty pages' 'enable logdirty' xl migrate -s '' one 'xl migrate-receive'
check 'a core dump' xl dump-core one /root/core
check_same 'holds all its memory' 128 "$(($(stat -c %s /root/core) >> 20))"
rm -f /root/core
check_same 'the VPS has not noticed' one "$(xl domname "$(xl domid one)")"
check 'and ends when it is told to' xl destroy one
check 'it is gone' within 100 gone one
nothing_left 'nothing is left of what was refused' "$before"
