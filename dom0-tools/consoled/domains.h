/* SPDX-License-Identifier: MIT */
/*
 * Which domains there are and which console belongs to each, as the store tells it.
 *
 * The store may go away and come back at any time: consoles that are open live on meanwhile, and
 * the next connection brings the list up to date. Nothing but the store is asked: the daemon holds no
 * right to look at domains itself.
 */
#ifndef CONSOLED_DOMAINS_H
#define CONSOLED_DOMAINS_H

#include "console.h"

struct domains;

/*
 * Starts watching the store at `socket` (NULL: its usual place); where there is none yet, it is tried
 * again every second. `setup` must outlive it. NULL: no memory.
 */
struct domains *domains_start(const struct console_setup *setup, const char *socket);

/* Closes all consoles and the connection. */
void domains_stop(struct domains *d);

/*
 * Finds the console of the domain with that number, or else that name: a number means the same domain
 * however others are called. Where it is not known the store is asked first, so that a domain made just before is
 * found. NULL: no such domain, or it has no console that could be opened.
 */
struct console *domains_find(struct domains *d, const char *target);

/* The console whose local port that is, or NULL. */
struct console *domains_by_port(struct domains *d, uint32_t port);

/* Calls f for each open console. f must not close any. */
void domains_each(struct domains *d, void (*f)(struct console *));

/* Asks the store for news about every domain and tries again what failed. */
void domains_refresh(struct domains *d);

#endif
