/* SPDX-License-Identifier: MIT */
/*
 * The shared ring of the split drivers: one page that a frontend fills with requests and a backend
 * with responses, in the same slots. The layout is the ABI's; the functions are ours and keep two
 * rules: what the peer wrote is copied out before anyone looks at it, and a peer's index that
 * cannot be true is reported (-1), never followed.
 *
 * DEFINE_RING_TYPES(name, req, rsp) declares
 *   union name_sring_entry, struct name_sring             what is shared
 *   struct name_front_ring, struct name_back_ring         one side's private state
 * and for each side (shown for the front, whose "out" are requests and "in" responses):
 *   name_front_init(ring, page, bytes)    a fresh ring over a zeroed or used page, both indices 0
 *   name_front_room(ring)                 how many slots may be filled now
 *   name_front_slot(ring)                 the next slot to fill; only with room; counts as filled
 *   name_front_push(ring)                 publishes what was filled; 1: the peer wants an event
 *   name_front_take(ring, &copy)          1 took one, 0 nothing there, -1 the peer broke the ring
 *   name_front_arm(ring)                  asks for an event; 1: more arrived meanwhile, take it
 * A backend answers only what it took, so name_back_slot has room for each request taken.
 */
#ifndef PUBLIC_IO_RING_H
#define PUBLIC_IO_RING_H

#include "../types.h"

typedef unsigned int RING_IDX;

/* The largest power of two that is not above n: rings have that many entries. */
static inline unsigned int ring_round_down(unsigned long n)
{
    unsigned int size = 1;

    while (size <= n / 2)
        size *= 2;
    return size;
}

static inline RING_IDX ring_peer_index(const RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/* Publishes entries up to `now`; tells whether the peer's event index lies among them. */
static inline int ring_publish(RING_IDX *prod, const RING_IDX *event, RING_IDX now)
{
    RING_IDX before = __atomic_load_n(prod, __ATOMIC_RELAXED);

    __atomic_store_n(prod, now, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the index is out before the wish is read */
    return now - __atomic_load_n(event, __ATOMIC_RELAXED) < now - before;
}

/* Asks for an event at entry `next` + 1; tells whether the peer's producer is already beyond
 * `next`. */
static inline int ring_ask(RING_IDX *event, const RING_IDX *prod, RING_IDX next)
{
    __atomic_store_n(event, next + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the wish is out before the index is read */
    return ring_peer_index(prod) != next;
}

#define DEFINE_RING_TYPES(name, req_t, rsp_t)                         \
    union name##_sring_entry {                                        \
        req_t req;                                                    \
        rsp_t rsp;                                                    \
    };                                                                \
    struct name##_sring {                                             \
        RING_IDX req_prod, req_event;                                 \
        RING_IDX rsp_prod, rsp_event;                                 \
        uint8_t pad[48];                                              \
        union name##_sring_entry ring[];                              \
    };                                                                \
    typedef struct name##_sring name##_sring_t;                       \
    RING_SIDE_(name, front, req, req_t, rsp, rsp_t, RING_FRONT_ROOM_) \
    RING_SIDE_(name, back, rsp, rsp_t, req, req_t, RING_BACK_ROOM_)   \
    static inline void name##_sring_init(struct name##_sring *shared) \
    {                                                                 \
        shared->req_prod = shared->rsp_prod = 0;                      \
        shared->req_event = shared->rsp_event = 1;                    \
        for (unsigned int i = 0; i < sizeof(shared->pad); i++)        \
            shared->pad[i] = 0;                                       \
    }                                                                 \
    _Static_assert(sizeof(struct name##_sring) == 64, "a shared ring's header has 64 bytes")

/* A frontend may have nr_ents requests open; a backend may answer what it took and has not
 * answered. */
#define RING_FRONT_ROOM_(r) ((r)->nr_ents - ((r)->out_prod - (r)->in_cons))
#define RING_BACK_ROOM_(r)  ((r)->in_cons - (r)->out_prod)

/* One side: `out` is what it produces (req or rsp), `in` what it consumes. */
#define RING_SIDE_(name, side, out, out_t, in, in_t, room)                                     \
    struct name##_##side##_ring {                                                              \
        RING_IDX out_prod; /* filled, perhaps not yet published */                             \
        RING_IDX in_cons;  /* taken */                                                         \
        unsigned int nr_ents;                                                                  \
        struct name##_sring *sring;                                                            \
    };                                                                                         \
    typedef struct name##_##side##_ring name##_##side##_ring_t;                                \
    static inline void name##_##side##_init(struct name##_##side##_ring *r, void *page,        \
                                            unsigned long bytes)                               \
    {                                                                                          \
        r->out_prod = r->in_cons = 0;                                                          \
        r->sring = (struct name##_sring *)page;                                                \
        r->nr_ents = ring_round_down((bytes - sizeof(*r->sring)) / sizeof(r->sring->ring[0])); \
    }                                                                                          \
    static inline unsigned int name##_##side##_room(const struct name##_##side##_ring *r)      \
    {                                                                                          \
        return room(r);                                                                        \
    }                                                                                          \
    static inline out_t *name##_##side##_slot(struct name##_##side##_ring *r)                  \
    {                                                                                          \
        return &r->sring->ring[r->out_prod++ & (r->nr_ents - 1)].out;                          \
    }                                                                                          \
    static inline int name##_##side##_push(struct name##_##side##_ring *r)                     \
    {                                                                                          \
        return ring_publish(&r->sring->out##_prod, &r->sring->out##_event, r->out_prod);       \
    }                                                                                          \
    static inline int name##_##side##_take(struct name##_##side##_ring *r, in_t *copy)         \
    {                                                                                          \
        RING_IDX there = ring_peer_index(&r->sring->in##_prod) - r->in_cons;                   \
                                                                                               \
        if (there == 0)                                                                        \
            return 0;                                                                          \
        if (there > r->nr_ents - room(r))                                                      \
            return -1;                                                                         \
        *copy = *(const volatile in_t *)&r->sring->ring[r->in_cons & (r->nr_ents - 1)].in;     \
        r->in_cons++;                                                                          \
        return 1;                                                                              \
    }                                                                                          \
    static inline int name##_##side##_arm(struct name##_##side##_ring *r)                      \
    {                                                                                          \
        return ring_ask(&r->sring->in##_event, &r->sring->in##_prod, r->in_cons);              \
    }

#endif
