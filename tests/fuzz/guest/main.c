/* SPDX-License-Identifier: MIT */
/*
 * The fuzz guest: a VPS that does everything to the hypervisor that a VPS can, at random, on three vCPUs at once that
 * also scribble over each other's arguments and over what they share with the hypervisor. Its command line:
 *
 *   seed=N       what the random numbers begin with
 *   others=A.B.C ids of domains beside it, to be had a go at
 *   frames=A.B.C.D   frames of theirs
 *   calls=N      vCPU 0 ends after so many operations (0: never)
 *
 * On its console it says which frames its record (record.h) stands in. It checks nothing but that what is the
 * control domain's was refused: whether all others live on is for who runs it to see (run, job.sh).
 */
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "fuzz.h"
#include "smp.h"

#define RUNNING 3 /* vCPUs that run the loop */

const char test_title[] = "fuzz: a VPS that does everything at random";

struct fuzz_cpu cpus[FUZZ_CPUS];
struct slot slots[SLOTS];
struct fuzz_record *record;
domid_t own_domid, other_domid[3];
unsigned long other_mfn[4];
volatile struct grant_entry_v1 *grant_table;
unsigned long grant_frames[4];
uint64_t tsc_per_ms;
static uint64_t start_tsc, start_ns, last_operation;

uint64_t now_ns(void)
{
    return start_ns + (tsc_read() - start_tsc) * 1000000 / tsc_per_ms;
}

