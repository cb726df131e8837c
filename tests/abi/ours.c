/* SPDX-License-Identifier: MIT */
/* Our side of the table. It must include no header of the distribution's Xen packages. */
#include <public/xen.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/callback.h>
#include <public/nmi.h>
#include <public/errno.h>
#include <public/elfnote.h>
#include <public/domctl.h>
#include <public/sysctl.h>
#include <public/io/blkif.h>
#include <public/io/netif.h>
#include <public/io/console.h>
#include <public/io/xenbus.h>
#include <public/io/xs_wire.h>
#include <public/io/protocols.h>
#include <public/sys/privcmd.h>
#include <public/sys/evtchn.h>
#include <public/sys/gntdev.h>
#include <public/sys/gntalloc.h>
#include <public/io/libxenvchan.h>
#include <xentoollog.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <public/kexec.h>
#include <public/hvm/save.h>

#include <xenctrl.h>

#include "abi.h"
#include "table.h"

const struct abi_table abi_ours = {"include/public", rows, sizeof(rows) / sizeof(rows[0])};
