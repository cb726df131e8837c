/* SPDX-License-Identifier: MIT */
/*
 * A token bucket: how much of us one console may use. Time comes in from outside (nanoseconds of a
 * clock that never steps back), so that tests need no clock.
 */
#ifndef CONSOLED_BUCKET_H
#define CONSOLED_BUCKET_H

#include <stdint.h>

struct bucket {
    int64_t tokens; /* below zero: in debt, must wait */
    int64_t rate;   /* tokens a second, > 0 */
    int64_t burst;  /* the most that gathers up, > 0 */
    uint64_t filled_ns;
};

/* A full bucket. rate and burst: 1 .. 2^32. */
void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns);

/* Takes `cost` tokens, going into debt if need be: ask bucket_wait first. */
void bucket_take(struct bucket *b, uint32_t cost, uint64_t now_ns);

/* 0: go on; else the nanoseconds until the debt is paid. */
uint64_t bucket_wait(struct bucket *b, uint64_t now_ns);

#endif
