/* SPDX-License-Identifier: MIT */
/*
 * One domain's console: its ring, its log, its latest output, and whoever is attached.
 *
 * It never blocks for anybody: a guest that floods is served at its token bucket's pace (its ring
 * stays full meanwhile, so the guest waits, not we), a guest whose ring indices make no sense is
 * given up, and those attached take output at their own risk (clients.c bounds them).
 * All of it runs on the event loop's one thread.
 */
#ifndef CONSOLED_CONSOLE_H
#define CONSOLED_CONSOLE_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "host.h"
#include "log.h"
#include "replay.h"

/* Input that waits for room in a ring, at most. */
#define CONSOLE_INPUT_MAX 4096u

/* What all consoles share; outlives them. */
struct console_setup {
    struct event_base *base;
    struct host *host;
    struct log_policy logs;
    uint32_t rate;      /* bytes a second that one console may make us handle, in the long run */
    uint32_t burst;     /* bytes it may have at once after a quiet time */
    size_t replay_size; /* bytes of output kept for those who attach later */
};

/*
 * One who is attached. The functions must not detach or close anything from inside; `ended` may free
 * the watcher.
 */
struct console_watcher {
    void (*output)(struct console_watcher *w, const char *data, size_t len);
    void (*input_room)(struct console_watcher *w); /* input may be offered again */
    void (*ended)(struct console_watcher *w);      /* the console is gone; already detached */
    struct console *console;                       /* NULL: not attached */
    TAILQ_ENTRY(console_watcher) link;
};

/*
 * Binds to the domain's event channel `remote_port`, maps its console page and serves what is there.
 * Returns 0 with *out, or a negative errno with nothing left behind.
 */
int console_open(struct console **out, const struct console_setup *setup, uint32_t domid,
                 uint32_t remote_port, const char *name);

/* Takes what the ring still holds, tells the watchers, lets go of page and port. NULL is fine. */
void console_close(struct console *c);

uint32_t console_domid(const struct console *c);
const char *console_name(const struct console *c);

/* The local event channel port that belongs to it. */
uint32_t console_port(const struct console *c);

/* Its port fired (and is masked until the console unmasks it). */
void console_fired(struct console *c);

/* Bytes of input that console_input would take now. */
size_t console_input_room(const struct console *c);

/* Passes input on to the guest, or keeps it until the guest has room. Returns how much it took. */
size_t console_input(struct console *c, const char *data, size_t len);

/* Attaches w and hands the latest `replay` bytes of output to it first. */
void console_attach(struct console *c, struct console_watcher *w, size_t replay);
void console_detach(struct console_watcher *w);

/* Opens the log afresh (log rotation by others). */
void console_reopen_log(struct console *c);

#endif
