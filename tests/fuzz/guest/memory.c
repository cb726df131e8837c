/* SPDX-License-Identifier: MIT */
/*
 * Operations on memory: page tables made, changed, pinned and thrown away; frames given away, taken back and exchanged;
 * stores to page tables in use. A slot goes through all of it; slot_restore() brings it back to an ordinary page.
 */
#include <public/memory.h>

#include "fuzz.h"

static long map_slot(struct fuzz_cpu *c, unsigned int slot, uint64_t flags)
{
    uint64_t entry = flags ? pte_make(slots[slot].mfn, flags) : 0;

    return call_5(c, __HYPERVISOR_update_va_mapping, (uint64_t)slots[slot].page, entry,
                  one_in(c, 3) ? UVMF_TLB_FLUSH | UVMF_ALL : UVMF_INVLPG | UVMF_ALL, 0);
}

static long one_mmuext(struct fuzz_cpu *c, unsigned int command, unsigned long mfn)
{
    struct mmuext_op *op = room(c, sizeof(*op));

    op->cmd = command;
    op->arg1.mfn = mfn;
    return call_5(c, __HYPERVISOR_mmuext_op, (uint64_t)op, 1, 0, DOMID_SELF);
}

static void after_populate(struct fuzz_cpu *c, struct call *call, long result)
{
    const xen_pfn_t *list = call->data;

    (void)c;
    for (long i = 0; i < result && i < 16; i++) {
        unsigned int slot = (unsigned int)list[16 + i];

        if (slot < SLOTS && slots[slot].gone) {
            slots[slot].mfn = list[i];
            slots[slot].gone = false;
        }
    }
}

/* The pfns of slots that are gone, whose numbers stand 16 words on. */
static unsigned int list_gone(struct fuzz_cpu *c, xen_pfn_t *list, unsigned int most)
{
    unsigned int from = below(c, SLOTS), count = 0;

    for (unsigned int i = 0; i < SLOTS && count < most; i++) {
        unsigned int slot = (from + i) % SLOTS;

        if (!slots[slot].gone)
            continue;
        list[16 + count] = slot;
        list[count++] = ((uintptr_t)slots[slot].page - GUEST_VIRT_BASE) / PAGE_SIZE;
    }
    return count;
}

static void make_populate(struct fuzz_cpu *c, struct call *call)
{
    xen_pfn_t *list = room(c, 32 * sizeof(*list));
    struct xen_memory_reservation *r = room(c, sizeof(*r));

    r->nr_extents = list_gone(c, list, 1 + below(c, 16));
    set_xen_guest_handle(r->extent_start, list);
    r->domid = DOMID_SELF;
    *call = (struct call){.number = __HYPERVISOR_memory_op,
                          .args = {XENMEM_populate_physmap, (uint64_t)r},
                          .sub = XENMEM_populate_physmap,
                          .after = after_populate,
                          .data = list};
}

void slot_restore(struct fuzz_cpu *c, unsigned int slot)
{
    if (slots[slot].gone) {
        struct call call;

        make_populate(c, &call);
        issue(c, &call);
    }
    if (!map_slot(c, slot, PTE_RW))
        return;
    one_mmuext(c, MMUEXT_UNPIN_TABLE, slots[slot].mfn);
    map_slot(c, slot, PTE_RW);
}

static void restore(struct fuzz_cpu *c)
{
    slot_restore(c, below(c, SLOTS));
}

/* ---- page tables ---- */

static void fill(struct fuzz_cpu *c, unsigned int slot, int level)
{
    uint64_t *page = slots[slot].page;
    const uint64_t *root = (const uint64_t *)start_info->pt_base;
    unsigned int entries = one_in(c, 6) ? 512 : one_in(c, 2) ? below(c, 24) : below(c, 4);

    memset(page, 0, PAGE_SIZE);
    if (level == 4 && one_in(c, 2))
        for (unsigned int i = 0; i < 512; i++)
            page[i] = i < 256 || i > 271 ? root[i] : 0;
    for (unsigned int i = 0; i < entries; i++)
        page[entries == 512 ? i : below(c, 512)] = pick_entry(c, level);
    if (level == 4)
        memset(page + 256, one_in(c, 20) ? 1 : 0, 16 * sizeof(*page));
}

