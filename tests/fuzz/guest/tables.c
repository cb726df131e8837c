/* SPDX-License-Identifier: MIT */
/*
 * Structures that numbers drawn at random hardly ever make: a grant table of version 2 with entries that fit together, its
 * frames of marks, grants that are passed on between the two fuzz guests; queues of events with their control blocks and
 * arrays. Each is set up as it should be, used, and spoiled while it is used: so that the paths behind the first checks are
 * taken often.
 *
 * By convention between the guests, references from ON are grants of whole frames to the other one, those from ON + 8 pass
 * on what the other one grants at ON: a copy from the other's ON + 8 comes back to this guest's own frame.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>

#include "fuzz.h"

#define ON 40
/* Added to the command in the record of ends: what kind of entry a copy or a mapping went through. */
#define ENDS_OF(kind) (((unsigned int)(kind) + 1) * 32)

enum kind { WHOLE, PART, PASSED_ON, KINDS };

volatile unsigned int grant_version = 1;
static volatile uint16_t *marks; /* a frame of them, where it is mapped */
static struct evtchn_fifo_control_block *control[FUZZ_CPUS];
static struct slot fifo_pages[4]; /* one with the control blocks, then the array's */
static volatile bool queues;      /* events come by queues */

/* ---- grants ---- */

static volatile union grant_entry_v2 *entry(uint32_t ref)
{
    return (volatile union grant_entry_v2 *)(uintptr_t)grant_table + ref;
}

static void entry_set(uint32_t ref, domid_t domid, unsigned int flags, uint64_t low, uint64_t frame)
{
    volatile union grant_entry_v2 *e = entry(ref);

    e->hdr.flags = 0;
    e->hdr.domid = domid;
    *(volatile uint32_t *)((uintptr_t)e + 4) = (uint32_t)low;
    e->full_page.frame = frame;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    e->hdr.flags = (uint16_t)flags;
}

static void entry_pass_on(uint32_t ref, domid_t domid, domid_t of, uint32_t gref)
{
    entry_set(ref, domid, 0, 0, 0);
    entry(ref)->transitive.trans_domid = of;
    entry(ref)->transitive.gref = gref;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    entry(ref)->hdr.flags = GTF_transitive;
}

/* Whatever comes: kinds, offsets and lengths that fit and such that do not. */
void table_entry(struct fuzz_cpu *c)
{
    static const uint16_t flags[] = {GTF_permit_access,
                                     GTF_permit_access | GTF_readonly,
                                     GTF_permit_access | GTF_sub_page,
                                     GTF_permit_access | GTF_sub_page | GTF_readonly,
                                     GTF_transitive,
                                     GTF_invalid,
                                     GTF_accept_transfer};
    uint32_t ref = 8 + below(c, 32);
    domid_t domid = one_in(c, 8) ? pick_domid(c) : one_in(c, 2) ? own_domid : PICK(c, other_domid);
    uint32_t offset = one_in(c, 4) ? (uint32_t)random_64(c) : below(c, 4096),
             length = one_in(c, 4) ? (uint32_t)random_64(c) : below(c, 64);

    if (one_in(c, 3))
        entry_pass_on(ref, domid, one_in(c, 2) ? own_domid : PICK(c, other_domid), pick_ref(c));
    else
        entry_set(ref, domid, PICK(c, flags), (offset & 0xffff) | length << 16,
                  one_in(c, 10) ? pick_mfn(c) : slots[pick_slot(c, one_in(c, 5) ? USE_L1 : USE_DATA)].mfn);
}

/* What both guests count on. */
static void convention(struct fuzz_cpu *c)
{
    c->kind = FUZZ_NOTHING;
    for (unsigned int i = 0; i < 8; i++) {
        domid_t other = other_domid[1 + i % 2];

        if (grant_version != 2) {
            grant_table[ON + i].flags = 0;
            grant_table[ON + i].domid = other;
            grant_table[ON + i].frame = (uint32_t)slots[pick_slot(c, USE_DATA)].mfn;
            grant_table[ON + i].flags = GTF_permit_access;
            continue;
        }
        entry_set(ON + i, other, GTF_permit_access, 0, slots[pick_slot(c, USE_DATA)].mfn);
        entry_pass_on(ON + 8 + i, other, other, ON + i);
    }
}

static long grant_call(struct fuzz_cpu *c, unsigned int command, void *arg, unsigned int ends, const int16_t *status)
{
    struct call call = {.number = __HYPERVISOR_grant_table_op,
                        .sub = command + ends,
                        .args = {command, (uint64_t)arg, 1},
                        .status = status,
                        .operations = 1};

    return issue(c, &call);
}

/* Lets go of what is remembered as mapped: a table in use changes no version. */
static void unmap_remembered(struct fuzz_cpu *c)
{
    for (unsigned int i = 0; i < 48; i++) {
        struct gnttab_unmap_grant_ref *u = room(c, sizeof(*u));
        struct mapping m = pick_mapping(c);

        u->handle = one_in(c, 2) ? i : m.handle;
        u->host_addr = m.address;
        grant_call(c, GNTTABOP_unmap_grant_ref, u, 0, &u->status);
    }
}

