/* SPDX-License-Identifier: MIT */
/*
 * The canary: a VPS that fills nearly all of its memory with a pattern and looks for ever whether it is as it was: its
 * pages, its page tables (but for accessed and dirty bits), its machine-to-physical entries, its grants to other domains and
 * its ports that wait for them, its ports' pending bits. Nobody but itself may change any of it. After each
 * look it says on its console
 *
 *   canary: look N, P pages, W wrong
 *
 * at the start also which frames some of it stands in, and what was wrong, the first ten times. Its command line: friend=N, the domain that the grants and ports are for; a
 * domain of another number must not get at them.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/sched.h>

#include "guest.h"

#define FIELD_PAGES 2560
#define PORTS       8
#define GRANTS      8
#define FIRST_GRANT 20
#define TABLES      24

const char test_title[] = "canary: memory that nobody else may change";

static uint64_t field[FIELD_PAGES][512] __attribute__((aligned(PAGE_SIZE)));
static unsigned long field_mfn[FIELD_PAGES];
static struct grant_entry_v1 *grants, grants_were[GRANTS];
static evtchn_port_t ports[PORTS];
static struct {
    const uint64_t *at;
    uint64_t sum;
} tables[TABLES];
static unsigned int tables_count, wrong;
static domid_t friend;

static void say_wrong(const char *what, unsigned long which, unsigned long found)
{
    if (wrong++ < 10)
        print("canary: WRONG %s %lu: %#lx\n", what, which, found);
}

static uint64_t pattern(unsigned int page, unsigned int word)
{
    return ((uint64_t)page << 32 | word) * 0x9e3779b97f4a7c15ull ^ 0x6d657773;
}

static uint64_t table_sum(const uint64_t *table)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < 512; i++)
        sum = (sum << 7 | sum >> 57) ^ (table[i] & ~(PTE_ACCESSED | PTE_DIRTY));
    return sum;
}

/* The tables that map a page, from the root down: each once. */
static void tables_add(const void *page)
{
    for (int level = 1; level <= 4; level++) {
        const uint64_t *entry = pt_entry(page, level);
        const uint64_t *table = (const uint64_t *)((uintptr_t)entry & ~(PAGE_SIZE - 1ul));
        unsigned int i = 0;

        while (i < tables_count && tables[i].at != table)
            i++;
        if (i == tables_count && tables_count < TABLES) {
            tables[tables_count].at = table;
            tables[tables_count++].sum = table_sum(table);
        }
    }
}

static void grants_set(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

    set_xen_guest_handle(setup.frame_list, &frame);
    grants = page_alloc();
    if (hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status ||
        page_remap(grants, frame, PTE_RW))
        report_error("no grant table");
    for (unsigned int i = 0; i < GRANTS; i++) {
        struct grant_entry_v1 entry = {
            .flags = GTF_permit_access, .domid = friend, .frame = (uint32_t)field_mfn[i * 7]};

        grants[FIRST_GRANT + i] = grants_were[i] = entry;
    }
}

static void ports_set(void)
{
    for (unsigned int i = 0; i < PORTS; i++) {
        struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = friend};
        long rc = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

        if (rc)
            report_error("alloc_unbound: %ld", rc);
        ports[i] = op.port;
    }
}

static void look(void)
{
    const uint64_t *m2p = (const uint64_t *)MACH2PHYS_VIRT_START;

    for (unsigned int page = 0; page < FIELD_PAGES; page++) {
        for (unsigned int word = 0; word < 512; word++)
            if (field[page][word] != pattern(page, word))
                say_wrong("word in page", page << 12 | word * 8, field[page][word]);
        if (m2p[field_mfn[page]] != ((uintptr_t)field[page] - GUEST_VIRT_BASE) / PAGE_SIZE)
            say_wrong("machine-to-physical entry", field_mfn[page], m2p[field_mfn[page]]);
    }
    for (unsigned int i = 0; i < tables_count; i++)
        if (table_sum(tables[i].at) != tables[i].sum)
            say_wrong("page table", mfn_of(tables[i].at), 0);
    for (unsigned int i = 0; i < GRANTS; i++)
        if (memcmp(&grants[FIRST_GRANT + i], &grants_were[i], sizeof(grants_were[i])))
            say_wrong("grant", FIRST_GRANT + i, grants[FIRST_GRANT + i].flags);
    for (unsigned int i = 0; i < PORTS; i++) {
        struct evtchn_status status = {.dom = DOMID_SELF, .port = ports[i]};

        if (hypercall_event_channel_op(EVTCHNOP_status, &status) ||
            status.status != EVTCHNSTAT_unbound || status.u.unbound.dom != friend)
            say_wrong("port", ports[i], status.status);
        if (event_pending(ports[i]))
            say_wrong("pending port", ports[i], 1);
    }
}

void test_main(void)
{
    const char *p = (const char *)start_info->cmd_line;

    for (; *p && strncmp(p, "friend=", 7); p++)
        ;
    for (p += *p ? 7 : 0; *p >= '0' && *p <= '9'; p++)
        friend = (domid_t)(friend * 10 + *p - '0');
    for (unsigned int page = 0; page < FIELD_PAGES; page++) {
        field_mfn[page] = mfn_of(field[page]);
        for (unsigned int word = 0; word < 512; word++)
            field[page][word] = pattern(page, word);
    }
    grants_set();
    ports_set();
    for (unsigned int page = 0; page < FIELD_PAGES; page += 64)
        tables_add(field[page]);
    tables_add(tables);
    /* for those who are to have a go at them: data, a page table, the root, the grant table */
    print("canary: frames %lu.%lu.%lu.%lu\n", field_mfn[FIELD_PAGES / 2],
          mfn_of(pt_entry(field[0], 1)), mfn_of((void *)start_info->pt_base),
          (*pt_entry(grants, 1) & PTE_ADDRESS) >> 12);
    for (unsigned int n = 1;; n++) {
        struct sched_poll nap = {.timeout = time_now() + 200000000};

        look();
        print("canary: look %u, %u pages, %u wrong\n", n, FIELD_PAGES, wrong);
        hypercall_sched_op(SCHEDOP_poll, &nap);
    }
}
