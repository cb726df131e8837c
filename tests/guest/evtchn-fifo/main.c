/* SPDX-License-Identifier: MIT */
/*
 * Theory: after init_control and expand_array events come by queues: a send sets PENDING in the port's word and, unless
 * the port is MASKED or LINKED, enters it at the tail of the queue that its vCPU and priority name. An empty queue's
 * head stands in the control block, with a bit in READY, and raises the upcall once; each word's link names the port
 * that follows. What was pending before the change is pending after it. Ports beyond 4096 are to be had. Wrong frames,
 * offsets, vCPUs, ports and priorities are refused; so is everything before init_control. A guest that scribbles over
 * its own words and control block harms nobody but itself. A reset gives the frames back, and the two-level ABI.
 */
#include <public/event_channel.h>

#include "guest.h"

const char test_title[] = "evtchn-fifo: queues of events";

#define WORDS   (PAGE_SIZE / sizeof(event_word_t))
#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define NORMAL  EVTCHN_FIFO_PRIORITY_DEFAULT
#define ALL_PAGES (EVTCHN_FIFO_NR_CHANNELS / WORDS)

static event_word_t *array[8];
static unsigned int pages;
static struct evtchn_fifo_control_block *control[2];

static long op(unsigned int command, void *arg)
{
    return hypercall_event_channel_op(command, arg);
}

static volatile event_word_t *word(unsigned int port)
{
    return &array[port / WORDS][port % WORDS];
}

static long init_control(unsigned long mfn, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control o = {.control_gfn = mfn, .offset = offset, .vcpu = vcpu};
    long rc = op(EVTCHNOP_init_control, &o);

    CHECK_EQ(o.link_bits, rc ? 0 : EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static long expand(unsigned long mfn)
{
    struct evtchn_expand_array o = {.array_gfn = mfn};

    return op(EVTCHNOP_expand_array, &o);
}

static long set_priority(unsigned int port, unsigned int priority)
{
    struct evtchn_set_priority o = {.port = port, .priority = priority};

    return op(EVTCHNOP_set_priority, &o);
}

static void add_page(void)
{
    event_word_t *page = page_alloc();

    for (unsigned int i = 0; i < WORDS; i++)
        page[i] = MASKED;
    array[pages] = page;
    CHECK_OK(expand(mfn_of(page)));
    pages++;
}

static long send(unsigned int port)
{
    struct evtchn_send o = {.port = port};

    return op(EVTCHNOP_send, &o);
}

static unsigned int alloc(void)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};

    CHECK_OK(op(EVTCHNOP_alloc_unbound, &o));
    return o.port;
}

static void close_port(unsigned int port)
{
    struct evtchn_close o = {.port = port};

    CHECK_OK(op(EVTCHNOP_close, &o));
}

/* *near sends to the port that is returned. */
static unsigned int pair(unsigned int *near)
{
    struct evtchn_bind_interdomain o = {.remote_dom = DOMID_SELF, .remote_port = alloc()};

    CHECK_OK(op(EVTCHNOP_bind_interdomain, &o));
    *near = o.local_port;
    return o.remote_port;
}

/* Nothing is pending, queued or masked among the first two pages' ports, as far as the guest can say. */
static void quiet(unsigned int port)
{
    *word(port) = 0;
    for (unsigned int i = 0; i < 2; i++)
        control[i]->ready = 0;
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    shared_info->vcpu_info[1].evtchn_upcall_pending = 0;
}

static void check_before(unsigned int port)
{
    CHECK_ERROR(expand(mfn_of(array[0])), XEN_EOPNOTSUPP);
    CHECK_ERROR(set_priority(port, 3), XEN_ENOSYS);
}

