/* SPDX-License-Identifier: MIT */
/*
 * Decodes mmu_update, update_va_mapping and mmuext_op: batches of page-table work. Each request is
 * read once; a batch that is not done goes on where it stopped, with what it has done so far counted
 * in the guest's own variable. Numbers: public/xen.h.
 */
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/string.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"
#include "pv/descriptor.h"

/* In a batch's count, when it was restarted: the guest's done counter is to be added to, not set. */
#define BATCH_RESTARTED 0x80000000u
#define BATCH_UNIT 32 /* requests between two looks at what is more urgent */

struct batch {
    u64 address;  /* of the next request */
    u32 left, done;
    u64 done_address;
    struct domain *owner; /* whose frames are meant */
};

static __attribute__((noinline)) struct domain *owner_find_other(const struct vcpu *v, u64 id, int *error)
{
    bool refused = id >> 16 || id == DOMID_IO || id == DOMID_XEN;
    struct domain *d = NULL;

    if (v->domain->privileged && !(id >> 16))
        d = id == DOMID_IO ? domain_io : id == DOMID_XEN ? domain_xen : domain_find((u16)id);
    *error = d ? 0 : refused ? -EPERM : -ESRCH;
    return d;
}

/* Whose frames a call is about. Referenced, unless NULL (*error says why). An upper half of the number would name another
 * domain whose page tables are meant: page tables of one that map frames of a third are nobody's business. */
static inline struct domain *owner_find(struct vcpu *v, u64 id, int *error)
{
    if (unlikely(id != DOMID_SELF && id != v->domain->id))
        return owner_find_other(v, id, error);
    *error = 0;
    return v->domain;
}

/* Only what owner_find() really looked up carries a reference. */
static void owner_put(struct vcpu *v, struct domain *d)
{
    if (unlikely(d != v->domain) && d != domain_io && d != domain_xen)
        domain_put(d);
}

static int batch_begin(struct batch *b, struct vcpu *v, const u64 args[6], size_t size)
{
    u32 count = (u32)args[1];
    int error;

    *b = (struct batch){.address = args[0], .left = count & ~BATCH_RESTARTED, .done_address = args[2]};
    if (!guest_range_ok(b->address, b->left * size))
        return -EFAULT;
    if (b->done_address && (count & BATCH_RESTARTED) &&
        copy_from_guest(&b->done, b->done_address, sizeof(b->done)))
        return -EFAULT;
    b->owner = owner_find(v, args[3], &error);
    /* whatever failed, Linux's privcmd goes on behind the count, and from a stale one into the wild */
    if (unlikely(error) && b->done_address && copy_to_guest(b->done_address, &b->done, sizeof(b->done)))
        return -EFAULT;
    return error;
}

/* What the call answers. With `error` -ERESTART the rest becomes the arguments of the next try. */
static long batch_end(struct batch *b, struct vcpu *v, u64 args[6], long error)
{
    owner_put(v, b->owner);
    if (!error && walk_pending(&v->walk))
        error = walk_continue(v); /* tables that the last request let go */
    if (b->done_address && copy_to_guest(b->done_address, &b->done, sizeof(b->done)) && !error)
        error = -EFAULT;
    if (error == -ERESTART) {
        args[0] = b->address;
        args[1] = b->left | BATCH_RESTARTED;
    }
    return error;
}

/* All requests of a call, of `words` each; between `unit` of them what is more urgent has its turn. */
static inline __attribute__((always_inline)) long batch_run(struct vcpu *v, u64 args[6], const u32 words, u32 unit,
                                                            int (*one)(struct vcpu *, struct domain *, const void *))
{
    struct batch b;
    u64 request[words];
    long error = batch_begin(&b, v, args, words * 8);

    if (error)
        return error;
    while (b.left && !error) {
        error = GUEST_WORDS(b.address, request, words);
        if (!error)
            error = one(v, b.owner, request);
        if (error)
            break;
        b.address += words * 8;
        b.left--;
        b.done++;
        if (b.left && b.done % unit == 0 && preempt_needed())
            error = -ERESTART;
    }
    return batch_end(&b, v, args, error);
}

static int mmu_update_one(struct vcpu *v, struct domain *owner, const void *op)
{
    const u64 *request = op;
    maddr_t at = request[0] & ~7ull;

    switch (request[0] & 7) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_NO_TRANSLATE: /* a PV guest's tables hold machine frames anyway */
        return pt_update(v, at, request[1], owner, PT_WRITE_PLAIN);
    case MMU_PT_UPDATE_PRESERVE_AD:
        return pt_update(v, at, request[1], owner, PT_WRITE_PRESERVE_AD);
    case MMU_MACHPHYS_UPDATE:
        if (!frame_get(maddr_to_mfn(at), owner))
            return -EINVAL;
        m2p_set(maddr_to_mfn(at), request[1]);
        frame_put(maddr_to_mfn(at));
        return 0;
    default:
        return -ENOSYS;
    }
}

