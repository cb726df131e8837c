/* SPDX-License-Identifier: MIT */
/*
 * The console frontend: a domain's own end of its console ring.
 *
 * The page is shared with a backend that may write anything into it; indices are checked on each
 * use, and one bad index ends the driver's use of the ring, never more. No index is kept from call
 * to call, so that a kernel's early printing may use the same ring.
 */
#ifndef PV_CONSOLE_H
#define PV_CONSOLE_H

#include <public/io/console.h>
#include <stdbool.h>
#include <stddef.h>

struct pv_console {
    struct xencons_interface *page; /* NULL: no console */
    uint32_t port;
    bool broken;
};

/* Finds the console. False where the domain has none; every call below then does nothing. */
bool pv_console_init(struct pv_console *c);

/* Puts what has room into the ring and tells the backend. Returns how much that was. Never waits. */
size_t pv_console_write(struct pv_console *c, const char *data, size_t len);

/* The same, but waits for room until everything is out, the deadline passes or the ring is broken. */
size_t pv_console_write_all(struct pv_console *c, const char *data, size_t len,
                            uint64_t deadline_ns);

/* Waits until the backend has taken all output, as before the domain ends. True where it has. */
bool pv_console_drain(struct pv_console *c, uint64_t deadline_ns);

/* Takes up to `max` bytes of input. Never waits; 0: none. */
size_t pv_console_read(struct pv_console *c, char *to, size_t max);

#endif
