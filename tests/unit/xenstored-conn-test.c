/* SPDX-License-Identifier: MIT */
/*
 * Framing, queues and rings with slow, flooding and hostile peers; and seeded loops of broken
 * packets and streams.
 */
#include "xenstored-wire-test.h"

/* ---- framing, queues ---- */

static void test_bytes_one_by_one(void)
{
    static const char payload[] = "/a\0value";
    struct xsd_sockmsg header = {XS_WRITE, 42, 0, 8};

    start();
    for (size_t i = 0; i < sizeof(header); i++) {
        send_bytes(root, (char *)&header + i, 1);
        run(root);
    }
    for (size_t i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(root->from_len, 0);
        send_bytes(root, payload + i, 1);
        run(root);
    }
    CU_ASSERT_STRING_EQUAL(taken(root), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a|"), "2 value;");
    stop();
}

static void test_overlong_message(void)
{
    struct xsd_sockmsg header = {XS_WRITE, 42, 0, XENSTORE_PAYLOAD_MAX + 1};
    char most[XENSTORE_PAYLOAD_MAX];

    start();
    memset(most, 'x', sizeof(most));
    memcpy(most, "/a", 3);
    send_request(root, XS_WRITE, 0, most, sizeof(most));
    run(root);
    CU_ASSERT_STRING_EQUAL(taken(root), "11 OK|;");
    send_bytes(root, &header, sizeof(header));
    run(root);
    CU_ASSERT_EQUAL(root->broken, XENSTORE_ERROR_PROTO);
    CU_ASSERT_EQUAL(guest->broken, 0);
    stop();
}

/* Who does not take answers is not read from; who takes them again gets every one, in order. */
static void test_slow_reader(void)
{
    uint64_t handled;
    char value[4000];

    start();
    memset(value, 'v', sizeof(value));
    memcpy(value, "/big", 5);
    send_request(root, XS_WRITE, 0, value, sizeof(value));
    run(root);
    taken(root);
    root->room = 0;
    for (int i = 0; i < 100; i++) {
        send_request(root, XS_READ, 0, "/big", 5);
    }
    run(root);
    handled = daemon_state.requests;
    CU_ASSERT(handled < 10);
    CU_ASSERT(root->conn.reply_bytes < CONN_REPLY_BYTES + 8192);
    run(root);
    CU_ASSERT_EQUAL(daemon_state.requests, handled);
    for (int i = 0; i < 100000 && root->conn.daemon->requests < 101; i++) {
        root->room = 1000;
        run(root);
    }
    while (root->conn.head) {
        root->room = 1000;
        run(root);
    }
    CU_ASSERT_EQUAL(root->from_len, 100 * (sizeof(struct xsd_sockmsg) + sizeof(value) - 5));
    root->from_len = 0;
    stop();
}

static void test_turns(void)
{
    start();
    for (int i = 0; i < CONN_TURN + 3; i++) {
        send_request(root, XS_MKDIR, 0, "/x", 3);
    }
    CU_ASSERT(conn_run(&root->conn));
    CU_ASSERT_EQUAL(daemon_state.requests, CONN_TURN);
    CU_ASSERT(!conn_run(&root->conn));
    CU_ASSERT_EQUAL(daemon_state.requests, CONN_TURN + 3);
    conn_settle(&daemon_state);
    taken(root);
    stop();
}

/* Equal events wait once; a flood of different ones shrinks to the watch's own path. */
static void test_event_flood(void)
{
    char path[64];

    start();
    ask(root, XS_MKDIR, 0, "/w|");
    ask(root, XS_SET_PERMS, 0, "/w|r0|");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_WATCH, 0, "/w|tok|"), "4 OK|;15 /w|tok|;");
    guest->room = 0;
    for (int i = 0; i < 3; i++) {
        ask(root, XS_WRITE, 0, "/w/same|1");
    }
    CU_ASSERT_EQUAL(guest->conn.event_count, 1);
    for (int i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/w/%d|", i);
        ask(root, XS_WRITE, 0, path);
    }
    CU_ASSERT(guest->conn.event_count <= 1025);
    CU_ASSERT(guest->conn.event_bytes <= 1025 * 64);
    guest->room = SIZE_MAX;
    run(guest);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(taken(guest), ";15 /w|tok|;")); /* after all that could be said one by one */
    CU_ASSERT_EQUAL(guest->conn.event_count, 0);
    ask(root, XS_WRITE, 0, "/w/same|1");
    CU_ASSERT_STRING_EQUAL(taken(guest), "15 /w/same|tok|;");
    stop();
}

static void test_event_half_sent(void)
{
    start();
    ask(root, XS_WRITE, 0, "/w|1");
    ask(root, XS_SET_PERMS, 0, "/w|r0|");
    ask(guest, XS_WATCH, 0, "/w|tok|");
    guest->room = 5;
    ask(root, XS_WRITE, 0, "/w|2");
    CU_ASSERT_EQUAL(guest->from_len, 5);
    ask(root, XS_WRITE, 0, "/w|3"); /* the first is on its way already: this one must not be lost */
    guest->room = SIZE_MAX;
    run(guest);
    CU_ASSERT_STRING_EQUAL(taken(guest), "15 /w|tok|;15 /w|tok|;");
    stop();
}

