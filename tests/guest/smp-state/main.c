/* SPDX-License-Identifier: MIT */
/*
 * Theory: a vcpu's registers are its own on whatever CPU it goes on: x87, MXCSR and XMM registers, the bases of FS and
 * GS, its GDT and LDT, the selectors loaded from them, the debug registers, TSC_AUX and CR0.TS. Five vcpus with different
 * values in all of these move between two CPUs, by being pinned to one and the other, and look after each move.
 */
#include <public/domctl.h>
#include <public/sched.h>

#include "smp.h"

const char test_title[] = "smp-state: registers on the way between CPUs";
SMP_MACHINE(2, 5);

#define VCPUS  5
#define CPUS   2
#define ROUNDS 60
#define XMMS   16

/* Read-only data segments whose limit tells whose they are: lsl reads it, from the tables that the CPU has loaded. */
#define SEGMENT(limit)  (0x0040f50000000000UL | (limit))
#define GDT_SLOT        6
#define LDT_SLOT        3
#define GDT_SELECTOR    (GDT_SLOT << 3 | 3)
#define LDT_SELECTOR    (LDT_SLOT << 3 | 7)
#define LIMIT_OF(id, n) (0x1000u * ((id) + 1) + (n))

static uint64_t words[VCPUS][4]; /* what the bases point at */
static volatile unsigned int moves[VCPUS], breakpoints[VCPUS], faults[VCPUS];
static bool can_pin;

static bool on_debug(struct trap_frame *frame)
{
    (void)frame;
    breakpoints[smp_self()]++;
    return true;
}

/* #NM: the hypervisor has cleared TS. */
static bool on_no_fpu(struct trap_frame *frame)
{
    (void)frame;
    faults[smp_self()]++;
    return true;
}

static long pin(unsigned int id, unsigned int cpu)
{
    static struct xen_domctl calls[VCPUS];
    static uint8_t maps[VCPUS][8];
    struct xen_domctl *call = &calls[id];

    memset(call, 0, sizeof(*call));
    memset(maps[id], 0, sizeof(maps[id]));
    maps[id][0] = (uint8_t)(1 << cpu);
    call->cmd = XEN_DOMCTL_setvcpuaffinity;
    call->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    call->domain = 0;
    call->u.vcpuaffinity.vcpu = id;
    call->u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    set_xen_guest_handle(call->u.vcpuaffinity.cpumap_hard.bitmap, maps[id]);
    call->u.vcpuaffinity.cpumap_hard.nr_bits = 64;
    return HYPERCALL1(__HYPERVISOR_domctl, call);
}

static uint64_t xmm_value(unsigned int id, unsigned int i)
{
    return 0x0101010101010101UL * (id + 1) ^ (uint64_t)i << 56;
}

#define XMM_ALL(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static void load_fpu(unsigned int id)
{
    uint16_t control = (uint16_t)(0x037f | (id & 3) << 10); /* the rounding */
    uint32_t mxcsr = 0x1f80 | (id & 3) << 13;

    __asm__ volatile("fninit\n\tfldcw %0\n\tldmxcsr %1" : : "m"(control), "m"(mxcsr));
#define LOAD(n) __asm__ volatile("movq %0, %%xmm" #n : : "r"(xmm_value(id, n)));
    XMM_ALL(LOAD)
    for (unsigned int i = 0; i <= id; i++) /* as many numbers on the stack */
        __asm__ volatile("fldpi");
}

static void check_fpu(unsigned int id)
{
    uint64_t value;
    uint32_t mxcsr = 0;
    uint16_t control = 0, status = 0;

    __asm__ volatile("fnstcw %0\n\tfnstsw %1\n\tstmxcsr %2"
                     : "=m"(control), "=m"(status), "=m"(mxcsr));
    CHECK_EQ(control, 0x037f | (id & 3) << 10);
    CHECK_EQ(status >> 11 & 7, 7 - id);
    CHECK_EQ(mxcsr, 0x1f80 | (id & 3) << 13);
#define CHECK_XMM(n)                                        \
    __asm__ volatile("movq %%xmm" #n ", %0" : "=r"(value)); \
    CHECK(value == xmm_value(id, n), "vcpu %u: xmm%u is %#lx", id, n, value);
    XMM_ALL(CHECK_XMM)
}

static uint32_t limit_of(uint32_t selector)
{
    uint32_t limit = 0;

    __asm__ volatile("lsl %1, %0" : "+r"(limit) : "r"(selector) : "cc");
    return limit;
}

static void load_tables(unsigned int id)
{
    uint64_t *gdt = page_alloc(), *ldt = page_alloc();
    struct mmuext_op op = {.cmd = MMUEXT_SET_LDT, .arg2.nr_ents = 512};
    xen_pfn_t frame = mfn_of(gdt);

    gdt[GDT_SLOT] = SEGMENT(LIMIT_OF(id, 1));
    ldt[LDT_SLOT] = SEGMENT(LIMIT_OF(id, 2));
    page_protect(gdt, PTE_RO);
    page_protect(ldt, PTE_RO);
    CHECK_OK(hypercall_set_gdt(&frame, 512));
    op.arg1.linear_addr = (unsigned long)ldt;
    CHECK_OK(hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF));
    __asm__ volatile("movl %0, %%ds\n\tmovl %1, %%es" : : "r"(GDT_SELECTOR), "r"(LDT_SELECTOR));
}

