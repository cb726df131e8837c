/* SPDX-License-Identifier: MIT */
/*
 * Instructions that trap, run in the guest's kernel: those that are emulated, those that are not, and accesses that
 * fault, with the vector, error code and address that the guest's handler gets. The answer is 0 where nothing was raised, else
 * 100 and the vector.
 */
#include <public/physdev.h>

#include "diff.h"

#define MSR_EFER 0xc0000080u

static long raised(void)
{
    if (!trap_last.count)
        return 0;
    note(" code %lx", trap_last.frame.error_code);
    return 100 + (long)trap_last.frame.vector;
}

#define INSN(name, text)             \
    static long insn_##name(void)    \
    {                                \
        CATCH(text, NONE, NONE, "rbx", "rcx", "rdx", "rsi", "rdi"); \
        return raised();             \
    }
INSN(ud2, "ud2")
INSN(int3, "int3")
INSN(int80, "int $0x80")
INSN(int81, "int $0x81")
INSN(int4, "int $4")
INSN(int5, "int $5")
INSN(sti, "sti")
INSN(cli, "cli")
INSN(clts, "clts")
INSN(wbinvd, "wbinvd")
INSN(invd, "invd")
INSN(lgdt, "lgdt (%%rsp)")
INSN(lidt, "lidt (%%rsp)")
INSN(lldt, "xorl %%ecx, %%ecx\n\tlldt %%cx")
INSN(ltr, "xorl %%ecx, %%ecx\n\tltr %%cx")
INSN(lmsw, "movl $1, %%ecx\n\tlmsw %%cx")
INSN(swapgs, "swapgs")
INSN(sysret, "sysretq")
INSN(monitor, "xorl %%ecx, %%ecx\n\tmonitor")
INSN(mwait, "xorl %%ecx, %%ecx\n\tmwait")
INSN(vmcall, "vmcall")
INSN(vmmcall, "vmmcall")
INSN(rdpmc, "xorl %%ecx, %%ecx\n\trdpmc")
INSN(rdtsc, "rdtsc")
INSN(rsm, "rsm")
INSN(divide, "xorl %%ecx, %%ecx\n\tmovl $1, %%eax\n\txorl %%edx, %%edx\n\tdivl %%ecx")
INSN(invlpg, "leaq (%%rip), %%rcx\n\tinvlpg (%%rcx)")
INSN(from_cr0, "movq %%cr0, %%rcx\n\tandl $0x80010031, %%ecx\n\tcmpl $0x80010031, %%ecx\n\tje 1f\n\tud2\n1:")
INSN(to_cr0_same, "movq %%cr0, %%rcx\n\tmovq %%rcx, %%cr0")
INSN(to_cr0_no_paging, "movl $0x11, %%ecx\n\tmovq %%rcx, %%cr0")
INSN(from_cr2, "movq %%cr2, %%rcx")
INSN(from_cr3, "movq %%cr3, %%rcx")
INSN(to_cr3_same, "movq %%cr3, %%rcx\n\tmovq %%rcx, %%cr3")
INSN(to_cr3_wrong, "movq $0x4000000000, %%rcx\n\tmovq %%rcx, %%cr3")
INSN(from_cr4, "movq %%cr4, %%rcx")
INSN(to_cr4_same, "movq %%cr4, %%rcx\n\tmovq %%rcx, %%cr4")
INSN(to_cr4_all, "movl $-1, %%ecx\n\tmovq %%rcx, %%cr4")
INSN(from_cr8, "movq %%cr8, %%rcx")
INSN(to_cr8, "xorl %%ecx, %%ecx\n\tmovq %%rcx, %%cr8")
INSN(from_dr7, "movq %%dr7, %%rcx\n\tcmpq $0x400, %%rcx\n\tje 1f\n\tud2\n1:")
INSN(from_dr4, "movq %%dr4, %%rcx")
INSN(to_dr0_hypervisor, "movq $0xffff830000000000, %%rcx\n\tmovq %%rcx, %%dr0")
INSN(xsetbv_same, "xorl %%ecx, %%ecx\n\txgetbv\n\txsetbv")
INSN(xsetbv_none, "xorl %%ecx, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx\n\txsetbv")
INSN(xsetbv_1, "movl $1, %%ecx\n\tmovl $3, %%eax\n\txorl %%edx, %%edx\n\txsetbv")
INSN(load_crooked, "movq $0x0000900000000000, %%rcx\n\tmovq (%%rcx), %%rdx")
INSN(jump_crooked, "movq $0x0000900000000000, %%rcx\n\tjmp *%%rcx")
INSN(load_null_selector, "xorl %%ecx, %%ecx\n\tmovw %%cx, %%fs")
INSN(load_wrong_selector, "movl $0x1233, %%ecx\n\tmovw %%cx, %%fs")
INSN(load_hypervisor_selector, "movl $0xe008, %%ecx\n\tmovw %%cx, %%fs")
INSN(load_ldt_selector, "movl $0x17, %%ecx\n\tmovw %%cx, %%fs")
INSN(load_ss_null, "xorl %%ecx, %%ecx\n\tmovw %%cx, %%ss")
INSN(load_ss_code, "movl $0xe033, %%ecx\n\tmovw %%cx, %%ss")
INSN(popf_iopl, "pushfq\n\torq $0x3000, (%%rsp)\n\tpopfq\n\tpushfq\n\tpopq %%rcx\n\tandl $0x3000, %%ecx\n\tjz 1f\n\tud2\n1:")
INSN(in_none, "movl $0x80, %%edx\n\tinb %%dx, %%al")
INSN(out_none, "movl $0x80, %%edx\n\toutb %%al, %%dx")

