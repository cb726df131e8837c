/* SPDX-License-Identifier: MIT */
/* The battery clock: read once at boot. */
#ifndef DEVICE_RTC_H
#define DEVICE_RTC_H

#include "lib/types.h"

/* Seconds since 1970. */
u64 rtc_read(void);

#endif
