/* SPDX-License-Identifier: MIT */
/*
 * One domain's console. The ring is served by console_serve alone, in a fixed order: ask the bucket,
 * take output, give input, then unmask the port. As the port stays masked from firing to the end of
 * that, and for as long as the bucket is in debt, a guest cannot make us run more often than the
 * bucket allows, whatever it does to its event channel.
 */
#include "console.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bucket.h"
#include "report.h"
#include "ring.h"

/* What serving a ring costs at least, in bytes: events without output are not free either. */
#define SERVE_COST_MIN 1024u

struct console {
    const struct console_setup *setup;
    uint32_t domid, port;
    char *name;
    struct xencons_interface *page;
    bool bound;  /* `port` is ours */
    bool masked; /* the port fired and waits for us to unmask it */
    bool broken; /* the guest's indices made no sense: the ring is not served any more */
    struct log *log;
    struct replay replay;
    struct bucket bucket;
    struct event *resume; /* timer: the bucket's debt is paid */
    char input[CONSOLE_INPUT_MAX];
    size_t input_len;
    TAILQ_HEAD(, console_watcher) watchers;
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void console_tell(struct console *c, const char *data, size_t len)
{
    struct console_watcher *w;

    TAILQ_FOREACH(w, &c->watchers, link) {
        w->output(w, data, len);
    }
}

static void console_give_up(struct console *c)
{
    static const char line[] = "\r\n[mews: the domain broke its console ring; no more output]\r\n";

    c->broken = true;
    c->input_len = 0;
    report("%s (domain %" PRIu32 "): ring indices make no sense; its console is not served until "
           "the domain is started again",
           c->name, c->domid);
    console_tell(c, line, sizeof(line) - 1);
}

/* Takes one ring's worth of output at most. Returns the bytes taken, 0 on a broken ring. */
static size_t console_take_output(struct console *c)
{
    char data[sizeof(c->page->out)];
    ssize_t n = ring_take_output(c->page, data, sizeof(data));

    if (n < 0) {
        console_give_up(c);
        return 0;
    }
    if (n > 0) {
        log_write(c->log, data, (size_t)n);
        replay_append(&c->replay, data, (size_t)n);
        console_tell(c, data, (size_t)n);
    }
    return (size_t)n;
}

/* Moves waiting input into the ring. True where some went. */
static bool console_give_input(struct console *c)
{
    struct console_watcher *w;
    ssize_t n;

    if (c->input_len == 0)
        return false;
    n = ring_put_input(c->page, c->input, c->input_len);
    if (n < 0) {
        console_give_up(c);
        return false;
    }
    c->input_len -= (size_t)n;
    memmove(c->input, c->input + n, c->input_len);
    if (n > 0)
        TAILQ_FOREACH(w, &c->watchers, link) {
            w->input_room(w);
        }
    return n > 0;
}

static void console_serve(struct console *c)
{
    uint64_t now = now_ns(), wait = bucket_wait(&c->bucket, now);
    size_t taken;
    bool given;

    if (c->broken)
        return; /* and its port stays masked for good */
    if (wait > 0) {
        struct timeval tv = {.tv_sec = (time_t)(wait / 1000000000u),
                             .tv_usec = (suseconds_t)(wait % 1000000000u / 1000u + 1000u)};

        if (tv.tv_usec >= 1000000) {
            tv.tv_sec++;
            tv.tv_usec -= 1000000;
        }
        event_add(c->resume, &tv);
        return;
    }
    taken = console_take_output(c);
    given = !c->broken && console_give_input(c);
    bucket_take(&c->bucket, taken > SERVE_COST_MIN ? (uint32_t)taken : SERVE_COST_MIN, now);
    if (taken > 0 || given)
        host_notify(c->setup->host, c->port);
    if (c->masked && !c->broken) {
        c->masked = false;
        host_unmask(c->setup->host, c->port);
    }
}

static void console_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    console_serve(arg);
}

static void console_free(struct console *c)
{
    if (c->resume)
        event_free(c->resume);
    if (c->page)
        host_unmap(c->setup->host, c->page);
    if (c->bound)
        host_unbind(c->setup->host, c->port);
    log_close(c->log);
    replay_free(&c->replay);
    free(c->name);
    free(c);
}

int console_open(struct console **out, const struct console_setup *setup, uint32_t domid,
                 uint32_t remote_port, const char *name)
{
    struct console *c = calloc(1, sizeof(*c));
    char fallback[32], file[256];
    int err;

    if (!c)
        return -ENOMEM;
    c->setup = setup;
    c->domid = domid;
    TAILQ_INIT(&c->watchers);
    bucket_init(&c->bucket, setup->rate, setup->burst, now_ns());
    c->name = strdup(name);
    c->resume = evtimer_new(setup->base, console_resume, c);
    err = replay_init(&c->replay, setup->replay_size);
    if (!c->name || !c->resume || err)
        goto no_memory;
    err = host_map_console(setup->host, domid, &c->page);
    if (err)
        goto fail;
    err = host_bind(setup->host, domid, remote_port, &c->port);
    if (err)
        goto fail;
    c->bound = true;
    /* A name that makes no file name must not cost the log. */
    snprintf(fallback, sizeof(fallback), "domain-%" PRIu32, domid);
    c->log = log_open(&setup->logs, log_file_name(name, file, 240) ? fallback : name);
    if (!c->log)
        goto no_memory;
    console_serve(c);
    *out = c;
    return 0;

no_memory:
    err = -ENOMEM;
fail:
    console_free(c);
    return err;
}

void console_close(struct console *c)
{
    struct console_watcher *w;

    if (!c)
        return;
    if (!c->broken)
        console_take_output(c); /* last words: what a dying domain left */
    while ((w = TAILQ_FIRST(&c->watchers))) {
        console_detach(w);
        w->ended(w);
    }
    console_free(c);
}

uint32_t console_domid(const struct console *c)
{
    return c->domid;
}

const char *console_name(const struct console *c)
{
    return c->name;
}

uint32_t console_port(const struct console *c)
{
    return c->port;
}

void console_fired(struct console *c)
{
    c->masked = true;
    console_serve(c);
}

size_t console_input_room(const struct console *c)
{
    return sizeof(c->input) - c->input_len;
}

size_t console_input(struct console *c, const char *data, size_t len)
{
    if (c->broken)
        return len; /* there is nobody to read it: let it go */
    if (len > console_input_room(c))
        len = console_input_room(c);
    memcpy(c->input + c->input_len, data, len);
    c->input_len += len;
    if (console_give_input(c))
        host_notify(c->setup->host, c->port);
    return len;
}

void console_attach(struct console *c, struct console_watcher *w, size_t replay)
{
    const char *piece[2];
    size_t len[2];

    replay_latest(&c->replay, replay, piece, len);
    for (int i = 0; i < 2; i++)
        if (len[i] > 0)
            w->output(w, piece[i], len[i]);
    w->console = c;
    TAILQ_INSERT_TAIL(&c->watchers, w, link);
}

void console_detach(struct console_watcher *w)
{
    if (!w->console)
        return;
    TAILQ_REMOVE(&w->console->watchers, w, link);
    w->console = NULL;
}

void console_reopen_log(struct console *c)
{
    log_reopen(c->log);
}
