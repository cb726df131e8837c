/* SPDX-License-Identifier: MIT */
/*
 * The store client: one connection, one request at a time, watch events queued on the way.
 *
 * The bottom half of this file moves whole messages (connection_*), the rest shapes requests and
 * takes replies apart. Replies are parsed from a buffer that holds exactly one checked message with
 * a NUL behind it, so that no parser here can run past it. It must never leave the stream between
 * two messages after a failed request: whatever loses the thread marks the connection broken.
 */
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <public/io/xs_wire.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY_MAX \
    (1u << 20)             /* bytes of one node's list of children that we are ready to hold */
#define DIRECTORY_TRIES 10 /* times that a list may change under us before we give up */

struct queued_event {
    struct queued_event *next;
    struct store_event event;
};

struct store {
    int fd;
    bool is_device;   /* not a socket */
    bool keep_each;   /* events that are queued already are queued again */
    int timeout;      /* ms for one request, -1 for ever */
    int broken;       /* 0, or the negative errno that ended the connection */
    uint32_t last_id; /* of the request that was sent last */
    struct queued_event *events, **events_end;

    /* The message that is being received: `have` bytes of header and body are there. */
    size_t have;
    struct xsd_sockmsg header;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

static const struct {
    const char *name;
    int number;
} error_names[] = {
    {"EINVAL", EINVAL},       {"EACCES", EACCES},   {"EEXIST", EEXIST}, {"EISDIR", EISDIR},
    {"ENOENT", ENOENT},       {"ENOMEM", ENOMEM},   {"ENOSPC", ENOSPC}, {"EIO", EIO},
    {"ENOTEMPTY", ENOTEMPTY}, {"ENOSYS", ENOSYS},   {"EROFS", EROFS},   {"EBUSY", EBUSY},
    {"EAGAIN", EAGAIN},       {"EISCONN", EISCONN}, {"E2BIG", E2BIG},   {"EPERM", EPERM},
};

/* ---- moving messages ---- */

static int connection_break(struct store *s, int error)
{
    if (s->broken == 0)
        s->broken = error;
    return s->broken;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sleeps until the socket is ready for `events` or `deadline` (-1: none) has passed: 1, 0, errno. */
static int connection_wait(struct store *s, short events, int64_t deadline)
{
    struct pollfd p = {.fd = s->fd, .events = events};

    for (;;) {
        int64_t left = deadline < 0 ? -1 : deadline - now_ms();
        int n;

        if (deadline >= 0 && left < 0)
            left = 0;
        n = poll(&p, 1, (int)left);
        if (n > 0)
            return 1;
        if (n == 0)
            return 0;
        if (errno != EINTR)
            return connection_break(s, -errno);
    }
}

/* How many bytes the message under way still lacks; 0 when it is whole. Checks its length. */
static int connection_missing(struct store *s, size_t *missing)
{
    const size_t head = sizeof(s->header);

    if (s->have < head) {
        *missing = head - s->have;
        return 0;
    }
    if (s->header.len > XENSTORE_PAYLOAD_MAX)
        return connection_break(s, -EPROTO);
    *missing = head + s->header.len - s->have;
    return 0;
}

/* Receives one whole message: 1, or 0 where it is not there by the deadline, or a negative errno. */
static int connection_receive(struct store *s, int64_t deadline)
{
    const size_t head = sizeof(s->header);

    for (;;) {
        size_t missing;
        ssize_t n;
        char *to = s->have < head ? (char *)&s->header + s->have : s->body + (s->have - head);
        int err = connection_missing(s, &missing);

        if (err)
            return err;
        if (missing == 0) {
            s->body[s->header.len] = '\0';
            s->have = 0;
            return 1;
        }
        n = s->is_device ? read(s->fd, to, missing) : recv(s->fd, to, missing, MSG_DONTWAIT);
        if (n > 0) {
            s->have += (size_t)n;
        } else if (n == 0) {
            return connection_break(s, -ECONNRESET);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            err = connection_wait(s, POLLIN, deadline);
            if (err <= 0)
                return err;
        } else if (errno != EINTR) {
            return connection_break(s, errno == EPIPE ? -ECONNRESET : -errno);
        }
    }
}

static int connection_send(struct store *s, const char *data, size_t len, int64_t deadline)
{
    while (len > 0) {
        ssize_t n = s->is_device ? write(s->fd, data, len)
                                 : send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int err = connection_wait(s, POLLOUT, deadline);

            if (err < 0)
                return err;
            if (err == 0)
                return connection_break(s, -ETIMEDOUT);
        } else if (errno != EINTR) {
            return connection_break(s, errno == EPIPE ? -ECONNRESET : -errno);
        }
    }
    return 0;
}

/* Moves the watch event that was just received to the queue. A lost event is a lost connection. */
static int events_push(struct store *s)
{
    size_t len = s->header.len, path = strnlen(s->body, len);
    const char *token = s->body + path + 1;
    struct queued_event *e;

    /* Two strings, each with its NUL inside the message. */
    if (path >= len || path + 1 + strnlen(token, len - path - 1) >= len)
        return connection_break(s, -EPROTO);
    for (e = s->keep_each ? NULL : s->events; e; e = e->next)
        if (strcmp(e->event.path, s->body) == 0 && strcmp(e->event.token, token) == 0)
            return 0;
    e = calloc(1, sizeof(*e));
    if (e) {
        e->event.path = strdup(s->body);
        e->event.token = strdup(token);
    }
    if (!e || !e->event.path || !e->event.token) {
        if (e)
            store_event_free(&e->event);
        free(e);
        return connection_break(s, -ENOMEM);
    }
    *s->events_end = e;
    s->events_end = &e->next;
    return 0;
}

/* The errno behind an ERROR reply; a name that nobody knows is -EIO. */
static int reply_error(const struct store *s)
{
    for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
        if (strcmp(s->body, error_names[i].name) == 0)
            return -error_names[i].number;
    return -EIO;
}

int store_request(struct store *s, uint32_t type, store_txn txn, const struct store_piece *pieces,
                  size_t count)
{
    struct xsd_sockmsg head = {.type = type, .tx_id = txn};
    char message[sizeof(head) + XENSTORE_PAYLOAD_MAX];
    int64_t deadline = s->timeout < 0 ? -1 : now_ms() + s->timeout;
    int err;

    if (s->broken)
        return s->broken;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > XENSTORE_PAYLOAD_MAX - head.len)
            return -E2BIG;
        if (pieces[i].len)
            memcpy(message + sizeof(head) + head.len, pieces[i].data, pieces[i].len);
        head.len += (uint32_t)pieces[i].len;
    }
    head.req_id = ++s->last_id;
    memcpy(message, &head, sizeof(head));
    err = connection_send(s, message, sizeof(head) + head.len, deadline);
    while (!err) {
        err = connection_receive(s, deadline);
        if (err < 0)
            return err;
        if (err == 0)
            return connection_break(s, -ETIMEDOUT);
        if (s->header.type != XS_WATCH_EVENT)
            break;
        err = events_push(s);
    }
    if (err < 0)
        return err;
    if (s->header.req_id != head.req_id)
        return connection_break(s, -EPROTO);
    if (s->header.type == XS_ERROR)
        return reply_error(s);
    return s->header.type == type ? 0 : connection_break(s, -EPROTO);
}

