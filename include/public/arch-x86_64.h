/* SPDX-License-Identifier: MIT */
/*
 * The ABI's x86-64 half: registers, the virtual IDT and GDT, a vCPU's whole context, and the
 * address space's division. Layouts are fixed by the ABI (tests/abi holds them); nothing here may
 * change them.
 */
#ifndef PUBLIC_ARCH_X86_64_H
#define PUBLIC_ARCH_X86_64_H

#include "types.h"

/*
 * A PV GDT's pages 14 and 15 belong to the hypervisor; these selectors live there and are always
 * usable at ring 3. Kernel and user of a 64-bit guest share them.
 */
#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_DS32 0xe02b
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS64 0x0000
#define FLAT_RING3_SS64 0xe02b

#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_CS   FLAT_KERNEL_CS64
#define FLAT_KERNEL_DS   FLAT_KERNEL_DS64
#define FLAT_KERNEL_SS   FLAT_KERNEL_SS64

#define FLAT_USER_CS64 FLAT_RING3_CS64
#define FLAT_USER_DS64 FLAT_RING3_DS64
#define FLAT_USER_SS64 FLAT_RING3_SS64
#define FLAT_USER_CS32 FLAT_RING3_CS32
#define FLAT_USER_DS32 FLAT_RING3_DS32
#define FLAT_USER_SS32 FLAT_RING3_SS32
#define FLAT_USER_CS   FLAT_USER_CS64
#define FLAT_USER_DS   FLAT_USER_DS64
#define FLAT_USER_SS   FLAT_USER_SS64

/* L4 slots 256..271 are the hypervisor's; the machine-to-physical table starts them, readable. */
#define HYPERVISOR_VIRT_START XEN_ULONG(0xFFFF800000000000)
#define HYPERVISOR_VIRT_END   XEN_ULONG(0xFFFF880000000000)
#define MACH2PHYS_VIRT_START  XEN_ULONG(0xFFFF800000000000)
#define MACH2PHYS_VIRT_END    XEN_ULONG(0xFFFF804000000000)
#define MACH2PHYS_NR_ENTRIES  ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

/* set_segment_base's `which`. The last sets the user's %gs selector from base[15:0]. */
#define SEGBASE_FS          0
#define SEGBASE_GS_USER     1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3

/* vcpu_guest_context.flags; VGCF_in_syscall also in iret_context.flags: return by SYSRET. */
#define VGCF_i387_valid               (1 << 0)
#define VGCF_in_kernel                (1 << 2)
#define VGCF_failsafe_disables_events (1 << 3)
#define VGCF_syscall_disables_events  (1 << 4)
#define VGCF_online                   (1 << 5)
#define VGCF_in_syscall               (1 << 8)

/* Vcpus whose vcpu_info can stay inside shared_info; others must register their own. */
#define XEN_LEGACY_MAX_VCPUS 32

#ifdef __ASSEMBLER__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID          XEN_EMULATE_PREFIX cpuid
#else
/* ud2 and "xen": the next instruction (CPUID) is done by the hypervisor. */
#define XEN_EMULATE_PREFIX  ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; "
#define XEN_CPUID           XEN_EMULATE_PREFIX "cpuid"

/* A control register's root as a frame number and back. */
#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

typedef unsigned long xen_callback_t; /* the address of an entry point in the guest's kernel */

/* One gate of the virtual IDT. flags: bits 0-1 the gate's DPL, bit 2 "mask events on entry". */
struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    unsigned long address; /* 0 ends a table */
};
typedef struct trap_info trap_info_t;
DEFINE_XEN_GUEST_HANDLE(trap_info_t);

#define TI_GET_DPL(ti)       ((ti)->flags & 3)
#define TI_GET_IF(ti)        ((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl)  ((ti)->flags |= (dpl))
#define TI_SET_IF(ti, on)    ((ti)->flags |= (!!(on)) << 2)

/* What the iret hypercall pops from the guest kernel's stack, rax at its top. */
struct iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* Tools know a register's lower half by its 32-bit name. */
#define XEN_REG_(name)    \
    union {               \
        uint64_t r##name; \
        uint32_t e##name; \
    }
