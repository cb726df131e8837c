/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: end of interrupt, IPIs, the one-shot timer. xAPIC through its page, x2APIC where the
 * firmware left it on or an APIC id needs it.
 */
#ifndef CPU_APIC_H
#define CPU_APIC_H

#include "lib/types.h"

/* Maps the APIC and calibrates its timer (boot CPU, after clock_init). */
void apic_init(void);
/* Turns on the APIC of the CPU that runs this. */
void apic_enable_cpu(void);
u32 apic_id(void);
void apic_eoi(void);
/* command: a vector, APIC_INIT, or APIC_STARTUP with the page to start at. */
#define APIC_INIT 0x4500u
#define APIC_STARTUP 0x4600u
void apic_send(u32 apic_id, u32 command);
/* Programs the timer for a moment of system time (ns); 0: off. A moment that has passed: at once. */
void apic_timer_program(u64 deadline);
/* Physical address of the APIC's page. */
maddr_t apic_base(void);

#endif
