/* SPDX-License-Identifier: MIT */
/*
 * Vectors and who answers them. Device interrupts get vectors 0x30 to 0xef; above are ring 0's own.
 * cpu/ and device/ know no domain: whoever binds an interrupt hands in the function to call.
 */
#ifndef CPU_IRQ_H
#define CPU_IRQ_H

#include "lib/types.h"

#define VECTOR_FIRST_DEVICE 0x30
#define VECTOR_LAST_DEVICE 0xef
#define VECTOR_TIMER 0xf0
#define VECTOR_RESCHED 0xf1
#define VECTOR_CALL 0xf2
#define VECTOR_SPURIOUS 0xff
/* 0x80 is a guest software interrupt (int $0x80), never given to a device; 0x82 as well. */

/* Called in interrupt context after the stub; the handler acknowledges (apic_eoi()) itself, at the
 * time that its kind of interrupt wants. */
typedef void (*irq_handler_t)(u8 vector, void *data);

/* Takes a free device vector on this machine (same vector on all CPUs); 0 if none. */
u8 irq_vector_alloc(irq_handler_t handler, void *data);
void irq_vector_free(u8 vector);
/* Entry from the stubs: dispatches vectors >= 0x20. */
void irq_dispatch(u8 vector);

/* Lets pending interrupts in, for one instruction's time. No lock held. Long work calls this between
 * units; then preempt_needed() tells whether to stop and restart later. */
void cpu_irq_window(void);

#endif
