/* SPDX-License-Identifier: MIT */
/*
 * Bytes through a shared page (see ring.h). Must never use an index of the other side's before it
 * is checked, nor read one twice and trust that both reads agree.
 *
 * Ordering: data is read after the producer index that announces it (acquire) and before the
 * consumer index that frees its room (release); the mirror holds for writing. After each publishing
 * comes a full barrier, because the next look at the other side's index decides whether we may go
 * to sleep: Linux sends an event only where it has seen us with nothing left to do.
 */
#include "ring.h"

#include <string.h>

static uint32_t index_load(const XENSTORE_RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void index_publish(XENSTORE_RING_IDX *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void ring_attach(struct ring *ring, struct xenstore_domain_interface *page)
{
    ring->page = page;
    ring->req_cons = index_load(&page->req_cons);
    ring->rsp_prod = index_load(&page->rsp_prod);
    ring->moved = false;
    page->error = XENSTORE_ERROR_NONE;
    page->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
}

ssize_t ring_read(struct ring *ring, void *to, size_t len)
{
    uint32_t available = index_load(&ring->page->req_prod) - ring->req_cons;
    size_t done = 0;

    if (available > XENSTORE_RING_SIZE) {
        return -1;
    }
    if (len > available) {
        len = available;
    }
    while (done < len) {
        uint32_t at = MASK_XENSTORE_IDX(ring->req_cons + (uint32_t)done);
        size_t chunk = len - done < XENSTORE_RING_SIZE - at ? len - done : XENSTORE_RING_SIZE - at;

        memcpy((char *)to + done, ring->page->req + at, chunk);
        done += chunk;
    }
    if (done) {
        ring->req_cons += (uint32_t)done;
        index_publish(&ring->page->req_cons, ring->req_cons);
        ring->moved = true;
    }
    return (ssize_t)done;
}

ssize_t ring_write(struct ring *ring, const void *from, size_t len)
{
    uint32_t waiting = ring->rsp_prod - index_load(&ring->page->rsp_cons);
    size_t done = 0;

    if (waiting > XENSTORE_RING_SIZE) {
        return -1;
    }
    if (len > XENSTORE_RING_SIZE - waiting) {
        len = XENSTORE_RING_SIZE - waiting;
    }
    while (done < len) {
        uint32_t at = MASK_XENSTORE_IDX(ring->rsp_prod + (uint32_t)done);
        size_t chunk = len - done < XENSTORE_RING_SIZE - at ? len - done : XENSTORE_RING_SIZE - at;

        memcpy(ring->page->rsp + at, (const char *)from + done, chunk);
        done += chunk;
    }
    if (done) {
        ring->rsp_prod += (uint32_t)done;
        index_publish(&ring->page->rsp_prod, ring->rsp_prod);
        ring->moved = true;
    }
    return (ssize_t)done;
}

bool ring_moved(struct ring *ring)
{
    bool moved = ring->moved;

    ring->moved = false;
    return moved;
}

bool ring_reset_wanted(const struct ring *ring)
{
    return index_load(&ring->page->connection) == XENSTORE_RECONNECT;
}

void ring_reset(struct ring *ring)
{
    struct xenstore_domain_interface *page = ring->page;

    page->req_cons = page->req_prod = page->rsp_cons = page->rsp_prod = 0;
    page->error = XENSTORE_ERROR_NONE;
    ring->req_cons = ring->rsp_prod = 0;
    index_publish(&page->connection, XENSTORE_CONNECTED);
    ring->moved = true;
}

void ring_fail(struct ring *ring, uint32_t error)
{
    index_publish(&ring->page->error, error);
    ring->moved = true;
}
