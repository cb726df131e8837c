/* SPDX-License-Identifier: MIT */
/*
 * Theory: dom0 can read all that a suspended domain is and make the same domain again of it. The domain is six pages: its
 * four tables, some code, some data. The code counts, suspends, and keeps what the call gave back. It goes on three times:
 * as if nothing had been (resumed, its call answering what a toolstack wrote), as a new domain with the old one's
 * registers, those of the FPU too, and once more. Whatever a saved image might hold that a guest could not have set
 * for itself is refused, and none of it stops the hypervisor.
 */
#include <public/domctl.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "save-restore: a domain suspended, read, resumed and made again";

enum { L4, L3, L2, L1, CODE, DATA, PAGES };
#define CODE_AT 0x4000UL
#define DATA_AT 0x5000UL
#define LEAVES 120

struct data {
    uint64_t count, answer;
    uint32_t reason, pad[3];
    uint64_t pattern[2], found[2];
};

extern const uint8_t payload[], payload_end[];
__asm__(".pushsection .rodata\n"
        "payload:\n\t"
        "movups 0x5020, %xmm3\n"
        "1: incq 0x5000\n\t"
        "mov $29, %eax\n\t" /* sched_op */
        "mov $2, %edi\n\t"  /* SCHEDOP_shutdown */
        "mov $0x5010, %esi\n\t"
        "mov $0x1234, %edx\n\t"
        "syscall\n\t"
        "mov %rax, 0x5008\n\t"
        "movups %xmm3, 0x5030\n\t"
        "jmp 1b\n"
        "payload_end:\n"
        ".popsection");

static struct xen_domctl op;
static struct vcpu_guest_context context;
static uint64_t xstate[2 + 512];
static xen_cpuid_leaf_t policy_leaves[LEAVES];
static xen_msr_entry_t policy_msr;

static long control(uint32_t command, domid_t domain)
{
    op.cmd = command;
    op.domain = domain;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return HYPERCALL1(__HYPERVISOR_domctl, &op);
}

/* Maps a frame of another domain's at window page `at`; flags 0: nothing any more. */
static long map(domid_t domain, unsigned int at, unsigned long mfn, uint64_t flags)
{
    struct mmu_update update = {maddr_of(&window_l1[at]), flags ? pte_make(mfn, flags) : 0};

    return HYPERCALL4(__HYPERVISOR_mmu_update, &update, 1, 0, domain);
}

static struct data *data_of(domid_t domain, const unsigned long *frame)
{
    CHECK_OK(map(domain, DATA, frame[DATA], PTE_RW));
    return (struct data *)window_page(DATA);
}

static long pin(domid_t domain, unsigned long mfn, uint32_t command)
{
    struct mmuext_op ext = {.cmd = command, .arg1.mfn = mfn};

    return HYPERCALL4(__HYPERVISOR_mmuext_op, &ext, 1, 0, domain);
}

static void fill(domid_t domain, const unsigned long *frame)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        CHECK_OK(map(domain, i, frame[i], PTE_RW));
        memset((void *)window_page(i), 0, PAGE_SIZE);
    }
    window_page(L4)[0] = pte_make(frame[L3], PTE_TABLE);
    window_page(L3)[0] = pte_make(frame[L2], PTE_TABLE);
    window_page(L2)[0] = pte_make(frame[L1], PTE_TABLE);
    window_page(L1)[CODE] = pte_make(frame[CODE], PTE_RO);
    window_page(L1)[DATA] = pte_make(frame[DATA], PTE_RW);
    memcpy((void *)window_page(CODE), payload, (size_t)(payload_end - payload));
    for (unsigned int i = 0; i < PAGES; i++)
        CHECK_OK(map(domain, i, 0, 0));
}

