/* SPDX-License-Identifier: MIT */
/*
 * Our libxenstore against a daemon that cannot be trusted: a thread at the other end of a socket
 * answers each request as the test at hand says - in crumbs, with events before the reply, with
 * lengths and numbers that lie, or not at all. What programs lean on is tested too: what the
 * descriptor of xs_fileno() says, threads that share a handle, XS_UNWATCH_FILTER.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

#include "suite.h"

#define THREADS  4
#define REQUESTS 200

static char directory[] = "/tmp/libxen-store.XXXXXX";
static int listener;
static int peer = -1;
static struct xs_handle *xs;
static pthread_t peer_thread;
static sem_t reached, go_on;

/* How the peer answers; `body` has a NUL behind it. */
typedef void answer_fn(const struct xsd_sockmsg *request, const char *body);
static answer_fn *answer;

/* ---- the peer ---- */

static bool take(void *to, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t n = read(peer, (char *)to + have, len - have);

        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return true;
}

static void *peer_run(void *unused)
{
    struct xsd_sockmsg request;
    char body[XENSTORE_PAYLOAD_MAX + 1];

    (void)unused;
    peer = accept(listener, NULL, NULL);
    while (take(&request, sizeof(request)) && request.len <= XENSTORE_PAYLOAD_MAX &&
           take(body, request.len)) {
        body[request.len] = '\0';
        answer(&request, body);
    }
    close(peer);
    return NULL;
}

static void give(const void *data, size_t len)
{
    for (const char *p = data; len > 0;
         p++, len--) /* byte by byte: a reader must wait for the rest */
        if (send(peer, p, 1, MSG_NOSIGNAL) != 1)
            return;
}

static void say_as(uint32_t type, uint32_t id, uint32_t claimed, const void *body, size_t len)
{
    struct xsd_sockmsg head = {.type = type, .req_id = id, .len = claimed};

    give(&head, sizeof(head));
    give(body, len);
}

static void reply(const struct xsd_sockmsg *request, const void *body, size_t len)
{
    say_as(request->type, request->req_id, (uint32_t)len, body, len);
}

#define REPLY(request, literal) reply(request, literal, sizeof(literal) - 1)
#define EVENT(literal)          say_as(XS_WATCH_EVENT, 0, sizeof(literal) - 1, literal, sizeof(literal) - 1)

static void start(answer_fn *how, unsigned long flags)
{
    answer = how;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&peer_thread, NULL, peer_run, NULL), 0);
    xs = xs_open(flags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xs);
}

