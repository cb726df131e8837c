/* SPDX-License-Identifier: MIT */
/*
 * What `vmctl top` shows, as lines of text: the same for the terminal and for --once. Pure: it knows
 * neither a terminal nor a hypervisor, and must never write a byte that could steer a terminal.
 */
#ifndef VMCTL_TOP_ROWS_H
#define VMCTL_TOP_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "vmctl.h"

enum top_sort { TOP_CPU, TOP_MEM, TOP_STEAL, TOP_DISK, TOP_NET, TOP_NAME, NR_TOP_SORTS };

#define TOP_LINE_SIZE 512

/* The longest name of a VPS that a line has room for. */
#define TOP_NAME_MAX 24

/* "cpu", "mem", ... */
const char *top_sort_name(enum top_sort sort);

/* False: there is no sort key of that name. */
bool top_sort_find(const char *name, enum top_sort *sort);

/* Sorts a usage's domains: the busiest first, names by the alphabet, equal ones by id. */
void top_sort(struct vmctl_usage *usage, enum top_sort sort);

/* The lines above the table: line 0, 1, ... False behind the last. */
bool top_header(const struct vmctl_usage *usage, unsigned int line, char text[TOP_LINE_SIZE]);

/* Columns that names take in the table. */
int top_name_width(const struct vmctl_usage *usage);

/*
 * The table's heading. *at and *len tell where the words of the sort key's columns stand, for a
 * terminal to bring out.
 */
void top_heading(int name_width, enum top_sort sort, char text[TOP_LINE_SIZE], size_t *at,
                 size_t *len);

void top_row(const struct vmctl_use *use, int name_width, char text[TOP_LINE_SIZE]);

#endif
