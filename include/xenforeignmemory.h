/* SPDX-License-Identifier: MIT */
/*
 * Mapping another domain's memory. Interface of Xen's libxenforeignmemory 1.4. Frame numbers are
 * the domain's own notion of them: machine frames for a PV domain.
 *
 * Functions return -1 (or NULL) and set errno on failure. A child after fork() may only close its
 * parent's handle.
 */
#ifndef XENFOREIGNMEMORY_H
#define XENFOREIGNMEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>

struct xentoollog_logger;
typedef struct xenforeignmemory_handle xenforeignmemory_handle;
typedef struct xenforeignmemory_resource_handle xenforeignmemory_resource_handle;

/* Failures are logged (logger NULL: to stderr). open_flags: 0. */
xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned open_flags);
/* Mappings stay. NULL is fine. */
int xenforeignmemory_close(xenforeignmemory_handle *fmem);

/*
 * Maps `pages` frames, in the order of arr, in a row. prot as for mmap().
 * err NULL: all or nothing, errno is the first frame's. Else err[i] is 0 or frame i's errno (a
 * positive number), and the mapping stands even where no frame of it does; NULL is returned only
 * where nothing was tried.
 */
void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom, int prot, size_t pages,
                           const xen_pfn_t arr[], int err[]);
/* With mmap()'s hint where, and more of its flags. */
void *xenforeignmemory_map2(xenforeignmemory_handle *fmem, uint32_t dom, void *addr, int prot,
                            int flags, size_t pages, const xen_pfn_t arr[], int err[]);
int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr, size_t pages);

/* From here on the handle reaches domain `domid` alone. */
int xenforeignmemory_restrict(xenforeignmemory_handle *fmem, domid_t domid);

/*
 * Maps nr_frames frames, from index `frame` on, of something that the hypervisor keeps for a domain
 * (XENMEM_resource_*, and which of them: id). *paddr: in, a hint or NULL; out, the address.
 */
xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
                              unsigned int id, unsigned long frame, unsigned long nr_frames,
                              void **paddr, int prot, int flags);
/* Unmaps it and frees the handle. NULL is fine. */
int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
                                    xenforeignmemory_resource_handle *fres);
/* How many bytes such a thing has, into *size. */
int xenforeignmemory_resource_size(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
                                   unsigned int id, size_t *size);

#endif
