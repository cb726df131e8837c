/* SPDX-License-Identifier: MIT */
/*
 * Clients of the socket: first one request line, then a pipe to a console.
 *
 * Output goes through a buffer of at most OUTPUT_MAX bytes; what does not fit is skipped, and a line
 * in its place says so once the client reads again. Input is read only as far as the console takes
 * it; so while a guest does not read, its client waits in the kernel's socket buffer.
 */
#include "clients.h"

#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.h"
#include "report.h"

#define CLIENTS_MAX     128u
#define OUTPUT_MAX      (256u * 1024)
#define REQUEST_SECONDS 10 /* to send the request line */
#define GOODBYE_SECONDS 10 /* to read what is left when the daemon closes */

enum client_state {
    CLIENT_ASKS, /* its request line is not complete */
    CLIENT_ATTACHED,
    CLIENT_LEAVES, /* it gets what is in `out`, then the connection is closed */
};

struct client {
    struct console_watcher watcher; /* first: a watcher is cast back to its client */
    struct clients *all;
    enum client_state state;
    int fd;
    struct event *readable, *writable, *closed;
    struct evbuffer *out;
    size_t skipped; /* bytes of output that found no room since the last notice */
    char line[CONSOLED_LINE_MAX];
    size_t line_len;
    TAILQ_ENTRY(client) link;
};

struct clients {
    struct event_base *base;
    struct domains *domains;
    int fd;
    struct event *incoming, *pause; /* pause: timer that takes up accepting again */
    unsigned int count;
    TAILQ_HEAD(, client) list;
};

static void client_free(struct client *c)
{
    console_detach(&c->watcher);
    TAILQ_REMOVE(&c->all->list, c, link);
    c->all->count--;
    if (c->readable)
        event_free(c->readable);
    if (c->writable)
        event_free(c->writable);
    if (c->closed)
        event_free(c->closed);
    if (c->out)
        evbuffer_free(c->out);
    close(c->fd);
    free(c);
}

/* ---- output ---- */

static void client_queue(struct client *c, const char *data, size_t len)
{
    if (c->skipped || evbuffer_get_length(c->out) + len > OUTPUT_MAX ||
        evbuffer_add(c->out, data, len) < 0)
        c->skipped += len;
    if (c->state != CLIENT_LEAVES)
        event_add(c->writable, NULL);
}

static void client_output(struct console_watcher *w, const char *data, size_t len)
{
    client_queue((struct client *)w, data, len);
}

/* What is queued may still go, for a while; the connection ends with it. */
static void client_leave(struct client *c)
{
    static const struct timeval patience = {.tv_sec = GOODBYE_SECONDS};

    c->state = CLIENT_LEAVES;
    event_del(c->readable);
    event_add(c->writable, &patience);
}

static void client_ended(struct console_watcher *w)
{
    client_leave((struct client *)w);
}

static void client_writable(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;

    if (what & EV_TIMEOUT) {
        client_free(c);
        return;
    }
    if (evbuffer_get_length(c->out) > 0 && evbuffer_write(c->out, fd) < 0 && errno != EAGAIN &&
        errno != EINTR) {
        client_free(c);
        return;
    }
    if (evbuffer_get_length(c->out) > 0)
        return;
    if (c->skipped) {
        evbuffer_add_printf(c->out, "\r\n[mews: %zu bytes of output skipped]\r\n", c->skipped);
        c->skipped = 0;
    } else if (c->state == CLIENT_LEAVES) {
        client_free(c);
    } else {
        event_del(c->writable);
    }
}

/* ---- input ---- */

/* Input that the console took no more of stays unread until this. */
static void client_input_room(struct console_watcher *w)
{
    event_add(((struct client *)w)->readable, NULL);
}

