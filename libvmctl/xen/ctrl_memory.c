/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: domains' memory, see xenctrl.h: how much, which frames, what the E820 says, and reading it
 * from outside. It must never leave a foreign page mapped that it mapped for itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include "ctrl.h"

int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb)
{
    struct xen_domctl op = {0};

    op.u.max_mem.max_memkb = max_memkb;
    return ctrl_domctl(xch, XEN_DOMCTL_max_mem, domid, &op);
}

/* A memory_op whose argument is a domain alone. */
static long domain_op(xc_interface *xch, unsigned int cmd, uint32_t domid)
{
    domid_t id = (domid_t)domid;

    return xc_memory_op(xch, cmd, &id, sizeof(id));
}

long xc_get_tot_pages(xc_interface *xch, uint32_t domid)
{
    return domain_op(xch, XENMEM_current_reservation, domid);
}

int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns)
{
    long ret = domain_op(xch, XENMEM_maximum_gpfn, domid);

    if (ret < 0)
        return -1;
    *gpfns = (xen_pfn_t)ret;
    return 0;
}

int xc_domain_nr_gpfns(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns)
{
    int ret = xc_domain_maximum_gpfn(xch, domid, gpfns);

    if (!ret)
        *gpfns += 1;
    return ret;
}

/* In all reservation calls extents is an array of count frames, in and out, or NULL where it may be. */
static int reservation_op(xc_interface *xch, unsigned int cmd, uint32_t domid, unsigned long count,
                          unsigned int order, unsigned int flags, xen_pfn_t *extents)
{
    struct xen_memory_reservation op = {
        .nr_extents = count,
        .extent_order = order,
        .mem_flags = flags,
        .domid = (domid_t)domid,
    };
    struct ctrl_copy c;
    long ret;

    if (ctrl_copy_in(xch, &c, extents, count * sizeof(*extents)))
        return -1;
    set_xen_guest_handle_raw(op.extent_start, c.at);
    ret = xc_memory_op(xch, cmd, &op, sizeof(op));
    ctrl_copy_end(xch, &c, true);
    return (int)ret;
}

/* All or an error, where the hypervisor says how far it came. */
static int all_of(int came_to, unsigned long wanted)
{
    if (came_to < 0)
        return came_to;
    if ((unsigned long)came_to == wanted)
        return 0;
    errno = EBUSY;
    return -1;
}

int xc_domain_increase_reservation(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                   unsigned int extent_order, unsigned int mem_flags,
                                   xen_pfn_t *extent_start)
{
    return reservation_op(xch, XENMEM_increase_reservation, domid, nr_extents, extent_order, mem_flags,
                          extent_start);
}

int xc_domain_increase_reservation_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                         unsigned int extent_order, unsigned int mem_flags,
                                         xen_pfn_t *extent_start)
{
    return all_of(xc_domain_increase_reservation(xch, domid, nr_extents, extent_order, mem_flags,
                                                 extent_start), nr_extents);
}

int xc_domain_decrease_reservation(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                   unsigned int extent_order, xen_pfn_t *extent_start)
{
    if (!extent_start) {
        errno = EINVAL;
        return ctrl_error(xch, XC_INVALID_PARAM, "decrease_reservation of no frames");
    }
    return reservation_op(xch, XENMEM_decrease_reservation, domid, nr_extents, extent_order, 0,
                          extent_start);
}

int xc_domain_decrease_reservation_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                         unsigned int extent_order, xen_pfn_t *extent_start)
{
    return all_of(xc_domain_decrease_reservation(xch, domid, nr_extents, extent_order, extent_start),
                  nr_extents);
}

int xc_domain_populate_physmap(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                               unsigned int extent_order, unsigned int mem_flags,
                               xen_pfn_t *extent_start)
{
    return reservation_op(xch, XENMEM_populate_physmap, domid, nr_extents, extent_order, mem_flags,
                          extent_start);
}

int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                     unsigned int extent_order, unsigned int mem_flags,
                                     xen_pfn_t *extent_start)
{
    return all_of(xc_domain_populate_physmap(xch, domid, nr_extents, extent_order, mem_flags, extent_start),
                  nr_extents);
}

int xc_domain_claim_pages(xc_interface *xch, uint32_t domid, unsigned long nr_pages)
{
    int ret = reservation_op(xch, XENMEM_claim_pages, domid, nr_pages, 0, 0, NULL);

    return ret < 0 ? -1 : 0;
}

int xc_domain_set_memory_map(xc_interface *xch, uint32_t domid, struct e820entry entries[],
                             uint32_t nr_entries)
{
    struct xen_foreign_memory_map op = {.domid = (domid_t)domid};
    struct ctrl_copy c;
    long ret;

    if (ctrl_copy_in(xch, &c, entries, nr_entries * sizeof(*entries)))
        return -1;
    op.map.nr_entries = nr_entries;
    set_xen_guest_handle_raw(op.map.buffer, c.at);
    ret = xc_memory_op(xch, XENMEM_set_memory_map, &op, sizeof(op));
    ctrl_copy_end(xch, &c, false);
    return (int)ret;
}

