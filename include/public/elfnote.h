/* SPDX-License-Identifier: MIT */
/*
 * The ELF notes (name "Xen") by which a kernel says how it wants to be loaded. Read from files that
 * nobody vouches for; assembly includes it to write them.
 */
#ifndef PUBLIC_ELFNOTE_H
#define PUBLIC_ELFNOTE_H

#define XEN_ELFNOTE_INFO               0
#define XEN_ELFNOTE_ENTRY              1 /* virtual entry point */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2 /* virtual page to fill with call stubs */
#define XEN_ELFNOTE_VIRT_BASE          3 /* virtual address of pseudo-physical 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4 /* what p_paddr counts from */
#define XEN_ELFNOTE_XEN_VERSION        5
#define XEN_ELFNOTE_GUEST_OS           6
#define XEN_ELFNOTE_GUEST_VERSION      7
#define XEN_ELFNOTE_LOADER             8 /* "generic" */
#define XEN_ELFNOTE_PAE_MODE           9
#define XEN_ELFNOTE_FEATURES           10 /* "name|!name|name" */
#define XEN_ELFNOTE_BSD_SYMTAB         11
#define XEN_ELFNOTE_HV_START_LOW       12 /* lowest address the kernel leaves free for us */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* mask and value pairs */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14
#define XEN_ELFNOTE_INIT_P2M           15 /* where it wants the p2m list, outside the base map */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* initrd may stay unmapped, given as a pfn */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* PVH's entry: no PV */
#define XEN_ELFNOTE_MAX                XEN_ELFNOTE_PHYS32_ENTRY

#endif
