/* SPDX-License-Identifier: MIT */
/*
 * The balancer's policy: its promises (policy.h) on chosen nodes, on guests that are simulated for many
 * rounds, and on random figures, a great part of them absurd. What must hold is worked out here anew,
 * not taken from the policy.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "suite.h"

#define MIB     UINT64_C(1024)
#define MAX_VPS 24
#define SLACK   UINT64_C(8) /* KiB: divisions round down, and targets are whole pages */

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* ---- what must hold for any input ---- */

static int complaints;

static void must(bool holds, const char *what, const struct policy_vps *v)
{
    CU_ASSERT_TRUE(holds);
    if (!holds && complaints++ < 10)
        printf("\n  %s: domain %u: target %llu -> %llu, has %llu, min %llu, max %llu, needs %llu, "
               "entitled %llu, %s\n",
               what, v->domid, (unsigned long long)v->target, (unsigned long long)v->new_target,
               (unsigned long long)v->current, (unsigned long long)v->minimum,
               (unsigned long long)v->maximum, (unsigned long long)v->need,
               (unsigned long long)v->entitled, policy_reason_name(v->reason));
}

static uint64_t promised(const struct policy_vps *vps, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += most_of(minus(vps[i].target, vps[i].current), vps[i].claimed);
    return sum;
}

/* What a VPS would be due if all wanted their maximum: the minima first, and the rest by size. */
static uint64_t fair_share(const struct policy_node *node, const struct policy_vps *vps,
                           size_t count, const struct policy_vps *of)
{
    uint64_t pool = minus(node->free, node->reserve + promised(vps, count));
    uint64_t minima = 0, weights = 0, share;

    for (size_t i = 0; i < count; i++) {
        if (!vps[i].takes_part)
            continue;
        pool += most_of(vps[i].current, vps[i].target);
        minima += vps[i].minimum;
        weights += most_of(vps[i].maximum - vps[i].minimum, 1);
    }
    share = (uint64_t)((unsigned __int128)minus(pool, minima) *
                       most_of(of->maximum - of->minimum, 1) / weights);
    return least_of(of->minimum + share, of->maximum);
}

/* What a VPS surely needs, by its own report: what it uses now, in memory and in swap. */
static uint64_t in_use(const struct policy_vps *v)
{
    uint64_t used =
        v->current - least_of(v->available, v->current) + least_of(v->swap_used, v->maximum);

    return most_of(least_of(used, v->maximum), v->minimum);
}

/* Runs the policy and checks all that it promises. True where it moved anything. */
static bool decide(const struct policy_node *node, struct policy_vps *vps, size_t count)
{
    uint64_t free = minus(node->free, node->reserve + promised(vps, count)), taken = 0;
    struct policy_vps before[MAX_VPS];
    bool moved = false, short_of = free == 0;

    memcpy(before, vps, count * sizeof(*vps));
    policy_decide(node, vps, count);
    for (size_t i = 0; i < count; i++) {
        const struct policy_vps *v = &vps[i], *b = &before[i];
        uint64_t due = v->fresh ? in_use(b) : v->maximum;

        moved = moved || v->new_target != b->target;
        short_of = short_of || v->reason == POLICY_GROWN || v->reason == POLICY_SHORT;
        taken += minus(v->new_target, most_of(b->target, b->current));
        must(v->takes_part || v->new_target == b->target, "left alone", v);
        must(v->new_target >= b->target || v->new_target >= b->minimum, "minimum", v);
        must(v->new_target <= b->target || v->new_target <= b->maximum, "maximum", v);
        must(v->new_target % 4 == 0 || v->new_target == b->target || b->target % 4, "pages", v);
        must(v->new_target <= b->target || v->fresh || v->new_target <= b->minimum,
             "grown without a report", v);
        if (!v->takes_part)
            continue;
        due = least_of(due, fair_share(node, before, count, b));
        must(v->new_target + SLACK >= least_of(b->target, due), "below need and fair share", v);
        must(minus(v->new_target, b->target) <= policy_step_up(b->target), "rate up", v);
        must(minus(b->target, v->new_target) <= policy_step_down(b->target), "rate down", v);
    }
    CU_ASSERT_TRUE(taken <= free);
    CU_ASSERT_TRUE(!moved || short_of); /* nothing moves where nobody is short */
    return moved;
}

