# SPDX-License-Identifier: MIT
# The machine's own life: a job's output and status come back, poweroff powers off, reboot boots again, a
# disk that was given is read and written.
. "$(dirname "$0")/../host-lib.sh"

cat >"$scratch/job" <<'JOB'
if [[ $(head -c 6 /dev/vda | tr -d '\0') == booted ]]; then
    echo second boot
    exit 7
fi
printf booted | dd of=/dev/vda conv=notrunc,fsync 2>/dev/null
echo first boot
/usr/lib/busybox/reboot -f
sleep 100
JOB
truncate -s 1M "$scratch/disk"
node --no-samples --reboots --disk "$scratch/disk" "$scratch/job"
check_same "the job's status comes back" 7 $?
check_same 'reboot boots again; output and nothing else' $'first boot\nsecond boot' "$(cat "$scratch/out")"
check_same 'what dom0 wrote to its disk is there' booted "$(head -c 6 "$scratch/disk" | tr -d '\0')"
# run says on stderr, which is in out, where a node did not power off after its job
check_same 'the node powered itself off' 2 "$(grep -ac '^node: userspace' "$scratch/console")"

echo 'echo over; exit 0' >"$scratch/job"
node --no-samples --iso "$scratch/job"
check_same "GRUB's multiboot 2 boots a node from an ISO" 0 $?
says 'and its job runs' '^over$'
