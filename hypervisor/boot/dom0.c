/* SPDX-License-Identifier: MIT */
/*
 * Dom0's start, from the loader's modules. Steps:
 *   1. read the kernel (module 0) and lay the domain out (lib/pv_image.h)
 *   2. memory: a few large chunks in the order of pfns; the initramfs (module 1) becomes dom0's where it lies
 *   3. contents: kernel, p2m, start info, page tables
 *   4. the page tables are pinned as any guest's are, and vcpu 0 gets its context
 * It must never give dom0 anything that the checks for guests would refuse: it goes through them.
 */
#include "boot/boot.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "lib/pv_elf.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/device_map.h"
#include "memory/frame.h"
#include "memory/layout.h"
#include "memory/map.h"
#include "memory/pagetable.h"
#include "pv/context.h"

#define MAX_CHUNKS 512
#define MIB_PAGES 256ull
#define BDA_VIDEO_MODE 0x449
#define TEXT_MODE_3 3

struct chunk {
    u64 pfn, pages;
    mfn_t mfn;
};

static struct chunk chunks[MAX_CHUNKS] __initdata;
static u32 chunk_count __initdata;
static u64 dom0_pages __initdata; /* frames it has so far */
static struct pv_elf elf __initdata;
static struct pv_image image __initdata;
static struct vcpu_guest_context context __initdata;

static void __noreturn __init refuse(const char *what, const char *why)
{
    boot_options.noreboot = true;
    panic("cannot start dom0: %s: %s", what, why);
}

/* The chunk that holds pfn; chunks are in order. */
static u64 __init mfn_of(void *ctx, uint64_t pfn)
{
    u32 low = 0, high = chunk_count;

    (void)ctx;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;

        if (chunks[middle].pfn <= pfn)
            low = middle;
        else
            high = middle;
    }
    BUG_ON(!chunk_count || pfn - chunks[low].pfn >= chunks[low].pages);
    return mfn_x(chunks[low].mfn) + pfn - chunks[low].pfn;
}

static void *__init page_of(u64 pfn)
{
    return mfn_to_virt(mfn(mfn_of(NULL, pfn)));
}

static void __init add_chunk(mfn_t m, u64 pages)
{
    chunks[chunk_count++] = (struct chunk){dom0_pages, pages, m};
    dom0_pages += pages;
}

/* Frames until dom0 has `until`; false if they ran out first. */
static bool __init allocate(struct domain *d, u64 until)
{
    u32 order = ALLOC_MAX_ORDER;

    while (dom0_pages < until && chunk_count < MAX_CHUNKS) {
        mfn_t m = INVALID_MFN;

        while (order && 1ull << order > until - dom0_pages)
            order--;
        m = frame_alloc(d, order, ALLOC_NO_SCRUB, 0);
        if (!mfn_eq(m, INVALID_MFN))
            add_chunk(m, 1ull << order);
        else if (!order--)
            return false;
    }
    return dom0_pages == until;
}

static bool __init initrd_in_place(const struct boot_module *initrd)
{
    return initrd && initrd->size && !(initrd->start & ~PAGE_MASK) &&
           initrd->start >= MIB_PAGES << PAGE_SHIFT;
}

