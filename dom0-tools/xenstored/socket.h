/* SPDX-License-Identifier: MIT */
/*
 * The Unix socket: dom0's programs, all of them privileged (the socket's mode lets in root alone).
 */
#ifndef XENSTORED_SOCKET_H
#define XENSTORED_SOCKET_H

#include "conn.h"

struct event_base;

/*
 * Listens on PATH, mode 0600, in the place of a socket that nobody serves any more. Returns 0, or 1
 * after it has said on stderr what failed (a daemon that answers there is one reason).
 */
int socket_start(struct daemon *daemon, struct event_base *base, const char *path);

#endif
