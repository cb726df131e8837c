/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's allocator: every frame is accounted for, whichever CPU has it in stock, and a claim is kept whatever others try.
 */
#include "memory-test.h"

static void test_alloc_accounts(void)
{
    struct {
        mfn_t m;
        u32 order;
    } held[256];
    u64 before = alloc_free_frames();
    u32 n = 0;

    srand(7);
    for (u32 round = 0; round < 20000; round++) {
        on_cpu((u32)rand() % CPUS);
        if (n < 256 && rand() % 2) {
            u32 order = (u32)rand() % 6;
            mfn_t m = alloc_frames(order, 0, 0);

            if (mfn_eq(m, INVALID_MFN))
                continue;
            CU_ASSERT_EQUAL(mfn_x(m) & ((1u << order) - 1), 0);
            for (u32 i = 0; i < 1u << order; i++) {
                u64 *p = mfn_to_virt(mfn_add(m, i));

                CU_ASSERT(p[0] == 0 && p[1] == 0 && p[511] == 0);
                p[0] = p[1] = p[511] = mfn_x(m);
            }
            held[n].m = m;
            held[n++].order = order;
        } else if (n) {
            u32 i = (u32)rand() % n;

            for (u32 j = 0; j < 1u << held[i].order; j++)
                CU_ASSERT_EQUAL(*(u64 *)mfn_to_virt(mfn_add(held[i].m, j)), mfn_x(held[i].m));
            free_frames(held[i].m, held[i].order, true);
            held[i] = held[--n];
        }
        if (rand() % 50 == 0)
            alloc_scrub_some();
    }
    while (n--)
        free_frames(held[n].m, held[n].order, true);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    for (u32 i = CPUS; i--;) {
        on_cpu(i);
        while (alloc_scrub_some())
            ;
    }
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    /* all merged again: half of the memory in one piece */
    mfn_t big = alloc_frames(13, 0, 0);
    CU_ASSERT(!mfn_eq(big, INVALID_MFN));
    free_frames(big, 13, false);
}

static void test_alloc_limits(void)
{
    mfn_t m = alloc_frames(0, 0, 22); /* below 4 MiB */

    CU_ASSERT(!mfn_eq(m, INVALID_MFN) && mfn_x(m) < 1024);
    free_frames(m, 0, true);
    CU_ASSERT(mfn_eq(alloc_frames(0, 0, 12), INVALID_MFN));
    CU_ASSERT(
        mfn_eq(alloc_frames(0, 0, 20), INVALID_MFN)); /* the first 2 MiB are not the allocator's */
    CU_ASSERT(mfn_eq(alloc_frames(ALLOC_MAX_ORDER + 1, 0, 0), INVALID_MFN));
    CU_ASSERT(mfn_eq(alloc_frames(ALLOC_MAX_ORDER, 0, 0), INVALID_MFN));
}

/* Idle CPUs clean until all is, and again whatever comes back. */
static void test_alloc_clean_ahead(void)
{
    mfn_t m[64];

    while (alloc_scrub_some())
        ;
    for (u32 round = 0; round < 3; round++) {
        CU_ASSERT_FALSE(alloc_scrub_some()); /* all is clean */
        for (u32 i = 0; i < 64; i++)
            m[i] = alloc_frames(0, 0, 0);
        for (u32 i = 0; i < 64; i++)
            free_frames(m[i], 0, true);
        CU_ASSERT(alloc_scrub_some()); /* 64 are not */
        while (alloc_scrub_some())
            ;
    }
}

static void test_heap(void)
{
    u64 before = alloc_free_frames();
    void *p[300];

    for (u32 i = 0; i < 300; i++) {
        size_t size = 1 + (i * 37) % 5000;

        p[i] = hv_alloc(size);
        CU_ASSERT_FATAL(p[i] != NULL);
        for (size_t j = 0; j < size; j++)
            CU_ASSERT_EQUAL_FATAL(((char *)p[i])[j], 0);
        memset(p[i], 0xee, size);
    }
    for (u32 i = 0; i < 300; i++)
        hv_free(p[(i * 7) % 300]);
    hv_free(NULL);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    CU_ASSERT_PTR_NULL(hv_alloc(4ul << 20));
}

static void test_claims(void)
{
    u64 available = alloc_free_frames(), max = guest->max_pages;
    mfn_t m;

    CU_ASSERT_EQUAL(claim_set(guest, available + 1), -ENOMEM);
    CU_ASSERT_EQUAL(claim_set(guest, available - 10), 0);
    CU_ASSERT_EQUAL(claim_set(other, 11), -ENOMEM);
    CU_ASSERT_EQUAL(claim_set(other, 10), 0);
    CU_ASSERT_EQUAL(claim_total(), available);
    /* what is claimed cannot be had by somebody else, beyond his own claim */
    CU_ASSERT(mfn_eq(frame_alloc(other, 4, 0, 0), INVALID_MFN));
    m = page_of(guest);
    CU_ASSERT_EQUAL(guest->outstanding_claim, available - 11);
    CU_ASSERT_EQUAL(claim_set(other, 0), 0);
    CU_ASSERT_EQUAL(claim_set(guest, 0), 0);
    CU_ASSERT_EQUAL(claim_total(), 0);
    guest->max_pages = 5;
    CU_ASSERT_EQUAL(claim_set(guest, 6), -EINVAL);
    guest->max_pages = max;
    give_back(&m, 1);
}

