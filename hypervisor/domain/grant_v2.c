/* SPDX-License-Identifier: MIT */
/*
 * Grant entries of version 2, and the change from one version to the other. Marks of use stand apart from the entries, in
 * pages that ring 0 writes and the guest reads: what the guest writes there is lost or misleads the guest alone, since
 * ring 0 goes by its own counts. A use sets the mark first and reads the entry then, once: a guest that takes an entry
 * back does it in the other order, so one of the two sees the other.
 *
 * An entry may grant a part of a frame, or pass on another domain's grant. Those can be copied only, and are looked
 * at anew by each copy: nothing of them is kept but the counts.
 */
#include <public/grant_table.h>

#include "domain/domain.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"

_Static_assert(GRANT_V2_ENTRIES * sizeof(union grant_entry_v2) == PAGE_SIZE, "256 entries a page");
_Static_assert(GRANT_STATUSES * sizeof(grant_status_t) == PAGE_SIZE, "2048 marks a page");

static union grant_entry_v2 *entry_of(const struct domain_grants *g, u32 ref)
{
    return (union grant_entry_v2 *)g->table[ref / GRANT_V2_ENTRIES] + ref % GRANT_V2_ENTRIES;
}

static struct grant_entry_v1 *entry_v1_of(const struct domain_grants *g, u32 ref)
{
    return (struct grant_entry_v1 *)g->table[ref / GRANT_ENTRIES] + ref % GRANT_ENTRIES;
}

static grant_status_t *status_of(const struct domain_grants *g, u32 ref)
{
    return &g->status[ref / GRANT_STATUSES][ref % GRANT_STATUSES];
}

static u16 marks_of(const struct grant_active *a)
{
    return (u16)((a->readers || a->writers ? GTF_reading : 0) | (a->writers ? GTF_writing : 0));
}

void grant_v2_unmark(struct domain_grants *g, u32 ref, const struct grant_active *a)
{
    __atomic_store_n(status_of(g, ref), marks_of(a), __ATOMIC_SEQ_CST);
}

/* What the entry gives to `to`: the frame, or with part what part says. */
static int entry_read(const union grant_entry_v2 *e, u16 to, bool readonly, u64 *frame, struct grant_part *part)
{
    u32 header = ACCESS_ONCE(((const u32 *)(const void *)e)[0]), where = ACCESS_ONCE(((const u32 *)(const void *)e)[1]);
    u64 what = ACCESS_ONCE(e->full_page.frame);
    bool sub_page = header & GTF_sub_page;

    if (header >> 16 != to || (!readonly && (header & GTF_readonly)))
        return GNTST_general_error;
    *part = (struct grant_part){.whole = !sub_page, .length = PAGE_SIZE};
    *frame = what;
    switch (header & GTF_type_mask) {
    case GTF_permit_access:
        if (sub_page) {
            part->start = (u16)where;
            part->length = (u16)(where >> 16);
        }
        return GNTST_okay;
    case GTF_transitive:
        part->whole = false;
        part->transitive = true;
        part->domid = (u16)where;
        part->ref = (u32)what;
        return sub_page ? GNTST_general_error : GNTST_okay;
    default:
        return GNTST_general_error;
    }
}

/* Not part of its caller, whose usual way is version 1. */
__attribute__((noinline)) int grant_v2_use(struct domain *rd, struct grant_active *a, u32 ref, u16 to, bool readonly, mfn_t *m,
                 struct grant_part *part)
{
    struct domain_grants *g = &rd->grants;
    const union grant_entry_v2 *e = entry_of(g, ref);
    bool in_use = a->readers || a->writers;
    struct grant_part p = {.whole = true, .length = PAGE_SIZE};
    int status = GNTST_okay;
    u64 frame = a->frame;

    if (in_use && a->domid != to)
        return GNTST_general_error;
    if (!in_use || a->partial || (!readonly && !a->writers)) {
        if (entry_read(e, to, readonly, &frame, &p))
            return GNTST_general_error;
        __atomic_fetch_or(status_of(g, ref), GTF_reading | (readonly ? 0 : GTF_writing), __ATOMIC_SEQ_CST);
        status = entry_read(e, to, readonly, &frame, &p);
        if (in_use && a->partial == p.whole)
            status = GNTST_general_error; /* changed while in use */
        if (in_use && !a->partial)
            frame = a->frame;
    }
    *m = mfn(frame);
    if (!status && !part && !p.whole)
        status = GNTST_general_error;
    if (!status && !p.transitive && (frame >> 32 || !mfn_valid(*m)))
        status = GNTST_bad_page;
    if (!status && !p.transitive && (readonly ? !frame_get(*m, rd) : frame_get_writable(*m, rd) != 0))
        status = GNTST_general_error;
    if (!status) {
        a->domid = to;
        a->partial = !p.whole;
        a->frame = (u32)frame;
        *(readonly ? &a->readers : &a->writers) += 1;
        if (!p.whole) {
            *part = p;
            status = GRANT_PARTIAL;
        }
    }
    grant_v2_unmark(g, ref, a);
    return status;
}

