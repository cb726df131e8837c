/* SPDX-License-Identifier: MIT */
/*
 * A console's pseudo-terminal. We hold both ends open, so that it neither hangs up nor forgets its
 * settings when a reader leaves. While nobody reads, the latest OUTPUT_MAX bytes wait here.
 */
#include "terminal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define OUTPUT_MAX 16384u

struct terminal {
    struct console_watcher watcher; /* first: a watcher is cast back to its terminal */
    int master, slave;
    struct event *readable, *writable;
    struct evbuffer *out;
};

static void terminal_free(struct terminal *t)
{
    console_detach(&t->watcher);
    if (t->readable)
        event_free(t->readable);
    if (t->writable)
        event_free(t->writable);
    if (t->out)
        evbuffer_free(t->out);
    if (t->slave >= 0)
        close(t->slave);
    if (t->master >= 0)
        close(t->master);
    free(t);
}

static void terminal_output(struct console_watcher *w, const char *data, size_t len)
{
    struct terminal *t = (struct terminal *)w;
    size_t all;

    evbuffer_add(t->out, data, len);
    all = evbuffer_get_length(t->out);
    if (all > OUTPUT_MAX)
        evbuffer_drain(t->out, all - OUTPUT_MAX);
    event_add(t->writable, NULL);
}

static void terminal_writable(evutil_socket_t fd, short what, void *arg)
{
    struct terminal *t = arg;

    (void)what;
    evbuffer_write(t->out, fd);
    if (evbuffer_get_length(t->out) == 0)
        event_del(t->writable);
}

static void terminal_readable(evutil_socket_t fd, short what, void *arg)
{
    struct terminal *t = arg;
    char data[CONSOLE_INPUT_MAX];
    size_t room = console_input_room(t->watcher.console);
    ssize_t n;

    (void)what;
    if (room == 0) {
        event_del(t->readable);
        return;
    }
    n = read(fd, data, room < sizeof(data) ? room : sizeof(data));
    if (n > 0)
        console_input(t->watcher.console, data, (size_t)n);
}

static void terminal_input_room(struct console_watcher *w)
{
    event_add(((struct terminal *)w)->readable, NULL);
}

static void terminal_ended(struct console_watcher *w)
{
    terminal_free((struct terminal *)w);
}

/* Opens both ends; the slave passes every byte on as it is. */
static int terminal_make(struct terminal *t, char *path, size_t size)
{
    struct termios mode;

    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (t->master < 0 || grantpt(t->master) < 0 || unlockpt(t->master) < 0)
        return -errno;
    if (ptsname_r(t->master, path, size) != 0)
        return -ENAMETOOLONG;
    t->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->slave < 0 || tcgetattr(t->slave, &mode) < 0)
        return -errno;
    cfmakeraw(&mode);
    return tcsetattr(t->slave, TCSANOW, &mode) < 0 ? -errno : 0;
}

int terminal_open(struct event_base *base, struct console *c, char *path, size_t size)
{
    struct terminal *t = calloc(1, sizeof(*t));
    int err;

    if (!t)
        return -ENOMEM;
    t->watcher.output = terminal_output;
    t->watcher.input_room = terminal_input_room;
    t->watcher.ended = terminal_ended;
    t->master = t->slave = -1;
    err = terminal_make(t, path, size);
    if (!err) {
        t->out = evbuffer_new();
        t->readable = event_new(base, t->master, EV_READ | EV_PERSIST, terminal_readable, t);
        t->writable = event_new(base, t->master, EV_WRITE | EV_PERSIST, terminal_writable, t);
        if (!t->out || !t->readable || !t->writable || event_add(t->readable, NULL) < 0)
            err = -ENOMEM;
    }
    if (err) {
        terminal_free(t);
        return err;
    }
    console_attach(c, &t->watcher, OUTPUT_MAX);
    return 0;
}
