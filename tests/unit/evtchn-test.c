/* SPDX-License-Identifier: MIT */
/*
 * Event channels from a guest's side: what each operation answers, which bits it leaves in shared memory, and that
 * neither a hostile guest nor a dying one leaves a port tied to nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <public/event_channel.h>

#include "hv/domain.h"
#include "suite.h"

static struct domain *a, *b;

static void prepare(void)
{
    host_start(1);
    a = host_full_domain(1, 2);
    b = host_full_domain(2, 2);
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

static u32 alloc_for(struct domain *d, u16 remote)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = remote};

    CU_ASSERT_FATAL(op(d->vcpu[0], EVTCHNOP_alloc_unbound, &o) == 0);
    return o.port;
}

static u32 bind_to(struct domain *d, u16 remote, u32 port)
{
    struct evtchn_bind_interdomain o = {.remote_dom = remote, .remote_port = port};

    CU_ASSERT_FATAL(op(d->vcpu[0], EVTCHNOP_bind_interdomain, &o) == 0);
    return o.local_port;
}

static long simple(struct domain *d, u32 command, u32 port)
{
    return op(d->vcpu[0], command, &port);
}

static u32 status_of(struct domain *d, u32 port, struct evtchn_status *s)
{
    *s = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
    CU_ASSERT_FATAL(op(d->vcpu[0], EVTCHNOP_status, s) == 0);
    return s->status;
}

static bool pending(const struct domain *d, u32 port)
{
    return d->shared->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void quiet(struct domain *d)
{
    memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
    memset(d->shared->evtchn_mask, 0, sizeof(d->shared->evtchn_mask));
    for (u32 i = 0; i < d->max_vcpus; i++) {
        d->vcpu[i]->info->evtchn_pending_sel = 0;
        d->vcpu[i]->info->evtchn_upcall_pending = 0;
    }
}

static void close_all(void)
{
    struct evtchn_reset o = {.dom = DOMID_SELF};

    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &o) == 0);
    CU_ASSERT(op(b->vcpu[0], EVTCHNOP_reset, &o) == 0);
    CU_ASSERT(a->evtchn.active == 0 && b->evtchn.active == 0);
    quiet(a);
    quiet(b);
}

static void test_interdomain(void)
{
    u32 here = alloc_for(a, 2), there = bind_to(b, 1, here);
    struct evtchn_status s;

    CU_ASSERT(here == 1 && there == 1);
    CU_ASSERT(pending(b, there)); /* binding looks once */
    quiet(b);
    CU_ASSERT(simple(a, EVTCHNOP_send, here) == 0);
    CU_ASSERT(pending(b, there));
    CU_ASSERT(b->vcpu[0]->info->evtchn_pending_sel == 1);
    CU_ASSERT(b->vcpu[0]->info->evtchn_upcall_pending == 1);
    CU_ASSERT(!pending(a, here));
    CU_ASSERT(simple(b, EVTCHNOP_send, there) == 0);
    CU_ASSERT(pending(a, here));
    CU_ASSERT(status_of(a, here, &s) == EVTCHNSTAT_interdomain);
    CU_ASSERT(s.u.interdomain.dom == 2 && s.u.interdomain.port == there);

    /* the other end becomes unbound, for us alone, and what is sent there is lost */
    CU_ASSERT(simple(b, EVTCHNOP_close, there) == 0);
    CU_ASSERT(status_of(a, here, &s) == EVTCHNSTAT_unbound && s.u.unbound.dom == 2);
    CU_ASSERT(simple(a, EVTCHNOP_send, here) == 0);
    CU_ASSERT(simple(b, EVTCHNOP_close, there) == -EINVAL);
    CU_ASSERT(bind_to(b, 1, here) == there);
    close_all();
}

