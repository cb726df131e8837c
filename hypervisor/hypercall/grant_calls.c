/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op: map, unmap and copy in batches, and the few questions about a table. Each operation of a batch has
 * a status of its own, written back before the next begins; the call itself fails only where the batch cannot be read
 * or written. Not there, and refused with ENOSYS: dump_table.
 *
 * An unmapped frame is given back, and its use ends, only after the TLBs that may know it were flushed: once for a
 * run of operations.
 */
#include <public/grant_table.h>

#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"

#define BATCH 16 /* operations between two looks at what is more urgent; unmaps per flush */
#define CACHE_LINE 64u
#define HOST_OR_DEVICE (GNTMAP_host_map | GNTMAP_device_map)
/* GNTMAP_guest_avail bits 16-18 become the entry's three free bits, 9-11 */
#define AVAILABLE_BITS(flags) ((u64)((flags) >> 16 & 7) << 9)

static void frame_give_back(mfn_t m, bool readonly)
{
    if (readonly)
        frame_put(m);
    else
        frame_put_writable(m);
}

/* The references that the flags ask for beyond the one that grant_use() gave. */
static int map_enter(struct vcpu *v, const struct gnttab_map_grant_ref *op, struct domain *rd, mfn_t m)
{
    bool readonly = op->flags & GNTMAP_readonly, both = (op->flags & HOST_OR_DEVICE) == HOST_OR_DEVICE;
    int error = 0;

    if (both && (readonly ? !frame_get(m, rd) : frame_get_writable(m, rd) != 0))
        return -EINVAL;
    if (op->flags & GNTMAP_host_map)
        error = pt_grant_map(v, op->host_addr, op->flags & GNTMAP_contains_pte, m, readonly,
                             AVAILABLE_BITS(op->flags));
    if (error && both)
        frame_give_back(m, readonly);
    return error;
}

/* 0, with a status; or -ERESTART, with nothing done. */
static int map_one(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
    struct domain *d = v->domain, *rd;
    struct grant_maptrack track = {.ref = op->ref};
    bool readonly = op->flags & GNTMAP_readonly;
    u32 handle;
    mfn_t m;
    int error = 0;

    rd = op->flags & HOST_OR_DEVICE ? domain_find(op->dom) : NULL;
    if (unlikely(!rd)) {
        op->status = op->flags & HOST_OR_DEVICE ? GNTST_bad_domain : GNTST_bad_gntref;
        return 0;
    }
    op->status = (int16_t)grant_use(rd, op->ref, d->id, readonly, &m, NULL);
    if (unlikely(op->status))
        goto put_domain;
    /* The handle first: with it in hand nothing can fail after the entry is made. It is busy until then. */
    track.domain = rd;
    track.frame = (u32)mfn_x(m);
    track.flags = (u16)(op->flags & (HOST_OR_DEVICE | GNTMAP_readonly | GNTMAP_contains_pte));
    track.busy = true;
    op->status = (int16_t)grant_handle_take(d, &track, &handle);
    if (unlikely(op->status))
        goto end_use;
    error = map_enter(v, op, rd, m);
    if (unlikely(error)) {
        op->status = GNTST_general_error;
        grant_handle_end(d, handle, 0);
        goto end_use;
    }
    grant_handle_end(d, handle, track.flags);
    op->handle = handle;
    op->dev_bus_addr = mfn_to_maddr(m);
    return 0; /* the handle keeps the domain */

end_use:
    frame_give_back(m, readonly);
    grant_unuse(rd, op->ref, readonly);
put_domain:
    domain_put(rd);
    return error == -ERESTART ? error : 0;
}

/* A mapping undone, whose use ends after the flush. */
struct undone {
    struct domain *domain;
    u32 ref;
    mfn_t host_frame, device_frame; /* the entry's and the handle's references; mfn 0: none */
    bool readonly, last;
};

