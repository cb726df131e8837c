/* SPDX-License-Identifier: MIT */
/* Reading /proc/meminfo, and which changes count; see meminfo.h. */
#include "meminfo.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The number behind "KEY:" at the start of a line. */
static bool find(const char *text, const char *key, uint64_t *value)
{
    size_t len = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        char *end;

        line += *line == '\n';
        if (strncmp(line, key, len) || line[len] != ':')
            continue;
        *value = strtoull(line + len + 1, &end, 10);
        return end != line + len + 1;
    }
    return false;
}

bool meminfo_parse(const char *text, struct meminfo *out)
{
    *out = (struct meminfo){0};
    if (!find(text, "SwapTotal", &out->swap_total) || !find(text, "SwapFree", &out->swap_free))
        out->swap_total = out->swap_free = 0;
    return find(text, "MemTotal", &out->total) && find(text, "MemFree", &out->free) &&
           find(text, "MemAvailable", &out->available);
}

static bool differs(uint64_t a, uint64_t b, uint64_t step)
{
    return (a > b ? a - b : b - a) >= step;
}

bool meminfo_due(const struct meminfo *told, const struct meminfo *now, int64_t seconds)
{
    uint64_t step = now->total / 50 > 1024 ? now->total / 50 : 1024;

    /* what is free moves all the time, and nobody needs it who knows what is available */
    return seconds >= MEMINFO_SILENCE_SECONDS || differs(told->total, now->total, step) ||
           differs(told->available, now->available, step) ||
           differs(told->swap_total, now->swap_total, step) ||
           differs(told->swap_free, now->swap_free, step);
}
