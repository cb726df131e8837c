/* SPDX-License-Identifier: MIT */
/*
 * Grants in use. The guest's entry says who may do what; ring 0 reads it once, marks it by compare-and-exchange, and
 * from then on goes by its own record of that use (struct grant_active), never by the entry again.
 *
 * Whose reference is whose: a use that is a mapping in page tables has its reference on the frame in the
 * page-table entry, and whoever clears that entry (an unmap, or the tables' teardown) puts it. A device mapping's
 * is held by its handle. A copy holds its own while it copies. grant_active only counts uses, so that the guest's
 * entry shows GTF_reading and GTF_writing for as long as there are any.
 *
 * Locks: the granting domain's for its active records and entries, the mapping domain's for its handles;
 * never both at once.
 */
#include "domain/grant.h"

#include <public/grant_table.h>

#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"
#include "memory/frame.h"

#define UNSTABLE_MAX 5 /* times that an entry may change under us */
#define RELINQUISH_UNIT 64
#define MAPTRACK_FRAMES_AHEAD 16u /* 2,048 mappings */

_Static_assert(MAPTRACK_ENTRIES * sizeof(struct grant_maptrack) <= PAGE_SIZE, "handles fit");
_Static_assert(GRANT_ENTRIES * sizeof(struct grant_entry_v1) == PAGE_SIZE, "512 entries a page");

static struct grant_entry_v1 *entry_of(const struct domain_grants *g, u32 ref)
{
    return (struct grant_entry_v1 *)g->table[ref / GRANT_ENTRIES] + ref % GRANT_ENTRIES;
}

/* flags and domid as one word, as they lie in memory */
static u32 *entry_word(struct grant_entry_v1 *e)
{
    return (u32 *)(void *)e;
}

