/* SPDX-License-Identifier: MIT */
/*
 * Reads an ELF64 PV kernel: its loadable parts and its Xen notes. Exists once for the hypervisor's
 * dom0 start and for the toolstack's builder. It must never allocate, print, or read outside the
 * buffer that it is given, whatever stands in it: a VPS's kernel comes from its tenant.
 *
 *   pv_elf_parse() checks the whole file and fills struct pv_elf, of which `image` is the input of
 *   pv_image_plan() (lib/pv_image.h) but for sizes and flags; then copy segment[0 .. nr_segments-1], and zero
 *   what lies between their file_len and mem_len.
 */
#ifndef MEWS_LIB_PV_ELF_H
#define MEWS_LIB_PV_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/pv_image.h"

#define PV_ELF_MAX_SEGMENTS 64

struct pv_elf_segment {
    uint64_t virt;     /* where it goes; virt - virt_base is its place from pfn 0 on */
    uint64_t offset;   /* in the file */
    uint64_t file_len; /* bytes to copy; offset + file_len is inside the file */
    uint64_t mem_len;  /* bytes in all, >= file_len; the rest is zero */
};

struct pv_elf {
    const unsigned char *file;         /* the caller's buffer; must outlive this struct */
    uint64_t size;                     /* its bytes */
    struct pv_image_input image;       /* what the kernel's file says of it */
    uint64_t paddr_offset;             /* XEN_ELFNOTE_PADDR_OFFSET, else 0 */
    uint64_t hypercall_page;           /* XEN_ELFNOTE_HYPERCALL_PAGE, else PV_IMAGE_NO_ADDR */
    unsigned int nr_segments;          /* loadable ones */
    struct pv_elf_segment segment[PV_ELF_MAX_SEGMENTS];
    /* for pv_elf_parse's own use */
    bool has_notes, pv_notes, pvh_entry, bad_feature, bad_hole;
};

/*
 * Parses size bytes at file. Returns 0, and *elf is filled; else a constant sentence that says why
 * this is no kernel that can run, and *elf holds nothing of use.
 */
const char *pv_elf_parse(const void *file, uint64_t size, struct pv_elf *elf);

#endif
