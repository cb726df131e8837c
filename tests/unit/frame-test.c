/* SPDX-License-Identifier: MIT */
/*
 * Frames: references, limits, and every edge of the types' diagram. That a frame has one type at a time is what keeps domains
 * apart.
 */
#include "memory-test.h"

static void test_frame_references(void)
{
    u64 before = alloc_free_frames();
    mfn_t m = page_of(guest);

    CU_ASSERT_EQUAL(guest->tot_pages, 1);
    CU_ASSERT(frame_get(m, guest));
    CU_ASSERT_FALSE(frame_get(m, other));
    CU_ASSERT_FALSE(frame_get(mfn(FRAMES + 5), guest));
    CU_ASSERT_FALSE(frame_get(mfn(1ull << 40), guest));
    CU_ASSERT_FALSE(frame_get(mfn(0), guest));
    CU_ASSERT(frame_release(m));
    CU_ASSERT_FALSE(frame_release(m));
    CU_ASSERT_EQUAL(guest->tot_pages, 1);
    frame_put(m);
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    CU_ASSERT_FALSE(frame_get(m, guest));
}

static void test_frame_limit(void)
{
    u64 limit = guest->max_pages;
    mfn_t m;

    guest->max_pages = 1;
    m = page_of(guest);
    CU_ASSERT(mfn_eq(frame_alloc(guest, 0, 0, 0), INVALID_MFN));
    CU_ASSERT(mfn_eq(frame_alloc(guest, 40, 0, 0), INVALID_MFN));
    guest->max_pages = limit;
    give_back(&m, 1);
}

static void test_frame_edges(void)
{
    mfn_t m = page_of(guest);

    /* none -> writable -> none */
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT(kind(m) == FRAME_WRITABLE && uses(m) == 2);
    /* writable is no table and no descriptors */
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    frame_put_writable(m);
    frame_put_writable(m);
    CU_ASSERT_EQUAL(frame_of(m)->type, 0);
    /* none -> descriptors -> none, and what is wrong is refused */
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    frame_put_descriptors(m);
    frame_put_descriptors(m);
    descriptors_are_good = false;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EINVAL);
    descriptors_are_good = true;
    CU_ASSERT_EQUAL(frame_of(m)->type, 0);
    /* none -> L1 -> none */
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 2)), -EINVAL);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, m)), 0);
    finish_walk();
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, m)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_writable(m, other), -EINVAL);
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    give_back(&m, 1);
}

static mfn_t watched;

static void check_done(void)
{
    frame_of(watched)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_VALIDATED | 1;
}

static void check_failed(void)
{
    frame_of(watched)->type = 0;
}

/* Two vcpus want one page as descriptors: the second waits until the first has checked it. */
static void test_descriptors_wait(void)
{
    mfn_t m = page_of(guest);

    watched = m;
    frame_of(m)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    others = check_done;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(uses(m), 2);
    frame_of(m)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    others = check_failed;
    descriptors_are_good = false;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EINVAL);
    descriptors_are_good = true;
    others = NULL;
    frame_put(m); /* the first check_done()'s count had one with it */
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    give_back(&m, 1);
}

/* What ring 0 writes to, a guest may not have as a table or as descriptors, mapped or not. */
static void test_shared_page(void)
{
    void *p = alloc_page();
    mfn_t m = virt_to_mfn(p);

    frame_share(p, guest);
    for (u32 level = 1; level < 5; level++)
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, level)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_unshare(p);
    CU_ASSERT_EQUAL(guest->shared_pages, 1); /* mapped yet */
    frame_put_writable(m);
    CU_ASSERT_EQUAL(guest->shared_pages, 0);
}

/* Only what nothing refers to can be taken out of a domain's reach; what was taken cannot be got at. */
static void test_take(void)
{
    mfn_t m = page_of(guest);
    u64 pages = guest->tot_pages;

    CU_ASSERT_FALSE(frame_take(m, other));
    CU_ASSERT(frame_get(m, guest));
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_put(m);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_put_writable(m);
    CU_ASSERT(frame_take(m, guest));
    CU_ASSERT_FALSE(frame_take(m, guest));
    CU_ASSERT_FALSE(frame_get(m, guest));
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EINVAL);
    frame_taken_end(m, true);
    CU_ASSERT(refs(m) == 1 && frame_take(m, guest));
    frame_taken_end(m, false);
    CU_ASSERT_EQUAL(guest->tot_pages, pages - 1);
}

static CU_TestInfo tests[] = {
    {"references", test_frame_references},
    {"limit", test_frame_limit},
    {"type edges", test_frame_edges},
    {"descriptors that two want", test_descriptors_wait},
    {"ring 0's pages that a guest sees", test_shared_page},
    {"taken out of reach", test_take},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    memory_start();
    return suite_run("frames", tests);
}
