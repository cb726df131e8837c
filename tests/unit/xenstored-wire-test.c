/* SPDX-License-Identifier: MIT */
/*
 * The protocol's framing, requests, queues and rings with transports that live in memory: what well-behaved clients
 * get, what malformed and hostile ones get, and a seeded loop of broken packets.
 */
#include <CUnit/Basic.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "wire.h"

#define GUEST 7
#define BUFFER (1 << 20)

/* A peer: what it has sent and we have not read, what we have sent, and how much of that it takes now. */
struct peer {
    struct conn conn;
    unsigned char *to_daemon, *from_daemon;
    size_t to_len, to_at, from_len, room;
    uint32_t broken;
    struct ring *ring;
};

static struct daemon daemon_state;
static struct peer *root, *guest;
static uint32_t introduced, released;

static struct peer *peer_of(struct conn *conn)
{
    return (struct peer *)conn;
}

static ssize_t peer_read(struct conn *conn, void *to, size_t len)
{
    struct peer *peer = peer_of(conn);
    ssize_t got;

    if (peer->ring) {
        got = ring_read(peer->ring, to, len);
        if (got < 0) {
            conn->error = XENSTORE_ERROR_RINGIDX;
        }
        return got;
    }
    if (len > peer->to_len - peer->to_at) {
        len = peer->to_len - peer->to_at;
    }
    memcpy(to, peer->to_daemon + peer->to_at, len);
    peer->to_at += len;
    return (ssize_t)len;
}

static ssize_t peer_write(struct conn *conn, const void *from, size_t len)
{
    struct peer *peer = peer_of(conn);

    if (peer->ring) {
        return ring_write(peer->ring, from, len);
    }
    if (len > peer->room) {
        len = peer->room;
    }
    peer->room -= len;
    CU_ASSERT_FATAL(peer->from_len + len <= BUFFER);
    memcpy(peer->from_daemon + peer->from_len, from, len);
    peer->from_len += len;
    return (ssize_t)len;
}

static void peer_flushed(struct conn *conn, bool pending)
{
    CU_ASSERT_EQUAL(pending, conn->head != NULL);
}

static void peer_broken(struct conn *conn, uint32_t error)
{
    peer_of(conn)->broken = error;
    conn_clear(conn);
}

static const struct conn_transport transport = { peer_read, peer_write, peer_flushed, peer_broken };

static int fake_introduce(struct daemon *daemon, uint16_t domid, uint64_t gfn, uint32_t port)
{
    (void)daemon;
    introduced = (uint32_t)(domid * 1000000 + gfn * 1000 + port);
    return 0;
}

static int fake_release(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    released = domid;
    return domid == GUEST ? 0 : ENOENT;
}

static int fake_target(struct daemon *daemon, uint16_t domid, uint16_t target)
{
    (void)daemon;
    return domid == GUEST && target == 8 ? 0 : ENOENT;
}

static bool fake_introduced(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    return domid == GUEST;
}

static const struct wire_domains domains = {
    fake_introduce, fake_release, fake_release, fake_target, fake_introduced,
};

static struct peer *peer_new(uint16_t domid)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    peer->to_daemon = malloc(BUFFER);
    peer->from_daemon = malloc(BUFFER);
    peer->room = SIZE_MAX;
    conn_init(&peer->conn, &daemon_state, &transport, domid, domid == 0, domid != 0);
    return peer;
}

static void peer_free(struct peer *peer)
{
    conn_clear(&peer->conn);
    free(peer->to_daemon);
    free(peer->from_daemon);
    free(peer);
}

static void start(void)
{
    daemon_state = (struct daemon){ .store = store_new(conn_event), .domains = &domains };
    root = peer_new(0);
    guest = peer_new(GUEST);
}

static void stop(void)
{
    peer_free(root);
    peer_free(guest);
    CU_ASSERT_PTR_NULL(daemon_state.dirty);
    CU_ASSERT(store_check(daemon_state.store));
    store_free(daemon_state.store);
}

static void run(struct peer *peer)
{
    while (conn_run(&peer->conn)) {
    }
    conn_settle(&daemon_state);
}

static void send_bytes(struct peer *peer, const void *bytes, size_t len)
{
    if (peer->to_at == peer->to_len) {
        peer->to_at = peer->to_len = 0;
    }
    CU_ASSERT_FATAL(peer->to_len + len <= BUFFER);
    memcpy(peer->to_daemon + peer->to_len, bytes, len);
    peer->to_len += len;
}

