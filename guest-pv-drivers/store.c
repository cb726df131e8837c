/* SPDX-License-Identifier: MIT */
/*
 * The store frontend: see store.h. Messages cross the ring in pieces, since the longest one is four
 * rings long; every piece is copied out and the whole checked before it is looked at.
 */
#include "store.h"

#include <public/errno.h>

#include "os.h"

static const struct {
    const char *name;
    int number;
} error_names[] = {
    {"EINVAL", XEN_EINVAL}, {"EACCES", XEN_EACCES}, {"EEXIST", XEN_EEXIST}, {"ENOENT", XEN_ENOENT},
    {"ENOMEM", XEN_ENOMEM}, {"ENOSPC", XEN_ENOSPC}, {"ENOSYS", XEN_ENOSYS}, {"EBUSY", XEN_EBUSY},
    {"EAGAIN", XEN_EAGAIN}, {"E2BIG", XEN_E2BIG},   {"EPERM", XEN_EPERM},   {"EISDIR", XEN_EISDIR},
    {"EROFS", XEN_EROFS},
};

/* ---- the ring ---- */

static int store_broken(struct pv_store *s, const char *why)
{
    if (!s->broken)
        os_log(why);
    s->broken = true;
    return -XEN_EIO;
}

/* Puts what has room into the request ring. Returns how much, or an error. */
static int ring_put(struct pv_store *s, const char *data, uint32_t len)
{
    XENSTORE_RING_IDX prod = __atomic_load_n(&s->page->req_prod, __ATOMIC_RELAXED);
    XENSTORE_RING_IDX used = prod - __atomic_load_n(&s->page->req_cons, __ATOMIC_ACQUIRE);

    if (used > XENSTORE_RING_SIZE)
        return store_broken(s, "store: request indices make no sense");
    if (len > XENSTORE_RING_SIZE - used)
        len = XENSTORE_RING_SIZE - used;
    for (uint32_t i = 0; i < len; i++)
        s->page->req[MASK_XENSTORE_IDX(prod + i)] = data[i];
    if (len > 0) {
        __atomic_store_n(&s->page->req_prod, prod + len, __ATOMIC_RELEASE);
        os_event_send(s->port);
    }
    return (int)len;
}

/* Takes up to `len` bytes of the response ring. Returns how many, or an error. */
static int ring_take(struct pv_store *s, char *to, uint32_t len)
{
    XENSTORE_RING_IDX cons = __atomic_load_n(&s->page->rsp_cons, __ATOMIC_RELAXED);
    XENSTORE_RING_IDX there = __atomic_load_n(&s->page->rsp_prod, __ATOMIC_ACQUIRE) - cons;

    if (there > XENSTORE_RING_SIZE)
        return store_broken(s, "store: response indices make no sense");
    if (len > there)
        len = there;
    for (uint32_t i = 0; i < len; i++)
        to[i] = s->page->rsp[MASK_XENSTORE_IDX(cons + i)];
    if (len > 0) {
        __atomic_store_n(&s->page->rsp_cons, cons + len, __ATOMIC_RELEASE);
        os_event_send(s->port);
    }
    return (int)len;
}

/* Sends a piece whole, waiting for room. */
static int store_send(struct pv_store *s, const void *data, size_t len, uint64_t deadline)
{
    const char *from = data;

    while (len > 0) {
        int n;

        os_event_clear(s->port);
        n = ring_put(s, from, (uint32_t)len);
        if (n < 0)
            return n;
        from += n;
        len -= (size_t)n;
        if (len > 0 && n == 0) {
            if (os_time() >= deadline)
                return store_broken(s, "store: a request found no room in time");
            os_event_wait(&s->port, 1, deadline);
        }
    }
    return 0;
}

/* Takes what there is of a message: 1 where it is whole (in head and body), 0 where not yet. */
static int store_receive(struct pv_store *s)
{
    for (;;) {
        uint32_t want = (uint32_t)sizeof(s->head);
        char *to = (char *)&s->head + s->have;
        int n;

        if (s->have >= sizeof(s->head)) {
            if (s->head.len > XENSTORE_PAYLOAD_MAX)
                return store_broken(s, "store: a message is too long");
            want += s->head.len;
            to = s->body + (s->have - sizeof(s->head));
            if (s->have == want) {
                s->body[s->head.len] = '\0';
                s->have = 0;
                return 1;
            }
        }
        n = ring_take(s, to, want - s->have);
        if (n <= 0)
            return n;
        s->have += (uint32_t)n;
    }
}

/* ---- watch events ---- */

static bool text_equal(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && memcmp(a, b, len) == 0;
}

