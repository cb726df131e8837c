/* SPDX-License-Identifier: MIT */
/*
 * A connection: bytes in, requests out of them, answers and events queued for a peer that may be
 * slow or hostile. It knows the protocol's framing and the bounds, but neither sockets nor rings (a
 * transport does) nor what a request means (wire.c does). No I/O of its own, so that tests can
 * drive it with any bytes.
 *
 * Bounds, per connection: one message is read at a time; none is read while answers of
 * CONN_REPLY_BYTES wait to be taken; equal events wait once; beyond the event limits a watch's
 * further events shrink to one on its own path. A turn handles at most CONN_TURN requests, so that
 * nobody has to wait for a neighbour who never stops asking.
 */
#ifndef XENSTORED_CONN_H
#define XENSTORED_CONN_H

#include "store.h"

#include <sys/types.h>

#include <public/io/xs_wire.h>

#define CONN_TURN        16
#define CONN_REPLY_BYTES 16384

struct conn;
struct daemon;

struct conn_transport {
    /* Reads or writes up to LEN bytes: how many, 0 where it would have to wait, -1 where the peer
     * is gone or broken. */
    ssize_t (*read)(struct conn *conn, void *to, size_t len);
    ssize_t (*write)(struct conn *conn, const void *from, size_t len);
    /* After a flush: whether output still waits (PENDING), so that the transport can ask to be
     * woken. */
    void (*flushed)(struct conn *conn, bool pending);
    /* The connection is of no more use for the XENSTORE_ERROR_* given. May free it. Only from
     * conn_settle(). */
    void (*broken)(struct conn *conn, uint32_t error);
};

struct conn_message {
    struct conn_message *next;
    bool event;
    uint32_t len, sent;
    unsigned char bytes[];
};

struct conn {
    struct store_client client;
    struct daemon *daemon;
    const struct conn_transport *transport;
    bool from_ring; /* a domain: relative paths are its own */
    uint32_t error; /* XENSTORE_ERROR_*, once broken */
    size_t in_len;
    unsigned char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct conn_message *head, **tail;
    size_t reply_bytes, event_bytes, event_count;
    void *pending_events; /* search tree of the event messages of which nothing has been sent */
    bool dirty;
    struct conn *next_dirty;
};

/* What all connections of a process share. */
struct daemon {
    struct store *store;
    const struct wire_domains *domains;
    struct conn *dirty;
    uint64_t requests;
    bool verbose;
};

/* CONN is zeroed memory; sets it up for domain DOMID over TRANSPORT. */
void conn_init(struct conn *conn, struct daemon *daemon, const struct conn_transport *transport,
               uint16_t domid, bool privileged, bool from_ring);

/* Drops everything that CONN holds, in the store too, and takes it off all lists; its memory stays
 * the caller's. */
void conn_clear(struct conn *conn);

/*
 * Reads and handles requests until there are no more, output has to wait, or the turn is over; the
 * last is when it returns true: call it again, after others have had theirs. Call conn_settle()
 * after it.
 */
bool conn_run(struct conn *conn);

/* Queues an answer. LEN is at most XENSTORE_PAYLOAD_MAX. */
void conn_reply(struct conn *conn, uint32_t type, const struct xsd_sockmsg *request,
                const void *data, size_t len);

/* Sends what events and answers have left on any connection's queue, and reports the broken ones.
 */
void conn_settle(struct daemon *daemon);

/* The store's event callback for clients that are connections. */
store_event_fn conn_event;

#endif
