/* SPDX-License-Identifier: MIT */
/*
 * The heart of the ABI: hypercall numbers, virtual interrupts, page-table updates, and the pages
 * that a domain shares with the hypervisor. Interface of Xen 4.17, 64-bit PV only. Assembly may
 * include it for its constants.
 */
#ifndef PUBLIC_XEN_H
#define PUBLIC_XEN_H

#include "types.h"
#include "arch-x86_64.h"

/* Number in rax, arguments in rdi, rsi, rdx, r10, r8; result in rax. */
#define __HYPERVISOR_set_trap_table                0
#define __HYPERVISOR_mmu_update                    1
#define __HYPERVISOR_set_gdt                       2
#define __HYPERVISOR_stack_switch                  3
#define __HYPERVISOR_set_callbacks                 4
#define __HYPERVISOR_fpu_taskswitch                5
#define __HYPERVISOR_sched_op_compat               6
#define __HYPERVISOR_platform_op                   7
#define __HYPERVISOR_set_debugreg                  8
#define __HYPERVISOR_get_debugreg                  9
#define __HYPERVISOR_update_descriptor             10
#define __HYPERVISOR_memory_op                     12
#define __HYPERVISOR_multicall                     13
#define __HYPERVISOR_update_va_mapping             14
#define __HYPERVISOR_set_timer_op                  15
#define __HYPERVISOR_event_channel_op_compat       16
#define __HYPERVISOR_xen_version                   17
#define __HYPERVISOR_console_io                    18
#define __HYPERVISOR_physdev_op_compat             19
#define __HYPERVISOR_grant_table_op                20
#define __HYPERVISOR_vm_assist                     21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                          23
#define __HYPERVISOR_vcpu_op                       24
#define __HYPERVISOR_set_segment_base              25
#define __HYPERVISOR_mmuext_op                     26
#define __HYPERVISOR_xsm_op                        27
#define __HYPERVISOR_nmi_op                        28
#define __HYPERVISOR_sched_op                      29
#define __HYPERVISOR_callback_op                   30
#define __HYPERVISOR_xenoprof_op                   31
#define __HYPERVISOR_event_channel_op              32
#define __HYPERVISOR_physdev_op                    33
#define __HYPERVISOR_hvm_op                        34
#define __HYPERVISOR_sysctl                        35
#define __HYPERVISOR_domctl                        36
#define __HYPERVISOR_kexec_op                      37
#define __HYPERVISOR_tmem_op                       38
#define __HYPERVISOR_argo_op                       39
#define __HYPERVISOR_xenpmu_op                     40
#define __HYPERVISOR_dm_op                         41
#define __HYPERVISOR_hypfs_op                      42
#define __HYPERVISOR_arch_0                        48
#define __HYPERVISOR_mca                           __HYPERVISOR_arch_0
#define __HYPERVISOR_arch_1                        49
#define __HYPERVISOR_arch_7                        55

/* Virtual interrupts. Per vCPU: TIMER, DEBUG, XENOPROF, XENPMU; the others go to one domain. */
#define VIRQ_TIMER      0 /* a timer that the guest set went off */
#define VIRQ_DEBUG      1
#define VIRQ_CONSOLE    2 /* input on the hypervisor's serial console (dom0) */
#define VIRQ_DOM_EXC    3 /* a domain died, shut down or is gone (the store's daemon) */
#define VIRQ_TBUF       4
#define VIRQ_DEBUGGER   6
#define VIRQ_XENOPROF   7
#define VIRQ_CON_RING   8 /* new bytes in the hypervisor's log ring */
#define VIRQ_PCPU_STATE 9
#define VIRQ_MEM_EVENT  10
#define VIRQ_ARGO       11
#define VIRQ_ENOMEM     12
#define VIRQ_XENPMU     13
#define VIRQ_ARCH_0     16
#define VIRQ_ARCH_7     23
#define NR_VIRQS        24

/* mmu_update: the command is in ptr's low two bits. */
#define MMU_NORMAL_PT_UPDATE       0
#define MMU_MACHPHYS_UPDATE        1 /* set the frame's machine-to-physical entry */
#define MMU_PT_UPDATE_PRESERVE_AD  2 /* keep the accessed and dirty bits */
#define MMU_PT_UPDATE_NO_TRANSLATE 3

/* mmuext_op's commands. */
#define MMUEXT_PIN_L1_TABLE       0
#define MMUEXT_PIN_L2_TABLE       1
#define MMUEXT_PIN_L3_TABLE       2
#define MMUEXT_PIN_L4_TABLE       3
#define MMUEXT_UNPIN_TABLE        4
#define MMUEXT_NEW_BASEPTR        5
#define MMUEXT_TLB_FLUSH_LOCAL    6
#define MMUEXT_INVLPG_LOCAL       7
#define MMUEXT_TLB_FLUSH_MULTI    8
#define MMUEXT_INVLPG_MULTI       9
#define MMUEXT_TLB_FLUSH_ALL      10
#define MMUEXT_INVLPG_ALL         11
#define MMUEXT_FLUSH_CACHE        12
#define MMUEXT_SET_LDT            13
#define MMUEXT_NEW_USER_BASEPTR   15
#define MMUEXT_CLEAR_PAGE         16
#define MMUEXT_COPY_PAGE          17
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER         19
#define MMUEXT_UNMARK_SUPER       20

/* update_va_mapping's flags: what to flush in bits 0-1, and where (bit 2, or a pointer to a mask).
 */
