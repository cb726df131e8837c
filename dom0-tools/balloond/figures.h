/* SPDX-License-Identifier: MIT */
/*
 * What a VPS says of its memory, read from the nodes that it writes below its own data/ in the store:
 * those of mews-report, or of any other reporter that uses the names of Xen's guest utilities. It must
 * never take a VPS's word for when something was said: what counts is when dom0 saw it change.
 */
#ifndef BALLOOND_FIGURES_H
#define BALLOOND_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* A report counts for so long after it changed; mews-report says something every minute at least. */
#define FIGURES_FRESH_SECONDS 180

/* No VPS has more (16 TiB): a figure above it is none. */
#define FIGURES_MOST_KIB (UINT64_C(1) << 34)

#define FIGURES_STAMP_MAX 64

struct figures {
    bool there;         /* it says how much memory it could do without */
    uint64_t available; /* KiB */
    uint64_t swap_used; /* KiB */
    char stamp
        [FIGURES_STAMP_MAX]; /* data/updated, any bytes, ended by a NUL; cut where it is longer */
};

/* What dom0 saw of a VPS's reports so far. All zero: nothing yet. */
struct figures_history {
    bool known;
    char stamp[FIGURES_STAMP_MAX];
    int64_t since; /* dom0's own clock, seconds: when it last changed */
};

/* True for the errors that say something of the store, and not of a node. */
bool figures_store_lost(int error);

/*
 * Reads a domain's report. Nodes that are missing or make no sense are no failure: out->there says
 * whether there is a report. Returns 0, or a negative errno where the store itself failed.
 */
int figures_read(struct store *s, uint32_t domid, struct figures *out);

/*
 * Notes that this report was seen and tells whether it is a fresh one. `now` is dom0's monotonic
 * clock and `wall` its wall clock, in seconds. A report that is seen for the first time has the age
 * that it claims (its stamp in seconds since 1970), if that is in a sensible past; else it is stale
 * until it changes.
 */
bool figures_fresh(struct figures_history *h, const struct figures *f, int64_t now, int64_t wall);

#endif
