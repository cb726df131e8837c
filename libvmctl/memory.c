/* SPDX-License-Identifier: MIT */
/*
 * A running domain's memory. The guest moves it, by its balloon; the limit that the hypervisor holds
 * it to moves along, so that nothing here depends on the guest's good will: it is never above what
 * was asked for, except while the guest still has more, and then it cannot get back what it gives.
 * What a domain is to grow by is claimed first, so that nobody else can win it meanwhile.
 */
#include "change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <public/domctl.h>

/* Nothing that has a balloon runs in less; dom0 has daemons to run too. */
#define MIN_KIB      (16UL << 10)
#define MIN_DOM0_KIB (128UL << 10)

/* How often to look, and which part of the way counts as getting nearer. */
#define NAP_MS 50
#define STEPS  64

#define UNLIMITED_PAGES UINT32_MAX

/* An amount for people; the text is one of a few that take turns. */
static const char *amount(uint64_t kib)
{
    static _Thread_local char texts[4][32];
    static _Thread_local unsigned int turn;
    char *text = texts[turn++ % 4];

    if (kib % 1024)
        snprintf(text, sizeof(texts[0]), "%" PRIu64 " KiB", kib);
    else
        snprintf(text, sizeof(texts[0]), "%" PRIu64 " MiB", kib / 1024);
    return text;
}

/* The most that it may have, and the least, in KiB. */
static void bounds(struct vmctl *v, const struct subject *s, uint64_t *min, uint64_t *max)
{
    char path[64];
    uint64_t kib;

    *min = s->domid ? MIN_KIB : MIN_DOM0_KIB;
    if (s->config) {
        *max = s->config->max_kib;
        if (s->config->guarantee_kib > *min)
            *min = s->config->guarantee_kib;
        return;
    }
    *max = s->now.max_pages * 4;
    if (s->now.max_pages >= UNLIMITED_PAGES)
        *max = s->now.tot_pages * 4;
    snprintf(path, sizeof(path), "/local/domain/%u/memory/static-max", s->domid);
    if (!store_read_u64(v->store, STORE_NO_TXN, path, UINT64_MAX / 1024, &kib) && kib > *max)
        *max = kib;
}

static int no_memory(struct vmctl *v, const struct subject *s, const struct memory_change *m)
{
    struct xen_sysctl_physinfo info = {0};

    xen_physinfo(v->xen, &info);
    return vmctl_fail(v,
                      "%s: not enough memory to grow by %s to %s: %s of the machine are free, and "
                      "%s of these are claimed: shrink or end another VPS",
                      s->name, amount(m->kib - m->had_kib), amount(m->kib),
                      amount(info.free_pages / 256 * 1024),
                      amount(info.outstanding_pages / 256 * 1024));
}

/* A domain's claim counts what it has already. */
static int claim(struct vmctl *v, const struct subject *s, uint64_t pages)
{
    int ret = xen_claim_pages(v->xen, s->domid, pages);

    if (ret != -EINVAL || !pages)
        return ret;
    /* Xen wants the last claim gone first */
    xen_claim_pages(v->xen, s->domid, 0);
    return xen_claim_pages(v->xen, s->domid, pages);
}

static int grow(struct vmctl *v, const struct subject *s, struct memory_change *m)
{
    int ret = 0;

    if (m->had_max < m->kib / 4) {
        ret = xen_set_max_memory(v->xen, s->domid, m->kib);
        m->limited = ret >= 0;
    }
    if (ret >= 0)
        ret = claim(v, s, m->kib / 4);
    if (ret >= 0)
        return 0;
    memory_undo(v, s, m);
    return ret == -ENOMEM ? no_memory(v, s, m)
                          : vmctl_fail(v, "%s: the hypervisor refused to set memory aside: %s",
                                       s->name, strerror(-ret));
}

int memory_plan(struct vmctl *v, struct subject *s, uint64_t kib, struct memory_change *m)
{
    uint64_t min, max;

    *m = (struct memory_change){
        .kib = kib / 4 * 4 + (kib % 4 ? 4 : 0),
        .had_kib = s->now.tot_pages * 4,
        .had_max = s->now.max_pages,
        .had_claim = s->now.outstanding_pages,
    };
    bounds(v, s, &min, &max);
    if (m->kib > max)
        return vmctl_fail(v, "%s: %s are more than its maximum of %s%s", s->name, amount(m->kib),
                          amount(max), s->config ? ", which its <memory> says" : "");
    if (m->kib < min)
        return vmctl_fail(v, "%s: %s are less than %s %s", s->name, amount(m->kib),
                          s->config && s->config->guarantee_kib == min ? "its <min_guarantee> of"
                                                                       : "anything can run in:",
                          amount(min));
    return m->kib > m->had_kib ? grow(v, s, m) : 0;
}