/* The CPUs whose TLBs may know the vcpus in a guest's bitmap. */
static int vcpu_mask(const struct domain *d, u64 address, u64 *cpu_mask)
{
    u64 vcpus = 0;

    if (copy_from_guest(&vcpus, address, (d->max_vcpus + 7) / 8))
        return -EFAULT;
    *cpu_mask = 0;
    for (u32 i = 0; i < d->max_vcpus; i++)
        if ((vcpus >> i & 1) && d->vcpu[i])
            *cpu_mask |= 1ull << d->vcpu[i]->cpu;
    *cpu_mask &= d->dirty_cpus;
    return 0;
}

static int flush_after(struct vcpu *v, u64 va, u64 flags)
{
    u64 mask = 1ull << this_cpu()->id, where = flags & ~UVMF_FLUSHTYPE_MASK;
    int error = 0;

    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE)
        return 0;
    if (where == UVMF_ALL)
        mask = v->domain->dirty_cpus;
    else if (where != UVMF_LOCAL)
        error = vcpu_mask(v->domain, where, &mask);
    if (error)
        return error;
    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_TLB_FLUSH)
        tlb_flush_mask(mask);
    else if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG)
        tlb_flush_page_mask(mask, va);
    return 0;
}

long do_update_va_mapping(struct vcpu *v, u64 args[6])
{
    int error = pt_update_va(v, args[0], args[1], v->domain);

    return error ? error : flush_after(v, args[0], args[2]);
}

/* What is about the vcpu itself. */
static int mmuext_own(struct vcpu *v, const struct mmuext_op *op)
{
    u64 mask = v->domain->dirty_cpus, address = op->arg1.linear_addr;

    switch (op->cmd) {
    case MMUEXT_NEW_BASEPTR:
        return pt_set_base(v, mfn(op->arg1.mfn));
    case MMUEXT_NEW_USER_BASEPTR:
        return pt_set_user_base(v, mfn(op->arg1.mfn));
    case MMUEXT_TLB_FLUSH_LOCAL:
        tlb_flush_local();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        if (guest_range_ok(address, 1))
            invlpg(address);
        return 0;
    case MMUEXT_SET_LDT:
        return descriptor_set_ldt(v, address, op->arg2.nr_ents);
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        if (vcpu_mask(v->domain, (u64)op->arg2.vcpumask.p, &mask))
            return -EINVAL;
        break;
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_ALL:
        break;
    default:
        return -ENOSYS;
    }
    if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_TLB_FLUSH_ALL)
        tlb_flush_mask(mask);
    else if (guest_range_ok(address, 1))
        tlb_flush_page_mask(mask, address);
    return 0;
}

static int mmuext_page(struct domain *owner, const struct mmuext_op *op)
{
    mfn_t to = mfn(op->arg1.mfn), from = mfn(op->arg2.src_mfn);
    int error = 0;

    if (op->cmd == MMUEXT_COPY_PAGE && !frame_get(from, owner))
        return -EINVAL;
    error = frame_get_writable(to, owner);
    if (!error) {
        if (op->cmd == MMUEXT_COPY_PAGE)
            copy_page(mfn_to_virt(to), mfn_to_virt(from));
        else
            clear_page(mfn_to_virt(to));
        frame_put_writable(to);
    }
    if (op->cmd == MMUEXT_COPY_PAGE)
        frame_put(from);
    return error ? -EINVAL : 0;
}

static int mmuext_one(struct vcpu *v, struct domain *owner, const void *request)
{
    const struct mmuext_op *op = request;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        return pt_pin(v, owner, mfn(op->arg1.mfn), op->cmd - MMUEXT_PIN_L1_TABLE + 1);
    case MMUEXT_UNPIN_TABLE:
        return pt_unpin(v, owner, mfn(op->arg1.mfn));
    case MMUEXT_CLEAR_PAGE:
    case MMUEXT_COPY_PAGE:
        return mmuext_page(owner, op);
    }
    return owner == v->domain ? mmuext_own(v, op) : -EPERM;
}

long do_mmu_update(struct vcpu *v, u64 args[6])
{
    return batch_run(v, args, sizeof(struct mmu_update) / 8, BATCH_UNIT, mmu_update_one);
}

/* Tables that a request let go must be free of their type before the next one looks at them; pt_* see to that, but not
 * for long: a break after each. */
long do_mmuext_op(struct vcpu *v, u64 args[6])
{
    return batch_run(v, args, sizeof(struct mmuext_op) / 8, 1, mmuext_one);
}
