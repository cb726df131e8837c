/* SPDX-License-Identifier: MIT */
/*
 * The daemon's Unix socket and those who are attached through it. What one of them does, or fails to
 * do, must cost the daemon a bounded amount of memory and the others nothing.
 */
#ifndef CONSOLED_CLIENTS_H
#define CONSOLED_CLIENTS_H

#include <event2/event.h>

#include "domains.h"

struct clients;

/* Serves the listening socket `fd` (non-blocking; it stays the caller's). NULL: no memory. */
struct clients *clients_start(struct event_base *base, int fd, struct domains *domains);

/* Ends all connections. Call before domains_stop. */
void clients_stop(struct clients *all);

/*
 * Makes the listening socket at `path`, mode 0600, replacing what a dead daemon left there.
 * Returns the descriptor, or -EADDRINUSE where a daemon answers, or another negative errno.
 */
int clients_listen(const char *path);

#endif
