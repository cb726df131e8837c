/* SPDX-License-Identifier: MIT */
/*
 * The layout of a PV domain's first image, see pv_image.h. It must never read or write anything but
 * its arguments, and must never trust them: sizes come from a kernel file that a tenant brought.
 */
#include "lib/pv_image.h"

#define PAGE           PV_IMAGE_PAGE_SIZE
#define SHIFT          PV_IMAGE_PAGE_SHIFT
#define REGION_ALIGN   (4UL << 20)
#define REGION_PADDING (512UL << 10)

/* The end of the ABI's 64-bit reserved hole, which begins with the upper half. */
#define HOLE_END          0xffff880000000000UL
#define CANONICAL_LOW_END 0x0000800000000000UL

/* More than any domain can have, and far from where 64-bit sums of page counts could wrap. */
#define MAX_PAGES (1UL << 36)

#define PTE_PRESENT  0x001UL
#define PTE_WRITE    0x002UL
#define PTE_USER     0x004UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY    0x040UL

/* A 64-bit PV kernel runs in ring 3, so its pages are user pages. */
#define TABLE_BITS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

static uint64_t bytes_to_pages(uint64_t bytes)
{
    return (bytes >> SHIFT) + ((bytes & (PAGE - 1)) != 0);
}

/* Bytes that one entry of a table of this level covers. */
static unsigned int level_shift(unsigned int level)
{
    return SHIFT + 9 * (level - 1);
}