static void client_refuse(struct client *c, int error, const char *text)
{
    char line[CONSOLED_LINE_MAX];
    int len = snprintf(line, sizeof(line), CONSOLED_ERROR "%d %s\n", error, text);

    client_queue(c, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
    client_leave(c);
}

/* Parses "attach BYTES TARGET" (no newline, NUL-ended). NULL, or what is wrong with it. */
static const char *request_parse(const char *line, size_t *replay, const char **target)
{
    const char *p = line + strlen(CONSOLED_ATTACH);
    size_t n = 0, digits = 0;

    if (strncmp(line, CONSOLED_ATTACH, strlen(CONSOLED_ATTACH)) != 0)
        return "unknown request; the one there is: attach BYTES TARGET";
    for (; *p >= '0' && *p <= '9'; p++, digits++)
        if (n < CONSOLED_REPLAY_MAX)
            n = n * 10 + (size_t)(*p - '0');
    if (digits == 0 || *p != ' ' || p[1] == '\0')
        return "a request reads: attach BYTES TARGET";
    *replay = n;
    *target = p + 1;
    return NULL;
}

/* Acts on the request line in c->line. */
static void client_request(struct client *c)
{
    struct console *console;
    const char *target = NULL, *wrong;
    char line[CONSOLED_LINE_MAX];
    size_t replay = 0;
    int len;

    wrong = strlen(c->line) == c->line_len ? request_parse(c->line, &replay, &target)
                                           : "a request is a line of text";
    if (wrong) {
        client_refuse(c, EINVAL, wrong);
        return;
    }
    console = domains_find(c->all->domains, target);
    if (!console) {
        client_refuse(c, ENOENT, "no domain of that name or number has a console");
        return;
    }
    len = snprintf(line, sizeof(line), CONSOLED_OK "%" PRIu32 " %s\n", console_domid(console),
                   console_name(console));
    client_queue(c, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
    c->state = CLIENT_ATTACHED;
    console_attach(console, &c->watcher, replay);
    /* Adding it again without a time would not do: a persistent event remembers its last one. */
    event_remove_timer(c->readable);
}

/* Reads up to the end of the line and not beyond: what follows it is the console's. */
static bool client_read_line(struct client *c)
{
    ssize_t n = recv(c->fd, c->line + c->line_len, sizeof(c->line) - c->line_len, MSG_PEEK);
    char *end;
    size_t take;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    end = memchr(c->line + c->line_len, '\n', (size_t)n);
    take = end ? (size_t)(end + 1 - (c->line + c->line_len)) : (size_t)n;
    if (recv(c->fd, c->line + c->line_len, take, 0) != (ssize_t)take)
        return false;
    c->line_len += take;
    if (end) {
        *end = '\0';
        c->line_len--;
        client_request(c);
    } else if (c->line_len == sizeof(c->line)) {
        client_refuse(c, EINVAL, "the request line is too long");
    }
    return true;
}

static bool client_read_input(struct client *c)
{
    char data[CONSOLE_INPUT_MAX];
    size_t room = console_input_room(c->watcher.console);
    ssize_t n;

    if (room == 0) {
        event_del(c->readable);
        return true;
    }
    n = recv(c->fd, data, room < sizeof(data) ? room : sizeof(data), 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    console_input(c->watcher.console, data, (size_t)n);
    return true;
}

static void client_readable(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    bool stays;

    (void)fd;
    if (what & EV_TIMEOUT)
        stays = false;
    else if (c->state == CLIENT_ASKS)
        stays = client_read_line(c);
    else
        stays = client_read_input(c);
    if (!stays)
        client_free(c);
}

/* The other side closed, which must be seen even while its input is not being read. */
static void client_closed(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;

    (void)fd;
    (void)what;
    if (c->state == CLIENT_ATTACHED && event_pending(c->readable, EV_READ, NULL))
        return; /* the reader gets there, after the last input */
    client_free(c);
}

/* ---- coming in ---- */

static bool client_new(struct clients *all, int fd)
{
    static const struct timeval patience = {.tv_sec = REQUEST_SECONDS};
    struct client *c = calloc(1, sizeof(*c));

    if (!c)
        return false;
    c->all = all;
    c->fd = fd;
    c->watcher.output = client_output;
    c->watcher.input_room = client_input_room;
    c->watcher.ended = client_ended;
    TAILQ_INSERT_TAIL(&all->list, c, link);
    all->count++;
    c->out = evbuffer_new();
    c->readable = event_new(all->base, fd, EV_READ | EV_PERSIST, client_readable, c);
    c->writable = event_new(all->base, fd, EV_WRITE | EV_PERSIST, client_writable, c);
    c->closed = event_new(all->base, fd, EV_CLOSED, client_closed, c);
    if (c->out && c->readable && c->writable && c->closed &&
        event_add(c->readable, &patience) == 0 && event_add(c->closed, NULL) == 0)
        return true;
    c->fd = -1; /* stays the caller's */
    client_free(c);
    return false;
}

static void clients_incoming(evutil_socket_t listener, short what, void *arg)
{
    static const struct timeval second = {.tv_sec = 1};
    struct clients *all = arg;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)what;
    if (fd < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        /* Out of descriptors or memory: the connection stays pending and must not make us spin. */
        report("cannot accept a client: %s", strerror(errno));
        event_del(all->incoming);
        event_add(all->pause, &second);
        return;
    }
    if (all->count >= CLIENTS_MAX || !client_new(all, fd)) {
        static const char full[] = CONSOLED_ERROR "11 too many clients; try again later\n";

        if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            report("cannot refuse a client: %s", strerror(errno));
        close(fd);
    }
}

static void clients_go_on(evutil_socket_t fd, short what, void *arg)
{
    struct clients *all = arg;

    (void)fd;
    (void)what;
    event_add(all->incoming, NULL);
}

struct clients *clients_start(struct event_base *base, int fd, struct domains *domains)
{
    struct clients *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    all->base = base;
    all->domains = domains;
    all->fd = fd;
    TAILQ_INIT(&all->list);
    all->incoming = event_new(base, fd, EV_READ | EV_PERSIST, clients_incoming, all);
    all->pause = evtimer_new(base, clients_go_on, all);
    if (all->incoming && all->pause && event_add(all->incoming, NULL) == 0)
        return all;
    clients_stop(all);
    return NULL;
}

void clients_stop(struct clients *all)
{
    while (!TAILQ_EMPTY(&all->list))
        client_free(TAILQ_FIRST(&all->list));
    if (all->incoming)
        event_free(all->incoming);
    if (all->pause)
        event_free(all->pause);
    free(all);
}

int clients_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd, err = 0;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN) {
        close(fd);
        return -EADDRINUSE;
    }
    if (errno == ECONNREFUSED)
        unlink(path);
    mask = umask(0177); /* born with mode 0600: no moment in which others may connect */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
        err = -errno;
    umask(mask);
    if (!err)
        return fd;
    close(fd);
    return err;
}