static void check_init(void)
{
    unsigned long mfn = mfn_of(control[0]);

    CHECK_ERROR(op(EVTCHNOP_init_control, (void *)8), XEN_EFAULT);
    CHECK_ERROR(init_control(mfn, 0, 2), XEN_ENOENT);
    CHECK_ERROR(init_control(mfn, 0, ~0u), XEN_ENOENT);
    CHECK_ERROR(init_control(mfn, 4, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(mfn, PAGE_SIZE - 64, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(mfn, PAGE_SIZE, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(mfn, 0xfffffff8, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(~0ul, 0, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(1ul << 40, 0, 0), XEN_EINVAL);
    CHECK_ERROR(init_control(mfn_of(pt_entry(control[0], 1)), 0, 0), XEN_EINVAL); /* a page table */
    /* none of these has changed the ABI */
    CHECK_ERROR(expand(mfn_of(array[0])), XEN_EOPNOTSUPP);
    CHECK_OK(init_control(mfn, PAGE_SIZE - 72, 0));
    control[0] = (void *)((char *)control[0] + PAGE_SIZE - 72);
    CHECK_ERROR(init_control(mfn, 0, 0), XEN_EINVAL);
    CHECK_OK(init_control(mfn_of(control[1]), 0, 1));
    CHECK_ERROR(op(EVTCHNOP_expand_array, (void *)8), XEN_EFAULT);
    CHECK_ERROR(expand(~0ul), XEN_EINVAL);
    CHECK_ERROR(expand(mfn_of(pt_entry(control[0], 1))), XEN_EINVAL);
}

static void check_send(void)
{
    unsigned int near_a, near_b, a = pair(&near_a), b = pair(&near_b);
    struct evtchn_unmask unmask = {.port = a};

    quiet(a);
    quiet(b);
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    CHECK_EQ(control[0]->head[NORMAL], a);
    CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_pending, 1);
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(a), PENDING | LINKED | b);
    CHECK_EQ(*word(b), PENDING | LINKED);
    CHECK_EQ(control[0]->head[NORMAL], a);
    /* again: both are in the queue, nothing changes, whether handled meanwhile or not */
    *word(a) &= ~PENDING;
    CHECK_OK(send(near_a));
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(a), PENDING | LINKED | b);
    CHECK_EQ(*word(b), PENDING | LINKED);
    /* both consumed: the next begins a queue anew */
    quiet(a);
    quiet(b);
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(a), 0);
    CHECK_EQ(*word(b), PENDING | LINKED);
    CHECK_EQ(control[0]->head[NORMAL], b);
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    /* the same port, which was the tail */
    quiet(b);
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(b), PENDING | LINKED);
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    /* pending already, and in no queue: it is entered */
    quiet(a);
    quiet(b);
    *word(a) = PENDING;
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | LINKED);
    /* masked: pending only, until it is unmasked */
    quiet(a);
    *word(a) = MASKED;
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | MASKED);
    CHECK_EQ(control[0]->ready, 0);
    CHECK_OK(op(EVTCHNOP_unmask, &unmask));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_pending, 1);
    quiet(a);
    *word(a) = MASKED;
    CHECK_OK(op(EVTCHNOP_unmask, &unmask));
    CHECK_EQ(*word(a), 0);
    CHECK_EQ(control[0]->ready, 0);
    /* a closed port is not pending */
    CHECK_OK(send(near_a));
    close_port(a);
    CHECK_EQ(*word(a) & PENDING, 0);
    quiet(a);
    close_port(near_a);
    close_port(b);
    close_port(near_b);
}

