/* SPDX-License-Identifier: MIT */
/*
 * System time: nanoseconds since boot, from the TSC, calibrated once against the PIT, the ACPI PM
 * timer or the HPET. The scale is what guests get in vcpu_time_info, so that theirs and ours agree.
 */
#ifndef CPU_CLOCK_H
#define CPU_CLOCK_H

#include "lib/types.h"

struct clock_scale {
    u64 tsc_base;  /* TSC at system time ns_base */
    u64 ns_base;
    u32 mul_frac;  /* ns = ((tsc - tsc_base) << shift) * mul_frac >> 32; shift < 0: >> -shift */
    s8 shift;
    u8 stable;     /* the TSCs of all CPUs are one clock, at one rate for ever */
    u16 unused;    /* up to here it is laid out as guests have it (domain/time.c) */
    u64 tsc_khz;
};

extern struct clock_scale clock_scale;

void clock_init(void);
/* Two CPUs that do this at the same time compare their TSCs: each reading is later than the one before, or they are not one
 * clock. */
void clock_compare(void);
/* Boot, when all CPUs have been compared with this one: is the rate said to be constant? */
void clock_settle(bool constant);
u64 now_ns(void);
/* ns to TSC ticks, for programming deadlines. */
u64 clock_ns_to_tsc(u64 deadline_ns);
/* Wall-clock time at system time 0: seconds since 1970 and the ns beside them. Read from the RTC at
 * boot; set by dom0 (XENPF_settime64). */
void clock_get_wallclock(u64 *sec, u32 *nsec);
void clock_set_wallclock(u64 sec, u32 nsec, u64 system_time);

#endif
