/* SPDX-License-Identifier: MIT */
/*
 * Guests' descriptor tables: which descriptors are taken, how a frame of them is held, what an update may touch,
 * and the lazy LDT. A gate in a guest's table would be a door into ring 0, so every type is tried.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/descriptor.h"
#include "domain/domain.h"
#include "domain/iomem.h"
#include "lib/errno.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/pagetable.h"
#include "pv/descriptor.h"
#include "suite.h"

#define PRESENT (1ull << 47)
#define DPL3 (3ull << 45)
#define CODE64_DPL0 0x00af9a000000ffffull
#define DATA_DPL3 0x00cff2000000ffffull
#define ZERO_PAGE_MADDR 0x123000ull

static struct domain *guest, *other;
static struct vcpu *v;
static u64 window[32];
static u32 ldt_register;

maddr_t image_to_maddr(const void *p)
{
    (void)p;
    return ZERO_PAGE_MADDR;
}

u64 cpu_window(u32 id)
{
    return 0xffff810000000000 + id * 0x20000ull;
}

void descriptor_set_ldt_register(struct cpu *c, u32 entries)
{
    (void)c;
    ldt_register = entries;
}

bool iomem_frame_allowed(const struct domain *d, mfn_t m)
{
    (void)d, (void)m;
    return false;
}

void pt_fill_hv_slots(u64 *l4)
{
    (void)l4;
}

static mfn_t page_of(struct domain *d)
{
    mfn_t m = frame_alloc(d, 0, 0, 0);

    CU_ASSERT_FATAL(!mfn_eq(m, INVALID_MFN));
    return m;
}

static u32 kind(mfn_t m)
{
    return frame_of(m)->type >> FRAME_TYPE_SHIFT;
}

static u32 refs(mfn_t m)
{
    return frame_of(m)->refs & FRAME_REF_COUNT;
}

static int setup(void)
{
    host_machine(32);
    guest = host_domain(1, 1);
    other = host_domain(2, 1);
    v = guest->vcpu[0];
    this_cpu()->current = v;
    this_cpu()->window_l1 = window;
    return 0;
}

/* All 16 types, both kinds, each privilege, present or not. */
static void test_each_type(void)
{
    for (u64 bits = 0; bits < 256; bits++) {
        u64 d = bits << 40 | 0x00cf00000000ffffull;
        bool present = bits & 0x80, segment = bits & 0x10;

        CU_ASSERT_EQUAL(descriptor_ok(d), !present || segment);
        CU_ASSERT_EQUAL(descriptor_adjust(d), present ? d | DPL3 : d);
    }
}

static void test_page(void)
{
    u64 *page = malloc(4096), *before = malloc(4096);

    for (u32 i = 0; i < 512; i++)
        page[i] = i & 1 ? CODE64_DPL0 : 0;
    memcpy(before, page, 4096);
    page[511] = PRESENT | 0xcull << 40; /* a call gate at the very end: refused, and nothing is changed */
    CU_ASSERT_FALSE(descriptor_page_ok(page));
    page[511] = before[511];
    CU_ASSERT_EQUAL(memcmp(page, before, 4096), 0);
    CU_ASSERT(descriptor_page_ok(page));
    CU_ASSERT_EQUAL(page[1], CODE64_DPL0 | DPL3);
    CU_ASSERT_EQUAL(page[2], 0);
    free(page);
    free(before);
}

static void test_code_selectors(void)
{
    CU_ASSERT(selector_guest_code_ok(0));
    CU_ASSERT(selector_guest_code_ok(0x10));
    CU_ASSERT(selector_guest_code_ok(0xdff8));
    CU_ASSERT(selector_guest_code_ok(FLAT_KERNEL_CS64));
    CU_ASSERT(selector_guest_code_ok(0xe030));
    CU_ASSERT_FALSE(selector_guest_code_ok(HV_CS));
    CU_ASSERT_FALSE(selector_guest_code_ok(HV_TSS));
    CU_ASSERT_FALSE(selector_guest_code_ok(0xfff8));
}

