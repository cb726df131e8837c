# SPDX-License-Identifier: MIT
# VPSes that are destroyed while they grow and shrink: not a page is lost. And Domain-0's own memory.
. /root/lib.sh

job=$(initrd_with_job up <<'JOB'
printf '\nballoon is up\n' >/dev/hvc0
JOB
)
warm_up
before=$(account)
free=$(/root/hv-count | cut -d' ' -f1)

# moving FROM TO DELAY: destroyed so many seconds after it was told to get there
moving() {
    local xml set status
    xml=$(vps moving memory=1024 extra="<currentMemory unit='MiB'>$1</currentMemory>" initrd="$job")
    check "a VPS with $1 MiB" vmctl create "$xml"
    check_console 'comes up' moving 'balloon is up'
    vmctl set moving --memory "$2M" >/tmp/set.log 2>&1 &
    set=$!
    sleep "$3"
    check "and is destroyed $3 s after it was told to have $2 MiB" vmctl destroy moving
    wait "$set"
    status=$?
    if [[ $status == 0 ]] || grep -qE 'ended while|no VPS called|taken away' /tmp/set.log; then
        ok 'vmctl set says that it ended, or that it was done'
    else
        not_ok 'vmctl set says that it ended, or that it was done' </tmp/set.log
    fi
    rm -f "$logs/moving.log"
}
moving 160 900 0
moving 160 900 0.2
moving 900 160 0
moving 900 160 0.4
nothing_left 'nothing is left of any' "$before"
check_same 'not a page' "$free" "$(/root/hv-count | cut -d' ' -f1)"

# The control domain.
pages=$(/root/hv-count | sed 's/.*dom0_pages=\([0-9]*\).*/\1/')
check 'Domain-0 gives 100 MiB' vmctl set Domain-0 --memory $((pages * 4 - 102400))
check_same 'it has that much less' $((pages - 25600)) "$(/root/hv-count | sed 's/.*dom0_pages=\([0-9]*\).*/\1/')"
check 'and takes them again' vmctl set Domain-0 --memory $((pages * 4))
check_same 'all of them' "$pages" "$(/root/hv-count | sed 's/.*dom0_pages=\([0-9]*\).*/\1/')"
refuse 'more than it started with' 1 'more than its maximum' vmctl set Domain-0 --memory $((pages * 4 + 4))
refuse 'less than it can run in' 1 'less than anything can run in: 128 MiB' vmctl set Domain-0 --memory 100M
