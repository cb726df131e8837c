/* SPDX-License-Identifier: MIT */
/*
 * Queues and the balance between CPUs (runqueue.h). Nobody ever holds two queues' locks: a vcpu on its way from one CPU to
 * another is in neither queue, says where it belongs, and is kept alive by a reference to its domain. It must never take a
 * vcpu whose registers are still being saved.
 */
#include "domain/runqueue.h"

#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/smp.h"

#define MS 1000000ull
#define SPREAD_NS (300 * MS)  /* virtual: how far CPUs' floors may be apart; more than a CPU may lose by when its own host stops it */
#define BONUS_NS (20 * MS)    /* virtual: how far before the others one who slept may come back: more than the margin */
#define MARGIN_NS (10 * MS)   /* virtual: who waits must be that far behind to be worth a move */
#define LOOK_NS MS            /* between two looks around by a CPU that has work */
#define LEAD_STEP_NS MS
#define STALE_NS (50 * MS)    /* one who runs alone is not counted by itself: with others waiting he is, so often */
#define SEARCH_MAX 8u         /* how deep in a queue to look for who may leave it */

/* The floor that is farthest ahead, about. Written when a floor has passed it by a step, so that it stays in
 * everyone's cache. */
static u64 lead;

void runqueue_insert(struct sched_cpu *s, struct vcpu *v)
{
    struct vcpu *before = NULL, *after = s->first;

    while (after && virtual_ahead(after->sched.virtual_ns, v->sched.virtual_ns) <= 0) {
        before = after;
        after = after->sched.next;
    }
    v->sched.prev = before;
    v->sched.next = after;
    if (before)
        before->sched.next = v;
    else
        s->first = v;
    if (after)
        after->sched.prev = v;
    v->sched.queued = true;
    s->waiting++;
}

void runqueue_remove(struct sched_cpu *s, struct vcpu *v)
{
    if (v->sched.prev)
        v->sched.prev->sched.next = v->sched.next;
    else
        s->first = v->sched.next;
    if (v->sched.next)
        v->sched.next->sched.prev = v->sched.prev;
    v->sched.next = v->sched.prev = NULL;
    v->sched.queued = false;
    s->waiting--;
}

/* All who are here move up together. */
static void shift(struct sched_cpu *s, u64 by)
{
    s->floor += by;
    if (s->current)
        s->current->sched.virtual_ns += by;
    for (struct vcpu *v = s->first; v; v = v->sched.next)
        v->sched.virtual_ns += by;
}