/* ---- chosen nodes ---- */

/* A VPS that has `has` MiB, may have minimum..maximum, and says it could do without `available`. */
static struct policy_vps vps(uint64_t has, uint64_t minimum, uint64_t maximum, uint64_t available)
{
    static uint32_t domid;

    return (struct policy_vps){.domid = ++domid,
                               .takes_part = true,
                               .current = has * MIB,
                               .target = has * MIB,
                               .minimum = minimum * MIB,
                               .maximum = maximum * MIB,
                               .fresh = true,
                               .available = available * MIB};
}

static const struct policy_node full = {0, 0};

static void test_nothing_to_do(void)
{
    struct policy_vps v[] = {vps(512, 128, 1024, 400), vps(512, 128, 1024, 200)};

    CU_ASSERT_FALSE(decide(&full, v, 0));
    CU_ASSERT_FALSE(decide(&(struct policy_node){64 * MIB, 0}, v, 2));
    CU_ASSERT_EQUAL(v[0].reason, POLICY_CONTENT);
    CU_ASSERT_EQUAL(v[1].reason, POLICY_CONTENT);
}

/* The idle one is shrunk first; the pressed one grows by what has come back, and not before. */
static void test_idle_to_pressed(void)
{
    struct policy_vps v[] = {vps(512, 128, 1024, 450), vps(256, 128, 1024, 2)};

    CU_ASSERT_TRUE(decide(&full, v, 2));
    CU_ASSERT_EQUAL(v[0].reason, POLICY_IDLE);
    CU_ASSERT_TRUE(v[0].new_target < v[0].target);
    CU_ASSERT_EQUAL(v[1].reason, POLICY_SHORT);
    CU_ASSERT_EQUAL(v[1].new_target, v[1].target);

    v[0].target = v[0].new_target; /* told so, but nothing given back yet: nothing to give, */
    v[0].settling = true;          /* and nothing more to ask for */
    CU_ASSERT_FALSE(decide(&full, v, 2));
    CU_ASSERT_TRUE(decide(&(struct policy_node){20 * MIB, 0}, v, 2));
    CU_ASSERT_EQUAL(v[1].new_target, (256 + 20) * MIB);
    CU_ASSERT_EQUAL(v[1].reason, POLICY_GROWN);
}

/* What a VPS was promised and has not taken is not promised again. */
static void test_promises_count(void)
{
    struct policy_vps v[] = {vps(256, 128, 1024, 2), vps(256, 128, 1024, 2)};

    v[0].target = v[0].minimum = 300 * MIB;
    CU_ASSERT_FALSE(decide(&(struct policy_node){44 * MIB, 0}, v, 2));
    CU_ASSERT_TRUE(decide(&(struct policy_node){60 * MIB, 0}, v, 2));
    CU_ASSERT_EQUAL(v[0].new_target + v[1].new_target, (300 + 256 + 16) * MIB);
    v[0].takes_part = false; /* a promise to anybody counts */
    CU_ASSERT_FALSE(decide(&(struct policy_node){44 * MIB, 0}, v, 2));
    v[0].claimed = 44 * MIB; /* the same once more */
    CU_ASSERT_TRUE(decide(&(struct policy_node){60 * MIB, 0}, v, 2));
    CU_ASSERT_EQUAL(v[1].new_target, (256 + 16) * MIB);
    v[0].claimed = 100 * MIB; /* it is being made: its target says less */
    CU_ASSERT_FALSE(decide(&(struct policy_node){100 * MIB, 0}, v, 2));
}

