/* SPDX-License-Identifier: MIT */
/*
 * Domains come by @introduceDomain, their console by a watch on their own console nodes (the
 * toolstack may write those before or after it introduces the domain), and they go by
 * @releaseDomain, which also fires when a domain merely stopped: so each one is asked for.
 *
 * A failed request means one of two things: an answer of the store (the node is not there), which
 * ends that step only, or a lost connection, which domains_lost handles in one place, after the
 * step, because steps walk the list of domains.
 */
#include "domains.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "store.h"
#include "terminal.h"

#define STORE_TIMEOUT_MS 5000 /* a store that takes longer for one request is as good as gone */
#define EVENTS_AT_ONCE   64   /* watch events handled before others get their turn */

#define TOKEN_INTRODUCE "introduce"
#define TOKEN_RELEASE   "release"
#define TOKEN_CONSOLE   "console " /* and the domain's number */

struct domain {
    uint32_t domid;
    char *name;              /* NULL: not known yet */
    struct console *console; /* NULL: none (yet) */
    uint32_t remote_port;    /* that `console` is bound to */
    int failure;             /* errno of the last try to open the console, reported once */
    TAILQ_ENTRY(domain) link;
};

struct domains {
    const struct console_setup *setup;
    const char *socket;
    struct store *store;    /* NULL: not connected */
    struct event *incoming; /* of the store's socket */
    struct event *retry;    /* timer: connect again */
    bool complained;        /* that there is no store */
    TAILQ_HEAD(, domain) list;
};

static void domains_connect(struct domains *d);

/* ---- the connection ---- */

static void domains_retry_later(struct domains *d)
{
    static const struct timeval second = {.tv_sec = 1};

    event_add(d->retry, &second);
}

static void domains_disconnect(struct domains *d)
{
    if (d->incoming)
        event_free(d->incoming);
    d->incoming = NULL;
    store_close(d->store);
    d->store = NULL;
}

/* True (and disconnected) where `err` means that the connection is over. */
static bool domains_lost(struct domains *d, int err)
{
    if (err != -ECONNRESET && err != -EPROTO && err != -ETIMEDOUT && err != -ENOMEM)
        return false;
    report("lost the store (%s); consoles stay, trying to connect again", strerror(-err));
    d->complained = true;
    domains_disconnect(d);
    domains_retry_later(d);
    return true;
}

/* ---- one domain ---- */

static struct domain *domain_find(struct domains *d, uint32_t domid)
{
    struct domain *dom;

    TAILQ_FOREACH(dom, &d->list, link) {
        if (dom->domid == domid)
            return dom;
    }
    return NULL;
}

static void domain_close_console(struct domain *dom)
{
    console_close(dom->console);
    dom->console = NULL;
}

static void domain_free(struct domains *d, struct domain *dom)
{
    TAILQ_REMOVE(&d->list, dom, link);
    domain_close_console(dom);
    free(dom->name);
    free(dom);
}

static void domain_path(char *to, size_t size, uint32_t domid, const char *node)
{
    snprintf(to, size, "/local/domain/%" PRIu32 "%s", domid, node);
}

/* Brings dom->name up to date; a name that is not one string of some length is none. */
static int domain_read_name(struct domains *d, struct domain *dom)
{
    char path[64], *name = NULL;
    size_t len = 0;
    int err;

    domain_path(path, sizeof(path), dom->domid, "/name");
    err = store_read(d->store, STORE_NO_TXN, path, &name, &len);
    if (err)
        return err;
    if (len == 0 || len > 255 || strlen(name) != len || strchr(name, '\n')) {
        free(name);
        return -EINVAL;
    }
    free(dom->name);
    dom->name = name;
    return 0;
}

/* 1: the domain's nodes describe a console of ours at *port; 0: not; else a negative errno. */
static int domain_read_console(struct domains *d, uint32_t domid, uint32_t *port)
{
    char path[64], *type;
    uint64_t number;
    int err;

    domain_path(path, sizeof(path), domid, "/console/type");
    err = store_read(d->store, STORE_NO_TXN, path, &type, NULL);
    if (!err) {
        bool other = strcmp(type, "xenconsoled") != 0;

        free(type);
        if (other)
            return 0; /* an emulator's */
    } else if (err != -ENOENT) {
        return err;
    }
    /* The page comes by its reserved grant; this node just says that it is ready. */
    domain_path(path, sizeof(path), domid, "/console/ring-ref");
    err = store_read_u64(d->store, STORE_NO_TXN, path, UINT64_MAX, &number);
    if (!err) {
        domain_path(path, sizeof(path), domid, "/console/port");
        err = store_read_u64(d->store, STORE_NO_TXN, path, UINT32_MAX, &number);
    }
    if (err)
        return err == -ENOENT || err == -EINVAL ? 0 : err;
    *port = (uint32_t)number;
    return 1;
}

/* Writes the terminal's name beside the console's other nodes, if those still stand: a domain that has just been
 * taken away must not come back to the store as this one node. */
