/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall that is not about memory: the vCPU's own state, events, grants, scheduling, what is the control
 * domain's alone, lists of calls, and numbers that are nothing. Sub-commands are drawn beyond those that there are, so
 * that new ones are met as they come.
 */
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "fuzz.h"

#define CALL(number_, sub_, ...) \
    (*call = (struct call){      \
         .number = __HYPERVISOR_##number_, .sub = (unsigned int)(sub_), .args = {__VA_ARGS__}})

/* ---- the vCPU's own ---- */

static void trap_table(struct fuzz_cpu *c)
{
    struct trap_info *table = room(c, 20 * sizeof(*table));
    unsigned int count = below(c, 18);
    struct call made, *call = &made;

    for (unsigned int i = 0; i < count; i++)
        table[i] =
            (struct trap_info){.vector = (uint8_t)random_64(c),
                               .flags = (uint8_t)below(c, 8),
                               .cs = one_in(c, 8) ? pick_selector(c) : FLAT_KERNEL_CS,
                               .address = one_in(c, 16) ? pick_address(c) : (uint64_t)fuzz_land};
    CALL(set_trap_table, 0, one_in(c, 12) ? 0 : (uint64_t)table);
    if (one_in(c, 10))
        spoil(c, call);
    issue(c, call);
    kernel_entry_set(c);
}

static void make_gdt(struct fuzz_cpu *c, struct call *call)
{
    xen_pfn_t *frames = room(c, 16 * sizeof(*frames));
    unsigned int pages = one_in(c, 6) ? below(c, 16) : 1 + below(c, 3);

    for (unsigned int i = 0; i < pages; i++)
        frames[i] = one_in(c, 16) ? pick_mfn(c) : slots[pick_slot(c, USE_DESCRIPTORS)].mfn;
    CALL(set_gdt, 0, (uint64_t)frames, one_in(c, 8) ? pick_number(c) : pages * 512 - below(c, 20));
}

static void make_descriptor(struct fuzz_cpu *c, struct call *call)
{
    unsigned long mfn = one_in(c, 10) ? pick_mfn(c) : slots[pick_slot(c, USE_DESCRIPTORS)].mfn;

    CALL(update_descriptor, 0, (mfn << 12) + below(c, 512) * 8 + (one_in(c, 30) ? below(c, 8) : 0),
         pick_descriptor(c));
}

static void small_state(struct fuzz_cpu *c)
{
    struct call made, *call = &made;
    unsigned int n = one_in(c, 10) ? (unsigned int)pick_number(c) : below(c, 9);

    switch (below(c, 9)) {
    case 0:
        CALL(stack_switch, 0, pick_selector(c), pick_address(c));
        break;
    case 1:
        CALL(fpu_taskswitch, 0, one_in(c, 4) ? pick_number(c) : below(c, 2));
        break;
    case 2:
        CALL(set_debugreg, n & 15, n,
             one_in(c, 3)             ? pick_address(c)
             : n == 7 && one_in(c, 2) ? 0x400 | random_64(c) % 0x100000000
                                      : (uint64_t)c->args + below(c, 64));
        break;
    case 3:
        CALL(get_debugreg, n & 15, n);
        break;
    case 4:
        n = one_in(c, 10) ? (unsigned int)pick_number(c) : below(c, 5);
        CALL(set_segment_base, n & 15, n,
             n == SEGBASE_GS_USER_SEL ? pick_selector(c) : pick_address(c));
        break;
    case 5:
        n = one_in(c, 4) ? (unsigned int)pick_number(c) : below(c, 7);
        CALL(vm_assist, n & 63, one_in(c, 8) ? pick_number(c) : below(c, 2), n);
        break;
    case 6:
        CALL(set_callbacks, 0, pick_address(c), pick_address(c), pick_address(c));
        break;
    case 7: {
        struct callback_register *r = room(c, sizeof(*r));

        r->type = (uint16_t)(one_in(c, 10) ? pick_number(c) : below(c, 9));
        r->flags = (uint16_t)below(c, 4);
        r->address = one_in(c, 4) ? pick_address(c) : (uint64_t)fuzz_land;
        CALL(callback_op, below(c, 2), one_in(c, 12) ? pick_number(c) : below(c, 2), (uint64_t)r);
        break;
    }
    default:
        CALL(set_trap_table, 1, 0);
        break;
    }
    if (one_in(c, 12))
        spoil(c, call);
    issue(c, call);
    heal(c);
}

static void version(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = one_in(c, 8) ? (unsigned int)pick_number(c) : below(c, 12);
    uint32_t *words = room(c, 1200);

    words[0] = one_in(c, 4) ? (uint32_t)pick_number(c) : 0;
    CALL(xen_version, command > 20 ? 20 : command, command, (uint64_t)words);
}

static void console(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = one_in(c, 3) ? below(c, 4) : CONSOLEIO_write;
    char *text = room(c, 64);

    for (unsigned int i = 0; i < 8; i++)
        text[i] = (char)random_64(c);
    CALL(console_io, command, command, one_in(c, 5) ? pick_number(c) : below(c, 12),
         (uint64_t)text);
    call->forbidden = command == CONSOLEIO_read;
}

/* ---- events ---- */

static void after_port(struct fuzz_cpu *c, struct call *call, long result)
{
    if (!result)
        remember_port(c, *(const uint32_t *)call->data);
}

static void make_event(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = one_in(c, 40) ? (unsigned int)pick_number(c) : below(c, 14);
    union {
        struct evtchn_bind_interdomain interdomain;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_vcpu vcpu;
        struct evtchn_alloc_unbound unbound;
        struct evtchn_status status;
        struct evtchn_reset reset;
        uint32_t words[16];
        uint64_t longs[8];
    } *u = room(c, sizeof(*u));

    switch (command) {
    case EVTCHNOP_bind_interdomain:
        u->interdomain.remote_dom = pick_domid(c);
        u->interdomain.remote_port = pick_port(c);
        break;
    case EVTCHNOP_bind_virq:
        u->virq.virq = one_in(c, 6) ? (uint32_t)pick_number(c) : below(c, 25);
        u->virq.vcpu = pick_vcpu(c);
        break;
    case EVTCHNOP_bind_ipi:
        u->words[0] = pick_vcpu(c);
        break;
    case EVTCHNOP_bind_vcpu:
        u->vcpu.port = pick_port(c);
        u->vcpu.vcpu = pick_vcpu(c);
        break;
    case EVTCHNOP_alloc_unbound:
        u->unbound.dom = one_in(c, 6) ? pick_domid(c) : DOMID_SELF;
        u->unbound.remote_dom = pick_domid(c);
        break;
    case EVTCHNOP_status:
        u->status.dom = one_in(c, 6) ? pick_domid(c) : DOMID_SELF;
        u->status.port = pick_port(c);
        break;
    case EVTCHNOP_reset: /* all ports go, the console's too: not often */
        u->reset.dom = one_in(c, 60) ? DOMID_SELF : PICK(c, other_domid);
        break;
    case EVTCHNOP_init_control: /* frame, offset, vcpu: from then on the guest has another kind of events */
        c->fifo = &slots[pick_slot(c, USE_DATA)];
        u->longs[0] = one_in(c, 6) ? pick_mfn(c) : c->fifo->mfn;
        u->words[2] = one_in(c, 4) ? (uint32_t)pick_number(c) : below(c, 64) * 64;
        u->words[3] = pick_vcpu(c);
        break;
    case EVTCHNOP_expand_array:
        c->fifo = &slots[pick_slot(c, USE_DATA)];
        u->longs[0] = one_in(c, 6) ? pick_mfn(c) : c->fifo->mfn;
        break;
    default:
        u->words[0] = pick_port(c);
        u->words[1] = below(c, 20);
        break;
    }
    CALL(event_channel_op, command > 40 ? 40 : command, command, (uint64_t)u);
    call->forbidden = command == EVTCHNOP_bind_pirq;
    if (command == EVTCHNOP_bind_interdomain || command == EVTCHNOP_bind_virq ||
        command == EVTCHNOP_alloc_unbound || command == EVTCHNOP_bind_ipi)
        call->after = after_port;
    call->data = command == EVTCHNOP_bind_ipi || command == EVTCHNOP_alloc_unbound ? &u->words[1]
                                                                                   : &u->words[2];
}

/* ---- grants ---- */

static void after_map(struct fuzz_cpu *c, struct call *call, long result)
{
    const struct gnttab_map_grant_ref *m = call->data;

    (void)result;
    for (unsigned int i = 0; i < call->operations; i++)
        if (m[i].status == GNTST_okay)
            remember_mapping(c, (struct mapping){m[i].handle, m[i].flags, m[i].host_addr});
}

static void after_set_version(struct fuzz_cpu *c, struct call *call, long result)
{
    (void)c;
    if (!result)
        grant_version = *(const uint32_t *)call->data;
}

static uint64_t grant_address(struct fuzz_cpu *c, uint32_t *flags)
{
    if (one_in(c, 4)) {
        *flags |= GNTMAP_contains_pte;
        return one_in(c, 3) ? maddr_of(&window_l1[below(c, 512)])
                            : slots[pick_slot(c, USE_L1)].mfn << 12 | below(c, 512) * 8;
    }
    return one_in(c, 10) ? pick_address(c) : (uint64_t)window_page(below(c, 512));
}

static void make_map(struct fuzz_cpu *c, struct call *call, unsigned int count)
{
    struct gnttab_map_grant_ref *m = room(c, count * sizeof(*m));

    for (unsigned int i = 0; i < count; i++) {
        m[i].flags = one_in(c, 5) ? GNTMAP_device_map : GNTMAP_host_map;
        m[i].flags |= one_in(c, 6) ? GNTMAP_device_map : 0;
        m[i].flags |= one_in(c, 2) ? GNTMAP_readonly : 0;
        m[i].host_addr = grant_address(c, &m[i].flags);
        if (one_in(c, 12))
            m[i].flags = (uint32_t)pick_number(c);
        m[i].ref = pick_ref(c);
        m[i].dom = one_in(c, 4) ? pick_domid(c) : one_in(c, 2) ? own_domid : PICK(c, other_domid);
    }
    CALL(grant_table_op, GNTTABOP_map_grant_ref, GNTTABOP_map_grant_ref, (uint64_t)m, count);
    call->status = &m->status;
    call->operations = count;
    call->stride = sizeof(*m);
    call->after = after_map;
    call->data = m;
}

static void make_unmap(struct fuzz_cpu *c, struct call *call, unsigned int count)
{
    struct gnttab_unmap_grant_ref *u = room(c, count * sizeof(*u));

    for (unsigned int i = 0; i < count; i++) {
        struct mapping m = pick_mapping(c);

        u[i].handle = m.handle;
        u[i].host_addr = one_in(c, 8) ? 0 : m.address;
        u[i].dev_bus_addr = one_in(c, 8) ? pick_mfn(c) << 12 : 0;
    }
    CALL(grant_table_op, GNTTABOP_unmap_grant_ref, GNTTABOP_unmap_grant_ref, (uint64_t)u, count);
    call->status = &u->status;
    call->operations = count;
    call->stride = sizeof(*u);
}

static void copy_side(struct fuzz_cpu *c, struct gnttab_copy_ptr *p, bool granted)
{
    p->offset = (uint16_t)(one_in(c, 8) ? random_64(c) : below(c, 4097));
    if (granted) {
        p->u.ref = pick_ref(c);
        p->domid = one_in(c, 3) ? pick_domid(c) : one_in(c, 2) ? own_domid : PICK(c, other_domid);
    } else {
        p->u.gmfn = one_in(c, 12) ? pick_mfn(c) : slots[pick_slot(c, USE_DATA)].mfn;
        p->domid = one_in(c, 16) ? pick_domid(c) : DOMID_SELF;
    }
}

static void make_copy(struct fuzz_cpu *c, struct call *call, unsigned int count)
{
    struct gnttab_copy *g = room(c, count * sizeof(*g));

    for (unsigned int i = 0; i < count; i++) {
        g[i].flags = (uint16_t)(one_in(c, 30) ? random_64(c) : below(c, 4));
        copy_side(c, &g[i].source, g[i].flags & GNTCOPY_source_gref);
        copy_side(c, &g[i].dest, g[i].flags & GNTCOPY_dest_gref);
        g[i].len = (uint16_t)(one_in(c, 4) ? random_64(c) : below(c, 64));
    }
    CALL(grant_table_op, GNTTABOP_copy, GNTTABOP_copy, (uint64_t)g, count);
    call->status = &g->status;
    call->operations = count;
    call->stride = sizeof(*g);
}

static void make_grant_op(struct fuzz_cpu *c, struct call *call)
{
    unsigned int count = one_in(c, 8) ? 1 + below(c, 40) : 1, command = 2 + below(c, 13);
    uint64_t *words, *list;

    switch (below(c, 8)) {
    case 0:
    case 1:
        make_map(c, call, count);
        return;
    case 2:
    case 3:
        make_unmap(c, call, count);
        return;
    case 4:
    case 5:
        make_copy(c, call, count);
        return;
    default:
        break;
    }
    words = room(c, 16 * sizeof(*words));
    list = room(c, 64 * sizeof(*list));
    for (unsigned int i = 0; i < 8; i++)
        words[i] = one_in(c, 3) ? pick_number(c) : pick_ref(c);
    CALL(grant_table_op, command, command, (uint64_t)words, one_in(c, 6) ? pick_number(c) : 1);
    switch (command) {
    case GNTTABOP_setup_table:
    case GNTTABOP_get_status_frames: {
        struct gnttab_setup_table *s = (void *)words;

        *s = (struct gnttab_setup_table){.dom = pick_domid(c),
                                         .nr_frames =
                                             one_in(c, 6) ? (uint32_t)pick_number(c) : below(c, 5)};
        if (command == GNTTABOP_get_status_frames) {
            words[0] = below(c, 5) | (uint64_t)DOMID_SELF << 32;
            words[1] = (uint64_t)list;
        }
        s->frame_list.p = list;
        break;
    }
    case GNTTABOP_transfer:
        words[0] = slots[pick_slot(c, USE_DATA)].mfn;
        words[1] = PICK(c, other_domid) | (uint64_t)pick_ref(c) << 32;
        break;
    case GNTTABOP_query_size:
    case GNTTABOP_get_version:
        words[0] = pick_domid(c);
        break;
    case GNTTABOP_set_version:
        words[0] = one_in(c, 4) ? pick_number(c) : 1 + below(c, 2);
        call->after = after_set_version;
        call->data = words;
        break;
    case GNTTABOP_swap_grant_ref:
        words[0] = pick_ref(c) | (uint64_t)pick_ref(c) << 32;
        break;
    case GNTTABOP_unmap_and_replace:
        words[0] = (uint64_t)window_page(below(c, 512));
        words[1] = (uint64_t)window_page(below(c, 512));
        words[2] = pick_mapping(c).handle;
        break;
    case GNTTABOP_cache_flush:
        words[0] = slots[pick_slot(c, USE_DATA)].mfn << 12;
        words[1] = below(c, 64) | (uint64_t)below(c, 64) << 16 | 3ull << 32;
        break;
    default:
        break;
    }
}

/* Not a call: the guest's own table, to whomever. */
static void grant(struct fuzz_cpu *c)
{
    if (grant_version == 2 && !one_in(c, 10)) {
        c->kind = FUZZ_NOTHING;
        table_entry(c);
        return;
    }
    unsigned int ref = 8 + below(c, 56);
    static const uint16_t kinds[] = {
        GTF_permit_access,         GTF_permit_access | GTF_readonly, GTF_permit_access, 0, 2, 3,
        GTF_permit_access | 0x100, GTF_permit_access | 0x18};

    c->kind = FUZZ_NOTHING;
    grant_table[ref].flags = 0;
    grant_table[ref].domid = one_in(c, 8)   ? pick_domid(c)
                             : one_in(c, 2) ? own_domid
                                            : PICK(c, other_domid);
    grant_table[ref].frame =
        (uint32_t)(one_in(c, 10) ? pick_mfn(c)
                                 : slots[pick_slot(c, one_in(c, 5) ? USE_L1 : USE_DATA)].mfn);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    grant_table[ref].flags = PICK(c, kinds);
}

/* ---- scheduling ---- */

static void schedule(struct fuzz_cpu *c)
{
    struct call made, *call = &made;
    union {
        struct sched_poll poll;
        struct sched_watchdog watchdog;
        uint64_t words[8];
    } *u = room(c, sizeof(*u));
    uint32_t *ports = room(c, 130 * sizeof(*ports));
    unsigned int command = one_in(c, 3) ? below(c, 9) : one_in(c, 2) ? SCHEDOP_poll : SCHEDOP_yield;

    switch (command) {
    case SCHEDOP_block:
        call_5(c, __HYPERVISOR_set_timer_op, now_ns() + below(c, 1000000), 0, 0, 0);
        break;
    case SCHEDOP_shutdown_code: /* kept for the end: not always */
        if (!one_in(c, 20))
            command = SCHEDOP_yield;
        u->words[0] = below(c, 8);
        break;
    case SCHEDOP_shutdown: /* the end of the run */
        if (!one_in(c, 100))
            command = SCHEDOP_yield;
        u->words[0] = below(c, 8);
        break;
    case SCHEDOP_poll:
        u->poll.nr_ports = one_in(c, 12) ? (unsigned int)pick_number(c) : below(c, 4);
        u->poll.timeout = pick_time(c);
        u->poll.ports.p = ports;
        for (unsigned int i = 0; i < 8; i++)
            ports[i] = pick_port(c);
        break;
    case SCHEDOP_watchdog:
        u->watchdog.id = one_in(c, 4) ? (uint32_t)pick_number(c) : below(c, 4);
        u->watchdog.timeout = one_in(c, 4)   ? 0
                              : one_in(c, 2) ? (uint32_t)pick_number(c) | 64
                                             : 1000;
        break;
    default:
        for (unsigned int i = 0; i < 4; i++)
            u->words[i] = pick_number(c);
        break;
    }
    CALL(sched_op, command, command, (uint64_t)u);
    call->forbidden = command == SCHEDOP_remote_shutdown || command == SCHEDOP_pin_override;
    if (command == SCHEDOP_poll ? one_in(c, 30) : command > SCHEDOP_poll && one_in(c, 8))
        spoil(c, call);
    if (call->args[0] == SCHEDOP_poll && !u->poll.timeout)
        u->poll.timeout = 1;
    issue(c, call);
}

static void make_timer(struct fuzz_cpu *c, struct call *call)
{
    CALL(set_timer_op, 0, one_in(c, 6) ? pick_number(c) : pick_time(c));
}

/* A vCPU that the guest never starts itself gets a context that may be anything. */
static void make_context(struct fuzz_cpu *c, struct vcpu_guest_context *context)
{
    *context =
        (struct vcpu_guest_context){.flags = VGCF_in_kernel | (one_in(c, 12) ? random_64(c) : 0),
                                    .kernel_ss = FLAT_KERNEL_SS,
                                    .kernel_sp = (uint64_t)slots[0].page + PAGE_SIZE,
                                    .event_callback_eip = (uint64_t)fuzz_land};
    context->user_regs = (struct cpu_user_regs){.rip = (uint64_t)fuzz_idle,
                                                .cs = FLAT_KERNEL_CS,
                                                .ss = FLAT_KERNEL_SS,
                                                .rsp = (uint64_t)slots[0].page + PAGE_SIZE,
                                                .rflags = 2};
    for (unsigned int i = 0; i < 20; i++)
        context->trap_ctxt[i] = (struct trap_info){
            .vector = (uint8_t)i, .cs = FLAT_KERNEL_CS, .address = (uint64_t)fuzz_idle};
    context->ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
    if (one_in(c, 6))
        for (unsigned int i = 1 + below(c, 4); i; i--)
            ((uint64_t *)context)[64 + below(c, (sizeof(*context) - 512) / 8)] =
                one_in(c, 2) ? pick_number(c) : pick_address(c);
}

static void make_vcpu_op(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = below(c, 16), vcpu = one_in(c, 2) ? c->id : pick_vcpu(c);
    uint64_t *words = room(c, 8 * sizeof(*words));

    switch (command) {
    case VCPUOP_down: /* mostly of the one that nobody needs */
        vcpu = one_in(c, 30) ? pick_vcpu(c) : FUZZ_CPUS - 1;
        break;
    case VCPUOP_initialise:
        vcpu = one_in(c, 2) ? pick_vcpu(c) : FUZZ_CPUS - 1;
        words = room(c, sizeof(struct vcpu_guest_context));
        make_context(c, (void *)words);
        break;
    case VCPUOP_register_runstate_memory_area:
    case VCPUOP_register_vcpu_time_memory_area:
        words[0] = one_in(c, 6) ? pick_address(c)
                                : (uint64_t)slots[pick_slot(c, USE_DATA)].page + below(c, 4096);
        break;
    case VCPUOP_register_vcpu_info: /* once and for all: where only the hypervisor writes from then on */
        words[0] = one_in(c, 4) ? pick_mfn(c) : slots[pick_slot(c, USE_DATA)].mfn;
        words[1] = one_in(c, 3) ? pick_number(c) : below(c, 63) * 64;
        vcpu = FUZZ_CPUS - 1 + below(c, 2);
        break;
    case VCPUOP_set_periodic_timer:
        words[0] = one_in(c, 2) ? pick_number(c) : 1000000 + below(c, 1000000);
        break;
    case VCPUOP_set_singleshot_timer:
        words[0] = one_in(c, 6) ? pick_number(c) : pick_time(c);
        words[1] = below(c, 3);
        break;
    case VCPUOP_send_nmi:
        kernel_entry_set(c);
        break;
    default:
        break;
    }
    CALL(vcpu_op, command, command, vcpu, (uint64_t)words);
}

/* ---- what is the control domain's ---- */

static void make_physdev(struct fuzz_cpu *c, struct call *call)
{
    unsigned int command = below(c, 34);
    uint64_t *words = room(c, 8 * sizeof(*words));

    for (unsigned int i = 0; i < 6; i++)
        words[i] = pick_number(c);
    if (command == PHYSDEVOP_set_iopl)
        words[0] = below(c, 5);
    if (command == PHYSDEVOP_set_iobitmap) {
        words[0] = pick_address(c);
        words[1] = one_in(c, 3) ? pick_number(c) : below(c, 65537);
    }
    CALL(physdev_op, command, command, (uint64_t)words);
    call->forbidden = command != PHYSDEVOP_set_iopl && command != PHYSDEVOP_set_iobitmap;
}

static void make_privileged(struct fuzz_cpu *c, struct call *call)
{
    static const uint32_t versions[] = {0x15, 0x15, 0x03000000};
    unsigned int which = below(c, 3),
                 command = one_in(c, 8) ? (unsigned int)pick_number(c) : below(c, 100);
    uint32_t *op = room(c, 256);

    for (unsigned int i = 0; i < 60; i++)
        op[i] = (uint32_t)pick_number(c);
    op[0] = which == 0 && one_in(c, 2) ? 0x15 : versions[which];
    if (which == 2) {
        op[0] = command;
        op[1] = versions[2];
    } else {
        op[which == 0 ? 0 : 0] = which == 0 ? 0x15 : 0x15;
        op[1] = command;
        op[2] = which == 0 ? pick_domid(c) : op[2];
    }
    if (which == 0)
        CALL(domctl, 0, (uint64_t)op);
    else if (which == 1)
        CALL(sysctl, 0, (uint64_t)op);
    else
        CALL(platform_op, 0, (uint64_t)op);
    call->forbidden = true;
}

/* Any number; iret is the instructions' affair, and what ends the guest too easily is left out. */
static void make_any(struct fuzz_cpu *c, struct call *call)
{
    *call = (struct call){.number = one_in(c, 4) ? pick_number(c) : below(c, 64)};
    for (unsigned int i = 0; i < 5; i++)
        call->args[i] = one_in(c, 2) ? pick_number(c) : pick_address(c);
    switch ((uint32_t)call->number) {
    case __HYPERVISOR_iret:
    case __HYPERVISOR_sched_op:
    case __HYPERVISOR_vcpu_op:
    case __HYPERVISOR_stack_switch:
    case __HYPERVISOR_set_trap_table:
    case __HYPERVISOR_callback_op:
        call->number = __HYPERVISOR_xen_version;
        break;
    default:
        break;
    }
    call->sub = 999;
}

#define NOT_RUN 0x6e6f7472756eul

static void multicall(struct fuzz_cpu *c)
{
    static struct call all_parts[FUZZ_CPUS][40]; /* too large for a stack */
    unsigned int count = one_in(c, 12) ? 40 : 1 + below(c, 12);
    struct multicall_entry *list = room(c, count * sizeof(*list));
    struct call *parts = all_parts[c->id], made, *call = &made;

    for (unsigned int i = 0; i < count; i++) {
        parts[i] = (struct call){0};
        pick_operation(c, true)->make(c, &parts[i]);
        if (one_in(c, 10))
            spoil(c, &parts[i]);
        list[i].result = NOT_RUN;
        list[i].op = one_in(c, 30) ? pick_number(c) : parts[i].number;
        memcpy(list[i].args, parts[i].args, sizeof(parts[i].args));
        if (one_in(c, 40)) {
            list[i].op = __HYPERVISOR_multicall;
            list[i].args[0] = (uint64_t)list;
            list[i].args[1] = count;
        }
    }
    CALL(multicall, 0, (uint64_t)list, count);
    if (one_in(c, 12))
        spoil(c, call);
    if (issue(c, call))
        count = 0;
    kernel_entry_set(c); /* its list may have become anything */
    for (unsigned int i = 0; i < count; i++) {
        long result = (long)list[i].result;

        /* the room may have been used twice, and another vCPU scribbles in it: only what is plainly this call's */
        if (list[i].op != parts[i].number || parts[i].number > 63 || result == (long)NOT_RUN ||
            c->args_used < count * sizeof(*list))
            continue;
        note((unsigned int)parts[i].number, parts[i].sub,
             result > 0      ? 0
             : result < -999 ? -999
                             : result);
        if (parts[i].after && parts[i].number == __HYPERVISOR_memory_op)
            parts[i].after(c, &parts[i], result);
    }
}

const struct operation call_operations[] = {
    {6, trap_table, NULL},
    {20, NULL, make_gdt},
    {20, NULL, make_descriptor},
    {40, small_state, NULL},
    {16, NULL, version},
    {8, NULL, console},
    {70, NULL, make_event},
    {80, NULL, make_grant_op},
    {40, grant, NULL},
    {16, schedule, NULL},
    {10, NULL, make_timer},
    {40, NULL, make_vcpu_op},
    {16, NULL, make_physdev},
    {12, NULL, make_privileged},
    {10, NULL, make_any},
    {30, multicall, NULL},
    {0, NULL, NULL},
};
