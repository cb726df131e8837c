/* SPDX-License-Identifier: MIT */
/*
 * Theory: a granted frame can be mapped as the entry says and no further: writable only where
 * granted writable, only while the entry stands, and only by whom it names. While it is mapped the
 * entry shows it; after the unmap it does not.
 */
#include "grant.h"
#include "guest.h"

const char test_title[] = "grant-map: mapping grants";

static domid_t self;

static void *grant(unsigned int ref, uint16_t flags, domid_t to)
{
    uint8_t *page = page_alloc();

    grant_give(ref, flags, to, page);
    return page;
}

static void setup(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};

    grant_table_map();
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_query_size, &size, 1));
    CHECK_EQ(size.status, GNTST_okay);
    CHECK(size.nr_frames >= 1 && size.max_nr_frames >= size.nr_frames, "%u of %u frames",
          size.nr_frames, size.max_nr_frames);
}

static void check_writable(void)
{
    uint64_t *page = grant(20, GTF_permit_access, self);
    uint64_t at = (uintptr_t)window_page(0);
    struct gnttab_map_grant_ref op = grant_map(20, GNTMAP_host_map, at, self);

    CHECK_EQ(op.status, GNTST_okay);
    *window_page(0) = 0x99;
    CHECK_EQ(page[0], 0x99);
    CHECK_EQ(own_grants[20].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
    CHECK_EQ(grant_unmap(at, op.handle), GNTST_okay);
    CHECK_EQ(own_grants[20].flags & (GTF_reading | GTF_writing), 0);
    CHECK(!try_read(window_page(0), page), "an unmapped grant can be read");
    CHECK(grant_unmap(at, op.handle) < 0, "a grant was unmapped twice");
    CHECK(grant_unmap(at, 0xffff0) < 0, "a handle that nobody has was taken");
}

static void check_readonly(void)
{
    uint64_t *page = grant(21, GTF_permit_access | GTF_readonly, self);
    uint64_t at = (uintptr_t)window_page(1);
    struct gnttab_map_grant_ref op = grant_map(21, GNTMAP_host_map, at, self);

    CHECK(op.status < 0, "a read-only grant was mapped writable");
    op = grant_map(21, GNTMAP_host_map | GNTMAP_readonly, at, self);
    CHECK_EQ(op.status, GNTST_okay);
    page[0] = 0x31;
    CHECK_EQ(*window_page(1), 0x31);
    CHECK(!try_write(window_page(1), 0), "a read-only grant can be written");
    CHECK_EQ(own_grants[21].flags & (GTF_reading | GTF_writing), GTF_reading);
    CHECK_EQ(grant_unmap(at, op.handle), GNTST_okay);
}

static void check_by_entry(void)
{
    uint64_t *page = grant(22, GTF_permit_access, self);
    uint64_t entry = maddr_of(&window_l1[2]);
    struct gnttab_map_grant_ref op =
        grant_map(22, GNTMAP_host_map | GNTMAP_contains_pte, entry, self);

    CHECK_EQ(op.status, GNTST_okay);
    *window_page(2) = 0x55;
    CHECK_EQ(page[0], 0x55);
    CHECK_EQ(grant_unmap(entry, op.handle), GNTST_okay);
    CHECK_EQ(window_l1[2], 0);
    op = grant_map(22, GNTMAP_host_map | GNTMAP_contains_pte, entry + 4, self);
    CHECK(op.status < 0, "an entry's address may not be odd");
    op = grant_map(22, GNTMAP_host_map | GNTMAP_contains_pte, maddr_of(&window_l2[2]), self);
    CHECK(op.status < 0, "a grant was mapped into an L2 table");
    op = grant_map(22, GNTMAP_host_map | GNTMAP_contains_pte, maddr_of(page), self);
    CHECK(op.status < 0, "a grant was mapped into a data page");
}

static void check_refusals(void)
{
    uint64_t at = (uintptr_t)window_page(3);

    grant(23, GTF_permit_access, (domid_t)(self + 7));
    CHECK(grant_map(23, GNTMAP_host_map, at, self).status < 0, "another domain's grant was mapped");
    CHECK(grant_map(24, GNTMAP_host_map, at, self).status < 0, "an empty entry was mapped");
    grant(25, GTF_accept_transfer, self);
    CHECK(grant_map(25, GNTMAP_host_map, at, self).status < 0, "a transfer entry was mapped");
    grant(26, GTF_transitive, self);
    CHECK(grant_map(26, GNTMAP_host_map, at, self).status < 0, "a transitive entry was mapped");
    CHECK(grant_map(0xfffff, GNTMAP_host_map, at, self).status < 0,
          "a reference beyond the table was mapped");
    CHECK(grant_map(0xffffffff, GNTMAP_host_map, at, self).status < 0, "reference ~0 was mapped");
    CHECK(grant_map(20, GNTMAP_host_map, at, 1234).status < 0,
          "a domain that is not there granted");
    CHECK(grant_map(20, GNTMAP_host_map, HYPERVISOR_VIRT_START, self).status < 0,
          "mapped over the hypervisor");
    CHECK(grant_map(20, GNTMAP_host_map, (uintptr_t)window_page(512 * 9), self).status < 0,
          "mapped where there is no L1 table");
    CHECK(grant_map(20, 0, at, self).status < 0, "mapped for nobody");
    CHECK_ERROR(hypercall_grant_table_op(GNTTABOP_map_grant_ref, 8, 1), XEN_EFAULT);
    CHECK_REFUSED(hypercall_grant_table_op(99, NULL, 1));
    CHECK_EQ(window_l1[3], 0);
}

void test_main(void)
{
    self = guest_domid();
    window_init();
    setup();
    check_writable();
    check_readonly();
    check_by_entry();
    check_refusals();
}
