/* SPDX-License-Identifier: MIT */
/*
 * Theory: while a page is mapped, the CPU of another vcpu sets the entry's accessed and dirty bits whenever it likes.
 * A change of the entry that gives back or keeps the old value must have them: where the page was written between
 * being mapped clean and the flush after the change, the dirty bit is in what the change left, or took. One that is
 * lost would make a guest throw away a page that it has to write out.
 */
#include "smp.h"

const char test_title[] = "smp-ad-bits: dirty bits are not lost";
SMP_MACHINE(2, 2);

#define ROUNDS 500
#define CLEAN  (PTE_PRESENT | PTE_WRITE | PTE_USER)

static volatile bool stop;
static volatile uint64_t stores;
static volatile uint64_t *frame;

static void write_always(void)
{
    while (!stop) {
        if (smp_store(window_page(0), stores + 1))
            stores++;
        for (uint32_t i = smp_random() % 256; i; i--) /* the first store may come at any moment of the change */
            __asm__ volatile("" ::: "memory");
    }
}

/* Each takes the right to write away and returns the entry as it was, or as it is then. */

static uint64_t by_xchg(volatile uint64_t *entry)
{
    uint64_t value = 0;

    __asm__ volatile("xchgq %0, %1" : "+r"(value), "+m"(*entry));
    return value;
}

static uint64_t by_cmpxchg(volatile uint64_t *entry)
{
    uint64_t value = *entry;

    while (
        !__atomic_compare_exchange_n(entry, &value, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    return value;
}

static uint64_t by_and(volatile uint64_t *entry)
{
    __asm__ volatile("lock; andq %1, %0" : "+m"(*entry) : "r"(~PTE_WRITE) : "cc");
    return 0;
}

static uint64_t by_btr(volatile uint64_t *entry)
{
    __asm__ volatile("lock; btrq $1, %0" : "+m"(*entry)::"cc");
    return 0;
}

static uint64_t by_preserving_update(volatile uint64_t *entry)
{
    CHECK_OK(pt_write_at(maddr_of((const void *)entry) | MMU_PT_UPDATE_PRESERVE_AD,
                         *entry & ~(PTE_WRITE | PTE_DIRTY | PTE_ACCESSED)));
    return 0;
}

static const struct {
    const char *name;
    uint64_t (*change)(volatile uint64_t *entry);
} ways[] = {{"xchg", by_xchg},
            {"cmpxchg", by_cmpxchg},
            {"and", by_and},
            {"btr", by_btr},
            {"MMU_PT_UPDATE_PRESERVE_AD", by_preserving_update}};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* True where the page was written in this round. */
static bool round_of(unsigned int way)
{
    uint64_t before = *frame, old;

    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of((const void *)frame), CLEAN)));
    for (uint32_t i = smp_random() % 64; i; i--)
        __asm__ volatile("" ::: "memory");
    old = ways[way].change(&window_l1[0]);
    CHECK_OK(mmuext(MMUEXT_TLB_FLUSH_ALL, 0));
    if (!old)
        old = window_l1[0];
    CHECK(*frame == before || (old & PTE_DIRTY), "%s lost the dirty bit: entry %#lx",
          ways[way].name, old);
    CHECK((old & PTE_ADDRESS) >> 12 == mfn_of((const void *)frame), "%s: entry %#lx",
          ways[way].name, old);
    before = *frame - before;
    CHECK_OK(pt_write(&window_l1[0], 0));
    CHECK_OK(mmuext(MMUEXT_TLB_FLUSH_ALL, 0));
    return before;
}

static void race(unsigned int id)
{
    if (id) {
        write_always();
        return;
    }
    for (unsigned int way = 0; way < WAYS; way++) {
        unsigned int written = 0, rounds = 0;

        for (; rounds < ROUNDS; rounds++)
            written += round_of(way);
        for (; !written && rounds < 100 * ROUNDS; rounds++)
            written += round_of(way);
        CHECK(written, "%s: the page was not written in any of %u rounds", ways[way].name, rounds);
        print("%s: written in %u of %u rounds\n", ways[way].name, written, rounds);
    }
    stop = true;
}

void test_main(void)
{
    smp_need(2);
    smp_faults_init();
    window_init();
    frame = page_alloc();
    smp_run(2, race);
}