static void build_table(struct fuzz_cpu *c)
{
    int level = one_in(c, 2) ? 1 : 1 + (int)below(c, 4);
    unsigned int slot = pick_slot(c, (enum use)level);

    slot_restore(c, slot);
    fill(c, slot, level);
    if (map_slot(c, slot, one_in(c, 10) ? 0 : PTE_RO))
        return;
    if (one_in(c, 3))
        one_mmuext(c, MMUEXT_PIN_L1_TABLE + (unsigned int)level - 1, slots[slot].mfn);
}

static void build_descriptors(struct fuzz_cpu *c)
{
    unsigned int slot = pick_slot(c, USE_DESCRIPTORS);

    slot_restore(c, slot);
    for (unsigned int i = 0; i < 512; i++)
        slots[slot].page[i] = i < 40 || one_in(c, 16) ? pick_descriptor(c) : 0;
    map_slot(c, slot, PTE_RO);
}

/* The entry that an update is for: mostly one in a slot, or of the window. */
static uint64_t pick_update_address(struct fuzz_cpu *c, int *level)
{
    unsigned int index = one_in(c, 3) ? below(c, 4) : below(c, 512);

    *level = one_in(c, 2) ? 1 : 1 + (int)below(c, 4);
    switch (below(c, 16)) {
    case 0:
    case 1:
    case 2:
        *level = 1;
        return maddr_of(&window_l1[index]);
    case 3:
    case 4:
        *level = 2;
        return maddr_of(&window_l2[1 + index % 511]);
    case 5:
        *level = 3;
        return maddr_of(&window_l3[1 + index % 511]);
    case 6:
        return (one_in(c, 40) ? pick_mfn(c) : slots[below(c, SLOTS)].mfn) << 12 | index * 8;
    case 7:
        *level = 1;
        return maddr_of(pt_entry(slots[below(c, SLOTS)].page, 1));
    case 8:
        return one_in(c, 20) ? pick_number(c) : slots[pick_slot(c, USE_L4)].mfn << 12 | index * 8;
    default:
        return slots[pick_slot(c, (enum use) * level)].mfn << 12 | index * 8;
    }
}

static void make_mmu_update(struct fuzz_cpu *c, struct call *call)
{
    unsigned int count = one_in(c, 20) ? 128 : one_in(c, 4) ? 1 + below(c, 40) : 1 + below(c, 3);
    bool easy = count > 3 && one_in(c, 2); /* a long batch that is to go through */
    struct mmu_update *updates = room(c, count * sizeof(*updates));
    uint32_t *done = room(c, sizeof(*done));

    for (unsigned int i = 0; i < count; i++) {
        int level;

        updates[i].ptr = (pick_update_address(c, &level) & ~7ull);
        updates[i].val = one_in(c, 4) ? 0 : pick_entry(c, level);
        if (one_in(c, 8))
            updates[i].ptr |= MMU_PT_UPDATE_PRESERVE_AD;
        if (one_in(c, 80))
            updates[i].ptr |= below(c, 8);
        if (easy) {
            updates[i].ptr = maddr_of(&window_l1[below(c, 512)]);
            updates[i].val = one_in(c, 2) ? 0 : pte_make(slots[below(c, SLOTS)].mfn, PTE_RO);
        } else if (one_in(c, 12)) {
            unsigned int slot = below(c, SLOTS);

            updates[i].ptr =
                (one_in(c, 6) ? pick_mfn(c) : slots[slot].mfn) << 12 | MMU_MACHPHYS_UPDATE;
            updates[i].val = ((uintptr_t)slots[slot].page - GUEST_VIRT_BASE) / PAGE_SIZE;
        }
    }
    *call = (struct call){.number = __HYPERVISOR_mmu_update,
                          .args = {(uint64_t)updates, count, one_in(c, 2) ? (uint64_t)done : 0,
                                   one_in(c, 12) ? pick_domid(c) : DOMID_SELF},
                          .sub = count > 16 ? 2 : count > 1};
    if (one_in(c, 40))
        call->args[3] |= (uint64_t)pick_domid(c) << 16;
}