struct cpu_user_regs {
    uint64_t r15, r14, r13, r12;
    XEN_REG_(bp);
    XEN_REG_(bx);
    uint64_t r11, r10, r9, r8;
    XEN_REG_(ax);
    XEN_REG_(cx);
    XEN_REG_(dx);
    XEN_REG_(si);
    XEN_REG_(di);
    uint32_t error_code;   /* the hypervisor's own */
    uint32_t entry_vector; /* the hypervisor's own */
    XEN_REG_(ip);
    uint16_t cs, _pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t _pad1[3];
    XEN_REG_(flags); /* IF shows the inverse of saved_upcall_mask */
    XEN_REG_(sp);
    uint16_t ss, _pad2[3];
    uint16_t es, _pad3[3];
    uint16_t ds, _pad4[3];
    uint16_t fs, _pad5[3];
    uint16_t gs, _pad6[3];
};
typedef struct cpu_user_regs cpu_user_regs_t;
DEFINE_XEN_GUEST_HANDLE(cpu_user_regs_t);

/* A whole vCPU: what VCPUOP_initialise takes and getvcpucontext gives. */
struct vcpu_guest_context {
    struct {
        char x[512];
    } fpu_ctxt;          /* FXSAVE's image, for VGCF_i387_valid */
    unsigned long flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    unsigned long ldt_base, ldt_ents;       /* linear address, entries */
    unsigned long gdt_frames[16], gdt_ents; /* machine frames, entries */
    unsigned long kernel_ss, kernel_sp;
    unsigned long ctrlreg[8]; /* [1]: the user page tables' root; [3]: the kernel's */
    unsigned long debugreg[8];
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_eip;
    unsigned long syscall_callback_eip;
    unsigned long vm_assist; /* bitmap of VMASST_TYPE_* */
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};
typedef struct vcpu_guest_context vcpu_guest_context_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_guest_context_t);

struct arch_vcpu_info {
    unsigned long cr2; /* the last page fault's address */
    unsigned long pad;
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

/* The guest's own description of its pfn-to-mfn table, for tools that save it. */
struct arch_shared_info {
    unsigned long max_pfn;
    xen_pfn_t pfn_to_mfn_frame_list_list; /* 0 not yet, ~0 never: see p2m_vaddr */
    unsigned long nmi_reason;
    unsigned long p2m_cr3; /* address space in which p2m_vaddr holds; 0 none */
    unsigned long p2m_vaddr;
    unsigned long p2m_generation; /* odd: being changed */
};
typedef struct arch_shared_info arch_shared_info_t;

/* createdomain's architecture half. A PV domain asks for no emulated device: emulation_flags 0. */
struct xen_arch_domainconfig {
    uint32_t emulation_flags;
    uint32_t misc_flags;
};
#define XEN_X86_EMU_LAPIC    (1U << 0)
#define XEN_X86_EMU_HPET     (1U << 1)
#define XEN_X86_EMU_PM       (1U << 2)
#define XEN_X86_EMU_RTC      (1U << 3)
#define XEN_X86_EMU_IOAPIC   (1U << 4)
#define XEN_X86_EMU_PIC      (1U << 5)
#define XEN_X86_EMU_VGA      (1U << 6)
#define XEN_X86_EMU_IOMMU    (1U << 7)
#define XEN_X86_EMU_PIT      (1U << 8)
#define XEN_X86_EMU_USE_PIRQ (1U << 9)
#define XEN_X86_EMU_VPCI     (1U << 10)
#define XEN_X86_EMU_ALL      0x7ffU
#define XEN_X86_MSR_RELAXED  (1U << 0) /* misc_flags: unknown MSRs read as 0, writes ignored */

/* One CPUID leaf or MSR of a domain's policy, as the tools read and write it. */
#define XEN_CPUID_NO_SUBLEAF 0xffffffffU
typedef struct xen_cpuid_leaf {
    uint32_t leaf, subleaf;
    uint32_t a, b, c, d;
} xen_cpuid_leaf_t;
DEFINE_XEN_GUEST_HANDLE(xen_cpuid_leaf_t);

typedef struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags; /* must be 0 */
    uint64_t val;
} xen_msr_entry_t;
DEFINE_XEN_GUEST_HANDLE(xen_msr_entry_t);

#endif /* !__ASSEMBLER__ */
#endif
