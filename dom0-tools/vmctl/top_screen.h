/* SPDX-License-Identifier: MIT */
/*
 * `vmctl top` on a terminal. However it ends, by a key, a signal, an error or a terminal that went
 * away, the terminal must be left as it was.
 */
#ifndef VMCTL_TOP_SCREEN_H
#define VMCTL_TOP_SCREEN_H

#include "top_rows.h"

/* What an interval may be. */
#define TOP_SECONDS_LEAST 0.1
#define TOP_SECONDS_MOST  3600.0

/* Shows all domains every `seconds` until it is told to end. 0; -1 with vmctl_error(); 1: told why. */
int top_screen(struct vmctl *v, double seconds, enum top_sort sort);

#endif
