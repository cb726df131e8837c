/* SPDX-License-Identifier: MIT */
/* Reading and dating a VPS's report; hostile throughout, see figures.h. */
#include "figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far a VPS's clock may be ahead of dom0's. */
#define AHEAD_SECONDS 60

bool figures_store_lost(int error)
{
    return error == -ECONNRESET || error == -EPROTO || error == -ETIMEDOUT || error == -ENOMEM;
}

/* 1: *kib is a plausible amount; 0: there is none; or the errno of a lost store. */
static int read_kib(struct store *s, uint32_t domid, const char *name, uint64_t *kib)
{
    char path[64];
    int ret;

    *kib = 0;
    snprintf(path, sizeof(path), "/local/domain/%u/data/%s", domid, name);
    ret = store_read_u64(s, STORE_NO_TXN, path, FIGURES_MOST_KIB, kib);
    if (ret && !figures_store_lost(ret))
        return 0;
    return ret ? ret : 1;
}

static int read_stamp(struct store *s, uint32_t domid, char stamp[FIGURES_STAMP_MAX])
{
    char path[64], *value;
    size_t len;
    int ret;

    memset(stamp, 0, FIGURES_STAMP_MAX);
    snprintf(path, sizeof(path), "/local/domain/%u/data/updated", domid);
    ret = store_read(s, STORE_NO_TXN, path, &value, &len);
    if (ret)
        return figures_store_lost(ret) ? ret : 0;
    memcpy(stamp, value, len < FIGURES_STAMP_MAX ? len : FIGURES_STAMP_MAX - 1);
    free(value);
    return 1;
}

int figures_read(struct store *s, uint32_t domid, struct figures *out)
{
    uint64_t total, unused, available, swap_total, swap_free;
    int has_total, has_unused, has_available, has_swap_total, has_swap_free, has_stamp;

    memset(out, 0, sizeof(*out));
    if ((has_total = read_kib(s, domid, "meminfo_total", &total)) < 0)
        return has_total;
    if ((has_unused = read_kib(s, domid, "meminfo_free", &unused)) < 0)
        return has_unused;
    if ((has_available = read_kib(s, domid, "meminfo_available", &available)) < 0)
        return has_available;
    if ((has_swap_total = read_kib(s, domid, "swap_total", &swap_total)) < 0)
        return has_swap_total;
    if ((has_swap_free = read_kib(s, domid, "swap_free", &swap_free)) < 0)
        return has_swap_free;
    if ((has_stamp = read_stamp(s, domid, out->stamp)) < 0)
        return has_stamp;
    if (!has_available)
        available = unused;
    out->there = has_total && has_stamp && (has_available || has_unused);
    out->available = available < total ? available : total;
    if (has_swap_total && has_swap_free && swap_free < swap_total)
        out->swap_used = swap_total - swap_free;
    return 0;
}

/* The age that a stamp claims; -1: it makes no sense. */
static int64_t claimed_age(const char *stamp, int64_t wall)
{
    char *end;
    unsigned long long at;

    errno = 0;
    at = strtoull(stamp, &end, 10);
    if (stamp[0] < '0' || stamp[0] > '9' || *end || errno || at > INT64_MAX)
        return -1;
    if ((int64_t)at > wall)
        return (int64_t)at - wall <= AHEAD_SECONDS ? 0 : -1;
    return wall - (int64_t)at;
}

bool figures_fresh(struct figures_history *h, const struct figures *f, int64_t now, int64_t wall)
{
    if (!f->there)
        return false;
    if (!h->known) {
        int64_t age = claimed_age(f->stamp, wall);

        h->since =
            age < 0 || age > FIGURES_FRESH_SECONDS ? now - FIGURES_FRESH_SECONDS - 1 : now - age;
    } else if (memcmp(h->stamp, f->stamp, sizeof(h->stamp))) {
        h->since = now;
    }
    h->known = true;
    memcpy(h->stamp, f->stamp, sizeof(h->stamp));
    return now - h->since <= FIGURES_FRESH_SECONDS;
}