#define UVMF_NONE           XEN_ULONG(0)
#define UVMF_TLB_FLUSH      XEN_ULONG(1)
#define UVMF_INVLPG         XEN_ULONG(2)
#define UVMF_FLUSHTYPE_MASK XEN_ULONG(3)
#define UVMF_MULTI          XEN_ULONG(0)
#define UVMF_LOCAL          XEN_ULONG(0)
#define UVMF_ALL            XEN_ULONG(4)

#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

#define VMASST_CMD_enable                0
#define VMASST_CMD_disable               1
#define VMASST_TYPE_4gb_segments         0
#define VMASST_TYPE_4gb_segments_notify  1
#define VMASST_TYPE_writable_pagetables  2
#define VMASST_TYPE_pae_extended_cr3     3
#define VMASST_TYPE_architectural_iopl   4
#define VMASST_TYPE_runstate_update_flag 5
#define VMASST_TYPE_m2p_strict           32

/* Domain ids from the first reserved one on name no ordinary domain. */
#define DOMID_FIRST_RESERVED XEN_UINT(0x7FF0)
#define DOMID_SELF           XEN_UINT(0x7FF0)
#define DOMID_IO             XEN_UINT(0x7FF1) /* owner of device memory */
#define DOMID_XEN            XEN_UINT(0x7FF2) /* owner of what the hypervisor shares */
#define DOMID_COW            XEN_UINT(0x7FF3)
#define DOMID_INVALID        XEN_UINT(0x7FF4)
#define DOMID_IDLE           XEN_UINT(0x7FFF)
#define DOMID_MASK           XEN_UINT(0x7FFF)

/* start_info.flags */
#define SIF_PRIVILEGED      (1 << 0)
#define SIF_INITDOMAIN      (1 << 1)
#define SIF_MULTIBOOT_MOD   (1 << 2)
#define SIF_MOD_START_PFN   (1 << 3)
#define SIF_VIRT_P2M_4TOOLS (1 << 4)
#define SIF_PM_MASK         (0xFF << 8)

#define MAX_GUEST_CMDLINE 1024

/* vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED  (1 << 1)

#ifndef __ASSEMBLER__

struct mmuext_op {
    unsigned int cmd; /* MMUEXT_* */
    union {
        xen_pfn_t mfn; /* the table, or the page to clear or to copy to */
        unsigned long linear_addr;
    } arg1;
    union {
        unsigned int nr_ents; /* SET_LDT */
        XEN_GUEST_HANDLE(const_void) vcpumask;
        xen_pfn_t src_mfn; /* COPY_PAGE */
    } arg2;
};
typedef struct mmuext_op mmuext_op_t;
DEFINE_XEN_GUEST_HANDLE(mmuext_op_t);

struct mmu_update {
    uint64_t ptr; /* machine address of the entry, with the command in bits 0-1 */
    uint64_t val;
};
typedef struct mmu_update mmu_update_t;
DEFINE_XEN_GUEST_HANDLE(mmu_update_t);

struct multicall_entry {
    xen_ulong_t op, result;
    xen_ulong_t args[6];
};
typedef struct multicall_entry multicall_entry_t;
DEFINE_XEN_GUEST_HANDLE(multicall_entry_t);

/*
 * Time for one vCPU: now = system_time + ((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul /
 * 2^32, in ns since boot (a negative shift is to the right). The version is odd while it changes.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags; /* XEN_PVCLOCK_* */
    uint8_t pad1[2];
};
typedef struct vcpu_time_info vcpu_time_info_t;

struct vcpu_info {
    uint8_t evtchn_upcall_pending;  /* hypervisor sets, guest clears before it looks */
    uint8_t evtchn_upcall_mask;     /* guest's virtual interrupt flag, inverted */
    xen_ulong_t evtchn_pending_sel; /* one bit for each word of evtchn_pending */
    struct arch_vcpu_info arch;
    vcpu_time_info_t time;
};
typedef struct vcpu_info vcpu_info_t;

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
    xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
    uint32_t wc_version; /* wall clock at boot, since 1970; odd while it changes */
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};
typedef struct shared_info shared_info_t;

/* What a PV kernel finds at rsi when it starts. Frames are machine frames, addresses are virtual.
 */
struct start_info {
    /* also filled in on resume */
    char magic[32]; /* "xen-3.0-x86_64" */
    unsigned long nr_pages;
    unsigned long shared_info; /* machine address */
    uint32_t flags;            /* SIF_* */
    xen_pfn_t store_mfn;
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn;
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off; /* of dom0_vga_console_info, from this structure */
            uint32_t info_size;
        } dom0;
    } console;
    /* first boot only */
    unsigned long pt_base;
    unsigned long nr_pt_frames;
    unsigned long mfn_list;
    unsigned long mod_start; /* a pfn with SIF_MOD_START_PFN */
    unsigned long mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    unsigned long first_p2m_pfn;
    unsigned long nr_p2m_frames;
};
typedef struct start_info start_info_t;

#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70

typedef struct dom0_vga_console_info {
    uint8_t video_type; /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height;
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height; /* pixels */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;
            uint32_t lfb_size; /* in 64 KiB */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base; /* the base's high half */
        } vesa_lfb;
    } u;
} dom0_vga_console_info_t;
#define xen_vga_console_info   dom0_vga_console_info
#define xen_vga_console_info_t dom0_vga_console_info_t

#endif /* !__ASSEMBLER__ */
#endif