/* Its frames' numbers come back in `frame`. */
static domid_t domain_make(unsigned long *frame)
{
    struct xen_memory_reservation more = {.nr_extents = PAGES};
    domid_t domain;

    memset(&op, 0, sizeof(op));
    op.u.createdomain.max_vcpus = 1;
    op.u.createdomain.max_evtchn_port = 127;
    op.u.createdomain.max_grant_frames = 4;
    op.u.createdomain.max_maptrack_frames = 4;
    op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
    if (control(XEN_DOMCTL_createdomain, 0))
        report_error("cannot make a domain");
    domain = op.domain;
    op.u.max_mem.max_memkb = 1024;
    CHECK_OK(control(XEN_DOMCTL_max_mem, domain));
    op.u.max_vcpus.max = 1;
    CHECK_OK(control(XEN_DOMCTL_max_vcpus, domain));
    for (unsigned int i = 0; i < PAGES; i++)
        frame[i] = i;
    more.domid = domain;
    set_xen_guest_handle(more.extent_start, frame);
    CHECK_EQ(hypercall_memory_op(XENMEM_populate_physmap, &more), PAGES);
    fill(domain, frame);
    CHECK_OK(pin(domain, frame[L4], MMUEXT_PIN_L4_TABLE));
    return domain;
}

static long context_set(domid_t domain)
{
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = &context;
    return control(XEN_DOMCTL_setvcpucontext, domain);
}

static long context_get(domid_t domain)
{
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = &context;
    return control(XEN_DOMCTL_getvcpucontext, domain);
}

static void suspended(domid_t domain)
{
    for (unsigned int i = 0; i < 1000000; i++) {
        CHECK_OK(control(XEN_DOMCTL_getdomaininfo, domain));
        if (op.u.getdomaininfo.flags & XEN_DOMINF_shutdown) {
            CHECK_EQ(op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, SHUTDOWN_suspend);
            return;
        }
        HYPERCALL2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    }
    report_error("domain %u does not suspend", domain);
}

static void first_start(domid_t domain, const unsigned long *frame)
{
    struct data *data = data_of(domain, frame);

    data->reason = SHUTDOWN_suspend;
    data->pattern[0] = 0x1122334455667788;
    data->pattern[1] = 0x99aabbccddeeff00;
    CHECK_ERROR(context_get(domain), XEN_ENODATA);
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = CODE_AT;
    context.user_regs.rsp = DATA_AT + PAGE_SIZE;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.ctrlreg[3] = xen_pfn_to_cr3(frame[L4]);
    CHECK_OK(context_set(domain));
    CHECK_OK(control(XEN_DOMCTL_unpausedomain, domain));
    suspended(domain);
    CHECK_EQ(data->count, 1);
}

static long msrs(uint32_t command, domid_t domain, xen_domctl_vcpu_msr_t *list, uint32_t count)
{
    memset(&op.u, 0, sizeof(op.u));
    op.u.vcpu_msrs.msr_count = count;
    op.u.vcpu_msrs.msrs.p = list;
    return control(command, domain);
}

/* TSC_AUX is all that there is to carry, where it is not 0. */
static void check_msrs(domid_t domain)
{
    xen_domctl_vcpu_msr_t set[2] = {{.index = 0xc0000103, .value = 5}, {.index = 0xc0000103, .value = 6}}, got = {.index = 0};

    CHECK_OK(msrs(XEN_DOMCTL_get_vcpu_msrs, domain, NULL, 0));
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 1); /* at most */
    CHECK_OK(msrs(XEN_DOMCTL_get_vcpu_msrs, domain, &got, 1));
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 0);
    CHECK_OK(msrs(XEN_DOMCTL_set_vcpu_msrs, domain, set, 1));
    CHECK_ERROR(msrs(XEN_DOMCTL_get_vcpu_msrs, domain, &got, 0), XEN_ENOBUFS);
    CHECK_OK(msrs(XEN_DOMCTL_get_vcpu_msrs, domain, &got, 1));
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 1);
    CHECK_EQ(got.index, 0xc0000103);
    CHECK_EQ(got.value, 5);
    CHECK_ERROR(msrs(XEN_DOMCTL_get_vcpu_msrs, domain, (void *)8, 1), XEN_EFAULT);
    CHECK_ERROR(msrs(XEN_DOMCTL_set_vcpu_msrs, domain, (void *)8, 1), XEN_EFAULT);
    CHECK_ERROR(msrs(XEN_DOMCTL_set_vcpu_msrs, domain, set, 2), XEN_EINVAL);
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 1); /* the wrong one */
    set[0].value = 1UL << 32;
    CHECK_ERROR(msrs(XEN_DOMCTL_set_vcpu_msrs, domain, set, 1), XEN_EINVAL);
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 0);
    set[0] = (xen_domctl_vcpu_msr_t){.index = 0xc0000103, .reserved = 1};
    CHECK_ERROR(msrs(XEN_DOMCTL_set_vcpu_msrs, domain, set, 1), XEN_EINVAL);
}

