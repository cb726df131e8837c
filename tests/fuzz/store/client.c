/* SPDX-License-Identifier: MIT */
/*
 * A client: bytes to and from the daemon by a socket or a ring, and the account of what it has asked. While it is honest,
 * every answer must be to the oldest request that has none, of its type (or an error), number and transaction; and nothing
 * that reaches a guest may hold what only the host may read.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client clients[CLIENTS];
uint64_t answered[XS_TYPE_COUNT + 1][2];

static void client_anew(struct client *c)
{
    c->asked_first = c->asked_count = 0;
    c->out_len = c->in_len = 0;
    c->honest = c->reads = c->open = true;
    memset(c->txns, 0, sizeof(c->txns));
}

void client_open_socket(struct client *c, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int small = 16384;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(c->fd >= 0 && !connect(c->fd, (const struct sockaddr *)&address, sizeof(address)),
         "cannot connect: %s", strerror(errno));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    client_anew(c);
}

void client_close_socket(struct client *c)
{
    close(c->fd);
    c->open = false;
}

void client_ring_fresh(struct client *c)
{
    memset(machine[c->domid].page, 0, sizeof(*machine[c->domid].page));
    client_anew(c);
}

void client_spoil(struct client *c)
{
    c->honest = false;
}

/* ---- bytes ---- */

static ssize_t bytes_out(struct client *c, const void *from, size_t len)
{
    struct xenstore_domain_interface *page = machine[c->domid].page;
    size_t done = 0;

    if (!c->is_ring) {
        ssize_t sent = send(c->fd, from, len, MSG_NOSIGNAL);

        return sent < 0 ? (errno == EAGAIN ? 0 : -1) : sent;
    }
    while (done < len && page->req_prod - page->req_cons < XENSTORE_RING_SIZE)
        page->req[MASK_XENSTORE_IDX(page->req_prod++)] = ((const char *)from)[done++];
    return (ssize_t)done;
}

static ssize_t bytes_in(struct client *c, void *to, size_t len)
{
    struct xenstore_domain_interface *page = machine[c->domid].page;
    size_t done = 0;

    if (!c->is_ring) {
        ssize_t got = recv(c->fd, to, len, 0);

        return got < 0 ? (errno == EAGAIN ? 0 : -1) : got ? got : -1;
    }
    if (page->rsp_prod - page->rsp_cons > XENSTORE_RING_SIZE) /* nonsense of its own making */
        page->rsp_cons = page->rsp_prod;
    while (done < len && page->rsp_cons != page->rsp_prod)
        ((char *)to)[done++] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
    return (ssize_t)done;
}

/* ---- messages ---- */

static void check_secret(const struct client *c, const unsigned char *payload, size_t len)
{
    MUST(c->domid == 0 || !memmem(payload, len, SECRET, strlen(SECRET)),
         "domain %u was told of what only the host may read", c->domid);
}

static void remember_txn(struct client *c, const char *text)
{
    memmove(c->txns + 1, c->txns, sizeof(c->txns) - sizeof(c->txns[0]));
    c->txns[0] = (uint32_t)strtoul(text, NULL, 10);
}

static void take_message(struct client *c, const struct xsd_sockmsg *h, unsigned char *payload)
{
    struct asked want;

    check_secret(c, payload, h->len);
    if (!c->honest)
        return;
    if (h->type == XS_WATCH_EVENT) {
        const unsigned char *end = memchr(payload, 0, h->len);

        c->events++;
        MUST(h->req_id == 0 && h->tx_id == 0, "a watch event has number %u, transaction %u",
             h->req_id, h->tx_id);
        MUST(end && end + 1 < payload + h->len + 1 && payload[h->len - 1] == 0,
             "a watch event is no two strings");
        return;
    }
    MUST(c->asked_count, "domain %u gets an answer (type %u, number %u) that it never asked for",
         c->domid, h->type, h->req_id);
    want = c->asked[c->asked_first];
    c->asked_first = (c->asked_first + 1) % ASKED_MAX;
    c->asked_count--;
    MUST(h->req_id == want.req_id && h->tx_id == want.tx_id,
         "domain %u: answer %u (transaction %u) where %u (%u) was due", c->domid, h->req_id,
         h->tx_id, want.req_id, want.tx_id);
    MUST(h->type == want.type || h->type == XS_ERROR,
         "domain %u: an answer of type %u to a request of type %u", c->domid, h->type, want.type);
    c->answers++;
    c->errors += h->type == XS_ERROR;
    answered[want.type < XS_TYPE_COUNT ? want.type : XS_TYPE_COUNT][h->type == XS_ERROR]++;
    if (h->type == XS_ERROR)
        MUST(h->len && payload[h->len - 1] == 0 && payload[0] == 'E', "an error has no name");
    else if (h->type == XS_TRANSACTION_START)
        remember_txn(c, (const char *)payload);
}

static bool take_messages(struct client *c)
{
    bool moved = false;

    for (;;) {
        struct xsd_sockmsg h;
        unsigned char payload[XENSTORE_PAYLOAD_MAX + 1];

        if (c->in_len < sizeof(h))
            return moved;
        memcpy(&h, c->in, sizeof(h));
        if (h.len > XENSTORE_PAYLOAD_MAX) {
            MUST(!c->honest, "domain %u gets a message of %u bytes", c->domid, h.len);
            c->in_len = 0; /* its ring is nonsense, by its own doing */
            return moved;
        }
        if (c->in_len < sizeof(h) + h.len)
            return moved;
        memcpy(payload, c->in + sizeof(h), h.len);
        payload[h.len] = 0;
        c->in_len -= sizeof(h) + h.len;
        memmove(c->in, c->in + sizeof(h) + h.len, c->in_len);
        take_message(c, &h, payload);
        moved = true;
    }
}

bool client_move(struct client *c)
{
    ssize_t moved, got;

    if (!c->open || (c->is_ring && !machine[c->domid].exists))
        return false;
    moved = c->out_len ? bytes_out(c, c->out, c->out_len) : 0;
    if (moved > 0) {
        c->out_len -= (size_t)moved;
        memmove(c->out, c->out + moved, c->out_len);
    }
    got = c->reads ? bytes_in(c, c->in + c->in_len, sizeof(c->in) - c->in_len) : 0;
    if (moved < 0 || got < 0) { /* a socket that the daemon has closed */
        MUST(!c->honest, "the daemon hangs up on a client that did nothing wrong");
        client_close_socket(c);
        return true;
    }
    c->in_len += (size_t)got;
    if (c->is_ring && (moved || got))
        machine_send(c->domid);
    take_messages(c);
    return moved || got;
}

bool client_ask(struct client *c, uint32_t type, uint32_t tx, const void *payload, size_t len)
{
    struct xsd_sockmsg h = {type, ++c->next_id, tx, (uint32_t)len};

    if (!c->open || c->asked_count == ASKED_MAX || c->out_len + sizeof(h) + len > sizeof(c->out))
        return false;
    memcpy(c->out + c->out_len, &h, sizeof(h));
    memcpy(c->out + c->out_len + sizeof(h), payload, len);
    c->out_len += sizeof(h) + len;
    c->asked[(c->asked_first + c->asked_count++) % ASKED_MAX] = (struct asked){type, h.req_id, tx};
    return true;
}
