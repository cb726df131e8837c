/* SPDX-License-Identifier: MIT */
/*
 * libxenstore: Xen's names for what libvmctl's store client does (../store.c), for several threads.
 *
 * One lock makes a request whole, from its sending to its reply. Who waits for events does so
 * without the lock, on one descriptor (an epoll) that stands for two: the connection, and a flag
 * (an eventfd) that is up while events wait that somebody's request brought along. While a request
 * is under way the connection is taken out, since what comes then is that request's reply: so the
 * descriptor that programs poll is readable for events alone. It must never start a thread: the
 * program may fork, and may have its own mind about signals. A request that succeeds sets errno to
 * 0: there are programs that look at it in any case.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenstore.h>

#include "store.h"

#define PERM_BITS ((unsigned int)(XS_PERM_READ | XS_PERM_WRITE))

_Static_assert(STORE_PERM_READ == XS_PERM_READ && STORE_PERM_WRITE == XS_PERM_WRITE, "permissions");

struct xs_handle {
    struct store *store;
    pthread_mutex_t lock;
    bool filter;  /* XS_UNWATCH_FILTER */
    int poll_fd;  /* the epoll; -1 until somebody wants to wait */
    int flag_fd;  /* the eventfd; -1 with it */
    bool flagged; /* it is up */
};

/* ---- whole requests ---- */

/* Takes the connection into what is polled, or out. It is there, so this cannot fail. */
static void connection_poll(struct xs_handle *h, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = store_fd(h->store)};

    if (h->poll_fd >= 0)
        epoll_ctl(h->poll_fd, EPOLL_CTL_MOD, e.data.fd, &e);
}

/* Begins a request, or whatever looks at the store's client. */
static void handle_enter(struct xs_handle *h)
{
    pthread_mutex_lock(&h->lock);
    connection_poll(h, 0);
}

/* Ends it, with what came of it; a negative errno becomes false and errno. Success: errno 0. */
static bool handle_done(struct xs_handle *h, int err)
{
    bool events = store_has_events(h->store);
    uint64_t count = 1;

    if (h->flag_fd >= 0 && events != h->flagged) {
        ssize_t n = events ? write(h->flag_fd, &count, sizeof(count))
                           : read(h->flag_fd, &count, sizeof(count));

        h->flagged = n > 0 ? events : h->flagged;
    }
    connection_poll(h, EPOLLIN);
    pthread_mutex_unlock(&h->lock);
    errno = err < 0 ? -err : 0;
    return err >= 0;
}

/* A request of strings, each with its NUL. */
static bool request_strings(struct xs_handle *h, uint32_t type, const char *first,
                            const char *second)
{
    struct store_piece pieces[] = {{first, strlen(first) + 1},
                                   {second, second ? strlen(second) + 1 : 0}};

    handle_enter(h);
    return handle_done(h, store_request(h->store, type, STORE_NO_TXN, pieces, 2));
}

/* A request whose reply is text: a copy of it, or NULL. */
static char *request_text(struct xs_handle *h, uint32_t type, const struct store_piece *pieces,
                          size_t count)
{
    char *text = NULL;
    size_t len;
    int err;

    handle_enter(h);
    err = store_request(h->store, type, STORE_NO_TXN, pieces, count);
    if (!err) {
        const char *reply = store_reply(h->store, &len);

        text = malloc(len + 1);
        if (text)
            memcpy(text, reply, len + 1);
        else
            err = -ENOMEM;
    }
    handle_done(h, err);
    return text;
}

/* ---- the handle ---- */

const char *xs_daemon_rundir(void)
{
    const char *directory = getenv("XENSTORED_RUNDIR");

    return directory ? directory : "/var/run/xenstored";
}

const char *xs_daemon_socket(void)
{
    static __thread char path[PATH_MAX];
    const char *whole = getenv("XENSTORED_PATH");

    if (whole)
        return whole;
    if (snprintf(path, sizeof(path), "%s/socket", xs_daemon_rundir()) >= (int)sizeof(path))
        return NULL;
    return path;
}

const char *xs_daemon_socket_ro(void)
{
    return xs_daemon_socket();
}

static int device_connect(struct store **out, const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), err;

    if (fd < 0)
        return -errno;
    err = store_from_device(out, fd);
    if (err)
        close(fd);
    return err;
}

