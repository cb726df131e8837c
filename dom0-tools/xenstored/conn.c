/* SPDX-License-Identifier: MIT */
/*
 * Framing, queues and their bounds (see conn.h). Must never trust a length before it is checked,
 * and never grow without a bound because a peer does not read.
 */
#include "conn.h"

#include "wire.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* How many events, and bytes of them, may wait on one connection before they shrink. */
#define EVENTS_GUEST           1024
#define EVENT_BYTES_GUEST      (256 * 1024)
#define EVENTS_PRIVILEGED      65536
#define EVENT_BYTES_PRIVILEGED (16 * 1024 * 1024)

void conn_init(struct conn *conn, struct daemon *daemon, const struct conn_transport *transport,
               uint16_t domid, bool privileged, bool from_ring)
{
    conn->daemon = daemon;
    conn->transport = transport;
    conn->client.domid = domid;
    conn->client.privileged = privileged;
    conn->client.owner = conn;
    conn->from_ring = from_ring;
    conn->tail = &conn->head;
}

static int message_compare(const void *a, const void *b)
{
    const struct conn_message *left = a, *right = b;

    if (left->len != right->len) {
        return left->len < right->len ? -1 : 1;
    }
    return memcmp(left->bytes, right->bytes, left->len);
}

static void mark_dirty(struct conn *conn)
{
    if (!conn->dirty) {
        conn->dirty = true;
        conn->next_dirty = conn->daemon->dirty;
        conn->daemon->dirty = conn;
    }
}

static void message_free(struct conn *conn, struct conn_message *message)
{
    if (message->event) {
        conn->event_bytes -= message->len;
        conn->event_count--;
    } else {
        conn->reply_bytes -= message->len;
    }
    free(message);
}

void conn_clear(struct conn *conn)
{
    store_client_reset(conn->daemon->store, &conn->client);
    while (conn->head) {
        struct conn_message *message = conn->head;

        if (message->event && message->sent == 0) {
            tdelete(message, &conn->pending_events, message_compare);
        }
        conn->head = message->next;
        message_free(conn, message);
    }
    conn->tail = &conn->head;
    conn->in_len = 0;
    if (conn->dirty) {
        struct conn **link = &conn->daemon->dirty;

        while (*link != conn) {
            link = &(*link)->next_dirty;
        }
        *link = conn->next_dirty;
        conn->dirty = false;
    }
}

static struct conn_message *message_new(uint32_t type, uint32_t req_id, uint32_t tx_id, size_t len)
{
    struct xsd_sockmsg header = {type, req_id, tx_id, (uint32_t)len};
    struct conn_message *message = node_alloc(sizeof(*message) + sizeof(header) + len);

    message->len = (uint32_t)(sizeof(header) + len);
    memcpy(message->bytes, &header, sizeof(header));
    return message;
}

static void message_queue(struct conn *conn, struct conn_message *message)
{
    *conn->tail = message;
    conn->tail = &message->next;
    mark_dirty(conn);
}

void conn_reply(struct conn *conn, uint32_t type, const struct xsd_sockmsg *request,
                const void *data, size_t len)
{
    struct conn_message *message = message_new(type, request->req_id, request->tx_id, len);

    if (len) {
        memcpy(message->bytes + sizeof(*request), data, len);
    }
    conn->reply_bytes += message->len;
    message_queue(conn, message);
}

static bool events_full(const struct conn *conn)
{
    if (conn->client.privileged) {
        return conn->event_count >= EVENTS_PRIVILEGED ||
               conn->event_bytes >= EVENT_BYTES_PRIVILEGED;
    }
    return conn->event_count >= EVENTS_GUEST || conn->event_bytes >= EVENT_BYTES_GUEST;
}