static void send_request(struct peer *peer, uint32_t type, uint32_t tx, const void *payload, size_t len)
{
    struct xsd_sockmsg header = { type, 42, tx, (uint32_t)len };

    send_bytes(peer, &header, sizeof(header));
    send_bytes(peer, payload, len);
}

/* Takes the next message off what the daemon has sent: its type, or -1 where there is none. */
static int take(struct peer *peer, char *payload, size_t *len)
{
    struct xsd_sockmsg header;

    if (peer->from_len < sizeof(header)) {
        CU_ASSERT_EQUAL(peer->from_len, 0);
        return -1;
    }
    memcpy(&header, peer->from_daemon, sizeof(header));
    CU_ASSERT_FATAL(header.len <= XENSTORE_PAYLOAD_MAX);
    CU_ASSERT_FATAL(peer->from_len >= sizeof(header) + header.len);
    CU_ASSERT_EQUAL(header.req_id, header.type == XS_WATCH_EVENT ? 0 : 42);
    memcpy(payload, peer->from_daemon + sizeof(header), header.len);
    payload[header.len] = 0;
    *len = header.len;
    peer->from_len -= sizeof(header) + header.len;
    memmove(peer->from_daemon, peer->from_daemon + sizeof(header) + header.len, peer->from_len);
    return (int)header.type;
}

/* All that has been sent, as text: "TYPE payload;" with | for NUL. */
static const char *taken(struct peer *peer)
{
    static char text[65536];
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t len, used = 0;
    int type;

    text[0] = 0;
    while ((type = take(peer, payload, &len)) >= 0) {
        for (size_t i = 0; i < len; i++) {
            payload[i] = (char)(payload[i] ? payload[i] : '|');
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%d %s;", type, payload);
    }
    return text;
}

/* Sends TEXT (with | for NUL) as a request and returns what came of it. */
static const char *ask(struct peer *peer, uint32_t type, uint32_t tx, const char *text)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    size_t len = strlen(text);

    memcpy(payload, text, len);
    for (size_t i = 0; i < len; i++) {
        payload[i] = (char)(payload[i] == '|' ? 0 : payload[i]);
    }
    send_request(peer, type, tx, payload, len);
    run(peer);
    return taken(peer);
}

/* ---- requests ---- */

static void test_requests(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 0, "/a/b|value"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "2 value;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 0, "/a/b|x||y|"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "2 x||y|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_MKDIR, 0, "/a/c|"), "12 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/a|"), "1 b|c|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/a/c|"), "1 ;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_SET_PERMS, 0, "/a/b|n0|r7|w8|b9|"), "14 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_GET_PERMS, 0, "/a/b|"), "3 n0|r7|w8|b9|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RM, 0, "/a|"), "13 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "16 ENOENT|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_GET_DOMAIN_PATH, 0, "12|"), "10 /local/domain/12|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_START, 0, "|"), "6 1|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 1, "/t|1"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/t|"), "16 ENOENT|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_START, 1, "|"), "16 EBUSY|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_END, 1, "T|"), "7 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/t|"), "2 1;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 1, "/t|"), "16 ENOENT|;");
    stop();
}

