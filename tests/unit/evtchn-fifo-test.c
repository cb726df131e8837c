/* SPDX-License-Identifier: MIT */
/*
 * FIFO event channels: a model of the guest consumes what ring 0 enters, with random ports, priorities, vcpus, masks,
 * closes and resets in between, and no event may be lost or come twice; and a guest whose other vcpu scribbles over
 * words and control blocks all the time neither holds ring 0 up nor leads it out of its tables.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <public/event_channel.h>

#include "domain/evtchn_fifo.h"
#include "hv/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "suite.h"

#define WORDS (PAGE_SIZE / sizeof(event_word_t))
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED (1u << EVTCHN_FIFO_MASKED)
#define LINKED (1u << EVTCHN_FIFO_LINKED)
#define VCPUS 4
#define PORTS 2000

static struct domain *a, *b;
static event_word_t *array[EVTCHN_FIFO_NR_CHANNELS / WORDS];
static struct evtchn_fifo_control_block *control[VCPUS];
static u32 pages;

static void prepare(void)
{
    host_start(1);
    a = host_full_domain(1, VCPUS);
    b = host_full_domain(2, 1);
    a->max_pages = 1000;
    host_run_as(a->vcpu[0]);
}

static long op(struct vcpu *v, u32 command, void *arg)
{
    long result;

    host_run_as(v);
    result = host_call(do_event_channel_op, command, ADDRESS(arg), 0);
    host_run_as(a->vcpu[0]);
    return result;
}

static long simple(struct domain *d, u32 command, u32 port)
{
    return op(d->vcpu[0], command, &port);
}

static volatile event_word_t *word(u32 port)
{
    return &array[port / WORDS][port % WORDS];
}

static mfn_t frame_new(void)
{
    mfn_t m = frame_alloc(a, 0, 0, 0);

    CU_ASSERT_FATAL(!mfn_eq(m, INVALID_MFN));
    return m;
}

static long init_control(mfn_t m, u32 offset, u32 vcpu)
{
    struct evtchn_init_control o = {.control_gfn = mfn_x(m), .offset = offset, .vcpu = vcpu};

    return op(a->vcpu[0], EVTCHNOP_init_control, &o);
}

static long expand(mfn_t m)
{
    struct evtchn_expand_array o = {.array_gfn = mfn_x(m)};

    return op(a->vcpu[0], EVTCHNOP_expand_array, &o);
}

static void add_page(void)
{
    mfn_t m = frame_new();

    array[pages] = mfn_to_virt(m);
    CU_ASSERT_FATAL(expand(m) == 0);
    pages++;
}

/* All vcpus' control blocks and two pages of words. */
static void fifo_on(void)
{
    for (u32 i = 0; i < VCPUS; i++) {
        mfn_t m = frame_new();

        control[i] = (void *)((char *)mfn_to_virt(m) + 8 * i);
        CU_ASSERT_FATAL(init_control(m, 8 * i, i) == 0);
    }
    add_page();
    add_page();
}

static void fifo_off(void)
{
    struct evtchn_reset o = {.dom = DOMID_SELF};
    mfn_t m[VCPUS + 3];
    u32 n = 0;

    for (u32 i = 0; i < VCPUS; i++)
        m[n++] = virt_to_mfn(control[i]);
    for (u32 i = 0; i < pages && i < 3; i++)
        m[n++] = virt_to_mfn(array[i]);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
    CU_ASSERT(a->evtchn.active == 0);
    pages = 0;
    while (n--) { /* ring 0 holds none of them any more */
        CU_ASSERT(frame_of(m[n])->type == 0 && frame_of(m[n])->refs == (FRAME_ALLOCATED | 1));
        frame_release(m[n]);
    }
}

static u32 alloc_for(struct domain *d, u16 remote)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = remote};

    CU_ASSERT_FATAL(op(d->vcpu[0], EVTCHNOP_alloc_unbound, &o) == 0);
    return o.port;
}