static void test_masked(void)
{
    u32 here = alloc_for(a, 2), there = bind_to(b, 1, here);

    quiet(b);
    b->shared->evtchn_mask[0] = 1ul << there;
    CU_ASSERT(simple(a, EVTCHNOP_send, here) == 0);
    CU_ASSERT(pending(b, there));
    CU_ASSERT(b->vcpu[0]->info->evtchn_pending_sel == 0 && b->vcpu[0]->info->evtchn_upcall_pending == 0);
    CU_ASSERT(simple(b, EVTCHNOP_unmask, there) == 0);
    CU_ASSERT(b->shared->evtchn_mask[0] == 0);
    CU_ASSERT(b->vcpu[0]->info->evtchn_pending_sel == 1 && b->vcpu[0]->info->evtchn_upcall_pending == 1);
    quiet(b);
    CU_ASSERT(simple(b, EVTCHNOP_unmask, there) == 0);
    CU_ASSERT(b->vcpu[0]->info->evtchn_upcall_pending == 0);
    close_all();
}

static void test_loopback(void)
{
    u32 one = alloc_for(a, DOMID_SELF), two = bind_to(a, DOMID_SELF, one);

    quiet(a);
    CU_ASSERT(one != two);
    CU_ASSERT(simple(a, EVTCHNOP_send, two) == 0);
    CU_ASSERT(pending(a, one) && !pending(a, two));
    CU_ASSERT(simple(a, EVTCHNOP_close, one) == 0);
    CU_ASSERT(!pending(a, one));
    CU_ASSERT(simple(a, EVTCHNOP_send, two) == 0);
    close_all();
}

static void test_ipi_and_vcpu(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 1};
    struct evtchn_bind_vcpu move = {.vcpu = 1};
    u32 here = alloc_for(a, 2), there = bind_to(b, 1, here);

    CU_ASSERT_FATAL(op(a->vcpu[0], EVTCHNOP_bind_ipi, &ipi) == 0);
    quiet(a);
    CU_ASSERT(simple(a, EVTCHNOP_send, ipi.port) == 0);
    CU_ASSERT(a->vcpu[1]->info->evtchn_upcall_pending == 1 && a->vcpu[0]->info->evtchn_upcall_pending == 0);
    move.port = ipi.port;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &move) == -EINVAL);
    move.port = here;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &move) == 0);
    quiet(a);
    CU_ASSERT(simple(b, EVTCHNOP_send, there) == 0);
    CU_ASSERT(a->vcpu[1]->info->evtchn_upcall_pending == 1);
    move.vcpu = 2;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &move) == -ENOENT);
    ipi.vcpu = ~0u;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_ipi, &ipi) == -ENOENT);
    close_all();
}

static void test_virq(void)
{
    struct evtchn_bind_virq timer = {.virq = VIRQ_TIMER, .vcpu = 1}, exc = {.virq = VIRQ_DOM_EXC};
    struct evtchn_bind_vcpu move = {.vcpu = 1};

    CU_ASSERT_FATAL(op(a->vcpu[0], EVTCHNOP_bind_virq, &timer) == 0);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_virq, &timer) == -EEXIST);
    quiet(a);
    evtchn_send_virq(a->vcpu[0], VIRQ_TIMER);
    CU_ASSERT(!pending(a, timer.port));
    evtchn_send_virq(a->vcpu[1], VIRQ_TIMER);
    CU_ASSERT(pending(a, timer.port) && a->vcpu[1]->info->evtchn_upcall_pending);
    /* per vcpu: stays; global: may move, and closes from wherever it is */
    move.port = timer.port;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &move) == -EINVAL);
    CU_ASSERT_FATAL(op(a->vcpu[0], EVTCHNOP_bind_virq, &exc) == 0);
    move.port = exc.port;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_vcpu, &move) == 0);
    quiet(a);
    evtchn_send_virq(a->vcpu[0], VIRQ_DOM_EXC);
    CU_ASSERT(a->vcpu[1]->info->evtchn_upcall_pending);
    CU_ASSERT(simple(a, EVTCHNOP_close, exc.port) == 0);
    CU_ASSERT(a->vcpu[0]->evtchn.virq_port[VIRQ_DOM_EXC] == 0);
    exc.vcpu = 1;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_virq, &exc) == -EINVAL);
    timer.vcpu = 7;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_virq, &timer) == -ENOENT);
    timer.virq = NR_VIRQS;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_virq, &timer) == -EINVAL);
    CU_ASSERT(simple(a, EVTCHNOP_send, move.port) == -EINVAL);
    close_all();
}

