/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls from a program in the control domain. Interface of Xen's libxencall 1.3. What a call
 * does, and what structures it takes, is the ABI's business (<xen/...>): this moves them.
 *
 * A child after fork() may do one thing with its parent's handle: close it. It must not touch the
 * parent's buffers.
 */
#ifndef XENCALL_H
#define XENCALL_H

#include <stddef.h>
#include <stdint.h>

struct xentoollog_logger;
typedef struct xencall_handle xencall_handle;

/* The caller promises that one thread at a time uses the handle. */
#define XENCALL_OPENFLAG_NON_REENTRANT (1U << 0)

/* NULL and errno on failure, which is logged (logger NULL: to stderr). */
xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned open_flags);

/* Frees buffers first. NULL is fine. Returns 0. */
int xencall_close(xencall_handle *xcall);

/* The device's descriptor: nothing to poll for, but other ioctls go through it. */
int xencall_fd(xencall_handle *xcall);

/*
 * Hypercall `op`: its result, or -1 with errno, which the hypervisor or the kernel gave. Pointers
 * among the arguments must lead into buffers from below. Nothing is logged.
 */
int xencall0(xencall_handle *xcall, unsigned int op);
int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1);
int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2);
int xencall3(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3);
int xencall4(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3,
             uint64_t arg4);
int xencall5(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3,
             uint64_t arg4, uint64_t arg5);
/* For results that an int does not hold. */
long xencall2L(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2);

/*
 * Memory for hypercalls: whole pages that stay where they are, zeroed. NULL and errno on failure;
 * freeing NULL is fine. What one function of a pair allocated, the other of it frees.
 */
void *xencall_alloc_buffer_pages(xencall_handle *xcall, size_t nr_pages);
void xencall_free_buffer_pages(xencall_handle *xcall, void *p, size_t nr_pages);
void *xencall_alloc_buffer(xencall_handle *xcall, size_t size);
void xencall_free_buffer(xencall_handle *xcall, void *p);

/* 1: the kernel promises that buffers never fault; 0: a call may fail with EFAULT, try again. */
int xencall_buffers_never_fault(xencall_handle *xcall);

#endif
