# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Runs in dom0: starts the Debian guest on dom0's /dev/vda and prints the figures that it says on its console.
. /root/lib.sh
vmctl create "$(vps d1 memory=512 disk=/dev/vda initrd=/root/guest.cpio.gz)" >&2 || exit 1
for ((i = 0; i < 300; i++)); do
    console_has d1 FIGURES-DONE && break
    sleep 2
done
tr -d '\r' <"$logs/d1.log" | grep -a '^FIGURE '
console_has d1 FIGURES-DONE || { tail -n 20 "$logs/d1.log" >&2; exit 1; }
vmctl destroy d1