/* ---- rings ---- */

static struct xenstore_domain_interface *page;
static struct ring ring;

static void ring_start(uint32_t from)
{
    start();
    page = calloc(1, sizeof(*page));
    page->req_cons = page->req_prod = from;
    page->rsp_cons = page->rsp_prod = from;
    ring_attach(&ring, page);
    guest->ring = &ring;
}

static void ring_stop(void)
{
    stop();
    free(page);
}

/* The guest's side: writes and reads at most what there is room for. */
static size_t ring_push(const void *bytes, size_t len)
{
    size_t done = 0;

    while (done < len && page->req_prod - page->req_cons < XENSTORE_RING_SIZE) {
        page->req[MASK_XENSTORE_IDX(page->req_prod++)] = ((const char *)bytes)[done++];
    }
    return done;
}

static void ring_pull(void)
{
    while (page->rsp_cons != page->rsp_prod) {
        guest->from_daemon[guest->from_len++] =
            (unsigned char)page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
    }
}

static void test_ring_wraps(void)
{
    char packet[sizeof(struct xsd_sockmsg) + 3000];
    struct xsd_sockmsg header = {XS_WRITE, 42, 0, 3000};

    ring_start(0xfffffff0);
    CU_ASSERT_EQUAL(page->server_features, 3);
    ask(root, XS_WRITE, 0, "/w|");
    ask(root, XS_SET_PERMS, 0, "/w|b0|");
    store_quota(daemon_state.store)->node_size = 0;
    memset(packet, 'x', sizeof(packet));
    memcpy(packet, &header, sizeof(header));
    memcpy(packet + sizeof(header), "/w", 3);
    for (int i = 0; i < 20; i++) {
        for (size_t at = 0; at < sizeof(packet);) {
            at += ring_push(packet + at, sizeof(packet) - at);
            run(guest);
            CU_ASSERT(ring_moved(&ring));
        }
        ring_pull();
        CU_ASSERT_STRING_EQUAL(taken(guest), "11 OK|;");
    }
    /* an answer larger than the ring comes in pieces */
    header = (struct xsd_sockmsg){XS_READ, 42, 0, 3};
    ring_push(&header, sizeof(header));
    ring_push("/w", 3);
    for (int i = 0; i < 4; i++) {
        run(guest);
        ring_pull();
    }
    CU_ASSERT_EQUAL(guest->from_len, sizeof(header) + 2997);
    guest->from_len = 0;
    ring_stop();
}

static void test_ring_impossible_indices(void)
{
    ring_start(5);
    page->req_prod = page->req_cons + XENSTORE_RING_SIZE + 1;
    run(guest);
    CU_ASSERT_EQUAL(guest->broken, XENSTORE_ERROR_RINGIDX);
    CU_ASSERT_EQUAL(root->broken, 0);
    ring_stop();

    ring_start(5);
    page->rsp_cons = page->rsp_prod + 1;
    CU_ASSERT_EQUAL(ring_write(&ring, "x", 1), -1);
    page->rsp_cons = page->rsp_prod - XENSTORE_RING_SIZE - 1;
    CU_ASSERT_EQUAL(ring_write(&ring, "x", 1), -1);
    page->rsp_cons = page->rsp_prod - XENSTORE_RING_SIZE;
    CU_ASSERT_EQUAL(ring_write(&ring, "x", 1), 0);
    ring_stop();
}

/* Our own indices in the page are the guest's to scribble on, and nothing comes of it. */
static void test_ring_scribbled_indices(void)
{
    struct xsd_sockmsg header = {XS_MKDIR, 42, 0, 3};

    ring_start(0);
    ring_push(&header, sizeof(header));
    ring_push("/x", 3);
    page->req_cons = 0x12345678;
    page->rsp_prod = 0x87654321;
    run(guest);
    CU_ASSERT_EQUAL(page->req_cons, sizeof(header) + 3);
    CU_ASSERT_EQUAL(page->rsp_prod, sizeof(header) + 7);
    ring_pull();
    CU_ASSERT_STRING_EQUAL(taken(guest), "16 EACCES|;");
    ring_stop();
}

static void test_ring_reconnect(void)
{
    ring_start(100);
    ring_push("rubbish", 7);
    run(guest);
    CU_ASSERT_EQUAL(guest->conn.in_len, 7);
    CU_ASSERT(!ring_reset_wanted(&ring));
    page->connection = XENSTORE_RECONNECT;
    CU_ASSERT(ring_reset_wanted(&ring));
    conn_clear(&guest->conn);
    ring_reset(&ring);
    CU_ASSERT_EQUAL(page->connection, XENSTORE_CONNECTED);
    CU_ASSERT_EQUAL(page->req_prod, 0);
    CU_ASSERT_EQUAL(page->rsp_prod, 0);
    CU_ASSERT_EQUAL(guest->conn.in_len, 0);
    ring_fail(&ring, XENSTORE_ERROR_PROTO);
    CU_ASSERT_EQUAL(page->error, XENSTORE_ERROR_PROTO);
    ring_stop();
}

