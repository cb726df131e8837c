/* SPDX-License-Identifier: MIT */
/*
 * A VPS that leaves its memory as dirty as it can, and looks for what others left in what it gets.
 *
 * Theory: no frame that comes to a domain, when it is made or when it grows, holds anything of the
 * domain that had it before: it is all zero. This guest looks through every frame that it was made with
 * (those of its image must not hold a neighbour's pattern, all others must be zero), then fills all that
 * it can spare with a pattern. It heeds memory/target like any balloon: what it gives up is full of the
 * pattern, and what it gets is looked through before it is filled.
 *
 * It says, on its console:
 *   vps-balloon: made with N pages: P with the pattern, D dirty
 *   vps-balloon: filled N pages            (all below the image are left alone)
 *   vps-balloon: gave N pages, has M
 *   vps-balloon: got N pages, has M: P with the pattern, D dirty
 * Words of its command line: "nofill" leaves its memory as it found it; "stubborn" heeds no target.
 */
#include <public/memory.h>
#include <public/sched.h>

#include "console.h"
#include "guest.h"
#include "os.h"
#include "store.h"

#define SECOND    1000000000ull
#define BATCH     512u
#define MAX_PAGES (1u << 18)
/* A page with so many words of the pattern was filled with it: the number itself stands here and there. */
#define ENOUGH    16

const char test_title[] = "vps-balloon: dirty memory, given and taken";

static struct pv_console console;
static struct pv_store store;
static unsigned long frames[MAX_PAGES]; /* pfn -> mfn of what it has */
static unsigned long has, first_spare;
static struct mmu_update updates[BATCH];
static xen_pfn_t extents[BATCH];
static const volatile uint64_t pattern = 0x5ec2e75ec2e75ec2ul;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[256];
    va_list args;
    size_t len;

    va_start(args, format);
    len = format_text(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (len > sizeof(line) - 1)
        len = sizeof(line) - 1;
    line[len++] = '\n';
    pv_console_write_all(&console, line, len, OS_NEVER);
}

static bool asked(const char *word)
{
    const char *text = (const char *)start_info->cmd_line;

    for (; *text; text++)
        if (!strncmp(text, word, strlen(word)))
            return true;
    return false;
}

/* ---- looking through the window ---- */

/* Maps `count` frames from `pfn` on into the window; flags 0 unmaps. */
static void window_show(unsigned long pfn, unsigned int count, uint64_t flags)
{
    for (unsigned int i = 0; i < count; i++) {
        updates[i].ptr = maddr_of(&window_l1[i]);
        updates[i].val = flags ? pte_make(frames[pfn + i], flags) : 0;
    }
    if (hypercall_mmu_update(updates, count, NULL, DOMID_SELF))
        report_error("mapping %u frames from pfn %#lx", count, pfn);
    if (mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0))
        report_error("flushing the TLB");
}

struct found {
    unsigned long patterns, dirty; /* pages */
};

static void look_at(volatile const uint64_t *page, struct found *f)
{
    const uint64_t sought = pattern;
    unsigned int same = 0;
    uint64_t any = 0;

    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*page); i++) {
        any |= page[i];
        same += page[i] == sought;
    }
    f->patterns += same >= ENOUGH;
    f->dirty += any != 0;
}

static struct found look(unsigned long pfn, unsigned long count)
{
    struct found f = {0, 0};

    for (unsigned int n; count; pfn += n, count -= n) {
        n = count < BATCH ? (unsigned int)count : BATCH;
        window_show(pfn, n, PTE_RO);
        for (unsigned int i = 0; i < n; i++)
            look_at(window_page(i), &f);
        window_show(pfn, n, 0);
    }
    return f;
}

static void fill(unsigned long pfn, unsigned long count, uint64_t word)
{
    for (unsigned int n; count; pfn += n, count -= n) {
        n = count < BATCH ? (unsigned int)count : BATCH;
        window_show(pfn, n, PTE_RW);
        for (unsigned int i = 0; i < n * (PAGE_SIZE / sizeof(word)); i++)
            window_page(0)[i] = word;
        window_show(pfn, n, 0);
    }
}

/* ---- the balloon ---- */

static long reserve(unsigned int command, unsigned int count)
{
    struct xen_memory_reservation r = {.nr_extents = count, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, extents);
    return hypercall_memory_op(command, &r);
}

