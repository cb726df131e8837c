/* SPDX-License-Identifier: MIT */
/*
 * The FIFO ABI of event channels. The guest may write its event words and control blocks at any moment, so ring 0 reads
 * none of it to find its way: of each queue it keeps the tail itself, a port that it has entered there, and it never
 * follows a link. Each step on a word is one instruction that cannot fail (no compare-and-exchange), so no guest can make
 * ring 0 wait or try again, BUSY is not needed, and a guest that spoils its queues loses its own events.
 *
 * An event is raised so:
 *   1. PENDING is set. If the port is then MASKED or LINKED, that is all.
 *   2. LINKED is set. The port is forgotten as the tail of the queue that it was last in: it has been taken from there.
 *   3. It becomes its queue's tail. If the former tail is still LINKED, the link is added to its word, where the link's
 *      bits are zero while it is the last one.
 *   4. Else the queue was empty: head, READY, upcall.
 * In step 3 the guest may take the former tail between the look and the addition: then the link is taken out again, which
 * nobody has seen, as nobody looks at a word that is not LINKED.
 *
 * Locks: one a vcpu, for its tails. A port that moves from one vcpu's queue to another's needs both, the lower
 * vcpu's first. Whoever touches words holds one of them, or RANK_EVTCHN: a reset takes the words away under all.
 */
#include "domain/evtchn_fifo.h"

#include <public/event_channel.h>

#include "domain/evtchn_2l.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"

#define PAGE_WORDS (PAGE_SIZE / sizeof(event_word_t))
#define ARRAY_PAGES (EVTCHN_PORTS / PAGE_WORDS)
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED (1u << EVTCHN_FIFO_MASKED)
#define LINKED (1u << EVTCHN_FIFO_LINKED)

_Static_assert(EVTCHN_PORTS == EVTCHN_FIFO_NR_CHANNELS, "a port fits the link");

struct evtchn_fifo {
    volatile bool active;
    u32 pages;
    event_word_t *array[ARRAY_PAGES]; /* the guest's pages, writable types held; so are the control blocks' */
    struct fifo_vcpu {
        spinlock_t lock;
        struct evtchn_fifo_control_block *block;
        u32 tail[EVTCHN_FIFO_MAX_QUEUES]; /* 0: none */
        u64 own_cache_lines[6];
    } vcpu[];
};

/* NULL: the guest has given no page for it yet. */
static event_word_t *word_of(const struct evtchn_fifo *f, u32 port)
{
    event_word_t *page = ACCESS_ONCE(f->array[port / PAGE_WORDS]);

    return likely(page) ? &page[port % PAGE_WORDS] : NULL;
}

static inline bool word_set(u32 *word, u32 bit)
{
    bool was;

    __asm__ volatile("lock btsl %2, %0" : "+m"(*word), "=@ccc"(was) : "Ir"(bit) : "memory");
    return was;
}

/* Whose queues a port is going to and comes from. */
struct route {
    u32 to, from;
};

static inline void route_unlock(struct evtchn_fifo *f, struct route r)
{
    if (unlikely(r.to != r.from))
        spin_unlock(&f->vcpu[MAX(r.to, r.from)].lock);
    spin_unlock(&f->vcpu[MIN(r.to, r.from)].lock);
}

static inline struct route route_lock(struct evtchn_fifo *f, const struct evtchn *c)
{
    for (;;) {
        struct route r = {ACCESS_ONCE(c->vcpu), ACCESS_ONCE(c->queued_vcpu)};

        spin_lock(&f->vcpu[MIN(r.to, r.from)].lock);
        if (unlikely(r.to != r.from))
            spin_lock_second(&f->vcpu[MAX(r.to, r.from)].lock);
        if (likely(r.from == ACCESS_ONCE(c->queued_vcpu)))
            return r;
        route_unlock(f, r); /* another CPU has moved it just now */
    }
}

/* Step 3: false if the queue is empty. */
static inline bool link_behind(event_word_t *tail, u32 port)
{
    if (!(ACCESS_ONCE(*tail) & LINKED))
        return false;
    if (likely(__atomic_fetch_add(tail, port, __ATOMIC_SEQ_CST) & LINKED))
        return true;
    __atomic_fetch_and(tail, ~(event_word_t)EVTCHN_FIFO_LINK_MASK, __ATOMIC_SEQ_CST);
    return false;
}