static void stop(void)
{
    xs_close(xs);
    pthread_join(peer_thread, NULL);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* True where the next event is this one. */
static bool next_is(const char *path, const char *token)
{
    char **event = xs_check_watch(xs);
    bool is = event && strcmp(event[XS_WATCH_PATH], path) == 0 &&
              strcmp(event[XS_WATCH_TOKEN], token) == 0;

    free(event);
    return is;
}

static bool no_event(void)
{
    char **event = xs_check_watch(xs);
    bool none = !event && errno == EAGAIN;

    free(event);
    return none;
}

/* ---- an honest peer that dribbles ---- */

static void answer_honest(const struct xsd_sockmsg *request, const char *body)
{
    switch (request->type) {
    case XS_READ:
        reply(request, body, strlen(body));
        break;
    case XS_DIRECTORY:
        REPLY(request, "one\0two\0");
        break;
    case XS_GET_PERMS:
        REPLY(request, "n0\0r7\0b4294967295\0");
        break;
    case XS_TRANSACTION_START:
        REPLY(request, "17\0");
        break;
    case XS_GET_DOMAIN_PATH:
    case XS_CONTROL:
        reply(request, body, request->len);
        break;
    case XS_IS_DOMAIN_INTRODUCED:
        REPLY(request, "T\0");
        break;
    case XS_RM:
        say_as(XS_ERROR, request->req_id, 7, "ENOENT", 7);
        break;
    default:
        REPLY(request, "OK\0");
    }
}

static void test_requests(void)
{
    struct xs_permissions perms[] = {{3, XS_PERM_NONE}, {4, XS_PERM_READ | XS_PERM_WRITE}}, *got;
    char big[XENSTORE_PAYLOAD_MAX + 1];
    unsigned int n = 0;
    char **names, *text;

    start(answer_honest, 0);
    text = xs_read(xs, XBT_NULL, "/a", &n);
    CU_ASSERT(text && n == 2 && strcmp(text, "/a") == 0);
    free(text);
    names = xs_directory(xs, XBT_NULL, "/a", &n);
    CU_ASSERT(names && n == 2 && strcmp(names[0], "one") == 0 && strcmp(names[1], "two") == 0);
    free(names);
    got = xs_get_permissions(xs, XBT_NULL, "/a", &n);
    CU_ASSERT_FATAL(got && n == 3);
    CU_ASSERT(got[0].id == 0 && got[0].perms == XS_PERM_NONE && got[1].id == 7 &&
              got[1].perms == XS_PERM_READ);
    CU_ASSERT(got[2].id == UINT_MAX && got[2].perms == (XS_PERM_READ | XS_PERM_WRITE));
    free(got);
    errno = 1;
    CU_ASSERT(xs_set_permissions(xs, XBT_NULL, "/a", perms, 2) && errno == 0);
    perms[1].perms |= XS_PERM_OWNER;
    CU_ASSERT(!xs_set_permissions(xs, XBT_NULL, "/a", perms, 2) && errno == EINVAL);
    CU_ASSERT_EQUAL(xs_transaction_start(xs), 17);
    CU_ASSERT(xs_transaction_end(xs, 17, false));
    CU_ASSERT(!xs_rm(xs, XBT_NULL, "/a") && errno == ENOENT);
    text = xs_get_domain_path(xs, 23);
    CU_ASSERT(text && strcmp(text, "23") == 0);
    free(text);
    text = xs_control_command(xs, "what", big, 0);
    CU_ASSERT(text && strcmp(text, "what") == 0);
    free(text);
    CU_ASSERT(xs_is_domain_introduced(xs, 1));
    memset(big, 'x', sizeof(big));
    CU_ASSERT(!xs_write(xs, XBT_NULL, "/a", big, sizeof(big)) && errno == E2BIG);
    CU_ASSERT(xs_write(xs, XBT_NULL, "/a", big, sizeof(big) - 4));
    stop();
}

/* ---- events ---- */

static void answer_with_events(const struct xsd_sockmsg *request, const char *body)
{
    if (request->type == XS_READ) {
        EVENT("/w/a\0one\0");
        EVENT("/w/a\0one\0");
        EVENT("/w2/b\0two\0");
        EVENT("/w\0one\0");
    }
    answer_honest(request, body);
}

static void test_events(void)
{
    int fd;

    start(answer_with_events, 0);
    fd = xs_fileno(xs);
    CU_ASSERT(xs_watch(xs, "/w", "one"));
    CU_ASSERT(!readable(fd) && no_event());
    free(xs_read(xs, XBT_NULL, "/a", NULL)); /* they came with its reply */
    CU_ASSERT(readable(fd));
    CU_ASSERT(next_is("/w/a", "one") && next_is("/w/a", "one") && next_is("/w2/b", "two"));
    CU_ASSERT(readable(fd) && next_is("/w", "one"));
    CU_ASSERT(!readable(fd) && no_event());
    stop();

    /* the filter takes those of its token and path, whoever asks for the descriptor later */
    start(answer_with_events, XS_UNWATCH_FILTER);
    free(xs_read(xs, XBT_NULL, "/a", NULL));
    CU_ASSERT(xs_unwatch(xs, "/w", "one"));
    CU_ASSERT(readable(xs_fileno(xs)) && next_is("/w2/b", "two"));
    CU_ASSERT(!readable(xs_fileno(xs)) && no_event());
    stop();
}

static void answer_then_event(const struct xsd_sockmsg *request, const char *body)
{
    answer_honest(request, body);
    EVENT("/w\0t\0");
    sem_post(&reached);
}

/* An event on its own, which no request brings along. */
static void test_event_alone(void)
{
    int fd;

    start(answer_then_event, 0);
    fd = xs_fileno(xs);
    CU_ASSERT(xs_mkdir(xs, XBT_NULL, "/a"));
    sem_wait(&reached);
    CU_ASSERT(readable(fd) && next_is("/w", "t") && !readable(fd) && no_event());
    stop();
}

/* Half a reply, then waits to be let go on. */
static void answer_halfway(const struct xsd_sockmsg *request, const char *body)
{
    struct xsd_sockmsg head = {.type = request->type, .req_id = request->req_id, .len = 3};

    (void)body;
    give(&head, sizeof(head) / 2);
    sem_post(&reached);
    sem_wait(&go_on);
    give((char *)&head + sizeof(head) / 2, sizeof(head) / 2);
    EVENT("/w\0t\0"); /* in the middle of a message: a body of 3 bytes that says so, then rubbish */
}

static void answer_slowly(const struct xsd_sockmsg *request, const char *body)
{
    struct xsd_sockmsg head = {.type = request->type, .req_id = request->req_id, .len = 3};

    (void)body;
    EVENT("/w\0t\0");
    give(&head, sizeof(head) - 1);
    sem_post(&reached);
    sem_wait(&go_on);
    give((char *)&head + sizeof(head) - 1, 1);
    give("OK", 3);
}

static void *write_once(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)xs_mkdir(xs, XBT_NULL, "/a");
}

