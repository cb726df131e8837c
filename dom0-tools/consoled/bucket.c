/* SPDX-License-Identifier: MIT */
/* A token bucket in integers: see bucket.h. */
#include "bucket.h"

#define SECOND 1000000000ull

void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns)
{
    *b = (struct bucket){.tokens = burst, .rate = rate, .burst = burst, .filled_ns = now_ns};
}

static void bucket_fill(struct bucket *b, uint64_t now_ns)
{
    uint64_t passed = now_ns - b->filled_ns, gained;

    /* What is longer than it takes to fill it from any debt is as good as that: no overflow below. */
    if (passed / SECOND > (uint64_t)((b->burst - b->tokens) / b->rate)) {
        b->tokens = b->burst;
        b->filled_ns = now_ns;
        return;
    }
    gained = (passed / SECOND) * (uint64_t)b->rate + passed % SECOND * (uint64_t)b->rate / SECOND;
    if (gained == 0)
        return; /* keep the fraction: filled_ns stays */
    b->tokens += (int64_t)gained;
    b->filled_ns += gained / (uint64_t)b->rate * SECOND +
                    gained % (uint64_t)b->rate * SECOND / (uint64_t)b->rate;
    if (b->tokens > b->burst)
        b->tokens = b->burst;
}

void bucket_take(struct bucket *b, uint32_t cost, uint64_t now_ns)
{
    bucket_fill(b, now_ns);
    b->tokens -= cost;
}

uint64_t bucket_wait(struct bucket *b, uint64_t now_ns)
{
    uint64_t debt;

    bucket_fill(b, now_ns);
    if (b->tokens > 0)
        return 0;
    debt = (uint64_t)(1 - b->tokens);
    return debt / (uint64_t)b->rate * SECOND +
           (debt % (uint64_t)b->rate * SECOND + (uint64_t)b->rate - 1) / (uint64_t)b->rate;
}
