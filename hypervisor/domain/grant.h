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

#define GRANT_ENTRIES 512 /* in a page of the table */
#define MAPTRACK_ENTRIES 128 /* in a page of mappings */

/* What ring 0 keeps of a grant in use. The guest's own entry may change under us: this may not. */
struct grant_active {
    u32 frame;
    u16 domid;            /* who uses it */
    u32 readers, writers; /* uses; each holds a reference on the frame somewhere */
};

/* A mapping this domain holds of another's grant. Its handle is its index. */
struct grant_maptrack {
    struct domain *domain; /* whose grant: referenced */
    u32 ref;
    u32 frame;
    u16 flags;             /* GNTMAP_* still in force; 0: free */
    bool busy;             /* some vcpu is about to undo it */
    u32 next_free;         /* handle + 1 */
};

struct domain_grants {
    spinlock_t lock;
    u32 frames, max_frames;              /* of the table, 512 v1 entries each */
    u32 max_maptrack_frames;
    void **table;                        /* pages of entries, shared with the domain */
    struct grant_active **active;        /* for each page of the table */
    struct grant_maptrack **maptrack;    /* pages of this domain's mappings of others' frames */
    u32 maptrack_frames, maptrack_free;  /* free: handle + 1 of the first */
    u32 relinquish_at;
};

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
/* Gives back the uses that d's mappings make of others' grants, and the frames that only a device mapping held. 0
 * or -ERESTART. None of d's vcpus runs any more. The frames that d's page-table entries map are the entries':
 * memory_relinquish() puts those, before or after this. */
int grant_relinquish(struct domain *d);
void grant_domain_destroy(struct domain *d);
/* Makes sure that d's table has at least n frames; the page of frame i for XENMEM_acquire_resource. */
int grant_grow(struct domain *d, u32 n);
void *grant_frame_page(struct domain *d, u32 i);

/* Begins a use of rd's grant `ref` by domain `to`: GNTST_okay and the frame, on which the caller now has a reference
 * (and a writable type count unless readonly); else a GNTST_* error. The use ends by grant_unuse(), the reference by
 * whoever holds it. */
int grant_use(struct domain *rd, u32 ref, u16 to, bool readonly, mfn_t *m);
void grant_unuse(struct domain *rd, u32 ref, bool readonly);

/* Handles. take: a free one made into m (whose domain reference it takes over): GNTST_okay or GNTST_no_device_space.
 * begin: marks one as being undone and copies it; false: no such handle, or another vcpu is at it. end: what is left of
 * its flags; 0 frees it. */
int grant_handle_take(struct domain *d, const struct grant_maptrack *m, u32 *handle);
bool grant_handle_begin(struct domain *d, u32 handle, struct grant_maptrack *m);
void grant_handle_end(struct domain *d, u32 handle, u16 flags_left);

#endif
