/* SPDX-License-Identifier: MIT */
/*
 * Theory: four vcpus map, use and unmap the same grants at once. A handle is given to one only and can be given back
 * once only, also when two try in the same moment; the entry says "in use" while anyone maps it and no longer; and in
 * the end the granted frames carry no count: they can become page tables.
 */
#include "grant.h"
#include "smp.h"

const char test_title[] = "smp-grant: grants mapped by four at once";
SMP_MACHINE(2, 4);

#define VCPUS  4
#define GRANTS 3
#define FIRST  20
#define ROUNDS 250

static uint64_t *granted[GRANTS];
static domid_t self;
static volatile unsigned int freed;

static void setup(void)
{
    grant_table_map();
    self = guest_domid();
    for (unsigned int i = 0; i < GRANTS; i++) {
        granted[i] = page_alloc();
        grant_give(FIRST + i, GTF_permit_access, self, granted[i]);
    }
}

/* Each has two places of its own in the window, and writes its own word through them. */
static void map_and_use(unsigned int id)
{
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        unsigned int which = smp_random() % GRANTS;
        bool read_only = smp_random() & 1;
        uint64_t at[2] = {(uintptr_t)window_page(2 * id), (uintptr_t)window_page(2 * id + 1)};
        struct gnttab_map_grant_ref one = grant_map(FIRST + which, GNTMAP_host_map, at[0], self);
        struct gnttab_map_grant_ref two = grant_map(
            FIRST + which, GNTMAP_host_map | (read_only ? GNTMAP_readonly : 0), at[1], self);

        if (one.status != GNTST_okay || two.status != GNTST_okay)
            report_error("vcpu %u: mapping a grant: %d, %d", id, one.status, two.status);
        CHECK(one.handle != two.handle, "handle %u was given twice", one.handle);
        window_page(2 * id)[id] = round;
        CHECK_EQ(window_page(2 * id + 1)[id], round);
        CHECK((own_grants[FIRST + which].flags & (GTF_reading | GTF_writing)) ==
                  (GTF_reading | GTF_writing),
              "a grant that is mapped is not in use: flags %#x", own_grants[FIRST + which].flags);
        CHECK_EQ(grant_unmap(at[0], one.handle), GNTST_okay);
        CHECK(own_grants[FIRST + which].flags & GTF_reading,
              "a grant that is mapped is not in use");
        CHECK_EQ(window_page(2 * id + 1)[id], round);
        CHECK_EQ(grant_unmap(at[1], two.handle), GNTST_okay);
    }
}

/* One handle, and all try to give it back. */
static void unmap_together(unsigned int id)
{
    static volatile grant_handle_t handle;
    uint64_t at = (uintptr_t)window_page(50);

    for (unsigned int round = 0; round < ROUNDS / 2; round++) {
        if (!id) {
            struct gnttab_map_grant_ref op = grant_map(FIRST, GNTMAP_host_map, at, self);

            CHECK_EQ(op.status, GNTST_okay);
            handle = op.handle;
            freed = 0;
        }
        smp_barrier(2);
        if (grant_unmap(at, handle) == GNTST_okay)
            __atomic_fetch_add(&freed, 1, __ATOMIC_SEQ_CST);
        smp_barrier(2);
        if (!id)
            CHECK(freed == 1, "one handle was given back %u times", freed);
    }
}

void test_main(void)
{
    smp_need(VCPUS);
    window_init();
    setup();
    smp_run(VCPUS, map_and_use);
    smp_run(2, unmap_together);
    for (unsigned int i = 0; i < GRANTS; i++) {
        CHECK_EQ(own_grants[FIRST + i].flags, GTF_permit_access);
        own_grants[FIRST + i].flags = 0;
        memset(granted[i], 0, PAGE_SIZE);
        page_protect(granted[i], PTE_RO);
        CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(granted[i])));
        CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(granted[i])));
    }
}
