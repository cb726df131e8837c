/* SPDX-License-Identifier: MIT */
/*
 * Page tables: which entries are taken and which refused, one by one and in whole trees, and a seeded storm of updates after
 * which all counts are worked out anew from the tables as they stand and compared with the records. Isolation rests on
 * these counts, so they are checked from outside.
 */
#include "memory-test.h"

/* Another CPU's walker sets these bits in *raced once, while ring 0 decodes a new entry: all decoding that maps a page
 * writable comes by here. */
static u64 *raced, race_bits;
int __real_frame_get_writable(mfn_t m, const struct domain *d);
int __wrap_frame_get_writable(mfn_t m, const struct domain *d);
int __wrap_frame_get_writable(mfn_t m, const struct domain *d)
{
    if (raced)
        *raced |= race_bits;
    raced = NULL;
    return __real_frame_get_writable(m, d);
}

static void test_tree_pin_unpin(void)
{
    mfn_t t[5];

    for (u32 every = 0; every < 4; every++) {
        host_preempt_every = every;
        make_tree(t);
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
        for (u32 i = 1; i < 5; i++)
            CU_ASSERT(kind(t[i]) == i && uses(t[i]) == 1 &&
                      (frame_of(t[i])->type & FRAME_VALIDATED));
        CU_ASSERT(kind(t[0]) == FRAME_WRITABLE && refs(t[0]) == 2);
        CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST], 0xabc000 | PTE_P);
        CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
        finish_walk();
        for (u32 i = 0; i < 5; i++)
            CU_ASSERT(frame_of(t[i])->type == 0 && refs(t[i]) == 1);
        CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST], 0);
        give_back(t, 5);
    }
    host_preempt_every = 0;
}

/* A control domain pins a table of one that has begun to die: the pin does not stay behind. */
static void test_pin_of_the_dying(void)
{
    mfn_t m = page_of(other);

    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), 0);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), -EINVAL);
    CU_ASSERT(uses(m) == 1 && refs(m) == 2);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, other, m)), 0);
    finish_walk();
    other->death = DOMAIN_DYING;
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), -EINVAL);
    finish_walk();
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    other->death = DOMAIN_ALIVE;
    give_back(&m, 1);
}

/* One wrong entry anywhere, and nothing is left of the attempt. */
static void refuse_tree(u32 level, u32 index, u64 wrong, mfn_t t[5])
{
    u64 was = table_at(t[level])[index];

    for (u32 every = 0; every < 3; every++) {
        host_preempt_every = every;
        table_at(t[level])[index] = wrong;
        int error = AGAIN(pt_pin(v, guest, t[4], 4));
        if (!(error == -EINVAL || error == -EBUSY || error == -EPERM))
            printf("level %u index %u entry %lx: %d\n", level, index, wrong, error);
        CU_ASSERT(error == -EINVAL || error == -EBUSY || error == -EPERM);
        finish_walk();
        for (u32 i = 0; i < 5; i++)
            CU_ASSERT(frame_of(t[i])->type == 0 && refs(t[i]) == 1);
        table_at(t[level])[index] = was;
    }
    host_preempt_every = 0;
}

static void test_tree_refusals(void)
{
    mfn_t t[5], theirs = page_of(other);

    make_tree(t);
    for (u32 level = 1; level < 5; level++) {
        refuse_tree(level, 511, entry(theirs, 0), t);
        refuse_tree(level, 0, entry(mfn(FRAMES + 100), 0), t);
        refuse_tree(level, 0, entry(mfn(0), 0), t);
        refuse_tree(level, 0, entry(mfn(1ull << 39), 0), t);
    }
    for (u32 level = 2; level < 5; level++) {
        refuse_tree(level, 9, entry(t[level - 1], PTE_PSE), t);
        refuse_tree(level, 9, entry(t[level - 1], PTE_PCD), t);
        refuse_tree(level, 9, entry(t[level], PTE_RW), t);     /* a table as its own child */
        refuse_tree(level, 9, entry(t[level - 2], PTE_RW), t); /* a level left out */
    }
    refuse_tree(1, 9, entry(t[4], PTE_RW), t); /* tables, writable */
    refuse_tree(1, 9, entry(t[1], PTE_RW), t);
    refuse_tree(1, 9, entry(t[0], PTE_PCD), t); /* RAM, uncached */
    /* what stands in the hypervisor's own slots is not looked at: it is replaced */
    table_at(t[4])[HV_SLOT_FIRST + 3] = entry(theirs, PTE_RW);
    for (u32 level = 1; level < 5; level++) /* bits 52 to 62 are the guest's own */
        table_at(t[level])[7] = entry(t[level - 1], 0x7ffull << 52);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
    for (u32 level = 1; level < 5; level++)
        CU_ASSERT_EQUAL(table_at(t[level])[7] & ~(PTE_US | PTE_A | PTE_D),
                        entry(t[level - 1], 0x7ffull << 52) & ~(PTE_US | PTE_A | PTE_D));
    CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST + 3], 0xabc000 | PTE_P);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
    finish_walk();
    give_back(t, 5);
    give_back(&theirs, 1);
}