const char *store_reply(const struct store *s, size_t *len)
{
    *len = s->header.len;
    return s->body;
}

/* A request whose payload is one string with its NUL. */
static int store_request_string(struct store *s, uint32_t type, store_txn txn, const char *string)
{
    struct store_piece piece = {string, strlen(string) + 1};

    return store_request(s, type, txn, &piece, 1);
}

/* ---- the handle ---- */

int store_from_fd(struct store **out, int fd)
{
    struct store *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->fd = fd;
    s->timeout = -1;
    s->events_end = &s->events;
    *out = s;
    return 0;
}

int store_from_device(struct store **out, int fd)
{
    int err = store_from_fd(out, fd);

    if (!err)
        (*out)->is_device = true;
    return err;
}

int store_connect(struct store **out, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, err;

    if (!path)
        path = STORE_SOCKET;
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    do {
        err = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    } while (err == -EINTR);
    if (!err)
        err = store_from_fd(out, fd);
    if (err)
        close(fd);
    return err;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    while (s->events) {
        struct queued_event *e = s->events;

        s->events = e->next;
        store_event_free(&e->event);
        free(e);
    }
    close(s->fd);
    free(s);
}

void store_set_timeout(struct store *s, int milliseconds)
{
    s->timeout = milliseconds;
}