/* The module's frames are dom0's now; what follows its end in the last one was the loader's. */
static void __init adopt_initrd(struct domain *d, const struct boot_module *initrd)
{
    u64 pages = (initrd->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    mfn_t first = maddr_to_mfn(initrd->start);

    for (u64 i = 0; i < pages; i++)
        frame_adopt(mfn_add(first, i), d);
    memset((u8 *)maddr_to_virt(initrd->start) + initrd->size, 0, pages * PAGE_SIZE - initrd->size);
    add_chunk(first, pages);
}

/* How much memory it gets: as the options say, else all but a sixteenth (at least 16, at most 256 MiB). */
static u64 __init choose_pages(u64 initrd_pages)
{
    u64 free = alloc_free_frames(), reserve = alloc_total_frames() / 16, most;

    reserve = MAX(MIN(reserve, 256 * MIB_PAGES), 16 * MIB_PAGES);
    most = (free > reserve ? free - reserve : 0) + initrd_pages;
    if (!boot_options.dom0_mem)
        return most;
    /* what was asked for explicitly may go down to the last megabytes */
    most = (free > 4 * MIB_PAGES ? free - 4 * MIB_PAGES : 0) + initrd_pages;
    return MIN(boot_options.dom0_mem >> PAGE_SHIFT, most);
}

static void __init copy_to_domain(u64 offset, const u8 *from, u64 size)
{
    while (size) {
        u64 in_page = offset & ~PAGE_MASK, n = MIN(size, PAGE_SIZE - in_page);

        memcpy((u8 *)page_of(offset >> PAGE_SHIFT) + in_page, from, n);
        offset += n;
        from += n;
        size -= n;
    }
}

static void __init write_kernel(u64 virt_base)
{
    for (u32 i = 0; i < elf.nr_segments; i++) {
        struct pv_elf_segment s = elf.segment[i];

        copy_to_domain(s.virt - virt_base, elf.file + s.offset, s.file_len);
    }
    if (elf.hypercall_page != PV_IMAGE_NO_ADDR)
        hypercall_page_fill(page_of((elf.hypercall_page - virt_base) >> PAGE_SHIFT));
}

static void __init write_p2m(void)
{
    u64 *page = NULL, pfn = 0;

    for (u32 i = 0; i < chunk_count; i++)
        for (u64 at = 0; at < chunks[i].pages; at++, pfn++) {
            u64 m = mfn_x(chunks[i].mfn) + at;

            if (pfn % 512 == 0)
                page = page_of(image.p2m.pfn + pfn / 512);
            page[pfn % 512] = m;
            m2p_set(mfn(m), pfn);
        }
}

static u32 __init write_video(struct dom0_vga_console_info *v)
{
    const u8 *bios_data = device_map(0, PAGE_SIZE, false);

    if (!bios_data || bios_data[BDA_VIDEO_MODE] != TEXT_MODE_3)
        return 0;
    v->video_type = XEN_VGATYPE_TEXT_MODE_3;
    v->u.text_mode_3.font_height = 16;
    v->u.text_mode_3.rows = 25;
    v->u.text_mode_3.columns = 80;
    return sizeof(*v);
}

static void __init write_start_info(const struct domain *d, u64 initrd_size)
{
    struct start_info *s = page_of(image.start_info.pfn);

    string_copy(s->magic, "xen-3.0-x86_64", sizeof(s->magic));
    s->nr_pages = dom0_pages;
    s->shared_info = virt_to_maddr(d->shared);
    s->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    s->pt_base = image.tables.virt;
    s->nr_pt_frames = image.tables.pages;
    s->mfn_list = image.p2m.virt;
    s->first_p2m_pfn = image.first_p2m_pfn;
    s->nr_p2m_frames = image.nr_p2m_frames;
    if (initrd_size) {
        s->mod_start = image.initrd_by_pfn ? image.initrd.pfn : image.initrd.virt;
        s->mod_len = initrd_size;
        s->flags |= image.initrd_by_pfn ? SIF_MOD_START_PFN : 0;
    }
    s->console.dom0.info_off = sizeof(*s);
    s->console.dom0.info_size = write_video((void *)(s + 1));
    string_copy((char *)s->cmd_line, boot_words(boot_info.module[0].string), sizeof(s->cmd_line));
}

static void __init start_vcpu(struct domain *d)
{
    mfn_t l4 = mfn(mfn_of(NULL, pv_image_table_pfn(&image, 0)));
    int error;

    do
        error = pt_pin(current_vcpu(), d, l4, 4);
    while (error == -ERESTART);
    if (error)
        panic("dom0's page tables do not validate (error %d)", error);
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = image.entry;
    context.user_regs.rsp = image.stack_top;
    context.user_regs.rsi = image.start_info.virt;
    context.user_regs.rflags = 0x202;
    context.user_regs.cs = FLAT_KERNEL_CS64;
    context.user_regs.ss = FLAT_KERNEL_SS64;
    context.kernel_ss = FLAT_KERNEL_SS64;
    context.kernel_sp = image.stack_top;
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_x(l4));
    for (u32 i = 0; i < ARRAY_SIZE(context.trap_ctxt); i++)
        context.trap_ctxt[i].cs = FLAT_KERNEL_CS64;
    do
        error = pv_set_context(d->vcpu[0], &context);
    while (error == -ERESTART);
    if (error)
        panic("dom0's first context is refused (error %d)", error);
    d->vcpu[0]->sched.down = false;
}