static void make_va_mapping(struct fuzz_cpu *c, struct call *call)
{
    static const uint64_t flags[] = {UVMF_NONE, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL,
                                     UVMF_TLB_FLUSH | UVMF_ALL};
    static const uint64_t kinds[] = {PTE_RW, PTE_RW, PTE_RO, PTE_RO | PTE_NX, PTE_RW | PTE_NX, 0};
    unsigned int slot = below(c, SLOTS);
    uint64_t kind = PICK(c, kinds), flush = PICK(c, flags), *mask = room(c, sizeof(*mask));

    *mask = random_64(c);
    if (one_in(c, 6))
        flush = (uint64_t)mask | 1 | below(c, 2);
    *call = (struct call){
        .number = __HYPERVISOR_update_va_mapping,
        .args = {(uint64_t)slots[slot].page, kind ? pte_make(slots[slot].mfn, kind) : 0, flush}};
    if (one_in(c, 3)) {
        call->args[0] = (uint64_t)window_page(below(c, 512));
        call->args[1] = pick_entry(c, 1);
        call->sub = 1;
    } else if (one_in(c, 24)) {
        call->args[0] = one_in(c, 200) ? pick_address(c) : pick_hostile(c);
        call->sub = 2;
    }
}

/* ---- mmuext_op ---- */

static void make_mmuext_one(struct fuzz_cpu *c, struct mmuext_op *op, bool easy)
{
    static const uint8_t commands[] = {
        MMUEXT_PIN_L1_TABLE,
        MMUEXT_PIN_L1_TABLE,
        MMUEXT_PIN_L2_TABLE,
        MMUEXT_PIN_L3_TABLE,
        MMUEXT_PIN_L4_TABLE,
        MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE,
        MMUEXT_NEW_BASEPTR,
        MMUEXT_TLB_FLUSH_LOCAL,
        MMUEXT_INVLPG_LOCAL,
        MMUEXT_TLB_FLUSH_MULTI,
        MMUEXT_INVLPG_MULTI,
        MMUEXT_TLB_FLUSH_ALL,
        MMUEXT_INVLPG_ALL,
        MMUEXT_FLUSH_CACHE,
        MMUEXT_SET_LDT,
        MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_CLEAR_PAGE,
        MMUEXT_COPY_PAGE,
        MMUEXT_FLUSH_CACHE_GLOBAL,
        MMUEXT_MARK_SUPER,
        MMUEXT_UNMARK_SUPER,
        14,
        21,
        63,
        255,
    };
    uint64_t *mask;

    op->cmd = PICK(c, commands);
    if (easy)
        op->cmd = MMUEXT_TLB_FLUSH_LOCAL + below(c, 6);
    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE:
        op->arg1.mfn = slots[pick_slot(c, (enum use)(op->cmd - MMUEXT_PIN_L1_TABLE + 1))].mfn;
        break;
    case MMUEXT_UNPIN_TABLE:
        op->arg1.mfn = slots[SLOTS - 1 - below(c, 60)].mfn;
        break;
    case MMUEXT_NEW_BASEPTR: /* a root without the kernel would be the end */
        op->arg1.mfn =
            one_in(c, 300) ? slots[pick_slot(c, USE_L4)].mfn : mfn_of((void *)start_info->pt_base);
        break;
    case MMUEXT_NEW_USER_BASEPTR:
        op->arg1.mfn = one_in(c, 40)  ? 0
                       : one_in(c, 3) ? mfn_of(user_root)
                                      : slots[pick_slot(c, USE_L4)].mfn;
        break;
    case MMUEXT_SET_LDT:
        op->arg1.linear_addr = (uint64_t)slots[pick_slot(c, USE_DESCRIPTORS)].page;
        op->arg2.nr_ents = one_in(c, 3) ? (unsigned int)pick_number(c) : below(c, 513);
        break;
    case MMUEXT_CLEAR_PAGE:
    case MMUEXT_COPY_PAGE:
        op->arg1.mfn = slots[pick_slot(c, USE_DATA)].mfn;
        op->arg2.src_mfn = slots[below(c, SLOTS)].mfn;
        break;
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        mask = room(c, sizeof(*mask));
        *mask = random_64(c);
        op->arg1.linear_addr = pick_address(c);
        op->arg2.vcpumask.p = (void *)mask;
        break;
    default:
        op->arg1.linear_addr = pick_address(c);
        break;
    }
    if (one_in(c, 8) && op->cmd != MMUEXT_NEW_BASEPTR && op->cmd > MMUEXT_UNPIN_TABLE)
        op->arg1.mfn = pick_mfn(c);
}

