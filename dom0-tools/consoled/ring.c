/* SPDX-License-Identifier: MIT */
/* The backend's half of a console ring: see ring.h for what it must not trust. */
#include "ring.h"

#include <errno.h>
#include <string.h>

/* Copies between a ring of `size` bytes (a power of two) and a buffer, `len` <= size. */
static void copy_out(char *to, const char *ring, size_t size, XENCONS_RING_IDX index, size_t len)
{
    size_t start = index & (size - 1), first = len < size - start ? len : size - start;

    memcpy(to, ring + start, first);
    memcpy(to + first, ring, len - first);
}

static void copy_in(char *ring, size_t size, XENCONS_RING_IDX index, const char *from, size_t len)
{
    size_t start = index & (size - 1), first = len < size - start ? len : size - start;

    memcpy(ring + start, from, first);
    memcpy(ring, from + first, len - first);
}

ssize_t ring_take_output(struct xencons_interface *page, void *to, size_t max)
{
    XENCONS_RING_IDX cons = __atomic_load_n(&page->out_cons, __ATOMIC_RELAXED);
    /* acquire: the bytes are read after the index that vouches for them */
    XENCONS_RING_IDX prod = __atomic_load_n(&page->out_prod, __ATOMIC_ACQUIRE);
    XENCONS_RING_IDX there = prod - cons;

    if (there > sizeof(page->out))
        return -EPROTO;
    if (there > max)
        there = (XENCONS_RING_IDX)max;
    copy_out(to, page->out, sizeof(page->out), cons, there);
    /* release: the guest may overwrite them from here on */
    __atomic_store_n(&page->out_cons, cons + there, __ATOMIC_RELEASE);
    return (ssize_t)there;
}

ssize_t ring_put_input(struct xencons_interface *page, const void *from, size_t len)
{
    XENCONS_RING_IDX prod = __atomic_load_n(&page->in_prod, __ATOMIC_RELAXED);
    XENCONS_RING_IDX cons = __atomic_load_n(&page->in_cons, __ATOMIC_ACQUIRE);
    XENCONS_RING_IDX used = prod - cons;
    size_t room;

    if (used > sizeof(page->in))
        return -EPROTO;
    room = sizeof(page->in) - used;
    if (len > room)
        len = room;
    copy_in(page->in, sizeof(page->in), prod, from, len);
    __atomic_store_n(&page->in_prod, prod + (XENCONS_RING_IDX)len, __ATOMIC_RELEASE);
    return (ssize_t)len;
}