static void test_pirq(void)
{
    struct evtchn_bind_pirq o = {.pirq = 5};
    struct evtchn_status s;

    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_pirq, &o) == -EPERM);
    CU_ASSERT_FATAL(op(dom0->vcpu[0], EVTCHNOP_bind_pirq, &o) == 0);
    CU_ASSERT(status_of(dom0, o.port, &s) == EVTCHNSTAT_pirq && s.u.pirq == 5);
    evtchn_raise(dom0, o.port);
    CU_ASSERT(pending(dom0, o.port));
    CU_ASSERT(simple(dom0, EVTCHNOP_close, o.port) == 0 && host_pirq_unbound == 5);
    o.pirq = 9;
    CU_ASSERT(op(dom0->vcpu[0], EVTCHNOP_bind_pirq, &o) == -EEXIST);
    o.pirq = 0x10005;
    CU_ASSERT(op(dom0->vcpu[0], EVTCHNOP_bind_pirq, &o) == -EINVAL);
    CU_ASSERT(dom0->evtchn.active == 0);
}

static void test_refusals(void)
{
    struct evtchn_alloc_unbound o = {.dom = 2, .remote_dom = 1};
    struct evtchn_bind_interdomain i = {.remote_dom = 2, .remote_port = 1};
    struct evtchn_status s = {.dom = 2, .port = 1};
    struct evtchn_reset r = {.dom = 2};
    struct evtchn_set_priority p = {0};
    u32 port = alloc_for(b, 0);

    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -EPERM);
    o.dom = 77;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ESRCH);
    i.remote_port = port;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_interdomain, &i) == -EINVAL); /* it is for dom0 */
    i.remote_port = 4000;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_interdomain, &i) == -EINVAL);
    i.remote_dom = 99;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_interdomain, &i) == -ESRCH);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_status, &s) == -EPERM);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_reset, &r) == -EPERM);
    CU_ASSERT(op(dom0->vcpu[0], EVTCHNOP_reset, &r) == -EINVAL); /* it runs */
    for (u32 bad = 0; bad <= 5000; bad += 1000) {
        CU_ASSERT(simple(a, EVTCHNOP_send, bad) == -EINVAL);
        CU_ASSERT(simple(a, EVTCHNOP_close, bad) == -EINVAL);
        CU_ASSERT(bad == 0 || simple(a, EVTCHNOP_unmask, bad) == -EINVAL);
    }
    CU_ASSERT(simple(a, EVTCHNOP_send, ~0u) == -EINVAL);
    for (u32 command = 0; command <= EVTCHNOP_set_priority; command++)
        CU_ASSERT(host_call(do_event_channel_op, command, BAD_ADDRESS, 0) == -EFAULT);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_set_priority, &p) == -ENOSYS);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_expand_array, &p) == -EOPNOTSUPP);
    CU_ASSERT(op(a->vcpu[0], 99, &p) == -ENOSYS);
    close_all();
}

static void test_exhaustion(void)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = 2};

    for (u32 port = 1; port < EVTCHN_2L_PORTS; port++)
        CU_ASSERT_FATAL(alloc_for(a, 2) == port);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    CU_ASSERT(simple(a, EVTCHNOP_close, 1234) == 0);
    CU_ASSERT(simple(a, EVTCHNOP_close, 77) == 0);
    CU_ASSERT(alloc_for(a, 2) == 77);
    CU_ASSERT(alloc_for(a, 2) == 1234);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    host_preempt_every = 2; /* reset stops and goes on */
    close_all();
    host_preempt_every = 0;
}

/* An answer that cannot be delivered takes its port back. */
static void test_no_leak(void)
{
    struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = 2};
    struct evtchn_bind_interdomain i = {.remote_dom = 2, .remote_port = alloc_for(b, 1)};
    struct evtchn_bind_ipi ipi = {0};
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct evtchn_status s;

    host_read_only = true;
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -EFAULT);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_interdomain, &i) == -EFAULT);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_ipi, &ipi) == -EFAULT);
    CU_ASSERT(op(a->vcpu[0], EVTCHNOP_bind_virq, &virq) == -EFAULT);
    host_read_only = false;
    CU_ASSERT(a->evtchn.active == 0 && a->vcpu[0]->evtchn.virq_port[VIRQ_TIMER] == 0);
    CU_ASSERT(status_of(b, i.remote_port, &s) == EVTCHNSTAT_unbound && s.u.unbound.dom == 1);
    close_all();
}

