/* SPDX-License-Identifier: MIT */
/*
 * The store client against a scripted peer: replies are put into a socketpair before the call, what
 * the client sent is read afterwards. Single-threaded, so a test never waits for anything.
 */
#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store.h"
#include "suite.h"

static struct store *client;
static int peer;
static struct xsd_sockmsg sent;
static char sent_body[XENSTORE_PAYLOAD_MAX];

static void start(void)
{
    int fds[2];

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CU_ASSERT_EQUAL_FATAL(store_from_fd(&client, fds[0]), 0);
    /* A test that asks for a reply that is not there must fail, not hang. */
    store_set_timeout(client, 2000);
    peer = fds[1];
}

static void stop(void)
{
    store_close(client);
    if (peer >= 0)
        close(peer);
}

static void say_as(uint32_t type, uint32_t id, uint32_t claimed, const void *body, size_t len)
{
    struct xsd_sockmsg head = {.type = type, .req_id = id, .len = claimed};

    CU_ASSERT_EQUAL_FATAL(write(peer, &head, sizeof(head)), (ssize_t)sizeof(head));
    if (len)
        CU_ASSERT_EQUAL_FATAL(write(peer, body, len), (ssize_t)len);
}

static void say(uint32_t type, uint32_t id, const void *body, size_t len)
{
    say_as(type, id, (uint32_t)len, body, len);
}

/* Reads one request: its header is in `sent`, its payload in sent_body. */
static void hear(void)
{
    CU_ASSERT_EQUAL_FATAL(recv(peer, &sent, sizeof(sent), MSG_DONTWAIT), (ssize_t)sizeof(sent));
    CU_ASSERT_FATAL(sent.len <= sizeof(sent_body));
    if (sent.len)
        CU_ASSERT_EQUAL_FATAL(recv(peer, sent_body, sent.len, MSG_DONTWAIT), (ssize_t)sent.len);
}

static bool heard(uint32_t type, store_txn txn, const void *body, size_t len)
{
    hear();
    return sent.type == type && sent.tx_id == txn && sent.len == len &&
           memcmp(sent_body, body, len) == 0;
}

#define BYTES(s) s, sizeof(s) - 1 /* a literal without its last NUL */

static void test_read_write(void)
{
    char *value = NULL;
    size_t len = 0;

    start();
    say(XS_READ, 1, BYTES("a\0b"));
    CU_ASSERT_EQUAL_FATAL(store_read(client, 7, "/x", &value, &len), 0);
    CU_ASSERT_EQUAL(len, 3);
    CU_ASSERT_EQUAL(memcmp(value, "a\0b\0", 4), 0);
    free(value);
    CU_ASSERT(heard(XS_READ, 7, BYTES("/x\0")));
    say(XS_READ, 2, "", 0);
    CU_ASSERT_EQUAL_FATAL(store_read(client, 0, "/empty", &value, NULL), 0);
    CU_ASSERT_STRING_EQUAL(value, "");
    free(value);
    CU_ASSERT(heard(XS_READ, 0, BYTES("/empty\0")));
    say(XS_WRITE, 3, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_printf(client, 0, "/y", "%d-%s", 5, "z"), 0);
    CU_ASSERT(heard(XS_WRITE, 0,
                    BYTES("/y\0"
                          "5-z")));
    say(XS_RM, 4, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_rm(client, 0, "/y"), 0);
    CU_ASSERT(heard(XS_RM, 0, BYTES("/y\0")));
    say(XS_MKDIR, 5, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_mkdir(client, 9, "/d"), 0);
    CU_ASSERT(heard(XS_MKDIR, 9, BYTES("/d\0")));
    stop();
}

static void test_errors(void)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"ENOENT", -ENOENT},
                 {"EAGAIN", -EAGAIN},
                 {"ENOTEMPTY", -ENOTEMPTY},
                 {"EQUOTA", -EIO},
                 {"", -EIO}};
    char *value;

    start();
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        say(XS_ERROR, i + 1, names[i].name, strlen(names[i].name) + 1);
        CU_ASSERT_EQUAL(store_read(client, 0, "/x", &value, NULL), names[i].number);
    }
    /* still in step */
    say(XS_READ, 6, BYTES("v"));
    CU_ASSERT_EQUAL_FATAL(store_read(client, 0, "/x", &value, NULL), 0);
    free(value);
    stop();
}