/* Marks the entry as being read (and written), if it grants that to `to`. */
static int entry_mark(struct grant_entry_v1 *e, u16 to, bool readonly)
{
    u32 old = ACCESS_ONCE(*entry_word(e));

    for (u32 tries = 0; tries < UNSTABLE_MAX; tries++) {
        u32 marks = GTF_reading | (readonly ? 0 : GTF_writing);

        if ((old & GTF_type_mask) != GTF_permit_access || old >> 16 != to)
            return GNTST_general_error;
        if (!readonly && (old & GTF_readonly))
            return GNTST_general_error;
        if (__atomic_compare_exchange_n(entry_word(e), &old, old | marks, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return GNTST_okay;
    }
    return GNTST_general_error;
}

/* Takes away the marks that no use stands for any more. */
static void entry_unmark(struct grant_entry_v1 *e, const struct grant_active *a)
{
    u32 marks = a->writers ? 0 : GTF_writing;

    if (!a->writers && !a->readers)
        marks |= GTF_reading;
    if (marks)
        __atomic_fetch_and(&e->flags, (u16)~marks, __ATOMIC_SEQ_CST);
}

/* Lock held. */
static int use_locked(struct domain *rd, struct grant_active *a, u32 ref, u16 to, bool readonly, mfn_t *m)
{
    struct grant_entry_v1 *e = entry_of(&rd->grants, ref);
    bool in_use = a->readers || a->writers;
    int status;

    if (in_use && a->domid != to)
        return GNTST_general_error;
    if (!in_use || (!readonly && !a->writers)) {
        status = entry_mark(e, to, readonly);
        if (status)
            return status;
    }
    if (!in_use) {
        a->frame = ACCESS_ONCE(e->frame);
        a->domid = to;
    }
    *m = mfn(a->frame);
    if (readonly ? !frame_get(*m, rd) : frame_get_writable(*m, rd) != 0) {
        entry_unmark(e, a);
        return GNTST_general_error;
    }
    if (readonly)
        a->readers++;
    else
        a->writers++;
    return GNTST_okay;
}

int grant_use(struct domain *rd, u32 ref, u16 to, bool readonly, mfn_t *m, struct grant_part *part)
{
    struct grant_active *a;

    SPIN_LOCK_BLOCK(&rd->grants.lock);
    a = grant_active_of(&rd->grants, ref);
    if (unlikely(rd->death != DOMAIN_ALIVE))
        return GNTST_general_error;
    if (unlikely(!a))
        return GNTST_bad_gntref;
    if (unlikely(rd->grants.version == 2))
        return grant_v2_use(rd, a, ref, to, readonly, m, part);
    return use_locked(rd, a, ref, to, readonly, m);
}

void grant_unuse(struct domain *rd, u32 ref, bool readonly)
{
    struct grant_active *a;

    SPIN_LOCK_BLOCK(&rd->grants.lock);
    a = grant_active_of(&rd->grants, ref);
    if (unlikely(!a))
        return; /* its tables are gone, with the domain */
    if (readonly)
        a->readers--;
    else
        a->writers--;
    if (unlikely(rd->grants.version == 2))
        grant_v2_unmark(&rd->grants, ref, a);
    else
        entry_unmark(entry_of(&rd->grants, ref), a);
}

static struct grant_maptrack *handle_of(const struct domain_grants *g, u32 handle)
{
    if (handle / MAPTRACK_ENTRIES >= g->maptrack_frames)
        return NULL;
    return &g->maptrack[handle / MAPTRACK_ENTRIES][handle % MAPTRACK_ENTRIES];
}

/* A page more of handles, all free. Lock held. */
static bool maptrack_grow(struct domain_grants *g)
{
    u32 first = g->maptrack_frames * MAPTRACK_ENTRIES;
    struct grant_maptrack *page;

    if (g->maptrack_frames == g->max_maptrack_frames)
        return false;
    page = alloc_page();
    if (!page)
        return false;
    for (u32 i = 0; i < MAPTRACK_ENTRIES; i++)
        page[i].next_free = i + 1 < MAPTRACK_ENTRIES ? first + i + 2 : g->maptrack_free;
    g->maptrack[g->maptrack_frames++] = page;
    g->maptrack_free = first + 1;
    return true;
}

int grant_handle_take(struct domain *d, const struct grant_maptrack *m, u32 *handle)
{
    struct domain_grants *g = &d->grants;
    struct grant_maptrack *t;

    SPIN_LOCK_BLOCK(&g->lock);
    if (!g->maptrack_free && !maptrack_grow(g))
        return GNTST_no_device_space;
    *handle = g->maptrack_free - 1;
    t = handle_of(g, *handle);
    g->maptrack_free = t->next_free;
    *t = *m;
    return GNTST_okay;
}

bool grant_handle_begin(struct domain *d, u32 handle, struct grant_maptrack *m)
{
    struct grant_maptrack *t;

    SPIN_LOCK_BLOCK(&d->grants.lock);
    t = handle_of(&d->grants, handle);
    if (!t || !t->flags || t->busy)
        return false;
    t->busy = true;
    *m = *t;
    return true;
}

void grant_handle_end(struct domain *d, u32 handle, u16 flags_left)
{
    struct grant_maptrack *t;

    SPIN_LOCK_BLOCK(&d->grants.lock);
    t = handle_of(&d->grants, handle);
    t->busy = false;
    t->flags = flags_left;
    if (!flags_left) {
        t->domain = NULL;
        t->next_free = d->grants.maptrack_free;
        d->grants.maptrack_free = handle + 1;
    }
}

/* One page more. Lock held. */
static int grow_by_one(struct domain *d)
{
    struct domain_grants *g = &d->grants;
    void *page, *active;

    if (g->version == 2 && grant_v2_status_grow(d, g->frames + 1))
        return -ENOMEM;
    page = alloc_page();
    active = hv_alloc(GRANT_ENTRIES * sizeof(**g->active));
    if (!page || !active) {
        free_page(page);
        hv_free(active);
        return -ENOMEM;
    }
    frame_share(page, d);
    g->table[g->frames] = page;
    g->active[g->frames] = active;
    g->frames++;
    g->refs += g->version == 2 ? GRANT_V2_ENTRIES : GRANT_ENTRIES;
    return 0;
}

int grant_grow(struct domain *d, u32 n)
{
    struct domain_grants *g = &d->grants;
    int error = 0;

    SPIN_LOCK_BLOCK(&g->lock);
    if (n > g->max_frames || !g->table)
        return -EINVAL;
    while (!error && g->frames < n)
        error = grow_by_one(d);
    return error;
}

void *grant_frame_page(struct domain *d, u32 i, bool status)
{
    struct domain_grants *g = &d->grants;

    SPIN_LOCK_BLOCK(&g->lock);
    if (i >= (status ? g->status_frames : g->frames))
        return NULL;
    return status ? g->status[i] : g->table[i];
}

int grant_domain_init(struct domain *d, u32 max_frames, u32 max_maptrack_frames, u32 max_version)
{
    struct domain_grants *g = &d->grants;

    spin_lock_init(&g->lock, RANK_GRANT);
    g->max_frames = max_frames;
    g->max_maptrack_frames = max_maptrack_frames;
    g->version = 1;
    g->max_version = max_version;
    g->status = hv_alloc((max_frames / (GRANT_STATUSES / GRANT_V2_ENTRIES) + 1) * sizeof(*g->status));
    g->table = hv_alloc((max_frames + 1) * sizeof(*g->table));
    g->active = hv_alloc((max_frames + 1) * sizeof(*g->active));
    g->maptrack = hv_alloc((max_maptrack_frames + 1) * sizeof(*g->maptrack));
    if (!g->status || !g->table || !g->active || !g->maptrack)
        return -ENOMEM;
    /* Whoever runs backends maps a lot, and pages of handles are kept: so many from the start. */
    for (u32 i = 0; d->privileged && i < MAPTRACK_FRAMES_AHEAD; i++)
        if (!maptrack_grow(g))
            return -ENOMEM;
    return max_frames ? grant_grow(d, 1) : 0;
}

static void relinquish_one(struct domain *d, u32 handle)
{
    struct grant_maptrack m;

    if (!grant_handle_begin(d, handle, &m))
        return;
    if (m.flags & GNTMAP_device_map) {
        if (m.flags & GNTMAP_readonly)
            frame_put(mfn(m.frame));
        else
            frame_put_writable(mfn(m.frame));
    }
    grant_handle_end(d, handle, 0);
    grant_unuse(m.domain, m.ref, m.flags & GNTMAP_readonly);
    domain_put(m.domain);
}

int grant_relinquish(struct domain *d)
{
    struct domain_grants *g = &d->grants;

    while (g->relinquish_at < g->maptrack_frames * MAPTRACK_ENTRIES) {
        relinquish_one(d, g->relinquish_at++);
        if (g->relinquish_at % RELINQUISH_UNIT == 0 && preempt_needed())
            return -ERESTART;
    }
    return 0;
}

void grant_domain_destroy(struct domain *d)
{
    struct domain_grants *g = &d->grants;
    u32 frames;

    /* Others may still have mappings of this domain's frames, and end them later: they find no records. */
    spin_lock(&g->lock);
    frames = g->frames;
    g->frames = 0;
    g->refs = 0;
    g->max_frames = 0;
    spin_unlock(&g->lock);
    for (u32 i = 0; i < frames; i++) {
        frame_unshare(g->table[i]);
        hv_free(g->active[i]);
    }
    grant_v2_status_free(g);
    for (u32 i = 0; i < g->maptrack_frames; i++)
        free_page(g->maptrack[i]);
    g->maptrack_frames = 0;
    hv_free(g->status);
    hv_free(g->table);
    hv_free(g->active);
    hv_free(g->maptrack);
    g->status = NULL;
    g->table = NULL;
    g->active = NULL;
    g->maptrack = NULL;
}
