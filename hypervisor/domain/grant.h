/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: a domain lets another map or copy one of its frames; ring 0 checks and keeps account. Behaviour:
 * public/grant_table.h and Xen 4.17's answers. The grant entries are shared with the guest, in version 1 (grant.c) or 2
 * (grant_v2.c): read once, and changed by atomic operations only.
 */
#ifndef DOMAIN_GRANT_H
#define DOMAIN_GRANT_H

#include "cpu/lock.h"
#include "lib/types.h"

struct domain;

#define GRANT_ENTRIES 512 /* in a page of a version 1 table */
#define GRANT_V2_ENTRIES 256
#define GRANT_STATUSES 2048 /* in a page of version 2's marks of use */
#define MAPTRACK_ENTRIES 128 /* in a page of mappings */

/* What ring 0 keeps of a grant in use. The guest's own entry may change under us: this may not. */
struct grant_active {
    u32 frame;
    u16 domid;            /* who uses it */
    bool partial;         /* not the whole frame, or not one of its owner's: each use looks at the entry anew */
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
    u32 frames, max_frames;              /* of the table */
    u32 refs;                            /* entries in them */
    u32 version, max_version;
    u32 status_frames;
    u16 **status;                        /* version 2: pages of marks of use, shared with the domain */
    u32 max_maptrack_frames;
    void **table;                        /* pages of entries, shared with the domain */
    struct grant_active **active;        /* GRANT_ENTRIES for each page of the table, which is enough for both versions */
    struct grant_maptrack **maptrack;    /* pages of this domain's mappings of others' frames */
    u32 maptrack_frames, maptrack_free;  /* free: handle + 1 of the first */
    u32 relinquish_at;
};

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames, u32 max_version);
/* Gives back the uses that d's mappings make of others' grants, and the frames that only a device mapping held. 0
 * or -ERESTART. None of d's vcpus runs any more. The frames that d's page-table entries map are the entries':
 * memory_relinquish() puts those, before or after this. */
int grant_relinquish(struct domain *d);
void grant_domain_destroy(struct domain *d);
/* Makes sure that d's table has at least n frames; the page of frame i, or of the marks of use. */
int grant_grow(struct domain *d, u32 n);
void *grant_frame_page(struct domain *d, u32 i, bool status);

/* What a grant gives that is not a whole frame. transitive: no frame at all, but the grant `ref` of domain `domid`. */
struct grant_part {
    bool whole, transitive;
    u16 start, length, domid;
    u32 ref;
};

/* Begins a use of rd's grant `ref` by domain `to`: GNTST_okay and the frame, on which the caller now has a reference
 * (and a writable type count unless readonly); else a GNTST_* error. The use ends by grant_unuse(), the reference by
 * whoever holds it. GRANT_PARTIAL: it is not a whole frame, *part says what; only where part is not NULL. */
#define GRANT_PARTIAL 1
int grant_use(struct domain *rd, u32 ref, u16 to, bool readonly, mfn_t *m, struct grant_part *part);
void grant_unuse(struct domain *rd, u32 ref, bool readonly);
/* d's table becomes one of that version, empty but for the toolstack's entries. 0, -EINVAL, -ENOSYS (not allowed to it),
 * -EBUSY (entries are in use, or the marks' pages mapped), -ERANGE (an entry of the toolstack's does not fit), -ENOMEM. */
int grant_set_version(struct domain *d, u32 version);
/* Two entries of d's that nobody uses, exchanged. GNTST_*. */
int grant_swap(struct domain *d, u32 a, u32 b);

/* grant.c's and grant_v2.c's own, the lock held. */
static inline struct grant_active *grant_active_of(const struct domain_grants *g, u32 ref)
{
    return likely(ref < g->refs) ? &g->active[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES] : NULL;
}
int grant_v2_use(struct domain *rd, struct grant_active *a, u32 ref, u16 to, bool readonly, mfn_t *m,
                 struct grant_part *part);
void grant_v2_unmark(struct domain_grants *g, u32 ref, const struct grant_active *a);
/* As many pages of marks as n frames of the table need. */
int grant_v2_status_grow(struct domain *d, u32 n);
void grant_v2_status_free(struct domain_grants *g);

/* Handles. take: a free one made into m (whose domain reference it takes over): GNTST_okay or GNTST_no_device_space.
 * begin: marks one as being undone and copies it; false: no such handle, or another vcpu is at it. end: what is left of
 * its flags; 0 frees it. */
int grant_handle_take(struct domain *d, const struct grant_maptrack *m, u32 *handle);
bool grant_handle_begin(struct domain *d, u32 handle, struct grant_maptrack *m);
void grant_handle_end(struct domain *d, u32 handle, u16 flags_left);

#endif
