/* SPDX-License-Identifier: MIT */
/*
 * What a load guest's vCPU can repeat for ever. Each vCPU works on pages, table entries, ports and grants of
 * its own, so vCPUs meet only in the hypervisor. Failures end the guest: an operation that is refused
 * would count nothing.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>

#include "load.h"

#define WINDOW 0x8030000000UL /* 2 MiB of it for each vCPU */

#define MUST(call)                                                     \
    do {                                                               \
        long must_ = (call);                                           \
        if (must_)                                                     \
            report_error("%s: %ld on vCPU %u", #call, must_, cpu->id); \
    } while (0)

static uint64_t window(const struct load_cpu *cpu, unsigned int page)
{
    return WINDOW + cpu->id * 0x200000UL + page * (uint64_t)PAGE_SIZE;
}

/* ---- no hypercall, or one that does little ---- */

static void spin(struct load_cpu *cpu)
{
    (void)cpu;
    for (unsigned int i = 0; i < 1000; i++)
        __asm__ volatile("" : "+r"(i)::"memory");
}

static void version(struct load_cpu *cpu)
{
    (void)cpu;
    hypercall_xen_version(0, NULL);
}

static void yield(struct load_cpu *cpu)
{
    (void)cpu;
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* ---- events ---- */

static void send_to(struct load_cpu *cpu, uint64_t port)
{
    struct evtchn_send send = {.port = (evtchn_port_t)port};

    MUST(hypercall_event_channel_op(EVTCHNOP_send, &send));
}

static void prepare_masked(struct load_cpu *cpu)
{
    load_bind_ipi(cpu);
    event_mask_port((unsigned int)cpu->port);
}

static void send_masked(struct load_cpu *cpu)
{
    send_to(cpu, cpu->port);
    event_clear((unsigned int)cpu->port);
}

static void send_self(struct load_cpu *cpu)
{
    send_to(cpu, cpu->port);
}

static void send_others(struct load_cpu *cpu)
{
    send_to(cpu, load_cpu[(cpu->id + 1) % load_cpus].port);
}

/* A timer that is over before it is set: each call ends in an upcall. */
static void timer_now(struct load_cpu *cpu)
{
    (void)cpu;
    hypercall_set_timer_op(1);
}

/* ---- page tables ---- */

static void prepare_window(struct load_cpu *cpu)
{
    static uint64_t *l2, *l3;

    if (!l2) {
        l2 = page_alloc_readonly();
        l3 = page_alloc();
        l3[(WINDOW >> 30) & 511] = pte_make(mfn_of(l2), PTE_TABLE);
        page_protect(l3, PTE_RO);
        MUST(pt_write(pt_entry((const void *)WINDOW, 4), pte_make(mfn_of(l3), PTE_TABLE)));
    }
    cpu->l1 = page_alloc_readonly();
    MUST(pt_write(&l2[(window(cpu, 0) >> 21) & 511], pte_make(mfn_of(cpu->l1), PTE_TABLE)));
    cpu->entry = pte_make(mfn_of(page_alloc()), PTE_RW);
}

static void update(struct load_cpu *cpu)
{
    struct mmu_update one = {.ptr = maddr_of(&cpu->l1[0]), .val = cpu->entry};

    MUST(hypercall_mmu_update(&one, 1, NULL, DOMID_SELF));
    one.val = 0;
    MUST(hypercall_mmu_update(&one, 1, NULL, DOMID_SELF));
}

static void update_32(struct load_cpu *cpu)
{
    struct mmu_update batch[32];

    for (unsigned int i = 0; i < 32; i++) {
        batch[i].ptr = maddr_of(&cpu->l1[i / 2]);
        batch[i].val = i % 2 ? 0 : cpu->entry;
    }
    MUST(hypercall_mmu_update(batch, 32, NULL, DOMID_SELF));
}

static void va_mapping(struct load_cpu *cpu)
{
    MUST(hypercall_update_va_mapping(window(cpu, 0), cpu->entry, UVMF_INVLPG));
    MUST(hypercall_update_va_mapping(window(cpu, 0), 0, UVMF_INVLPG));
}

/* The same with every TLB flush that a guest may ask for. */
static void va_mapping_flush(struct load_cpu *cpu)
{
    MUST(hypercall_update_va_mapping(window(cpu, 0), cpu->entry, UVMF_TLB_FLUSH | UVMF_ALL));
    MUST(hypercall_update_va_mapping(window(cpu, 0), 0, UVMF_TLB_FLUSH | UVMF_ALL));
}

static void prepare_table(struct load_cpu *cpu)
{
    uint64_t *l1 = page_alloc();

    for (unsigned int i = 0; i < 512; i++)
        l1[i] = pte_make(mfn_of(cpu->l1), PTE_RO);
    page_protect(l1, PTE_RO);
    cpu->table = mfn_of(l1);
}

static void prepare_churn(struct load_cpu *cpu)
{
    prepare_window(cpu);
    prepare_table(cpu);
}

static void pin_unpin(struct load_cpu *cpu)
{
    MUST(mmuext(MMUEXT_PIN_L1_TABLE, cpu->table));
    MUST(mmuext(MMUEXT_UNPIN_TABLE, cpu->table));
}

static void churn(struct load_cpu *cpu)
{
    va_mapping_flush(cpu);
    update_32(cpu);
    pin_unpin(cpu);
}

static void prepare_roots(struct load_cpu *cpu)
{
    const uint64_t *current = (const uint64_t *)start_info->pt_base;

    for (unsigned int i = 0; i < 2; i++) {
        uint64_t *root = page_alloc();

        for (unsigned int slot = 0; slot < 512; slot++)
            root[slot] = slot < 256 || slot >= 272 ? current[slot] : 0;
        page_protect(root, PTE_RO);
        cpu->roots[i] = mfn_of(root);
        MUST(mmuext(MMUEXT_PIN_L4_TABLE, cpu->roots[i]));
    }
}

static void new_baseptr(struct load_cpu *cpu)
{
    MUST(mmuext(MMUEXT_NEW_BASEPTR, cpu->roots[0]));
    MUST(mmuext(MMUEXT_NEW_BASEPTR, cpu->roots[1]));
}

/* ---- frames and grants ---- */

static void prepare_frame(struct load_cpu *cpu)
{
    void *page = page_alloc();

    cpu->frame = mfn_of(page);
    cpu->pfn = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
    MUST(hypercall_update_va_mapping(page, 0, UVMF_INVLPG | UVMF_ALL));
}

static void reservation(struct load_cpu *cpu)
{
    struct xen_memory_reservation args = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t extent = cpu->frame;

    set_xen_guest_handle(args.extent_start, &extent);
    if (hypercall_memory_op(XENMEM_decrease_reservation, &args) != 1)
        report_error("vCPU %u cannot give a frame away", cpu->id);
    extent = cpu->pfn;
    args = (struct xen_memory_reservation){.nr_extents = 1, .domid = DOMID_SELF};
    set_xen_guest_handle(args.extent_start, &extent);
    if (hypercall_memory_op(XENMEM_populate_physmap, &args) != 1)
        report_error("vCPU %u gets no frame", cpu->id);
    cpu->frame = extent;
}

static void prepare_grant(struct load_cpu *cpu)
{
    static volatile struct grant_entry_v1 *table;

    prepare_window(cpu);
    if (!table) {
        xen_pfn_t frame = 0;
        struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

        table = page_alloc();
        set_xen_guest_handle(setup.frame_list, &frame);
        MUST(hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1));
        MUST(setup.status);
        MUST(page_remap((void *)(uintptr_t)table, frame, PTE_RW));
    }
    cpu->grant = 100 + cpu->id;
    table[cpu->grant].domid = guest_domid();
    table[cpu->grant].frame = (uint32_t)mfn_of(page_alloc());
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[cpu->grant].flags = GTF_permit_access;
}

static void grant(struct load_cpu *cpu)
{
    struct gnttab_map_grant_ref map = {
        .host_addr = window(cpu, 1), .flags = GNTMAP_host_map, .ref = cpu->grant};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = window(cpu, 1)};
    static domid_t self = DOMID_SELF;

    if (self == DOMID_SELF)
        self = guest_domid();
    map.dom = self;
    MUST(hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1));
    MUST(map.status);
    unmap.handle = map.handle;
    MUST(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1));
    MUST(unmap.status);
}