void conn_event(struct store_client *client, const char *path, const char *token,
                const char *watched)
{
    struct conn *conn = client->owner;
    struct conn_message *message, **slot;
    size_t path_size, token_size = strlen(token) + 1;

    if (conn->error) {
        return;
    }
    if (events_full(conn)) {
        path = watched;
    }
    path_size = strlen(path) + 1;
    if (path_size + token_size > XENSTORE_PAYLOAD_MAX) {
        path = watched; /* this fits: it came with its token in one message */
        path_size = strlen(path) + 1;
    }
    message = message_new(XS_WATCH_EVENT, 0, 0, path_size + token_size);
    message->event = true;
    memcpy(message->bytes + sizeof(struct xsd_sockmsg), path, path_size);
    memcpy(message->bytes + sizeof(struct xsd_sockmsg) + path_size, token, token_size);
    slot = tsearch(message, &conn->pending_events, message_compare);
    if (!slot) {
        abort();
    }
    if (*slot != message) {
        free(message); /* the same is still on its way, and its reader will find the newest state */
        return;
    }
    conn->event_count++;
    conn->event_bytes += message->len;
    message_queue(conn, message);
}

static void flush(struct conn *conn)
{
    while (conn->head && !conn->error) {
        struct conn_message *message = conn->head;
        ssize_t sent;

        if (message->event && message->sent == 0) {
            tdelete(message, &conn->pending_events, message_compare);
        }
        sent = conn->transport->write(conn, message->bytes + message->sent,
                                      message->len - message->sent);
        if (sent < 0) {
            conn->error = conn->error ? conn->error : XENSTORE_ERROR_COMM;
        }
        if (sent <= 0) {
            if (message->event && message->sent == 0) {
                tsearch(message, &conn->pending_events, message_compare);
            }
            break;
        }
        message->sent += (uint32_t)sent;
        if (message->sent == message->len) {
            conn->head = message->next;
            if (!conn->head) {
                conn->tail = &conn->head;
            }
            message_free(conn, message);
        }
    }
    conn->transport->flushed(conn, conn->head != NULL);
}

void conn_settle(struct daemon *daemon)
{
    while (daemon->dirty) {
        struct conn *conn = daemon->dirty;

        daemon->dirty = conn->next_dirty;
        conn->dirty = false;
        if (!conn->error) {
            flush(conn);
        }
        if (conn->error) {
            conn->transport->broken(conn, conn->error);
        }
    }
}

/* 1: a whole message is in the buffer; 0: not yet; -1: its length breaks the protocol. */
static int message_ready(const struct conn *conn, struct xsd_sockmsg *header)
{
    if (conn->in_len < sizeof(*header)) {
        return 0;
    }
    memcpy(header, conn->in, sizeof(*header));
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        return -1;
    }
    return conn->in_len >= sizeof(*header) + header->len;
}

/* Hands one request to wire.c, in a buffer of its own that ends in a NUL that was not sent. */
static void message_handle(struct conn *conn, const struct xsd_sockmsg *header)
{
    unsigned char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t used = sizeof(*header) + header->len;

    memcpy(payload, conn->in + sizeof(*header), header->len);
    payload[header->len] = 0;
    conn->in_len -= used;
    memmove(conn->in, conn->in + used, conn->in_len);
    conn->daemon->requests++;
    wire_handle(conn, header, (char *)payload);
}

bool conn_run(struct conn *conn)
{
    int handled = 0;
    bool stopped;

    if (!conn->error) {
        flush(conn);
    }
    while (!conn->error && conn->reply_bytes < CONN_REPLY_BYTES && handled < CONN_TURN) {
        struct xsd_sockmsg header;
        int ready = message_ready(conn, &header);
        ssize_t got;

        if (ready > 0) {
            message_handle(conn, &header);
            handled++;
            continue;
        }
        if (ready < 0) {
            conn->error = XENSTORE_ERROR_PROTO;
            break;
        }
        got = conn->transport->read(conn, conn->in + conn->in_len, sizeof(conn->in) - conn->in_len);
        if (got < 0) {
            conn->error = conn->error ? conn->error : XENSTORE_ERROR_COMM;
        }
        if (got <= 0) {
            break;
        }
        conn->in_len += (size_t)got;
    }
    stopped = conn->reply_bytes >= CONN_REPLY_BYTES;
    if (!conn->error && stopped) {
        flush(conn); /* where this makes room, nobody is going to wake us */
    }
    if (conn->error) {
        mark_dirty(conn);
        return false;
    }
    return conn->reply_bytes < CONN_REPLY_BYTES && (handled == CONN_TURN || stopped);
}