static int domain_tell_terminal(struct domains *d, uint32_t domid, const char *tty)
{
    char port[64], path[64];
    uint64_t number;
    store_txn txn;
    int err;

    domain_path(port, sizeof(port), domid, "/console/port");
    domain_path(path, sizeof(path), domid, "/console/tty");
    do {
        err = store_txn_start(d->store, &txn);
        if (err)
            return err;
        err = store_read_u64(d->store, txn, port, UINT32_MAX, &number);
        if (!err)
            err = store_write(d->store, txn, path, tty, strlen(tty));
        if (err) {
            int ended = store_txn_end(d->store, txn, false);

            return err == -ENOENT || err == -EINVAL ? ended : err;
        }
        err = store_txn_end(d->store, txn, true);
    } while (err == -EAGAIN);
    return err;
}

/* Gives the domain's fresh console a terminal and tells the store of it. */
static int domain_add_terminal(struct domains *d, struct domain *dom)
{
    char tty[64];
    int err = terminal_open(d->setup->base, dom->console, tty, sizeof(tty));

    if (err) {
        report("domain %" PRIu32 ": no terminal for its console (%s); the log and the socket work",
               dom->domid, strerror(-err));
        return 0;
    }
    return domain_tell_terminal(d, dom->domid, tty);
}

/* Opens, keeps or closes the domain's console as its nodes say. */
static int domain_refresh(struct domains *d, struct domain *dom)
{
    char number[32];
    uint32_t port = 0;
    int err = domain_read_console(d, dom->domid, &port);

    if (err < 0)
        return err;
    if (dom->console && (err == 0 || port != dom->remote_port))
        domain_close_console(dom);
    if (err == 0 || dom->console)
        return 0;
    err = domain_read_name(d, dom);
    if (err && err != -ENOENT && err != -EINVAL)
        return err;
    snprintf(number, sizeof(number), "domain-%" PRIu32, dom->domid);
    err = console_open(&dom->console, d->setup, dom->domid, port, dom->name ? dom->name : number);
    if (err && err != dom->failure)
        report("%s (domain %" PRIu32 "): cannot open its console (port %" PRIu32 "): %s",
               dom->name ? dom->name : number, dom->domid, port, strerror(-err));
    dom->failure = err;
    dom->remote_port = port;
    return err ? 0 : domain_add_terminal(d, dom);
}

/* Sets the watch on the domain's console nodes; it fires at once, which opens the console. */
static int domain_watch(struct domains *d, uint32_t domid)
{
    char path[64], token[32];
    int err;

    domain_path(path, sizeof(path), domid, "/console");
    snprintf(token, sizeof(token), TOKEN_CONSOLE "%" PRIu32, domid);
    err = store_watch(d->store, path, token);
    return err == -EEXIST ? 0 : err;
}

static void domain_gone(struct domains *d, struct domain *dom)
{
    char path[64], token[32];

    domain_path(path, sizeof(path), dom->domid, "/console");
    snprintf(token, sizeof(token), TOKEN_CONSOLE "%" PRIu32, dom->domid);
    store_unwatch(d->store, path, token); /* a lost connection shows in the next request */
    domain_free(d, dom);
}

/* ---- all domains ---- */

/* Parses a domain's number; 0 (us) and what is not a number are none. */
static bool parse_domid(const char *text, uint32_t *domid)
{
    char *end;
    unsigned long n;

    if (text[0] < '1' || text[0] > '9')
        return false;
    n = strtoul(text, &end, 10);
    if (*end || n >= 0x7ff0) /* the first of the reserved numbers */
        return false;
    *domid = (uint32_t)n;
    return true;
}

static int domains_add_new(struct domains *d)
{
    char **names;
    size_t count;
    int err = store_directory(d->store, STORE_NO_TXN, "/local/domain", &names, &count);

    if (err)
        return err == -ENOENT ? 0 : err;
    for (size_t i = 0; i < count; i++) {
        struct domain *dom;
        uint32_t domid;

        if (!parse_domid(names[i], &domid) || domain_find(d, domid))
            continue;
        err = store_is_introduced(d->store, domid);
        if (err == 0)
            continue;
        if (err > 0)
            err = domain_watch(d, domid);
        if (err < 0)
            break;
        dom = calloc(1, sizeof(*dom));
        if (!dom) {
            err = -ENOMEM;
            break;
        }
        dom->domid = domid;
        TAILQ_INSERT_TAIL(&d->list, dom, link);
    }
    free(names);
    return err < 0 ? err : 0;
}

static int domains_drop_gone(struct domains *d)
{
    struct domain *dom, *next;

    for (dom = TAILQ_FIRST(&d->list); dom; dom = next) {
        int there = store_is_introduced(d->store, dom->domid);

        next = TAILQ_NEXT(dom, link);
        if (there < 0)
            return there;
        if (!there)
            domain_gone(d, dom);
    }
    return 0;
}

