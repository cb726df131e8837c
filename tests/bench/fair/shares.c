/* SPDX-License-Identifier: MIT */
/*
 * Progressive filling. The level is CPU time per weight.
 * 1. How far can the level rise before some limit is reached? The limits: each claim's own, and for each set of
 *    CPUs that those who can go nowhere else fit into it.
 * 2. Raise it that far.
 * 3. Whoever stands at a limit stays as he is. While anyone still grows, from 1.
 */
#include "shares.h"

#include <stdbool.h>

#define NEARLY 1e-9

static double own_limit(const struct share_claim *c, uint64_t cpus)
{
    double limit = c->vcpus, there = __builtin_popcountll(c->cpus & cpus);

    if (limit > there)
        limit = there;
    if (c->cap > 0 && limit > c->cap)
        limit = c->cap;
    if (c->wants >= 0 && limit > c->wants)
        limit = c->wants;
    return limit;
}

struct filling {
    const struct share_claim *claims;
    unsigned int count;
    uint64_t cpus;
    double *share;
    bool *grows;
};

/* What is left of a set of CPUs, and the weights of those growing who can use no others. */
static double room_in(const struct filling *f, uint64_t set, double *weights)
{
    double room = __builtin_popcountll(set);

    *weights = 0;
    for (unsigned int i = 0; i < f->count; i++) {
        if (f->claims[i].cpus & f->cpus & ~set)
            continue;
        room -= f->share[i];
        if (f->grows[i])
            *weights += f->claims[i].weight;
    }
    return room;
}

static double rise(const struct filling *f)
{
    double least = -1, weights;

    for (unsigned int i = 0; i < f->count; i++) {
        double step = (own_limit(&f->claims[i], f->cpus) - f->share[i]) / f->claims[i].weight;

        if (f->grows[i] && (least < 0 || step < least))
            least = step;
    }
    for (uint64_t set = 1; set <= f->cpus; set++) {
        double room = room_in(f, set, &weights);

        if (weights > 0 && room / weights < least)
            least = room / weights;
    }
    return least > 0 ? least : 0;
}

/* Ends the growth of those at a limit; false where nobody grows any more. */
static bool settle(const struct filling *f)
{
    bool some = false;
    double weights;

    for (unsigned int i = 0; i < f->count; i++)
        if (f->share[i] >= own_limit(&f->claims[i], f->cpus) - NEARLY)
            f->grows[i] = false;
    for (uint64_t set = 1; set <= f->cpus; set++) {
        if (room_in(f, set, &weights) > NEARLY || weights <= 0)
            continue;
        for (unsigned int i = 0; i < f->count; i++)
            if (!(f->claims[i].cpus & f->cpus & ~set))
                f->grows[i] = false;
    }
    for (unsigned int i = 0; i < f->count; i++)
        some |= f->grows[i];
    return some;
}

void shares_fill(const struct share_claim *claims, unsigned int count, unsigned int cpus,
                 double *share)
{
    bool grows[count ? count : 1];
    struct filling f = {claims, count, (1ull << cpus) - 1, share, grows};

    for (unsigned int i = 0; i < count; i++) {
        share[i] = 0;
        grows[i] = true;
    }
    while (settle(&f)) {
        double step = rise(&f);

        for (unsigned int i = 0; i < count; i++)
            if (grows[i])
                share[i] += step * claims[i].weight;
    }
}