/* A tree that is pinned and loaded; LOADED_VA is where its data page is. */
#define LOADED_VA (3ull << 39 | 3ull << 30 | 3ull << 21 | 3ull << 12)
static void load_tree(mfn_t t[5])
{
    make_tree(t);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
}

static void test_updates(void)
{
    mfn_t t[5], theirs = page_of(other), l1 = page_of(guest);
    u64 flags;

    load_tree(t);
    CU_ASSERT(mfn_eq(pt_translate(v, LOADED_VA, false, &flags), t[0]) && (flags & PTE_RW));
    /* an entry comes and goes, and with it the references */
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[0], PTE_RW)), 0);
    CU_ASSERT(uses(t[0]) == 2 && refs(t[0]) == 3);
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[0], 0)), 0);
    CU_ASSERT(uses(t[0]) == 1 && refs(t[0]) == 3);
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[1], 0)), 0); /* a table, read-only */
    CU_ASSERT_EQUAL(update(t[1], 8, 0), 0);
    CU_ASSERT(uses(t[0]) == 1 && refs(t[0]) == 2 && refs(t[1]) == 2);
    /* accessed and dirty bits stay if asked */
    table_at(t[1])[3] |= PTE_A | PTE_D;
    CU_ASSERT_EQUAL(
        AGAIN(pt_update(v, slot(t[1], 3), entry(t[0], PTE_RW), guest, PT_WRITE_PRESERVE_AD)), 0);
    CU_ASSERT((table_at(t[1])[3] & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
    /* refusals change nothing */
    CU_ASSERT(update(t[1], 8, entry(t[1], PTE_RW)) < 0);
    CU_ASSERT(update(t[1], 8, entry(theirs, 0)) < 0);
    CU_ASSERT(update(t[2], 8, entry(t[2], 0)) < 0);
    CU_ASSERT(update(t[4], HV_SLOT_FIRST, 0) < 0);
    CU_ASSERT(update(t[4], HV_SLOT_FIRST + 15, entry(t[3], 0)) < 0);
    CU_ASSERT(update(theirs, 0, 0) < 0);
    CU_ASSERT(AGAIN(pt_update(v, slot(t[1], 8) + 4, 0, guest, PT_WRITE_PLAIN)) < 0);
    CU_ASSERT(AGAIN(pt_update(v, 1ull << 50, 0, guest, PT_WRITE_PLAIN)) < 0);
    CU_ASSERT_EQUAL(table_at(t[1])[8], 0);
    /* another domain's frame, where the caller may: counted on that frame */
    CU_ASSERT_EQUAL(
        AGAIN(pt_update(v, slot(t[1], 9), entry(theirs, PTE_RW), other, PT_WRITE_PLAIN)), 0);
    CU_ASSERT(kind(theirs) == FRAME_WRITABLE && refs(theirs) == 2);
    CU_ASSERT_EQUAL(update(t[1], 9, 0), 0);
    /* a page that is no table yet is written as it is */
    CU_ASSERT_EQUAL(update(l1, 5, entry(t[0], PTE_RW)), 0);
    CU_ASSERT(table_at(l1)[5] == entry(t[0], PTE_RW) && frame_of(l1)->type == 0);
    /* and becomes one when it is hooked in */
    CU_ASSERT_EQUAL(update(t[2], 4, entry(l1, PTE_RW)), 0);
    CU_ASSERT(kind(l1) == 1 && uses(t[0]) == 2);
    CU_ASSERT_EQUAL(update(t[2], 4, 0), 0);
    finish_walk();
    CU_ASSERT(frame_of(l1)->type == 0 && uses(t[0]) == 1);
    /* the loaded tree cannot be unpinned away */
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
    CU_ASSERT(kind(t[4]) == 4 && uses(t[4]) == 1);
    relinquish(guest);
    give_back(&theirs, 1);
    CU_ASSERT_EQUAL(other->tot_pages, 0);
}

/* By virtual address, and by an emulated store. */
static void test_stores(void)
{
    mfn_t t[5], theirs = page_of(other);
    u64 va = LOADED_VA, va10 = va + 7 * 0x1000, old = 0, expected = 0;

    load_tree(t);
    CU_ASSERT_EQUAL(pt_update_va(v, va + 0x1000, entry(t[0], 0), guest), 0);
    CU_ASSERT_EQUAL(table_at(t[1])[4], entry(t[0], 0));
    CU_ASSERT_EQUAL(pt_update_va(v, 1ull << 30, entry(t[0], 0), guest), -EINVAL);
    CU_ASSERT_EQUAL(update(t[1], 10, entry(t[1], 0)), 0); /* L1 mapped read-only at va10 */
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, entry(t[0], PTE_RW), NULL, &old), 0);
    CU_ASSERT_EQUAL(table_at(t[1])[11], entry(t[0], PTE_RW));
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, 0, &expected, &old), 0);
    CU_ASSERT(old == entry(t[0], PTE_RW) && table_at(t[1])[11] == entry(t[0], PTE_RW));
    expected = old;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, entry(t[0], 0), &expected, &old), 0);
    CU_ASSERT(old == expected && table_at(t[1])[11] == entry(t[0], 0) && uses(t[0]) == 1);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 12 * 8, entry(theirs, 0), NULL, &old), -EINVAL);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 12 * 8 + 2, 0, NULL, &old), -EINVAL);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va, 1, NULL, &old), -EINVAL); /* plain memory */
    relinquish(guest);
    give_back(&theirs, 1);
}