/* Steps 2 to 4, but for the upcall: true if that is due. */
static inline bool queue_enter(struct evtchn_fifo *f, struct evtchn *c, u32 port, event_word_t *word, struct route r)
{
    struct fifo_vcpu *q = &f->vcpu[r.to];
    u32 last, *tail = &f->vcpu[r.from].tail[c->queued_priority], priority = c->priority;

    if (unlikely(!q->block) || word_set(word, EVTCHN_FIFO_LINKED))
        return false;
    if (*tail == port)
        *tail = 0;
    c->queued_vcpu = (u16)r.to;
    c->queued_priority = (u8)priority;
    tail = &q->tail[priority];
    last = *tail;
    *tail = port;
    if (last && link_behind(word_of(f, last), port))
        return false;
    ACCESS_ONCE(q->block->head[priority]) = port;
    return !word_set(&q->block->ready, priority);
}

/* Sets PENDING, or takes MASKED away, and enters the port where that is what was missing. True: it is pending anew. */
static inline __attribute__((always_inline)) bool word_change(struct domain *d, struct evtchn *c, u32 port, bool unmask)
{
    struct evtchn_fifo *f = d->evtchn.fifo;
    struct route r = route_lock(f, c);
    event_word_t *word = word_of(f, port);
    bool was = true, raise = false, active = f->active;

    if (likely(active && word)) {
        if (unmask)
            __atomic_fetch_and(word, ~MASKED, __ATOMIC_SEQ_CST);
        else
            was = word_set(word, EVTCHN_FIFO_PENDING);
        if ((ACCESS_ONCE(*word) & (PENDING | MASKED | LINKED)) == PENDING)
            raise = queue_enter(f, c, port, word, r);
    } else if (active && !unmask) {
        was = c->late;
        c->late = true;
    }
    route_unlock(f, r);
    if (raise)
        vcpu_mark_events_pending(d->vcpu[r.to]);
    if (unlikely(!active) && port < EVTCHN_2L_PORTS) {
        if (unmask)
            evtchn_2l_unmask(d, r.to, port);
        else
            evtchn_2l_set_pending(d, r.to, port);
    }
    return !was;
}

/* Not part of its callers: those are the two-level ABI's hot paths too. */
__attribute__((noinline)) void evtchn_fifo_set_pending(struct domain *d, struct evtchn *c, u32 port)
{
    if (word_change(d, c, port, false) && unlikely(d->evtchn.pollers))
        evtchn_wake_pollers(d, port);
}

__attribute__((noinline)) void evtchn_fifo_unmask(struct domain *d, struct evtchn *c, u32 port)
{
    word_change(d, c, port, true);
}

__attribute__((noinline)) bool evtchn_fifo_pending(struct domain *d, struct evtchn *c, u32 port)
{
    struct evtchn_fifo *f = d->evtchn.fifo;
    struct route r = route_lock(f, c);
    const event_word_t *word = word_of(f, port);
    bool pending = c->late;

    if (!f->active)
        pending = port < EVTCHN_2L_PORTS && bit_test(d->shared->evtchn_pending, port);
    else if (word)
        pending = ACCESS_ONCE(*word) & PENDING;
    route_unlock(f, r);
    return pending;
}

__attribute__((noinline)) void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *c, u32 port)
{
    event_word_t *word = word_of(d->evtchn.fifo, port);

    c->late = false;
    if (word)
        __atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST);
    else if (port < EVTCHN_2L_PORTS)
        bit_test_and_clear(d->shared->evtchn_pending, port);
}

/* The first control block: the domain's events are FIFO from here on. */
static void fifo_begin(struct domain *d, struct evtchn_fifo *f)
{
    struct domain_evtchn *e = &d->evtchn;

    f->active = true;
    for (u32 port = 1; port < EVTCHN_2L_PORTS; port++) {
        struct evtchn *c = evtchn_port(&d->evtchn, port);

        if (c && bit_test_and_clear(d->shared->evtchn_pending, port))
            c->late = true;
    }
    e->max_ports = MIN(e->port_limit, EVTCHN_PORTS);
}

