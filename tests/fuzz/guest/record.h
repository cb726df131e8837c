/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz guest keeps of its own doings: which calls with which sub-commands came to which ends, and what each vCPU
 * is at. It stands in a few frames whose numbers the guest says on its console, so that dom0 (peek.c) reads it
 * whatever has become of the guest. A reader must take nothing in it for true: the guest fuzzes itself too.
 */
#ifndef FUZZ_RECORD_H
#define FUZZ_RECORD_H

#include <stdint.h>

#define FUZZ_MAGIC   0x647265636f726466ull
#define FUZZ_CPUS    4
#define FUZZ_ENTRIES 2048 /* a power of two */
#define FUZZ_PAGES   9    /* the header's one, then the entries */

/* Kinds above hypercall numbers. */
enum {
    FUZZ_INSTRUCTION = 0x100, /* sub: which template */
    FUZZ_IRET,                /* sub: 0 to the kernel, 1 to user mode */
    FUZZ_USER,                /* sub: which bytes */
    FUZZ_STORE,               /* to a page table; sub: which instruction */
    FUZZ_UNKNOWN,             /* numbers that are no hypercall */
    FUZZ_NOTHING = 0x200,     /* not recorded */
};

/* Results: 0 done, -errno; the status of an operation below FUZZ_STATUS; a trap's vector above FUZZ_TRAP. */
#define FUZZ_STATUS (-1000)
#define FUZZ_TRAP   1000

struct fuzz_entry {
    uint16_t kind, sub;
    int16_t result;
    uint16_t used;
    uint64_t count;
};

struct fuzz_cpu_record {
    uint64_t operations, calls, good, traps, upcalls;
    uint64_t in_call; /* a hypercall is under way */
    uint64_t number, args[5];
};

struct fuzz_record {
    uint64_t magic, seed, lost; /* lost: ends that found no entry */
    uint64_t violations;        /* what a VPS may not, and was let do */
    uint64_t violation[4];      /* the first: number, sub-command, result, first argument */
    uint64_t violation_check;   /* all of these, xor FUZZ_MAGIC: else the guest has scribbled here */
    struct fuzz_cpu_record cpu[FUZZ_CPUS];
};

#endif