static void check_tables(unsigned int id)
{
    uint16_t ds, es;

    __asm__ volatile("movw %%ds, %0\n\tmovw %%es, %1" : "=r"(ds), "=r"(es));
    CHECK_EQ(ds, GDT_SELECTOR);
    CHECK_EQ(es, LDT_SELECTOR);
    CHECK_EQ(limit_of(GDT_SELECTOR), LIMIT_OF(id, 1));
    CHECK_EQ(limit_of(LDT_SELECTOR), LIMIT_OF(id, 2));
}

static void load_bases(unsigned int id)
{
    words[id][0] = 0xf5000 + id;
    words[id][1] = 0x65000 + id;
    CHECK_OK(hypercall_set_segment_base(SEGBASE_FS, &words[id][0]));
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_KERNEL, &words[id][1]));
    CHECK_OK(hypercall_set_debugreg(0, &words[id][2]));
    CHECK_OK(
        hypercall_set_debugreg(7, 0x400 | 1 | 1 << 16 | 3 << 18)); /* DR0: 4 bytes, on stores */
}

static void check_bases(unsigned int id)
{
    uint64_t fs, gs;
    unsigned int before = breakpoints[id];

    __asm__ volatile("movq %%fs:0, %0\n\tmovq %%gs:0, %1" : "=r"(fs), "=r"(gs)::"memory");
    CHECK_EQ(fs, 0xf5000 + id);
    CHECK_EQ(gs, 0x65000 + id);
    CHECK_EQ(hypercall_get_debugreg(0), &words[id][2]);
    *(volatile uint32_t *)&words[id][2] = 1;
    CHECK(breakpoints[id] == before + 1, "vcpu %u: its breakpoint was hit %u times", id,
          breakpoints[id] - before);
    *(volatile uint32_t *)&words[(id + 1) % VCPUS][3] = 1; /* nobody's */
    CHECK_EQ(breakpoints[id], before + 1);
}

static void load_aux(unsigned int id)
{
    __asm__ volatile("wrmsr" : : "c"(0xc0000103), "a"(id + 0xa00), "d"(0));
}

static void check_aux(unsigned int id)
{
    uint32_t aux;

    __asm__ volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
    CHECK_EQ(aux, id + 0xa00);
}

/* To the other CPU, or wherever the scheduler likes where nothing can be pinned. */
static void move(unsigned int id, unsigned int round)
{
    unsigned int from = smp_cpu(), to = (id + round) % CPUS;
    struct sched_poll nap = {.timeout = time_now() + 200000};

    if (can_pin) {
        CHECK_OK(pin(id, to));
        CHECK(smp_cpu() == to, "vcpu %u is on CPU %u, pinned to %u", id, smp_cpu(), to);
    } else if (round & 1) {
        hypercall_sched_op(SCHEDOP_poll, &nap);
    }
    smp_yield();
    moves[id] += smp_cpu() != from;
}

static void live(unsigned int id)
{
    unsigned int before;

    load_fpu(id);
    load_tables(id);
    load_bases(id);
    load_aux(id);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        move(id, round);
        check_fpu(id);
        check_tables(id);
        check_bases(id);
        check_aux(id);
        if (id & 1) { /* TS set here and not there */
            before = faults[id];
            CHECK_OK(hypercall_fpu_taskswitch(1));
            move(id, round);
            check_fpu(id);
            CHECK(faults[id] == before + 1, "vcpu %u: %u #NM, not one", id, faults[id] - before);
        }
        CHECK(id & 1 || !faults[id], "vcpu %u: #NM, though it never set TS", id);
    }
    CHECK_OK(hypercall_set_debugreg(7, 0x400));
}

void test_main(void)
{
    smp_need(VCPUS);
    trap_set_handler(1, on_debug);
    trap_set_handler(7, on_no_fpu);
    can_pin = pin(0, 0) == 0;
    smp_run(VCPUS, live);
    for (unsigned int id = 0; id < VCPUS; id++) {
        print("vcpu %u moved %u times\n", id, moves[id]);
        CHECK(!can_pin || moves[id] >= ROUNDS - 2, "vcpu %u moved %u times in %u rounds", id,
              moves[id], ROUNDS);
    }
}