/* The daemon's socket (or a device in its place), else this domain's kernel. */
static int any_connect(struct store **out)
{
    const char *path = xs_daemon_socket();
    struct stat st;
    int err = -ENAMETOOLONG;

    if (path && stat(path, &st) == 0 && S_ISCHR(st.st_mode))
        return device_connect(out, path);
    if (path)
        err = store_connect(out, path);
    if (err && device_connect(out, "/dev/xen/xenbus") == 0)
        err = 0;
    return err; /* the socket's */
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h = calloc(1, sizeof(*h));
    int error = errno, err;

    if (!h)
        return NULL;
    err = any_connect(&h->store);
    if (err) {
        free(h);
        errno = -err;
        return NULL;
    }
    store_keep_each_event(h->store);
    h->filter = flags & XS_UNWATCH_FILTER;
    h->poll_fd = h->flag_fd = -1;
    pthread_mutex_init(&h->lock, NULL);
    errno = error;
    return h;
}

void xs_close(struct xs_handle *h)
{
    if (!h)
        return;
    store_close(h->store);
    if (h->poll_fd >= 0)
        close(h->poll_fd);
    if (h->flag_fd >= 0)
        close(h->flag_fd);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
    return xs_open(0);
}

void xs_daemon_close(struct xs_handle *h)
{
    xs_close(h);
}

/* Nothing that closing does reaches beyond this process's descriptors. */
void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    xs_close(h);
}

bool xs_restrict(struct xs_handle *h, unsigned domid)
{
    (void)h, (void)domid;
    errno = EOPNOTSUPP;
    return false;
}

/* ---- nodes ---- */

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    char **names = NULL;
    size_t count = 0;

    handle_enter(h);
    if (!handle_done(h, store_directory(h->store, t, path, &names, &count)))
        return NULL;
    *num = (unsigned int)count;
    return names;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
    char *value = NULL;
    size_t size = 0;

    handle_enter(h);
    if (!handle_done(h, store_read(h->store, t, path, &value, &size)))
        return NULL;
    if (len)
        *len = (unsigned int)size;
    return value;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
              unsigned int len)
{
    handle_enter(h);
    return handle_done(h, store_write(h->store, t, path, data, len));
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    handle_enter(h);
    return handle_done(h, store_mkdir(h->store, t, path));
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    handle_enter(h);
    return handle_done(h, store_rm(h->store, t, path));
}

/* ---- permissions ---- */

struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                                          unsigned int *num)
{
    struct xs_permissions *copy;
    struct store_perm *perms = NULL;
    size_t count = 0;

    handle_enter(h);
    if (!handle_done(h, store_get_perms(h->store, t, path, &perms, &count)))
        return NULL;
    copy = calloc(count, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = (struct xs_permissions){perms[i].domid, perms[i].access};
    free(perms);
    if (copy)
        *num = (unsigned int)count;
    return copy;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                        struct xs_permissions *perms, unsigned int num_perms)
{
    struct store_perm *copy = calloc(num_perms, sizeof(*copy));
    int err = copy ? 0 : -ENOMEM;

    for (unsigned int i = 0; !err && i < num_perms; i++) {
        if (perms[i].perms & ~PERM_BITS)
            err = -EINVAL;
        copy[i] = (struct store_perm){perms[i].id, perms[i].perms};
    }
    handle_enter(h);
    if (!err)
        err = store_set_perms(h->store, t, path, copy, num_perms);
    free(copy);
    return handle_done(h, err);
}

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num, const char *strings)
{
    static const char letters[] = "nrwb"; /* by the bits */

    for (unsigned int i = 0; i < num; i++) {
        const char *letter = *strings ? strchr(letters, *strings) : NULL;
        unsigned long long id = 0;
        char *end = NULL;

        if (letter && strings[1] >= '0' && strings[1] <= '9')
            id = strtoull(strings + 1, &end, 10);
        if (!end || *end || id > UINT_MAX) {
            errno = EINVAL;
            return false;
        }
        perms[i] = (struct xs_permissions){(unsigned int)id, (unsigned int)(letter - letters)};
        strings = end + 1;
    }
    return true;
}

/* ---- transactions ---- */

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    store_txn txn = STORE_NO_TXN;

    handle_enter(h);
    return handle_done(h, store_txn_start(h->store, &txn)) ? txn : XBT_NULL;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    handle_enter(h);
    return handle_done(h, store_txn_end(h->store, t, !abort));
}

/* ---- watches ---- */

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    handle_enter(h);
    return handle_done(h, store_watch(h->store, path, token));
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    size_t len = strlen(parent);

    return strncmp(parent, child, len) == 0 && (child[len] == '\0' || child[len] == '/');
}

