/* SPDX-License-Identifier: MIT */
/*
 * Grants from a program: mapping and copying what other domains granted (xengnttab_*), granting
 * pages of one's own to others (xengntshr_*). Interface of Xen's libxengnttab 1.2.
 *
 * Functions return -1 (or NULL) and set errno on failure. Opening, mapping and sharing log their
 * failures (logger NULL: to stderr). A child after fork() may only close its parent's handle.
 *
 * Notification: one page of a mapping, or a page that is shared, may have a byte that the kernel
 * clears and an event channel that it signals when the page is unmapped, even where the program
 * was killed. (uint32_t)-1 as offset or port: without. The peer takes a cleared byte for "gone".
 */
#ifndef XENGNTTAB_H
#define XENGNTTAB_H

#include <stdint.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>

struct xentoollog_logger;

/* ---- others' grants ---- */

typedef struct xengntdev_handle xengnttab_handle;

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags);
/* The kernel takes mappings down when the last of them is unmapped. NULL is fine. */
int xengnttab_close(xengnttab_handle *xgt);
int xengnttab_fd(xengnttab_handle *xgt);

/* Maps a grant, or several in a row: all or nothing. prot as for mmap(). */
void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot);
void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t *domids,
                               uint32_t *refs, int prot);
void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid,
                                      uint32_t *refs, int prot);
/* Nothing is mapped where the notification cannot be had. */
void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot,
                                     uint32_t notify_offset, evtchn_port_t notify_port);
/* Unmaps all `count` pages of a mapping. */
int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count);

/* At most so many mapped at once; straight after opening only. Newer kernels have no bound: success. */
int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants);

/* One piece of a copy between a local buffer (virt) and a granted page, or two granted pages. */
struct xengnttab_grant_copy_segment {
    union xengnttab_copy_ptr {
        void *virt;
        struct {
            uint32_t ref;
            uint16_t offset;
            uint16_t domid;
        } foreign;
    } source, dest;
    uint16_t len;   /* offset + len of a granted page end within it */
    uint16_t flags; /* GNTCOPY_source_gref, GNTCOPY_dest_gref: which ones are granted */
    int16_t status; /* out: GNTST_* */
};
typedef struct xengnttab_grant_copy_segment xengnttab_grant_copy_segment_t;

/* 0: every segment was tried, and has a status. */
int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
                         xengnttab_grant_copy_segment_t *segs);

/* Grants as a dma-buf and the other way round, where the kernel has that (CONFIG_XEN_GNTDEV_DMABUF). */
#define GNTDEV_DMA_FLAG_WC       (1 << 0)
#define GNTDEV_DMA_FLAG_COHERENT (1 << 1)

/* Makes a dma-buf of grants; *fd is its descriptor. */
int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t flags,
                                   uint32_t count, const uint32_t *refs, uint32_t *fd);
/* Waits until that dma-buf is released, or so many ms (ETIMEDOUT); ENOENT: it is gone. */
int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *xgt, uint32_t fd, uint32_t wait_to_ms);
/* Grants a dma-buf's pages to a domain, into refs[count]. */
int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t fd, uint32_t count,
                                 uint32_t *refs);
int xengnttab_dmabuf_imp_release(xengnttab_handle *xgt, uint32_t fd);

/* ---- one's own pages ---- */

typedef struct xengntdev_handle xengntshr_handle;

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned open_flags);
int xengntshr_close(xengntshr_handle *xgs);
int xengntshr_fd(xengntshr_handle *xgs);

/* Allocates `count` pages, grants them to a domain (refs[count]: out) and maps them here. */
void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs,
                            int writable);
void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid, uint32_t *ref,
                                  int writable, uint32_t notify_offset, evtchn_port_t notify_port);
/* Unmaps all `count` pages; the grants end when nobody has them mapped. */
int xengntshr_unshare(xengntshr_handle *xgs, void *start_address, uint32_t count);

#endif