/* a's port, tied to b's *near. */
static u32 pair(u32 *near)
{
    struct evtchn_bind_interdomain o = {.remote_dom = 1, .remote_port = alloc_for(a, 2)};

    CU_ASSERT_FATAL(op(b->vcpu[0], EVTCHNOP_bind_interdomain, &o) == 0);
    *near = o.local_port;
    return o.remote_port;
}

/* What a guest does on an upcall: each queue from its head until the link ends. Calls took() for each event. */
static u32 heads[VCPUS][EVTCHN_FIFO_MAX_QUEUES];

static void consume(u32 vcpu, u32 most, void (*took)(u32 vcpu, u32 priority, u32 port))
{
    u32 ready = __atomic_exchange_n(&control[vcpu]->ready, 0, __ATOMIC_SEQ_CST);

    a->vcpu[vcpu]->info->evtchn_upcall_pending = 0;
    while (ready && most--) {
        u32 q = (u32)__builtin_ctz(ready), port = heads[vcpu][q], old;

        if (!port)
            port = control[vcpu]->head[q];
        CU_ASSERT_FATAL(port && port < pages * WORDS);
        old = __atomic_fetch_and(word(port), ~(LINKED | EVTCHN_FIFO_LINK_MASK), __ATOMIC_SEQ_CST);
        CU_ASSERT_FATAL(old & LINKED);
        heads[vcpu][q] = old & EVTCHN_FIFO_LINK_MASK;
        if (!heads[vcpu][q])
            ready &= ~(1u << q);
        if ((old & (PENDING | MASKED)) == PENDING) {
            __atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
            took(vcpu, q, port);
        }
        ready |= __atomic_exchange_n(&control[vcpu]->ready, 0, __ATOMIC_SEQ_CST);
    }
    if (ready) { /* comes back to it later */
        __atomic_fetch_or(&control[vcpu]->ready, ready, __ATOMIC_SEQ_CST);
        a->vcpu[vcpu]->info->evtchn_upcall_pending = 1;
    }
}

static u32 sent[PORTS], taken[PORTS];

static void count(u32 vcpu, u32 priority, u32 port)
{
    (void)vcpu, (void)priority;
    taken[port]++;
    CU_ASSERT_FATAL(taken[port] <= sent[port]); /* nothing comes that nobody sent */
}

/* Random sends, masks, priorities, vcpus and consumers that stop in the middle: all arrive, and none twice. */
static void test_model(void)
{
    static u32 near[PORTS];
    static bool pending[PORTS];
    u32 far[64], n = 64;

    fifo_on();
    srand(20);
    for (u32 i = 0; i < n; i++) {
        far[i] = pair(&near[i]);
        *word(far[i]) = 0;
        sent[far[i]] = taken[far[i]] = 0;
    }
    for (u32 i = 0; i < VCPUS; i++)
        control[i]->ready = 0;
    for (u32 round = 0; round < 200000; round++) {
        u32 i = (u32)rand() % n, port = far[i];
        struct evtchn_set_priority priority = {.port = port, .priority = (u32)rand() % 16};
        struct evtchn_bind_vcpu vcpu = {.port = port, .vcpu = (u32)rand() % VCPUS};

        pending[port] = *word(port) & PENDING;
        switch (rand() % 8) {
        case 0: __atomic_fetch_or(word(port), MASKED, __ATOMIC_SEQ_CST); break;
        case 1: CU_ASSERT(simple(a, EVTCHNOP_unmask, port) == 0); break;
        case 2: CU_ASSERT(op(a->vcpu[0], EVTCHNOP_set_priority, &priority) == 0); break;
        case 3: CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &vcpu) == 0); break;
        case 4: consume((u32)rand() % VCPUS, (u32)rand() % 6, count); break;
        default:
            CU_ASSERT(simple(b, EVTCHNOP_send, near[i]) == 0);
            sent[port] += !pending[port];
            break;
        }
    }
    for (u32 i = 0; i < n; i++)
        CU_ASSERT(simple(a, EVTCHNOP_unmask, far[i]) == 0);
    for (u32 i = 0; i < VCPUS; i++)
        consume(i, ~0u, count);
    for (u32 i = 0; i < n; i++) {
        CU_ASSERT(sent[far[i]] > 100 && sent[far[i]] == taken[far[i]]);
        CU_ASSERT(*word(far[i]) == 0);
    }
    fifo_off();
}