/* The floor is the slowest of those who run or want to, and keeps up with the other CPUs'. */
static void raise_floor(struct sched_cpu *s)
{
    u64 slowest, ahead;

    if (s->current && !s->idling) {
        slowest = s->current->sched.virtual_ns;
        if (s->first && virtual_ahead(slowest, s->first->sched.virtual_ns) > 0)
            slowest = s->first->sched.virtual_ns;
        if (virtual_ahead(slowest, s->floor) > 0)
            s->floor = slowest;
    }
    if (cpu_count == 1)
        return;
    ahead = ACCESS_ONCE(lead);
    if (virtual_ahead(s->floor, ahead) > (s64)LEAD_STEP_NS)
        /* if another CPU was faster, the next time will do */
        (void)__atomic_compare_exchange_n(&lead, &ahead, s->floor, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    else if (virtual_ahead(ahead, s->floor) > (s64)SPREAD_NS)
        shift(s, ahead - s->floor - SPREAD_NS / 2);
}

void runqueue_charge(struct sched_cpu *s, u64 now)
{
    struct vcpu *v = s->current;
    u64 ran = now > v->sched.slice_start ? now - v->sched.slice_start : 0;

    v->sched.slice_start += ran;
    v->sched.run_ns += ran;
    v->sched.virtual_ns += share_virtual(v->domain, ran);
    share_spend(&v->domain->share, ran);
    raise_floor(s);
}

void runqueue_publish(struct sched_cpu *s, u64 now)
{
    u64 others = ~(1ull << s->id), hard = 0;
    u32 depth = 0;

    if (cpu_count == 1)
        return;
    if (s->first)
        s->head_virtual = s->first->sched.virtual_ns;
    for (const struct vcpu *v = s->first; v && !hard && depth < SEARCH_MAX; v = v->sched.next, depth++) {
        hard = v->sched.hard_affinity & others;
        s->offer_virtual = v->sched.virtual_ns;
        s->offer_soft = hard & v->sched.soft_affinity;
    }
    s->offer_hard = hard;
    if (s->current && !s->idling) {
        s->run_virtual = s->current->sched.virtual_ns;
        s->run_since = now;
        s->run_rate = share_virtual(s->current->domain, 1024);
    }
}

/* From where one who slept is reckoned: nobody here is before that. Below the floor where one has just been fetched. */
static u64 front(const struct sched_cpu *s)
{
    u64 at = s->floor;

    if (s->current && !s->idling && virtual_ahead(at, s->current->sched.virtual_ns) > 0)
        at = s->current->sched.virtual_ns;
    if (s->first && virtual_ahead(at, s->first->sched.virtual_ns) > 0)
        at = s->first->sched.virtual_ns;
    return at;
}

void runqueue_place(struct sched_cpu *s, struct vcpu *v, bool slept)
{
    u64 earliest;

    /* who runs alone is not counted otherwise, and the floor would lie far behind */
    if (s->current && !s->idling)
        runqueue_charge(s, now_ns());
    else
        raise_floor(s);
    /* only who has run before can have slept: a new one begins where the others are */
    earliest = !slept ? s->floor - SPREAD_NS : v->sched.run_ns ? front(s) - BONUS_NS : s->floor;
    if (virtual_ahead(v->sched.virtual_ns, earliest) < 0 ||
        virtual_ahead(v->sched.virtual_ns, s->floor) > VIRTUAL_DEBT_MAX)
        v->sched.virtual_ns = earliest;
}

/* Takes the one who is farthest behind among those in `from` that may come to CPU `to`, and, unless that is idle, are
 * behind `candidate`. Referenced; it belongs to `to` now. NULL: none. */
static struct vcpu *take(struct sched_cpu *from, u32 to, bool idle, u64 candidate, u64 now)
{
    struct vcpu *v;
    u32 depth = 0;

    spin_lock(&from->lock);
    for (v = from->first; v; v = v->sched.next) {
        u64 allowed = idle ? v->sched.hard_affinity : v->sched.hard_affinity & v->sched.soft_affinity;

        if (!idle && virtual_ahead(candidate, v->sched.virtual_ns) <= (s64)MARGIN_NS)
            v = NULL;
        if (!v || ++depth > SEARCH_MAX) {
            v = NULL;
            break;
        }
        if ((allowed >> to & 1) && vcpu_runnable(v) && !__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE))
            break;
    }
    if (v) {
        runqueue_remove(from, v);
        domain_get(v->domain);
        __atomic_store_n(&v->cpu, to, __ATOMIC_RELEASE);
        runqueue_publish(from, now);
    }
    spin_unlock(&from->lock);
    return v;
}

/* How far whoever runs on a CPU is by now, about. */
static u64 run_estimate(const struct sched_cpu *s, u64 now)
{
    u64 since = s->run_since;

    return s->run_virtual + ((now > since ? MIN(now - since, 1000 * MS) : 0) * s->run_rate >> 10);
}

/* The CPU that offers s's the one who is the farthest behind, which is left in *virtual; NULL: none offers anybody. */
static struct sched_cpu *best_offer(const struct sched_cpu *s, bool idle, u64 *virtual)
{
    struct sched_cpu *best = NULL;

