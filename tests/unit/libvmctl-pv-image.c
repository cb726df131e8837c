/* SPDX-License-Identifier: MIT */
/*
 * Tests lib/pv_image: plans domains, fills all their tables into an imaginary memory, then walks
 * those tables as a CPU does and holds each translation against the plan.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/pv_image.h"
#include "suite.h"

#define LINUX_BASE 0xffffffff80000000UL
#define MFN_OFFSET 0x100000UL /* mfn = pfn + this: a 1:1 map would hide a missing translation */

static struct pv_image_input linux_like(void)
{
    return (struct pv_image_input){
        .virt_base = LINUX_BASE,
        .kernel_start = LINUX_BASE + 0x1000000,
        .kernel_end = LINUX_BASE + 0x4a00000,
        .entry = LINUX_BASE + 0x30791c0,
        .init_p2m = 0x8000000000UL,
        .initrd_len = 1000001,
        .nr_pages = 65536,
        .initrd_by_pfn = true,
    };
}

static uint64_t mfn_of(void *context, uint64_t pfn)
{
    uint64_t limit = *(uint64_t *)context;

    if (pfn >= limit)
        abort();
    return pfn + MFN_OFFSET;
}

static uint64_t (*fill_all(const struct pv_image *image))[512]
{
    uint64_t(*tables)[512] = calloc(image->nr_tables, sizeof(*tables));
    uint64_t limit = image->pages_needed;

    for (uint64_t i = 0; i < image->nr_tables; i++) {
        memset(tables[i], 0xff, sizeof(tables[i])); /* each entry has to be written */
        pv_image_fill_table(image, i, tables[i], mfn_of, &limit);
    }
    return tables;
}

static uint64_t table_by_pfn(const struct pv_image *image, uint64_t pfn)
{
    for (uint64_t i = 0; i < image->nr_tables; i++)
        if (pv_image_table_pfn(image, i) == pfn)
            return i;
    return UINT64_MAX;
}

/* Returns the L1 entry that maps virt, 0 where none does. */
static uint64_t walk(const struct pv_image *image, uint64_t (*tables)[512], uint64_t virt)
{
    uint64_t table = 0;

    for (unsigned int level = 4;; level--) {
        uint64_t entry = tables[table][(virt >> (12 + 9 * (level - 1))) & 511];

        if (level == 1 || !(entry & 1))
            return entry;
        table = table_by_pfn(image, (entry >> 12) - MFN_OFFSET);
        if (table == UINT64_MAX)
            return 0;
    }
}

/* Holds pages pages from virt against pfns from pfn; step spares time on big ranges. */
static void check_range(const struct pv_image *image, uint64_t (*tables)[512], uint64_t virt,
                        uint64_t pfn, uint64_t pages)
{
    unsigned int wrong = 0;

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = walk(image, tables, virt + (i << 12)), at = pfn + i;
        bool table = at >= image->tables.pfn && at < image->tables.pfn + image->tables.pages;

        if (entry != (((at + MFN_OFFSET) << 12) | (table ? 0x65UL : 0x67UL)))
            wrong++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static uint64_t count_present(const struct pv_image *image, uint64_t (*tables)[512])
{
    uint64_t present = 0;

    for (uint64_t i = 0; i < image->nr_tables; i++)
        for (unsigned int e = 0; e < 512; e++)
            present += tables[i][e] & 1;
    return present;
}

/* What must hold for every plan: order, room, and tables that map just what they should. */
static void check_plan(const struct pv_image_input *in, const struct pv_image *im)
{
    uint64_t region = (im->region_end - im->region_start) >> 12;
    uint64_t far_p2m = im->p2m_span.start == im->p2m_span.end ? 0 : im->p2m.pages;
    uint64_t(*tables)[512] = fill_all(im);
    const struct pv_image_part *order[] = {
        &im->kernel, &im->initrd,  &im->p2m,    &im->start_info,
        &im->store,  &im->console, &im->tables, &im->stack,
    };
    uint64_t pfn = im->kernel.pfn;

    for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (order[i]->pages == 0 || order[i]->pfn >= region)
            continue;
        CU_ASSERT_EQUAL(order[i]->pfn, pfn);
        CU_ASSERT_EQUAL(order[i]->virt, im->region_start + (pfn << 12));
        pfn += order[i]->pages;
    }
    CU_ASSERT(im->kernel.virt <= in->kernel_start);
    CU_ASSERT(im->kernel.virt + im->kernel.pages * 4096 >= in->kernel_end);
    CU_ASSERT(im->initrd.pages * 4096 >= in->initrd_len);
    CU_ASSERT(im->p2m.pages * 512 >= in->nr_pages);
    CU_ASSERT_EQUAL(im->region_end & 0x3fffff, 0);
    CU_ASSERT(region - pfn >= 128);
    CU_ASSERT_EQUAL(im->stack_top, im->stack.virt + 4096);
    CU_ASSERT(im->pages_needed <= in->nr_pages);
    CU_ASSERT_EQUAL(im->store.pages, in->dom0 ? 0 : 1);
    CU_ASSERT_EQUAL(im->console.pages, in->dom0 ? 0 : 1);
    check_range(im, tables, im->region_start, 0, region);
    if (far_p2m)
        check_range(im, tables, im->p2m.virt, im->p2m.pfn, im->p2m.pages);
    /* every page mapped once, every table but the L4 linked once, and nothing else */
    CU_ASSERT_EQUAL(count_present(im, tables), region + far_p2m + im->nr_tables - 1);
    free(tables);
}

