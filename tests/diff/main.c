/* SPDX-License-Identifier: MIT */
/*
 * The differential guest: runs all rows and prints one line for each, "DIFF name answer". What a row leaves beside its
 * value shows too: events that became pending, entries in the test slots. Both are then taken away again.
 */
#include "diff.h"

#define SLOT_FIRST 16

const char test_title[] = "diff: what the hypervisor answers";

uint8_t *row_in;
static uint8_t *good, *read_only, *spare, *edge;
static char notes[400];
static size_t notes_length;
static domid_t self;

uint64_t *slot_entry(unsigned int i)
{
    return &window_l1[SLOT_FIRST + i];
}

volatile uint64_t *slot_page(unsigned int i)
{
    return window_page(SLOT_FIRST + i);
}

static unsigned long symbol_value(unsigned int symbol)
{
    const void *pages[] = {good,      read_only, spare, window_l1, window_l2, window_l3, (void *)start_info->pt_base,
                           NULL};

    switch (symbol) {
    case SYMBOL_IN: return (unsigned long)row_in;
    case SYMBOL_GOOD: return (unsigned long)good;
    case SYMBOL_RO: return (unsigned long)read_only;
    case SYMBOL_NONE: return (unsigned long)window_page(8);
    case SYMBOL_EDGE: return (unsigned long)window_page(1) - 4;
    case SYMBOL_SLOT: return (unsigned long)slot_page(0);
    case SYMBOL_F_GOOD ... SYMBOL_F_ROOT: return mfn_of(pages[symbol - SYMBOL_F_GOOD]);
    case SYMBOL_F_SHARED: return start_info->shared_info >> 12;
    case SYMBOL_M_GOOD ... SYMBOL_M_ROOT: return mfn_of(pages[symbol - SYMBOL_M_GOOD]) << 12;
    case SYMBOL_M_SHARED: return start_info->shared_info;
    case SYMBOL_M_SLOT: return maddr_of(slot_entry(0));
    case SYMBOL_M_SLOT2: return maddr_of(&window_l2[SLOT_FIRST]);
    case SYMBOL_M_SLOT3: return maddr_of(&window_l3[SLOT_FIRST]);
    case SYMBOL_M_SLOT4: return maddr_of((uint64_t *)start_info->pt_base + SLOT_FIRST);
    case SYMBOL_SELF: return self;
    }
    report_error("no symbol %u", symbol);
}

unsigned long resolve(unsigned long word)
{
    if ((word & SYMBOL_MASK) != SYMBOL(0))
        return word;
    return symbol_value(word >> 16 & 0xff) + (word & 0xfff000000000ffff);
}

void note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (notes_length < sizeof(notes))
        notes_length += format_text(notes + notes_length, sizeof(notes) - notes_length, format, args);
    if (notes_length > sizeof(notes))
        notes_length = sizeof(notes);
    va_end(args);
}