static struct evtchn_fifo *fifo_make(struct domain *d)
{
    struct evtchn_fifo *f = hv_alloc(sizeof(*f) + d->max_vcpus * sizeof(f->vcpu[0]));

    if (!f)
        return NULL;
    for (u32 i = 0; i < d->max_vcpus; i++)
        spin_lock_init(&f->vcpu[i].lock, RANK_EVTCHN_QUEUE);
    __atomic_store_n(&d->evtchn.fifo, f, __ATOMIC_RELEASE); /* senders look without a lock */
    return f;
}

int evtchn_fifo_init_control(struct vcpu *v, mfn_t m, u32 offset)
{
    struct domain *d = v->domain;
    struct evtchn_fifo *f;
    struct fifo_vcpu *q;
    int error = 0;

    if (offset % 8 || offset > PAGE_SIZE - sizeof(*q->block) || frame_get_writable(m, d))
        return -EINVAL;
    spin_lock(&d->evtchn.lock);
    f = d->evtchn.fifo ? d->evtchn.fifo : fifo_make(d);
    if (!f) {
        error = -ENOMEM;
    } else if (f->vcpu[v->id].block) {
        error = -EINVAL;
    } else {
        q = &f->vcpu[v->id];
        spin_lock(&q->lock);
        q->block = (void *)((char *)mfn_to_virt(m) + offset);
        spin_unlock(&q->lock);
        if (!f->active)
            fifo_begin(d, f);
    }
    spin_unlock(&d->evtchn.lock);
    if (error)
        frame_put_writable(m);
    return error;
}

int evtchn_fifo_expand_array(struct domain *d, mfn_t m)
{
    struct evtchn_fifo *f;
    u32 from;

    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    f = d->evtchn.fifo;
    if (!f || !f->active)
        return -EOPNOTSUPP;
    if (f->pages == ARRAY_PAGES)
        return -ENOSPC;
    if (frame_get_writable(m, d))
        return -EINVAL;
    from = f->pages++ * PAGE_WORDS;
    __atomic_store_n(&f->array[from / PAGE_WORDS], mfn_to_virt(m), __ATOMIC_RELEASE);
    for (u32 i = 0; i < d->max_vcpus; i++) { /* whoever found no word yet has noted it by then */
        spin_lock(&f->vcpu[i].lock);
        spin_unlock(&f->vcpu[i].lock);
    }
    for (u32 port = from; port < from + PAGE_WORDS; port++) {
        struct evtchn *c = evtchn_port(&d->evtchn, port);

        if (c && c->late) {
            c->late = false;
            evtchn_fifo_set_pending(d, c, port);
        }
    }
    return 0;
}

int evtchn_fifo_set_priority(struct domain *d, u32 port, u32 priority)
{
    struct evtchn *c;

    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    c = evtchn_port(&d->evtchn, port);
    if (!d->evtchn.fifo || !d->evtchn.fifo->active)
        return -ENOSYS;
    if (!c || priority > EVTCHN_FIFO_PRIORITY_MIN)
        return -EINVAL;
    c->priority = (u8)priority;
    return 0;
}

void evtchn_fifo_stop(struct domain *d)
{
    struct evtchn_fifo *f = d->evtchn.fifo;

    if (!f || d->evtchn.active)
        return;
    d->evtchn.max_ports = MIN(d->evtchn.max_ports, EVTCHN_2L_PORTS);
    f->active = false;
    for (u32 i = 0; i < d->max_vcpus; i++) {
        struct fifo_vcpu *q = &f->vcpu[i];

        SPIN_LOCK_BLOCK(&q->lock); /* whoever was at the words has gone, with the last of these locks */
        if (q->block)
            frame_put_writable(virt_to_mfn(q->block));
        q->block = NULL;
        memset(q->tail, 0, sizeof(q->tail));
    }
    while (f->pages) {
        frame_put_writable(virt_to_mfn(f->array[--f->pages]));
        f->array[f->pages] = NULL;
    }
}
