/* SPDX-License-Identifier: MIT */
/*
 * Theory: grant copy moves bytes between granted frames and the guest's own, inside one page on
 * each side, with the entry's rights; a wrong length, frame or right changes nothing and says so in
 * the operation's own status, and the operations after it in a batch still run.
 */
#include "grant.h"
#include "guest.h"

const char test_title[] = "grant-copy: GNTTABOP_copy";

static domid_t self;
static uint8_t *from, *to;

static struct gnttab_copy by_ref(unsigned int source, unsigned int dest, uint16_t offset,
                                 uint16_t length)
{
    struct gnttab_copy op = {.len = length, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref};

    op.source.u.ref = source;
    op.source.domid = self;
    op.source.offset = op.dest.offset = offset;
    op.dest.u.ref = dest;
    op.dest.domid = self;
    return op;
}

static int copy(struct gnttab_copy op)
{
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_copy, &op, 1));
    return op.status;
}

static struct gnttab_copy own_frames(unsigned long source, unsigned long dest)
{
    struct gnttab_copy op = {.len = 16};

    op.source.u.gmfn = source;
    op.dest.u.gmfn = dest;
    op.source.domid = op.dest.domid = DOMID_SELF;
    return op;
}

static void check_copies(void)
{
    memset(from, 0xab, PAGE_SIZE);
    memset(to, 0, PAGE_SIZE);
    CHECK_EQ(copy(by_ref(40, 41, 100, 50)), GNTST_okay);
    CHECK(to[99] == 0 && to[100] == 0xab && to[149] == 0xab && to[150] == 0,
          "wrong bytes were copied");
    CHECK_EQ(copy(by_ref(40, 41, 0, PAGE_SIZE)), GNTST_okay);
    CHECK_EQ(memcmp(from, to, PAGE_SIZE), 0);
    to[0] = 1;
    CHECK_EQ(copy(own_frames(mfn_of(from), mfn_of(to))), GNTST_okay);
    CHECK_EQ(to[0], 0xab);
    CHECK_EQ(copy(by_ref(42, 41, 0, 8)), GNTST_okay); /* read-only source */
    CHECK_EQ(own_grants[40].flags & (GTF_reading | GTF_writing), 0);
}

static void check_refusals(void)
{
    uint8_t before = to[0];

    CHECK(copy(by_ref(40, 41, 4090, 7)) < 0, "a copy crossed the page's end");
    CHECK(copy(by_ref(40, 42, 0, 8)) < 0, "a read-only grant was written");
    CHECK(copy(by_ref(43, 41, 0, 8)) < 0, "an empty entry was read");
    CHECK(copy(by_ref(0x7ffffff, 41, 0, 8)) < 0, "a reference beyond the table was read");
    CHECK(copy(own_frames(1UL << 41, mfn_of(to))) < 0, "a frame that is not there was read");
    CHECK(copy(own_frames(mfn_of(from), 1UL << 41)) < 0, "a frame that is not there was written");
    CHECK(copy(own_frames(mfn_of(from), mfn_of((void *)start_info->pt_base))) < 0,
          "a page table was written");
    CHECK_EQ(to[0], before);
}

static void check_batch(void)
{
    struct gnttab_copy ops[3] = {by_ref(40, 41, 0, 8), by_ref(43, 41, 0, 8), by_ref(40, 41, 8, 8)};

    memset(to, 0, 16);
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_copy, ops, 3));
    CHECK_EQ(ops[0].status, GNTST_okay);
    CHECK(ops[1].status < 0, "the wrong one went through");
    CHECK_EQ(ops[2].status, GNTST_okay);
    CHECK_EQ(to[15], 0xab);
}

void test_main(void)
{
    self = guest_domid();
    grant_table_map();
    from = page_alloc();
    to = page_alloc();
    grant_give(40, GTF_permit_access, self, from);
    grant_give(41, GTF_permit_access, self, to);
    grant_give(42, GTF_permit_access | GTF_readonly, self, from);
    check_copies();
    check_refusals();
    check_batch();
}
