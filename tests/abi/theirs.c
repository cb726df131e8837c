/* SPDX-License-Identifier: MIT */
/*
 * The other side of the table: Debian's libxen-dev, asked for 4.17's interface and for what tools
 * see. It must include none of our ABI headers.
 */
#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/callback.h>
#include <xen/nmi.h>
#include <xen/errno.h>
#include <xen/elfnote.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>
#include <xen/io/console.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/io/protocols.h>
#include <xen/sys/privcmd.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/gntalloc.h>
#include <xen/io/libxenvchan.h>
#include <xentoollog.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <xen/kexec.h>
#include <xen/hvm/save.h>

#include <xenctrl.h>

#include "abi.h"
#include "table.h"

const struct abi_table abi_theirs = {"libxen-dev", rows, sizeof(rows) / sizeof(rows[0])};