static uint64_t option(const char *key, unsigned int index)
{
    const char *p = (const char *)start_info->cmd_line;
    size_t length = strlen(key);
    uint64_t n = 0;

    for (; *p && strncmp(p, key, length); p++)
        ;
    if (!*p)
        return 0;
    for (p += length; index && *p && *p != ' '; p++)
        index -= *p == '.';
    for (; *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    return n;
}

/* ---- whatever traps ---- */

static void __attribute__((noreturn, noinline)) back_to_loop(struct fuzz_cpu *c)
{
    __builtin_longjmp(c->jump, 1);
}

/* On a stack of the vCPU's own. Only what may trap is put down to it: what worked says so itself. */
void fuzz_trap(unsigned int id, unsigned int vector, uint64_t rip)
{
    struct fuzz_cpu *c = &cpus[id];
    /* the breakpoint behind made-up code: it came through */
    bool through = vector == 3 && rip == c->code_end + 1;

    if (c->kind >= FUZZ_INSTRUCTION && c->kind < FUZZ_NOTHING)
        note(c->kind, c->sub, through ? 0 : FUZZ_TRAP + (long)vector);
    c->record->traps++;
    c->record->in_call = 0;
    if (++c->traps_in_a_row > 1000) { /* what the guest stands on is gone: the next seed */
        struct sched_shutdown end = {.reason = SHUTDOWN_crash};

        hypercall_sched_op(SCHEDOP_shutdown, &end);
    }
    c->executing_until = 0;
    back_to_loop(c);
}

void fuzz_event(unsigned int id)
{
    struct fuzz_cpu *c = &cpus[id];
    struct vcpu_info *info = vcpu_info_of(id);

    c->record->upcalls++;
    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (unsigned int i = 0; i < 4; i++)
        __atomic_store_n(&shared_info->evtchn_pending[i], 0, __ATOMIC_SEQ_CST);
    fifo_take(id);
    if (c->executing_until && tsc_read() > c->executing_until) {
        note(c->kind, c->sub, FUZZ_TRAP + 300);
        c->executing_until = 0;
        back_to_loop(c);
    }
}

#define WAYS_IN 37
static uint64_t way_in(const struct fuzz_cpu *c, unsigned int index)
{
    return (uint64_t)fuzz_ways_in + 32 * (c->id * WAYS_IN + index);
}

/* The handlers, and a stack below all that is in use for what comes from user mode. */
void kernel_entry_set(struct fuzz_cpu *c)
{
    const struct callback_register callbacks[] = {
        {CALLBACKTYPE_event, CALLBACKF_mask_events, (uint64_t)fuzz_events_in + 64 * c->id},
        {CALLBACKTYPE_failsafe, CALLBACKF_mask_events, way_in(c, 33)},
        {CALLBACKTYPE_syscall, CALLBACKF_mask_events, way_in(c, 34)},
        {CALLBACKTYPE_syscall32, CALLBACKF_mask_events, way_in(c, 35)},
        {CALLBACKTYPE_sysenter, CALLBACKF_mask_events, way_in(c, 35)},
        {CALLBACKTYPE_nmi, CALLBACKF_mask_events, way_in(c, 36)},
    };
    struct trap_info table[34];

    for (unsigned int i = 0; i < 33; i++)
        table[i] = (struct trap_info){.vector = (uint8_t)(i < 32 ? i : 0x80),
                                      .flags = i == 3 || i == 4 || i == 32 ? 3 : 0,
                                      .cs = FLAT_KERNEL_CS,
                                      .address = way_in(c, i)};
    table[33] = (struct trap_info){0};
    hypercall_set_trap_table(table);
    for (unsigned int i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++)
        hypercall_callback_op(CALLBACKOP_register, &callbacks[i]);
    hypercall_stack_switch(FLAT_KERNEL_SS, (uint64_t)c->jump[2] - 2048);
}

void heal(struct fuzz_cpu *c)
{
    struct mmuext_op op = {.cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = mfn_of(user_root)};

    hypercall_set_debugreg(7, 0x400);
    kernel_entry_set(c);
    hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
    for (unsigned int i = 0; i < RUNNING; i++)
        if (i != c->id)
            hypercall_vcpu_op(VCPUOP_up, i, NULL);
    vcpu_info_of(c->id)->evtchn_upcall_mask = 0;
}

/* ---- scribbling: over what another vCPU's call reads, and what the hypervisor shares with this guest ---- */

static void scribble(struct fuzz_cpu *c)
{
    struct fuzz_cpu *victim = &cpus[below(c, RUNNING)];
    unsigned int target = below(c, 9);

    c->kind = FUZZ_NOTHING;
    for (unsigned int i = 0; i < 200; i++) {
        volatile uint64_t *p;

        switch (target) {
        case 0:
            p = (volatile uint64_t *)shared_info + below(c, sizeof(*shared_info) / 8);
            break;
        case 1:
            p = (volatile uint64_t *)&shared_info->evtchn_pending[0] + below(c, 128);
            break;
        case 2:
            p = (volatile uint64_t *)grant_table + 8 + below(c, 56);
            break;
        case 8:
            p = victim->fifo ? victim->fifo->page + below(c, one_in(c, 2) ? 32 : 512)
                             : (volatile uint64_t *)shared_info;
            break;
        case 3:
            p = slots[pick_slot(c, USE_DATA)].page + below(c, 512);
            break;
        default:
            p = (volatile uint64_t *)victim->args + below(c, 1 + victim->args_used / 8 % 1024);
            break;
        }
        switch (below(c, 4)) {
        case 0:
            *p = pick_number(c);
            break;
        case 1:
            *(volatile uint32_t *)p ^= 1u << below(c, 32);
            break;
        case 2:
            *(volatile uint8_t *)p = (uint8_t)random_64(c);
            break;
        default: { /* a value and back again: what is read twice is not the same */
            uint64_t was = *p;

            for (unsigned int round = 0; round < 8; round++) {
                *p = pick_address(c);
                *p = was;
            }
        }
        }
    }
}

static const struct operation scribbles[] = {{60, scribble, NULL}, {0, NULL, NULL}};
static const struct operation *const lists[] = {memory_operations, call_operations,
                                                instruction_operations, table_operations, scribbles};

const struct operation *pick_operation(struct fuzz_cpu *c, bool calls_only)
{
    unsigned int total = 0;

    for (int pass = 0;; pass++) {
        unsigned int at = pass ? below(c, total) : 0;

        for (unsigned int i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
            for (const struct operation *o = lists[i]; o->weight; o++) {
                if (calls_only && !o->make)
                    continue;
                if (!pass)
                    total += o->weight;
                else if (at < o->weight)
                    return o;
                else
                    at -= o->weight;
            }
    }
}

static void __attribute__((noinline)) one_operation(struct fuzz_cpu *c)
{
    const struct operation *o = pick_operation(c, false);
    struct call call = {0};

    c->args_used = one_in(c, 3) ? below(c, PAGE_SIZE) & ~7u : 0;
    c->record->operations++;
    c->kind = FUZZ_NOTHING;
    if (o->run) {
        o->run(c);
        return;
    }
    o->make(c, &call);
    if (one_in(c, 10))
        spoil(c, &call);
    issue(c, &call);
}

static void loop(unsigned int id)
{
    struct fuzz_cpu *volatile c = &cpus[id];

    if (__builtin_setjmp(c->jump)) {
        c->kind = FUZZ_NOTHING;
        heal(c);
    }
    kernel_entry_set(c);
    for (;;) {
        if (c->record->operations % 16 == 0)
            heal(c);
        one_operation(c);
        c->executing_until = 0;
        if (!id && last_operation && c->record->operations >= last_operation) {
            struct sched_shutdown end = {.reason = SHUTDOWN_poweroff};

            hypercall_sched_op(SCHEDOP_shutdown, &end);
        }
    }
}

/* ---- before it starts ---- */

static void cpu_init(unsigned int id, uint64_t seed)
{
    struct fuzz_cpu *c = &cpus[id];

    c->id = id;
    c->random = seed * 0x10001 + id * 0x5851f42d4c957f2dull;
    c->record = &record->cpu[id];
    for (unsigned int i = 0; i < ARGS_PAGES; i++) { /* they follow each other in the pool */
        uint8_t *page = page_alloc();

        if (!i)
            c->args = page;
    }
    page_protect(c->args + (ARGS_PAGES - 1) * PAGE_SIZE, PTE_RO);
    c->code = page_alloc();
    page_alloc();
}

static void record_init(uint64_t seed)
{
    print("fuzz: seed %lu, domain %u, record at", seed, own_domid);
    for (unsigned int i = 0; i < FUZZ_PAGES; i++) {
        void *page = page_alloc();

        if (!i)
            record = page;
        print(" %lu", mfn_of(page));
    }
    print("\n");
    record->magic = FUZZ_MAGIC;
    record->seed = seed;
}

static void grants_init(void)
{
    xen_pfn_t frames[4] = {0};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

    set_xen_guest_handle(setup.frame_list, frames);
    grant_table = page_alloc();
    if (hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status ||
        page_remap((void *)(uintptr_t)grant_table, frames[0], PTE_RW))
        report_error("no grant table");
    for (unsigned int i = 0; i < 4; i++)
        grant_frames[i] = frames[0];
}

static void window_fill(void)
{
    for (unsigned int i = 0; i < 64; i++)
        pt_write(&window_l1[i], pte_make(slots[i % SLOTS].mfn, PTE_RO));
}

/*
 * The image once more, 4 GiB below where 32-bit code sees it: a vCPU that came into such code has a stack pointer of 32 bits, and
 * needs a stack there for its next trap.
 */
static void low_alias_init(void)
{
    const uint64_t *low = pt_entry((const void *)(uintptr_t)(uint32_t)(uintptr_t)slots[0].page, 3);

    if (!low || pt_write(low, *pt_entry(slots[0].page, 3)))
        report_error("no alias of the image at 2 GiB");
}

/* The timer's event, for whom made-up code does not end. */
static void alarm_init(unsigned int id)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = id};

    if (!hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind))
        event_unmask_port(bind.port);
}

void test_main(void)
{
    uint64_t seed = option("seed=", 0);

    smp_need(FUZZ_CPUS);
    own_domid = guest_domid();
    for (unsigned int i = 0; i < 3; i++)
        other_domid[i] = (domid_t)option("others=", i);
    for (unsigned int i = 0; i < 4; i++)
        other_mfn[i] = option("frames=", i);
    last_operation = option("calls=", 0);
    start_tsc = tsc_read();
    start_ns = time_now();
    while (time_now() < start_ns + 2000000)
        ;
    tsc_per_ms = (tsc_read() - start_tsc) / 2;
    record_init(seed);
    window_init();
    user_init();
    for (unsigned int i = 0; i < SLOTS; i++) {
        slots[i].page = page_alloc();
        slots[i].mfn = mfn_of(slots[i].page);
    }
    low_alias_init();
    window_fill();
    grants_init();
    tables_init();
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        cpu_init(i, seed);
    pools_init();
    for (unsigned int i = 0; i < RUNNING; i++)
        alarm_init(i);
    smp_run(RUNNING, loop);
}
