/* SPDX-License-Identifier: MIT */
/* The console frontend: see console.h. */
#include "console.h"

#include "os.h"

bool pv_console_init(struct pv_console *c)
{
    c->broken = false;
    c->page = os_console_page(&c->port);
    return c->page != NULL;
}

static void console_broken(struct pv_console *c)
{
    c->broken = true;
    os_log("console: the backend's ring indices make no sense; it is not used any more");
}

/* Bytes in the output ring that the backend has not taken; -1 (and broken) where that cannot be. */
static long console_unread(struct pv_console *c, XENCONS_RING_IDX *prod)
{
    XENCONS_RING_IDX unread;

    *prod = __atomic_load_n(&c->page->out_prod, __ATOMIC_RELAXED);
    /* acquire: the bytes may be overwritten only after the index says so */
    unread = *prod - __atomic_load_n(&c->page->out_cons, __ATOMIC_ACQUIRE);
    if (unread <= sizeof(c->page->out))
        return (long)unread;
    console_broken(c);
    return -1;
}

size_t pv_console_write(struct pv_console *c, const char *data, size_t len)
{
    XENCONS_RING_IDX prod;
    size_t room, start, first;
    long unread;

    if (!c->page || c->broken)
        return 0;
    unread = console_unread(c, &prod);
    if (unread < 0)
        return 0;
    room = sizeof(c->page->out) - (size_t)unread;
    if (len > room)
        len = room;
    if (len == 0)
        return 0;
    start = MASK_XENCONS_IDX(prod, c->page->out);
    first = len < sizeof(c->page->out) - start ? len : sizeof(c->page->out) - start;
    memcpy(c->page->out + start, data, first);
    memcpy(c->page->out, data + first, len - first);
    __atomic_store_n(&c->page->out_prod, prod + (XENCONS_RING_IDX)len, __ATOMIC_RELEASE);
    os_event_send(c->port);
    return len;
}

size_t pv_console_write_all(struct pv_console *c, const char *data, size_t len,
                            uint64_t deadline_ns)
{
    size_t done = 0;

    for (;;) {
        os_event_clear(c->port);
        done += pv_console_write(c, data + done, len - done);
        if (done == len || !c->page || c->broken || os_time() >= deadline_ns)
            return done;
        os_event_wait(&c->port, 1, deadline_ns);
    }
}

bool pv_console_drain(struct pv_console *c, uint64_t deadline_ns)
{
    XENCONS_RING_IDX prod;

    if (!c->page || c->broken)
        return false;
    for (;;) {
        long unread;

        os_event_clear(c->port);
        unread = console_unread(c, &prod);
        if (unread <= 0)
            return unread == 0;
        if (os_time() >= deadline_ns)
            return false;
        os_event_wait(&c->port, 1, deadline_ns);
    }
}

size_t pv_console_read(struct pv_console *c, char *to, size_t max)
{
    XENCONS_RING_IDX cons, there;
    size_t len, start, first;

    if (!c->page || c->broken)
        return 0;
    cons = __atomic_load_n(&c->page->in_cons, __ATOMIC_RELAXED);
    there = __atomic_load_n(&c->page->in_prod, __ATOMIC_ACQUIRE) - cons;
    if (there > sizeof(c->page->in)) {
        console_broken(c);
        return 0;
    }
    len = there < max ? there : max;
    if (len == 0)
        return 0;
    start = MASK_XENCONS_IDX(cons, c->page->in);
    first = len < sizeof(c->page->in) - start ? len : sizeof(c->page->in) - start;
    memcpy(to, c->page->in + start, first);
    memcpy(to + first, c->page->in, len - first);
    __atomic_store_n(&c->page->in_cons, cons + (XENCONS_RING_IDX)len, __ATOMIC_RELEASE);
    os_event_send(c->port);
    return len;
}