int grant_v2_status_grow(struct domain *d, u32 n)
{
    struct domain_grants *g = &d->grants;

    while (g->status_frames * GRANT_STATUSES < n * GRANT_V2_ENTRIES) {
        void *page = alloc_page();

        if (!page)
            return -ENOMEM;
        frame_share(page, d);
        g->status[g->status_frames++] = page;
    }
    return 0;
}

void grant_v2_status_free(struct domain_grants *g)
{
    while (g->status_frames)
        frame_unshare(g->status[--g->status_frames]);
}

/* The toolstack's entries, which outlive the change, in version 2's form. */
static int entries_keep(const struct domain_grants *g, union grant_entry_v2 *kept)
{
    for (u32 ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
        union grant_entry_v2 *k = &kept[ref];

        if (g->version == 1) {
            const struct grant_entry_v1 e = *(volatile struct grant_entry_v1 *)entry_v1_of(g, ref);

            k->full_page = (__typeof__(k->full_page)){{(u16)(e.flags & ~(GTF_reading | GTF_writing)), e.domid}, 0, e.frame};
            continue;
        }
        *k = *(volatile union grant_entry_v2 *)entry_of(g, ref);
        if ((k->hdr.flags & GTF_type_mask) == GTF_transitive ||
            ((k->hdr.flags & GTF_type_mask) == GTF_permit_access && k->full_page.frame >> 32))
            return -ERANGE;
        if ((k->hdr.flags & GTF_type_mask) != GTF_permit_access)
            *k = (union grant_entry_v2){0};
    }
    return 0;
}

static void entries_put(struct domain_grants *g, const union grant_entry_v2 *kept)
{
    for (u32 ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
        const union grant_entry_v2 *k = &kept[ref];
        u16 marks = marks_of(grant_active_of(g, ref));

        if (g->version == 1) {
            *entry_v1_of(g, ref) = (struct grant_entry_v1){
                (u16)((k->hdr.flags & ~(GTF_reading | GTF_writing)) | marks), k->hdr.domid, (u32)k->full_page.frame};
        } else {
            *entry_of(g, ref) = *k;
            *status_of(g, ref) = marks;
        }
    }
}

static bool entries_in_use(const struct domain_grants *g)
{
    for (u32 ref = GNTTAB_NR_RESERVED_ENTRIES; ref < g->refs; ref++)
        if (marks_of(grant_active_of(g, ref)))
            return true;
    return false;
}

static bool status_mapped(const struct domain_grants *g)
{
    for (u32 i = 0; i < g->status_frames; i++)
        if (ACCESS_ONCE(frame_of(virt_to_mfn(g->status[i]))->refs) != (FRAME_HV | 1))
            return true;
    return false;
}

static int version_change(struct domain *d, u32 version)
{
    union grant_entry_v2 kept[GNTTAB_NR_RESERVED_ENTRIES];
    struct domain_grants *g = &d->grants;
    int error;

    if (entries_in_use(g))
        return -EBUSY;
    error = entries_keep(g, kept);
    if (!error)
        error = version == 2 ? grant_v2_status_grow(d, g->frames) : status_mapped(g) ? -EBUSY : 0;
    if (error)
        return error;
    if (version == 1)
        grant_v2_status_free(g);
    for (u32 i = 0; i < g->frames; i++)
        memset(g->table[i], 0, PAGE_SIZE);
    g->version = version;
    g->refs = g->frames * (version == 2 ? GRANT_V2_ENTRIES : GRANT_ENTRIES);
    entries_put(g, kept);
    return 0;
}

int grant_set_version(struct domain *d, u32 version)
{
    struct domain_grants *g = &d->grants;

    if (version != 1 && version != 2)
        return -EINVAL;
    if (version > g->max_version)
        return -ENOSYS;
    SPIN_LOCK_BLOCK(&g->lock);
    if (!g->frames)
        return -EINVAL; /* it dies */
    return version == g->version ? 0 : version_change(d, version);
}

int grant_swap(struct domain *d, u32 a, u32 b)
{
    struct domain_grants *g = &d->grants;
    const struct grant_active *active_a, *active_b;

    SPIN_LOCK_BLOCK(&g->lock);
    active_a = grant_active_of(g, a);
    active_b = grant_active_of(g, b);
    if (!active_a || !active_b)
        return GNTST_bad_gntref;
    if (a != b && (marks_of(active_a) || marks_of(active_b)))
        return GNTST_eagain;
    if (g->version == 2) {
        union grant_entry_v2 old = *entry_of(g, a);

        *entry_of(g, a) = *entry_of(g, b);
        *entry_of(g, b) = old;
    } else {
        struct grant_entry_v1 old = *entry_v1_of(g, a);

        *entry_v1_of(g, a) = *entry_v1_of(g, b);
        *entry_v1_of(g, b) = old;
    }
    return GNTST_okay;
}