int store_fd(const struct store *s)
{
    return s->fd;
}

/* ---- nodes ---- */

int store_read(struct store *s, store_txn txn, const char *path, char **value, size_t *len)
{
    int err = store_request_string(s, XS_READ, txn, path);
    char *copy;

    if (err)
        return err;
    copy = malloc(s->header.len + 1u);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, s->body, s->header.len + 1u);
    *value = copy;
    if (len)
        *len = s->header.len;
    return 0;
}

/* Parses `len` characters, all of them digits, into a number of at most `max`. */
static int parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *number)
{
    uint64_t n = 0;

    if (len == 0)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        unsigned int digit = (unsigned int)((unsigned char)text[i] - '0');

        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return -EINVAL;
        n = n * 10 + digit;
    }
    if (n > max)
        return -EINVAL;
    *number = n;
    return 0;
}

int store_read_u64(struct store *s, store_txn txn, const char *path, uint64_t max, uint64_t *number)
{
    int err = store_request_string(s, XS_READ, txn, path);

    return err ? err : parse_decimal(s->body, s->header.len, max, number);
}

int store_write(struct store *s, store_txn txn, const char *path, const void *value, size_t len)
{
    struct store_piece pieces[] = {{path, strlen(path) + 1}, {value, len}};

    return store_request(s, XS_WRITE, txn, pieces, 2);
}

int store_printf(struct store *s, store_txn txn, const char *path, const char *format, ...)
{
    char text[XENSTORE_PAYLOAD_MAX];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0)
        return -EINVAL;
    if ((size_t)len >= sizeof(text))
        return -E2BIG;
    return store_write(s, txn, path, text, (size_t)len);
}

int store_mkdir(struct store *s, store_txn txn, const char *path)
{
    return store_request_string(s, XS_MKDIR, txn, path);
}

int store_rm(struct store *s, store_txn txn, const char *path)
{
    return store_request_string(s, XS_RM, txn, path);
}

/* Turns `len` bytes of NUL-ended strings into the array that store_directory hands out. */
static int directory_split(const char *list, size_t len, char ***names, size_t *count)
{
    size_t n = 0;
    char **array, *strings;

    if (len > 0 && list[len - 1] != '\0')
        return -EPROTO;
    for (size_t i = 0; i < len; i++)
        n += list[i] == '\0';
    array = malloc((n + 1) * sizeof(*array) + len);
    if (!array)
        return -ENOMEM;
    strings = (char *)(array + n + 1);
    if (len)
        memcpy(strings, list, len);
    for (size_t i = 0; i < n; i++) {
        array[i] = strings;
        strings += strlen(strings) + 1;
    }
    array[n] = NULL;
    *names = array;
    *count = n;
    return 0;
}

/*
 * Fetches a long list piece by piece into *list (allocated). Each piece starts with the node's
 * generation, so that a list that changed half-way is noticed (-EAGAIN); an empty name ends it.
 */