static void test_gdt(void)
{
    mfn_t a = page_of(guest), b = page_of(guest), foreign = page_of(other), bad = page_of(guest);
    u64 frames[14] = {mfn_x(a), mfn_x(b)};

    ((u64 *)mfn_to_virt(bad))[7] = PRESENT | 0x9ull << 40; /* a TSS */
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 14 * 512 + 1), -EINVAL);
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 513), 0);
    CU_ASSERT_EQUAL(kind(a), FRAME_DESCRIPTORS);
    CU_ASSERT_EQUAL(kind(b), FRAME_DESCRIPTORS);
    CU_ASSERT_EQUAL(window[0] & PTE_MFN_MASK, mfn_to_maddr(a));
    CU_ASSERT_EQUAL(window[1] & PTE_MFN_MASK, mfn_to_maddr(b));
    CU_ASSERT_EQUAL(window[2] & PTE_MFN_MASK, ZERO_PAGE_MADDR);
    CU_ASSERT_FALSE(window[2] & PTE_RW);
    CU_ASSERT(window[14] == 0);
    CU_ASSERT(frame_get_writable(a, guest) != 0);

    /* one that fails leaves all as it was */
    frames[0] = mfn_x(b);
    frames[1] = mfn_x(foreign);
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 1024), -EINVAL);
    frames[1] = mfn_x(bad);
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 1024), -EINVAL);
    frames[1] = 1ull << 40;
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 1024), -EINVAL);
    CU_ASSERT_EQUAL(window[0] & PTE_MFN_MASK, mfn_to_maddr(a));
    CU_ASSERT_EQUAL(refs(b), refs(a));
    CU_ASSERT_EQUAL(kind(bad), FRAME_NONE);

    /* the same frame twice */
    frames[0] = frames[1] = mfn_x(a);
    CU_ASSERT_EQUAL(descriptor_set_gdt(v, frames, 1024), 0);
    CU_ASSERT_EQUAL(kind(b), FRAME_NONE);
    descriptor_drop_gdt(v);
    CU_ASSERT_EQUAL(kind(a), FRAME_NONE);
    CU_ASSERT_EQUAL(window[0] & PTE_MFN_MASK, ZERO_PAGE_MADDR);
    CU_ASSERT_EQUAL(frame_get_writable(a, guest), 0);
    frame_put_writable(a);
}

static void test_update(void)
{
    mfn_t gdt = page_of(guest), data = page_of(guest), table = page_of(guest), foreign = page_of(other);
    u64 frame = mfn_x(gdt), *entries = mfn_to_virt(gdt);

    CU_ASSERT_EQUAL(descriptor_set_gdt(v, &frame, 512), 0);
    CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(gdt) + 16, CODE64_DPL0), 0);
    CU_ASSERT_EQUAL(entries[2], CODE64_DPL0 | DPL3);
    CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(gdt) + 17, CODE64_DPL0), -EINVAL);
    for (u64 type = 0; type < 16; type++)
        CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(gdt) + 24, PRESENT | type << 40), -EINVAL);
    CU_ASSERT_EQUAL(entries[3], 0);
    CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(foreign), DATA_DPL3), -EINVAL);
    CU_ASSERT_EQUAL(descriptor_update(v, 1ull << 50, DATA_DPL3), -EINVAL);
    /* an ordinary page will do (a table that is not in use yet), a page table will not */
    CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(data) + 8, DATA_DPL3), 0);
    CU_ASSERT_EQUAL(((u64 *)mfn_to_virt(data))[1], DATA_DPL3);
    CU_ASSERT_EQUAL(kind(data), FRAME_NONE);
    CU_ASSERT_EQUAL(pt_pin(v, guest, table, 1), 0);
    CU_ASSERT_EQUAL(descriptor_update(v, mfn_to_maddr(table), DATA_DPL3), -EINVAL);
    CU_ASSERT_EQUAL(*(u64 *)mfn_to_virt(table), 0);
    CU_ASSERT_EQUAL(pt_unpin(v, guest, table), 0);
    descriptor_drop_gdt(v);
}