static void test_malformed(void)
{
    static const struct {
        uint32_t type;
        const char *payload, *answer;
    } rows[] = {
        { XS_READ, "", "16 EINVAL|;" },
        { XS_READ, "|", "16 EINVAL|;" },
        { XS_READ, "/a", "16 EINVAL|;" },
        { XS_READ, "/a|b|", "16 EINVAL|;" },
        { XS_READ, "/a/|", "16 EINVAL|;" },
        { XS_READ, "/a//b|", "16 EINVAL|;" },
        { XS_READ, "/a\x01|", "16 EINVAL|;" },
        { XS_READ, "@releaseDomain|", "16 EINVAL|;" },
        { XS_WRITE, "/a", "16 EINVAL|;" },
        { XS_MKDIR, "", "16 EINVAL|;" },
        { XS_RM, "/|", "16 EINVAL|;" },
        { XS_DIRECTORY_PART, "/|", "16 EINVAL|;" },
        { XS_DIRECTORY_PART, "/|-1|", "16 EINVAL|;" },
        { XS_DIRECTORY_PART, "/|99999999999|", "16 EINVAL|;" },
        { XS_SET_PERMS, "/|", "16 EINVAL|;" },
        { XS_SET_PERMS, "/|x0|", "16 EINVAL|;" },
        { XS_SET_PERMS, "/|n|", "16 EINVAL|;" },
        { XS_SET_PERMS, "/||", "16 EINVAL|;" },
        { XS_SET_PERMS, "/|n65536|", "16 EINVAL|;" },
        { XS_SET_PERMS, "/|n1x|", "16 EINVAL|;" },
        { XS_WATCH, "/a|", "16 EINVAL|;" },
        { XS_WATCH, "/a|unterminated", "16 EINVAL|;" },
        { XS_WATCH, "/a|t|x|", "16 EINVAL|;" },
        { XS_WATCH, "@bad:char|t|", "16 EINVAL|;" },
        { XS_UNWATCH, "/a|t|", "16 ENOENT|;" },
        { XS_TRANSACTION_END, "T|", "16 ENOENT|;" },
        { XS_INTRODUCE, "7|1|", "16 EINVAL|;" },
        { XS_INTRODUCE, "32752|1|1|", "16 EINVAL|;" },
        { XS_RELEASE, "0|", "16 EINVAL|;" },
        { XS_RELEASE, "x|", "16 EINVAL|;" },
        { XS_RELEASE, "9|", "16 ENOENT|;" },
        { XS_SET_TARGET, "7|", "16 EINVAL|;" },
        { XS_IS_DOMAIN_INTRODUCED, "", "16 EINVAL|;" },
        { XS_GET_DOMAIN_PATH, "x|", "16 EINVAL|;" },
        { XS_CONTROL, "", "16 EINVAL|;" },
        { XS_CONTROL, "nonsense|", "16 EINVAL|;" },
        { XS_WATCH_EVENT, "/a|t|", "16 ENOSYS|;" },
        { XS_ERROR, "EINVAL|", "16 ENOSYS|;" },
        { 20, "x|", "16 ENOSYS|;" },
        { XS_TYPE_COUNT, "x|", "16 ENOSYS|;" },
        { UINT32_MAX, "x|", "16 ENOSYS|;" },
    };

    start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = ask(root, rows[i].type, 0, rows[i].payload);

        if (strcmp(answer, rows[i].answer) != 0) {
            printf("row %zu: %s\n", i, answer);
        }
        CU_ASSERT_STRING_EQUAL(answer, rows[i].answer);
    }
    CU_ASSERT_EQUAL(store_nodes_total(daemon_state.store), 1);
    stop();
}

static void test_domain_requests(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_INTRODUCE, 0, "7|12|3|"), "8 OK|;");
    CU_ASSERT_EQUAL(introduced, 7012003);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_INTRODUCE, 0, "0|1|1|"), "8 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RELEASE, 0, "7|"), "9 OK|;");
    CU_ASSERT_EQUAL(released, 7);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RESUME, 0, "7|"), "18 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_SET_TARGET, 0, "7|8|"), "19 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "7|"), "17 T|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "0|"), "17 T|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "8|"), "17 F|;");
    introduced = 0;
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_INTRODUCE, 0, "7|12|3|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_RELEASE, 0, "7|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_RESUME, 0, "7|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_SET_TARGET, 0, "7|8|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_CONTROL, 0, "help|"), "16 EACCES|;");
    CU_ASSERT_EQUAL(introduced, 0);
    stop();
}

static void test_relative_paths(void)
{
    start();
    ask(root, XS_WRITE, 0, "/local/domain/7/data|");
    ask(root, XS_SET_PERMS, 0, "/local/domain/7/data|n7|");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_WRITE, 0, "data/x|1"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_READ, 0, "/local/domain/7/data/x|"), "2 1;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_WATCH, 0, "data|tok|"), "4 OK|;15 data|tok|;");
    ask(root, XS_WRITE, 0, "/local/domain/7/data/x|2");
    CU_ASSERT_STRING_EQUAL(taken(guest), "15 data/x|tok|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_UNWATCH, 0, "data|tok|"), "5 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_READ, 0, "|"), "16 EINVAL|;");
    stop();
}

static void test_control(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "check|"), "0 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|set|nodes|5|"), "0 OK|;");
    CU_ASSERT_EQUAL(store_quota(daemon_state.store)->nodes, 5);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|set|bogus|5|"), "16 EINVAL|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|0|"), "0 nodes: 1\nmemory: 4\n|;");
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(root, XS_CONTROL, 0, "quota|"), "nodes             :        5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(root, XS_CONTROL, 0, "help|"), "quota"));
    stop();
}