static void test_too_big(void)
{
    static char big[XENSTORE_PAYLOAD_MAX + 1];
    char *value;

    start();
    memset(big, 'a', sizeof(big) - 1);
    CU_ASSERT_EQUAL(store_read(client, 0, big, &value, NULL), -E2BIG);
    CU_ASSERT_EQUAL(store_write(client, 0, "/x", big, XENSTORE_PAYLOAD_MAX - 2), -E2BIG);
    CU_ASSERT_EQUAL(store_printf(client, 0, "/x", "%s", big), -E2BIG);
    CU_ASSERT_EQUAL(recv(peer, &sent, 1, MSG_DONTWAIT), -1); /* nothing was sent */
    say(XS_WRITE, 1, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_write(client, 0, "/x", big, XENSTORE_PAYLOAD_MAX - 3), 0);
    hear();
    CU_ASSERT_EQUAL(sent.len, XENSTORE_PAYLOAD_MAX);
    stop();
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        size_t len;
        int result;
        uint64_t value;
    } cases[] = {
        {BYTES("0"), 0, 0},           {BYTES("65535"), 0, 65535},
        {BYTES("65536"), -EINVAL, 1}, {BYTES(""), -EINVAL, 1},
        {BYTES("-1"), -EINVAL, 1},    {BYTES("5 "), -EINVAL, 1},
        {BYTES("5\0"), -EINVAL, 1},   {BYTES("99999999999999999999999"), -EINVAL, 1},
    };

    start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t n = 1;

        say(XS_READ, i + 1, cases[i].text, cases[i].len);
        CU_ASSERT_EQUAL(store_read_u64(client, 0, "/n", 65535, &n), cases[i].result);
        CU_ASSERT_EQUAL(n, cases[i].value);
    }
    stop();
}

static void test_directory(void)
{
    char **names;
    size_t count;

    start();
    say(XS_DIRECTORY, 1, BYTES("one\0two\0"));
    CU_ASSERT_EQUAL_FATAL(store_directory(client, 0, "/d", &names, &count), 0);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(names[0], "one");
    CU_ASSERT_STRING_EQUAL(names[1], "two");
    CU_ASSERT_PTR_NULL(names[2]);
    free(names);
    say(XS_DIRECTORY, 2, "", 0);
    CU_ASSERT_EQUAL_FATAL(store_directory(client, 0, "/d", &names, &count), 0);
    CU_ASSERT_EQUAL(count, 0);
    free(names);
    say(XS_DIRECTORY, 3, BYTES("no end"));
    CU_ASSERT_EQUAL(store_directory(client, 0, "/d", &names, &count), -EPROTO);
    stop();
}

static void test_directory_parts(void)
{
    char **names;
    size_t count;

    start();
    say(XS_ERROR, 1, BYTES("E2BIG\0"));
    say(XS_DIRECTORY_PART, 2, BYTES("12\0one\0two\0"));
    say(XS_DIRECTORY_PART, 3, BYTES("13\0three\0\0")); /* changed: starts again */
    say(XS_DIRECTORY_PART, 4, BYTES("13\0one\0two\0"));
    say(XS_DIRECTORY_PART, 5, BYTES("13\0three\0\0"));
    CU_ASSERT_EQUAL_FATAL(store_directory(client, 0, "/d", &names, &count), 0);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT_STRING_EQUAL(names[2], "three");
    free(names);
    CU_ASSERT(heard(XS_DIRECTORY, 0, BYTES("/d\0")));
    CU_ASSERT(heard(XS_DIRECTORY_PART, 0,
                    BYTES("/d\0"
                          "0\0")));
    CU_ASSERT(heard(XS_DIRECTORY_PART, 0,
                    BYTES("/d\0"
                          "8\0")));
    CU_ASSERT(heard(XS_DIRECTORY_PART, 0,
                    BYTES("/d\0"
                          "0\0")));
    CU_ASSERT(heard(XS_DIRECTORY_PART, 0,
                    BYTES("/d\0"
                          "8\0")));
    /* a part without its generation, and one whose generation has no end */
    say(XS_ERROR, 6, BYTES("E2BIG\0"));
    say(XS_DIRECTORY_PART, 7, BYTES("12"));
    CU_ASSERT_EQUAL(store_directory(client, 0, "/d", &names, &count), -EPROTO);
    stop();
}