static void check_priorities(void)
{
    unsigned int near_a, near_b, a = pair(&near_a), b = pair(&near_b);

    CHECK_ERROR(set_priority(a, EVTCHN_FIFO_PRIORITY_MIN + 1), XEN_EINVAL);
    CHECK_ERROR(set_priority(a, ~0u), XEN_EINVAL);
    CHECK_ERROR(set_priority(EVTCHN_FIFO_NR_CHANNELS, 3), XEN_EINVAL);
    CHECK_ERROR(set_priority(4000, 3), XEN_EINVAL);
    CHECK_ERROR(op(EVTCHNOP_set_priority, (void *)8), XEN_EFAULT);
    CHECK_OK(set_priority(a, EVTCHN_FIFO_PRIORITY_MIN));
    CHECK_OK(set_priority(b, EVTCHN_FIFO_PRIORITY_MAX));
    quiet(a);
    quiet(b);
    CHECK_OK(send(near_a));
    CHECK_OK(send(near_b));
    CHECK_EQ(control[0]->ready, 1u << EVTCHN_FIFO_PRIORITY_MIN | 1u << EVTCHN_FIFO_PRIORITY_MAX);
    CHECK_EQ(control[0]->head[EVTCHN_FIFO_PRIORITY_MIN], a);
    CHECK_EQ(control[0]->head[EVTCHN_FIFO_PRIORITY_MAX], b);
    CHECK_EQ(*word(a), PENDING | LINKED);
    /* moved while it is linked: it stays where it is; the next time it comes in its new queue, and that is all */
    CHECK_OK(set_priority(a, 0));
    *word(a) &= ~PENDING;
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(*word(b), PENDING | LINKED);
    quiet(a);
    quiet(b);
    CHECK_OK(send(near_a));
    CHECK_EQ(control[0]->ready, 1);
    CHECK_EQ(control[0]->head[0], a);
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(a), PENDING | LINKED | b);
    /* the queue that it was last of has forgotten it */
    quiet(a);
    quiet(b);
    CHECK_OK(set_priority(b, EVTCHN_FIFO_PRIORITY_MIN));
    CHECK_OK(send(near_a));
    CHECK_OK(send(near_b));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(control[0]->head[EVTCHN_FIFO_PRIORITY_MIN], b);
    CHECK_EQ(control[0]->ready, 1u << EVTCHN_FIFO_PRIORITY_MIN | 1u);
    quiet(a);
    quiet(b);
    /* a new user of the port begins with the usual priority */
    close_port(b);
    close_port(near_b);
    close_port(a);
    close_port(near_a);
    a = pair(&near_a);
    quiet(a);
    CHECK_OK(send(near_a));
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    quiet(a);
    close_port(a);
    close_port(near_a);
}

static void check_vcpus(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 1};
    struct evtchn_bind_vcpu move = {.vcpu = 1};
    unsigned int near_a, a = pair(&near_a);

    CHECK_OK(op(EVTCHNOP_bind_ipi, &ipi));
    quiet(a);
    quiet(ipi.port);
    CHECK_OK(send(near_a));
    CHECK_OK(send(ipi.port));
    CHECK_EQ(control[0]->ready, 1u << NORMAL);
    CHECK_EQ(control[1]->ready, 1u << NORMAL);
    CHECK_EQ(control[1]->head[NORMAL], ipi.port);
    CHECK_EQ(shared_info->vcpu_info[1].evtchn_upcall_pending, 1);
    CHECK_EQ(*word(ipi.port), PENDING | LINKED);
    move.port = a;
    CHECK_OK(op(EVTCHNOP_bind_vcpu, &move));
    *word(a) &= ~PENDING;
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(*word(ipi.port), PENDING | LINKED);
    *word(a) = 0;
    control[0]->ready = 0;
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(ipi.port), PENDING | LINKED | a);
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(control[0]->ready, 0);
    quiet(a);
    quiet(ipi.port);
    close_port(ipi.port);
    close_port(a);
    close_port(near_a);
}

/* Enough ports for five pages, the last of them in use before its page is there. */
static void check_many(void)
{
    static uint32_t ports[5 * 1024];
    unsigned int count = 0, near_last, last;

    do
        ports[count] = alloc();
    while (ports[count++] < 4 * WORDS - 1);
    last = pair(&near_last);
    CHECK(last >= 4 * WORDS, "port %u", last);
    while (pages < 4)
        add_page();
    /* binding sends once, before the word is there */
    CHECK_OK(send(near_last));
    add_page();
    CHECK_EQ(*word(last), PENDING | MASKED);
    quiet(last);
    CHECK_OK(send(near_last));
    CHECK_EQ(*word(last), PENDING | LINKED);
    CHECK_EQ(control[0]->head[NORMAL], last);
    quiet(last);
    close_port(last);
    close_port(near_last);
    while (count--)
        close_port(ports[count]);
}

