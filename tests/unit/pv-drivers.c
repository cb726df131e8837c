/* SPDX-License-Identifier: MIT */
/*
 * The portable frontends against a backend played by this file. The backend moves only when the
 * driver sleeps (os_event_wait), so each test decides what a sleep brings: a well-behaved step, a
 * wrong index, or nothing until the deadline.
 */
#include <public/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "os.h"
#include "store.h"
#include "suite.h"

/* ---- the operating system and the other end ---- */

#define CONSOLE_PORT 5u
#define STORE_PORT   6u

static struct xencons_interface *console_page;
static struct xenstore_domain_interface *store_page;
static void (*backend_step)(void); /* NULL: the other end is dead */
static uint64_t now;
static unsigned int sent, logged;

void *os_console_page(uint32_t *port)
{
    *port = CONSOLE_PORT;
    return console_page;
}

void *os_store_page(uint32_t *port)
{
    *port = STORE_PORT;
    return store_page;
}

void os_event_send(uint32_t port)
{
    CU_ASSERT(port == CONSOLE_PORT || port == STORE_PORT);
    sent++;
}

void os_event_clear(uint32_t port)
{
    CU_ASSERT(port == CONSOLE_PORT || port == STORE_PORT);
}

void os_event_wait(const uint32_t *ports, unsigned int count, uint64_t deadline_ns)
{
    CU_ASSERT(count == 1 && (ports[0] == CONSOLE_PORT || ports[0] == STORE_PORT));
    if (backend_step)
        backend_step();
    else
        now = deadline_ns;
}

uint64_t os_time(void)
{
    return now += 1000;
}

void os_log(const char *text)
{
    CU_ASSERT_PTR_NOT_NULL(text);
    logged++;
}

static void world_start(void)
{
    free(console_page);
    free(store_page);
    console_page = calloc(1, sizeof(*console_page));
    store_page = calloc(1, sizeof(*store_page));
    backend_step = NULL;
    now = 0;
    sent = logged = 0;
}

static int world_end(void)
{
    free(console_page);
    free(store_page);
    console_page = NULL;
    store_page = NULL;
    return 0;
}

/* ---- console ---- */

static char taken[20000];
static size_t taken_len;

static void console_backend(void)
{
    size_t n = 0;

    while (console_page->out_cons != console_page->out_prod && n++ < 700) {
        taken[taken_len++] =
            console_page->out[MASK_XENCONS_IDX(console_page->out_cons, console_page->out)];
        console_page->out_cons++;
    }
}

static void test_console_write(void)
{
    static const XENCONS_RING_IDX starts[] = {0, 2000, UINT32_MAX - 100};
    char text[5000];
    struct pv_console c;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('!' + i % 90);
    for (size_t i = 0; i < 3; i++) {
        world_start();
        console_page->out_cons = console_page->out_prod = starts[i];
        taken_len = 0;
        CU_ASSERT_FATAL(pv_console_init(&c));
        CU_ASSERT_EQUAL(pv_console_write(&c, text, sizeof(text)), 2048); /* what has room */
        CU_ASSERT_EQUAL(sent, 1);
        CU_ASSERT_EQUAL(pv_console_write(&c, text, 1), 0);
        CU_ASSERT_EQUAL(sent, 1);
        backend_step = console_backend;
        CU_ASSERT_EQUAL(pv_console_write_all(&c, text + 2048, sizeof(text) - 2048, OS_NEVER),
                        sizeof(text) - 2048);
        CU_ASSERT(pv_console_drain(&c, OS_NEVER));
        CU_ASSERT_EQUAL_FATAL(taken_len, sizeof(text));
        CU_ASSERT_EQUAL(memcmp(taken, text, sizeof(text)), 0);
    }
}

static void test_console_dead_backend(void)
{
    static char text[3000];
    struct pv_console c;

    world_start();
    CU_ASSERT_FATAL(pv_console_init(&c));
    CU_ASSERT_EQUAL(pv_console_write_all(&c, text, sizeof(text), 1000000), 2048);
    CU_ASSERT(!pv_console_drain(&c, 2000000));
    CU_ASSERT(!c.broken);
}