/* Version 2 mostly, with its marks mapped. */
static void version(struct fuzz_cpu *c)
{
    struct gnttab_set_version *v = room(c, sizeof(*v));
    struct gnttab_setup_table *setup = room(c, sizeof(*setup));
    struct gnttab_get_status_frames *get = room(c, sizeof(*get));
    uint64_t *list = room(c, 16 * sizeof(*list));

    v->version = one_in(c, 5) ? 1 : 2;
    if (v->version != grant_version)
        unmap_remembered(c);
    if (!grant_call(c, GNTTABOP_set_version, v, 0, NULL))
        grant_version = v->version;
    *setup = (struct gnttab_setup_table){.dom = DOMID_SELF, .nr_frames = 1 + below(c, 4)};
    setup->frame_list.p = list;
    grant_call(c, GNTTABOP_setup_table, setup, 0, &setup->status);
    *get = (struct gnttab_get_status_frames){.nr_frames = 1, .dom = DOMID_SELF};
    get->frame_list.p = list;
    if (!grant_call(c, GNTTABOP_get_status_frames, get, 0, &get->status) && !get->status && !one_in(c, 4)) {
        unsigned int at = 600 + below(c, 8); /* above what other operations map */

        if (!pt_write(&window_l1[at % 512], pte_make(list[0], PTE_RW)))
            marks = (volatile uint16_t *)(uintptr_t)window_page(at % 512);
    }
    convention(c);
}

/* An entry of the kind that this guest may use itself; its frame's slot. */
static uint32_t own_entry(struct fuzz_cpu *c, enum kind kind, uint32_t *offset, uint32_t *length)
{
    uint32_t ref = 8 + below(c, 32);
    unsigned long mfn = slots[pick_slot(c, USE_DATA)].mfn;

    *offset = kind == PART ? below(c, 4000) : 0;
    *length = kind == PART ? 1 + below(c, 96) : 4096;
    if (grant_version == 2) {
        entry_set(ref, own_domid, GTF_permit_access | (kind == PART ? GTF_sub_page : 0), *offset | *length << 16, mfn);
    } else {
        grant_table[ref].flags = 0;
        grant_table[ref].domid = own_domid;
        grant_table[ref].frame = (uint32_t)mfn;
        grant_table[ref].flags = GTF_permit_access;
    }
    return ref;
}

/* Copies through one entry, in either direction; now and then a little beyond what it grants. */
static void copy_through(struct fuzz_cpu *c)
{
    enum kind kind = below(c, KINDS);
    struct gnttab_copy *g = room(c, sizeof(*g));
    uint32_t offset = 0, length = 64, ref;
    struct gnttab_copy_ptr *granted, *own;
    bool in = one_in(c, 2);

    if (grant_version != 2)
        kind = WHOLE;
    ref = kind == PASSED_ON ? ON + 8 + below(c, 8) : own_entry(c, kind, &offset, &length);
    granted = in ? &g->source : &g->dest;
    own = in ? &g->dest : &g->source;
    granted->u.ref = ref;
    granted->domid = kind == PASSED_ON ? other_domid[1 + below(c, 2)] : own_domid;
    granted->offset = (uint16_t)(offset + (one_in(c, 10) ? below(c, 20) : 0));
    own->u.gmfn = slots[pick_slot(c, USE_DATA)].mfn;
    own->domid = DOMID_SELF;
    g->len = (uint16_t)(one_in(c, 10) ? length + below(c, 4) : below(c, length > 512 ? 512 : length) + 1);
    g->flags = in ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
    if (one_in(c, 3) && marks)
        marks[ref] = (uint16_t)random_64(c);
    grant_call(c, GNTTABOP_copy, g, ENDS_OF(kind), &g->status);
}

/* Maps through one entry and lets it go again; the other vCPUs may change the entry meanwhile. */
static void map_through(struct fuzz_cpu *c)
{
    uint32_t offset, length, ref = own_entry(c, one_in(c, 8) ? PART : WHOLE, &offset, &length);
    struct gnttab_map_grant_ref *m = room(c, sizeof(*m));
    struct gnttab_unmap_grant_ref *u = room(c, sizeof(*u));

    m->host_addr = (uint64_t)window_page(64 + below(c, 400));
    m->flags = GNTMAP_host_map | (one_in(c, 2) ? GNTMAP_readonly : 0);
    m->ref = ref;
    m->dom = own_domid;
    if (grant_call(c, GNTTABOP_map_grant_ref, m, ENDS_OF(WHOLE), &m->status) || m->status)
        return;
    if (one_in(c, 4)) {
        struct gnttab_swap_grant_ref *swap = room(c, sizeof(*swap));

        swap->ref_a = ref;
        swap->ref_b = 8 + below(c, 32);
        grant_call(c, GNTTABOP_swap_grant_ref, swap, 0, &swap->status);
    }
    if (marks && one_in(c, 2))
        marks[ref] = (uint16_t)pick_number(c);
    *u = (struct gnttab_unmap_grant_ref){.host_addr = m->host_addr, .handle = m->handle};
    grant_call(c, GNTTABOP_unmap_grant_ref, u, ENDS_OF(WHOLE), &u->status);
}