/* An accessed or dirty bit that is set between the look and the exchange is never lost. */
static void test_emulated_race(void)
{
    mfn_t t[5], n = page_of(guest);
    u64 va = 3ull << 39 | 3ull << 30 | 3ull << 21 | 10ull << 12, old, expected,
        value = entry(n, PTE_RW);

    make_tree(t);
    table_at(t[1])[10] = entry(t[1], 0); /* the L1, mapped read-only at va */
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
    CU_ASSERT_EQUAL(update(t[1], 11, entry(t[0], PTE_RW | PTE_A)), 0);
    raced = &table_at(t[1])[11];
    race_bits = PTE_D;
    expected = *raced;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value, &expected, &old), -ERESTART);
    CU_ASSERT_PTR_NULL(raced);
    CU_ASSERT_EQUAL(table_at(t[1])[11], entry(t[0], PTE_RW | PTE_A | PTE_D));
    CU_ASSERT(uses(n) == 0 && refs(n) == 1 && uses(t[0]) == 2 && refs(t[0]) == 3);
    /* the guest executes it again, and sees the bit */
    expected = table_at(t[1])[11];
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value, &expected, &old), 0);
    CU_ASSERT(old == expected && table_at(t[1])[11] == value && uses(n) == 1 && uses(t[0]) == 1);
    /* the same frame in the same way: the references cancel out */
    expected = value;
    raced = &table_at(t[1])[11];
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value | PTE_A, &expected, &old), -ERESTART);
    CU_ASSERT(table_at(t[1])[11] == (value | PTE_D) && uses(n) == 1 && refs(n) == 2);
    expected = value | PTE_D;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value | PTE_A, &expected, &old), 0);
    CU_ASSERT(table_at(t[1])[11] == (value | PTE_A) && uses(n) == 1 && refs(n) == 2);
    /* a table that another vcpu is at the making of */
    CU_ASSERT_EQUAL(update(t[1], 10, entry(n, 0)), 0);
    CU_ASSERT_EQUAL(update(t[1], 11, 0), 0);
    frame_of(n)->type = FRAME_L1 << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va, 0, NULL, &old), -ERESTART);
    frame_of(n)->type = 0;
    relinquish(guest);
}

static void test_grant_entries(void)
{
    mfn_t t[5], theirs = page_of(other);
    u64 va = 3ull << 39 | 3ull << 30 | 3ull << 21 | 5ull << 12;

    make_tree(t);
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
    CU_ASSERT_EQUAL(frame_get_writable(theirs, other), 0);
    CU_ASSERT_EQUAL(pt_grant_map(v, va, false, theirs, false, 0), 0);
    CU_ASSERT(mfn_eq(pt_translate(v, va, false, NULL), theirs));
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, t[0], false), -EINVAL);
    /* not as the read-only mapping that it is not */
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, theirs, true), -EINVAL);
    CU_ASSERT(refs(theirs) == 2 && uses(theirs) == 1);
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, theirs, false), 0);
    CU_ASSERT(refs(theirs) == 2 && uses(theirs) == 1); /* ours now */
    frame_put_writable(theirs);
    CU_ASSERT(refs(theirs) == 1 && frame_of(theirs)->type == 0);
    CU_ASSERT(frame_get(theirs, other));
    CU_ASSERT_EQUAL(pt_grant_map(v, slot(t[1], 6), true, theirs, true, 0), 0);
    CU_ASSERT_EQUAL(pt_grant_map(v, slot(t[2], 6), true, theirs, true, 0), -EINVAL);
    CU_ASSERT_EQUAL(pt_grant_map(v, 1ull << 45, false, theirs, true, 0), -EINVAL);
    /* the guest drops the entry itself: the reference goes with it */
    CU_ASSERT_EQUAL(update(t[1], 6, 0), 0);
    CU_ASSERT_EQUAL(refs(theirs), 1);
    relinquish(guest);
    give_back(&theirs, 1);
}