static void test_console_read(void)
{
    static const XENCONS_RING_IDX starts[] = {0, 1020, UINT32_MAX - 3};
    struct pv_console c;
    char data[2000];

    for (size_t i = 0; i < 3; i++) {
        world_start();
        console_page->in_cons = console_page->in_prod = starts[i];
        CU_ASSERT_FATAL(pv_console_init(&c));
        CU_ASSERT_EQUAL(pv_console_read(&c, data, sizeof(data)), 0);
        CU_ASSERT_EQUAL(sent, 0);
        for (int n = 0; n < 1024; n++)
            console_page->in[MASK_XENCONS_IDX(console_page->in_prod++, console_page->in)] = (char)n;
        CU_ASSERT_EQUAL(pv_console_read(&c, data, 3), 3);
        CU_ASSERT_EQUAL(pv_console_read(&c, data + 3, sizeof(data) - 3), 1021);
        CU_ASSERT_EQUAL(sent, 2);
        for (int n = 0; n < 1024; n++)
            CU_ASSERT_EQUAL(data[n], (char)n);
    }
}

static void console_backend_lies(void)
{
    console_page->out_cons = console_page->out_prod + 1; /* took more than was there */
}

static void test_console_hostile(void)
{
    static const XENCONS_RING_IDX lies[] = {2049, 0x80000000u, UINT32_MAX};
    static char data[5000];
    struct pv_console c;

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        world_start();
        CU_ASSERT_FATAL(pv_console_init(&c));
        console_page->out_cons = 0u - lies[i];
        CU_ASSERT_EQUAL(pv_console_write(&c, data, 1), 0);
        CU_ASSERT(c.broken);
        console_page->out_cons = 0;
        CU_ASSERT_EQUAL(pv_console_write_all(&c, data, 1, OS_NEVER), 0); /* broken for good */
        CU_ASSERT(!pv_console_drain(&c, OS_NEVER));
        CU_ASSERT_EQUAL(logged, 1);
        world_start();
        CU_ASSERT_FATAL(pv_console_init(&c));
        console_page->in_prod = lies[i];
        CU_ASSERT_EQUAL(pv_console_read(&c, data, sizeof(data)), 0);
        CU_ASSERT(c.broken);
    }
    world_start();
    backend_step = console_backend_lies;
    CU_ASSERT_FATAL(pv_console_init(&c));
    CU_ASSERT_EQUAL(pv_console_write_all(&c, data, sizeof(data), OS_NEVER), 2048);
    CU_ASSERT(c.broken);
}

static void test_console_none(void)
{
    struct pv_console c;
    char data[8];

    world_start();
    free(console_page);
    console_page = NULL;
    CU_ASSERT(!pv_console_init(&c));
    c.port = CONSOLE_PORT;
    CU_ASSERT_EQUAL(pv_console_write(&c, "x", 1), 0);
    CU_ASSERT_EQUAL(pv_console_write_all(&c, "x", 1, OS_NEVER), 0);
    CU_ASSERT_EQUAL(pv_console_read(&c, data, sizeof(data)), 0);
    CU_ASSERT(!pv_console_drain(&c, OS_NEVER));
}

/* ---- store ---- */

/* What the backend sends next, as far as the ring has room; and all that it took. */
static char answers[20000], asked[20000];
static size_t answers_len, answers_sent, asked_len;

static void store_backend(void)
{
    struct xenstore_domain_interface *p = store_page;

    while (p->req_cons != p->req_prod)
        asked[asked_len++] = p->req[MASK_XENSTORE_IDX(p->req_cons++)];
    while (answers_sent < answers_len && p->rsp_prod - p->rsp_cons < XENSTORE_RING_SIZE)
        p->rsp[MASK_XENSTORE_IDX(p->rsp_prod++)] = answers[answers_sent++];
}

static void answer(uint32_t type, uint32_t id, const void *body, size_t len)
{
    struct xsd_sockmsg head = {.type = type, .req_id = id, .len = (uint32_t)len};

    memcpy(answers + answers_len, &head, sizeof(head));
    memcpy(answers + answers_len + sizeof(head), body, len);
    answers_len += sizeof(head) + len;
}

static bool was_asked(size_t at, uint32_t type, const void *body, size_t len)
{
    struct xsd_sockmsg head;

    if (asked_len < at + sizeof(head) + len)
        return false;
    memcpy(&head, asked + at, sizeof(head));
    return head.type == type && head.tx_id == 0 && head.len == len &&
           memcmp(asked + at + sizeof(head), body, len) == 0;
}

static struct pv_store store;