static void test_reserve(void)
{
    struct policy_vps v[] = {vps(512, 128, 1024, 450), vps(256, 128, 1024, 2)};

    /* below the reserve nobody grows, and the idle one makes it whole */
    CU_ASSERT_TRUE(decide(&(struct policy_node){30 * MIB, 32 * MIB}, v, 1));
    CU_ASSERT_TRUE(v[0].new_target < v[0].target);
    CU_ASSERT_FALSE(decide(&(struct policy_node){32 * MIB, 32 * MIB}, v, 1));
    CU_ASSERT_TRUE(decide(&(struct policy_node){40 * MIB, 32 * MIB}, v, 2));
    CU_ASSERT_EQUAL(v[1].new_target, (256 + 8) * MIB);
    CU_ASSERT_FALSE(decide(&(struct policy_node){0, UINT64_MAX}, v + 1, 1));
}

/* Idle or not, no lower than what was guaranteed; and whoever is below it comes up to it first. */
static void test_minimum(void)
{
    struct policy_vps v[] = {vps(130, 128, 1024, 130), vps(256, 256, 1024, 250),
                             vps(256, 64, 1024, 0)};

    CU_ASSERT_FALSE(decide(&full, v, 3)); /* 2 MiB are not worth it */
    v[0].current = v[0].target = 160 * MIB;
    CU_ASSERT_TRUE(decide(&full, v, 3));
    CU_ASSERT_TRUE(v[0].new_target >= 128 * MIB && v[0].new_target < 160 * MIB);
    CU_ASSERT_EQUAL(v[1].new_target, 256 * MIB);

    v[1].current = v[1].target = 250 * MIB;
    CU_ASSERT_TRUE(decide(&(struct policy_node){6 * MIB, 0}, v, 3));
    CU_ASSERT_EQUAL(v[1].new_target, 256 * MIB);
    CU_ASSERT_EQUAL(v[2].new_target, 256 * MIB);
    v[1].fresh = false; /* its minimum is its own whether it reports or not */
    CU_ASSERT_TRUE(decide(&(struct policy_node){6 * MIB, 0}, v, 3));
    CU_ASSERT_EQUAL(v[1].new_target, 256 * MIB);
}

/* Between short and idle lies a band where nothing is given or got, though another is short. */
static void test_band(void)
{
    struct policy_vps v[] = {vps(500, 100, 1000, 0), vps(300, 100, 1000, 32)};

    for (uint64_t uses = 300; uses <= 428; uses++) {
        v[0].available = (500 - uses) * MIB;
        decide(&full, v, 2);
        CU_ASSERT_EQUAL(v[1].reason, POLICY_SHORT);
        if (uses < 350)
            CU_ASSERT_TRUE(v[0].new_target < v[0].target);
        if (uses > 352)
            CU_ASSERT_TRUE(v[0].reason == POLICY_CONTENT && v[0].new_target == v[0].target);
    }
}

/* Idle, but by too little to be worth it. */
static void test_trifles(void)
{
    struct policy_vps v[] = {vps(102, 100, 1000, 102), vps(300, 100, 1000, 0),
                             vps(500, 100, 1000, 500)};

    CU_ASSERT_TRUE(decide(&full, v, 3));
    CU_ASSERT_EQUAL(v[0].new_target, v[0].target);
    v[0].current = v[0].target = 103 * MIB;
    v[2].takes_part = false;
    v[1].available = 26 * MIB; /* 2 MiB and a half are all that there is to be got */
    CU_ASSERT_FALSE(decide(&full, v, 3));
}

/* The idle one is asked before the one that has more than its share. */
static void test_idle_first(void)
{
    struct policy_vps v[] = {vps(900, 100, 1000, 0), vps(500, 100, 1000, 400),
                             vps(200, 100, 1000, 0)};

    v[2].swap_used = 600 * MIB;
    CU_ASSERT_TRUE(decide(&full, v, 3));
    CU_ASSERT_EQUAL(v[1].reason, POLICY_IDLE);
    CU_ASSERT_TRUE(v[1].new_target < v[1].target);
    CU_ASSERT_EQUAL(v[0].new_target, v[0].target);
}

