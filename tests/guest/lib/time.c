/* SPDX-License-Identifier: MIT */
/* System time from the vcpu's time record, read again while the hypervisor is writing it. */
#include "guest.h"

uint64_t time_now(void)
{
    const volatile struct vcpu_time_info *time = &vcpu_info_self()->time;
    uint64_t now;
    uint32_t version;

    do {
        uint64_t delta;

        version = time->version;
        __asm__ volatile("lfence" ::: "memory");
        delta = tsc_read() - time->tsc_timestamp;
        delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
        now = time->system_time +
              (uint64_t)(((unsigned __int128)delta * time->tsc_to_system_mul) >> 32);
        __asm__ volatile("lfence" ::: "memory");
    } while (version & 1 || version != time->version);
    return now;
}