/* What the toolstack reads of it is what it set, and where it stands. */
static void check_reading(domid_t domain, const unsigned long *frame)
{
    uint64_t kinds[9] = {frame[L4], frame[L3], frame[L2], frame[L1], frame[CODE], frame[DATA], mfn_of(window_l1), 0, 1UL << 51};
    const uint64_t expected[9] = {XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB, XEN_DOMCTL_PFINFO_L3TAB,
                                  XEN_DOMCTL_PFINFO_L2TAB, XEN_DOMCTL_PFINFO_L1TAB, XEN_DOMCTL_PFINFO_NOTAB,
                                  XEN_DOMCTL_PFINFO_NOTAB, XEN_DOMCTL_PFINFO_XTAB, XEN_DOMCTL_PFINFO_XTAB, XEN_DOMCTL_PFINFO_XTAB};

    memset(&context, 0x55, sizeof(context));
    CHECK_OK(context_get(domain));
    CHECK(context.user_regs.rip > CODE_AT && context.user_regs.rip < CODE_AT + 100, "at %#lx", context.user_regs.rip);
    CHECK_EQ(context.user_regs.rdx, 0x1234);
    CHECK_EQ(context.user_regs.rsp, DATA_AT + PAGE_SIZE);
    CHECK_EQ(xen_cr3_to_pfn(context.ctrlreg[3]), frame[L4]);
    CHECK_EQ(context.ctrlreg[1], 0);
    CHECK(context.flags & VGCF_in_kernel, "flags %#lx", context.flags);
    CHECK(context.flags & VGCF_online, "flags %#lx", context.flags);
    op.u.getpageframeinfo3.num = 9;
    op.u.getpageframeinfo3.array.p = kinds;
    CHECK_OK(control(XEN_DOMCTL_getpageframeinfo3, domain));
    for (unsigned int i = 0; i < 9; i++)
        CHECK(kinds[i] == expected[i], "kind %u is %#lx instead of %#lx", i, kinds[i], expected[i]);
    memset(&op.u, 0, sizeof(op.u));
    CHECK_OK(control(XEN_DOMCTL_get_ext_vcpucontext, domain));
    CHECK_EQ(op.u.ext_vcpucontext.size, sizeof(op.u.ext_vcpucontext));
    check_msrs(domain);
}

static uint64_t read_xstate(domid_t domain)
{
    memset(&op.u, 0, sizeof(op.u));
    CHECK_OK(control(XEN_DOMCTL_getvcpuextstate, domain));
    CHECK(op.u.vcpuextstate.size <= sizeof(xstate), "%lu bytes of state", op.u.vcpuextstate.size);
    op.u.vcpuextstate.buffer.p = xstate;
    CHECK_OK(control(XEN_DOMCTL_getvcpuextstate, domain));
    return op.u.vcpuextstate.size;
}

static long write_xstate(domid_t domain, uint64_t size)
{
    op.u.vcpuextstate.vcpu = 0;
    op.u.vcpuextstate.size = size;
    op.u.vcpuextstate.buffer.p = xstate;
    return control(XEN_DOMCTL_setvcpuextstate, domain);
}