/* The shortest comes first; whoever is below its minimum comes before all. */
static void test_shortest_first(void)
{
    const struct policy_node little = {30 * MIB, 0};
    struct policy_vps v[] = {vps(400, 100, 1000, 0), vps(200, 100, 1000, 0),
                             vps(1500, 100, 2000, 1400), vps(396, 400, 1000, 390)};

    v[0].swap_used = v[1].swap_used = 400 * MIB;
    CU_ASSERT_TRUE(decide(&little, v, 3));
    CU_ASSERT_EQUAL(v[0].new_target, v[0].target);
    CU_ASSERT_EQUAL(v[1].new_target, v[1].target + 30 * MIB);
    CU_ASSERT_TRUE(decide(&little, v, 4));
    CU_ASSERT_EQUAL(v[3].new_target, 400 * MIB);
    CU_ASSERT_EQUAL(v[1].new_target, v[1].target + 26 * MIB);
}

/* What it still has above its target is not anybody else's: to keep it takes nothing from what is free. */
static void test_change_of_mind(void)
{
    struct policy_vps v[] = {vps(500, 100, 1000, 0)};

    v[0].target = 450 * MIB;
    CU_ASSERT_TRUE(decide(&full, v, 1));
    CU_ASSERT_EQUAL(v[0].new_target, 500 * MIB);
}

/* Two are short: what there is goes by what each may have, and the one that hogs gives way. */
static void test_pressed_share(void)
{
    struct policy_vps v[] = {vps(700, 100, 900, 0), vps(200, 100, 900, 0)};

    v[1].swap_used = 700 * MIB;
    CU_ASSERT_TRUE(decide(&full, v, 2));
    CU_ASSERT_EQUAL(v[0].reason, POLICY_OVER);
    CU_ASSERT_TRUE(v[0].entitled <= 450 * MIB && v[0].entitled + SLACK >= 450 * MIB);
    v[1].maximum = 300 * MIB; /* half of what it asks for is beyond what it may have */
    CU_ASSERT_TRUE(decide(&full, v, 2));
    CU_ASSERT_EQUAL(v[1].entitled / MIB, 100 + 700 * 200 / 1000);
}

/* One that lies takes from an idle one, and nothing from one that needs what it has. */
static void test_liar(void)
{
    struct policy_vps v[] = {vps(400, 100, 800, 40), vps(400, 100, 800, 0)};

    v[1].swap_used = UINT64_MAX;
    v[1].available = 0;
    CU_ASSERT_FALSE(decide(&full, v, 2));
    CU_ASSERT_EQUAL(v[1].need, 800 * MIB);
    v[0].available = 300 * MIB;
    CU_ASSERT_TRUE(decide(&full, v, 2));
    CU_ASSERT_TRUE(v[0].new_target >= 100 * MIB);
    v[0].fresh = false; /* silent, and within its fair share: not touched */
    CU_ASSERT_FALSE(decide(&full, v, 2));
    CU_ASSERT_EQUAL(v[0].reason, POLICY_STALE);
}

/* Silence does not keep more than the fair share, once others are short. */
static void test_stale_returns(void)
{
    struct policy_vps v[] = {vps(700, 100, 900, 0), vps(200, 100, 900, 0)};
    uint64_t fair;

    v[0].fresh = false;
    CU_ASSERT_FALSE(decide(&full, v, 1)); /* nobody is */
    fair = fair_share(&full, v, 2, &v[0]);
    for (int i = 0; i < 100; i++) {
        decide(&full, v, 2);
        for (int n = 0; n < 2; n++)
            v[n].target = v[n].new_target;
        v[1].target += v[0].current - v[0].target;
        v[1].current = v[1].target;
        v[0].current = v[0].target;
    }
    CU_ASSERT_TRUE(v[0].target + SLACK >= fair);
    CU_ASSERT_TRUE(v[0].target <= fair + policy_step_least(fair) + SLACK);
}

/* ---- guests, simulated ---- */

struct guest {
    uint64_t uses;  /* what its programs want, in memory or swap */
    uint64_t speed; /* what its balloon moves in a round */
    bool stubborn;  /* it never gives anything back */
};

