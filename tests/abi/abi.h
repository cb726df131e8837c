/* SPDX-License-Identifier: MIT */
/*
 * The table that both sides of the ABI test fill from the same list of rows. A row that only one
 * side knows does not compile: nothing can be skipped.
 */
#ifndef TESTS_ABI_H
#define TESTS_ABI_H

#include <stddef.h>

struct abi_row {
    const char *name;
    unsigned long long value; /* a constant, a size, or an offset */
    unsigned long long size;  /* of the field, for a field */
    const char *text;         /* of a string constant */
};

struct abi_table {
    const char *origin;
    const struct abi_row *rows;
    size_t count;
};

extern const struct abi_table abi_ours, abi_theirs;

#endif
