/* SPDX-License-Identifier: MIT */
/* Issuing a call and writing down what came of it; spoiling arguments that would have made sense. */
#include "fuzz.h"

#define ENTRIES ((struct fuzz_entry *)((uintptr_t)record + PAGE_SIZE))

void *room(struct fuzz_cpu *c, size_t size)
{
    uint32_t limit = (ARGS_PAGES - 1) * PAGE_SIZE;
    void *at;

    size = (size + 7) & ~7ul;
    if (c->args_used + size > limit)
        c->args_used = 0;
    at = c->args + c->args_used;
    c->args_used += (uint32_t)size;
    memset(at, 0, size);
    return at;
}

void *copy_to_room(struct fuzz_cpu *c, const void *from, size_t size)
{
    return memcpy(room(c, size), from, size);
}

void note(unsigned int kind, unsigned int sub, long result)
{
    uint32_t hash = (kind * 131 + sub * 31 + (uint32_t)result * 7) * 2654435761u;

    if (result > 0 && result < FUZZ_TRAP)
        result = 0;
    for (unsigned int i = 0; i < 64; i++) {
        struct fuzz_entry *e = &ENTRIES[(hash + i) % FUZZ_ENTRIES];
        uint16_t free = 0;

        if (__atomic_compare_exchange_n(&e->used, &free, 1, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            e->kind = (uint16_t)kind;
            e->sub = (uint16_t)sub;
            e->result = (int16_t)result;
            __atomic_store_n(&e->used, 2, __ATOMIC_RELEASE);
        }
        if (e->kind == kind && e->sub == (uint16_t)sub && e->result == (int16_t)result) {
            __atomic_fetch_add(&e->count, 1, __ATOMIC_RELAXED);
            return;
        }
    }
    __atomic_fetch_add(&record->lost, 1, __ATOMIC_RELAXED);
}

static void note_violation(const struct call *call, long result)
{
    if (__atomic_fetch_add(&record->violations, 1, __ATOMIC_RELAXED))
        return;
    record->violation[0] = call->number;
    record->violation[1] = call->sub;
    record->violation[2] = (uint64_t)result;
    record->violation[3] = call->args[0];
    record->violation_check =
        FUZZ_MAGIC ^ call->number ^ call->sub ^ (uint64_t)result ^ call->args[0];
}

long issue(struct fuzz_cpu *c, struct call *call)
{
    struct fuzz_cpu_record *mine = c->record;
    bool known = call->number < 64;
    long result;

    c->kind = known ? (unsigned int)call->number : FUZZ_UNKNOWN;
    c->sub = call->sub;
    mine->number = call->number;
    memcpy(mine->args, call->args, sizeof(mine->args));
    mine->calls++;
    __atomic_store_n(&mine->in_call, 1, __ATOMIC_RELEASE);
    result = fuzz_call(call->number, call->args);
    __atomic_store_n(&mine->in_call, 0, __ATOMIC_RELEASE);
    c->traps_in_a_row = 0;
    note(c->kind, call->sub, result > 0 ? 0 : result < -999 ? -999 : result);
    if (result >= 0)
        mine->good++;
    if (result >= 0 && call->status) {
        const int16_t *status = call->status;

        for (unsigned int i = 0; i < call->operations;
             i++, status = (const void *)((const char *)status + call->stride))
            note(c->kind, call->sub, *status < 0 ? FUZZ_STATUS + *status : 0);
    }
    if (call->forbidden && result >= 0)
        note_violation(call, result);
    if (call->after)
        call->after(c, call, result);
    return result;
}

long call_5(struct fuzz_cpu *c, unsigned int number, uint64_t a, uint64_t b, uint64_t x, uint64_t d)
{
    struct call call = {.number = number, .args = {a, b, x, d, 0}};

    if (number == __HYPERVISOR_sched_op)
        call.sub = (unsigned int)a;
    if (number == __HYPERVISOR_mmuext_op)
        call.sub = ((const struct mmuext_op *)a)->cmd;
    return issue(c, &call);
}

void spoil(struct fuzz_cpu *c, struct call *call)
{
    unsigned int which = below(c, 5);
    uint64_t first = call->args[0];

    switch (below(c, 6)) {
    case 0:
        call->args[which] = pick_address(c);
        break;
    case 1:
        call->args[which] = pick_number(c);
        break;
    case 2:
        call->args[which] ^= 1ull << below(c, 64);
        break;
    default: /* what lies in the room: words of it */
        for (unsigned int i = 1 + below(c, 3); i; i--) {
            uint32_t at = below(c, c->args_used / 4 + 1) * 4;

            if (at + 8 > (ARGS_PAGES - 1) * PAGE_SIZE)
                continue;
            if (one_in(c, 2))
                *(uint64_t *)(c->args + at) = one_in(c, 2) ? pick_address(c) : pick_number(c);
            else
                *(uint32_t *)(c->args + at) ^= 1u << below(c, 32);
        }
    }
    /* another command perhaps, which it may have */
    call->forbidden &= call->args[0] == first;
}