static void prepare_copy(struct load_cpu *cpu)
{
    cpu->frame = mfn_of(page_alloc());
    cpu->pfn = mfn_of(page_alloc());
}

static void grant_copy(struct load_cpu *cpu)
{
    struct gnttab_copy copy = {.len = PAGE_SIZE};

    copy.source.domid = copy.dest.domid = DOMID_SELF;
    copy.source.u.gmfn = cpu->frame;
    copy.dest.u.gmfn = cpu->pfn;
    MUST(hypercall_grant_table_op(GNTTABOP_copy, &copy, 1));
    MUST(copy.status);
}

static const struct load_operation operations[] = {
    {"spin", NULL, spin},
    {"version", NULL, version},
    {"yield", NULL, yield},
    {"send-masked", prepare_masked, send_masked},
    {"send-self", load_bind_ipi, send_self},
    {"send-others", load_bind_ipi, send_others},
    {"timer-now", load_bind_timer, timer_now},
    {"mmu-update", prepare_window, update},
    {"mmu-update-32", prepare_window, update_32},
    {"va-mapping", prepare_window, va_mapping},
    {"va-mapping-flush", prepare_window, va_mapping_flush},
    {"pin-unpin", prepare_churn, pin_unpin},
    {"churn", prepare_churn, churn},
    {"new-baseptr", prepare_roots, new_baseptr},
    {"reservation", prepare_frame, reservation},
    {"grant-map", prepare_grant, grant},
    {"grant-copy", prepare_copy, grant_copy},
};

const struct load_operation *load_operation_find(const char *name)
{
    for (unsigned int i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return NULL;
}
