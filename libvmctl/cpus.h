/* SPDX-License-Identifier: MIT */
/*
 * Sets of CPUs, and the lists that people and libvirt write them as: "0-2,5", "0-7,^3". Private to
 * libvmctl. It must never take a list that it does not understand wholly.
 */
#ifndef LIBVMCTL_CPUS_H
#define LIBVMCTL_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX       1024
#define CPUS_TEXT_SIZE 4096 /* of the longest list: each second CPU */

/* A bit a CPU. None set: nothing was said. */
struct cpus {
    uint64_t bits[CPUS_MAX / 64];
};

/*
 * Reads a list: numbers and ranges, "^" before those to leave out again, blanks around them. "all":
 * every bit. False, with *out untouched: not a list, a CPU beyond CPUS_MAX, or nothing in it.
 */
bool cpus_parse(const char *text, struct cpus *out);

/* Writes the list that reads as the set again, as libvirt does too: no "all". */
void cpus_text(const struct cpus *cpus, char out[CPUS_TEXT_SIZE]);

bool cpus_empty(const struct cpus *cpus);
bool cpus_all(const struct cpus *cpus);
void cpus_fill(struct cpus *cpus);

/* The lowest CPU from `from` on that is set; CPUS_MAX: none. */
unsigned int cpus_next(const struct cpus *cpus, unsigned int from);

#endif