void memory_undo(struct vmctl *v, const struct subject *s, const struct memory_change *m)
{
    claim(v, s, m->had_claim ? m->had_kib / 4 + m->had_claim : 0);
    if (s->domid || m->limited)
        xen_set_max_memory(v->xen, s->domid, m->had_max * 4);
}

/* Dom0's maximum is what it started with, where nothing else says one: its limit is nobody's. */
static int write_target(struct vmctl *v, const struct subject *s, uint64_t kib)
{
    char base[64], path[96];
    char *old;
    int ret = 0;

    snprintf(base, sizeof(base), "/local/domain/%u/memory", s->domid);
    snprintf(path, sizeof(path), "%s/static-max", base);
    if (!s->domid) {
        ret = store_read(v->store, STORE_NO_TXN, path, &old, NULL);
        if (!ret)
            free(old);
        if (ret == -ENOENT) {
            uint64_t max = s->now.max_pages < UNLIMITED_PAGES ? s->now.max_pages : s->now.tot_pages;

            ret = store_printf(v->store, STORE_NO_TXN, path, "%" PRIu64, max * 4);
        }
    }
    snprintf(path, sizeof(path), "%s/target", base);
    if (!ret)
        ret = store_printf(v->store, STORE_NO_TXN, path, "%" PRIu64, kib);
    return ret ? vmctl_fail(v, "%s: cannot write its memory's target to the store: %s", s->name,
                            strerror(-ret))
               : 0;
}

int memory_ask(struct vmctl *v, struct subject *s, const struct memory_change *m)
{
    int ret = 0;

    /*
     * The limit first: below what it has, it takes nothing from the guest, but lets nothing of what
     * the guest gives back come again. The control domain is left its limit: it is trusted, and has
     * its backends' pages to find.
     */
    if (m->kib <= m->had_kib)
        claim(v, s, 0);
    if (s->domid)
        ret = xen_set_max_memory(v->xen, s->domid, m->kib);
    if (ret < 0)
        return vmctl_fail(v, "%s: the hypervisor refused to limit its memory: %s", s->name,
                          strerror(-ret));
    if (write_target(v, s, m->kib)) {
        memory_undo(v, s, m);
        return -1;
    }
    if (s->config && s->config->memory_kib != m->kib) {
        s->config->memory_kib = m->kib;
        s->edited = true;
    }
    return 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

int memory_wait(struct vmctl *v, const struct subject *s, const struct memory_change *m,
                int timeout_ms, uint64_t *reached_kib)
{
    uint64_t way = distance(m->kib, m->had_kib), best = way, left;
    struct timespec nap = {0, NAP_MS * 1000000};
    struct xen_domctl_getdomaininfo now;

    for (int waited = 0;; waited += NAP_MS) {
        if (xen_domain_info(v->xen, s->domid, &now) ||
            memcmp(now.handle, s->now.handle, sizeof(now.handle)) ||
            now.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))
            return vmctl_fail(v, "%s ended while it was asked for %s of memory", s->name,
                              amount(m->kib));
        *reached_kib = now.tot_pages * 4;
        left = distance(m->kib, *reached_kib);
        if (!left || (*reached_kib < m->kib) != (m->had_kib < m->kib) || !timeout_ms)
            return 0;
        if (left + way / STEPS < best) {
            best = left;
            waited = 0;
        }
        if (waited >= timeout_ms)
            return 1;
        nanosleep(&nap, NULL);
    }
}

/* What it has becomes what it is to have, unless somebody has asked for something else meanwhile. */
static int settle(struct vmctl *v, struct subject *s, const struct memory_change *m)
{
    uint64_t kib = s->now.tot_pages * 4, target;
    struct memory_change stay = {.kib = kib, .had_kib = kib, .had_max = s->now.max_pages};
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/memory/target", s->domid);
    if (store_read_u64(v->store, STORE_NO_TXN, path, UINT64_MAX, &target) || target != m->kib)
        return 0;
    return memory_ask(v, s, &stay);
}

int memory_stop(struct vmctl *v, struct subject *s, const struct memory_change *m)
{
    uint64_t has = s->now.tot_pages * 4;
    bool paused = s->now.flags & XEN_DOMINF_paused;
    const char *why = has < m->kib ? "its kernel takes no more" : "its kernel cannot spare more";

    if (settle(v, s, m))
        return -1;
    if (paused)
        why = "it is paused";
    else if (has == m->had_kib)
        why = "its kernel does not answer: it has no balloon driver, or has not started it yet, or "
              "cannot spare anything";
    return vmctl_fail(v, "%s was asked for %s of memory and has %s: %s: %s", s->name,
                      amount(m->kib), amount(has),
                      has == m->had_kib ? "nothing was done" : "partly done", why);
}
