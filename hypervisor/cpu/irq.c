/* SPDX-License-Identifier: MIT */
/*
 * Vectors, see irq.h. A device's vector is the same on every CPU, so one table says who answers.
 */
#include "cpu/irq.h"

#include "cpu/apic.h"
#include "cpu/asm.h"
#include "cpu/lock.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "cpu/timer.h"
#include "lib/print.h"

static struct {
    irq_handler_t handler;
    void *data;
} vectors[256];
static spinlock_t vector_lock = SPINLOCK_INIT(RANK_DEVICE);

u8 irq_vector_alloc(irq_handler_t handler, void *data)
{
    SPIN_LOCK_BLOCK(&vector_lock);
    for (u8 v = VECTOR_FIRST_DEVICE; v <= VECTOR_LAST_DEVICE; v++)
        if (v != 0x80 && v != 0x82 && !vectors[v].handler) {
            vectors[v].data = data;
            __atomic_store_n(&vectors[v].handler, handler, __ATOMIC_RELEASE);
            return v;
        }
    return 0;
}

void irq_vector_free(u8 vector)
{
    SPIN_LOCK_BLOCK(&vector_lock);
    vectors[vector].handler = NULL;
}

void irq_dispatch(u8 vector)
{
    irq_handler_t handler;

    if (vector >= VECTOR_FIRST_DEVICE && vector <= VECTOR_LAST_DEVICE) {
        handler = __atomic_load_n(&vectors[vector].handler, __ATOMIC_ACQUIRE);
        if (handler)
            handler(vector, vectors[vector].data);
        else
            apic_eoi(); /* late, for one that was let go */
        return;
    }
    if (vector < VECTOR_TIMER || vector > VECTOR_CALL)
        return; /* spurious: not to be acknowledged */
    apic_eoi();
    if (vector == VECTOR_TIMER)
        timer_interrupt();
    else if (vector == VECTOR_CALL)
        smp_poll();
    /* VECTOR_RESCHED: need_resched is set, and the way back sees it */
}

void cpu_irq_window(void)
{
    irq_enable();
    __asm__ volatile("nop");
    irq_disable();
}