/* 0: op->status says how it went, and if u->domain is set, undone_end() is due after the flush; -ERESTART. */
static int unmap_one(struct vcpu *v, struct gnttab_unmap_grant_ref *op, struct undone *u)
{
    struct domain *d = v->domain;
    struct grant_maptrack m;
    u16 left;
    int error = 0;

    op->status = GNTST_bad_handle;
    if (!grant_handle_begin(d, op->handle, &m))
        return 0;
    left = m.flags;
    op->status = GNTST_general_error;
    if (op->dev_bus_addr && (m.flags & GNTMAP_device_map)) {
        if (op->dev_bus_addr != mfn_to_maddr(mfn(m.frame)))
            goto out;
        left &= (u16)~GNTMAP_device_map;
    }
    if (op->host_addr && (m.flags & GNTMAP_host_map)) {
        error = pt_grant_unmap(v, op->host_addr, m.flags & GNTMAP_contains_pte, mfn(m.frame),
                               m.flags & GNTMAP_readonly);
        if (unlikely(error)) {
            left = m.flags;
            goto out;
        }
        left &= (u16)~GNTMAP_host_map;
    }
    op->status = GNTST_okay;
    *u = (struct undone){m.domain, m.ref, mfn(0), mfn(0), m.flags & GNTMAP_readonly, !(left & HOST_OR_DEVICE)};
    if ((m.flags ^ left) & GNTMAP_host_map)
        u->host_frame = mfn(m.frame);
    if ((m.flags ^ left) & GNTMAP_device_map)
        u->device_frame = mfn(m.frame);
    if (u->last)
        left = 0;
out:
    grant_handle_end(d, op->handle, left);
    return error == -ERESTART ? error : 0;
}

/* After the flush. */
static inline __attribute__((always_inline)) void undone_end(struct undone *undone, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        struct undone *u = &undone[i];

        if (mfn_x(u->host_frame))
            frame_give_back(u->host_frame, u->readonly);
        if (mfn_x(u->device_frame))
            frame_give_back(u->device_frame, u->readonly);
        if (!u->domain || !u->last)
            continue;
        grant_unuse(u->domain, u->ref, u->readonly);
        domain_put(u->domain);
    }
}

static long call_map(struct vcpu *v, u64 arg)
{
    struct gnttab_map_grant_ref op;

    if (copy_words_from_guest(&op, arg))
        return -EFAULT;
    if (map_one(v, &op))
        return -ERESTART;
    return copy_words_to_guest(arg, &op);
}

/* `count` operations, at most BATCH. *done: how many were. */
static long call_unmaps(struct vcpu *v, u64 arg, u32 count, u32 *done)
{
    struct undone undone[BATCH];
    u32 flush = 0;
    long error = 0;

    for (*done = 0; *done < count && !error; ++*done) {
        struct gnttab_unmap_grant_ref op;

        undone[flush] = (struct undone){0};
        error = copy_words_from_guest(&op, arg) ? -EFAULT : unmap_one(v, &op, &undone[flush]);
        if (error)
            break;
        if (undone[flush].domain)
            flush++;
        if (copy_words_to_guest(arg, &op))
            error = -EFAULT;
        arg += sizeof(op);
    }
    if (flush) {
        tlb_flush_mask(v->domain->dirty_cpus);
        undone_end(undone, flush);
    }
    return error;
}

/* An unmap that leaves another entry of the page tables in the mapping's place. Rare: a flush each. */
static long call_replace(const struct command_call *c)
{
    struct gnttab_unmap_and_replace *op = c->op;
    struct grant_maptrack m;
    struct undone u = {0};
    u16 left;

    op->status = GNTST_bad_handle;
    if (!grant_handle_begin(c->domain, op->handle, &m))
        return 0;
    left = m.flags;
    op->status = GNTST_general_error;
    if ((m.flags & GNTMAP_host_map) && !((m.flags & GNTMAP_contains_pte) && op->new_addr) &&
        !pt_grant_replace(c->v, op->host_addr, m.flags & GNTMAP_contains_pte, op->new_addr, mfn(m.frame),
                          m.flags & GNTMAP_readonly)) {
        op->status = GNTST_okay;
        left = m.flags & GNTMAP_device_map ? (u16)(m.flags & ~GNTMAP_host_map) : 0;
        u = (struct undone){m.domain, m.ref, mfn(m.frame), mfn(0), m.flags & GNTMAP_readonly, !left};
    }
    grant_handle_end(c->domain, op->handle, left);
    if (u.domain) {
        tlb_flush_mask(c->domain->dirty_cpus);
        undone_end(&u, 1);
    }
    return 0;
}