static void test_linux_domu(void)
{
    struct pv_image_input in = linux_like();
    struct pv_image im;

    CU_ASSERT_PTR_NULL_FATAL(pv_image_plan(&in, &im));
    check_plan(&in, &im);
    CU_ASSERT_EQUAL(im.kernel.pfn, 0x1000);
    CU_ASSERT(im.initrd_by_pfn);
    CU_ASSERT_EQUAL(im.initrd.virt, 0);
    CU_ASSERT(im.initrd.pfn >= (im.region_end - im.region_start) >> 12);
    CU_ASSERT_EQUAL(im.p2m.virt, in.init_p2m);
    CU_ASSERT_EQUAL(im.first_p2m_pfn, im.p2m.pfn);
    CU_ASSERT_EQUAL(im.nr_p2m_frames, 128 + 3);
    CU_ASSERT_EQUAL(im.pages_needed, im.first_p2m_pfn + im.nr_p2m_frames);
}

static void test_dom0(void)
{
    struct pv_image_input in = linux_like();
    struct pv_image im;

    in.dom0 = true;
    in.nr_pages = 1500 * 256;
    in.initrd_len = 130UL << 20;
    CU_ASSERT_PTR_NULL_FATAL(pv_image_plan(&in, &im));
    check_plan(&in, &im);
}

static void test_all_mapped(void)
{
    struct pv_image_input in = linux_like();
    struct pv_image im;

    in.initrd_by_pfn = false;
    in.init_p2m = PV_IMAGE_NO_ADDR;
    CU_ASSERT_PTR_NULL_FATAL(pv_image_plan(&in, &im));
    check_plan(&in, &im);
    CU_ASSERT_EQUAL(im.nr_p2m_frames, 0);
    CU_ASSERT_FALSE(im.initrd_by_pfn);
    CU_ASSERT_EQUAL(im.initrd.pfn, im.kernel.pfn + im.kernel.pages);
}

static void test_tiny_low_kernel(void)
{
    struct pv_image_input in = {
        .virt_base = 0,
        .kernel_start = 0x100000,
        .kernel_end = 0x101001,
        .entry = 0x100000,
        .init_p2m = PV_IMAGE_NO_ADDR,
        .nr_pages = 1024,
    };
    struct pv_image im;

    CU_ASSERT_PTR_NULL_FATAL(pv_image_plan(&in, &im));
    check_plan(&in, &im);
    CU_ASSERT_EQUAL(im.region_end, 4UL << 20);
    in.nr_pages = 1023;
    CU_ASSERT_PTR_NOT_NULL(pv_image_plan(&in, &im));
}

static void expect_refused(const struct pv_image_input *in)
{
    struct pv_image im;

    memset(&im, 0x5a, sizeof(im));
    CU_ASSERT_PTR_NOT_NULL(pv_image_plan(in, &im));
    for (unsigned int i = 0; i < sizeof(im); i++)
        CU_ASSERT_EQUAL(((unsigned char *)&im)[i], 0x5a);
}

