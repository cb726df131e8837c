/* SPDX-License-Identifier: MIT */
/*
 * Theory: MMUEXT_CLEAR_PAGE and COPY_PAGE change data pages of the guest's own, whole, and nothing
 * else: no page table, no frame of another, whatever stands in the operation.
 */
#include "guest.h"

const char test_title[] = "page-ops: clearing and copying pages";

static long copy(unsigned long to, unsigned long from)
{
    struct mmuext_op op = {.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = to};

    op.arg2.src_mfn = from;
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

void test_main(void)
{
    uint8_t *one = page_alloc(), *two = page_alloc();
    const unsigned long root = mfn_of((void *)start_info->pt_base);
    struct mmuext_op ops[3] = {
        {.cmd = MMUEXT_CLEAR_PAGE}, {.cmd = MMUEXT_CLEAR_PAGE}, {.cmd = MMUEXT_CLEAR_PAGE}};
    unsigned int done = 99;

    memset(one, 0x5a, PAGE_SIZE);
    CHECK_OK(copy(mfn_of(two), mfn_of(one)));
    CHECK_EQ(memcmp(one, two, PAGE_SIZE), 0);
    CHECK_OK(mmuext(MMUEXT_CLEAR_PAGE, mfn_of(one)));
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        if (one[i]) {
            CHECK(false, "byte %u is %#x", i, one[i]);
            break;
        }
    CHECK_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, root));
    CHECK_REFUSED(copy(root, mfn_of(one)));
    CHECK_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, 1UL << 41));
    CHECK_REFUSED(copy(mfn_of(one), 1UL << 41));
    CHECK_REFUSED(copy(1UL << 41, mfn_of(one)));
    ops[0].arg1.mfn = ops[2].arg1.mfn = mfn_of(two);
    ops[1].arg1.mfn = root;
    CHECK_REFUSED(hypercall_mmuext_op(ops, 3, &done, DOMID_SELF));
    CHECK_EQ(done, 1);
    CHECK_REFUSED(hypercall_mmuext_op(ops, 1, NULL, 1234));
}