/* One round on the node: reports, decision, and what the balloons do about it. */
static bool live(struct policy_node *n, struct policy_vps *v, struct guest *g, size_t count)
{
    bool moved;

    for (size_t i = 0; i < count; i++) {
        v[i].available = minus(v[i].current, g[i].uses);
        v[i].swap_used = minus(g[i].uses, v[i].current);
        v[i].settling = v[i].current > v[i].target && !g[i].stubborn;
    }
    moved = decide(n, v, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t down, up;

        v[i].target = v[i].new_target;
        down = g[i].stubborn ? 0 : least_of(minus(v[i].current, v[i].target), g[i].speed);
        v[i].current -= down;
        n->free += down;
        up = least_of(minus(v[i].target, v[i].current), least_of(g[i].speed, n->free));
        v[i].current += up;
        n->free -= up;
    }
    return moved;
}

/* Steady guests come to rest, and stay there: nothing goes back and forth. */
static void test_comes_to_rest(void)
{
    srandom(1);
    for (int run = 0; run < 300; run++) {
        struct policy_vps v[MAX_VPS];
        struct guest g[MAX_VPS];
        size_t count = 2 + (size_t)random() % (MAX_VPS - 2);
        struct policy_node n = {(uint64_t)random() % (200 * MIB), (uint64_t)random() % (64 * MIB)};
        uint64_t all = n.free;
        int moves = 0;

        for (size_t i = 0; i < count; i++) {
            uint64_t minimum = 32 + (uint64_t)random() % 200;
            uint64_t maximum = minimum + (uint64_t)random() % 2000;

            v[i] = vps(minimum + (uint64_t)random() % (maximum - minimum + 1), minimum, maximum, 0);
            g[i] = (struct guest){.uses = (uint64_t)random() % (2300 * MIB),
                                  .speed = MIB + (uint64_t)random() % (500 * MIB),
                                  .stubborn = random() % 8 == 0};
            all += v[i].current;
        }
        for (int round = 0; round < 3000; round++)
            live(&n, v, g, count);
        for (int round = 0; round < 50; round++)
            moves += live(&n, v, g, count);
        CU_ASSERT_EQUAL(moves, 0);
        for (size_t i = 0; i < count; i++)
            all -= v[i].current;
        CU_ASSERT_EQUAL(all, n.free);
    }
}

/* An idle one gives until it has what it needs to stay idle; then the pressed one has the rest. */
static void test_gets_there(void)
{
    struct policy_node n = full;
    struct policy_vps v[] = {vps(1024, 128, 1024, 0), vps(256, 128, 1024, 0)};
    struct guest g[] = {{.uses = 90 * MIB, .speed = 100 * MIB},
                        {.uses = 700 * MIB, .speed = 100 * MIB}};
    int rounds = 0;

    while (v[1].current < 700 * MIB && rounds < 60) {
        live(&n, v, g, 2);
        rounds++;
    }
    CU_ASSERT_TRUE(rounds < 30);
    CU_ASSERT_TRUE(v[0].current >= 128 * MIB && v[0].current <= 580 * MIB);
    CU_ASSERT_EQUAL(v[0].current + v[1].current + n.free, 1280 * MIB);

    /* now it is the other way round: both are short, and each gets its half */
    g[0].uses = 900 * MIB;
    for (int i = 0; i < 200; i++)
        live(&n, v, g, 2);
    CU_ASSERT_TRUE(minus(v[0].current, v[1].current) < 60 * MIB);
    CU_ASSERT_TRUE(minus(v[1].current, v[0].current) < 60 * MIB);
}

/* One that never gives back keeps what it was given, and the others go on without it. */
static void test_stubborn(void)
{
    struct policy_node n = full;
    struct policy_vps v[] = {vps(512, 128, 1024, 0), vps(512, 128, 1024, 0),
                             vps(256, 128, 1024, 0)};
    struct guest g[] = {{.uses = 90 * MIB, .speed = 100 * MIB, .stubborn = true},
                        {.uses = 90 * MIB, .speed = 100 * MIB},
                        {.uses = 450 * MIB, .speed = 100 * MIB}};

    for (int i = 0; i < 60; i++)
        live(&n, v, g, 3);
    CU_ASSERT_EQUAL(v[0].current, 512 * MIB);
    CU_ASSERT_TRUE(v[2].current > 500 * MIB);
}