/* As many vcpus as there are CPUs, unless asked otherwise. */
static struct domain *__init create(void)
{
    u64 vcpus = boot_options.dom0_max_vcpus ? boot_options.dom0_max_vcpus : cpu_count;
    struct domain_limits limits = {(u32)MIN(vcpus, (u64)MAX_VCPUS), 0, -1, -1, 0};
    struct domain *d;

    if (domain_create(0, &limits, true, &d))
        panic("no memory for dom0");
    for (u32 i = 0; i < limits.vcpus; i++)
        if (vcpu_create(d, i))
            panic("no memory for dom0's vcpu %u", i);
    dom0 = d;
    return d;
}

/* Step 2. */
static void __init give_memory(struct domain *d, const struct boot_module *initrd, u64 pages)
{
    u64 initrd_pages = image.initrd.pages, from = dom0_pages;
    bool ok;

    d->max_pages = MAX(pages, boot_options.dom0_mem_max >> PAGE_SHIFT);
    if (initrd_in_place(initrd)) {
        ok = allocate(d, image.initrd.pfn);
        if (ok)
            adopt_initrd(d, initrd);
    } else {
        ok = allocate(d, image.initrd.pfn + initrd_pages);
    }
    if (!ok || (!allocate(d, pages) && dom0_pages < image.pages_needed))
        refuse("memory", "it cannot be allocated");
    for (u64 pfn = from; pfn < image.pages_needed; pfn++)
        if (!initrd_in_place(initrd) || pfn - image.initrd.pfn >= initrd_pages)
            clear_page(page_of(pfn));
}

void __init boot_dom0(void)
{
    const struct boot_module *kernel = &boot_info.module[0], *initrd = NULL;
    struct pv_image_input in;
    struct domain *d;
    const char *why;

    if (!boot_info.module_count)
        refuse("no kernel", "the loader gave no module");
    if (boot_info.module_count > 1)
        initrd = &boot_info.module[1];
    why = pv_elf_parse(maddr_to_virt(kernel->start), kernel->size, &elf);
    if (why)
        refuse("kernel", why);
    d = create();
    in = elf.image;
    in.initrd_len = initrd ? initrd->size : 0;
    in.dom0 = true;
    in.nr_pages = choose_pages(initrd_in_place(initrd) ? (in.initrd_len + PAGE_SIZE - 1) >> PAGE_SHIFT : 0);
    why = pv_image_plan(&in, &image);
    if (why)
        refuse("memory", why);
    give_memory(d, initrd, in.nr_pages);
    write_kernel(in.virt_base);
    if (initrd && !initrd_in_place(initrd)) {
        copy_to_domain(image.initrd.pfn << PAGE_SHIFT, maddr_to_virt(initrd->start), initrd->size);
        map_free_module(initrd->start, initrd->size);
    }
    write_p2m();
    write_start_info(d, in.initrd_len);
    for (u64 i = 0; i < image.nr_tables; i++)
        pv_image_fill_table(&image, i, page_of(pv_image_table_pfn(&image, i)), mfn_of, NULL);
    start_vcpu(d);
    map_free_module(kernel->start, kernel->size);
    printk(PRINT_INFO, "mews: dom0: %llu MiB, %u vcpu%s, entry %lx\n", dom0_pages / MIB_PAGES,
           d->max_vcpus, d->max_vcpus == 1 ? "" : "s", image.entry);
    domain_control_pause(d, false);
}
