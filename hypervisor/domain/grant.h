/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain lets another map or copy one of its frames; ring 0 checks and keeps
 * account. Behaviour: public/grant_table.h and Xen 4.17's answers. The grant entries are shared with
 * the guest: read once, change by compare-and-exchange only.
 */
#ifndef DOMAIN_GRANT_H
#define DOMAIN_GRANT_H

#include "cpu/lock.h"
#include "lib/types.h"

struct domain;

struct grant_active;
struct grant_maptrack;

struct domain_grants {
    spinlock_t lock;
    u32 frames, max_frames;              /* of the table, 512 v1 entries each */
    u32 max_maptrack_frames;
    void **table;                        /* frames pages, shared with the domain */
    struct grant_active *active;         /* per ref: pins, frame */
    struct grant_maptrack *maptrack;     /* this domain's mappings of others' */
    u32 maptrack_size, maptrack_free;
};

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
/* Undoes all mappings that d holds of others. Restartable. */
int grant_relinquish(struct domain *d);
void grant_domain_destroy(struct domain *d);
/* Makes sure that d's table has at least n frames; the page of frame i for XENMEM_acquire_resource. */
int grant_grow(struct domain *d, u32 n);
void *grant_frame_page(struct domain *d, u32 i);

#endif
