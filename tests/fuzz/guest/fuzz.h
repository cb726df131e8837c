/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz guest's files share. A vCPU draws operations from a weighted list; each makes up arguments that make sense
 * (so that calls get past their first check) from the pools here, now and then spoils them, and issues the call.
 * Whatever traps comes back to the vCPU's loop. The guest works on "slots", pages that may be anything; the pages it
 * stands on itself it touches rarely, and when it dies of that, the next seed goes on.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "guest.h"
#include "record.h"

#define SLOTS 96
#define FORMER \
    32 /* frames that were the guest's, and handles that were good: remembered to be used again */
#define ARGS_PAGES 3

/* What a slot is usually used as. The order is that of page-table levels. */
enum use { USE_DATA, USE_L1, USE_L2, USE_L3, USE_L4, USE_DESCRIPTORS, USES };

struct slot {
    uint64_t *page; /* where the kernel maps it, if it does */
    volatile unsigned long mfn;
    volatile bool gone; /* given back to the hypervisor */
};

struct fuzz_cpu {
    void *jump[5]; /* the loop, for whatever traps */
    uint64_t random;
    unsigned int id;
    struct fuzz_cpu_record *record;
    uint8_t *args; /* ARGS_PAGES, the last without write access: what ends there faults */
    uint32_t args_used;
    uint8_t *code;     /* a page to put instructions in */
    uint64_t code_end; /* where made-up code ends in a breakpoint */
    uint64_t registers[15];
    const struct slot *fifo;     /* of late a FIFO's page, perhaps */
    uint64_t executing_until;    /* TSC; 0: not in made-up code */
    unsigned int kind, sub;      /* what a trap is put down to */
    unsigned int traps_in_a_row; /* with no call between them */
};

struct call {
    uint64_t number, args[5];
    unsigned int sub;
    const int16_t *
        status; /* an operation's own result, if it has one; of `operations`, `stride` bytes apart */
    unsigned int operations, stride;
    bool forbidden; /* must not succeed, whatever the arguments */
    void (*after)(struct fuzz_cpu *c, struct call *call, long result);
    void *data; /* for after */
};

struct operation {
    unsigned int weight;
    void (*run)(struct fuzz_cpu *); /* either this */
    void (*make)(struct fuzz_cpu *,
                 struct call *); /* or this: a call, which may stand in a multicall too */
};

extern struct fuzz_cpu cpus[FUZZ_CPUS];
extern struct slot slots[SLOTS];
extern struct fuzz_record *record;
extern domid_t own_domid, other_domid[3]; /* domains beside this one */
extern unsigned long other_mfn[4];        /* frames of theirs */
extern volatile struct grant_entry_v1 *grant_table;
extern unsigned long grant_frames[4];
extern uint64_t tsc_per_ms;

/* ---- pools.c: random values that may mean something ---- */

uint64_t random_64(struct fuzz_cpu *c);
unsigned int below(struct fuzz_cpu *c, unsigned int limit); /* 0 .. limit - 1 */
static inline bool one_in(struct fuzz_cpu *c, unsigned int n)
{
    return below(c, n) == 0;
}
#define PICK(c, array) ((array)[below(c, sizeof(array) / sizeof((array)[0]))])

unsigned int pick_slot(struct fuzz_cpu *c, enum use use); /* usually of that use */
uint64_t pick_number(struct fuzz_cpu *c);
uint64_t pick_address(struct fuzz_cpu *c);
unsigned long pick_mfn(struct fuzz_cpu *c);
uint64_t pick_entry(struct fuzz_cpu *c, int level); /* a page-table entry */
uint64_t pick_descriptor(struct fuzz_cpu *c);
uint16_t pick_selector(struct fuzz_cpu *c);
uint16_t pick_domid(struct fuzz_cpu *c);
uint32_t pick_port(struct fuzz_cpu *c);
uint32_t pick_ref(struct fuzz_cpu *c);
struct mapping {
    uint32_t handle, flags;
    uint64_t address;
};
struct mapping pick_mapping(struct fuzz_cpu *c);
uint32_t pick_vcpu(struct fuzz_cpu *c);
uint64_t pick_time(struct fuzz_cpu *c); /* system time, a little from now */
void remember_mfn(struct fuzz_cpu *c, unsigned long mfn);
void remember_mapping(struct fuzz_cpu *c, struct mapping mapping);
void remember_port(struct fuzz_cpu *c, uint32_t port);
uint64_t pick_hostile(
    struct fuzz_cpu *c); /* an address that is not the guest's to give, or nothing at all */
void pools_init(void);

/* ---- issue.c: a call, what came of it ---- */

/* Zeroed room for arguments; what an operation took is free again when the next begins. */
void *room(struct fuzz_cpu *c, size_t size);
void *copy_to_room(struct fuzz_cpu *c, const void *from, size_t size);
void note(unsigned int kind, unsigned int sub, long result);
/* Issues it as it is. */
long issue(struct fuzz_cpu *c, struct call *call);
/* A call with no frills. */
long call_5(struct fuzz_cpu *c, unsigned int number, uint64_t a, uint64_t b, uint64_t x,
            uint64_t d);
/* Spoils arguments or what they point to. */
void spoil(struct fuzz_cpu *c, struct call *call);
uint64_t now_ns(void);

/* ---- tables.c: grant tables of version 2 and queues of events, set up as they should be and then used ---- */

extern volatile unsigned int grant_version;
/* An entry as version 2 has it. */
void table_entry(struct fuzz_cpu *c);
/* Takes what the hypervisor has queued for this vCPU. */
void fifo_take(unsigned int id);
void tables_init(void);

/* ---- memory.c, calls.c, instructions.c, tables.c: the operations ---- */

extern const struct operation memory_operations[], call_operations[], instruction_operations[], table_operations[];
/* Takes one of all by weight; with `calls_only`, one that is a single call. */
const struct operation *pick_operation(struct fuzz_cpu *c, bool calls_only);
/* Brings a slot back to a writable page of the guest's. */
void slot_restore(struct fuzz_cpu *c, unsigned int slot);
/* Everything that a trap handler of this vCPU stands on. */
void heal(struct fuzz_cpu *c);
void kernel_entry_set(struct fuzz_cpu *c);

/* ---- entry.S ---- */

void fuzz_execute(const uint64_t registers[15], const void *code, const uint64_t *stack_words)
    __attribute__((noreturn));
void fuzz_return(const void *frame) __attribute__((noreturn)); /* the iret hypercall */
void fuzz_land(void);
extern char fuzz_ways_in[], fuzz_events_in[];
void fuzz_trap(unsigned int id, unsigned int vector, uint64_t rip) __attribute__((noreturn));
void fuzz_event(unsigned int id);
void fuzz_idle(void);
long fuzz_call(uint64_t number, const uint64_t args[5]);

#endif
