/* SPDX-License-Identifier: MIT */
/*
 * A pseudo-terminal for one console, for tools that look for one in the store: libxl makes no domain
 * whose console/tty node stays empty, and its xenconsole attaches there. Kept for them alone; the
 * socket (clients.h) is the better way in.
 */
#ifndef CONSOLED_TERMINAL_H
#define CONSOLED_TERMINAL_H

#include <event2/event.h>
#include <stddef.h>

#include "console.h"

/*
 * Attaches a fresh pseudo-terminal to the console and writes its device's path to `path` (at least
 * 32 bytes). It lives as long as the console does. 0 or a negative errno.
 */
int terminal_open(struct event_base *base, struct console *c, char *path, size_t size);

#endif
