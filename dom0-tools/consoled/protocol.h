/* SPDX-License-Identifier: MIT */
/*
 * What a client and the console daemon say to each other on the daemon's Unix socket. Text lines, so
 * that any tool that opens a Unix socket can be a client:
 *
 *   client:  "attach BYTES TARGET\n"   TARGET: a domain's number or else its name, up to the end of
 *                                      the line (a number wins over a name that looks like one);
 *                                      BYTES: how much of the latest output to replay (decimal; what
 *                                      the daemon still has is the upper bound)
 *   daemon:  "OK DOMID NAME\n"         then the replay, then both directions are the console's bytes
 *        or  "ERR ERRNO TEXT\n"        ERRNO decimal, TEXT for people; the daemon closes
 *
 * The daemon closes when the domain is gone. The client leaves by closing; half a close is a close.
 * A client that reads too slowly misses output and is told how much in a line of its own in the
 * stream; nobody else waits for it. Input that the domain does not take holds the client back.
 */
#ifndef CONSOLED_PROTOCOL_H
#define CONSOLED_PROTOCOL_H

#define CONSOLED_SOCKET "/run/mews/console.sock"

/* Each line, its newline included, fits in this many bytes, both ways. */
#define CONSOLED_LINE_MAX 512u

/* What the daemon keeps of each domain's latest output. */
#define CONSOLED_REPLAY_MAX 65536u

#define CONSOLED_ATTACH "attach "
#define CONSOLED_OK     "OK "
#define CONSOLED_ERROR  "ERR "

#endif
