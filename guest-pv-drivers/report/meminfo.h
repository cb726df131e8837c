/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of its memory, and when that is worth telling. No I/O here.
 */
#ifndef REPORT_MEMINFO_H
#define REPORT_MEMINFO_H

#include <stdbool.h>
#include <stdint.h>

/* All in KiB. */
struct meminfo {
    uint64_t total, free, available, swap_total, swap_free;
};

/* The least that is told at all: once in so many seconds even where nothing changes. */
#define MEMINFO_SILENCE_SECONDS 60

/*
 * Reads the text of /proc/meminfo. False where it does not say how much there is, how much of it is
 * free, or how much could be made free; swap that is not mentioned is none.
 */
bool meminfo_parse(const char *text, struct meminfo *out);

/*
 * Whether `now` should be told where `told` was the last that was, `seconds` ago: because a figure
 * changed by a fiftieth of all memory (and by a MiB at least), or because it has been silent long
 * enough.
 */
bool meminfo_due(const struct meminfo *told, const struct meminfo *now, int64_t seconds);

#endif