static void test_poll_and_info(void)
{
    struct vcpu *v = a->vcpu[0];
    u32 here = alloc_for(a, 2), there = bind_to(b, 1, here);

    quiet(a);
    a->shared->evtchn_mask[0] = ~0ul;
    v->sched.blocked = v->evtchn.polling = true;
    v->evtchn.poll_port = here;
    a->evtchn.pollers = 1;
    evtchn_send_virq(v, VIRQ_TIMER);
    CU_ASSERT(v->sched.blocked);
    CU_ASSERT(simple(b, EVTCHNOP_send, there) == 0);
    CU_ASSERT(!v->sched.blocked && !v->evtchn.polling && a->evtchn.pollers == 0);
    quiet(a);
    evtchn_info_moved(v);
    CU_ASSERT(v->info->evtchn_pending_sel == ~0ul && v->info->evtchn_upcall_pending == 1);
    close_all();
}

/* Seeded storm of two domains' operations, then both die: no port may be left tied, whatever order. */
static void test_storm(void)
{
    struct domain *c = host_full_domain(5, 1), *pair[2] = {a, c};

    srand(4711);
    for (u32 i = 0; i < 20000; i++) {
        struct domain *d = pair[rand() % 2], *other = d == a ? c : a;
        u32 port = (u32)rand() % 200;
        struct evtchn_alloc_unbound o = {.dom = DOMID_SELF, .remote_dom = rand() % 4 ? other->id : d->id};
        struct evtchn_bind_interdomain n = {.remote_dom = rand() % 4 ? other->id : d->id, .remote_port = port};

        d->shared->evtchn_pending[port / 64] ^= (unsigned long)rand();
        switch (rand() % 5) {
        case 0: op(d->vcpu[0], EVTCHNOP_alloc_unbound, &o); break;
        case 1: op(d->vcpu[0], EVTCHNOP_bind_interdomain, &n); break;
        case 2: simple(d, EVTCHNOP_close, port); break;
        case 3: simple(d, EVTCHNOP_send, port); break;
        default: simple(d, EVTCHNOP_unmask, port); break;
        }
    }
    for (u32 port = 0; port < 400; port++) {
        struct evtchn e, f;

        if (evtchn_read(a, port, &e) || e.state != EVTCHN_INTERDOMAIN)
            continue;
        CU_ASSERT_FATAL(evtchn_read(e.remote, e.remote_port, &f) == 0);
        CU_ASSERT(f.state == EVTCHN_INTERDOMAIN && f.remote == a && f.remote_port == port);
    }
    CU_ASSERT(evtchn_relinquish(c) == 0);
    evtchn_domain_destroy(c);
    for (u32 port = 0; port < 400; port++) {
        struct evtchn e;

        CU_ASSERT(evtchn_read(a, port, &e) || e.state != EVTCHN_INTERDOMAIN || e.remote == a);
    }
    CU_ASSERT(c->evtchn.active == 0);
    {
        struct evtchn_alloc_unbound o = {.dom = 5, .remote_dom = 0};

        CU_ASSERT(op(dom0->vcpu[0], EVTCHNOP_alloc_unbound, &o) == -ENOSPC);
    }
    close_all();
}

static CU_TestInfo tests[] = {{"interdomain", test_interdomain},
                              {"masked", test_masked},
                              {"loopback", test_loopback},
                              {"ipi and vcpu", test_ipi_and_vcpu},
                              {"virq", test_virq},
                              {"pirq", test_pirq},
                              {"refusals", test_refusals},
                              {"exhaustion", test_exhaustion},
                              {"no leak", test_no_leak},
                              {"poll, moved info", test_poll_and_info},
                              {"storm", test_storm},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("evtchn", tests);
}