/* One side of a copy: its frame, held, and the grant it came by, with the one behind it where that passed one on. */
struct copy_side {
    struct domain *domain;
    mfn_t m;
    bool readonly, granted, held, has_behind;
    u32 ref_behind;
    struct domain *behind;
};

static void copy_side_init(struct copy_side *s, bool readonly, bool granted)
{
    s->domain = NULL;
    s->readonly = readonly;
    s->granted = granted;
    s->held = s->has_behind = false;
}

/* The grant of another domain's that s's grant passes on. Whoever passes it on may use it, and may not have had it passed
 * on itself. */
static int behind_take(struct copy_side *s, struct grant_part *part)
{
    bool other = part->domid < DOMID_FIRST_RESERVED && part->domid != s->domain->id;
    struct domain *d = other ? domain_find(part->domid) : NULL;
    u32 ref = part->ref;
    int status;

    if (!d)
        return GNTST_general_error;
    status = grant_use(d, ref, s->domain->id, s->readonly, &s->m, part);
    if (status == GRANT_PARTIAL && part->transitive) {
        grant_unuse(d, ref, s->readonly);
        status = GNTST_general_error;
    }
    if (status < 0) {
        domain_put(d);
        return status;
    }
    s->has_behind = true;
    s->behind = d;
    s->ref_behind = ref;
    return status;
}

/* The use of s's grant has begun, and it is not a whole frame's. */
static __attribute__((noinline)) int partial_take(const struct gnttab_copy_ptr *p, u32 length, struct copy_side *s,
                                                  struct grant_part *part)
{
    int status = part->transitive ? behind_take(s, part) : GRANT_PARTIAL;

    if (status < 0) {
        grant_unuse(s->domain, p->u.ref, s->readonly);
        return GNTST_general_error;
    }
    s->held = true;
    if (status == GRANT_PARTIAL && (p->offset < part->start || p->offset + length > (u32)part->start + part->length))
        return GNTST_general_error;
    return GNTST_okay;
}

static __attribute__((noinline)) int granted_take(struct vcpu *v, const struct gnttab_copy_ptr *p, u32 length,
                                                  struct copy_side *s)
{
    struct grant_part part;
    int status = grant_use(s->domain, p->u.ref, v->domain->id, s->readonly, &s->m, &part);

    if (unlikely(status == GRANT_PARTIAL))
        return partial_take(p, length, s, &part);
    s->held = !status;
    return status;
}

static int copy_side_take(struct vcpu *v, const struct gnttab_copy_ptr *p, u32 length, struct copy_side *s)
{
    int error;

    if (s->granted)
        return granted_take(v, p, length, s);
    s->m = mfn(p->u.gmfn);
    if (s->readonly)
        error = frame_get(s->m, s->domain) ? 0 : -EINVAL;
    else
        error = frame_get_writable(s->m, s->domain);
    s->held = !error;
    return !error ? GNTST_okay : error == -EBUSY ? GNTST_general_error : GNTST_bad_page;
}

static __attribute__((noinline)) void granted_put(const struct gnttab_copy_ptr *p, struct copy_side *s)
{
    grant_unuse(s->domain, p->u.ref, s->readonly);
    if (unlikely(s->has_behind)) {
        grant_unuse(s->behind, s->ref_behind, s->readonly);
        domain_put(s->behind);
    }
}

static void copy_side_put(const struct gnttab_copy_ptr *p, struct copy_side *s)
{
    if (s->held) {
        frame_give_back(s->m, s->readonly);
        if (s->granted)
            granted_put(p, s);
    }
    if (s->domain)
        domain_put(s->domain);
}

static int copy_side_find(const struct gnttab_copy_ptr *p, struct copy_side *s)
{
    if (!s->granted && p->domid != DOMID_SELF)
        return GNTST_permission_denied;
    s->domain = domain_find(p->domid);
    return s->domain ? GNTST_okay : GNTST_bad_domain;
}