struct watch {
    const char *path, *token;
};

static bool event_is_of(const struct store_event *event, const void *context)
{
    const struct watch *w = context;

    return strcmp(event->token, w->token) == 0 && xs_path_is_subpath(w->path, event->path);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    struct watch w = {path, token};
    int err;

    handle_enter(h);
    err = store_unwatch(h->store, path, token);
    if (!err && h->filter)
        store_drop_events(h->store, event_is_of, &w);
    return handle_done(h, err);
}

/* Makes what can be polled. Needs the lock. */
static int poll_make(struct xs_handle *h)
{
    struct epoll_event e = {.events = EPOLLIN};
    int flag = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), set = epoll_create1(EPOLL_CLOEXEC), err;

    e.data.fd = flag;
    if (flag >= 0 && set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, flag, &e) == 0) {
        e.data.fd = store_fd(h->store);
        e.events = 0; /* handle_done() takes it in */
        if (epoll_ctl(set, EPOLL_CTL_ADD, e.data.fd, &e) == 0) {
            h->flag_fd = flag;
            h->poll_fd = set;
            return 0;
        }
    }
    err = -errno;
    if (flag >= 0)
        close(flag);
    if (set >= 0)
        close(set);
    return err;
}

int xs_fileno(struct xs_handle *h)
{
    int fd, err = 0;

    handle_enter(h);
    if (h->poll_fd < 0)
        err = poll_make(h);
    fd = h->poll_fd;
    return handle_done(h, err) ? fd : -1;
}

/* The event as programs get it: one piece of memory. */
static char **event_pack(struct store_event *event)
{
    size_t path = strlen(event->path) + 1, token = strlen(event->token) + 1;
    char **pack = malloc(2 * sizeof(*pack) + path + token);

    if (pack) {
        pack[XS_WATCH_PATH] = memcpy(pack + 2, event->path, path);
        pack[XS_WATCH_TOKEN] = memcpy(pack[XS_WATCH_PATH] + path, event->token, token);
    }
    store_event_free(event);
    return pack;
}

char **xs_check_watch(struct xs_handle *h)
{
    struct store_event event;
    int got;

    handle_enter(h);
    got = store_next_event(h->store, &event, 0);
    if (!handle_done(h, got ? got : -EAGAIN))
        return NULL;
    return event_pack(&event);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    struct pollfd p = {.fd = xs_fileno(h), .events = POLLIN};
    char **event;

    if (p.fd < 0)
        return NULL;
    while (!(event = xs_check_watch(h)) && errno == EAGAIN)
        poll(&p, 1, -1);
    if (event)
        *num = 2;
    return event;
}

/* ---- domains ---- */

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn,
                         unsigned int eventchn)
{
    handle_enter(h);
    return handle_done(h, store_introduce(h->store, domid, mfn, eventchn));
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    handle_enter(h);
    return handle_done(h, store_release(h->store, domid));
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    int is;

    handle_enter(h);
    is = store_is_introduced(h->store, domid);
    return handle_done(h, is) && is > 0;
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    char id[MAX_STRLEN(domid)];

    snprintf(id, sizeof(id), "%u", domid);
    return request_strings(h, XS_RESUME, id, NULL);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
    char id[MAX_STRLEN(domid)], other[MAX_STRLEN(target)];

    snprintf(id, sizeof(id), "%u", domid);
    snprintf(other, sizeof(other), "%u", target);
    return request_strings(h, XS_SET_TARGET, id, other);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    char id[MAX_STRLEN(domid)];
    struct store_piece piece = {id, 0};

    piece.len = (size_t)snprintf(id, sizeof(id), "%u", domid) + 1;
    return request_text(h, XS_GET_DOMAIN_PATH, &piece, 1);
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
    struct store_piece pieces[] = {{cmd, strlen(cmd) + 1}, {data, len}};

    return request_text(h, XS_CONTROL, pieces, 2);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
    return xs_control_command(h, cmd, data, len);
}

int xs_suspend_evtchn_port(int domid)
{
    struct xs_handle *h = xs_open(0);
    uint64_t port = 0;
    char path[64];
    bool known;

    if (!h)
        return -1;
    snprintf(path, sizeof(path), "/local/domain/%d/device/suspend/event-channel", domid);
    handle_enter(h);
    known = handle_done(h, store_read_u64(h->store, STORE_NO_TXN, path, INT_MAX, &port));
    xs_close(h);
    return known ? (int)port : -1;
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t n = write(fd, from, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        len -= (unsigned int)n;
    }
    return true;
}