static void store_start(XENSTORE_RING_IDX index)
{
    world_start();
    store_page->req_cons = store_page->req_prod = index;
    store_page->rsp_cons = store_page->rsp_prod = index;
    answers_len = answers_sent = asked_len = 0;
    backend_step = store_backend;
    CU_ASSERT_FATAL(pv_store_init(&store));
}

#define BYTES(s) s, sizeof(s) - 1

static void test_store_read_write(void)
{
    static const XENSTORE_RING_IDX starts[] = {0, 1000, UINT32_MAX - 20};
    char value[16];

    for (size_t i = 0; i < 3; i++) {
        store_start(starts[i]);
        answer(XS_READ, 1, BYTES("demo"));
        answer(XS_WRITE, 2, BYTES("OK\0"));
        CU_ASSERT_EQUAL(pv_store_read(&store, "name", value, sizeof(value)), 4);
        CU_ASSERT_STRING_EQUAL(value, "demo");
        CU_ASSERT_EQUAL(pv_store_write(&store, "data/x", "12", 2), 0);
        store_backend(); /* takes what it answered before it had looked */
        CU_ASSERT(was_asked(0, XS_READ, BYTES("name\0")));
        CU_ASSERT(was_asked(sizeof(struct xsd_sockmsg) + 5, XS_WRITE,
                            BYTES("data/x\0"
                                  "12")));
        CU_ASSERT_EQUAL(logged, 0);
    }
}

/* A message of four rings each way. */
static void test_store_long(void)
{
    static char big[XENSTORE_PAYLOAD_MAX], got[XENSTORE_PAYLOAD_MAX + 1];

    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 11);
    store_start(77);
    answer(XS_WRITE, 1, BYTES("OK\0"));
    answer(XS_READ, 2, big, sizeof(big));
    CU_ASSERT_EQUAL(pv_store_write(&store, "x", big, sizeof(big) - 2), 0);
    store_backend();
    CU_ASSERT_EQUAL(asked_len, sizeof(struct xsd_sockmsg) + sizeof(big));
    CU_ASSERT_EQUAL(memcmp(asked + sizeof(struct xsd_sockmsg) + 2, big, sizeof(big) - 2), 0);
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", got, sizeof(got)), XENSTORE_PAYLOAD_MAX);
    CU_ASSERT_EQUAL(memcmp(got, big, sizeof(big)), 0);
    CU_ASSERT_EQUAL(pv_store_write(&store, "x", big, sizeof(big) - 1), -XEN_E2BIG);
    CU_ASSERT(!store.broken);
}

static void test_store_errors(void)
{
    char value[4] = "";

    store_start(0);
    answer(XS_ERROR, 1, BYTES("ENOENT\0"));
    answer(XS_ERROR, 2, BYTES("EWHATEVER\0"));
    answer(XS_READ, 3, BYTES("four"));
    answer(XS_READ, 4, BYTES("abc"));
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_ENOENT);
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_E2BIG);
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), 3);
    CU_ASSERT_STRING_EQUAL(value, "abc");
}

static void test_store_events(void)
{
    struct pv_store_event e;
    char value[8];

    store_start(0);
    answer(XS_WATCH, 1, BYTES("OK\0"));
    answer(XS_WATCH_EVENT, 0, BYTES("control/shutdown\0s\0"));
    answer(XS_WATCH_EVENT, 0, BYTES("b\0s\0"));
    answer(XS_WATCH_EVENT, 0, BYTES("b\0s\0"));
    answer(XS_READ, 2, BYTES("v"));
    CU_ASSERT_EQUAL(pv_store_watch(&store, "control/shutdown", "s"), 0);
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), 1);
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
    CU_ASSERT_STRING_EQUAL(e.path, "control/shutdown");
    CU_ASSERT_STRING_EQUAL(e.token, "s");
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
    CU_ASSERT_STRING_EQUAL(e.path, "b");
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 0);
    /* one that comes while nobody asks anything */
    answer(XS_WATCH_EVENT, 0, BYTES("c\0s\0"));
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 0);
    store_backend();
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
    CU_ASSERT_STRING_EQUAL(e.path, "c");
}