    for (u32 i = 0; i < cpu_count; i++) {
        struct sched_cpu *other = cpus[i]->sched;
        u64 offer = other->offer_virtual;

        if (other == s || !other->waiting || !((idle ? other->offer_hard : other->offer_soft) >> s->id & 1))
            continue;
        if (!best || virtual_ahead(*virtual, offer) > 0) {
            best = other;
            *virtual = offer;
        }
    }
    return best;
}

bool runqueue_pull(struct sched_cpu *s, u64 now, bool idle)
{
    struct sched_cpu *from;
    struct vcpu *v;
    u64 candidate = 0, offer = 0;

    if (cpu_count == 1 || (!idle && !s->look && now - s->looked_at < LOOK_NS))
        return false;
    s->looked_at = now;
    s->look = false;
    if (!idle) {
        candidate = run_estimate(s, now);
        if (s->waiting && virtual_ahead(candidate, s->head_virtual) > 0)
            candidate = s->head_virtual;
    }
    from = best_offer(s, idle, &offer);
    if (from && !idle && virtual_ahead(candidate, offer) <= (s64)MARGIN_NS)
        from = NULL;
    v = from ? take(from, s->id, idle, candidate, now) : NULL;
    if (!v)
        return false;
    spin_lock(&s->lock);
    /* somebody may have woken or paused it meanwhile */
    if (!v->sched.queued && vcpu_runnable(v) && v->cpu == s->id && s->current != v) {
        runqueue_place(s, v, false);
        runqueue_insert(s, v);
    }
    spin_unlock(&s->lock);
    domain_put(v->domain);
    return true;
}

void runqueue_offer(struct sched_cpu *s, bool idle)
{
    u64 mask = s->offer_hard, soft = s->offer_soft;
    struct sched_cpu *best = NULL;
    s64 most = (s64)MARGIN_NS;
    u64 now;

    if (likely(!mask) || !s->waiting)
        return;
    now = now_ns();
    for (u32 i = 0; i < cpu_count; i++) {
        struct sched_cpu *other = cpus[i]->sched;
        s64 ahead;

        if (!(mask >> i & 1))
            continue;
        if (other->idling && cpus[i]->need_resched)
            continue; /* somebody has just got it */
        if (other->idling) {
            smp_send_resched(i);
            return;
        }
        ahead = now - other->run_since > STALE_NS ? (s64)(~0ull >> 1)
                                                  : virtual_ahead(run_estimate(other, now), s->offer_virtual);
        if (!idle && (soft >> i & 1) && ahead > most) {
            most = ahead;
            best = other;
        }
    }
    if (best && !best->look) {
        best->look = true;
        smp_send_resched(best->id);
    }
}

/* An idle one of `mask`; MAX_CPUS: none. */
static u32 idle_cpu(u64 mask)
{
    for (u32 i = 0; i < cpu_count; i++)
        if ((mask >> i & 1) && cpus[i]->sched->idling && !cpus[i]->need_resched)
            return i;
    return MAX_CPUS;
}

u32 runqueue_best_cpu(const struct vcpu *v)
{
    u64 hard = v->sched.hard_affinity, soft = hard & v->sched.soft_affinity, now = now_ns();
    u64 mask = soft ? soft : hard, mine = v->sched.virtual_ns;
    u32 best = idle_cpu(mask);
    s64 most;

    if (best == MAX_CPUS)
        best = idle_cpu(hard);
    if (best != MAX_CPUS)
        return best;
    best = mask >> v->cpu & 1 ? v->cpu : (u32)__builtin_ctzll(mask);
    most = virtual_ahead(run_estimate(cpus[best]->sched, now), mine);
    if (most > (s64)PREEMPT_NS)
        return best;
    for (u32 i = 0; i < cpu_count; i++) {
        s64 ahead = mask >> i & 1 ? virtual_ahead(run_estimate(cpus[i]->sched, now), mine) : 0;

        if (ahead > MAX(most, (s64)PREEMPT_NS)) {
            most = ahead;
            best = i;
        }
    }
    return best;
}