/* Gives up to a batch of frames, from the top. */
static bool give(unsigned long target)
{
    unsigned int n = has - target < BATCH ? (unsigned int)(has - target) : BATCH;

    for (unsigned int i = 0; i < n; i++)
        extents[i] = frames[has - n + i];
    if (reserve(XENMEM_decrease_reservation, n) != n)
        report_error("giving %u frames from pfn %#lx", n, has - n);
    has -= n;
    return true;
}

/* Gets up to a batch; false where there is nothing to be had now. */
static bool get(unsigned long target)
{
    unsigned int n = target - has < BATCH ? (unsigned int)(target - has) : BATCH;
    long got;

    for (unsigned int i = 0; i < n; i++)
        extents[i] = has + i;
    got = reserve(XENMEM_populate_physmap, n);
    for (long i = 0; i < got; i++)
        frames[has++] = extents[i];
    return got > 0;
}

static void move_to(unsigned long target, bool filling)
{
    unsigned long had = has;
    struct found f;

    if (target < first_spare)
        target = first_spare;
    if (target > MAX_PAGES)
        target = MAX_PAGES;
    while (has > target && give(target))
        ;
    while (has < target && get(target))
        ;
    if (has < had) {
        say("vps-balloon: gave %lu pages, has %lu", had - has, has);
    } else if (has > had) {
        f = look(had, has - had);
        say("vps-balloon: got %lu pages, has %lu: %lu with the pattern, %lu dirty", has - had, has,
            f.patterns, f.dirty);
        if (filling)
            fill(had, has - had, pattern);
    }
}

/* memory/target in pages; what it has where there is none that makes sense. */
static unsigned long read_target(void)
{
    char text[24];
    unsigned long kib = 0;
    int len = pv_store_read(&store, "memory/target", text, sizeof(text));

    if (len <= 0)
        return has;
    for (int i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return has;
        kib = kib * 10 + (unsigned long)(text[i] - '0');
    }
    return kib / 4;
}

/* Frames behind all that is mapped: nothing of this guest's own is in them. */
static unsigned long find_first_spare(void)
{
    unsigned long pfn = 0x100000 / PAGE_SIZE;

    for (;; pfn++) {
        const uint64_t *entry = pt_entry((const void *)(GUEST_VIRT_BASE + pfn * PAGE_SIZE), 1);

        if (!entry || !(*entry & PTE_PRESENT))
            return pfn;
    }
}

static void start(bool filling)
{
    const unsigned long *p2m = (const unsigned long *)start_info->mfn_list;
    struct found f, check;

    has = start_info->nr_pages;
    if (has > MAX_PAGES)
        report_error("more than %u pages", MAX_PAGES);
    memcpy(frames, p2m, has * sizeof(*frames));
    window_init();
    first_spare = find_first_spare();
    if (first_spare >= has)
        report_error("no page to spare");
    f = look(first_spare, has - first_spare);
    f.patterns += look(0, first_spare).patterns;
    say("vps-balloon: made with %lu pages: %lu with the pattern, %lu dirty", has, f.patterns,
        f.dirty);

    /* what is there is found, or the words above mean nothing */
    fill(first_spare, 1, pattern);
    check = look(first_spare, 1);
    if (check.patterns != 1 || check.dirty != 1)
        report_error("the pattern is not found where it is");
    fill(first_spare, 1, 0);
    if (filling) {
        fill(first_spare, has - first_spare, pattern);
        say("vps-balloon: filled %lu pages", has - first_spare);
    }
}

void test_main(void)
{
    struct pv_store_event event;
    bool filling;

    if (guest_is_dom0())
        report_skip("this guest is a VPS: it needs a console ring and a store");
    if (!pv_console_init(&console) || !pv_store_init(&store))
        report_error("no console, or no store");
    filling = !asked("nofill");
    start(filling);
    if (!asked("stubborn") && pv_store_watch(&store, "memory/target", "target"))
        report_error("cannot watch memory/target");
    say("vps-balloon: ready");
    for (;;) {
        uint64_t again = OS_NEVER;

        os_event_clear(store.port);
        while (pv_store_next_event(&store, &event) == 1)
            ;
        if (!asked("stubborn") && read_target() != has) {
            move_to(read_target(), filling);
            again = os_time() + SECOND; /* there may be more to be had then */
        }
        os_event_wait(&store.port, 1, again);
    }
}