/* ---- queues of events ---- */

static volatile event_word_t *word(uint32_t port)
{
    uint32_t per_page = PAGE_SIZE / sizeof(event_word_t);

    return (volatile event_word_t *)fifo_pages[1 + port / per_page % 3].page + port % per_page;
}

void fifo_take(unsigned int id)
{
    struct evtchn_fifo_control_block *block = control[id];
    uint32_t ready;

    if (!queues)
        return;
    ready = __atomic_exchange_n(&block->ready, 0, __ATOMIC_SEQ_CST);
    for (unsigned int q = 0; q <= EVTCHN_FIFO_PRIORITY_MIN; q++)
        for (unsigned int i = 0; (ready >> q & 1) && block->head[q] && i < 64; i++) {
            volatile event_word_t *w = word(block->head[q]);
            event_word_t was = __atomic_fetch_and(w, 1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_BUSY, __ATOMIC_SEQ_CST);

            block->head[q] = was & EVTCHN_FIFO_LINK_MASK;
        }
}

static long event_call(struct fuzz_cpu *c, unsigned int command, const void *arg, size_t size)
{
    struct call call = {.number = __HYPERVISOR_event_channel_op,
                        .sub = command,
                        .args = {command, (uint64_t)copy_to_room(c, arg, size)}};
    long result = issue(c, &call);

    if (!result && command == EVTCHNOP_bind_ipi)
        remember_port(c, *(const uint32_t *)(call.args[1] + 4));
    return result;
}
#define EVENT(command, structure) event_call(c, EVTCHNOP_##command, &(structure), sizeof(structure))

/* All four vCPUs' blocks in one page, and up to three pages of the array. After a reset it begins anew. */
static void queues_begin(struct fuzz_cpu *c)
{
    unsigned int pages = 1 + below(c, 3);

    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        struct evtchn_init_control init = {.control_gfn = fifo_pages[0].mfn, .offset = 128 * i, .vcpu = i};

        c->fifo = &fifo_pages[0];
        if (!EVENT(init_control, init))
            queues = true;
    }
    for (unsigned int i = 1; i <= pages; i++) {
        struct evtchn_expand_array expand = {.array_gfn = fifo_pages[i].mfn};

        if (!EVENT(expand_array, expand))
            c->fifo = &fifo_pages[i];
    }
}

/* A word or a block, as a guest might get it wrong: links, heads and marks that name other ports. */
static void queue_spoil(struct fuzz_cpu *c)
{
    volatile event_word_t *w = word(pick_port(c));

    switch (below(c, 5)) {
    case 0:
        *w = (event_word_t)random_64(c);
        break;
    case 1:
        *w = 1u << (29 + below(c, 3)) | pick_port(c);
        break;
    case 2:
        *w ^= 1u << (28 + below(c, 4));
        break;
    case 3:
        control[below(c, FUZZ_CPUS)]->head[below(c, 16)] = pick_port(c);
        break;
    default:
        control[below(c, FUZZ_CPUS)]->ready = (uint32_t)random_64(c);
        break;
    }
}

/* Several ports of several priorities and vCPUs, sent to while their queues are scribbled over. */
static void queues_use(struct fuzz_cpu *c)
{
    struct evtchn_bind_ipi bind = {.vcpu = below(c, FUZZ_CPUS)};

    if (!queues && !one_in(c, 4))
        return;
    if (one_in(c, 3))
        EVENT(bind_ipi, bind);
    for (unsigned int i = 2 + below(c, 8); i; i--) {
        struct evtchn_send send = {.port = pick_port(c)};
        struct evtchn_set_priority priority = {.port = send.port, .priority = below(c, one_in(c, 8) ? 20 : 16)};
        struct evtchn_bind_vcpu move = {.port = send.port, .vcpu = below(c, FUZZ_CPUS)};
        struct evtchn_unmask unmask = {.port = send.port};

        if (one_in(c, 3))
            EVENT(set_priority, priority);
        if (one_in(c, 4))
            EVENT(bind_vcpu, move);
        if (one_in(c, 3))
            queue_spoil(c);
        EVENT(send, send);
        if (one_in(c, 3))
            EVENT(unmask, unmask);
    }
    if (one_in(c, 3))
        fifo_take(c->id);
}

void tables_init(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        fifo_pages[i].page = page_alloc();
        fifo_pages[i].mfn = mfn_of(fifo_pages[i].page);
    }
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        control[i] = (void *)((uint8_t *)fifo_pages[0].page + 128 * i);
}

const struct operation table_operations[] = {
    {3, version, NULL},      {16, convention, NULL},  {50, copy_through, NULL},
    {30, map_through, NULL}, {2, queues_begin, NULL}, {40, queues_use, NULL},
    {0, NULL, NULL},
};