static int domains_handle(struct domains *d, const char *token)
{
    struct domain *dom;
    uint32_t domid;

    if (strcmp(token, TOKEN_INTRODUCE) == 0)
        return domains_add_new(d);
    if (strcmp(token, TOKEN_RELEASE) == 0)
        return domains_drop_gone(d);
    if (strncmp(token, TOKEN_CONSOLE, strlen(TOKEN_CONSOLE)) != 0 ||
        !parse_domid(token + strlen(TOKEN_CONSOLE), &domid))
        return 0;
    dom = domain_find(d, domid);
    return dom ? domain_refresh(d, dom) : 0;
}

static void domains_incoming(evutil_socket_t fd, short what, void *arg)
{
    struct domains *d = arg;

    (void)fd;
    (void)what;
    for (int i = 0; i < EVENTS_AT_ONCE; i++) {
        struct store_event e;
        int err = store_next_event(d->store, &e, 0);

        if (err == 0)
            return;
        if (err > 0) {
            err = domains_handle(d, e.token);
            store_event_free(&e);
        }
        if (domains_lost(d, err))
            return;
    }
    if (store_has_events(d->store))
        event_active(d->incoming, EV_READ, 0);
}

static int domains_watch_all(struct domains *d)
{
    struct domain *dom;
    int err = store_watch(d->store, "@introduceDomain", TOKEN_INTRODUCE);

    if (!err)
        err = store_watch(d->store, "@releaseDomain", TOKEN_RELEASE);
    TAILQ_FOREACH(dom, &d->list, link) {
        if (!err)
            err = domain_watch(d, dom->domid);
    }
    return err;
}

static void domains_connect(struct domains *d)
{
    int err = store_connect(&d->store, d->socket);

    if (!err) {
        store_set_timeout(d->store, STORE_TIMEOUT_MS);
        d->incoming = event_new(d->setup->base, store_fd(d->store), EV_READ | EV_PERSIST,
                                domains_incoming, d);
        err = d->incoming && event_add(d->incoming, NULL) == 0 ? domains_watch_all(d) : -ENOMEM;
    }
    if (err) {
        if (!d->complained)
            report("no store at %s (%s); trying again every second",
                   d->socket ? d->socket : STORE_SOCKET, strerror(-err));
        d->complained = true;
        domains_disconnect(d);
        domains_retry_later(d);
        return;
    }
    if (d->complained)
        report("connected to the store");
    d->complained = false;
    /* Events that came with the replies wait in the queue, where the socket does not show them. */
    event_active(d->incoming, EV_READ, 0);
}

static void domains_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    domains_connect(arg);
}

struct domains *domains_start(const struct console_setup *setup, const char *socket)
{
    struct domains *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->setup = setup;
    d->socket = socket;
    TAILQ_INIT(&d->list);
    d->retry = evtimer_new(setup->base, domains_retry, d);
    if (!d->retry) {
        free(d);
        return NULL;
    }
    domains_connect(d);
    return d;
}

void domains_stop(struct domains *d)
{
    while (!TAILQ_EMPTY(&d->list))
        domain_free(d, TAILQ_FIRST(&d->list));
    domains_disconnect(d);
    event_free(d->retry);
    free(d);
}

/* ---- looking things up ---- */

static struct console *domains_lookup(struct domains *d, const char *target)
{
    struct domain *dom;
    uint32_t domid;

    dom = parse_domid(target, &domid) ? domain_find(d, domid) : NULL;
    if (dom)
        return dom->console;
    TAILQ_FOREACH(dom, &d->list, link) {
        if (dom->console && dom->name && strcmp(dom->name, target) == 0)
            return dom->console;
    }
    return NULL;
}

void domains_refresh(struct domains *d)
{
    struct domain *dom;
    int err;

    if (!d->store)
        return;
    err = domains_drop_gone(d);
    if (!err)
        err = domains_add_new(d);
    TAILQ_FOREACH(dom, &d->list, link) {
        if (!err)
            err = domain_refresh(d, dom);
        if (!err && dom->console) {
            err = domain_read_name(d, dom); /* it may have been renamed */
            if (err == -ENOENT || err == -EINVAL)
                err = 0;
        }
    }
    if (!domains_lost(d, err) && store_has_events(d->store))
        event_active(d->incoming, EV_READ, 0);
}

struct console *domains_find(struct domains *d, const char *target)
{
    struct console *c = domains_lookup(d, target);

    if (c)
        return c;
    domains_refresh(d);
    return domains_lookup(d, target);
}

struct console *domains_by_port(struct domains *d, uint32_t port)
{
    struct domain *dom;

    TAILQ_FOREACH(dom, &d->list, link) {
        if (dom->console && console_port(dom->console) == port)
            return dom->console;
    }
    return NULL;
}

void domains_each(struct domains *d, void (*f)(struct console *))
{
    struct domain *dom;

    TAILQ_FOREACH(dom, &d->list, link) {
        if (dom->console)
            f(dom->console);
    }
}