static inline void copy_bytes(char *to, const char *from, u64 size)
{
    u64 words = size / 8, rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

static int copy_one(struct vcpu *v, const struct gnttab_copy *op)
{
    struct copy_side from, to;
    int status;

    copy_side_init(&from, true, op->flags & GNTCOPY_source_gref);
    copy_side_init(&to, false, op->flags & GNTCOPY_dest_gref);
    status = copy_side_find(&op->source, &from);
    if (!status)
        status = copy_side_find(&op->dest, &to);
    if (!status && ((u32)op->source.offset + op->len > PAGE_SIZE || (u32)op->dest.offset + op->len > PAGE_SIZE))
        status = GNTST_bad_copy_arg;
    if (!status)
        status = copy_side_take(v, &op->source, op->len, &from);
    if (!status)
        status = copy_side_take(v, &op->dest, op->len, &to);
    if (!status)
        copy_bytes((char *)mfn_to_virt(to.m) + op->dest.offset, (char *)mfn_to_virt(from.m) + op->source.offset,
                   op->len);
    copy_side_put(&op->dest, &to);
    copy_side_put(&op->source, &from);
    return status;
}

static long call_copy(struct vcpu *v, u64 arg)
{
    struct gnttab_copy op;

    if (copy_words_from_guest(&op, arg))
        return -EFAULT;
    op.status = (int16_t)copy_one(v, &op);
    return copy_to_guest(arg + offsetof(struct gnttab_copy, status), &op.status, sizeof(op.status));
}

/* The numbers of the table's first n frames, or of those with the marks of use. */
static int16_t list_frames(struct domain *d, u32 n, u64 list, bool status)
{
    for (u32 i = 0; i < n; i++) {
        void *page = grant_frame_page(d, i, status);
        u64 frame = mfn_x(virt_to_mfn(page));

        if (!page)
            return GNTST_general_error; /* it has just died */
        if (copy_struct_to_guest(list + i * sizeof(frame), &frame))
            return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

static struct domain *find(const struct command_call *c, u16 id, int16_t *status)
{
    int error;
    struct domain *d = domain_find_for(c->v, id, &error);

    *status = error == -EPERM ? GNTST_permission_denied : error ? GNTST_bad_domain : GNTST_okay;
    return d;
}

static long call_setup_table(const struct command_call *c)
{
    struct gnttab_setup_table *op = c->op;
    struct domain *d = find(c, op->dom, &op->status);

    if (d) {
        op->status = grant_grow(d, op->nr_frames) ? GNTST_general_error
                                                  : list_frames(d, op->nr_frames, (u64)op->frame_list.p, false);
        domain_put(d);
    }
    return 0;
}

static long call_get_status_frames(const struct command_call *c)
{
    struct gnttab_get_status_frames *op = c->op;
    struct domain *d = find(c, op->dom, &op->status);

    if (d) {
        op->status = d->grants.version != 2 || op->nr_frames > d->grants.status_frames
                         ? GNTST_general_error
                         : list_frames(d, op->nr_frames, (u64)op->frame_list.p, true);
        domain_put(d);
    }
    return 0;
}

static long call_query_size(const struct command_call *c)
{
    struct gnttab_query_size *op = c->op;
    struct domain *d = find(c, op->dom, &op->status);

    if (d) {
        op->nr_frames = d->grants.frames;
        op->max_nr_frames = d->grants.max_frames;
        domain_put(d);
    }
    return 0;
}

/* Answers where it failed too. */
static long call_set_version(const struct command_call *c)
{
    struct gnttab_set_version *op = c->op;
    long error = grant_set_version(c->domain, op->version);

    op->version = c->domain->grants.version;
    return copy_struct_to_guest(c->at, op) ? -EFAULT : error;
}

static long call_get_version(const struct command_call *c)
{
    struct gnttab_get_version *op = c->op;

    op->version = c->domain->grants.version;
    return 0;
}

static long call_swap(const struct command_call *c)
{
    struct gnttab_swap_grant_ref *op = c->op;

    op->status = (int16_t)grant_swap(c->domain, op->ref_a, op->ref_b);
    return 0;
}

/* No kernel flips pages any more, they copy: each is told that its page will not do. */
static long call_transfer(const struct command_call *c)
{
    struct gnttab_transfer *op = c->op;

    op->status = GNTST_bad_page;
    return 0;
}

/* The guest's own frames only: who maps another's may use the instruction itself. Written back is thrown out too. */
static long call_cache_flush(const struct command_call *c)
{
    const struct gnttab_cache_flush *op = c->op;
    mfn_t m = maddr_to_mfn(op->a.dev_bus_addr);

    if ((op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)) || op->offset >= PAGE_SIZE ||
        op->offset + op->length > PAGE_SIZE)
        return -EINVAL;
    if (!op->length || !op->op)
        return 0;
    if (op->op == GNTTAB_CACHE_INVAL)
        return -EOPNOTSUPP;
    if (!mfn_valid(m))
        return -EINVAL;
    if (!frame_get(m, c->domain))
        return -EPERM;
    for (u32 at = op->offset & ~(CACHE_LINE - 1); at < (u32)op->offset + op->length; at += CACHE_LINE)
        __asm__ volatile("clflush %0" : "+m"(*((char *)mfn_to_virt(m) + at)));
    frame_put(m);
    return 0;
}

/* Takes `done` operations of `size` bytes off what is left to do. */
static void advance(u64 args[6], u32 done, size_t size)
{
    args[1] += done * size;
    args[2] -= done;
}

/* One operation after the other: `one` does each, or else the command. */
static inline __attribute__((always_inline)) long each(struct vcpu *v, u64 args[6], size_t size,
                                                       long (*one)(struct vcpu *, u64), const struct command *command)
{
    for (u32 i = 0; args[2]; i++) {
        long error;

        if (i == BATCH) {
            if (preempt_needed())
                return -ERESTART;
            i = 0;
        }
        error = one ? one(v, args[1]) : command_run(command, v, args[1]);
        if (error)
            return error;
        advance(args, 1, size);
    }
    return 0;
}

static long each_unmap(struct vcpu *v, u64 args[6])
{
    while (args[2]) {
        u32 done;
        long error = call_unmaps(v, args[1], (u32)MIN(args[2], (u64)BATCH), &done);

        if (error && error != -ERESTART)
            return error;
        advance(args, done, sizeof(struct gnttab_unmap_grant_ref));
        if (error || (args[2] && preempt_needed()))
            return -ERESTART;
    }
    return 0;
}

/* What is not done by the thousand. */
static const struct command commands[] = {
    {GNTTABOP_unmap_and_replace, sizeof(struct gnttab_unmap_and_replace), ANSWERS, call_replace},
    {GNTTABOP_setup_table, sizeof(struct gnttab_setup_table), ANSWERS | ONE, call_setup_table},
    {GNTTABOP_query_size, sizeof(struct gnttab_query_size), ANSWERS | ONE, call_query_size},
    {GNTTABOP_set_version, sizeof(struct gnttab_set_version), ONE, call_set_version},
    {GNTTABOP_get_status_frames, sizeof(struct gnttab_get_status_frames), ANSWERS | ONE, call_get_status_frames},
    {GNTTABOP_get_version, sizeof(struct gnttab_get_version), ANSWERS | OF_DOMAIN | ONE, call_get_version},
    {GNTTABOP_swap_grant_ref, sizeof(struct gnttab_swap_grant_ref), ANSWERS, call_swap},
    {GNTTABOP_transfer, sizeof(struct gnttab_transfer), ANSWERS, call_transfer},
    {GNTTABOP_cache_flush, sizeof(struct gnttab_cache_flush), 0, call_cache_flush},
};

long do_grant_table_op(struct vcpu *v, u64 args[6])
{
    const struct command *command;
    u32 count = (u32)args[2];

    if ((s32)count < 0)
        return -EINVAL;
    args[2] = count;
    switch ((u32)args[0]) {
    case GNTTABOP_map_grant_ref:
        return each(v, args, sizeof(struct gnttab_map_grant_ref), call_map, NULL);
    case GNTTABOP_unmap_grant_ref:
        return each_unmap(v, args);
    case GNTTABOP_copy:
        return each(v, args, sizeof(struct gnttab_copy), call_copy, NULL);
    }
    command = command_find(commands, ARRAY_SIZE(commands), (u32)args[0]);
    if (!command)
        return -ENOSYS;
    if (command->rules & ONE)
        return count == 1 ? command_run(command, v, args[1]) : -EINVAL;
    return each(v, args, command->size, NULL, command);
}
