/* SPDX-License-Identifier: MIT */
/*
 * Queues of events (FIFO): what is refused before and after they are set up, and what a word and its queue show. There is
 * no way back to the two-level bits but a reset, which takes a VPS's console along: these rows are the last.
 */
#include "diff.h"

static event_word_t *words;
static struct evtchn_fifo_control_block *control;

static long op(unsigned int command, void *arg)
{
    return hypercall_event_channel_op(command, arg);
}

static long init_control(unsigned long frame, unsigned int offset, unsigned int vcpu)
{
    struct evtchn_init_control arg = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    long error = op(EVTCHNOP_init_control, &arg);

    if (!error)
        note(" link bits %u", arg.link_bits);
    return error;
}

static long expand(unsigned long frame)
{
    struct evtchn_expand_array arg = {.array_gfn = frame};

    return op(EVTCHNOP_expand_array, &arg);
}

static long priority(unsigned int port, unsigned int value)
{
    struct evtchn_set_priority arg = {.port = port, .priority = value};

    return op(EVTCHNOP_set_priority, &arg);
}

static long send(unsigned int port)
{
    struct evtchn_send arg = {.port = port};

    return op(EVTCHNOP_send, &arg);
}

static unsigned int ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi arg = {.vcpu = vcpu};

    op(EVTCHNOP_bind_ipi, &arg);
    return arg.port;
}

static long end(unsigned int port)
{
    struct evtchn_close arg = {.port = port};

    return op(EVTCHNOP_close, &arg);
}

static long before(void)
{
    unsigned int port = ipi(0);
    long error = priority(port, 3);

    note_value("expand", expand(resolve(F_GOOD)));
    end(port);
    return error;
}

static long control_wrong(void)
{
    unsigned long frame = resolve(F_GOOD);

    note_value("no pointer", op(EVTCHNOP_init_control, NULL));
    note_value("vcpu 2", init_control(frame, 0, 2));
    note_value("vcpu highest", init_control(frame, 0, ~0u));
    note_value("offset 4", init_control(frame, 4, 0));
    note_value("offset 4032", init_control(frame, 4032, 0));
    note_value("offset 4096", init_control(frame, 4096, 0));
    note_value("offset highest", init_control(frame, 0xfffffff8u, 0));
    note_value("no frame", init_control(F_NONE, 0, 0));
    note_value("foreign", init_control(F_FOREIGN, 0, 0));
    note_value("table", init_control(resolve(F_L1), 0, 0));
    return init_control(F_HUGE, 0, 0);
}

static long control_good(void)
{
    long error;

    control = page_alloc();
    words = page_alloc();
    error = init_control(mfn_of(control), 64, 0);
    control = (void *)((char *)control + 64);
    note_value("again", init_control(mfn_of(control), 0, 0));
    return error;
}

/* A port whose word is not there yet. */
static long send_early(void)
{
    unsigned int port = ipi(0);
    long error = send(port);

    note_value("priority", priority(port, 3));
    note(" ready %x", control->ready);
    end(port);
    return error;
}

static long expand_wrong(void)
{
    note_value("no pointer", op(EVTCHNOP_expand_array, NULL));
    note_value("no frame", expand(F_NONE));
    note_value("table", expand(resolve(F_L1)));
    return expand(F_HUGE);
}

static long expand_good(void)
{
    return expand(mfn_of(words));
}

static void note_word(unsigned int port)
{
    note(" word %x ready %x head %s", words[port] >> 29, control->ready,
         control->head[7] == port ? "this" : control->head[7] ? "another" : "0");
}

/* Nothing is queued, nor will be by the host: dom0's daemons send when they like. */
static void take_all(void)
{
    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*words); i++)
        words[i] = 0;
    if (!guest_is_dom0()) {
        words[start_info->store_evtchn] = 1u << EVTCHN_FIFO_MASKED;
        words[start_info->console.domU.evtchn] = 1u << EVTCHN_FIFO_MASKED;
    }
    memset(control, 0, sizeof(*control));
}

static long send_one(void)
{
    unsigned int port = ipi(0);
    long error;

    take_all();
    error = send(port);
    note_word(port);
    note(" upcall %u", vcpu_info_self()->evtchn_upcall_pending);
    note_value("again", send(port));
    note_word(port);
    take_all();
    end(port);
    return error;
}

static long send_masked(void)
{
    struct evtchn_unmask unmask;
    unsigned int port = ipi(0);
    long error;

    take_all();
    words[port] = 1u << EVTCHN_FIFO_MASKED;
    error = send(port);
    note_word(port);
    unmask.port = port;
    note_value("unmask", op(EVTCHNOP_unmask, &unmask));
    note_word(port);
    take_all();
    end(port);
    return error;
}

static long send_two(void)
{
    unsigned int first = ipi(0), second = ipi(0);
    long error;

    take_all();
    send(first);
    error = send(second);
    note_word(first);
    note(" link %s, second %x", (words[first] & EVTCHN_FIFO_LINK_MASK) == second ? "right" : "wrong", words[second] >> 29);
    take_all();
    end(first);
    end(second);
    return error;
}

static long priorities(void)
{
    unsigned int port = ipi(0);
    long error;

    take_all();
    note_value("16", priority(port, 16));
    note_value("port 900", priority(900, 3));
    note_value("highest", priority(0xffffffffu, 3));
    error = priority(port, 3);
    send(port);
    note(" ready %x head %s", control->ready, control->head[3] == port ? "this" : "another");
    take_all();
    end(port);
    return error;
}

/* Its word is out of reach of what the array has room for; the vcpu has no control block. */
static long second_without(void)
{
    unsigned int port = ipi(1);
    long error;

    take_all();
    error = send(port);
    note(" word %x", words[port] >> 29);
    take_all();
    end(port);
    return error;
}

static long close_queued(void)
{
    unsigned int port = ipi(0), again;
    long error;

    take_all();
    send(port);
    error = end(port);
    again = ipi(0);
    note(" %s, word %x", again == port ? "used again" : "another port", words[port] >> 29);
    take_all();
    end(again);
    return error;
}

/* Up to the last page that there may be. */
static long expand_all(void)
{
    unsigned int pages = 0;
    long error = 0;

    while (pages < 200 && !(error = expand(resolve(F_GOOD))))
        pages++;
    note(" %u pages more", pages);
    return error;
}

const struct row rows_fifo[] = {
    RUN("fifo/before", before),
    RUN("fifo/control-wrong", control_wrong),
    RUN("fifo/control", control_good),
    RUN("fifo/send-early", send_early),
    RUN("fifo/expand-wrong", expand_wrong),
    RUN("fifo/expand", expand_good),
    RUN("fifo/send", send_one),
    RUN("fifo/send-masked", send_masked),
    RUN("fifo/send-two", send_two),
    RUN("fifo/priorities", priorities),
    RUN("fifo/second-without-control", second_without),
    RUN("fifo/close-queued", close_queued),
    RUN("fifo/expand-all", expand_all),
    ROWS_END,
};