/* ---- the storm ---- */

#define POOL 40
static mfn_t pool[POOL];

/* Works out from the tables as they stand what each frame's counts must be, and compares. */
static void check_counts(void)
{
    static u32 want_type[FRAMES], want_refs[FRAMES];

    memset(want_type, 0, sizeof(want_type));
    memset(want_refs, 0, sizeof(want_refs));
    for (u32 i = 0; i < POOL; i++) {
        u32 type = frame_of(pool[i])->type, level = kind(pool[i]);

        want_refs[mfn_x(pool[i])]++; /* the allocation */
        if (type & FRAME_PINNED) {
            want_type[mfn_x(pool[i])]++;
            want_refs[mfn_x(pool[i])]++;
        }
        if (!(type & FRAME_VALIDATED))
            continue;
        for (u32 e = 0; e < 512; e++) {
            u64 value = table_at(pool[i])[e];
            u64 m = mfn_x(pte_mfn(value));

            if (!(value & PTE_P) || (level == 4 && e - HV_SLOT_FIRST < HV_SLOT_COUNT))
                continue;
            CU_ASSERT_FATAL(m < FRAMES);
            want_refs[m]++;
            if (level > 1) {
                CU_ASSERT_EQUAL_FATAL(kind(mfn(m)), level - 1);
                want_type[m]++;
            } else if (value & PTE_RW) {
                CU_ASSERT_EQUAL_FATAL(kind(mfn(m)), FRAME_WRITABLE);
                want_type[m]++;
            }
        }
    }
    if (mfn_x(v->base)) {
        want_refs[mfn_x(v->base)]++;
        want_type[mfn_x(v->base)]++;
    }
    if (mfn_x(v->walk.held)) {
        want_refs[mfn_x(v->walk.held)]++;
        want_type[mfn_x(v->walk.held)]++;
    }
    for (u32 i = 0; i < POOL; i++) {
        CU_ASSERT_EQUAL_FATAL(uses(pool[i]), want_type[mfn_x(pool[i])]);
        CU_ASSERT_EQUAL_FATAL(refs(pool[i]), want_refs[mfn_x(pool[i])]);
    }
}

static void storm(u32 seed, u32 rounds)
{
    u32 done = 0;

    srand(seed);
    for (u32 i = 0; i < POOL; i++)
        pool[i] = page_of(guest);
    /* whole trees to begin with: they take long to come about by chance */
    for (u32 i = 1; i < POOL; i++)
        if (i % 5)
            table_at(pool[i])[rand() % 6] = entry(pool[i - 1], PTE_RW);
    for (u32 i = 4; i < POOL; i += 10)
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, pool[i], 4)), 0);
    for (u32 round = 0; round < rounds; round++) {
        mfn_t a = pool[rand() % POOL], b = pool[rand() % POOL];
        u32 index = rand() % 4 ? (u32)rand() % 6 : (u32)rand() % 512, level = 1 + (u32)rand() % 4;
        u64 value = rand() % 3 ? entry(b, rand() % 2 ? PTE_RW : 0) : 0;
        int error = 0;

        host_preempt_every = (u32)rand() % 4;
        if (rand() % 40 == 0)
            value |= 1ull << (rand() % 64);
        switch (rand() % 8) {
        case 0:
            error = pt_pin(v, guest, a, level);
            break;
        case 1:
            error = pt_unpin(v, guest, a);
            break;
        case 2:
            if (rand() % 4 == 0)
                error = pt_set_base(v, a);
            break;
        default:
            error = pt_update(v, slot(a, index), value, guest,
                              rand() % 2 ? PT_WRITE_PLAIN : PT_WRITE_PRESERVE_AD);
        }
        done += error == 0;
        if (rand() % 3 ==
            0) { /* else it is left standing, as a guest that does not come back would */
            finish_walk();
            check_counts();
        }
    }
    finish_walk();
    check_counts();
    CU_ASSERT(done > rounds / 10);
    host_preempt_every = 2;
    relinquish(guest);
    host_preempt_every = 0;
}

static void test_storm(void)
{
    u64 before = alloc_free_frames();

    for (u32 seed = 1; seed <= 12; seed++)
        storm(seed, 3000);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
}

static CU_TestInfo tests[] = {
    {"pin and unpin", test_tree_pin_unpin},
    {"pinned as their domain dies", test_pin_of_the_dying},
    {"wrong entries", test_tree_refusals},
    {"updates", test_updates},
    {"stores", test_stores},
    {"an emulated store and a walker", test_emulated_race},
    {"grant entries", test_grant_entries},
    {"a storm of updates", test_storm},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    memory_start();
    return suite_run("page tables", tests);
}
