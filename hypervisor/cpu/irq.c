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
    u8 vector = 0;

    spin_lock(&vector_lock);
    for (u8 v = VECTOR_FIRST_DEVICE; !vector && v <= VECTOR_LAST_DEVICE; v++)
        if (v != 0x80 && v != 0x82 && !vectors[v].handler)
            vector = v;
    if (vector) {
        vectors[vector].data = data;
        __atomic_store_n(&vectors[vector].handler, handler, __ATOMIC_RELEASE);
    }
    spin_unlock(&vector_lock);
    return vector;
}

void irq_vector_free(u8 vector)
{
    spin_lock(&vector_lock);
    vectors[vector].handler = NULL;
    spin_unlock(&vector_lock);
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
    switch (vector) {
    case VECTOR_TIMER:
        apic_eoi();
        timer_interrupt();
        break;
    case VECTOR_CALL:
        apic_eoi();
        smp_poll();
        break;
    case VECTOR_RESCHED: /* need_resched is set: the way back sees it */
        apic_eoi();
        break;
    default: /* spurious: not to be acknowledged */
        break;
    }
}

void cpu_irq_window(void)
{
    irq_enable();
    __asm__ volatile("nop");
    irq_disable();
}