static int directory_parts(struct store *s, store_txn txn, const char *path, char **list,
                           size_t *len)
{
    char generation[32] = "", offset[24];

    *list = NULL;
    *len = 0;
    for (;;) {
        struct store_piece pieces[] = {{path, strlen(path) + 1}, {offset, 0}};
        size_t skip, more;
        bool last;
        char *grown;
        int err;

        pieces[1].len = (size_t)snprintf(offset, sizeof(offset), "%zu", *len) + 1;
        err = store_request(s, XS_DIRECTORY_PART, txn, pieces, 2);
        if (err)
            return err;
        skip = strlen(s->body) + 1;
        if (skip > s->header.len || skip > sizeof(generation) || s->body[s->header.len - 1])
            return connection_break(s, -EPROTO);
        if (generation[0] && strcmp(generation, s->body) != 0)
            return -EAGAIN;
        memcpy(generation, s->body, skip);
        more = s->header.len - skip;
        last = more == 0 || (more == 1) || s->body[s->header.len - 2] == '\0';
        if (last && more > 0)
            more--;
        if (*len + more > DIRECTORY_MAX)
            return -E2BIG;
        grown = realloc(*list, *len + more + 1);
        if (!grown)
            return -ENOMEM;
        memcpy(grown + *len, s->body + skip, more);
        *list = grown;
        *len += more;
        if (last)
            return 0;
    }
}

int store_directory(struct store *s, store_txn txn, const char *path, char ***names, size_t *count)
{
    int err = store_request_string(s, XS_DIRECTORY, txn, path);
    char *list = NULL;
    size_t len = 0;

    if (!err) {
        err = directory_split(s->body, s->header.len, names, count);
        return err == -EPROTO ? connection_break(s, err) : err;
    }
    if (err != -E2BIG || strlen(path) >= XENSTORE_PAYLOAD_MAX)
        return err;
    for (int tries = 0; tries < DIRECTORY_TRIES; tries++) {
        err = directory_parts(s, txn, path, &list, &len);
        if (!err)
            err = directory_split(list, len, names, count);
        free(list);
        if (err != -EAGAIN)
            break;
    }
    return err;
}

/* ---- permissions ---- */

static const char perm_letters[] = {'n', 'r', 'w', 'b'}; /* by STORE_PERM_* bits */

int store_set_perms(struct store *s, store_txn txn, const char *path,
                    const struct store_perm *perms, size_t count)
{
    char text[XENSTORE_PAYLOAD_MAX];
    size_t len = 0;
    struct store_piece pieces[] = {{path, strlen(path) + 1}, {text, 0}};

    for (size_t i = 0; i < count; i++) {
        int n = snprintf(text + len, sizeof(text) - len, "%c%" PRIu32,
                         perm_letters[perms[i].access & 3u], perms[i].domid);

        if (n < 0 || (size_t)n >= sizeof(text) - len)
            return -E2BIG;
        len += (size_t)n + 1;
    }
    pieces[1].len = len;
    return store_request(s, XS_SET_PERMS, txn, pieces, 2);
}

static int parse_perm(const char *text, struct store_perm *perm)
{
    const char *letter = text[0] ? memchr(perm_letters, text[0], sizeof(perm_letters)) : NULL;
    uint64_t domid;

    if (!letter || parse_decimal(text + 1, strlen(text + 1), UINT32_MAX, &domid))
        return -EPROTO;
    perm->access = (unsigned int)(letter - perm_letters);
    perm->domid = (uint32_t)domid;
    return 0;
}

int store_get_perms(struct store *s, store_txn txn, const char *path, struct store_perm **perms,
                    size_t *count)
{
    int err = store_request_string(s, XS_GET_PERMS, txn, path);
    struct store_perm *list = NULL;
    char **names = NULL;
    size_t n = 0;

    if (!err)
        err = directory_split(s->body, s->header.len, &names, &n);
    if (!err && n == 0)
        err = -EPROTO;
    if (!err) {
        list = calloc(n, sizeof(*list));
        err = list ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !err && i < n; i++)
        err = parse_perm(names[i], &list[i]);
    free(names);
    if (err) {
        free(list);
        return err == -EPROTO ? connection_break(s, err) : err;
    }
    *perms = list;
    *count = n;
    return 0;
}