/* The scribbler: another vcpu of the guest's, in user space for all that ring 0 knows. */
static volatile u32 scribbling; /* no bool: the sanitizer loads one of those but once */

static void *scribble(void *seed)
{
    u32 random = *(u32 *)seed;

    while (scribbling) {
        random = random * 1664525 + 1013904223;
        if (random % 4)
            *word(random >> 8 & 127) = (random & 1 ? ~0u : random * 2654435761u);
        else
            ((volatile u32 *)control[random >> 8 & 3])[random >> 16 & 15] = random & 2 ? 0 : random;
    }
    return NULL;
}

static void test_hostile(void)
{
    pthread_t threads[2];
    u32 seeds[2] = {1, 99}, near[32], far[32];

    fifo_on();
    for (u32 i = 0; i < 32; i++)
        far[i] = pair(&near[i]);
    scribbling = true;
    for (u32 i = 0; i < 2; i++)
        CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, scribble, &seeds[i]) == 0);
    srand(7);
    for (u32 round = 0; round < 100000; round++) {
        u32 i = (u32)rand() % 32;
        struct evtchn_set_priority priority = {.port = far[i], .priority = (u32)rand() % 16};
        struct evtchn_bind_vcpu vcpu = {.port = far[i], .vcpu = (u32)rand() % VCPUS};

        CU_ASSERT(simple(b, EVTCHNOP_send, near[i]) == 0);
        CU_ASSERT(simple(a, EVTCHNOP_unmask, far[i]) == 0);
        if (round % 3 == 0)
            CU_ASSERT(op(a->vcpu[0], EVTCHNOP_set_priority, &priority) == 0);
        if (round % 5 == 0)
            CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &vcpu) == 0);
        if (round % 7 == 0) {
            CU_ASSERT(simple(a, EVTCHNOP_close, far[i]) == 0);
            CU_ASSERT(simple(b, EVTCHNOP_close, near[i]) == 0);
            far[i] = pair(&near[i]);
        }
    }
    scribbling = false;
    for (u32 i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    fifo_off();
}

static void test_many_ports(void)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = 2};
    u32 near, far;

    fifo_on();
    for (u32 port = 1; port < EVTCHN_PORTS - 1; port++)
        CU_ASSERT_FATAL(alloc_for(a, 0) == port);
    far = pair(&near);
    CU_ASSERT(far == EVTCHN_PORTS - 1);
    CU_ASSERT(simple(b, EVTCHNOP_send, near) == 0); /* there is no word for it yet */
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    CU_ASSERT(evtchn_pending(a, far) == 1);
    CU_ASSERT(evtchn_pending(a, far - 1) == 0);
    CU_ASSERT(evtchn_pending(a, EVTCHN_PORTS) == -EINVAL);
    while (pages < ARRAY_SIZE(array))
        add_page();
    CU_ASSERT(expand(virt_to_mfn(array[3])) == -ENOSPC);
    CU_ASSERT(*word(far) == (PENDING | LINKED));
    CU_ASSERT(evtchn_pending(a, far) == 1);
    host_preempt_every = 3; /* reset stops and goes on */
    fifo_off();
    host_preempt_every = 0;
    /* back to two levels, and their number of ports */
    for (u32 port = 1; port < EVTCHN_2L_PORTS; port++)
        CU_ASSERT_FATAL(alloc_for(a, 2) == port);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    CU_ASSERT(simple(b, EVTCHNOP_close, near) == 0);
    a->evtchn.port_limit = 5000;
    {
        mfn_t m = frame_new();

        CU_ASSERT(init_control(m, 0, 0) == 0);
        for (u32 port = EVTCHN_2L_PORTS; port < 5000; port++)
            CU_ASSERT_FATAL(alloc_for(a, 2) == port);
        CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    }
    a->evtchn.port_limit = EVTCHN_PORTS;
}