/* Single frames lie in stocks of four CPUs: all of them are to be had, and counted, from any. */
static void test_stocks(void)
{
    static mfn_t m[FRAMES];
    u64 before = alloc_free_frames(), n = 0, again = 0;

    for (u32 cpu = 0; cpu < CPUS; cpu++) {
        on_cpu(cpu);
        for (u32 i = 0; i < 100; i++)
            m[n++] = alloc_frames(0, ALLOC_NO_SCRUB, 0);
        CU_ASSERT_EQUAL(alloc_free_frames(), before - n);
    }
    for (u32 i = 0; i < n; i++) {
        on_cpu(i % CPUS); /* others than took them */
        free_frames(m[i], 0, true);
    }
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    on_cpu(1);
    for (n = 0; !mfn_eq(m[n] = alloc_frames(0, ALLOC_NO_SCRUB, 0), INVALID_MFN); n++)
        ;
    CU_ASSERT(n == before && alloc_free_frames() == 0);
    /* a few come back, each to another CPU: there, and nowhere else */
    for (u32 i = 0; i < 8; i++) {
        on_cpu(i % CPUS);
        free_frames(m[--n], 0, true);
    }
    on_cpu(2);
    for (u32 i = 0; i < 8; i++) {
        m[n] = alloc_frames(0, 0, 0);
        again += !mfn_eq(m[n], INVALID_MFN);
        CU_ASSERT_EQUAL(table_at(m[n])[0], 0);
        n++;
    }
    CU_ASSERT(again == 8 && mfn_eq(alloc_frames(0, 0, 0), INVALID_MFN));
    while (n--)
        free_frames(m[n], 0, true);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    on_cpu(0);
}

/* Who has claimed all that is left gets all of it, wherever it lies, whatever others try. */
static void test_claim_of_all(void)
{
    static mfn_t m[FRAMES];
    u64 n, max = guest->max_pages, available;

    for (u32 cpu = 0; cpu < CPUS; cpu++) { /* some in each stock */
        on_cpu(cpu);
        m[cpu] = alloc_frames(0, 0, 0);
    }
    for (u32 cpu = 0; cpu < CPUS; cpu++)
        free_frames(m[cpu], 0, true);
    available = alloc_free_frames();
    /* one is about to take three: who claims sees that, though nobody had claimed when the other looked */
    on_cpu(1);
    CU_ASSERT(claim_take(other, 3));
    on_cpu(0);
    CU_ASSERT_EQUAL(claim_set(guest, available), -ENOMEM);
    CU_ASSERT_EQUAL(claim_total(), 0);
    on_cpu(1);
    alloc_count_in(3);
    on_cpu(0);
    CU_ASSERT_EQUAL(claim_set(guest, available), 0);
    for (n = 0; n < available; n++) {
        on_cpu((u32)n % CPUS);
        CU_ASSERT_FALSE(claim_take(other, 1));
        if (n == available / 2) {
            on_cpu(3);
            alloc_count_out(
                2); /* another one is between the count and the look: that is not in the way */
            on_cpu(0);
        }
        m[n] = frame_alloc(guest, 0, ALLOC_NO_SCRUB, 0);
        if (mfn_eq(m[n], INVALID_MFN))
            break;
        if (n == available / 2) {
            on_cpu(3);
            alloc_count_in(2);
        }
    }
    CU_ASSERT(n == available && alloc_free_frames() == 0 && claim_total() == 0 &&
              guest->outstanding_claim == 0);
    on_cpu(0);
    give_back(m, (u32)n);
    /* the dying get no more, and claim no more */
    guest->death = DOMAIN_DYING;
    CU_ASSERT(mfn_eq(frame_alloc(guest, 1, 0, 0), INVALID_MFN));
    CU_ASSERT_EQUAL(claim_set(guest, 10), -EINVAL);
    CU_ASSERT_EQUAL(claim_set(guest, 0), 0);
    guest->death = DOMAIN_ALIVE;
    CU_ASSERT(guest->tot_pages == 0 && alloc_free_frames() == available && claim_total() == 0);
    guest->max_pages = max;
}

static CU_TestInfo tests[] = {
    {"every frame is accounted for", test_alloc_accounts},
    {"limits", test_alloc_limits},
    {"clean ahead", test_alloc_clean_ahead},
    {"heap", test_heap},
    {"claims", test_claims},
    {"a stock for each CPU", test_stocks},
    {"a claim of all that is left", test_claim_of_all},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    memory_start();
    return suite_run("allocator", tests);
}