/* ---- transactions ---- */

int store_txn_start(struct store *s, store_txn *txn)
{
    int err = store_request_string(s, XS_TRANSACTION_START, STORE_NO_TXN, "");
    uint64_t id;

    if (err)
        return err;
    if (parse_decimal(s->body, strlen(s->body), UINT32_MAX, &id) || id == STORE_NO_TXN)
        return connection_break(s, -EPROTO);
    *txn = (store_txn)id;
    return 0;
}

int store_txn_end(struct store *s, store_txn txn, bool commit)
{
    return store_request_string(s, XS_TRANSACTION_END, txn, commit ? "T" : "F");
}

/* ---- watches ---- */

int store_watch(struct store *s, const char *path, const char *token)
{
    struct store_piece pieces[] = {{path, strlen(path) + 1}, {token, strlen(token) + 1}};

    return store_request(s, XS_WATCH, STORE_NO_TXN, pieces, 2);
}

int store_unwatch(struct store *s, const char *path, const char *token)
{
    struct store_piece pieces[] = {{path, strlen(path) + 1}, {token, strlen(token) + 1}};

    return store_request(s, XS_UNWATCH, STORE_NO_TXN, pieces, 2);
}

bool store_has_events(const struct store *s)
{
    return s->events != NULL;
}

int store_next_event(struct store *s, struct store_event *event, int wait_ms)
{
    int64_t deadline = wait_ms < 0 ? -1 : now_ms() + wait_ms;

    while (!s->events) {
        int err = s->broken ? s->broken : connection_receive(s, deadline);

        if (err <= 0)
            return err;
        /* Nothing but an event may come unasked. */
        if (s->header.type != XS_WATCH_EVENT)
            return connection_break(s, -EPROTO);
        err = events_push(s);
        if (err)
            return err;
    }
    struct queued_event *e = s->events;

    s->events = e->next;
    if (!s->events)
        s->events_end = &s->events;
    *event = e->event;
    free(e);
    return 1;
}

void store_keep_each_event(struct store *s)
{
    s->keep_each = true;
}

void store_drop_events(struct store *s, store_event_fn *unwanted, const void *context)
{
    struct queued_event **link = &s->events, *e;

    while ((e = *link) != NULL) {
        if (!unwanted(&e->event, context)) {
            link = &e->next;
            continue;
        }
        *link = e->next;
        store_event_free(&e->event);
        free(e);
    }
    s->events_end = link;
}

void store_event_free(struct store_event *event)
{
    free(event->path);
    free(event->token);
    event->path = event->token = NULL;
}

/* ---- domains ---- */

int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port)
{
    char id[16], frame[24], channel[16];
    struct store_piece pieces[] = {{id, 0}, {frame, 0}, {channel, 0}};

    pieces[0].len = (size_t)snprintf(id, sizeof(id), "%" PRIu32, domid) + 1;
    pieces[1].len = (size_t)snprintf(frame, sizeof(frame), "%" PRIu64, gfn) + 1;
    pieces[2].len = (size_t)snprintf(channel, sizeof(channel), "%" PRIu32, port) + 1;
    return store_request(s, XS_INTRODUCE, STORE_NO_TXN, pieces, 3);
}

int store_release(struct store *s, uint32_t domid)
{
    char id[16];

    snprintf(id, sizeof(id), "%" PRIu32, domid);
    return store_request_string(s, XS_RELEASE, STORE_NO_TXN, id);
}

int store_is_introduced(struct store *s, uint32_t domid)
{
    char id[16];
    int err;

    snprintf(id, sizeof(id), "%" PRIu32, domid);
    err = store_request_string(s, XS_IS_DOMAIN_INTRODUCED, STORE_NO_TXN, id);
    if (err)
        return err;
    if (strcmp(s->body, "T") != 0 && strcmp(s->body, "F") != 0)
        return connection_break(s, -EPROTO);
    return s->body[0] == 'T';
}