/* L4 -> L3 -> L2 -> L1, whose entries 5 and 6 map the two pages read-only. */
static mfn_t map_two(mfn_t first, mfn_t second)
{
    mfn_t table[5];

    for (u32 level = 1; level < 5; level++) {
        table[level] = page_of(guest);
        if (level > 1)
            ((u64 *)mfn_to_virt(table[level]))[0] = mfn_to_maddr(table[level - 1]) | PTE_P | PTE_RW | PTE_US;
    }
    ((u64 *)mfn_to_virt(table[1]))[5] = mfn_to_maddr(first) | PTE_P | PTE_US;
    ((u64 *)mfn_to_virt(table[1]))[6] = mfn_to_maddr(second) | PTE_P | PTE_US;
    return table[4];
}

static void test_ldt(void)
{
    mfn_t good = page_of(guest), bad = page_of(guest), base = map_two(good, bad);
    int error;

    ((u64 *)mfn_to_virt(good))[0] = DATA_DPL3;
    ((u64 *)mfn_to_virt(bad))[9] = PRESENT | 0xfull << 40;
    while ((error = pt_set_base(v, base)) == -ERESTART)
        ;
    CU_ASSERT_EQUAL_FATAL(error, 0);
    CU_ASSERT_EQUAL(descriptor_set_ldt(v, 5 * PAGE_SIZE, 8193), -EINVAL);
    CU_ASSERT_EQUAL(descriptor_set_ldt(v, 5 * PAGE_SIZE + 8, 512), -EINVAL);
    CU_ASSERT_EQUAL(descriptor_set_ldt(v, HV_VIRT_START, 512), -EINVAL);
    CU_ASSERT_EQUAL(descriptor_set_ldt(v, 5 * PAGE_SIZE, 1000), 0);
    CU_ASSERT_EQUAL(ldt_register, 1000);
    CU_ASSERT_EQUAL(kind(good), FRAME_NONE);

    CU_ASSERT(descriptor_ldt_fault(v, 8));
    CU_ASSERT_EQUAL(kind(good), FRAME_DESCRIPTORS);
    CU_ASSERT_EQUAL(window[16] & PTE_MFN_MASK, mfn_to_maddr(good));
    CU_ASSERT_FALSE(descriptor_ldt_fault(v, 8));                 /* it is there: not what was missing */
    CU_ASSERT_FALSE(descriptor_ldt_fault(v, PAGE_SIZE + 8));     /* a gate in it */
    CU_ASSERT_EQUAL(window[17], 0);
    CU_ASSERT_FALSE(descriptor_ldt_fault(v, 2 * PAGE_SIZE));     /* beyond its end */
    CU_ASSERT_FALSE(descriptor_ldt_fault(v, 15 * PAGE_SIZE));

    descriptor_unload_window(v);
    CU_ASSERT_EQUAL(window[16], 0);
    CU_ASSERT_EQUAL(kind(good), FRAME_DESCRIPTORS);
    descriptor_load_window(v);
    CU_ASSERT_EQUAL(window[16] & PTE_MFN_MASK, mfn_to_maddr(good));
    CU_ASSERT_EQUAL(descriptor_set_ldt(v, 0, 0), 0);
    CU_ASSERT_EQUAL(window[16], 0);
    CU_ASSERT_EQUAL(ldt_register, 0);
    CU_ASSERT_EQUAL(kind(good), FRAME_NONE);
}

static CU_TestInfo tests[] = {
    {"each type of descriptor", test_each_type},
    {"a whole page", test_page},
    {"code selectors of a trap table", test_code_selectors},
    {"set_gdt", test_gdt},
    {"update_descriptor", test_update},
    {"the lazy LDT", test_ldt},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run_between("descriptor", setup, NULL, tests);
}