/* Tables of this level that the span [start, end) touches. end may be 0: the top of memory. */
static uint64_t span_tables(uint64_t start, uint64_t end, unsigned int level)
{
    unsigned int shift = level_shift(level + 1);

    if (start == end)
        return 0;
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* Counts the span's tables; returns their sum. */
static uint64_t span_count(struct pv_image_span *span)
{
    uint64_t sum = 0;

    for (unsigned int level = 1; level <= 3; level++) {
        span->nr[level] = span_tables(span->start, span->end, level);
        sum += span->nr[level];
    }
    return sum;
}

/* True where pages pages from start are guest addresses: one canonical half, outside the hole. */
static bool range_usable(uint64_t start, uint64_t pages)
{
    uint64_t last;

    if (pages == 0 || pages > MAX_PAGES || (start & (PAGE - 1)))
        return false;
    last = start + (pages << SHIFT) - 1;
    if (last < start)
        return false;
    if (start < CANONICAL_LOW_END)
        return last < CANONICAL_LOW_END;
    return start >= HOLE_END;
}

static const char *check_input(const struct pv_image_input *in)
{
    if (in->nr_pages == 0 || in->nr_pages > MAX_PAGES)
        return "the domain's size is out of range";
    if (in->virt_base & (PAGE - 1))
        return "the kernel's VIRT_BASE is not page aligned";
    if (in->kernel_end <= in->kernel_start || in->kernel_start < in->virt_base)
        return "the kernel's addresses are not above its VIRT_BASE";
    if (bytes_to_pages(in->kernel_end - in->virt_base) > in->nr_pages)
        return "the kernel does not fit into the domain's memory";
    if (bytes_to_pages(in->initrd_len) > in->nr_pages)
        return "the initrd does not fit into the domain's memory";
    if (in->entry < in->kernel_start || in->entry >= in->kernel_end)
        return "the kernel's entry point is outside the kernel";
    return 0;
}

/* Places a part at *pfn, mapped in the region, and moves *pfn behind it. */
static struct pv_image_part place(uint64_t region_start, uint64_t *pfn, uint64_t pages)
{
    struct pv_image_part part = {0, *pfn, pages};

    if (pages)
        part.virt = region_start + (*pfn << SHIFT);
    *pfn += pages;
    return part;
}

/*
 * The page tables lie in the region that they map: grow their number until it is enough. Each round
 * can only grow it, and a table maps 511 more pages than it needs, so this ends.
 */
static void place_tables(struct pv_image *image, uint64_t *pfn)
{
    uint64_t tables = 1, need = 1;

    do {
        tables = need;
        image->region_end = image->region_start + ((*pfn + tables + 1) << SHIFT) + REGION_PADDING;
        image->region_end = (image->region_end + REGION_ALIGN - 1) & ~(REGION_ALIGN - 1);
        image->region.end = image->region_end;
        need = 1 + span_count(&image->region);
    } while (need > tables);
    image->tables = place(image->region_start, pfn, tables);
    image->region.table_pfn = image->tables.pfn + 1;
}

/* The p2m outside the region: its pages, then the tables that map them, at pfns from *pfn. */
static const char *place_far_p2m(struct pv_image *image, uint64_t virt, uint64_t *pfn)
{
    uint64_t pages = image->p2m.pages;
    unsigned int slot = level_shift(4);
    struct pv_image_span *span = &image->p2m_span;

    if (!range_usable(virt, pages))
        return "the kernel's INIT_P2M is not an address of a guest";
    image->p2m.virt = virt;
    image->p2m.pfn = *pfn;
    span->start = virt;
    span->end = virt + (pages << SHIFT);
    span->pfn = *pfn;
    span->table_pfn = *pfn + pages;
    if ((span->start >> slot) <= ((image->region_end - 1) >> slot) &&
        ((span->end - 1) >> slot) >= (image->region_start >> slot))
        return "the kernel's INIT_P2M shares a top-level slot with the kernel";
    image->first_p2m_pfn = *pfn;
    image->nr_p2m_frames = pages + span_count(span);
    *pfn += image->nr_p2m_frames;
    return 0;
}

const char *pv_image_plan(const struct pv_image_input *in, struct pv_image *out)
{
    struct pv_image image = {.region_start = in->virt_base, .entry = in->entry};
    bool far_p2m = in->init_p2m != PV_IMAGE_NO_ADDR;
    uint64_t initrd_pages = bytes_to_pages(in->initrd_len), p2m_pages, pfn, region_pages;
    const char *error = check_input(in);

    if (error)
        return error;
    p2m_pages = bytes_to_pages(in->nr_pages * sizeof(uint64_t));
    image.initrd_by_pfn = in->initrd_by_pfn && initrd_pages;
    image.region.start = image.region_start;

    pfn = (in->kernel_start - in->virt_base) >> SHIFT;
    image.kernel =
        place(image.region_start, &pfn, bytes_to_pages(in->kernel_end - in->virt_base) - pfn);
    if (!image.initrd_by_pfn)
        image.initrd = place(image.region_start, &pfn, initrd_pages);
    image.p2m.pages = p2m_pages;
    if (!far_p2m)
        image.p2m = place(image.region_start, &pfn, p2m_pages);
    image.start_info = place(image.region_start, &pfn, 1);
    image.store = place(image.region_start, &pfn, in->dom0 ? 0 : 1);
    image.console = place(image.region_start, &pfn, in->dom0 ? 0 : 1);

    /* All parts are below 3 * nr_pages here; leave room for tables, padding and rounding. */
    if (!range_usable(image.region_start, pfn + pfn / 256 + 4096))
        return "the kernel's addresses are not addresses of a guest";
    place_tables(&image, &pfn);
    image.stack = place(image.region_start, &pfn, 1);
    image.stack_top = image.stack.virt + PAGE;
    region_pages = (image.region_end - image.region_start) >> SHIFT;

    pfn = region_pages;
    if (image.initrd_by_pfn) {
        image.initrd = place(0, &pfn, initrd_pages);
        image.initrd.virt = 0;
    }
    if (far_p2m) {
        error = place_far_p2m(&image, in->init_p2m, &pfn);
        if (error)
            return error;
    }
    image.pages_needed = pfn;
    image.nr_tables = image.tables.pages + image.nr_p2m_frames - (far_p2m ? p2m_pages : 0);
    if (image.pages_needed > in->nr_pages)
        return "kernel, initrd and page tables do not fit into the domain's memory";
    *out = image;
    return 0;
}

/* Which span table number index (>= 1) belongs to; index becomes its number within the span. */
static const struct pv_image_span *table_span(const struct pv_image *image, uint64_t *index)
{
    if (*index < image->tables.pages) {
        *index -= 1;
        return &image->region;
    }
    *index -= image->tables.pages;
    return &image->p2m_span;
}

/* Level of a span's table; *index becomes its number within the level. */
static unsigned int span_level(const struct pv_image_span *span, uint64_t *index)
{
    unsigned int level = 3;

    while (level > 1 && *index >= span->nr[level]) {
        *index -= span->nr[level];
        level--;
    }
    return level;
}

/* pfn of the span's first table of this level. */
static uint64_t span_level_pfn(const struct pv_image_span *span, unsigned int level)
{
    uint64_t pfn = span->table_pfn;

    for (unsigned int above = 3; above > level; above--)
        pfn += span->nr[above];
    return pfn;
}

uint64_t pv_image_table_pfn(const struct pv_image *image, uint64_t index)
{
    const struct pv_image_span *span;

    if (index == 0)
        return image->tables.pfn;
    span = table_span(image, &index);
    return span->table_pfn + index;
}

/* Sets those of one table's entries that lie in the span; the table covers addresses from base. */
static void fill_span(const struct pv_image *image, const struct pv_image_span *span,
                      unsigned int level, uint64_t base, uint64_t page[512], pv_image_mfn_fn mfn_of,
                      void *context)
{
    unsigned int shift = level_shift(level);
    uint64_t first, last, start = span->start, end = span->end - 1, reach = (512UL << shift) - 1;

    if (span->start == span->end)
        return;
    if (level < 4) { /* the L4 covers all addresses, and 512 << 39 sign-extended is not a range */
        start = start > base ? start : base;
        end = end < base + reach ? end : base + reach;
    }
    first = start >> shift;
    last = end >> shift;
    for (uint64_t entry = first; entry <= last; entry++) {
        uint64_t pfn, bits = TABLE_BITS;

        if (level > 1) {
            pfn = span_level_pfn(span, level - 1) + entry - (span->start >> shift);
        } else {
            pfn = span->pfn + entry - (span->start >> shift);
            if (pfn >= image->tables.pfn && pfn < image->tables.pfn + image->tables.pages)
                bits &= ~PTE_WRITE;
        }
        page[entry & 511] = (mfn_of(context, pfn) << SHIFT) | bits;
    }
}

void pv_image_fill_table(const struct pv_image *image, uint64_t index, uint64_t page[512],
                         pv_image_mfn_fn mfn_of, void *context)
{
    const struct pv_image_span *span;
    unsigned int level;
    uint64_t base;

    for (unsigned int i = 0; i < 512; i++)
        page[i] = 0;
    if (index == 0) {
        fill_span(image, &image->region, 4, 0, page, mfn_of, context);
        fill_span(image, &image->p2m_span, 4, 0, page, mfn_of, context);
        return;
    }
    span = table_span(image, &index);
    level = span_level(span, &index);
    base = ((span->start >> level_shift(level + 1)) + index) << level_shift(level + 1);
    fill_span(image, span, level, base, page, mfn_of, context);
}
