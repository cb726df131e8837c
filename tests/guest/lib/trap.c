/* SPDX-License-Identifier: MIT */
/*
 * Traps: the table that the runtime registers, and one dispatcher. A trap is a handler's, or
 * CATCH's, or the end of the test in ERROR; it is never ignored.
 */
#include <public/callback.h>

#include "guest.h"

#define VECTORS 0x104

struct trap_record trap_last;
volatile uintptr_t trap_resume;
uint64_t failsafe_selectors[4];
static trap_handler handlers[VECTORS];

#define STUBS(X) \
    X(0) X(1) X(3) X(4) X(5) X(6) X(7) X(10) X(11) X(12) X(13) X(14) X(16) X(17) X(18) X(19)
#define DECLARE_STUB(vector) void trap_stub_##vector(void);
STUBS(DECLARE_STUB)
void trap_stub_128(void);
void trap_stub_256(void);
void trap_stub_257(void);
void trap_stub_258(void);
void trap_stub_259(void);
void trap_dispatch(struct trap_frame *frame);

/* #BP and #OF may come from user mode's int3 and into; int $0x80 is user mode's call. */
#define GATE(n)                         \
    {.vector = n,                       \
     .flags = n == 3 || n == 4 ? 3 : 0, \
     .cs = FLAT_KERNEL_CS,              \
     .address = (unsigned long)trap_stub_##n},
static const struct trap_info table[] = {
    STUBS(GATE){.vector = TRAP_INT80,
                .flags = 3,
                .cs = FLAT_KERNEL_CS,
                .address = (unsigned long)trap_stub_128},
    {.vector = 0, .flags = 0, .cs = 0, .address = 0},
};

uintptr_t trap_stub(unsigned int vector)
{
    for (size_t i = 0; table[i].address; i++)
        if (table[i].vector == vector)
            return table[i].address;
    report_error("no stub for vector %u", vector);
}

void trap_set_handler(unsigned int vector, trap_handler handler)
{
    handlers[vector] = handler;
}

void trap_dispatch(struct trap_frame *frame)
{
    if (frame->vector != TRAP_EVENT) {
        trap_last.count++;
        trap_last.frame = *frame;
        trap_last.frame_at = (uintptr_t)&frame->rip;
        trap_last.cr2 = vcpu_info_self()->arch.cr2;
    }
    frame->error_code = 0; /* its place is where iret's flags go */
    if (handlers[frame->vector] && handlers[frame->vector](frame))
        return;
    if (!trap_resume)
        report_error("trap %lu, error code %#lx, at %#lx, cr2 %#lx, rsp %#lx", frame->vector,
                     trap_last.frame.error_code, frame->rip, trap_last.cr2, frame->rsp);
    frame->rip = trap_resume;
    trap_resume = 0;
}

void trap_register(void)
{
    long rc = hypercall_set_trap_table(table);

    if (rc)
        report_error("set_trap_table: %ld", rc);
}

static void callback_register(unsigned int type, void (*entry)(void))
{
    struct callback_register reg = {
        .type = (uint16_t)type, .flags = CALLBACKF_mask_events, .address = (unsigned long)entry};
    long rc = hypercall_callback_op(CALLBACKOP_register, &reg);

    if (rc)
        report_error("callback_op of type %u: %ld", type, rc);
}

void trap_init(void)
{
    trap_register();
    callback_register(CALLBACKTYPE_event, trap_stub_256);
    callback_register(CALLBACKTYPE_failsafe, trap_stub_257);
    callback_register(CALLBACKTYPE_syscall, trap_stub_258);
}

bool try_read(const volatile void *address, uint64_t *value)
{
    uint64_t got = 0;

    CATCH("movq (%[a]), %[v]", LIST([v] "+&r"(got)), LIST([a] "r"(address)));
    *value = got;
    return !trap_last.count;
}

bool try_write(volatile void *address, uint64_t value)
{
    CATCH("movq %[v], (%[a])", NONE, LIST([a] "r"(address), [v] "r"(value)));
    return !trap_last.count;
}
