/* SPDX-License-Identifier: MIT */
/*
 * What the parts of libxenctrl (ctrl_*.c) share: the handle, copies of arrays that the hypervisor can
 * reach, and the two control calls. Private to that library. No part may hand the hypervisor a pointer
 * that does not come from here: a caller's memory may be swapped out.
 *
 * Functions return what libxenctrl's do: -1 with errno on failure.
 */
#ifndef LIBVMCTL_XEN_CTRL_H
#define LIBVMCTL_XEN_CTRL_H

#include <xencall.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

struct xc_interface_core {
    xentoollog_logger *logger, *own_logger;
    xencall_handle *call;             /* NULL in a dummy handle */
    xenforeignmemory_handle *memory;  /* the same */
    xc_error last_error;
};

/* Logs and keeps an error with errno's text. Returns -1, and keeps errno. */
int ctrl_error(xc_interface *xch, xc_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A caller's memory and its copy; at is NULL where the caller has none. */
struct ctrl_copy {
    void *at;
    void *user;
    size_t size;
};

/* Makes the copy. The caller need not free it on failure, which is ENOMEM. */
int ctrl_copy_in(xc_interface *xch, struct ctrl_copy *c, const void *user, size_t size);

/* Copies back, where out is set, and frees. Keeps errno. NULL memory is fine. */
void ctrl_copy_end(xc_interface *xch, struct ctrl_copy *c, bool out);

/* Hypercall op(cmd, arg) with a copy of arg that is copied back when it went well; at least -1. */
int ctrl_call(xc_interface *xch, unsigned int op, uint64_t cmd, void *arg, size_t size);

/* xc_domctl() and xc_sysctl(), with the command and the domain filled in. */
int ctrl_domctl(xc_interface *xch, uint32_t cmd, uint32_t domid, struct xen_domctl *op);
int ctrl_sysctl(xc_interface *xch, uint32_t cmd, struct xen_sysctl *op);

/* Bytes of a bitmap over `bits` bits, what the cpumap and nodemap functions give; -1 as they do. */
int ctrl_map_size(int bits);

#endif