static void test_perms(void)
{
    const struct store_perm perms[] = {{0, STORE_PERM_NONE},
                                       {5, STORE_PERM_READ},
                                       {6, STORE_PERM_WRITE},
                                       {7, STORE_PERM_READ | STORE_PERM_WRITE}};
    struct store_perm *got;
    size_t count;

    start();
    say(XS_SET_PERMS, 1, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_set_perms(client, 0, "/p", perms, 4), 0);
    CU_ASSERT(heard(XS_SET_PERMS, 0, BYTES("/p\0n0\0r5\0w6\0b7\0")));
    say(XS_GET_PERMS, 2, BYTES("b0\0r513\0"));
    CU_ASSERT_EQUAL_FATAL(store_get_perms(client, 0, "/p", &got, &count), 0);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_EQUAL(got[1].domid, 513);
    CU_ASSERT_EQUAL(got[1].access, STORE_PERM_READ);
    free(got);
    say(XS_GET_PERMS, 3, BYTES("x0\0"));
    CU_ASSERT_EQUAL(store_get_perms(client, 0, "/p", &got, &count), -EPROTO);
    stop();
}

static void test_transactions(void)
{
    store_txn txn = 0;

    start();
    say(XS_TRANSACTION_START, 1, BYTES("4711\0"));
    CU_ASSERT_EQUAL(store_txn_start(client, &txn), 0);
    CU_ASSERT_EQUAL(txn, 4711);
    CU_ASSERT(heard(XS_TRANSACTION_START, 0, BYTES("\0")));
    say(XS_ERROR, 2, BYTES("EAGAIN\0"));
    CU_ASSERT_EQUAL(store_txn_end(client, txn, true), -EAGAIN);
    CU_ASSERT(heard(XS_TRANSACTION_END, 4711, BYTES("T\0")));
    say(XS_TRANSACTION_END, 3, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_txn_end(client, txn, false), 0);
    CU_ASSERT(heard(XS_TRANSACTION_END, 4711, BYTES("F\0")));
    say(XS_TRANSACTION_START, 4, BYTES("0\0"));
    CU_ASSERT_EQUAL(store_txn_start(client, &txn), -EPROTO);
    stop();
}

static void test_watches(void)
{
    struct store_event event;
    char *value;

    start();
    say(XS_WATCH, 1, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_watch(client, "@introduceDomain", "dom"), 0);
    CU_ASSERT(heard(XS_WATCH, 0, BYTES("@introduceDomain\0dom\0")));
    CU_ASSERT_EQUAL(store_next_event(client, &event, 0), 0);
    /* events ahead of a reply wait, in order, equal ones once */
    say(XS_WATCH_EVENT, 0, BYTES("/a\0t\0"));
    say(XS_WATCH_EVENT, 0, BYTES("/b\0t\0"));
    say(XS_WATCH_EVENT, 0, BYTES("/a\0t\0"));
    say(XS_READ, 2, BYTES("v"));
    CU_ASSERT_EQUAL_FATAL(store_read(client, 0, "/x", &value, NULL), 0);
    CU_ASSERT_STRING_EQUAL(value, "v");
    free(value);
    CU_ASSERT(store_has_events(client));
    CU_ASSERT_EQUAL_FATAL(store_next_event(client, &event, 0), 1);
    CU_ASSERT_STRING_EQUAL(event.path, "/a");
    CU_ASSERT_STRING_EQUAL(event.token, "t");
    store_event_free(&event);
    CU_ASSERT_EQUAL_FATAL(store_next_event(client, &event, 0), 1);
    CU_ASSERT_STRING_EQUAL(event.path, "/b");
    store_event_free(&event);
    CU_ASSERT(!store_has_events(client));
    CU_ASSERT_EQUAL(store_next_event(client, &event, 0), 0);
    say(XS_UNWATCH, 3, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_unwatch(client, "@introduceDomain", "dom"), 0);
    /* one that is there in part only is not there; it is when the rest has come */
    say_as(XS_WATCH_EVENT, 0, 5, BYTES("/c"));
    CU_ASSERT_EQUAL(store_next_event(client, &event, 0), 0);
    CU_ASSERT_EQUAL(write(peer, "\0t\0", 3), 3);
    CU_ASSERT_EQUAL_FATAL(store_next_event(client, &event, 0), 1);
    CU_ASSERT_STRING_EQUAL(event.path, "/c");
    store_event_free(&event);
    say(XS_WATCH_EVENT, 0, BYTES("/left in the queue\0t\0"));
    say(XS_READ, 4, "", 0);
    CU_ASSERT_EQUAL(store_read(client, 0, "/x", &value, NULL), 0);
    free(value);
    stop(); /* frees it: the leak checker looks */
}