/* A single step: the handler takes the flag away again. */
static bool on_step(struct trap_frame *frame)
{
    frame->rflags &= ~0x100ul;
    return true;
}
static long insn_popf_trap(void)
{
    long result;

    hypercall_set_debugreg(6, 0);
    trap_set_handler(1, on_step);
    CATCH("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop", NONE, NONE);
    trap_set_handler(1, NULL);
    result = raised();
    note(" status %lx", (unsigned long)hypercall_get_debugreg(6));
    return result;
}

static long page_fault(unsigned long address, bool store)
{
    uint64_t value;

    if (store)
        try_write((volatile void *)address, 0);
    else
        try_read((const volatile void *)address, &value);
    if (trap_last.count && trap_last.frame.vector == 14)
        note(" at %s", trap_last.cr2 == address ? "it" : "another place");
    return raised();
}
static long fault_load_unmapped(void)
{
    return page_fault(resolve(NONE_), false);
}
static long fault_store_unmapped(void)
{
    return page_fault(resolve(NONE_), true);
}
static long fault_store_read_only(void)
{
    return page_fault(resolve(RO), true);
}
static long fault_load_hypervisor(void)
{
    return page_fault(HV, false);
}
static long fault_store_hypervisor(void)
{
    return page_fault(HV, true);
}
static long fault_store_machphys(void)
{
    return page_fault(MACH2PHYS_VIRT_START, true);
}
static long fault_load_machphys(void)
{
    return page_fault(MACH2PHYS_VIRT_START, false);
}
static long fault_load_no_tables(void)
{
    return page_fault(0x5000000000ul, false);
}
static long fault_store_table(void)
{
    long result = page_fault((unsigned long)slot_entry(0), true);

    note(" entry %#lx", *slot_entry(0));
    return result;
}
static long fault_store_table_l2(void)
{
    return page_fault((unsigned long)&window_l2[20], true);
}
static long fault_store_table_crooked(void)
{
    return page_fault((unsigned long)slot_entry(0) + 4, true);
}
static long fault_store_table_wrong(void)
{
    uint64_t value = F_NONE << 12 | PTE_RW;

    if (guest_is_dom0())
        value = mfn_of(window_l1) << 12 | PTE_RW; /* a writable mapping of a table */
    CATCH("movq %[v], (%[a])", NONE, LIST([a] "r"(slot_entry(0)), [v] "r"(value)));
    return raised();
}
static long fault_execute_nx(void)
{
    long result;

    note_value("map", pt_write(slot_entry(0), resolve(M_GOOD) | PTE_RW | PTE_NX));
    CATCH("jmp *%[a]", NONE, LIST([a] "r"(slot_page(0))), "rbx", "rcx", "rdx");
    result = raised();
    return result;
}

/* ---- MSRs and ports ---- */

static bool msr_read(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;

    CATCH("rdmsr\n\tmovl %%eax, %[low]", LIST([low] "=&r"(low), "=&d"(high)), LIST("c"(msr)));
    *value = (uint64_t)high << 32 | low;
    return !trap_last.count;
}
static bool msr_write(uint32_t msr, uint64_t value)
{
    CATCH("movl %[low], %%eax\n\twrmsr", NONE,
          LIST([low] "r"((uint32_t)value), "c"(msr), "d"((uint32_t)(value >> 32))));
    return !trap_last.count;
}

