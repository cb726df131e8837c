/* SPDX-License-Identifier: MIT */
/*
 * Clients on the Unix socket as connections on the event loop (see socket.h). Must never block on a
 * client.
 */
#include "socket.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct socket_client {
    struct conn conn; /* first: a transport gets a conn and wants the client */
    int fd;
    bool reading, writing;
    struct event *readable, *writable, *again;
};

struct listener {
    struct daemon *daemon;
    struct event_base *base;
    int fd;
    struct event *ready, *retry;
};

static struct listener listener;

static ssize_t transport_read(struct conn *conn, void *to, size_t len)
{
    ssize_t got = recv(((struct socket_client *)conn)->fd, to, len, MSG_DONTWAIT);

    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    return got ? got : -1;
}

static ssize_t transport_write(struct conn *conn, const void *from, size_t len)
{
    ssize_t sent = send(((struct socket_client *)conn)->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    return sent;
}

static void event_want(struct event *event, bool *wanted, bool want)
{
    if (want != *wanted) {
        *wanted = want;
        if (want) {
            event_add(event, NULL);
        } else {
            event_del(event);
        }
    }
}

/* Not read from while it does not take its answers; a close is then seen when the socket takes
 * output no more. */
static void transport_flushed(struct conn *conn, bool pending)
{
    struct socket_client *client = (struct socket_client *)conn;

    event_want(client->writable, &client->writing, pending);
    event_want(client->readable, &client->reading, conn->reply_bytes < CONN_REPLY_BYTES);
}

static void transport_broken(struct conn *conn, uint32_t error)
{
    struct socket_client *client = (struct socket_client *)conn;

    if (error == XENSTORE_ERROR_PROTO) {
        fputs("xenstored: a client sent an overlong message: disconnected\n", stderr);
    }
    conn_clear(conn);
    event_free(client->readable);
    event_free(client->writable);
    event_free(client->again);
    close(client->fd);
    free(client);
}

static const struct conn_transport socket_transport = {
    transport_read,
    transport_write,
    transport_flushed,
    transport_broken,
};

static void on_client(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once = {0, 0};
    struct socket_client *client = arg;
    struct daemon *daemon = client->conn.daemon;

    (void)fd;
    (void)what;
    if (conn_run(&client->conn)) {
        event_add(client->again, &at_once);
    }
    conn_settle(daemon); /* may free the client */
}

static void client_new(int fd)
{
    struct socket_client *client = node_alloc(sizeof(*client));

    client->fd = fd;
    conn_init(&client->conn, listener.daemon, &socket_transport, 0, true, false);
    client->readable = event_new(listener.base, fd, EV_READ | EV_PERSIST, on_client, client);
    client->writable = event_new(listener.base, fd, EV_WRITE | EV_PERSIST, on_client, client);
    client->again = evtimer_new(listener.base, on_client, client);
    event_want(client->readable, &client->reading, true);
}

static void on_listen(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval pause = {0, 100000};
    int accepted = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)fd;
    (void)what;
    (void)arg;
    if (accepted >= 0) {
        client_new(accepted);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        fprintf(stderr, "xenstored: cannot accept a client: %s: trying again\n", strerror(errno));
        event_del(listener.ready);
        event_add(listener.retry, &pause);
    }
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    event_add(listener.ready, NULL);
}

static bool somebody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return answers;
}

int socket_start(struct daemon *daemon, struct event_base *base, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int error;

    if (strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "xenstored: %s: too long for a socket's path\n", path);
        return 1;
    }
    strcpy(address.sun_path, path);
    if (somebody_answers(&address)) {
        fprintf(stderr, "xenstored: %s: another store answers there: stop it first\n", path);
        return 1;
    }
    unlink(path);
    listener = (struct listener){.daemon = daemon, .base = base};
    listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mask = umask(0177);
    error = listener.fd < 0 ||
            bind(listener.fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(listener.fd, 64) < 0;
    umask(mask);
    if (error) {
        fprintf(stderr, "xenstored: %s: cannot listen: %s\n", path, strerror(errno));
        return 1;
    }
    listener.ready = event_new(base, listener.fd, EV_READ | EV_PERSIST, on_listen, NULL);
    listener.retry = evtimer_new(base, on_retry, NULL);
    event_add(listener.ready, NULL);
    return 0;
}