/* Whatever stands in the words and the control block: each call comes back, and the next one works. */
static void check_scribble(void)
{
    unsigned int near_a, near_b, a = pair(&near_a), b = pair(&near_b);
    static const uint32_t values[] = {0xffffffff, LINKED, PENDING, MASKED, LINKED | EVTCHN_FIFO_LINK_MASK, 0x1fffff,
                                      1u << EVTCHN_FIFO_BUSY, 0, LINKED | PENDING | 1};

    for (unsigned int i = 0; i < 200; i++) {
        struct evtchn_unmask unmask = {.port = i % 2 ? a : b};

        for (unsigned int at = 0; at < 64; at++)
            array[0][at] = values[(i + at) % 9];
        control[0]->ready = values[i % 9];
        for (unsigned int at = 0; at < EVTCHN_FIFO_MAX_QUEUES; at++)
            control[0]->head[at] = values[(i + at) % 8];
        CHECK_OK(send(i % 3 ? near_a : near_b));
        *word(a) = values[i % 7];
        CHECK_OK(op(EVTCHNOP_unmask, &unmask));
        CHECK_OK(set_priority(a, i % 16));
        CHECK_OK(send(near_a));
    }
    quiet(a);
    quiet(b);
    CHECK_OK(set_priority(a, 2));
    CHECK_OK(send(near_a));
    CHECK_EQ(*word(a), PENDING | LINKED);
    CHECK_EQ(control[0]->head[2], a);
    quiet(a);
    close_port(a);
    close_port(near_a);
    close_port(b);
    close_port(near_b);
}

static void check_limit(void)
{
    for (; pages < ALL_PAGES; pages++)
        CHECK_OK(expand(mfn_of(array[7])));
    CHECK_ERROR(expand(mfn_of(array[7])), XEN_ENOSPC);
}

static void check_reset(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    unsigned int near, far;

    pair(&near);
    CHECK_OK(op(EVTCHNOP_reset, &reset));
    far = pair(&near);
    event_clear(far);
    event_mask_port(far);
    CHECK_OK(send(near));
    CHECK(event_pending(far), "no bit after the return to two levels");
    CHECK_ERROR(expand(mfn_of(array[0])), XEN_EOPNOTSUPP);
    CHECK_ERROR(set_priority(far, 1), XEN_ENOSYS);
    /* the frames are free to be something else */
    page_protect(array[0], PTE_RO);
    memset(control[1], 0, PAGE_SIZE);
    page_protect(control[1], PTE_RO);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(control[1])));
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(control[1])));
    page_protect(control[1], PTE_RW);
    /* and the FIFO ABI can be had again */
    pages = 0;
    control[0] = page_alloc();
    CHECK_OK(init_control(mfn_of(control[0]), 0, 0));
    add_page();
    CHECK_EQ(*word(far), PENDING | MASKED); /* carried over */
    quiet(far);
    CHECK_OK(send(near));
    CHECK_EQ(*word(far), PENDING | LINKED);
    CHECK_EQ(control[0]->head[NORMAL], far);
    CHECK_OK(op(EVTCHNOP_reset, &reset));
}

void test_main(void)
{
    unsigned int near, far = pair(&near);

    events_off();
    control[0] = page_alloc();
    control[1] = page_alloc();
    array[0] = page_alloc();
    array[7] = page_alloc();
    check_before(far);
    event_mask_port(far);
    event_clear(far);
    CHECK_OK(send(near));
    CHECK(event_pending(far), "a masked port is not pending after a send");
    check_init();
    add_page();
    CHECK_EQ(*word(far), PENDING | MASKED);
    quiet(far);
    close_port(far);
    close_port(near);
    check_send();
    check_priorities();
    check_vcpus();
    check_many();
    check_scribble();
    check_limit();
    check_reset();
}
