/* SPDX-License-Identifier: MIT */
/* The attaching side of the console daemon's socket: what `vmctl console` calls. */
#ifndef CONSOLED_CLIENT_H
#define CONSOLED_CLIENT_H

#include <stddef.h>

/* The byte that leaves the console: Ctrl-]. */
#define CONSOLED_ESCAPE 0x1d

/* How consoled_attach ended well. */
#define CONSOLED_LEFT  0 /* the user left by Ctrl-] */
#define CONSOLED_ENDED 1 /* the domain is gone, or the daemon ended */

/*
 * Connects `in_fd` and `out_fd` to the console of the domain `target` (name or number) and stays
 * until the user leaves or the console ends. A terminal at in_fd is put into raw mode meanwhile and
 * gets its old mode back however this returns; SIGINT, SIGTERM, SIGHUP and SIGQUIT that arrive
 * meanwhile take effect after that. When in_fd ends (a file, a pipe, /dev/null) output goes on.
 *
 * socket: the daemon's, NULL for its usual place. replay: bytes of the latest output to show first.
 * Returns CONSOLED_LEFT, CONSOLED_ENDED or a negative errno (-ENOENT: no such domain or console);
 * then, and only then, `error` (`size` > 0 bytes) holds one line for people without a newline.
 */
int consoled_attach(const char *socket, const char *target, int in_fd, int out_fd, size_t replay,
                    char *error, size_t size);

#endif