/* Can it be read; written back; is what was written there? */
static long msrs(void)
{
    static const uint32_t numbers[] = {
        0x10,       0x1b,       0x3a,       0x48,       0x49,       0x8b,       0xe7,       0xe8,       0xfe,
        0x10a,      0x174,      0x175,      0x176,      0x179,      0x17a,      0x186,      0x198,      0x19c,
        0x1a0,      0x1d9,      0x200,      0x250,      0x277,      0x2ff,      0x345,      0x38f,      0x400,
        0x480,      0x6e0,      0x802,      0xda0,      0x40000000, 0x40000020, 0xc0000080, 0xc0000081, 0xc0000082,
        0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010000, 0xc0010010, 0xc0010015,
        0xc001001f, 0xc0010055, 0xc0010112, 0xc0010114, 0xc0010117, 0xc0011020, 0xc0011027, 0xdeadbeef,
    };
    static char name[] = "insn/msr-00000000";

    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t value;
        bool reads = msr_read(numbers[i], &value), writes = reads && msr_write(numbers[i], value);

        for (unsigned int digit = 0; digit < 8; digit++)
            name[9 + digit] = "0123456789abcdef"[numbers[i] >> (28 - digit * 4) & 15];
        note(" reads %u, takes that back %u, takes 0 %u", reads, writes,
             numbers[i] == MSR_EFER || msr_write(numbers[i], 0));
        answer(name, 0);
    }
    return 0;
}
static long msr_efer(void)
{
    uint64_t value = 0;

    msr_read(MSR_EFER, &value);
    note(" reads %lx", value & 0xd01);
    note(" takes no long mode %u", msr_write(MSR_EFER, value & ~0x100ul));
    note(" takes no syscall %u", msr_write(MSR_EFER, value & ~1ul));
    return 0;
}
static long msr_fs_crooked(void)
{
    msr_write(0xc0000100, CROOKED);
    return raised();
}

static long iopl(unsigned int level)
{
    struct physdev_set_iopl op = {.iopl = level};

    return hypercall_physdev_op(PHYSDEVOP_set_iopl, &op);
}
static long ports(void)
{
    static const uint16_t numbers[] = {0x20, 0x21, 0x40, 0x43, 0x61, 0x64, 0x70, 0x71, 0x80,
                                       0xa0, 0xcf8, 0xcfc, 0x3f8, 0x2f8, 0x3c0, 0x1000, 0xffff};
    static char name[] = "insn/port-0000";
    uint32_t value;

    for (unsigned int level = 0; level < 2; level++) {
        note_value("iopl", iopl(level));
        for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            CATCH("inb %%dx, %%al\n\tmovzbl %%al, %[v]", [v] "=&r"(value), "d"((uint32_t)numbers[i]));
            if (level) {
                for (unsigned int digit = 0; digit < 4; digit++)
                    name[10 + digit] = "0123456789abcdef"[numbers[i] >> (12 - digit * 4) & 15];
                answer(name, raised());
            } else {
                note(" %u", trap_last.count);
            }
        }
        if (!level)
            answer("insn/ports-iopl-0", 0);
    }
    return iopl(1);
}

/* ---- CPUID: what the forced leaf says of the hypervisor, and which bits Linux must not find ---- */

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    out[0] = leaf;
    out[2] = subleaf;
    __asm__ volatile(XEN_CPUID : "+a"(out[0]), "=b"(out[1]), "+c"(out[2]), "=d"(out[3])::"memory");
}
static long cpuid_hypervisor(void)
{
    uint32_t r[4];

    cpuid(0x40000000, 0, r);
    note(" %x %x %x up to %x", r[1], r[2], r[3], r[0] & 0xffffff00);
    cpuid(0x40000001, 0, r);
    note(" version %x", r[0]);
    cpuid(0x40000002, 0, r);
    note(" pages %u msr %x features %x", r[0], r[1], r[2]);
    cpuid(0x400000ff, 0, r);
    note(" last %x", r[0]);
    return 0;
}
/* Only what is the hypervisor's to show or to hide; the rest is the CPU's. */
#define LEAF1_ECX 0x8c220028u /* monitor, VMX, PCID, x2APIC, OSXSAVE, hypervisor */
#define LEAF1_EDX 0x0003f8beu /* VME, DE, PSE, TSC, MSR, MCE, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE36 */
static long cpuid_features(void)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    note(" 1: %x %x", r[2] & LEAF1_ECX, r[3] & LEAF1_EDX);
    cpuid(7, 0, r);
    note(" 7: smep, smap, invpcid, pku, la57 %x", (r[1] & 0x00100480) | (r[2] & 0x10018));
    cpuid(0x80000001, 0, r);
    note(" 80000001: svm %x, nx, 1gb, rdtscp %x", r[2] & 4, r[3] & 0x0c100800);
    return 0;
}
static long cpuid_others(void)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    note(" 0: %x", r[0]);
    cpuid(5, 0, r);
    note(" 5: %x %x %x %x", r[0], r[1], r[2], r[3]);
    cpuid(6, 0, r);
    note(" 6: %x %x %x %x", r[0], r[1], r[2], r[3]);
    cpuid(0xa, 0, r);
    note(" a: %x %x %x %x", r[0], r[1], r[2], r[3]);
    cpuid(0xd, 0, r);
    note(" d: %x %x", r[0], r[3]);
    cpuid(0x80000007, 0, r);
    note(" 80000007: %x", r[3]);
    cpuid(0x80000008, 0, r);
    note(" 80000008: %x", r[0]);
    cpuid(0xffffffff, 0, r);
    note(" highest: %x %x %x %x", r[0], r[1], r[2], r[3]);
    return 0;
}

