/* SPDX-License-Identifier: MIT */
/* The latest output of one console, for those who attach later. Bounded; the oldest bytes go first. */
#ifndef CONSOLED_REPLAY_H
#define CONSOLED_REPLAY_H

#include <stddef.h>

struct replay {
    char *bytes;
    size_t size;  /* of `bytes` */
    size_t start; /* where the oldest byte is */
    size_t len;   /* how many are kept, <= size */
};

/* 0 or -ENOMEM; `size` > 0. */
int replay_init(struct replay *r, size_t size);
void replay_free(struct replay *r);

void replay_append(struct replay *r, const char *data, size_t len);

/*
 * Points at the latest min(want, kept) bytes, oldest first: two pieces, since they may wrap. Valid
 * until the next append.
 */
void replay_latest(const struct replay *r, size_t want, const char *piece[2], size_t len[2]);

#endif
