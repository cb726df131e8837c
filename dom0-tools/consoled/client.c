/* SPDX-License-Identifier: MIT */
/*
 * Attaches a terminal (or a pair of pipes) to a console.
 *
 * The user must be able to leave whatever the guest does, and the terminal must never stay raw. So
 * keys are read even while the guest takes none (what it does not take is dropped, like on a serial
 * line), and the signals that would end the process are blocked and read from a descriptor in the
 * same loop: the terminal is restored first, then they are let through.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"

#define INPUT_MAX 4096u /* keys that wait for the daemon */
#define GO_ON     2     /* a step's result beside CONSOLED_LEFT, CONSOLED_ENDED and errnos */

struct session {
    int socket, in, out, signals;
    bool terminal; /* `in` is one: see the head comment */
    bool in_open;
    char input[INPUT_MAX];
    size_t input_len;
};

/* ---- getting in ---- */

static int attach_fail(char *error, size_t size, int err, const char *what, const char *object)
{
    snprintf(error, size, "%s %s: %s", what, object, strerror(-err));
    return err;
}

static int attach_connect(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, err = 0;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        err = -errno;
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Reads the daemon's one line, without its newline, and not a byte more. */
static int read_line(int fd, char *line, size_t size)
{
    for (size_t len = 0; len < size; len++) {
        ssize_t n;

        do {
            n = recv(fd, line + len, 1, 0);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
            return -errno;
        if (n == 0)
            return -ECONNRESET;
        if (line[len] == '\n') {
            line[len] = '\0';
            return 0;
        }
    }
    return -EPROTO;
}

/* Asks for the console. 0, or a negative errno with its text. */
static int attach_ask(int fd, const char *path, const char *target, size_t replay, char *error,
                      size_t size)
{
    char line[CONSOLED_LINE_MAX], *text;
    int len = snprintf(line, sizeof(line), CONSOLED_ATTACH "%zu %s\n", replay, target), err;
    long number;

    if (len >= (int)sizeof(line) || !*target || strchr(target, '\n'))
        return attach_fail(error, size, -EINVAL, "not a domain's name or number:", target);
    err = send_all(fd, line, (size_t)len);
    if (!err || err == -EPIPE) /* it may have refused before it read */
        err = read_line(fd, line, sizeof(line));
    if (err)
        return attach_fail(error, size, err, "no answer from the console daemon at", path);
    if (strncmp(line, CONSOLED_OK, strlen(CONSOLED_OK)) == 0)
        return 0;
    if (strncmp(line, CONSOLED_ERROR, strlen(CONSOLED_ERROR)) != 0)
        return attach_fail(error, size, -EPROTO, "no console daemon is behind", path);
    number = strtol(line + strlen(CONSOLED_ERROR), &text, 10);
    snprintf(error, size, "%s:%s", target, text);
    return number > 0 && number < 4096 ? -(int)number : -EPROTO;
}

/* ---- being in ---- */

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};

            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Takes keys; the escape among them leaves, after what came before it. */
static int session_keys(struct session *s)
{
    char keys[512], *escape;
    size_t room = sizeof(s->input) - s->input_len, len;
    ssize_t n = read(s->in, keys, s->terminal || room > sizeof(keys) ? sizeof(keys) : room);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? GO_ON : errno == EIO ? CONSOLED_LEFT : -errno;
    if (n == 0) {
        s->in_open = false;
        return GO_ON;
    }
    len = (size_t)n;
    escape = memchr(keys, CONSOLED_ESCAPE, len);
    if (escape)
        len = (size_t)(escape - keys);
    if (len > room)
        len = room;
    memcpy(s->input + s->input_len, keys, len);
    s->input_len += len;
    return escape ? CONSOLED_LEFT : GO_ON;
}

/* Passes waiting keys on as far as the socket takes them. A closed socket shows on reading. */
static void session_send(struct session *s)
{
    ssize_t n = send(s->socket, s->input, s->input_len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        n = (ssize_t)s->input_len;
    s->input_len -= (size_t)n;
    memmove(s->input, s->input + n, s->input_len);
}

static int session_output(struct session *s)
{
    char data[4096];
    ssize_t n = recv(s->socket, data, sizeof(data), MSG_DONTWAIT);
    int err;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return GO_ON;
    if (n <= 0)
        return CONSOLED_ENDED;
    err = write_all(s->out, data, (size_t)n);
    return err ? err : GO_ON;
}

/* Until something ends it. Returns as consoled_attach does; -EINTR: a signal waits to be let through. */
static int session_run(struct session *s)
{
    for (;;) {
        bool listen = s->in_open && (s->terminal || s->input_len < sizeof(s->input));
        struct pollfd p[] = {
            {.fd = s->socket, .events = (short)(POLLIN | (s->input_len ? POLLOUT : 0))},
            {.fd = listen ? s->in : -1, .events = POLLIN},
            {.fd = s->signals, .events = POLLIN},
        };
        int result;

        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (p[2].revents)
            return -EINTR;
        if (p[1].revents) {
            result = session_keys(s);
            if (s->input_len)
                session_send(s);
            if (result != GO_ON)
                return result;
        }
        if (s->input_len && (p[0].revents & POLLOUT))
            session_send(s);
        if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            result = session_output(s);
            if (result != GO_ON)
                return result;
        }
    }
}

static int session_raw_terminal(int fd, struct termios *old)
{
    struct termios raw;

    if (tcgetattr(fd, old) < 0)
        return -errno;
    raw = *old;
    cfmakeraw(&raw);
    return tcsetattr(fd, TCSANOW, &raw) < 0 ? -errno : 0;
}

/* Blocks the ending signals (and SIGPIPE, for out_fd) and opens a descriptor that shows the former. */
static int session_hold_signals(sigset_t *old)
{
    sigset_t ending, held;
    int fd;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    held = ending;
    sigaddset(&held, SIGPIPE);
    sigprocmask(SIG_BLOCK, &held, old);
    fd = signalfd(-1, &ending, SFD_CLOEXEC);
    if (fd < 0) {
        fd = -errno;
        sigprocmask(SIG_SETMASK, old, NULL);
    }
    return fd;
}

/* Gives the signals back; those that came meanwhile act now. A SIGPIPE of our own making does not. */
static void session_release_signals(int fd, const sigset_t *old)
{
    static const struct timespec now = {0};
    sigset_t pipe_only;

    close(fd);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (!sigismember(old, SIGPIPE))
        while (sigtimedwait(&pipe_only, NULL, &now) > 0)
            ;
    sigprocmask(SIG_SETMASK, old, NULL);
}

int consoled_attach(const char *socket, const char *target, int in_fd, int out_fd, size_t replay,
                    char *error, size_t size)
{
    struct session s = {.in = in_fd, .out = out_fd, .in_open = true};
    const char *path = socket ? socket : CONSOLED_SOCKET;
    struct termios old_mode;
    sigset_t old_signals;
    int err = attach_connect(path, &s.socket);

    if (err) {
        snprintf(error, size, "cannot reach the console daemon at %s: %s; does mews-consoled run?",
                 path, strerror(-err));
        return err;
    }
    err = attach_ask(s.socket, path, target, replay, error, size);
    if (err)
        goto disconnect;
    err = s.signals = session_hold_signals(&old_signals);
    if (err < 0) {
        attach_fail(error, size, err, "cannot attach to", target);
        goto disconnect;
    }
    s.terminal = isatty(in_fd);
    err = s.terminal ? session_raw_terminal(in_fd, &old_mode) : 0;
    if (err) {
        s.terminal = false;
        attach_fail(error, size, err, "cannot set up the terminal for", target);
    } else {
        err = session_run(&s);
        if (err < 0)
            attach_fail(error, size, err, "left the console of", target);
    }
    if (s.terminal)
        tcsetattr(in_fd, TCSANOW, &old_mode);
    session_release_signals(s.signals, &old_signals);
disconnect:
    close(s.socket);
    return err;
}