/* ---- random figures ---- */

/* Anything from nothing to absurd, with a liking for edges; `around` is among them. */
static uint64_t any(uint64_t around)
{
    static const uint64_t edges[] = {0, 1, 3, 4, 5, 1024, UINT32_MAX, UINT64_C(1) << 40};

    switch (random() % 5) {
    case 0:
        return edges[(size_t)random() % (sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return around;
    case 2:
        return around - least_of(around, (uint64_t)random() % 9);
    default:
        return (uint64_t)random() % (2 * around + 2);
    }
}

static void test_random(void)
{
    srandom(2);
    for (int run = 0; run < 200000 && !complaints; run++) {
        size_t count = (size_t)random() % MAX_VPS;
        struct policy_vps v[MAX_VPS];
        struct policy_node n = {any(256 * MIB), any(64 * MIB)};

        for (size_t i = 0; i < count; i++) {
            uint64_t maximum = any(1024 * MIB), target = any(512 * MIB);

            v[i] = (struct policy_vps){.domid = (uint32_t)i,
                                       .takes_part = random() % 8 != 0,
                                       .settling = random() % 2,
                                       .target = target,
                                       .current = any(target),
                                       .claimed = random() % 4 ? 0 : any(64 * MIB),
                                       .maximum = maximum,
                                       .minimum = least_of(any(maximum / 2), maximum),
                                       .fresh = random() % 6 != 0,
                                       .available = any(target),
                                       .swap_used = any(target)};
        }
        decide(&n, v, count);
    }
}

/* Beyond what the checks above can add up themselves: no trap, no overflow, limits kept. */
static void test_absurd(void)
{
    struct policy_vps v[MAX_VPS];
    struct policy_node n = {UINT64_MAX, UINT64_MAX};

    for (size_t i = 0; i < MAX_VPS; i++)
        v[i] = (struct policy_vps){.takes_part = true,
                                   .current = UINT64_MAX - i,
                                   .claimed = UINT64_MAX,
                                   .target = 512 * MIB,
                                   .minimum = UINT64_MAX,
                                   .maximum = i % 2 ? 1024 * MIB : UINT64_MAX,
                                   .fresh = i % 3,
                                   .available = i % 5 ? UINT64_MAX : 0,
                                   .swap_used = UINT64_MAX};
    policy_decide(&n, v, MAX_VPS);
    for (size_t i = 0; i < MAX_VPS; i++) {
        CU_ASSERT_TRUE(v[i].new_target >= 512 * MIB);
        CU_ASSERT_TRUE(v[i].new_target <= 512 * MIB + policy_step_up(512 * MIB));
    }
}

static void test_names(void)
{
    CU_ASSERT_STRING_EQUAL(policy_reason_name(POLICY_APART), "apart");
    CU_ASSERT_STRING_EQUAL(policy_reason_name(POLICY_OVER), "over");
    CU_ASSERT_STRING_EQUAL(policy_reason_name((enum policy_reason)99), "unknown");
}

static CU_TestInfo tests[] = {
    {"nobody is short: nothing moves", test_nothing_to_do},
    {"shrink first, grow by what came back", test_idle_to_pressed},
    {"promises are kept in mind", test_promises_count},
    {"the reserve", test_reserve},
    {"guaranteed minima", test_minimum},
    {"the band between short and idle", test_band},
    {"trifles", test_trifles},
    {"idle ones give first", test_idle_first},
    {"the shortest first", test_shortest_first},
    {"what it still has", test_change_of_mind},
    {"shares of those who are short", test_pressed_share},
    {"a liar gains what idle ones do not need", test_liar},
    {"silence keeps no more than the fair share", test_stale_returns},
    {"steady guests come to rest", test_comes_to_rest},
    {"memory gets where it is needed", test_gets_there},
    {"one that gives nothing back", test_stubborn},
    {"random figures", test_random},
    {"absurd figures", test_absurd},
    {"names of reasons", test_names},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("balloond policy", tests);
}
