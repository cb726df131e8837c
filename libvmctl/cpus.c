/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as lists, see cpus.h. */
#include "cpus.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool cpus_empty(const struct cpus *cpus)
{
    return cpus_next(cpus, 0) == CPUS_MAX;
}

bool cpus_all(const struct cpus *cpus)
{
    for (size_t i = 0; i < CPUS_MAX / 64; i++)
        if (~cpus->bits[i])
            return false;
    return true;
}

void cpus_fill(struct cpus *cpus)
{
    memset(cpus, 0xff, sizeof(*cpus));
}

static bool has(const struct cpus *cpus, unsigned int cpu)
{
    return cpus->bits[cpu / 64] >> cpu % 64 & 1;
}

unsigned int cpus_next(const struct cpus *cpus, unsigned int from)
{
    while (from < CPUS_MAX && !has(cpus, from))
        from++;
    return from;
}

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* Reads a number below CPUS_MAX and what blanks follow it. NULL: there is none. */
static const char *read_cpu(const char *text, unsigned int *cpu)
{
    const char *start = text;

    for (*cpu = 0; *text >= '0' && *text <= '9'; text++) {
        *cpu = *cpu * 10 + (unsigned int)(*text - '0');
        if (*cpu >= CPUS_MAX)
            return NULL;
    }
    return text == start ? NULL : skip_blanks(text);
}

bool cpus_parse(const char *text, struct cpus *out)
{
    struct cpus cpus = {{0}};

    text = skip_blanks(text);
    if (!strncmp(text, "all", 3) && !*skip_blanks(text + 3)) {
        cpus_fill(out);
        return true;
    }
    for (;; text = skip_blanks(text + 1)) { /* behind each comma */
        bool leave_out = *text == '^';
        unsigned int first, last;

        text = read_cpu(leave_out ? skip_blanks(text + 1) : text, &first);
        last = first;
        if (text && *text == '-')
            text = read_cpu(skip_blanks(text + 1), &last);
        if (!text || last < first || (*text && *text != ','))
            return false;
        for (unsigned int cpu = first; cpu <= last; cpu++) {
            if (leave_out)
                cpus.bits[cpu / 64] &= ~(1UL << cpu % 64);
            else
                cpus.bits[cpu / 64] |= 1UL << cpu % 64;
        }
        if (!*text)
            break;
    }
    if (cpus_empty(&cpus))
        return false;
    *out = cpus;
    return true;
}

void cpus_text(const struct cpus *cpus, char out[CPUS_TEXT_SIZE])
{
    unsigned int first = cpus_next(cpus, 0), last;
    char *at = out;

    *at = 0;
    for (; first < CPUS_MAX; first = cpus_next(cpus, last + 1)) {
        last = first;
        while (last + 1 < CPUS_MAX && has(cpus, last + 1))
            last++;
        if (at != out)
            *at++ = ',';
        at += sprintf(at, "%u", first);
        if (last != first)
            at += sprintf(at, "-%u", last);
    }
}