/* A reply that is on its way does not make the descriptor readable; the event before it does, after. */
static void test_descriptor_during_request(void)
{
    pthread_t writer;
    void *done = NULL;
    int fd;

    start(answer_slowly, 0);
    fd = xs_fileno(xs);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&writer, NULL, write_once, NULL), 0);
    sem_wait(&reached);
    CU_ASSERT(!readable(fd));
    sem_post(&go_on);
    pthread_join(writer, &done);
    CU_ASSERT_PTR_NOT_NULL(done);
    CU_ASSERT(readable(fd) && next_is("/w", "t") && !readable(fd));
    stop();

    start(answer_halfway, 0);
    sem_post(&go_on);
    CU_ASSERT(xs_mkdir(xs, XBT_NULL, "/a")); /* the stream is rubbish from here on */
    sem_wait(&reached);
    CU_ASSERT_PTR_NULL(xs_read_watch(xs, &(unsigned int){0}));
    stop();
}

static void *wait_for_event(void *unused)
{
    unsigned int n = 0;

    (void)unused;
    return xs_read_watch(xs, &n);
}

/* Who sleeps for an event is woken by the one that another thread's request brought along. */
static void test_event_for_sleeper(void)
{
    void *event = NULL;
    pthread_t sleeper;

    start(answer_with_events, 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&sleeper, NULL, wait_for_event, NULL), 0);
    usleep(20000); /* either order is right; this one is the harder */
    free(xs_read(xs, XBT_NULL, "/a", NULL));
    pthread_join(sleeper, &event);
    CU_ASSERT_PTR_NOT_NULL(event);
    free(event);
    stop();
}

/* ---- threads ---- */

static void *read_often(void *argument)
{
    uintptr_t wrong = 0;
    char path[32];

    for (int i = 0; i < REQUESTS; i++) {
        unsigned int n = 0;
        char *value;

        snprintf(path, sizeof(path), "/%d/%d", *(int *)argument, i);
        value = xs_read(xs, XBT_NULL, path, &n);
        wrong += !value || n != strlen(path) || strcmp(value, path) != 0;
        free(value);
    }
    return (void *)wrong;
}

static void answer_with_one_event(const struct xsd_sockmsg *request, const char *body)
{
    EVENT("/w\0t\0");
    answer_honest(request, body);
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    start(answer_with_one_event, 0);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, read_often, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS * REQUESTS; i++) {
        unsigned int n = 0;
        char **event = xs_read_watch(xs, &n);

        CU_ASSERT_FATAL(event && n == 2 && strcmp(event[XS_WATCH_TOKEN], "t") == 0);
        free(event);
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        pthread_join(threads[i], &wrong);
        CU_ASSERT_PTR_NULL(wrong);
    }
    CU_ASSERT(no_event());
    stop();
}

/* ---- lies ---- */

static int lie; /* which of them the peer tells */

static void answer_lie(const struct xsd_sockmsg *request, const char *body)
{
    uint32_t id = request->req_id;

    (void)body;
    switch (lie) {
    case 0: /* longer than any message */
        say_as(request->type, id, XENSTORE_PAYLOAD_MAX + 1, "x", 1);
        break;
    case 1:
        say_as(request->type, id, UINT32_MAX, "x", 1);
        break;
    case 2: /* to another request */
        say_as(request->type, id + 1, 3, "OK", 3);
        break;
    case 3: /* of another kind */
        say_as(XS_TYPE_COUNT, id, 3, "OK", 3);
        break;
    case 4: /* an event of one string, or of none, or without its end */
        say_as(XS_WATCH_EVENT, 0, 3, "/w", 3);
        break;
    case 5:
        say_as(XS_WATCH_EVENT, 0, 0, "", 0);
        break;
    case 6:
        say_as(XS_WATCH_EVENT, 0, 4, "/w\0t", 4);
        break;
    case 7: /* gone in the middle */
        say_as(request->type, id, 100, "x", 1);
        shutdown(peer, SHUT_RDWR);
        break;
    default: /* gone at once */
        shutdown(peer, SHUT_RDWR);
    }
}

static void test_lies(void)
{
    for (lie = 0; lie <= 8; lie++) {
        unsigned int n;
        int first;

        start(answer_lie, 0);
        CU_ASSERT_PTR_NULL(xs_read(xs, XBT_NULL, "/a", &n));
        first = errno;
        CU_ASSERT_EQUAL(first, lie >= 7 ? ECONNRESET : EPROTO);
        /* the connection is lost for everything, and nothing hangs */
        CU_ASSERT(!xs_mkdir(xs, XBT_NULL, "/b") && errno == first);
        CU_ASSERT_PTR_NULL(xs_read_watch(xs, &n));
        CU_ASSERT_EQUAL(errno, first);
        stop();
    }
}

