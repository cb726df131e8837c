/* SPDX-License-Identifier: MIT */
/*
 * Who should have how much memory. In this order:
 *
 *  1. need: what each VPS needs, from its report; it counts for no more than its maximum
 *  2. entitlement: each one's part of all there is, by need and fair share
 *  3. wants: who is short, and by how much; donors: who has more than it should
 *  4. shrink: as many donors as the shortage takes, the idle ones first
 *  5. grow: the shortest first, out of what is free now. What is being given back will be free in a
 *     later round, and is not counted before that.
 *
 * Between "short" (below need) and "idle" (above keep) lies a band in which a VPS neither gets nor
 * gives: so memory does not go back and forth. This file must never move memory that does not help
 * somebody.
 */
#include "policy.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIB       UINT64_C(1024)
#define PAGE      UINT64_C(4)

/* No amount is taken for more than this: the sum of thousands is far from the end of 64 bits. */
#define MOST (UINT64_C(1) << 40)

typedef unsigned __int128 wide;

/* a * b / c, rounded down, without overflow; c > 0 */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)((wide)a * b / c);
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
    return MIN(MAX(value, least), most);
}

uint64_t policy_step_least(uint64_t target)
{
    return MAX(2 * MIB, target / 64);
}

uint64_t policy_step_up(uint64_t target)
{
    return MAX(32 * MIB, target / 4);
}

/* Half as fast as growing: what is taken away too fast has to be swapped out by its owner. */
uint64_t policy_step_down(uint64_t target)
{
    return MAX(16 * MIB, target / 8);
}

const char *policy_reason_name(enum policy_reason reason)
{
    static const char *const names[] = {"apart", "content", "short", "stale",
                                        "grown", "idle",    "over"};

    return (size_t)reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

/* ---- 1. need ---- */

static void find_need(struct policy_vps *v)
{
    uint64_t used;

    v->minimum = MIN(v->minimum, v->maximum);
    v->new_target = v->target;
    v->give = v->want = v->entitled = v->need = v->keep = 0;
    v->settled = false;
    v->reason = v->takes_part ? (v->fresh ? POLICY_CONTENT : POLICY_STALE) : POLICY_APART;
    if (!v->fresh) { /* it is taken to need what it has */
        v->need = v->keep = clamp(v->target, v->minimum, v->maximum);
        return;
    }
    used = v->current - MIN(v->available, v->current) + MIN(v->swap_used, v->maximum);
    v->need = clamp(used + used / 8 + 8 * MIB, v->minimum, v->maximum);
    v->keep = clamp(used + used / 3 + 24 * MIB, v->minimum, v->maximum);
}

/* ---- 2. entitlement ---- */

static uint64_t elastic(const struct policy_vps *v)
{
    return MAX(v->maximum - v->minimum, 1);
}

/* What VPSes were promised and have not taken yet. A claim is, mostly, the same promise once more. */
static uint64_t promised(const struct policy_vps *vps, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += MAX(minus(vps[i].target, vps[i].current), vps[i].claimed);
    return sum;
}

/*
 * Splits `pool` by weighted max-min fairness: whoever needs less than its share gets its need, and
 * what that leaves is split again among the rest. Ends after at most `count` rounds, each of which
 * settles at least one VPS.
 */
static void split(struct policy_vps *vps, size_t count, uint64_t pool)
{
    uint64_t left = pool;
    bool found;

    for (size_t i = 0; i < count; i++)
        if (vps[i].takes_part)
            left = minus(left, vps[i].minimum);
    do {
        uint64_t weights = 0, before = left;

        found = false;
        for (size_t i = 0; i < count; i++)
            if (vps[i].takes_part && !vps[i].settled)
                weights += elastic(&vps[i]);
        for (size_t i = 0; i < count; i++) {
            struct policy_vps *v = &vps[i];
            uint64_t share;

            if (!v->takes_part || v->settled)
                continue;
            share = scale(before, elastic(v), weights);
            v->entitled = v->minimum + MIN(share, v->need - v->minimum);
            if (v->need - v->minimum > share)
                continue;
            v->settled = found = true;
            left -= v->need - v->minimum;
        }
    } while (found);
}

static void find_entitlement(struct policy_vps *vps, size_t count, uint64_t budget)
{
    uint64_t pool = budget;

    for (size_t i = 0; i < count; i++)
        if (vps[i].takes_part)
            pool += MAX(vps[i].current, vps[i].target);
    split(vps, count, pool);
}

/* ---- 3. wants and donors ---- */

static void find_want(struct policy_vps *v)
{
    /* one that does not report is due what it has, and its minimum in any case */
    uint64_t goal = v->entitled / PAGE * PAGE;
    uint64_t least = v->target < v->minimum ? 0 : policy_step_least(v->target);

    if (v->fresh && !v->give && minus(v->need, v->target) > least)
        v->reason = POLICY_SHORT; /* though it may be due no more than it has */
    if (minus(goal, v->target) > least) {
        v->want = MIN(goal - v->target, policy_step_up(v->target));
        v->reason = POLICY_SHORT;
    }
}

static void find_give(struct policy_vps *v)
{
    uint64_t least = policy_step_least(v->target);
    bool contended = v->need - v->entitled > least; /* splitting rounds down: a little is nothing */
    uint64_t floor = contended ? v->entitled : v->keep; /* neither is ever below the minimum */

    if (minus(v->target, floor) > least) {
        v->give = MIN(v->target - floor, policy_step_down(v->target)) / PAGE * PAGE;
        v->reason = contended ? POLICY_OVER : POLICY_IDLE;
    }
}

/* ---- 4. shrink ---- */

/* The donor of this kind that can give most; NULL: there is none left. */
static struct policy_vps *next_donor(struct policy_vps *vps, size_t count, enum policy_reason kind)
{
    struct policy_vps *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (vps[i].give && vps[i].reason == kind && vps[i].new_target == vps[i].target &&
            (!best || vps[i].give > best->give))
            best = &vps[i];
    return best;
}

static void shrink(struct policy_vps *vps, size_t count, uint64_t shortage)
{
    static const enum policy_reason order[] = {POLICY_IDLE, POLICY_OVER};
    struct policy_vps *v;

    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        while (shortage && (v = next_donor(vps, count, order[k]))) {
            uint64_t least = MIN(v->give, policy_step_least(v->target));
            uint64_t give = MIN(v->give, MAX(shortage, least)) / PAGE * PAGE;

            v->new_target = v->target - give;
            shortage = minus(shortage, give);
        }
    }
    for (size_t i = 0; i < count; i++) /* those that nobody asked */
        if (vps[i].give && vps[i].new_target == vps[i].target)
            vps[i].reason = vps[i].fresh ? POLICY_CONTENT : POLICY_STALE;
}

