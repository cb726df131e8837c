/* SPDX-License-Identifier: MIT */
/* The latest output of one console: a byte ring that forgets its oldest. */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int replay_init(struct replay *r, size_t size)
{
    *r = (struct replay){.bytes = malloc(size), .size = size};
    return r->bytes ? 0 : -ENOMEM;
}

void replay_free(struct replay *r)
{
    free(r->bytes);
    *r = (struct replay){0};
}

void replay_append(struct replay *r, const char *data, size_t len)
{
    size_t end, first;

    if (len > r->size) {
        data += len - r->size;
        len = r->size;
    }
    end = (r->start + r->len) % r->size;
    first = len < r->size - end ? len : r->size - end;
    memcpy(r->bytes + end, data, first);
    memcpy(r->bytes, data + first, len - first);
    r->len += len;
    if (r->len > r->size) {
        r->start = (r->start + r->len - r->size) % r->size;
        r->len = r->size;
    }
}

void replay_latest(const struct replay *r, size_t want, const char *piece[2], size_t len[2])
{
    size_t n = want < r->len ? want : r->len;
    size_t from = (r->start + r->len - n) % r->size;

    len[0] = n < r->size - from ? n : r->size - from;
    len[1] = n - len[0];
    piece[0] = r->bytes + from;
    piece[1] = r->bytes;
}