/* Replies that are whole messages but make no sense. */
static void answer_nonsense(const struct xsd_sockmsg *request, const char *body)
{
    (void)body;
    switch (request->type) {
    case XS_DIRECTORY:
        REPLY(request, "one\0two");
        break;
    case XS_GET_PERMS:
        REPLY(request, "q1\0");
        break;
    default:
        REPLY(request, "-1\0");
    }
}

static void test_nonsense(void)
{
    unsigned int n;

    start(answer_nonsense, 0);
    CU_ASSERT(!xs_directory(xs, XBT_NULL, "/", &n) && errno == EPROTO);
    stop();
    start(answer_nonsense, 0);
    CU_ASSERT(!xs_get_permissions(xs, XBT_NULL, "/", &n) && errno == EPROTO);
    stop();
    start(answer_nonsense, 0);
    CU_ASSERT(xs_transaction_start(xs) == XBT_NULL && errno == EPROTO);
    stop();
    start(answer_nonsense, 0);
    CU_ASSERT(!xs_is_domain_introduced(xs, 1) && errno == EPROTO);
    stop();
}

/* ---- what needs no daemon ---- */

static void test_strings(void)
{
    static const struct {
        const char *parent, *child;
        bool is;
    } paths[] = {{"/a", "/a", true}, {"/a", "/a/b", true}, {"/a", "/ab", false},
                 {"/", "/a", false}, {"", "/a", true},     {"/a/b", "/a", false},
                 {"@r", "@r", true}, {"/a", "a", false}};
    static const char *const wrong[] = {"", "r", "x1", "r1x", "r-1", "r 1", "r4294967296", "1"};
    struct xs_permissions perms[3];

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        CU_ASSERT_EQUAL(xs_path_is_subpath(paths[i].parent, paths[i].child), paths[i].is);
    CU_ASSERT(xs_strings_to_perms(perms, 3, "n0\0b12\0w4294967295"));
    CU_ASSERT(perms[0].id == 0 && perms[0].perms == XS_PERM_NONE && perms[1].id == 12);
    CU_ASSERT(perms[1].perms == (XS_PERM_READ | XS_PERM_WRITE) && perms[2].id == UINT_MAX);
    CU_ASSERT_EQUAL(perms[2].perms, XS_PERM_WRITE);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT(!xs_strings_to_perms(perms, 1, wrong[i]) && errno == EINVAL);
    CU_ASSERT(!xs_restrict(NULL, 1) && errno == EOPNOTSUPP);
    xs_close(NULL);
}

static void test_no_daemon(void)
{
    char *path = strdup(getenv("XENSTORED_PATH"));

    setenv("XENSTORED_PATH", "/nonexistent/socket", 1);
    CU_ASSERT(!xs_open(0) && errno == ENOENT);
    setenv("XENSTORED_PATH", "/dev/null", 1); /* a device that is no store's */
    xs = xs_open(0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xs);
    CU_ASSERT(!xs_mkdir(xs, XBT_NULL, "/a") && errno == ECONNRESET);
    xs_close(xs);
    unsetenv("XENSTORED_PATH");
    setenv("XENSTORED_RUNDIR", "/some/where", 1);
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket(), "/some/where/socket");
    CU_ASSERT_STRING_EQUAL(xs_daemon_rundir(), "/some/where");
    setenv("XENSTORED_PATH", path, 1);
    free(path);
}

static int listen_there(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!mkdtemp(directory))
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
    setenv("XENSTORED_PATH", address.sun_path, 1);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
           listen(listener, 1) || sem_init(&reached, 0, 0) || sem_init(&go_on, 0, 0);
}

static int listen_no_more(void)
{
    unlink(getenv("XENSTORED_PATH"));
    close(listener);
    return rmdir(directory);
}

static CU_TestInfo tests[] = {
    {"requests of every kind", test_requests},
    {"events come with requests, and are filtered", test_events},
    {"an event on its own", test_event_alone},
    {"the descriptor is for events alone", test_descriptor_during_request},
    {"who sleeps for events is woken", test_event_for_sleeper},
    {"threads share a handle", test_threads},
    {"messages that lie", test_lies},
    {"replies that make no sense", test_nonsense},
    {"strings", test_strings},
    {"no daemon", test_no_daemon},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    alarm(120); /* a test that hangs has failed */
    return suite_run_between("libxen-store", listen_there, listen_no_more, tests);
}