/* ---- fuzz ---- */

static size_t fuzz_payload(char *payload)
{
    static const char *const pieces[] = {
        "/",
        "/a",
        "/a/b",
        "a",
        "",
        "@releaseDomain",
        "@x",
        "T",
        "F",
        "n0",
        "n7",
        "r7",
        "b7",
        "0",
        "7",
        "1",
        "tok",
        "quota",
        "set",
        "nodes",
        "check",
        "/local/domain/7",
        "99999",
        "-1",
        "/a/b/c/d/e/f/g",
    };
    size_t len = 0, count = (size_t)(rand() % 5);

    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];
        size_t size = strlen(piece) + (size_t)(rand() % 8 != 0);

        memcpy(payload + len, piece, size);
        len += size;
    }
    if (rand() % 16 == 0) {
        for (size_t i = 0; i < 200; i++) {
            payload[len++] = (char)rand();
        }
    }
    if (rand() % 64 == 0) {
        memset(payload + len, rand() % 2 ? 'x' : 0, 3500);
        len += 3500;
    }
    for (int i = rand() % 3; i > 0 && len > 0; i--) {
        payload[(size_t)rand() % len] ^= (char)(1 << (rand() % 8));
    }
    return len;
}

/* Each request of right length gets one answer, whatever is in it, and the books stay right. */
static void test_fuzz_requests(void)
{
    char payload[8192];
    size_t len;

    start();
    srand(2);
    ask(root, XS_WRITE, 0, "/local/domain/7/data|");
    ask(root, XS_SET_PERMS, 0, "/local/domain/7/data|b7|");
    for (int i = 0; i < 60000; i++) {
        struct peer *peer = rand() % 2 ? root : guest;
        uint32_t type = (uint32_t)(rand() % 25), tx = rand() % 3 ? 0 : (uint32_t)(rand() % 60);
        int answers = 0, got;

        len = fuzz_payload(payload);
        if (len > XENSTORE_PAYLOAD_MAX || (len > 4 && memcmp(payload, "prin", 4) == 0)) {
            continue;
        }
        send_request(peer, type, tx, payload, len);
        run(peer);
        CU_ASSERT_EQUAL_FATAL(peer->broken, 0);
        while ((got = take(peer, payload, &len)) >= 0) {
            answers += got != XS_WATCH_EVENT;
            CU_ASSERT(got == XS_WATCH_EVENT || got == XS_ERROR || (uint32_t)got == type);
        }
        CU_ASSERT_EQUAL(answers, 1);
        guest->from_len = root->from_len = 0;
        if (i % 1000 == 0) {
            CU_ASSERT(store_check(daemon_state.store));
        }
    }
    stop();
}

/* Anything at all as a byte stream, in any pieces: the connection breaks or goes on, the daemon
 * stays. */
static void test_fuzz_stream(void)
{
    unsigned char bytes[600];

    srand(3);
    for (int round = 0; round < 300; round++) {
        ring_start((uint32_t)rand());
        for (int i = 0; i < 40 && !guest->broken; i++) {
            struct xsd_sockmsg header = {(uint32_t)(rand() % 23), 42, 0, (uint32_t)(rand() % 64)};
            size_t len = (size_t)rand() % sizeof(bytes);

            for (size_t at = 0; at < len; at++) {
                bytes[at] = (unsigned char)(rand() % 4 ? 0 : rand());
            }
            if (rand() % 2) {
                ring_push(&header, sizeof(header));
            }
            ring_push(bytes, len);
            if (rand() % 50 == 0) {
                page->req_prod = (uint32_t)rand();
            }
            if (rand() % 50 == 0) {
                page->rsp_cons = (uint32_t)rand();
            }
            run(guest);
            if (rand() % 2 && page->rsp_prod - page->rsp_cons <= XENSTORE_RING_SIZE) {
                ring_pull();
                guest->from_len = 0;
            }
        }
        CU_ASSERT_EQUAL(root->broken, 0);
        guest->from_len = 0;
        ring_stop();
    }
}

static CU_TestInfo tests[] = {
    TEST(test_bytes_one_by_one),
    TEST(test_overlong_message),
    TEST(test_slow_reader),
    TEST(test_turns),
    TEST(test_event_flood),
    TEST(test_event_half_sent),
    TEST(test_ring_wraps),
    TEST(test_ring_impossible_indices),
    TEST(test_ring_scribbled_indices),
    TEST(test_ring_reconnect),
    TEST(test_fuzz_requests),
    TEST(test_fuzz_stream),
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("xenstored's connections", tests);
}
