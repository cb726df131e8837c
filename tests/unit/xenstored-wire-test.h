/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the protocol share: peers whose bytes are in memory, instead of sockets and
 * rings of domains.
 */
#ifndef XENSTORED_WIRE_TEST_H
#define XENSTORED_WIRE_TEST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "suite.h"
#include "wire.h"

#define GUEST  7
#define BUFFER (1 << 20)

/* A peer: what it has sent and we have not read, what we have sent, and how much of that it takes
 * now. */
struct peer {
    struct conn conn;
    unsigned char *to_daemon, *from_daemon;
    size_t to_len, to_at, from_len, room;
    uint32_t broken;
    struct ring *ring;
};

static struct daemon daemon_state;
static struct peer *root, *guest;
static uint32_t introduced, released;

static inline struct peer *peer_of(struct conn *conn)
{
    return (struct peer *)conn;
}

static inline ssize_t peer_read(struct conn *conn, void *to, size_t len)
{
    struct peer *peer = peer_of(conn);
    ssize_t got;

    if (peer->ring) {
        got = ring_read(peer->ring, to, len);
        if (got < 0) {
            conn->error = XENSTORE_ERROR_RINGIDX;
        }
        return got;
    }
    if (len > peer->to_len - peer->to_at) {
        len = peer->to_len - peer->to_at;
    }
    memcpy(to, peer->to_daemon + peer->to_at, len);
    peer->to_at += len;
    return (ssize_t)len;
}

static inline ssize_t peer_write(struct conn *conn, const void *from, size_t len)
{
    struct peer *peer = peer_of(conn);

    if (peer->ring) {
        return ring_write(peer->ring, from, len);
    }
    if (len > peer->room) {
        len = peer->room;
    }
    peer->room -= len;
    CU_ASSERT_FATAL(peer->from_len + len <= BUFFER);
    memcpy(peer->from_daemon + peer->from_len, from, len);
    peer->from_len += len;
    return (ssize_t)len;
}

static inline void peer_flushed(struct conn *conn, bool pending)
{
    CU_ASSERT_EQUAL(pending, conn->head != NULL);
}

static inline void peer_broken(struct conn *conn, uint32_t error)
{
    peer_of(conn)->broken = error;
    conn_clear(conn);
}

static const struct conn_transport transport = {peer_read, peer_write, peer_flushed, peer_broken};

static inline int fake_introduce(struct daemon *daemon, uint16_t domid, uint64_t gfn, uint32_t port)
{
    (void)daemon;
    introduced = (uint32_t)(domid * 1000000 + gfn * 1000 + port);
    return 0;
}

static inline int fake_release(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    released = domid;
    return domid == GUEST ? 0 : ENOENT;
}

static inline int fake_target(struct daemon *daemon, uint16_t domid, uint16_t target)
{
    (void)daemon;
    return domid == GUEST && target == 8 ? 0 : ENOENT;
}

static inline bool fake_introduced(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    return domid == GUEST;
}

static const struct wire_domains domains = {
    fake_introduce, fake_release, fake_release, fake_target, fake_introduced,
};

static inline struct peer *peer_new(uint16_t domid)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    peer->to_daemon = malloc(BUFFER);
    peer->from_daemon = malloc(BUFFER);
    peer->room = SIZE_MAX;
    conn_init(&peer->conn, &daemon_state, &transport, domid, domid == 0, domid != 0);
    return peer;
}

static inline void peer_free(struct peer *peer)
{
    conn_clear(&peer->conn);
    free(peer->to_daemon);
    free(peer->from_daemon);
    free(peer);
}

static inline void start(void)
{
    daemon_state = (struct daemon){.store = store_new(conn_event), .domains = &domains};
    root = peer_new(0);
    guest = peer_new(GUEST);
}

static inline void stop(void)
{
    peer_free(root);
    peer_free(guest);
    CU_ASSERT_PTR_NULL(daemon_state.dirty);
    CU_ASSERT(store_check(daemon_state.store));
    store_free(daemon_state.store);
}

static inline void run(struct peer *peer)
{
    while (conn_run(&peer->conn)) {
    }
    conn_settle(&daemon_state);
}

static inline void send_bytes(struct peer *peer, const void *bytes, size_t len)
{
    if (peer->to_at == peer->to_len) {
        peer->to_at = peer->to_len = 0;
    }
    CU_ASSERT_FATAL(peer->to_len + len <= BUFFER);
    memcpy(peer->to_daemon + peer->to_len, bytes, len);
    peer->to_len += len;
}

static inline void send_request(struct peer *peer, uint32_t type, uint32_t tx, const void *payload,
                                size_t len)
{
    struct xsd_sockmsg header = {type, 42, tx, (uint32_t)len};

    send_bytes(peer, &header, sizeof(header));
    send_bytes(peer, payload, len);
}

/* Takes the next message off what the daemon has sent: its type, or -1 where there is none. */
static inline int take(struct peer *peer, char *payload, size_t *len)
{
    struct xsd_sockmsg header;

    if (peer->from_len < sizeof(header)) {
        CU_ASSERT_EQUAL(peer->from_len, 0);
        return -1;
    }
    memcpy(&header, peer->from_daemon, sizeof(header));
    CU_ASSERT_FATAL(header.len <= XENSTORE_PAYLOAD_MAX);
    CU_ASSERT_FATAL(peer->from_len >= sizeof(header) + header.len);
    CU_ASSERT_EQUAL(header.req_id, header.type == XS_WATCH_EVENT ? 0 : 42);
    memcpy(payload, peer->from_daemon + sizeof(header), header.len);
    payload[header.len] = 0;
    *len = header.len;
    peer->from_len -= sizeof(header) + header.len;
    memmove(peer->from_daemon, peer->from_daemon + sizeof(header) + header.len, peer->from_len);
    return (int)header.type;
}

/* All that has been sent, as text: "TYPE payload;" with | for NUL. */
static inline const char *taken(struct peer *peer)
{
    static char text[65536];
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t len, used = 0;
    int type;

    text[0] = 0;
    while ((type = take(peer, payload, &len)) >= 0) {
        for (size_t i = 0; i < len; i++) {
            payload[i] = (char)(payload[i] ? payload[i] : '|');
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%d %s;", type, payload);
    }
    return text;
}

/* Sends TEXT (with | for NUL) as a request and returns what came of it. */
static inline const char *ask(struct peer *peer, uint32_t type, uint32_t tx, const char *text)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t len = strlen(text);

    memcpy(payload, text, len);
    for (size_t i = 0; i < len; i++) {
        payload[i] = (char)(payload[i] == '|' ? 0 : payload[i]);
    }
    send_request(peer, type, tx, payload, len);
    run(peer);
    return taken(peer);
}

#endif
