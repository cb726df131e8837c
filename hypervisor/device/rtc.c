/* SPDX-License-Identifier: MIT */
/* The CMOS clock, see rtc.h. Ring 0 reads it once, before dom0 owns it. */
#include "device/rtc.h"

#include "cpu/asm.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define PATIENCE 1000000u

enum rtc_register { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11 };
#define UPDATING 0x80
#define BINARY 0x04
#define HOURS_24 0x02
#define PM 0x80

static u8 cmos(u8 reg)
{
    outb(CMOS_INDEX, reg);
    return inb(CMOS_DATA);
}

static u32 field(u8 raw, bool binary)
{
    return binary ? raw : (raw & 15u) + (raw >> 4) * 10u;
}

static u64 days_since_1970(u32 year, u32 month, u32 day)
{
    static const u16 before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    u32 leap = year / 4 - year / 100 + year / 400, days;

    if (month < 3 && (year % 4 == 0 && (year % 100 || year % 400 == 0)))
        leap--;
    days = year * 365 + leap + before[(month - 1) % 12] + day - 1;
    return days - 719527; /* days from year 0 to 1970 by the same rule */
}

static u64 read_once(void)
{
    bool binary = cmos(STATUS_B) & BINARY;
    u8 raw_hour = cmos(HOURS);
    u32 hour = field((u8)(raw_hour & ~PM), binary), year = field(cmos(YEAR), binary);

    if (!(cmos(STATUS_B) & HOURS_24))
        hour = hour % 12 + (raw_hour & PM ? 12 : 0);
    year += year < 70 ? 2000 : 1900;
    return days_since_1970(year, field(cmos(MONTH), binary), field(cmos(DAY), binary)) * 86400 +
           hour * 3600 + field(cmos(MINUTES), binary) * 60 + field(cmos(SECONDS), binary);
}

u64 __init rtc_read(void)
{
    u64 first, second;
    u32 rounds = 8;

    do {
        u32 patience = PATIENCE;

        while ((cmos(STATUS_A) & UPDATING) && --patience)
            cpu_pause();
        first = read_once();
        second = read_once();
    } while (first != second && --rounds);
    return first;
}
