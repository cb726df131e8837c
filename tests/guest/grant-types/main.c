/* SPDX-License-Identifier: MIT */
/*
 * Theory: a frame that others have mapped by grant keeps its use: it cannot become a page table
 * while the grant is mapped writable, and a page table cannot be mapped writable by grant. The
 * granting side may not get out of its own types that way.
 */
#include "grant.h"
#include "guest.h"

const char test_title[] = "grant-types: grants and frame types";

static domid_t self;

static struct gnttab_map_grant_ref map(unsigned int ref, uint32_t flags)
{
    return grant_map(ref, flags, (uintptr_t)window_page(0), self);
}

static void unmap(grant_handle_t handle)
{
    CHECK_EQ(grant_unmap((uintptr_t)window_page(0), handle), GNTST_okay);
}

void test_main(void)
{
    uint64_t *page = page_alloc_readonly();
    struct gnttab_map_grant_ref op;

    self = guest_domid();
    window_init();
    grant_table_map();
    grant_give(30, GTF_permit_access, self, page);
    grant_give(31, GTF_permit_access, self, window_l2);
    op = map(30, GNTMAP_host_map);
    CHECK_EQ(op.status, GNTST_okay);
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)));
    unmap(op.handle);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)));
    op = map(30, GNTMAP_host_map);
    CHECK(op.status < 0, "a page table was mapped writable by grant");
    op = map(30, GNTMAP_host_map | GNTMAP_readonly);
    CHECK_EQ(op.status, GNTST_okay);
    /* A store there is a store to a page table: right ones are done, wrong ones are not. */
    CHECK(!try_write(window_page(0), pte_make(mfn_of(window_l1), PTE_RW)),
          "a wrong entry was written through a grant");
    CHECK_EQ(page[0], 0);
    unmap(op.handle);
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page)));
    op = map(31, GNTMAP_host_map);
    CHECK(op.status < 0, "a page table in use was mapped writable by grant");
}