static void test_refusals(void)
{
    struct pv_image_input good = linux_like(), in;

#define REFUSE(field, value) \
    do {                     \
        in = good;           \
        in.field = (value);  \
        expect_refused(&in); \
    } while (0)
    REFUSE(nr_pages, 0);
    REFUSE(nr_pages, UINT64_MAX);
    REFUSE(nr_pages, 0x4a00);
    REFUSE(virt_base, LINUX_BASE + 1);
    REFUSE(virt_base, LINUX_BASE + 0x2000000);
    REFUSE(virt_base, 0);
    REFUSE(kernel_end, good.kernel_start);
    REFUSE(kernel_end, UINT64_MAX);
    REFUSE(entry, good.kernel_end);
    REFUSE(entry, 0);
    REFUSE(initrd_len, UINT64_MAX);
    REFUSE(initrd_len, 256UL << 20);
    REFUSE(init_p2m, 0x8000000001UL);
    REFUSE(init_p2m, 0xffff800000000000UL);
    REFUSE(init_p2m, 0x0000800000000000UL);
    REFUSE(init_p2m, 0xffffffff00000000UL);
    REFUSE(init_p2m, 0xfffffffffffff000UL);
#undef REFUSE
    in = (struct pv_image_input){
        .virt_base = 0xffff87fffff00000UL,
        .kernel_start = 0xffff87fffff00000UL,
        .kernel_end = 0xffff880000100000UL,
        .entry = 0xffff87fffff00000UL,
        .init_p2m = PV_IMAGE_NO_ADDR,
        .nr_pages = 65536,
    };
    expect_refused(&in);
    in.virt_base = in.kernel_start = in.entry = 0xffffffffffe00000UL;
    in.kernel_end = 0xffffffffffe01000UL;
    expect_refused(&in);
}

/* Seeded, so that a failure comes back: sizes around every table boundary. */
static void test_random_plans(void)
{
    unsigned int planned = 0;

    srand(1);
    for (unsigned int round = 0; round < 300; round++) {
        struct pv_image_input in = {
            .virt_base = (uint64_t)rand() % 4096 << 12,
            .initrd_len = (uint64_t)rand() % (8 << 20),
            .nr_pages = 1 + (uint64_t)rand() % 20000,
            .init_p2m = rand() % 2 ? PV_IMAGE_NO_ADDR : (uint64_t)(rand() % 4096) << 30,
            .initrd_by_pfn = rand() % 2,
            .dom0 = rand() % 2,
        };
        struct pv_image im;

        in.virt_base += rand() % 2 ? LINUX_BASE : 0x3f000000UL;
        in.kernel_start = in.virt_base + (uint64_t)rand() % (16 << 20);
        in.kernel_end = in.kernel_start + 1 + (uint64_t)rand() % (32 << 20);
        in.entry = in.kernel_start;
        if (pv_image_plan(&in, &im))
            continue;
        planned++;
        check_plan(&in, &im);
    }
    CU_ASSERT(planned > 100);
}

/* Hostile numbers in every field: any answer is right as long as nothing is read out of bounds. */
static void test_hostile_numbers(void)
{
    static const uint64_t values[] = {
        0,
        1,
        4095,
        4096,
        0x7fffffffffffUL,
        0x800000000000UL,
        0xffff800000000000UL,
        0xffff880000000000UL,
        LINUX_BASE,
        UINT64_MAX - 4095,
        UINT64_MAX - 1,
        UINT64_MAX,
        1UL << 36,
        1UL << 48,
        1UL << 63,
    };
    unsigned int n = sizeof(values) / sizeof(values[0]), planned = 0;

    srand(2);
    for (unsigned int round = 0; round < 200000; round++) {
        struct pv_image_input in = linux_like();
        struct pv_image im;
        uint64_t *field[] = {
            &in.virt_base, &in.kernel_start, &in.kernel_end, &in.entry,
            &in.init_p2m,  &in.initrd_len,   &in.nr_pages,
        };

        for (int k = rand() % 4; k >= 0; k--)
            *field[rand() % 7] = values[(unsigned int)rand() % n] + (uint64_t)(rand() % 3) - 1;
        if (!pv_image_plan(&in, &im)) {
            planned++;
            CU_ASSERT_FATAL(im.pages_needed <= in.nr_pages);
        }
    }
    CU_ASSERT(planned > 0);
}

static CU_TestInfo tests[] = {
    {"a Debian-like VPS", test_linux_domu},
    {"a dom0", test_dom0},
    {"initrd and p2m inside the region", test_all_mapped},
    {"a tiny kernel at 0", test_tiny_low_kernel},
    {"refusals", test_refusals},
    {"300 random plans, tables walked", test_random_plans},
    {"hostile numbers", test_hostile_numbers},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("pv_image", tests);
}