int xc_domain_set_memmap_limit(xc_interface *xch, uint32_t domid, unsigned long map_limitkb)
{
    struct e820entry all = {.size = (uint64_t)map_limitkb << 10, .type = E820_RAM};

    return xc_domain_set_memory_map(xch, domid, &all, 1);
}

int xc_get_machine_memory_map(xc_interface *xch, struct e820entry entries[], uint32_t max_entries)
{
    struct xen_memory_map op = {.nr_entries = max_entries};
    struct ctrl_copy c;
    long ret;

    if (!entries || max_entries == 0) {
        errno = EINVAL;
        return -1;
    }
    if (ctrl_copy_in(xch, &c, entries, max_entries * sizeof(*entries)))
        return -1;
    set_xen_guest_handle_raw(op.buffer, c.at);
    ret = xc_memory_op(xch, XENMEM_machine_memory_map, &op, sizeof(op));
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret ? (int)ret : (int)op.nr_entries;
}

int xc_machphys_mfn_list(xc_interface *xch, unsigned long max_extents, xen_pfn_t *extent_start)
{
    struct xen_machphys_mfn_list op = {.max_extents = (unsigned int)max_extents};
    struct ctrl_copy c;
    long ret;

    if (ctrl_copy_in(xch, &c, extent_start, max_extents * sizeof(*extent_start)))
        return -1;
    set_xen_guest_handle_raw(op.extent_start, c.at);
    ret = xc_memory_op(xch, XENMEM_machphys_mfn_list, &op, sizeof(op));
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret || op.nr_extents != max_extents ? -1 : 0;
}

void *xc_map_foreign_bulk(xc_interface *xch, uint32_t dom, int prot, const xen_pfn_t *arr, int *err,
                          unsigned int num)
{
    return xenforeignmemory_map(xch->memory, dom, prot, num, arr, err);
}

void *xc_map_foreign_pages(xc_interface *xch, uint32_t dom, int prot, const xen_pfn_t *arr, int num)
{
    if (num < 0) {
        errno = EINVAL;
        return NULL;
    }
    return xenforeignmemory_map(xch->memory, dom, prot, (size_t)num, arr, NULL);
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot, unsigned long mfn)
{
    size_t pages = ((size_t)size + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT;
    xen_pfn_t *frames = size < 0 ? NULL : calloc(pages, sizeof(*frames));
    void *at;

    if (!frames)
        return NULL;
    for (size_t i = 0; i < pages; i++)
        frames[i] = mfn + i;
    at = xenforeignmemory_map(xch->memory, dom, prot, pages, frames, NULL);
    free(frames);
    return at;
}

int xc_copy_to_domain_page(xc_interface *xch, uint32_t domid, unsigned long dst_pfn, const char *src_page)
{
    void *page = xc_map_foreign_range(xch, domid, (int)XC_PAGE_SIZE, PROT_READ | PROT_WRITE, dst_pfn);

    if (!page)
        return -1;
    memcpy(page, src_page, XC_PAGE_SIZE);
    munmap(page, XC_PAGE_SIZE);
    return 0;
}

int xc_clear_domain_pages(xc_interface *xch, uint32_t domid, unsigned long dst_pfn, int num)
{
    size_t size = (size_t)num * XC_PAGE_SIZE;
    void *pages = xc_map_foreign_range(xch, domid, (int)size, PROT_READ | PROT_WRITE, dst_pfn);

    if (!pages)
        return -1;
    memset(pages, 0, size);
    munmap(pages, size);
    return 0;
}

#define ENTRY_PRESENT 0x1u
#define ENTRY_LARGE   0x80u
#define ENTRY_FRAME   0x000ffffffffff000ull

/* Walks the four levels of a 64-bit PV guest's tables from its kernel's root, mapping one at a time. */
unsigned long xc_translate_foreign_address(xc_interface *xch, uint32_t dom, int vcpu,
                                           unsigned long long virt)
{
    vcpu_guest_context_any_t context;
    unsigned int width;
    unsigned long frame;

    if (xc_domain_get_guest_width(xch, dom, &width) ||
        xc_vcpu_getcontext(xch, dom, (uint32_t)vcpu, &context))
        return 0;
    if (width != 8) {
        errno = EOPNOTSUPP;
        return 0;
    }
    frame = xen_cr3_to_pfn(context.c.ctrlreg[3]);
    for (unsigned int level = 4; level > 0; level--) {
        unsigned int shift = XC_PAGE_SHIFT + 9 * (level - 1);
        uint64_t *table = xc_map_foreign_range(xch, dom, (int)XC_PAGE_SIZE, PROT_READ, frame);
        uint64_t entry;

        if (!table)
            return 0;
        entry = table[virt >> shift & 511];
        munmap(table, XC_PAGE_SIZE);
        if (!(entry & ENTRY_PRESENT)) {
            errno = EADDRNOTAVAIL;
            return 0;
        }
        frame = (unsigned long)((entry & ENTRY_FRAME) >> XC_PAGE_SHIFT);
        if (level > 1 && level < 4 && (entry & ENTRY_LARGE)) {
            unsigned long inside = (1ul << (shift - XC_PAGE_SHIFT)) - 1;

            return (frame & ~inside) | ((unsigned long)(virt >> XC_PAGE_SHIFT) & inside);
        }
    }
    return frame;
}