static void check_xstate_refusals(domid_t domain, uint64_t size)
{
    uint64_t *const header = &xstate[2 + 64], kept = header[0];

    CHECK_ERROR(write_xstate(domain, 15), XEN_EINVAL);
    CHECK_OK(write_xstate(domain, 16)); /* Xen's word for a vcpu that has used none of it */
    CHECK_ERROR(write_xstate(domain, 100), XEN_EINVAL);
    CHECK_ERROR(write_xstate(domain, 1UL << 40), XEN_EINVAL);
    if (size < 16 + 576)
        return; /* Xen gives nothing where its own count of what was used is nought */
    header[0] |= 1UL << 62; /* a component that nobody has */
    CHECK_ERROR(write_xstate(domain, size), XEN_EINVAL);
    header[0] = kept;
    header[3] = 1;
    CHECK_ERROR(write_xstate(domain, size), XEN_EINVAL);
    header[3] = 0;
    xstate[0] = 2; /* XCR0 without the x87 */
    CHECK_ERROR(write_xstate(domain, size), XEN_EINVAL);
    xstate[0] = 1UL << 62 | 3;
    CHECK_ERROR(write_xstate(domain, size), XEN_EINVAL);
    xstate[0] = 3;
}

static long policy_set(domid_t domain, unsigned int leaves, unsigned int msrs)
{
    op.u.cpu_policy.nr_leaves = leaves;
    op.u.cpu_policy.leaves.p = policy_leaves;
    op.u.cpu_policy.nr_msrs = msrs;
    op.u.cpu_policy.msrs.p = &policy_msr;
    return control(XEN_DOMCTL_set_cpu_policy, domain);
}

/* What Xen shows its guests and we do not is taken from an image where no kernel misses it; what the CPU does not have is not. */
static void check_policy(domid_t domain)
{
    unsigned int count;
    xen_cpuid_leaf_t *one = NULL;

    memset(&op.u, 0, sizeof(op.u));
    op.u.cpu_policy.nr_leaves = LEAVES;
    op.u.cpu_policy.leaves.p = policy_leaves;
    CHECK_OK(control(XEN_DOMCTL_get_cpu_policy, domain));
    count = op.u.cpu_policy.nr_leaves;
    for (unsigned int i = 0; i < count; i++)
        if (policy_leaves[i].leaf == 1)
            one = &policy_leaves[i];
    CHECK(one, "no leaf 1 among %u", count);
    CHECK_OK(policy_set(domain, count, 0));
    one->d |= 1U << 2 | 1U << 7 | 1U << 14; /* DE, MCE, MCA */
    policy_msr.idx = 0xce;
    policy_msr.val = 1UL << 31; /* CPUID faulting */
    CHECK_OK(policy_set(domain, count, 1));
    policy_msr.idx = 0x1234;
    CHECK_ERROR(policy_set(domain, count, 1), XEN_EINVAL);
    CHECK_EQ(op.u.cpu_policy.err_msr, 0x1234);
    one->d |= 1U << 10; /* nobody has that */
    CHECK_ERROR(policy_set(domain, count, 0), XEN_EINVAL);
    CHECK_EQ(op.u.cpu_policy.err_leaf, 1);
}