/* ---- 5. grow ---- */

/* True where a has less of what it is entitled to than b; below the minimum counts as none at all. */
static bool shorter(const struct policy_vps *a, const struct policy_vps *b)
{
    uint64_t has_a = a->target < a->minimum ? 0 : a->target;
    uint64_t has_b = b->target < b->minimum ? 0 : b->target;

    return (wide)has_a * b->entitled < (wide)has_b * a->entitled;
}

static struct policy_vps *next_short(struct policy_vps *vps, size_t count)
{
    struct policy_vps *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (vps[i].want && (!best || shorter(&vps[i], best)))
            best = &vps[i];
    return best;
}

static void grow(struct policy_vps *vps, size_t count, uint64_t budget)
{
    struct policy_vps *v;

    while ((v = next_short(vps, count))) {
        /* what it has beyond its target is its own still: to keep that costs nothing */
        uint64_t own = minus(v->current, v->target);
        uint64_t more = MIN(v->want, own + budget) / PAGE * PAGE;

        if (more >= MIN(v->want, policy_step_least(v->target))) {
            v->new_target = v->target + more;
            v->reason = POLICY_GROWN;
            budget -= minus(more, own);
        }
        v->want = 0;
    }
}

/* Absurd figures are made plain ones; everything after this may add them up. */
static void bound(struct policy_vps *v)
{
    v->current = MIN(v->current, MOST);
    v->target = MIN(v->target, MOST);
    v->claimed = MIN(v->claimed, MOST);
    v->maximum = MIN(v->maximum, MOST);
    v->available = MIN(v->available, MOST);
}

void policy_decide(const struct policy_node *node, struct policy_vps *vps, size_t count)
{
    uint64_t outside, free, wanted = 0, coming = 0;

    for (size_t i = 0; i < count; i++) {
        bound(&vps[i]);
        find_need(&vps[i]);
    }
    free = MIN(node->free, MOST);
    outside = MIN(node->reserve, MOST) + promised(vps, count);
    find_entitlement(vps, count, minus(free, outside));
    for (size_t i = 0; i < count; i++) {
        if (vps[i].settling)
            coming += minus(vps[i].current, vps[i].target);
        if (!vps[i].takes_part)
            continue;
        find_give(&vps[i]);
        find_want(&vps[i]);
        wanted += vps[i].want;
    }
    shrink(vps, count, minus(wanted + outside, free + coming));
    grow(vps, count, minus(free, outside));
}
