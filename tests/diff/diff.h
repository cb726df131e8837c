/* SPDX-License-Identifier: MIT */
/*
 * The differential guest's rows. A row is one call, or a short run of them, whose answer does not depend on the
 * machine or on the hypervisor's inner choices: what the guest prints for it on one hypervisor can stand beside what it
 * prints on another. A row must leave the guest as it found it, or the rows behind it answer for its sins.
 */
#ifndef DIFF_H
#define DIFF_H

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/xen.h>

#include "guest.h"

/*
 * Operands that are known only when the guest runs. They stand in a row's arguments and in the 64-bit words of its
 * structure; the low 16 bits are added to what they stand for (flags, where that is a machine address), bits 52 to 63 too.
 */
#define SYMBOL(n) (0xd1ff000000000ul | (unsigned long)(n) << 16)
#define SYMBOL_MASK 0x000fffffff000000ul
#define NX (1ul << 63)
enum symbol {
    SYMBOL_IN,     /* the row's structure */
    SYMBOL_GOOD,   /* a writable page, zeroed before each row */
    SYMBOL_RO,     /* a page that is mapped read-only */
    SYMBOL_NONE,   /* a page that is not mapped */
    SYMBOL_EDGE,   /* the last four bytes before one that is not */
    SYMBOL_SLOT,   /* the page that the first test slot maps */
    SYMBOL_F_GOOD, /* frames: of GOOD, of RO, of an empty page without a writable mapping, of live tables, ... */
    SYMBOL_F_RO,
    SYMBOL_F_SPARE,
    SYMBOL_F_L1,
    SYMBOL_F_L2,
    SYMBOL_F_L3,
    SYMBOL_F_ROOT,
    SYMBOL_F_SHARED,
    SYMBOL_M_GOOD, /* machine addresses: of the same frames */
    SYMBOL_M_RO,
    SYMBOL_M_SPARE,
    SYMBOL_M_L1,
    SYMBOL_M_L2,
    SYMBOL_M_L3,
    SYMBOL_M_ROOT,
    SYMBOL_M_SHARED,
    SYMBOL_M_SLOT, /* of the first test slot, an empty L1 entry; seven more follow */
    SYMBOL_M_SLOT2, /* of an empty L2 entry of the window's */
    SYMBOL_M_SLOT3,
    SYMBOL_M_SLOT4, /* of an empty entry of the root */
    SYMBOL_SELF,   /* the guest's own domain id */
    SYMBOL_COUNT,
};
#define IN      SYMBOL(SYMBOL_IN)
#define GOOD    SYMBOL(SYMBOL_GOOD)
#define RO      SYMBOL(SYMBOL_RO)
#define NONE_   SYMBOL(SYMBOL_NONE)
#define EDGE    SYMBOL(SYMBOL_EDGE)
#define SLOT    SYMBOL(SYMBOL_SLOT)
#define F_GOOD  SYMBOL(SYMBOL_F_GOOD)
#define F_RO    SYMBOL(SYMBOL_F_RO)
#define F_SPARE SYMBOL(SYMBOL_F_SPARE)
#define F_L1    SYMBOL(SYMBOL_F_L1)
#define F_L2    SYMBOL(SYMBOL_F_L2)
#define F_L3    SYMBOL(SYMBOL_F_L3)
#define F_ROOT  SYMBOL(SYMBOL_F_ROOT)
#define F_SHARED SYMBOL(SYMBOL_F_SHARED)
#define M_GOOD  SYMBOL(SYMBOL_M_GOOD)
#define M_RO    SYMBOL(SYMBOL_M_RO)
#define M_SPARE SYMBOL(SYMBOL_M_SPARE)
#define M_L1    SYMBOL(SYMBOL_M_L1)
#define M_L2    SYMBOL(SYMBOL_M_L2)
#define M_L3    SYMBOL(SYMBOL_M_L3)
#define M_ROOT  SYMBOL(SYMBOL_M_ROOT)
#define M_SHARED SYMBOL(SYMBOL_M_SHARED)
#define M_SLOT  SYMBOL(SYMBOL_M_SLOT)
#define M_SLOT2 SYMBOL(SYMBOL_M_SLOT2)
#define M_SLOT3 SYMBOL(SYMBOL_M_SLOT3)
#define M_SLOT4 SYMBOL(SYMBOL_M_SLOT4)
#define SELF    SYMBOL(SYMBOL_SELF)

/* Operands that are the same everywhere. */
#define CROOKED   0x0000900000000000ul /* not canonical */
#define HV        0xffff830000000000ul /* the hypervisor's own part of the address space */
#define F_NONE    0x4000000ul          /* a frame that no machine of the tests has */
#define F_HUGE    0x10000000000ul      /* one that none can have */
#define F_DEVICE  0xa0ul               /* the display's */
#define F_FOREIGN 0x100ul              /* the first megabyte's end: nobody's, or the hypervisor's */
#define NOBODY    100                  /* a domain that is not there */

struct row {
    const char *name;
    unsigned int call;
    bool loose; /* what is not an error is just "ok": the number is the machine's */
    unsigned long args[5];
    const void *in; /* copied to IN, symbols resolved */
    unsigned int in_size;
    uint32_t show; /* the 32-bit words of it, from its first, to be shown afterwards */
    long (*run)(void);
};

#define CALL(name_, call_, ...) {.name = name_, .call = __HYPERVISOR_##call_, .args = {__VA_ARGS__}}
#define LOOSE(name_, call_, ...) {.name = name_, .call = __HYPERVISOR_##call_, .loose = true, .args = {__VA_ARGS__}}
#define WITH(name_, call_, in_, ...) SHOW(name_, call_, 0, in_, __VA_ARGS__)
#define SHOW(name_, call_, words, in_, ...)                                                                         \
    {.name = name_, .call = __HYPERVISOR_##call_, .in = &in_, .in_size = sizeof(in_), .show = words,                \
     .args = {__VA_ARGS__}}
/* A short run: the function's value is the answer, with what it noted behind it. */
#define RUN(name_, function) {.name = name_, .run = function}
#define ROWS_END {.name = NULL}

/* The value of a symbol, or the word itself. */
unsigned long resolve(unsigned long word);
void rows_run(const struct row *rows);
/* For a run: what is shown behind its value, and a row of its own. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note_value(const char *what, long value);
void answer(const char *name, long value);

static inline void yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* The row's room: where IN points. */
extern uint8_t *row_in;
/* Entry i of the test slots, and the page that it maps. */
uint64_t *slot_entry(unsigned int i);
volatile uint64_t *slot_page(unsigned int i);
/* The second vcpu, after rows_vcpu: it is down; brought up, it does this, if anything, and goes down again. */
extern void (*volatile second_work)(void);
extern volatile struct vcpu_info *second_info;
#define SLOTS 8
/* An entry without its frame, and without the global bit, which is the hypervisor's own affair. */
static inline uint64_t entry_shown(uint64_t entry)
{
    return entry & ~(PTE_ADDRESS | 0x100);
}

extern const struct row rows_calls[], rows_version[], rows_events[], rows_sched[], rows_console[], rows_vcpu[], rows_memory[],
    rows_mmu[], rows_va[], rows_mmuext[], rows_grant[], rows_cpu[], rows_physdev[], rows_platform[], rows_domctl[],
    rows_sysctl[], rows_multicall[], rows_insn[], rows_second[], rows_fifo[], rows_grant2[];

#endif
