/* SPDX-License-Identifier: MIT */
/* Random values: mostly such that mean something to the hypervisor, sometimes such that should not. */
#include <public/grant_table.h>

#include "fuzz.h"

static volatile unsigned long former_mfn[FORMER];
static struct mapping former_mapping[FORMER];
static volatile uint32_t former_port[FORMER];
static unsigned long own_tables[16], highest_mfn;
static unsigned int own_tables_count;

uint64_t random_64(struct fuzz_cpu *c)
{
    uint64_t z = c->random += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

unsigned int below(struct fuzz_cpu *c, unsigned int limit)
{
    return (unsigned int)((random_64(c) >> 32) * limit >> 32);
}

/* Of each use so many slots, in this order. */
static const uint8_t slots_of[USES] = {36, 24, 14, 8, 8, 6};

unsigned int pick_slot(struct fuzz_cpu *c, enum use use)
{
    unsigned int first = 0;

    if (one_in(c, 12))
        return below(c, SLOTS);
    for (unsigned int i = 0; i < use; i++)
        first += slots_of[i];
    return first + below(c, slots_of[use]);
}

uint64_t pick_number(struct fuzz_cpu *c)
{
    static const uint64_t edges[] = {
        0,           1,     2,         7,          8,          15,         16,          17,
        31,          32,    33,        63,         64,         127,        128,         255,
        256,         511,   512,       513,        1023,       1024,       4095,        4096,
        4097,        65535, 65536,     0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1ull << 40,
        1ull << 52,  ~0ull, ~0ull - 7, 1ull << 63, 0x7fff,     0x7ff0,     0xfffff,     0x10000000,
        0xffffffff0, 14,    24,        3,          5,
    };

    switch (below(c, 6)) {
    case 0:
        return PICK(c, edges);
    case 1:
        return random_64(c);
    case 2:
        return 1ull << below(c, 64);
    case 3:
        return below(c, 1024);
    default:
        return below(c, 24);
    }
}

uint64_t pick_hostile(struct fuzz_cpu *c)
{
    static const uint64_t edges[] = {
        0,
        8,
        0xfff,
        0x7fffffffe000,
        0x7ffffffffff8,
        0x7fffffffffff,
        0x800000000000, /* not canonical, both ends */
        0xffff7fffffffffff,
        0xffff800000000000, /* the hypervisor's slots, one by one */
        0xffff804000000000,
        0xffff808000000000,
        0xffff810000000000,
        0xffff818000000000,
        0xffff820000000000,
        0xffff828000000000,
        0xffff830000000000,
        0xffff87fffffffff8,
        0xffff87ffffffffff,
        0xffff880000000000,
        0xfffffffffffffff8,
        0xffffffffffffffff,
        0xfffffffffffff000,
    };

    switch (below(c, 4)) {
    case 0:
        return 0xffff800000000000 + random_64(c) % 0x80000000000;
    case 1:
        return MACH2PHYS_VIRT_START + below(c, 0x800000);
    default:
        return PICK(c, edges) + (one_in(c, 3) ? below(c, 4096) : 0);
    }
}

uint64_t pick_address(struct fuzz_cpu *c)
{
    uint64_t address;

    switch (below(c, 14)) {
    case 0:
    case 1:
    case 2:
        address = pick_hostile(c);
        break;
    case 3:
        address = (uint64_t)window_page(below(c, 600));
        break;
    case 4:
        address = USER_CODE + below(c, 0x3000);
        break;
    case 5:
        address = (uint64_t)shared_info + below(c, 4096);
        break;
    case 6:
        address = (uint64_t)slots[pick_slot(c, USE_L1)].page + below(c, 4096);
        break;
    case 7:
        address = (uint64_t)cpus[below(c, FUZZ_CPUS)].code + below(c, 4096);
        break;
    case 8:
        address = (uint64_t)c->args + (ARGS_PAGES - 1) * PAGE_SIZE - below(c, 128);
        break;
    case 9:
        address = random_64(c);
        break;
    case 10:
        address = (uint64_t)grant_table + below(c, 4096);
        break;
    default:
        address = (uint64_t)slots[pick_slot(c, USE_DATA)].page + below(c, 4096);
        break;
    }
    return one_in(c, 4) ? address : address & ~7ull;
}

unsigned long pick_mfn(struct fuzz_cpu *c)
{
    static const unsigned long edges[] = {
        0,     1,       0xa0,    0xb8,     0xff,      0x100,     0x180,     0x200,
        0x400, 0xfec00, 0xfee00, 0x100000, 1ul << 28, 1ul << 40, 1ul << 52, ~0ul,
    };

    switch (below(c, 24)) {
    case 0:
        return PICK(c, edges);
    case 8:
    case 9:
        return PICK(c, other_mfn);
    case 1:
        return random_64(c) % (highest_mfn + 2);
    case 2:
        return own_tables[below(c, own_tables_count)];
    case 3:
        return former_mfn[below(c, FORMER)];
    case 4:
        return grant_frames[below(c, 4)];
    case 5:
        return start_info->shared_info / PAGE_SIZE;
    case 6:
        return slots[below(c, SLOTS)].mfn + below(c, 3) - 1;
    case 7:
        return random_64(c);
    default:
        return slots[below(c, SLOTS)].mfn;
    }
}

/* Entries that a table of `level` can hold, with now and then one that it must not. */
uint64_t pick_entry(struct fuzz_cpu *c, int level)
{
    static const uint64_t page_flags[] = {PTE_RW,           PTE_RO,
                                          PTE_RW | PTE_NX,  PTE_RO | PTE_NX,
                                          PTE_RO | PTE_PCD, PTE_RO | 0xe00,
                                          PTE_PRESENT,      PTE_RO & ~PTE_ACCESSED,
                                          PTE_RW | PTE_PWT, PTE_RO | PTE_NX | 0x200};
    uint64_t flags = level == 1 ? PICK(c, page_flags) : PTE_TABLE;
    unsigned long mfn = slots[pick_slot(c, level == 1 ? USE_DATA : (enum use)(level - 1))].mfn;

    if (one_in(c, 24))
        flags ^= 1ull << below(c, 12);
    if (one_in(c, 60))
        flags ^= 1ull << (52 + below(c, 12));
    if (one_in(c, 30))
        flags &= ~(uint64_t)PTE_PRESENT;
    if (level == 1 && one_in(c, 4)) { /* tables, read-only */
        mfn = slots[pick_slot(c, (enum use)(1 + below(c, 5)))].mfn;
        flags &= ~PTE_WRITE;
    }
    if (one_in(c, 24))
        mfn = pick_mfn(c);
    if (one_in(c, 200))
        return random_64(c);
    return pte_make(mfn, flags);
}

uint64_t pick_descriptor(struct fuzz_cpu *c)
{
    static const uint64_t usual[] = {
        0,
        0x00affa000000ffff, /* 64-bit code, DPL 3 */
        0x00cffa000000ffff, /* 32-bit code */
        0x008ffa000000ffff, /* 16-bit code */
        0x00cff2000000ffff, /* data */
        0x00cff6000000ffff, /* data that grows down */
        0x00cf72000000ffff, /* not present */
        0x00cfd2000000ffff, /* DPL 2 */
        0x00cf92000000ffff, /* DPL 0 */
        0x00af9a000000ffff, /* 64-bit code, DPL 0 */
        0x0000ec000000e033, /* a call gate */
        0x0000e90000000067, /* a TSS */
        0x0000e20000000fff, /* an LDT */
        0x0000ee000000e033, /* an interrupt gate */
    };

    switch (below(c, 80)) {
    case 0:
        return random_64(c);
    case 1:
        return (random_64(c) & ~(0xffull << 40)) | 0xf2ull << 40;
    case 2:
        return PICK(c, usual) ^ 1ull << below(c, 64);
    case 3:
        return PICK(c, usual);
    default:
        return usual[below(c, 7)]; /* those that a guest may have */
    }
}

uint16_t pick_selector(struct fuzz_cpu *c)
{
    static const uint16_t fixed[] = {0,      3,      0xe023, 0xe02b, 0xe033, 0xe030,
                                     0xe028, 0xe008, 0xe010, 0xe018, 0xe03b, 0xe043,
                                     0xe04b, 0xe053, 0xe063, 0xf000, 0xffff, 0xfff8};

    switch (below(c, 5)) {
    case 0:
        return (uint16_t)random_64(c);
    case 1:
        return (uint16_t)(below(c, 24) << 3 | 4 | below(c, 4)); /* LDT */
    case 2:
        return (uint16_t)(below(c, 1536) << 3 | 3);
    case 3:
        return (uint16_t)(below(c, 24) << 3 | below(c, 4));
    default:
        return PICK(c, fixed);
    }
}

uint16_t pick_domid(struct fuzz_cpu *c)
{
    switch (below(c, 12)) {
    case 0:
        return own_domid;
    case 1:
        return PICK(c, other_domid);
    case 2:
        return PICK(c, other_domid);
    case 3:
        return (uint16_t)(own_domid + below(c, 5) - 2);
    case 4:
        return one_in(c, 4) ? 0 : DOMID_SELF;
    case 5:
        return (uint16_t)(DOMID_FIRST_RESERVED + below(c, 16));
    case 6:
        return one_in(c, 3) ? (uint16_t)random_64(c) : DOMID_SELF;
    default:
        return DOMID_SELF;
    }
}

/* The console's and the store's are spared, but for a few times. */
uint32_t pick_port(struct fuzz_cpu *c)
{
    static const uint32_t edges[] = {0,    63,   64,   127,    128,    1023, 1024,      4094,
                                     4095, 4096, 4097, 131071, 131072, ~0u,  0x80000000};
    uint32_t port;

    if (one_in(c, 12))
        return PICK(c, edges);
    if (!one_in(c, 4))
        return PICK(c, former_port);
    do
        port = one_in(c, 6) ? below(c, 256) : 3 + below(c, 40);
    while ((port == start_info->store_evtchn || port == start_info->console.domU.evtchn) &&
           !one_in(c, 500));
    return port;
}

uint32_t pick_ref(struct fuzz_cpu *c)
{
    static const uint32_t edges[] = {0,    1,     7,     511,   512, 1023,      2047,
                                     2048, 16383, 16384, 32767, ~0u, 0x80000000};

    return one_in(c, 10) ? PICK(c, edges) : 8 + below(c, 56);
}

struct mapping pick_mapping(struct fuzz_cpu *c)
{
    struct mapping m = PICK(c, former_mapping);

    if (one_in(c, 6))
        m.handle = one_in(c, 3) ? (uint32_t)pick_number(c) : below(c, 40);
    if (one_in(c, 6))
        m.address = pick_address(c);
    return m;
}

uint32_t pick_vcpu(struct fuzz_cpu *c)
{
    return one_in(c, 10) ? (uint32_t)pick_number(c) : below(c, FUZZ_CPUS);
}

uint64_t pick_time(struct fuzz_cpu *c)
{
    switch (below(c, 8)) {
    case 0:
        return 1;
    case 1:
        return now_ns() - below(c, 1000000);
    default:
        return now_ns() + below(c, 2000000);
    }
}

void remember_mfn(struct fuzz_cpu *c, unsigned long mfn)
{
    former_mfn[below(c, FORMER)] = mfn;
}

void remember_mapping(struct fuzz_cpu *c, struct mapping mapping)
{
    former_mapping[below(c, FORMER)] = mapping;
}

void remember_port(struct fuzz_cpu *c, uint32_t port)
{
    if (port != start_info->store_evtchn && port != start_info->console.domU.evtchn)
        former_port[below(c, FORMER)] = port;
}

/* The frames that the guest stands on: its root and the tables that map its image. */
void pools_init(void)
{
    own_tables[own_tables_count++] = mfn_of((void *)start_info->pt_base);
    for (int level = 2; level <= 4; level++)
        own_tables[own_tables_count++] = (*pt_entry(slots[0].page, level) & PTE_ADDRESS) >> 12;
    own_tables[own_tables_count++] = mfn_of(window_l1);
    own_tables[own_tables_count++] = mfn_of(window_l2);
    own_tables[own_tables_count++] = mfn_of(window_l3);
    own_tables[own_tables_count++] = mfn_of((void *)(uintptr_t)record);
    own_tables[own_tables_count++] = start_info->store_mfn;
    own_tables[own_tables_count++] = start_info->console.domU.mfn;
    own_tables[own_tables_count++] = mfn_of((void *)(uintptr_t)start_info->mfn_list);
    highest_mfn = (unsigned long)hypercall_memory_op(2, NULL); /* XENMEM_maximum_ram_page */
    for (unsigned int i = 0; i < FORMER; i++)
        former_port[i] = 3 + i % 8;
}