#define ROW(name, function) RUN("insn/" name, insn_##function)

const struct row rows_insn[] = {
    ROW("ud2", ud2),
    ROW("int3", int3),
    ROW("int-80", int80),
    ROW("int-81", int81),
    ROW("int-4", int4),
    ROW("int-5", int5),
    ROW("sti", sti),
    ROW("cli", cli),
    ROW("clts", clts),
    ROW("wbinvd", wbinvd),
    ROW("invd", invd),
    ROW("lgdt", lgdt),
    ROW("lidt", lidt),
    ROW("lldt", lldt),
    ROW("ltr", ltr),
    ROW("lmsw", lmsw),
    ROW("swapgs", swapgs),
    ROW("sysret", sysret),
    ROW("monitor", monitor),
    ROW("mwait", mwait),
    ROW("vmcall", vmcall),
    ROW("vmmcall", vmmcall),
    ROW("rdpmc", rdpmc),
    ROW("rdtsc", rdtsc),
    ROW("rsm", rsm),
    ROW("divide", divide),
    ROW("invlpg", invlpg),
    ROW("from-cr0", from_cr0),
    ROW("to-cr0-same", to_cr0_same),
    ROW("to-cr0-no-paging", to_cr0_no_paging),
    ROW("from-cr2", from_cr2),
    ROW("from-cr3", from_cr3),
    ROW("to-cr3-same", to_cr3_same),
    ROW("to-cr3-wrong", to_cr3_wrong),
    ROW("from-cr4", from_cr4),
    ROW("to-cr4-same", to_cr4_same),
    ROW("to-cr4-all", to_cr4_all),
    ROW("from-cr8", from_cr8),
    ROW("to-cr8", to_cr8),
    ROW("from-dr7", from_dr7),
    ROW("from-dr4", from_dr4),
    ROW("to-dr0-hypervisor", to_dr0_hypervisor),
    ROW("xsetbv-same", xsetbv_same),
    ROW("xsetbv-none", xsetbv_none),
    ROW("xsetbv-1", xsetbv_1),
    ROW("load-crooked", load_crooked),
    ROW("jump-crooked", jump_crooked),
    ROW("selector-null", load_null_selector),
    ROW("selector-wrong", load_wrong_selector),
    ROW("selector-hypervisor", load_hypervisor_selector),
    ROW("selector-ldt", load_ldt_selector),
    ROW("stack-selector-null", load_ss_null),
    ROW("stack-selector-code", load_ss_code),
    ROW("popf-trap", popf_trap),
    ROW("popf-iopl", popf_iopl),
    ROW("in-80", in_none),
    ROW("out-80", out_none),
    RUN("insn/fault-load-unmapped", fault_load_unmapped),
    RUN("insn/fault-store-unmapped", fault_store_unmapped),
    RUN("insn/fault-store-read-only", fault_store_read_only),
    RUN("insn/fault-load-hypervisor", fault_load_hypervisor),
    RUN("insn/fault-store-hypervisor", fault_store_hypervisor),
    RUN("insn/fault-load-machphys", fault_load_machphys),
    RUN("insn/fault-store-machphys", fault_store_machphys),
    RUN("insn/fault-load-no-tables", fault_load_no_tables),
    RUN("insn/fault-store-table", fault_store_table),
    RUN("insn/fault-store-table-l2", fault_store_table_l2),
    RUN("insn/fault-store-table-crooked", fault_store_table_crooked),
    RUN("insn/fault-store-table-wrong", fault_store_table_wrong),
    RUN("insn/fault-execute-nx", fault_execute_nx),
    RUN("insn/msr-efer", msr_efer),
    RUN("insn/msr-fs-crooked", msr_fs_crooked),
    RUN("insn/msrs", msrs),
    RUN("insn/ports", ports),
    RUN("insn/cpuid-hypervisor", cpuid_hypervisor),
    RUN("insn/cpuid-features", cpuid_features),
    RUN("insn/cpuid-others", cpuid_others),
    ROWS_END,
};