static void make_mmuext(struct fuzz_cpu *c, struct call *call)
{
    unsigned int count = one_in(c, 5) ? 1 + below(c, 20) : 1;
    struct mmuext_op *ops = room(c, count * sizeof(*ops));
    uint32_t *done = room(c, sizeof(*done));

    for (unsigned int i = 0; i < count; i++)
        make_mmuext_one(c, &ops[i], count > 2 && !one_in(c, 12));
    *call = (struct call){.number = __HYPERVISOR_mmuext_op,
                          .args = {(uint64_t)ops, count, one_in(c, 2) ? (uint64_t)done : 0,
                                   one_in(c, 16) ? pick_domid(c) : DOMID_SELF},
                          .sub = count > 1 ? 100 : ops[0].cmd};
}

/* ---- reservations ---- */

static void after_decrease(struct fuzz_cpu *c, struct call *call, long result)
{
    const xen_pfn_t *list = call->data;

    for (long i = 0; i < result && i < 16; i++) {
        unsigned int slot = (unsigned int)list[16 + i];

        if (slot < SLOTS)
            slots[slot].gone = true;
        remember_mfn(c, list[i]);
    }
}

static void give_away(struct fuzz_cpu *c)
{
    unsigned int count = 1 + below(c, 4);
    xen_pfn_t *list = room(c, 32 * sizeof(*list));
    struct xen_memory_reservation *r = room(c, sizeof(*r));
    struct call call = {.number = __HYPERVISOR_memory_op,
                        .args = {XENMEM_decrease_reservation, (uint64_t)r},
                        .sub = XENMEM_decrease_reservation,
                        .after = after_decrease,
                        .data = list};

    for (unsigned int i = 0; i < count; i++) {
        unsigned int slot = below(c, SLOTS);

        list[i] = slots[slot].mfn;
        list[16 + i] = slot;
        if (!one_in(c, 5))
            map_slot(c, slot, 0);
    }
    set_xen_guest_handle(r->extent_start, list);
    r->nr_extents = count;
    r->domid = DOMID_SELF;
    issue(c, &call);
}

static void after_exchange(struct fuzz_cpu *c, struct call *call, long result)
{
    const xen_pfn_t *list = call->data;
    const struct xen_memory_exchange *x = (const void *)call->args[1];

    (void)result;
    for (unsigned int i = 0; i < 16 && i < x->nr_exchanged; i++) {
        unsigned int slot = (unsigned int)list[32 + i];

        if (slot < SLOTS) {
            remember_mfn(c, slots[slot].mfn);
            slots[slot].mfn = list[16 + i];
        }
    }
}

static void exchange(struct fuzz_cpu *c)
{
    unsigned int count = one_in(c, 2) ? 1 : 1 + below(c, 4),
                 order = one_in(c, 8) ? below(c, 11) : 0;
    xen_pfn_t *list = room(c, 48 * sizeof(*list));
    struct xen_memory_exchange *x = room(c, sizeof(*x));
    struct call call = {.number = __HYPERVISOR_memory_op,
                        .args = {XENMEM_exchange, (uint64_t)x},
                        .sub = XENMEM_exchange,
                        .after = after_exchange,
                        .data = list};

    for (unsigned int i = 0; i < count; i++) {
        unsigned int slot = pick_slot(c, USE_DESCRIPTORS);

        list[i] = slots[slot].mfn;
        list[16 + i] = ((uintptr_t)slots[slot].page - GUEST_VIRT_BASE) / PAGE_SIZE;
        list[32 + i] = slot;
        if (!one_in(c, 6))
            map_slot(c, slot, 0);
    }
    x->in.nr_extents = x->out.nr_extents = count;
    x->in.extent_order = order;
    x->out.extent_order = one_in(c, 12) ? below(c, 11) : order;
    if (one_in(c, 4))
        x->out.mem_flags = one_in(c, 2) ? 32 : (unsigned int)pick_number(c);
    x->in.domid = x->out.domid = one_in(c, 10) ? pick_domid(c) : DOMID_SELF;
    x->in.extent_start.p = list;
    x->out.extent_start.p = list + 16;
    if (one_in(c, 10))
        spoil(c, &call);
    issue(c, &call);
}

