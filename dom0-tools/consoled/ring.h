/* SPDX-License-Identifier: MIT */
/*
 * The backend's half of a console ring: moves bytes between the page that a guest shares and us.
 *
 * The guest owns the page and may write any of it at any time, the indices that are "ours" among it.
 * So each call loads both indices once, checks them against each other, and works on the copies;
 * nothing here depends on what an earlier call saw.
 */
#ifndef CONSOLED_RING_H
#define CONSOLED_RING_H

#include <public/io/console.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Takes up to `max` bytes of the guest's output into `to` and advances the ring.
 * Returns their number, or -EPROTO when the indices claim more than the ring can hold.
 */
ssize_t ring_take_output(struct xencons_interface *page, void *to, size_t max);

/*
 * Puts up to `len` bytes of input into the ring. Returns how many found room (0: none), or -EPROTO.
 */
ssize_t ring_put_input(struct xencons_interface *page, const void *from, size_t len);

#endif