/* Keeps the event that just came. One that is kept already, not asked for yet, counts for both. */
static int store_keep_event(struct pv_store *s)
{
    size_t path = strlen(s->body) + 1, token;
    struct pv_store_event *e = &s->event[s->events];

    if (path > s->head.len)
        return store_broken(s, "store: a watch event has no token");
    token = strlen(s->body + path) + 1;
    if (path + token > s->head.len)
        return store_broken(s, "store: a watch event has no end");
    for (unsigned int i = 0; i < s->events; i++)
        if (text_equal(s->event[i].path, s->body) && text_equal(s->event[i].token, s->body + path))
            return 0;
    if (s->events == PV_STORE_EVENTS || path > sizeof(e->path) || token > sizeof(e->token)) {
        s->lost = true;
        return 0;
    }
    memcpy(e->path, s->body, path);
    memcpy(e->token, s->body + path, token);
    s->events++;
    return 0;
}

int pv_store_next_event(struct pv_store *s, struct pv_store_event *event)
{
    while (s->page && !s->broken) {
        int there = store_receive(s);

        if (there == 0)
            break;
        if (there > 0 && s->head.type != XS_WATCH_EVENT)
            there = store_broken(s, "store: an answer that nobody asked for");
        if (there > 0)
            there = store_keep_event(s);
        if (there < 0)
            return there;
    }
    if (!s->page || s->broken)
        return -XEN_EIO;
    if (s->lost) {
        s->lost = false;
        event->path[0] = event->token[0] = '\0';
        return 1;
    }
    if (s->events == 0)
        return 0;
    *event = s->event[0];
    s->events--;
    for (unsigned int i = 0; i < s->events; i++)
        s->event[i] = s->event[i + 1];
    return 1;
}

/* ---- requests ---- */

static int store_error(const struct pv_store *s)
{
    for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
        if (text_equal(s->body, error_names[i].name))
            return -error_names[i].number;
    return -XEN_EINVAL;
}

/* Waits for the answer to request `id`. 0: it is in head and body. */
static int store_answer(struct pv_store *s, uint32_t type, uint32_t id, uint64_t deadline)
{
    for (;;) {
        int there;

        os_event_clear(s->port);
        there = store_receive(s);
        if (there < 0)
            return there;
        if (there == 0) {
            if (os_time() >= deadline)
                return store_broken(s, "store: no answer in time");
            os_event_wait(&s->port, 1, deadline);
            continue;
        }
        if (s->head.type == XS_WATCH_EVENT) {
            there = store_keep_event(s);
            if (there < 0)
                return there;
            continue;
        }
        if (s->head.req_id != id || (s->head.type != type && s->head.type != XS_ERROR))
            return store_broken(s, "store: an answer to another request");
        return s->head.type == XS_ERROR ? store_error(s) : 0;
    }
}

/* One request of a path and `len` bytes behind it. */
static int store_request(struct pv_store *s, uint32_t type, const char *path, const void *data,
                         size_t len)
{
    size_t path_len = strlen(path) + 1;
    uint64_t deadline = os_time() + PV_STORE_PATIENCE_NS;
    struct xsd_sockmsg head = {.type = type};
    int err;

    if (!s->page || s->broken)
        return -XEN_EIO;
    if (path_len > XENSTORE_PAYLOAD_MAX || len > XENSTORE_PAYLOAD_MAX - path_len)
        return -XEN_E2BIG;
    head.req_id = ++s->last_id;
    head.len = (uint32_t)(path_len + len);
    err = store_send(s, &head, sizeof(head), deadline);
    if (!err)
        err = store_send(s, path, path_len, deadline);
    if (!err)
        err = store_send(s, data, len, deadline);
    return err ? err : store_answer(s, type, head.req_id, deadline);
}

bool pv_store_init(struct pv_store *s)
{
    s->broken = s->lost = false;
    s->events = 0;
    s->have = s->last_id = 0;
    s->page = os_store_page(&s->port);
    return s->page != NULL;
}

int pv_store_read(struct pv_store *s, const char *path, char *to, size_t size)
{
    int err = store_request(s, XS_READ, path, "", 0);

    if (err)
        return err;
    if (s->head.len >= size)
        return -XEN_E2BIG;
    memcpy(to, s->body, s->head.len + 1u);
    return (int)s->head.len;
}

int pv_store_write(struct pv_store *s, const char *path, const void *value, size_t len)
{
    return store_request(s, XS_WRITE, path, value, len);
}

int pv_store_watch(struct pv_store *s, const char *path, const char *token)
{
    size_t len = strlen(token) + 1;

    return len > PV_STORE_TOKEN_MAX ? -XEN_E2BIG : store_request(s, XS_WATCH, path, token, len);
}