/* The rest of memory_op: by number, with a structure that fits. */
static void make_memory_op(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = below(c, 32);
    uint64_t *words = room(c, 16 * sizeof(*words)), *list = room(c, 64 * sizeof(*list));

    for (unsigned int i = 0; i < 12; i++)
        words[i] = one_in(c, 3) ? pick_number(c) : one_in(c, 2) ? below(c, 8) : pick_domid(c);
    for (unsigned int i = 0; i < 8; i++)
        list[i] = one_in(c, 2) ? pick_mfn(c) : pick_number(c);
    *call = (struct call){
        .number = __HYPERVISOR_memory_op, .args = {command, (uint64_t)words}, .sub = command};
    switch (command) {
    case XENMEM_populate_physmap:
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation: {
        struct xen_memory_reservation *r = (void *)words;

        *r = (struct xen_memory_reservation){
            .nr_extents = one_in(c, 3) ? pick_number(c) : below(c, 4),
            .extent_order = one_in(c, 4) ? below(c, 20) : 0,
            .mem_flags = one_in(c, 4) ? (unsigned int)pick_number(c) : 0,
            .domid = pick_domid(c)};
        r->extent_start.p = one_in(c, 10) ? NULL : list;
        if (one_in(c, 20))
            call->args[0] |= pick_number(c) << 6;
        break;
    }
    case XENMEM_memory_map:
    case XENMEM_machine_memory_map:
        words[0] = below(c, 8);
        words[1] = (uint64_t)list;
        call->forbidden = command == XENMEM_machine_memory_map;
        break;
    case XENMEM_machphys_mfn_list:
        words[0] = below(c, 40);
        words[1] = (uint64_t)list;
        break;
    case XENMEM_set_memory_map:
    case XENMEM_claim_pages:
    case XENMEM_acquire_resource:
        call->forbidden = true;
        break;
    default:
        break;
    }
}

/* ---- stores to page tables ---- */

static void store(struct fuzz_cpu *c)
{
    unsigned int slot = pick_slot(c, USE_L1), index = below(c, 512), kind = below(c, 14);
    volatile uint64_t *p = one_in(c, 4)    ? &window_l1[index]
                           : one_in(c, 40) ? pt_entry(slots[slot].page, 1)
                                           : &slots[slot].page[index];
    uint64_t value = one_in(c, 4) ? 0 : pick_entry(c, 1), old = one_in(c, 2) ? *p : random_64(c);

    if (one_in(c, 30))
        p = (volatile uint64_t *)((uintptr_t)p + below(c, 8));
    c->kind = FUZZ_STORE;
    c->sub = kind;
    switch (kind) {
    case 0:
    case 1:
    case 2:
        *p = value;
        break;
    case 3:
        __asm__ volatile("xchgq %0, %1" : "+r"(value), "+m"(*p));
        break;
    case 4:
        __asm__ volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(*p) : "r"(value) : "cc");
        break;
    case 5:
        __asm__ volatile("lock andq %1, %0" : "+m"(*p) : "r"(value) : "cc");
        break;
    case 6:
        __asm__ volatile("lock orq %1, %0" : "+m"(*p) : "r"(value) : "cc");
        break;
    case 7:
        __asm__ volatile("lock btrq %1, %0" : "+m"(*p) : "r"(value & 63) : "cc");
        break;
    case 8:
        __asm__ volatile("lock btsq %1, %0" : "+m"(*p) : "r"(value & 63) : "cc");
        break;
    case 9:
        *(volatile uint32_t *)((uintptr_t)p + (one_in(c, 2) ? 4 : 0)) = (uint32_t)value;
        break;
    case 10:
        *(volatile uint16_t *)((uintptr_t)p + below(c, 4) * 2) = (uint16_t)value;
        break;
    case 11:
        *(volatile uint8_t *)((uintptr_t)p + below(c, 8)) = (uint8_t)value;
        break;
    case 12:
        __asm__ volatile("lock xaddq %0, %1" : "+r"(value), "+m"(*p) : : "cc");
        break;
    case 13:
        __asm__ volatile("lock btsl $1, %0" : "+m"(*(volatile uint32_t *)p) : : "cc");
        break;
    }
    note(FUZZ_STORE, kind, 0);
}

const struct operation memory_operations[] = {
    {60, restore, NULL},         {60, build_table, NULL},     {10, build_descriptors, NULL},
    {70, NULL, make_mmu_update}, {60, NULL, make_va_mapping}, {70, NULL, make_mmuext},
    {20, give_away, NULL},       {20, NULL, make_populate},   {12, exchange, NULL},
    {30, NULL, make_memory_op},  {80, store, NULL},           {0, NULL, NULL},
};