/* No word of an image is believed. */
static void check_refusals(domid_t domain, const unsigned long *frame, uint64_t size)
{
    static const struct vcpu_guest_context *const wrong = (void *)8;
    struct vcpu_guest_context good = context;

#define REFUSED(change)                         \
    do {                                        \
        context = good;                         \
        change;                                 \
        CHECK_REFUSED(context_set(domain));     \
    } while (0)
    REFUSED(context.ctrlreg[3] = xen_pfn_to_cr3(frame[DATA]));
    REFUSED(context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of(window_l1)));
    REFUSED(context.ctrlreg[3] = ~0UL);
    REFUSED(context.gdt_ents = 100000);
    context = good;
    op.u.vcpucontext.vcpu = 1;
    op.u.vcpucontext.ctxt.p = &context;
    CHECK_REFUSED(control(XEN_DOMCTL_setvcpucontext, domain));
    CHECK_ERROR(control(XEN_DOMCTL_getvcpucontext, domain), XEN_EINVAL);
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = (void *)(uintptr_t)wrong;
    CHECK_ERROR(control(XEN_DOMCTL_setvcpucontext, domain), XEN_EFAULT);
    CHECK_ERROR(control(XEN_DOMCTL_getvcpucontext, domain), XEN_EFAULT);

    check_xstate_refusals(domain, size);
    memset(&op.u, 0, sizeof(op.u));
    op.u.ext_vcpucontext.size = 8;
    CHECK_ERROR(control(XEN_DOMCTL_set_ext_vcpucontext, domain), XEN_EINVAL);
    op.u.ext_vcpucontext.size = sizeof(op.u.ext_vcpucontext);
    op.u.ext_vcpucontext.syscall32_callback_eip = 1UL << 60;
    CHECK_ERROR(control(XEN_DOMCTL_set_ext_vcpucontext, domain), XEN_EINVAL);
    memset(&op.u, 0, sizeof(op.u));
    op.u.getpageframeinfo3.num = 1025;
    op.u.getpageframeinfo3.array.p = xstate;
    CHECK_ERROR(control(XEN_DOMCTL_getpageframeinfo3, domain), XEN_E2BIG);
    op.u.getpageframeinfo3.num = 8;
    op.u.getpageframeinfo3.array.p = (void *)8;
    CHECK_ERROR(control(XEN_DOMCTL_getpageframeinfo3, domain), XEN_EFAULT);
    memset(&op.u, 0, sizeof(op.u));
    op.u.vcpu_msrs.msr_count = 1;
    op.u.vcpu_msrs.msrs.p = (void *)xstate;
    xstate[0] = 0x277; /* PAT: no guest's own */
    CHECK_ERROR(control(XEN_DOMCTL_set_vcpu_msrs, domain), XEN_EINVAL);
    CHECK_EQ(op.u.vcpu_msrs.msr_count, 0);
    xstate[0] = 3;
    memset(&op.u, 0, sizeof(op.u));
    CHECK_REFUSED(control(XEN_DOMCTL_shadow_op, domain)); /* off, which it is */
    CHECK_REFUSED(control(XEN_DOMCTL_resumedomain, guest_domid()));
    context = good;
}