/* A list that does not fit one message is refused whole, and can be had in parts. */
static void test_directory_part(void)
{
    char path[64], payload[XENSTORE_PAYLOAD_MAX + 1], wanted[32768], list[32768], generation[32] = "";
    size_t len, got = 0, want = 0;
    bool done = false;

    start();
    for (int i = 0; i < 1000; i++) {
        int size = snprintf(path, sizeof(path), "/d/child-%04d", i);

        send_request(root, XS_MKDIR, 0, path, (size_t)size + 1);
        run(root);
        want += (size_t)sprintf(wanted + want, "child-%04d", i) + 1;
        CU_ASSERT_STRING_EQUAL(taken(root), "12 OK|;");
    }
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/d|"), "16 E2BIG|;");
    for (int part = 0; part < 20 && !done; part++) {
        size_t head;

        len = (size_t)snprintf(path, sizeof(path), "/d%c%zu", 0, got) + 1;
        send_request(root, XS_DIRECTORY_PART, 0, path, len);
        run(root);
        CU_ASSERT_EQUAL_FATAL(take(root, payload, &len), XS_DIRECTORY_PART);
        head = strlen(payload) + 1;
        CU_ASSERT(part == 0 || strcmp(generation, payload) == 0);
        strcpy(generation, payload);
        done = len >= 2 && payload[len - 1] == 0 && payload[len - 2] == 0;
        memcpy(list + got, payload + head, len - head);
        got += len - head - done;
    }
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(got, want);
    CU_ASSERT_EQUAL(memcmp(list, wanted, want), 0);
    stop();
}

/* ---- framing, queues ---- */

static void test_bytes_one_by_one(void)
{
    static const char payload[] = "/a\0value";
    struct xsd_sockmsg header = { XS_WRITE, 42, 0, 8 };

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
    struct xsd_sockmsg header = { XS_WRITE, 42, 0, XENSTORE_PAYLOAD_MAX + 1 };
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
    CU_ASSERT_PTR_NOT_NULL(strstr(taken(guest), ";15 /w|tok|;")); /* after all that could be said one by one */
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
        guest->from_daemon[guest->from_len++] = (unsigned char)page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
    }
}

static void test_ring_wraps(void)
{
    char packet[sizeof(struct xsd_sockmsg) + 3000];
    struct xsd_sockmsg header = { XS_WRITE, 42, 0, 3000 };

    ring_start(0xfffffff0);
    CU_ASSERT_EQUAL(page->server_features, 3);
    ask(root, XS_WRITE, 0, "/w|");
    ask(root, XS_SET_PERMS, 0, "/w|b0|");
    store_quota(daemon_state.store)->node_size = 0;
    memset(packet, 'x', sizeof(packet));
    memcpy(packet, &header, sizeof(header));
    memcpy(packet + sizeof(header), "/w", 3);
    for (int i = 0; i < 20; i++) {
        for (size_t at = 0; at < sizeof(packet); ) {
            at += ring_push(packet + at, sizeof(packet) - at);
            run(guest);
            CU_ASSERT(ring_moved(&ring));
        }
        ring_pull();
        CU_ASSERT_STRING_EQUAL(taken(guest), "11 OK|;");
    }
    /* an answer larger than the ring comes in pieces */
    header = (struct xsd_sockmsg){ XS_READ, 42, 0, 3 };
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
    struct xsd_sockmsg header = { XS_MKDIR, 42, 0, 3 };

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
        "/", "/a", "/a/b", "a", "", "@releaseDomain", "@x", "T", "F", "n0", "n7", "r7", "b7", "0", "7", "1", "tok",
        "quota", "set", "nodes", "check", "/local/domain/7", "99999", "-1", "/a/b/c/d/e/f/g",
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

/* Anything at all as a byte stream, in any pieces: the connection breaks or goes on, the daemon stays. */
static void test_fuzz_stream(void)
{
    unsigned char bytes[600];

    srand(3);
    for (int round = 0; round < 300; round++) {
        ring_start((uint32_t)rand());
        for (int i = 0; i < 40 && !guest->broken; i++) {
            struct xsd_sockmsg header = { (uint32_t)(rand() % 23), 42, 0, (uint32_t)(rand() % 64) };
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

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(test_requests),
    TEST(test_malformed),
    TEST(test_domain_requests),
    TEST(test_relative_paths),
    TEST(test_control),
    TEST(test_directory_part),
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
    CU_SuiteInfo suites[] = { { "xenstored's wire", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    unsigned int failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