/* Its two pages are used only where a domain may: frames that are tables, others' or nobody's are refused. */
static void test_frames(void)
{
    struct evtchn_reset o = {.dom = DOMID_SELF};
    mfn_t m, other = frame_alloc(b, 0, 0, 0);

    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
    m = frame_new();
    CU_ASSERT(init_control(mfn(~0ull), 0, 0) == -EINVAL);
    CU_ASSERT(mfn_eq(other, INVALID_MFN) || init_control(other, 0, 0) == -EINVAL);
    frame_of(m)->type = FRAME_L1 << FRAME_TYPE_SHIFT | FRAME_VALIDATED | 1;
    CU_ASSERT(init_control(m, 0, 0) == -EINVAL);
    frame_of(m)->type = 0;
    CU_ASSERT(expand(m) == -EOPNOTSUPP);
    CU_ASSERT(init_control(m, PAGE_SIZE - sizeof(*control[0]), 0) == 0);
    CU_ASSERT(init_control(m, 0, 0) == -EINVAL);
    CU_ASSERT((frame_of(m)->type & FRAME_TYPE_COUNT) == 1); /* once only */
    CU_ASSERT(init_control(m, PAGE_SIZE - sizeof(*control[0]) + 8, 1) == -EINVAL);
    CU_ASSERT(init_control(m, 1, 1) == -EINVAL);
    CU_ASSERT(init_control(m, 0, VCPUS) == -ENOENT);
    CU_ASSERT(expand(mfn(~0ull)) == -EINVAL);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
    CU_ASSERT(frame_of(m)->type == 0);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
}

/* Whoever waits for a port is woken, once the FIFO way and, after a reset, the other. */
static void test_poll(void)
{
    struct evtchn_reset o = {.dom = DOMID_SELF};
    struct vcpu *v = a->vcpu[1];
    u32 near, far;

    fifo_on();
    for (u32 pass = 0; pass < 2; pass++) {
        far = pair(&near);
        if (pass)
            a->shared->evtchn_pending[0] = 0, a->shared->evtchn_mask[0] = ~0ull;
        else
            *word(far) = MASKED;
        v->sched.blocked = v->evtchn.polling = true;
        v->evtchn.poll_port = far;
        a->evtchn.pollers = 1;
        CU_ASSERT(evtchn_pending(a, far) == 0);
        CU_ASSERT(simple(b, EVTCHNOP_send, near) == 0);
        CU_ASSERT(evtchn_pending(a, far) == 1);
        CU_ASSERT(!v->sched.blocked && !v->evtchn.polling && a->evtchn.pollers == 0);
        if (!pass)
            fifo_off();
    }
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
}

/* Dies in the middle of it all. */
static void test_death(void)
{
    struct evtchn_reset o = {.dom = DOMID_SELF};
    u32 near;

    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
    fifo_on();
    for (u32 i = 0; i < 5000; i++)
        alloc_for(a, 0);
    pair(&near);
    host_preempt_every = 2;
    while (evtchn_relinquish(a) == -ERESTART)
        ;
    host_preempt_every = 0;
    for (u32 i = 0; i < VCPUS; i++)
        CU_ASSERT(frame_of(virt_to_mfn(control[i]))->type == 0);
    evtchn_domain_destroy(a);
    CU_ASSERT(simple(b, EVTCHNOP_send, near) == 0); /* unbound now: lost */
    CU_ASSERT(a->evtchn.active == 0);
}

static CU_TestInfo tests[] = {{"frames", test_frames},
                              {"model", test_model},
                              {"hostile", test_hostile},
                              {"poll", test_poll},
                              {"many ports", test_many_ports},
                              {"death", test_death},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("evtchn fifo", tests);
}