static const char *error_name(long value)
{
#define E(name_) {XEN_##name_, #name_},
    static const struct {
        int number;
        const char *name;
    } names[] = {
        E(E2BIG) E(EACCES) E(EADDRINUSE) E(EADDRNOTAVAIL) E(EAGAIN) E(EBADF) E(EBADMSG) E(EBUSY) E(ECHILD)
        E(ECONNREFUSED) E(EDEADLK) E(EDEADLOCK) E(EDOM) E(EEXIST) E(EFAULT) E(EILSEQ) E(EINVAL) E(EIO)
        E(EISCONN) E(EISDIR) E(EMFILE) E(EMLINK) E(EMSGSIZE) E(ENAMETOOLONG) E(ENFILE) E(ENOBUFS) E(ENODATA)
        E(ENODEV) E(ENOENT) E(ENOEXEC) E(ENOLCK) E(ENOMEM) E(ENOSPC) E(ENOSYS) E(ENOTCONN) E(ENOTDIR)
        E(ENOTEMPTY) E(ENOTSOCK) E(ENXIO) E(EOPNOTSUPP) E(EOVERFLOW) E(EPERM) E(ERANGE) E(EROFS) E(ESRCH)
        E(ETIME) E(ETIMEDOUT) E(EWOULDBLOCK) E(EXDEV)
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (value == -names[i].number)
            return names[i].name;
    return NULL;
}

void note_value(const char *what, long value)
{
    const char *name = error_name(value);

    if (name)
        note(" %s=-%s", what, name);
    else if (value > 9 || value < -9)
        note(" %s=%#lx", what, (unsigned long)value);
    else
        note(" %s=%ld", what, value);
}

/* A VPS's console and store are heard from at any time. */
static bool port_is_others(unsigned int port)
{
    return !guest_is_dom0() && (port == start_info->console.domU.evtchn || port == start_info->store_evtchn);
}

/* What became pending, and what came into the test slots; both are undone. */
static void note_effects(void)
{
    for (unsigned int port = 0; port < 4096; port++)
        if (shared_info->evtchn_pending[port / 64] && event_pending(port)) {
            if (!port_is_others(port))
                note(" pending");
            event_clear(port);
        }
    vcpu_info_self()->evtchn_upcall_pending = 0;
    vcpu_info_self()->evtchn_pending_sel = 0;
    vcpu_info_self()->evtchn_upcall_mask = 1;
    for (unsigned int i = 0; i < SLOTS; i++) {
        uint64_t entry = *slot_entry(i);

        if (!entry)
            continue;
        note(" slot%u=%#lx", i, entry_shown(entry));
        if (pt_write(slot_entry(i), 0))
            note(" and it stays");
        mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
    }
}

static void answer_text(const char *name, const char *text)
{
    note_effects();
    print("DIFF %s %s", name, text);
    notes[notes_length < sizeof(notes) ? notes_length : sizeof(notes) - 1] = 0;
    for (size_t at = 0; at < notes_length; at += 200) {
        char part[201] = {0};

        memcpy(part, notes + at, notes_length - at < 200 ? notes_length - at : 200);
        print("%s", part);
    }
    print("\n");
    notes_length = 0;
}

void answer(const char *name, long value)
{
    char text[32] = {0}, *at = text;
    const char *error = error_name(value);

    if (error) {
        *at++ = '-';
        memcpy(at, error, strlen(error));
    } else if (value >= -9999 && value <= 9999) {
        unsigned int digits = 1;

        if (value < 0)
            *at++ = '-', value = -value;
        for (long rest = value; rest > 9; rest /= 10)
            digits++;
        for (; digits; digits--, value /= 10)
            at[digits - 1] = (char)('0' + value % 10);
    } else {
        *at++ = '0', *at++ = 'x';
        for (int shift = 60; shift >= 0; shift -= 4)
            *at++ = "0123456789abcdef"[(unsigned long)value >> shift & 15];
    }
    answer_text(name, text);
}

static void row_prepare(const struct row *row)
{
    memset(good, 0, PAGE_SIZE);
    memset(row_in, 0, PAGE_SIZE);
    memcpy(row_in, row->in, row->in_size);
    for (unsigned int at = 0; at + 8 <= row->in_size; at += 8) {
        uint64_t word;

        memcpy(&word, row_in + at, 8);
        word = resolve(word);
        memcpy(row_in + at, &word, 8);
    }
}

static void row_run(const struct row *row)
{
    unsigned long args[5];
    long value;

    row_prepare(row);
    if (row->run) {
        answer(row->name, row->run());
        return;
    }
    for (unsigned int i = 0; i < 5; i++)
        args[i] = resolve(row->args[i]);
    value = hypercall(row->call, args[0], args[1], args[2], args[3], args[4]);
    for (unsigned int i = 0; i < 32; i++)
        if (row->show >> i & 1) {
            uint32_t word;

            memcpy(&word, row_in + i * 4, 4);
            note(" %x", word);
        }
    if (row->loose && !error_name(value))
        answer_text(row->name, "ok");
    else
        answer(row->name, value);
}

void rows_run(const struct row *rows)
{
    for (; rows->name; rows++)
        row_run(rows);
}

static const struct row *const all[] = {
    rows_calls,  rows_version, rows_console, rows_sched, rows_events, rows_vcpu,
    rows_memory, rows_mmu,     rows_mmuext,  rows_va,    rows_grant2, rows_grant, rows_cpu,
    rows_insn,   rows_multicall, rows_physdev, rows_platform, rows_domctl, rows_sysctl,
    rows_second, rows_fifo,
};

void test_main(void)
{
    window_init();
    good = page_alloc();
    row_in = page_alloc();
    edge = page_alloc();
    read_only = page_alloc_readonly();
    spare = page_alloc_readonly();
    self = guest_domid();
    if (pt_write(&window_l1[0], pte_make(mfn_of(edge), PTE_RW)))
        report_error("mapping the page before the unmapped one");
    for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        rows_run(all[i]);
}
