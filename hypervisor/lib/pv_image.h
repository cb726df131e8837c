/* SPDX-License-Identifier: MIT */
/*
 * The first image of a PV domain: where its kernel, initrd, p2m list, start info, store and console
 * pages, page tables and stack go. Exists so that the hypervisor's dom0 start and the toolstack's
 * builder lay a domain out by the same code. It must never allocate, print, or touch memory other
 * than what it is handed: it is pure, and is compiled for ring 0 and for the host alike.
 *
 * How to use it:
 *   1. fill a struct pv_image_input from the kernel's ELF (lib/pv_elf.h does the parsing) and the
 *      sizes of the initrd and of the domain;
 *   2. pv_image_plan() checks it and fills a struct pv_image, or says in a sentence what is wrong;
 *   3. get frames for pfn 0 .. nr_pages-1 (at least image.pages_needed of them), copy the kernel
 *      to image.kernel.pfn, the initrd to image.initrd.pfn, and write nr_pages mfns (8 bytes each)
 *      to the frames of image.p2m; zero the rest (start info, store, console, stack);
 *   4. for each i in 0 .. image.nr_tables-1: fill one page by pv_image_fill_table(i) and place it at
 *      pv_image_table_pfn(i). Number 0 is the L4: it is the domain's CR3 and start_info.pt_base;
 *   5. start_info: nr_pages; pt_base = tables.virt; nr_pt_frames = tables.pages;
 *      mfn_list = p2m.virt; mod_start = initrd.virt, or initrd.pfn with SIF_MOD_START_PFN where
 *      initrd_by_pfn is set; first_p2m_pfn and nr_p2m_frames as in the struct;
 *   6. vcpu 0 starts at image.entry with rsi = start_info.virt and rsp = image.stack_top.
 *
 * Order in memory (xen.h, "start-of-day memory layout"; all parts page aligned, pfn 0 at
 * region_start, the region mapped 1:1 onto the first pfns):
 *   kernel | initrd | p2m | start info | store page | console page | page tables | stack | >= 512 KiB
 *   up to a 4 MiB boundary = region_end. Then, not mapped by the region: the initrd where the kernel
 *   takes it by pfn, and the p2m with the page tables that map it where INIT_P2M moved it.
 * A dom0 has no store and no console page (pages == 0).
 */
#ifndef MEWS_LIB_PV_IMAGE_H
#define MEWS_LIB_PV_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define PV_IMAGE_PAGE_SHIFT 12
#define PV_IMAGE_PAGE_SIZE  4096UL
#define PV_IMAGE_NO_ADDR    UINT64_MAX /* an address that the kernel did not name */

struct pv_image_input {
    uint64_t virt_base;    /* virtual address of pfn 0 (XEN_ELFNOTE_VIRT_BASE, else 0), page aligned */
    uint64_t kernel_start; /* first virtual address of the loaded kernel, >= virt_base */
    uint64_t kernel_end;   /* one past its last byte, bss included */
    uint64_t entry;        /* virtual address of the first instruction (XEN_ELFNOTE_ENTRY, else the ELF header's) */
    uint64_t init_p2m;     /* XEN_ELFNOTE_INIT_P2M, else PV_IMAGE_NO_ADDR */
    uint64_t initrd_len;   /* bytes; 0: no initrd */
    uint64_t nr_pages;     /* pages of the domain = entries of the p2m list */
    bool initrd_by_pfn;    /* XEN_ELFNOTE_MOD_START_PFN is 1: the initrd need not be mapped */
    bool dom0;             /* no store and console pages */
};

struct pv_image_part {
    uint64_t virt;  /* 0 where the part is not mapped or not there */
    uint64_t pfn;   /* first pfn */
    uint64_t pages; /* 0: the part is not there */
};

/* The tables of one span of addresses, levels 3 to 1, each level in address order. */
struct pv_image_span {
    uint64_t start, end; /* mapped addresses, page aligned, end not included */
    uint64_t pfn;        /* pfn that start maps to; the span is 1:1 from there */
    uint64_t table_pfn;  /* its first table, of the highest level; the others follow */
    uint64_t nr[4];      /* nr[l]: tables of level l, 1..3; nr[0] is not used */
};

struct pv_image {
    struct pv_image_part kernel, initrd, p2m, start_info, store, console, tables, stack;
    uint64_t region_start, region_end; /* the boot region's virtual addresses */
    uint64_t entry, stack_top;
    bool initrd_by_pfn;     /* start_info.mod_start is initrd.pfn, SIF_MOD_START_PFN set */
    uint64_t first_p2m_pfn; /* for start_info; 0 where the p2m lies in the boot region */
    uint64_t nr_p2m_frames; /* p2m and the tables that map it; 0 as above */
    uint64_t pages_needed;  /* pfns 0 .. pages_needed-1 must exist */
    uint64_t nr_tables;     /* 1 + the tables of both spans */
    struct pv_image_span region, p2m_span; /* p2m_span: start == end where not used */
};

/* pfn -> mfn of a frame of the domain being built. Called with pfns below pages_needed only. */
typedef uint64_t (*pv_image_mfn_fn)(void *context, uint64_t pfn);

/*
 * Lays out a domain. in: anything, it is checked whole. out: written only on success.
 * Returns 0 on success, else a constant sentence that says what does not fit.
 */
const char *pv_image_plan(const struct pv_image_input *in, struct pv_image *out);

/* pfn of table number index (0 .. nr_tables-1; 0 is the L4). */
uint64_t pv_image_table_pfn(const struct pv_image *image, uint64_t index);

/*
 * Writes all 512 entries of table number index into page (machine frames by mfn_of(context, pfn)).
 * The boot page tables themselves are mapped read-only, everything else writable.
 */
void pv_image_fill_table(const struct pv_image *image, uint64_t index, uint64_t page[512],
                         pv_image_mfn_fn mfn_of, void *context);

#endif