static void test_domains(void)
{
    start();
    say(XS_INTRODUCE, 1, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_introduce(client, 3, 0x12345678, 1), 0);
    CU_ASSERT(heard(XS_INTRODUCE, 0,
                    BYTES("3\0"
                          "305419896\0"
                          "1\0")));
    say(XS_IS_DOMAIN_INTRODUCED, 2, BYTES("T\0"));
    CU_ASSERT_EQUAL(store_is_introduced(client, 3), 1);
    say(XS_IS_DOMAIN_INTRODUCED, 3, BYTES("F\0"));
    CU_ASSERT_EQUAL(store_is_introduced(client, 3), 0);
    say(XS_RELEASE, 4, BYTES("OK\0"));
    CU_ASSERT_EQUAL(store_release(client, 3), 0);
    hear();
    hear();
    CU_ASSERT(heard(XS_RELEASE, 0, BYTES("3\0")));
    stop();
}

/* Each peer below breaks the protocol: the call fails, and the connection stays failed. */
static void expect_broken(int error)
{
    struct store_event event;
    char *value;

    CU_ASSERT_EQUAL(store_read(client, 0, "/x", &value, NULL), error);
    CU_ASSERT_EQUAL(store_rm(client, 0, "/x"), error);
    CU_ASSERT_EQUAL(store_next_event(client, &event, -1), error);
    stop();
}

static void test_hostile_peer(void)
{
    start();
    say(XS_READ, 2, BYTES("other request")); /* wrong id */
    expect_broken(-EPROTO);
    start();
    say(XS_DIRECTORY, 1, BYTES("v")); /* wrong type */
    expect_broken(-EPROTO);
    start();
    say_as(XS_READ, 1, XENSTORE_PAYLOAD_MAX + 1, "", 0); /* too long */
    expect_broken(-EPROTO);
    start();
    say_as(XS_READ, 1, UINT32_MAX, "", 0);
    expect_broken(-EPROTO);
    start();
    say(XS_WATCH_EVENT, 0, BYTES("/no token\0")); /* events with strings that do not end */
    expect_broken(-EPROTO);
    start();
    say(XS_WATCH_EVENT, 0, BYTES("/no end\0token"));
    expect_broken(-EPROTO);
    start();
    say(XS_WATCH_EVENT, 0, "", 0);
    expect_broken(-EPROTO);
    start();
    close(peer);
    peer = -1;
    expect_broken(-ECONNRESET);
    start();
    say_as(XS_READ, 1, 10, BYTES("half")); /* ends in the middle */
    shutdown(peer, SHUT_WR);
    expect_broken(-ECONNRESET);
    start();
    store_set_timeout(client, 1); /* never answers */
    expect_broken(-ETIMEDOUT);
}

static void test_unasked_reply(void)
{
    struct store_event event;

    start();
    say(XS_READ, 0, BYTES("nobody asked"));
    CU_ASSERT_EQUAL(store_next_event(client, &event, 0), -EPROTO);
    stop();
}

static void test_connect(void)
{
    static char path[200];

    CU_ASSERT_EQUAL(store_connect(&client, "/nonexistent/socket"), -ENOENT);
    memset(path, 'a', sizeof(path) - 1);
    CU_ASSERT_EQUAL(store_connect(&client, path), -ENAMETOOLONG);
}

static CU_TestInfo tests[] = {
    {"read and write", test_read_write},
    {"errors by name", test_errors},
    {"too big to send", test_too_big},
    {"numbers", test_numbers},
    {"directory", test_directory},
    {"directory in parts", test_directory_parts},
    {"permissions", test_perms},
    {"transactions", test_transactions},
    {"watches", test_watches},
    {"domains", test_domains},
    {"hostile peer", test_hostile_peer},
    {"unasked reply", test_unasked_reply},
    {"connect", test_connect},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("store client", tests);
}
