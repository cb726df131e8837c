/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of the page that a domain shares with it: two rings of bytes. The other side
 * can change any byte of the page at any moment, so our two indices are kept here and only
 * published there, the other two are read once per use and checked, and a ring that makes no sense
 * is reported, never repaired.
 *
 * Layout and rules: Xen's docs/misc/xenstore-ring.txt.
 */
#ifndef XENSTORED_RING_H
#define XENSTORED_RING_H

#include <stdbool.h>
#include <sys/types.h>

#include <public/io/xs_wire.h>

struct ring {
    struct xenstore_domain_interface *page;
    uint32_t req_cons, rsp_prod; /* ours; the page's copies are for the other side only */
    bool moved;                  /* something was taken or put since ring_moved() */
};

/* Takes over PAGE with the indices it has, and says in it what this daemon can do. */
void ring_attach(struct ring *ring, struct xenstore_domain_interface *page);

/* Up to LEN bytes out of the requests, or into the answers: how many, 0 for none now, -1 for
 * impossible indices. */
ssize_t ring_read(struct ring *ring, void *to, size_t len);
ssize_t ring_write(struct ring *ring, const void *from, size_t len);

/* Whether the other side must be told of progress; clears the mark. */
bool ring_moved(struct ring *ring);

/* Whether the other side asks to start anew; ring_reset() does that, after the connection has been
 * cleared. */
bool ring_reset_wanted(const struct ring *ring);
void ring_reset(struct ring *ring);

/* Leaves an XENSTORE_ERROR_* in the page for the other side to find. */
void ring_fail(struct ring *ring, uint32_t error);

#endif
