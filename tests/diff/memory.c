/* SPDX-License-Identifier: MIT */
/* memory_op: reservations that grow, shrink and change; counts, orders and lists that make no sense; maps and queries. */
#include "diff.h"

#define MEMORY(name, command, pointer) CALL("memory/" name, memory_op, XENMEM_##command, pointer)
#define MEMORY_LOOSE(name_, command, structure) \
    {.name = "memory/" name_, .call = __HYPERVISOR_memory_op, .loose = true, .args = {XENMEM_##command, IN}, \
     .in = &(structure), .in_size = sizeof(structure)}
#define RESERVATION(name, command, ...)                                                                         \
    WITH("memory/" name, memory_op,                                                                             \
         ((struct { uint64_t list, count; uint32_t order, flags; domid_t domid; }){__VA_ARGS__}), XENMEM_##command, IN)
#define DOMAIN(name, command, id) MEMORY_LOOSE(name, command, ((struct xen_memory_domain){.domid = id}))

static uint64_t *list(void)
{
    return (uint64_t *)resolve(GOOD);
}

static long reservation(unsigned int command, uint64_t *frames, unsigned long count, unsigned int order,
                        unsigned int flags)
{
    struct xen_memory_reservation op = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = DOMID_SELF};

    set_xen_guest_handle(op.extent_start, frames);
    return hypercall_memory_op(command, &op);
}

/* A page of the guest's with no mapping and no type: it can be given up. */
static unsigned long frame_of_a_page(void **page)
{
    unsigned long frame;

    *page = page_alloc();
    frame = mfn_of(*page);
    hypercall_update_va_mapping(*page, 0, UVMF_INVLPG | UVMF_ALL);
    return frame;
}

static void page_back(void *page, unsigned long frame)
{
    unsigned long *p2m = (unsigned long *)start_info->mfn_list, pfn = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;

    p2m[pfn] = frame;
    if (pt_write_at(frame << 12 | MMU_MACHPHYS_UPDATE, pfn))
        note(" no entry in the machine's table");
    if (page_remap(page, frame, PTE_RW))
        note(" not mapped again");
}

static long down_and_up(void)
{
    unsigned long before, pfn;
    void *page;
    uint64_t frame = frame_of_a_page(&page);
    domid_t self = DOMID_SELF;
    long result;

    pfn = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
    before = (unsigned long)hypercall_memory_op(XENMEM_current_reservation, &self);
    note_value("down", reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    note_value("less", (long)before - hypercall_memory_op(XENMEM_current_reservation, &self));
    note_value("again", reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    frame = pfn;
    result = reservation(XENMEM_populate_physmap, &frame, 1, 0, 0);
    note(" %s", frame != pfn ? "a frame" : "no frame");
    note(" %s", ((unsigned long *)MACH2PHYS_VIRT_START)[frame] == pfn ? "its pfn" : "another pfn");
    page_back(page, frame);
    note(" zeroed %u", *(uint64_t *)page == 0);
    return result;
}

static long down_mapped(void)
{
    uint64_t frame = resolve(F_GOOD);

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_table(void)
{
    uint64_t frame = resolve(F_L1);

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_root(void)
{
    uint64_t frame = resolve(F_ROOT);

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_shared(void)
{
    uint64_t frame = resolve(F_SHARED);

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_no_frame(void)
{
    uint64_t frame = F_NONE;

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_huge_frame(void)
{
    uint64_t frame = F_HUGE;

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_highest(void)
{
    uint64_t frame = -1ul;

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}
static long down_foreign(void)
{
    uint64_t frame = F_FOREIGN;

    return reservation(XENMEM_decrease_reservation, &frame, 1, 0, 0);
}

/* A domain that may have no more than it has: what it is to get, it gives up before. */
static void *room_page[2];
static uint64_t room_frames[2];
static void room_make(void)
{
    for (unsigned int i = 0; i < 2; i++)
        room_frames[i] = frame_of_a_page(&room_page[i]);
    if (reservation(XENMEM_decrease_reservation, room_frames, 2, 0, 0) != 2)
        note(" no room made");
}
static void room_end(void)
{
    for (unsigned int i = 0; i < 2; i++)
        room_frames[i] = ((uintptr_t)room_page[i] - GUEST_VIRT_BASE) / PAGE_SIZE;
    if (reservation(XENMEM_populate_physmap, room_frames, 2, 0, 0) != 2)
        note(" not given back");
    for (unsigned int i = 0; i < 2; i++)
        page_back(room_page[i], room_frames[i]);
}

/* The first can go, the second is nobody's: one is done. */
static long down_partly(void)
{
    void *page;
    uint64_t frames[2] = {frame_of_a_page(&page), F_NONE}, pfn = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
    long result = reservation(XENMEM_decrease_reservation, frames, 2, 0, 0);

    note_value("back", reservation(XENMEM_populate_physmap, &pfn, 1, 0, 0));
    page_back(page, pfn);
    return result;
}

/* Frames to one that it may have, which are then given up again. */
static long up(unsigned int command, uint64_t frame, unsigned int order, unsigned int flags)
{
    uint64_t was = frame;
    long result;

    room_make();
    result = reservation(command, &frame, 1, order, flags);
    note(" %s, aligned %u", frame != was ? "a frame" : "no frame", frame % (1ul << order) == 0);
    if (XENMEMF_get_address_bits(flags))
        note(", %s", frame < 1ul << 20 ? "below 4 GiB" : "not below 4 GiB");
    if (frame != was)
        note_value("down", reservation(XENMEM_decrease_reservation, &frame, 1, order, 0));
    room_end();
    return result;
}
static long up_one(void)
{
    return up(XENMEM_increase_reservation, 0, 0, 0);
}
static long up_order_1(void)
{
    return up(XENMEM_increase_reservation, 0, 1, 0);
}
static long up_high_pfn(void)
{
    return up(XENMEM_populate_physmap, 1ul << 36, 0, 0);
}
static long up_address_bits(void)
{
    return up(XENMEM_increase_reservation, 0, 0, XENMEMF_address_bits(32));
}
static long up_exact_node(void)
{
    return up(XENMEM_increase_reservation, 0, 0, XENMEMF_node(0) | XENMEMF_exact_node_request);
}
static long up_other_node(void)
{
    return up(XENMEM_increase_reservation, 0, 0, XENMEMF_node(5));
}

/* ---- exchange ---- */

static struct xen_memory_exchange exchange;

static long exchange_call(void)
{
    long result = hypercall_memory_op(XENMEM_exchange, &exchange);

    note(" %lu exchanged", exchange.nr_exchanged);
    return result;
}

static void exchange_of(uint64_t *in, unsigned long in_count, unsigned int in_order, uint64_t *out,
                        unsigned long out_count, unsigned int out_order)
{
    exchange = (struct xen_memory_exchange){
        .in = {.nr_extents = in_count, .extent_order = in_order, .domid = DOMID_SELF},
        .out = {.nr_extents = out_count, .extent_order = out_order, .domid = DOMID_SELF}};
    set_xen_guest_handle(exchange.in.extent_start, in);
    set_xen_guest_handle(exchange.out.extent_start, out);
}

static long exchange_one(void)
{
    void *page;
    uint64_t in = frame_of_a_page(&page), out = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE, pfn = out;
    long result;

    exchange_of(&in, 1, 0, &out, 1, 0);
    result = exchange_call();
    note(" %s", out != pfn && out != in ? "another frame" : "no other frame");
    page_back(page, result ? in : out);
    return result;
}

static long exchange_mapped(void)
{
    uint64_t in = resolve(F_GOOD), out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    return exchange_call();
}
static long exchange_no_frame(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    return exchange_call();
}
static long exchange_table(void)
{
    uint64_t in = resolve(F_L1), out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    return exchange_call();
}
static long exchange_uneven(void)
{
    uint64_t in[2] = {F_NONE, F_NONE}, out = 77;

    exchange_of(in, 2, 0, &out, 1, 0);
    return exchange_call();
}
static long exchange_nothing(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 0, 0, &out, 0, 0);
    return exchange_call();
}
static long exchange_done(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    exchange.nr_exchanged = 1;
    return exchange_call();
}
static long exchange_more_than_done(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    exchange.nr_exchanged = 2;
    return exchange_call();
}
static long exchange_two_domains(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    exchange.out.domid = NOBODY;
    return exchange_call();
}
static long exchange_nobody(void)
{
    uint64_t in = F_NONE, out = 77;

    exchange_of(&in, 1, 0, &out, 1, 0);
    exchange.in.domid = exchange.out.domid = NOBODY;
    return exchange_call();
}
static long exchange_orders(void)
{
    static uint64_t in[4] = {F_NONE}, out[4];

    exchange_of(in, 2, 1, out, 4, 1);
    note_value("2x1 for 4x1", exchange_call());
    exchange_of(in, 1, 40, out, 1, 40);
    note_value("orders 40", exchange_call());
    exchange_of(in, 1, 64, out, 1, 64);
    note_value("orders 64", exchange_call());
    exchange_of(in, 1, 0xffffffffu, out, 1, 0xffffffffu);
    return exchange_call();
}
static long exchange_counts(void)
{
    static uint64_t in[4], out[4];

    exchange_of(in, -1ul, 0, out, -1ul, 0);
    note_value("highest", exchange_call());
    exchange_of(in, 1ul << 60, 0, out, 1ul << 60, 0);
    note_value("2^60", exchange_call());
    exchange_of(in, 1ul << 63, 1, out, 0, 0);
    return exchange_call();
}
static long exchange_list_wrong(uint64_t in_list, uint64_t out_list)
{
    exchange_of((uint64_t *)in_list, 1, 0, (uint64_t *)out_list, 1, 0);
    return exchange_call();
}
static long exchange_lists(void)
{
    note_value("in unmapped", exchange_list_wrong(resolve(NONE_), resolve(GOOD)));
    note_value("in hypervisor", exchange_list_wrong(HV, resolve(GOOD)));
    note_value("in crooked", exchange_list_wrong(CROOKED, resolve(GOOD)));
    return exchange_list_wrong(resolve(GOOD), HV);
}
static long exchange_two_for_order_1(void)
{
    void *pages[2];
    uint64_t in[2] = {frame_of_a_page(&pages[0]), frame_of_a_page(&pages[1])},
             out = ((uintptr_t)pages[0] - GUEST_VIRT_BASE) / PAGE_SIZE;
    long result;

    exchange_of(in, 2, 0, &out, 1, 1);
    result = exchange_call();
    note(" aligned %u", !result && out % 2 == 0);
    for (unsigned int i = 0; i < 2; i++)
        page_back(pages[i], result ? in[i] : out + i);
    return result;
}

/* ---- maps ---- */

static long map_room(unsigned int room)
{
    struct xen_memory_map op = {.nr_entries = room};
    long result;

    set_xen_guest_handle(op.buffer, (void *)list());
    result = hypercall_memory_op(XENMEM_memory_map, &op);
    note(" %s", op.nr_entries == room ? "all the room" : op.nr_entries ? "some" : "none");
    return result;
}
static long map_no_room(void)
{
    return map_room(0);
}
static long map_machine(unsigned int room)
{
    struct xen_memory_map op = {.nr_entries = room};
    long result;

    set_xen_guest_handle(op.buffer, (void *)list());
    result = hypercall_memory_op(XENMEM_machine_memory_map, &op);
    note(" %s", op.nr_entries == room ? "all the room" : op.nr_entries ? "some" : "none");
    return result;
}
static long map_machine_room(void)
{
    return map_machine(100);
}
static long map_machine_one(void)
{
    return map_machine(1);
}
static long map_machine_none(void)
{
    return map_machine(0);
}

static long machphys(void)
{
    struct xen_machphys_mapping op;
    long result = hypercall_memory_op(XENMEM_machphys_mapping, &op);

    note(" from %#lx, %s", op.v_start, op.v_end >= op.v_start + op.max_mfn * 8 ? "room for all" : "too short");
    return result;
}

static long machphys_list(unsigned int room)
{
    struct xen_machphys_mfn_list op = {.max_extents = room};
    long result;

    set_xen_guest_handle(op.extent_start, list());
    result = hypercall_memory_op(XENMEM_machphys_mfn_list, &op);
    note(" %u extents", op.nr_extents);
    return result;
}
static long machphys_list_none(void)
{
    return machphys_list(0);
}
static long machphys_list_one(void)
{
    return machphys_list(1);
}

#define ACQUIRE(name, ...) \
    WITH("memory/" name, memory_op, ((struct xen_mem_acquire_resource){__VA_ARGS__}), XENMEM_acquire_resource, IN)

const struct row rows_memory[] = {
    RUN("memory/down-and-up", down_and_up),
    RUN("memory/down-mapped", down_mapped),
    RUN("memory/down-table", down_table),
    RUN("memory/down-root", down_root),
    RUN("memory/down-shared", down_shared),
    RUN("memory/down-no-frame", down_no_frame),
    RUN("memory/down-huge-frame", down_huge_frame),
    RUN("memory/down-highest", down_highest),
    RUN("memory/down-foreign", down_foreign),
    RUN("memory/down-partly", down_partly),
    RUN("memory/up-one", up_one),
    RUN("memory/up-order-1", up_order_1),
    RUN("memory/up-high-pfn", up_high_pfn),
    RUN("memory/up-address-bits", up_address_bits),
    RUN("memory/up-exact-node", up_exact_node),
    RUN("memory/up-other-node", up_other_node),
    RESERVATION("down-none", decrease_reservation, GOOD, 0, 0, 0, DOMID_SELF),
    RESERVATION("down-order-10", decrease_reservation, GOOD, 1, 10, 0, DOMID_SELF),
    RESERVATION("down-order-highest", decrease_reservation, GOOD, 1, 0xffffffffu, 0, DOMID_SELF),
    RESERVATION("down-list-null", decrease_reservation, 0, 1, 0, 0, DOMID_SELF),
    RESERVATION("down-list-unmapped", decrease_reservation, NONE_, 1, 0, 0, DOMID_SELF),
    RESERVATION("down-list-hypervisor", decrease_reservation, HV, 1, 0, 0, DOMID_SELF),
    RESERVATION("down-list-crooked", decrease_reservation, CROOKED, 1, 0, 0, DOMID_SELF),
    RESERVATION("down-count-highest", decrease_reservation, GOOD, -1ul, 0, 0, DOMID_SELF),
    RESERVATION("down-count-wraps", decrease_reservation, GOOD, 1ul << 61, 0, 0, DOMID_SELF),
    RESERVATION("down-nobody", decrease_reservation, GOOD, 1, 0, 0, NOBODY),
    RESERVATION("down-dom-xen", decrease_reservation, GOOD, 1, 0, 0, DOMID_XEN),
    MEMORY("down-null", decrease_reservation, 0),
    MEMORY("down-hypervisor", decrease_reservation, HV),
    RESERVATION("up-none", increase_reservation, GOOD, 0, 0, 0, DOMID_SELF),
    RESERVATION("up-order-19", increase_reservation, GOOD, 1, 19, 0, DOMID_SELF),
    RESERVATION("up-order-40", increase_reservation, GOOD, 1, 40, 0, DOMID_SELF),
    RESERVATION("up-order-highest", increase_reservation, GOOD, 1, 0xffffffffu, 0, DOMID_SELF),
    RESERVATION("up-list-hypervisor", increase_reservation, HV, 1, 0, 0, DOMID_SELF),
    RESERVATION("up-list-crooked", increase_reservation, CROOKED, 1, 0, 0, DOMID_SELF),
    RESERVATION("up-nobody", increase_reservation, GOOD, 1, 0, 0, NOBODY),
    RESERVATION("up-address-bits-1", increase_reservation, GOOD, 1, 0, XENMEMF_address_bits(1), DOMID_SELF),
    MEMORY("up-null", increase_reservation, 0),
    RESERVATION("populate-none", populate_physmap, GOOD, 0, 0, 0, DOMID_SELF),
    RESERVATION("populate-order-19", populate_physmap, GOOD, 1, 19, 0, DOMID_SELF),
    RESERVATION("populate-list-null", populate_physmap, 0, 1, 0, 0, DOMID_SELF),
    RESERVATION("populate-list-unmapped", populate_physmap, NONE_, 1, 0, 0, DOMID_SELF),
    RESERVATION("populate-list-hypervisor", populate_physmap, HV, 1, 0, 0, DOMID_SELF),
    RESERVATION("populate-nobody", populate_physmap, GOOD, 1, 0, 0, NOBODY),
    RESERVATION("populate-on-demand", populate_physmap, GOOD, 0, 0, XENMEMF_populate_on_demand, DOMID_SELF),
    MEMORY("populate-null", populate_physmap, 0),
    CALL("memory/populate-far-start", memory_op, 1ul << 6 | XENMEM_populate_physmap, IN),
    RUN("memory/exchange-one", exchange_one),
    RUN("memory/exchange-mapped", exchange_mapped),
    RUN("memory/exchange-no-frame", exchange_no_frame),
    RUN("memory/exchange-table", exchange_table),
    RUN("memory/exchange-uneven", exchange_uneven),
    RUN("memory/exchange-nothing", exchange_nothing),
    RUN("memory/exchange-done", exchange_done),
    RUN("memory/exchange-more-than-done", exchange_more_than_done),
    RUN("memory/exchange-two-domains", exchange_two_domains),
    RUN("memory/exchange-nobody", exchange_nobody),
    RUN("memory/exchange-orders", exchange_orders),
    RUN("memory/exchange-counts", exchange_counts),
    RUN("memory/exchange-lists", exchange_lists),
    RUN("memory/exchange-two-for-order-1", exchange_two_for_order_1),
    MEMORY("exchange-null", exchange, 0),
    {.name = "memory/maximum-ram-page", .call = __HYPERVISOR_memory_op, .loose = true,
     .args = {XENMEM_maximum_ram_page, 0}},
    DOMAIN("current-self", current_reservation, DOMID_SELF),
    DOMAIN("current-nobody", current_reservation, NOBODY),
    DOMAIN("current-dom-xen", current_reservation, DOMID_XEN),
    DOMAIN("maximum-self", maximum_reservation, DOMID_SELF),
    DOMAIN("maximum-nobody", maximum_reservation, NOBODY),
    DOMAIN("gpfn-self", maximum_gpfn, DOMID_SELF),
    DOMAIN("gpfn-nobody", maximum_gpfn, NOBODY),
    MEMORY("current-null", current_reservation, 0),
    MEMORY("maximum-null", maximum_reservation, 0),
    MEMORY("gpfn-null", maximum_gpfn, 0),
    RUN("memory/machphys", machphys),
    MEMORY("machphys-null", machphys_mapping, 0),
    MEMORY("machphys-read-only", machphys_mapping, RO),
    RUN("memory/machphys-list-none", machphys_list_none),
    RUN("memory/machphys-list-one", machphys_list_one),
    MEMORY("machphys-list-null", machphys_mfn_list, 0),
    MEMORY("machphys-compat-null", machphys_compat_mfn_list, 0),
    RUN("memory/map-no-room", map_no_room),
    MEMORY("map-null", memory_map, 0),
    RUN("memory/map-machine", map_machine_room),
    RUN("memory/map-machine-one", map_machine_one),
    RUN("memory/map-machine-none", map_machine_none),
    MEMORY("map-machine-null", machine_memory_map, 0),
    WITH("memory/map-machine-buffer-unmapped", memory_op, ((uint64_t[2]){10, NONE_}), XENMEM_machine_memory_map, IN),
    WITH("memory/map-machine-buffer-hypervisor", memory_op, ((uint64_t[2]){10, HV}), XENMEM_machine_memory_map, IN),
    WITH("memory/set-map-nobody", memory_op, ((struct xen_foreign_memory_map){.domid = NOBODY}), XENMEM_set_memory_map,
         IN),
    WITH("memory/set-map-many", memory_op, ((struct xen_foreign_memory_map){.domid = NOBODY, .map.nr_entries = 129}),
         XENMEM_set_memory_map, IN),
    MEMORY("set-map-null", set_memory_map, 0),
    RESERVATION("claim-nobody", claim_pages, 0, 1, 0, 0, NOBODY),
    RESERVATION("claim-list", claim_pages, GOOD, 1, 0, 0, 0),
    RESERVATION("claim-order", claim_pages, 0, 1, 1, 0, 0),
    RESERVATION("claim-flags", claim_pages, 0, 1, 0, 1, 0),
    RESERVATION("claim-none", claim_pages, 0, 0, 0, 0, 0),
    RESERVATION("claim-less-than-it-has", claim_pages, 0, 1, 0, 0, 0),
    RESERVATION("claim-more-than-there-is", claim_pages, 0, 1ul << 40, 0, 0, 0),
    RESERVATION("claim-self", claim_pages, 0, 1, 0, 0, DOMID_SELF),
    RESERVATION("claim-end", claim_pages, 0, 0, 0, 0, 0),
    MEMORY("claim-null", claim_pages, 0),
    ACQUIRE("acquire-self", .domid = DOMID_SELF, .type = XENMEM_resource_grant_table),
    ACQUIRE("acquire-nobody", .domid = NOBODY, .type = XENMEM_resource_grant_table),
    ACQUIRE("acquire-pad", .domid = NOBODY, .type = XENMEM_resource_grant_table, .pad = 1),
    ACQUIRE("acquire-type", .domid = NOBODY, .type = 99),
    MEMORY("acquire-null", acquire_resource, 0),
    WITH("memory/add-to-physmap", memory_op, ((struct xen_add_to_physmap){.domid = DOMID_SELF}),
         XENMEM_add_to_physmap, IN),
    WITH("memory/add-to-physmap-nobody", memory_op, ((struct xen_add_to_physmap){.domid = NOBODY}),
         XENMEM_add_to_physmap, IN),
    MEMORY("add-to-physmap-null", add_to_physmap, 0),
    WITH("memory/remove-from-physmap", memory_op, ((struct xen_remove_from_physmap){.domid = DOMID_SELF}),
         XENMEM_remove_from_physmap, IN),
    MEMORY("add-to-physmap-batch-null", add_to_physmap_batch, 0),
    WITH("memory/get-pod-target", memory_op, ((struct xen_pod_target){.domid = DOMID_SELF}), XENMEM_get_pod_target,
         IN),
    WITH("memory/set-pod-target", memory_op, ((struct xen_pod_target){.domid = DOMID_SELF}), XENMEM_set_pod_target,
         IN),
    MEMORY("sharing-freed", get_sharing_freed_pages, 0),
    MEMORY("sharing-shared", get_sharing_shared_pages, 0),
    MEMORY("paging-null", paging_op, 0),
    MEMORY("access-null", access_op, 0),
    MEMORY("sharing-null", sharing_op, 0),
    MEMORY("vnuma-null", get_vnumainfo, 0),
    WITH("memory/vnuma-self", memory_op, ((struct xen_vnuma_topology_info){.domid = DOMID_SELF}), XENMEM_get_vnumainfo,
         IN),
    MEMORY("reserved-device-null", reserved_device_memory_map, 0),
    CALL("memory/command-8", memory_op, 8, IN),
    CALL("memory/command-29", memory_op, 29, IN),
    CALL("memory/command-63", memory_op, 63, IN),
    CALL("memory/command-upper-half", memory_op, 1ul << 38 | XENMEM_maximum_gpfn, IN),
    ROWS_END,
};