/* Rests the CPU's own cannot have: registers that no guest may load. The domain may die of them, and nothing else may. */
static void check_poison(void)
{
    unsigned long frame[PAGES];
    domid_t domain = domain_make(frame);
    static uint16_t *const selectors[] = {&context.user_regs.cs, &context.user_regs.ss, &context.user_regs.ds,
                                          &context.user_regs.es, &context.user_regs.fs, &context.user_regs.gs};

    CHECK_OK(map(domain, DATA, 0, 0));
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel | VGCF_online | VGCF_i387_valid;
    memset(&context.fpu_ctxt, 0xff, sizeof(context.fpu_ctxt)); /* MXCSR too */
    context.user_regs.rip = CODE_AT;
    context.user_regs.rflags = ~0UL;
    for (unsigned int i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
        *selectors[i] = (uint16_t)(0xe008 + 8 * i);
    memset(context.debugreg, 0xff, sizeof(context.debugreg));
    context.ctrlreg[0] = context.ctrlreg[4] = ~0UL;
    context.ctrlreg[3] = xen_pfn_to_cr3(frame[L4]);
    context.vm_assist = ~0UL;
    if (context_set(domain) == 0) {
        CHECK_OK(control(XEN_DOMCTL_unpausedomain, domain));
        for (unsigned int i = 0; i < 1000; i++)
            HYPERCALL2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    }
    CHECK_OK(control(XEN_DOMCTL_destroydomain, domain));
}

static void check_m2p(void)
{
    static uint64_t list[64];
    struct xen_machphys_mfn_list request = {.max_extents = 64};
    uint64_t pfn = 0;

    set_xen_guest_handle(request.extent_start, list);
    CHECK_OK(hypercall_memory_op(XENMEM_machphys_mfn_list, &request));
    CHECK(request.nr_extents && request.nr_extents < 64, "%u extents", request.nr_extents);
    CHECK_OK(map(DOMID_XEN, 0, list[0], PTE_RO));
    CHECK_OK(map(DOMID_XEN, 1, list[0] + 511, PTE_RO));
    CHECK(try_read(&window_page(0)[256], &pfn), "the table is not to be read");
    CHECK(!try_write(&window_page(0)[256], pfn), "the table is writable");
    CHECK_REFUSED(map(DOMID_XEN, 2, list[0], PTE_RW));
    CHECK_REFUSED(pin(DOMID_XEN, list[0], MMUEXT_PIN_L1_TABLE));
    CHECK_REFUSED(pin(DOMID_XEN, list[0], MMUEXT_CLEAR_PAGE));
    CHECK_OK(map(DOMID_SELF, 0, 0, 0));
    CHECK_OK(map(DOMID_SELF, 1, 0, 0));
    request.max_extents = 0;
    CHECK_OK(hypercall_memory_op(XENMEM_machphys_mfn_list, &request));
    CHECK_EQ(request.nr_extents, 0);
}

void test_main(void)
{
    unsigned long old[PAGES], new[PAGES];
    domid_t first, second;
    struct data *data, saved;
    uint64_t size;

    if (!guest_is_dom0())
        report_skip("a VPS controls no domain");
    window_init();
    check_m2p();
    first = domain_make(old);
    check_policy(first);
    first_start(first, old);
    check_reading(first, old);
    check_refusals(first, old, read_xstate(first));

    /* It goes on, and its call answers what was written into its context. */
    context.user_regs.rax = 1;
    CHECK_OK(context_set(first));
    CHECK_OK(control(XEN_DOMCTL_resumedomain, first));
    suspended(first);
    data = data_of(first, old);
    CHECK_EQ(data->count, 2);
    CHECK_EQ(data->answer, 1);
    CHECK_EQ(data->found[1], data->pattern[1]);

    /* Another domain, of what is read here. */
    CHECK_OK(context_get(first));
    size = read_xstate(first);
    saved = *data;
    memset(saved.found, 0, sizeof(saved.found));
    CHECK_OK(map(first, DATA, 0, 0));
    CHECK_OK(control(XEN_DOMCTL_destroydomain, first));
    second = domain_make(new);
    data = data_of(second, new);
    *data = saved;
    data->pattern[0] = data->pattern[1] = 0;
    context.ctrlreg[3] = xen_pfn_to_cr3(new[L4]);
    CHECK_OK(context_set(second));
    CHECK_OK(write_xstate(second, size));
    CHECK_OK(control(XEN_DOMCTL_unpausedomain, second));
    suspended(second);
    CHECK_EQ(data->count, 3);
    CHECK_EQ(data->answer, 0);
    CHECK_EQ(data->found[0], saved.pattern[0]);
    CHECK_EQ(data->found[1], saved.pattern[1]);
    CHECK_OK(control(XEN_DOMCTL_resumedomain, second));
    CHECK_OK(control(XEN_DOMCTL_resumedomain, second)); /* goes already, or has suspended again: no harm */
    suspended(second);
    CHECK(data->count >= 4, "the count is %lu", data->count);
    /* without a context it is as before its first */
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt.p = NULL;
    CHECK_OK(control(XEN_DOMCTL_setvcpucontext, second));
    CHECK_ERROR(context_get(second), XEN_ENODATA);
    CHECK_OK(map(second, DATA, 0, 0));
    CHECK_OK(control(XEN_DOMCTL_destroydomain, second));
    check_poison();
}
