/* SPDX-License-Identifier: MIT */
/*
 * Theory: four vcpus change the same page tables at once, by every way there is, and make page tables of the same
 * frames that others map writable. Whatever the order, a frame that is a page table holds no entry that the
 * hypervisor would refuse, though the others keep writing such entries into it while they can; and the counts stay
 * exact: with all mappings and pins gone each frame can be written again, and become a table again.
 */
#include "smp.h"

const char test_title[] = "smp-pagetable: page tables that all change at once";
SMP_MACHINE(2, 4);

#define VCPUS   4
#define OPS     1500
#define ENTRIES 16
#define FRAMES  5
#define COMMON  2
#define WRONG   0x000fffffff000007UL /* present, of a frame beyond any memory */

enum op {
    MAP_RW,
    MAP_RO,
    UNMAP,
    VA_MAPPING,
    BATCH,
    PIN_L1,
    PIN_L2,
    EMULATED,
    STORE_WRONG,
    OP_KINDS
};

static uint64_t *frames[FRAMES]; /* what all map, and make L1 tables of */
static uint64_t *common[COMMON]; /* L1 tables full of entries, under each vcpu's own L2 */
static uint64_t *own_l2[VCPUS];
static volatile unsigned int done[OP_KINDS], refused[OP_KINDS];

static uint64_t random_entry(void)
{
    uint64_t flags = smp_random() & 1 ? PTE_RW : PTE_RO;

    return smp_random() & 3 ? pte_make(mfn_of(frames[smp_random() % FRAMES]), flags) : 0;
}

static long batch(void)
{
    struct mmu_update updates[3];
    unsigned int count;
    long rc;

    for (unsigned int i = 0; i < 3; i++)
        updates[i] = (struct mmu_update){.ptr = maddr_of(&window_l1[smp_random() % ENTRIES]),
                                         .val = random_entry()};
    rc = hypercall_mmu_update(updates, 3, &count, DOMID_SELF);
    CHECK(rc < 0 || count == 3, "a batch that worked did %u of 3", count);
    return rc;
}

/* Once it is a table, nothing wrong is in it, and nothing wrong gets in. */
static long pin_l1(void)
{
    volatile uint64_t *frame = frames[smp_random() % FRAMES];
    unsigned long mfn = mfn_of((const void *)frame);
    long rc = mmuext(MMUEXT_PIN_L1_TABLE, mfn);

    if (rc)
        return rc;
    for (unsigned int look = 0; look < 4; look++) {
        for (unsigned int i = 0; i < 8; i++)
            CHECK(frame[i] != WRONG, "a wrong entry stands in a page table");
        if (look == 1)
            smp_yield();
    }
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn));
    return 0;
}

static long pin_l2(unsigned int id)
{
    unsigned long mfn = mfn_of(own_l2[id]);
    long rc = mmuext(MMUEXT_PIN_L2_TABLE, mfn);

    if (!rc)
        CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn));
    return rc;
}

/* The wrong entry does not stay: then the frame could never be a table. */
static long store_wrong(void)
{
    volatile uint64_t *page = window_page(smp_random() % ENTRIES) + smp_random() % 8;

    if (!smp_store(page, WRONG))
        return -1;
    smp_store(page, 0);
    return 0;
}

static long one(enum op op, unsigned int id)
{
    unsigned int at = smp_random() % ENTRIES;
    uint64_t frame = mfn_of(frames[smp_random() % FRAMES]);

    switch (op) {
    case MAP_RW:
        return pt_write(&window_l1[at], pte_make(frame, PTE_RW));
    case MAP_RO:
        return pt_write(&window_l1[at], pte_make(frame, PTE_RO));
    case UNMAP:
        return pt_write(&window_l1[at], 0);
    case VA_MAPPING:
        return hypercall_update_va_mapping(window_page(at), random_entry(), UVMF_INVLPG | UVMF_ALL);
    case BATCH:
        return batch();
    case PIN_L1:
        return pin_l1();
    case PIN_L2:
        return pin_l2(id);
    case EMULATED:
        return smp_store(&window_l1[at], random_entry()) ? 0 : -1;
    default:
        return store_wrong();
    }
}

static void churn(unsigned int id)
{
    for (unsigned int i = 0; i < OPS; i++) {
        enum op op = (enum op)(smp_random() % OP_KINDS);

        if (one(op, id) < 0)
            __atomic_fetch_add(&refused[op], 1, __ATOMIC_RELAXED);
        else
            __atomic_fetch_add(&done[op], 1, __ATOMIC_RELAXED);
    }
}

/* No count is left on it: it becomes writable, and then a table, and then writable again. */
static void check_free(uint64_t *page, const char *what)
{
    long rc = page_remap(page, mfn_of(page), PTE_RW);

    CHECK(!rc, "%s %p cannot be written any more: %ld", what, (void *)page, rc);
    if (rc)
        return;
    memset(page, 0, PAGE_SIZE);
    page_protect(page, PTE_RO);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)));
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page)));
    page_protect(page, PTE_RW);
}

static void prepare(void)
{
    for (unsigned int i = 0; i < FRAMES; i++)
        frames[i] = page_alloc_readonly();
    for (unsigned int i = 0; i < COMMON; i++) {
        common[i] = page_alloc();
        for (unsigned int entry = 0; entry < 512; entry++)
            common[i][entry] = pte_make(mfn_of(frames[entry % FRAMES]), PTE_RO);
        page_protect(common[i], PTE_RO);
    }
    for (unsigned int id = 0; id < VCPUS; id++) {
        own_l2[id] = page_alloc();
        for (unsigned int i = 0; i < COMMON; i++)
            own_l2[id][i * 7] = pte_make(mfn_of(common[i]), PTE_TABLE);
        own_l2[id][100] = pte_make(mfn_of(window_l1), PTE_TABLE);
        page_protect(own_l2[id], PTE_RO);
    }
}

void test_main(void)
{
    smp_need(VCPUS);
    smp_faults_init();
    window_init();
    prepare();
    smp_run(VCPUS, churn);
    for (unsigned int op = 0; op < OP_KINDS; op++)
        CHECK(done[op], "operation %u never worked in %u tries", op, refused[op]);
    for (unsigned int i = 0; i < ENTRIES; i++)
        CHECK_OK(pt_write(&window_l1[i], 0));
    for (unsigned int i = 0; i < COMMON; i++)
        check_free(common[i], "common table");
    for (unsigned int id = 0; id < VCPUS; id++)
        check_free(own_l2[id], "L2 table");
    for (unsigned int i = 0; i < FRAMES; i++)
        check_free(frames[i], "frame");
}