/* More events than are kept, and one that is too long: the loss shows. */
static void test_store_events_lost(void)
{
    struct pv_store_event e;
    char body[] = "aa\0t", longest[PV_STORE_PATH_MAX + 3];

    store_start(0);
    for (unsigned int i = 0; i < PV_STORE_EVENTS + 1; i++) {
        body[0] = (char)('a' + i);
        answer(XS_WATCH_EVENT, 0, body, sizeof(body));
    }
    store_backend();
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
    CU_ASSERT_STRING_EQUAL(e.path, "");
    for (unsigned int i = 0; i < PV_STORE_EVENTS; i++) {
        CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
        CU_ASSERT_EQUAL(e.path[0], (char)('a' + i));
    }
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 0);
    memset(longest, 'l', sizeof(longest));
    longest[PV_STORE_PATH_MAX] = longest[sizeof(longest) - 1] = '\0';
    answer(XS_WATCH_EVENT, 0, longest, sizeof(longest));
    store_backend();
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), 1);
    CU_ASSERT_STRING_EQUAL(e.path, "");
    CU_ASSERT_EQUAL(pv_store_watch(&store, "x", "a token of more than thirty-one bytes"),
                    -XEN_E2BIG);
}

static void expect_store_dead(void)
{
    struct pv_store_event e;
    char value[8];

    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_EIO);
    CU_ASSERT_EQUAL(pv_store_write(&store, "x", "", 0), -XEN_EIO);
    CU_ASSERT_EQUAL(pv_store_next_event(&store, &e), -XEN_EIO);
    CU_ASSERT(logged <= 1);
}

static void test_store_hostile(void)
{
    struct xsd_sockmsg head = {.type = XS_READ, .req_id = 1, .len = XENSTORE_PAYLOAD_MAX + 1};
    static const XENSTORE_RING_IDX lies[] = {1025, 0x80000000u, UINT32_MAX};

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        store_start(0);
        backend_step = NULL;
        store_page->rsp_prod = lies[i];
        expect_store_dead();
        store_start(0);
        backend_step = NULL;
        store_page->req_cons = 0u - lies[i];
        expect_store_dead();
    }
    store_start(0); /* lengths */
    memcpy(answers, &head, sizeof(head));
    answers_len = sizeof(head);
    expect_store_dead();
    store_start(0);
    head.len = UINT32_MAX;
    memcpy(answers, &head, sizeof(head));
    answers_len = sizeof(head);
    expect_store_dead();
    store_start(0); /* an answer to another request, of another type */
    answer(XS_READ, 9, BYTES("v"));
    expect_store_dead();
    store_start(0);
    answer(XS_DIRECTORY, 1, BYTES("v"));
    expect_store_dead();
    store_start(0); /* events without an end */
    answer(XS_WATCH_EVENT, 0, BYTES("path and no token"));
    expect_store_dead();
    store_start(0);
    answer(XS_WATCH_EVENT, 0, BYTES("path\0token"));
    expect_store_dead();
    store_start(0);
    answer(XS_WATCH_EVENT, 0, "", 0);
    expect_store_dead();
    store_start(0); /* an answer out of the blue */
    answer(XS_READ, 0, BYTES("v"));
    store_backend();
    expect_store_dead();
}

static void test_store_silent(void)
{
    char value[8];

    store_start(0);
    backend_step = NULL;
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_EIO);
    CU_ASSERT(now >= PV_STORE_PATIENCE_NS);
    expect_store_dead();
    store_start(0); /* nobody takes the request off the ring */
    backend_step = NULL;
    store_page->req_prod = XENSTORE_RING_SIZE;
    CU_ASSERT_EQUAL(pv_store_read(&store, "x", value, sizeof(value)), -XEN_EIO);
}

static void test_store_none(void)
{
    world_start();
    free(store_page);
    store_page = NULL;
    CU_ASSERT(!pv_store_init(&store));
    expect_store_dead();
}

static CU_TestInfo console[] = {
    {"write", test_console_write},
    {"dead backend", test_console_dead_backend},
    {"read", test_console_read},
    {"hostile backend", test_console_hostile},
    {"no console", test_console_none},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo stores[] = {
    {"read and write", test_store_read_write},
    {"long messages", test_store_long},
    {"errors", test_store_errors},
    {"events", test_store_events},
    {"lost events", test_store_events_lost},
    {"hostile backend", test_store_hostile},
    {"silent backend", test_store_silent},
    {"no store", test_store_none},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = {{"console frontend", NULL, world_end, NULL, NULL, console},
                             {"store frontend", NULL, world_end, NULL, NULL, stores},
                             CU_SUITE_INFO_NULL};

    return suites_run(suites);
}
