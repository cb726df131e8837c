/* SPDX-License-Identifier: MIT */
/*
 * The store's fuzzer: the whole daemon but for its devices, with three clients on its socket, the control domain's ring and
 * four domains' rings, of which some are hostile. In episodes: all start anew, ask at random, and end; then nothing may be left.
 *
 *   fuzz-store [--seconds N] [--seed N] [--episodes N]
 *
 * What must hold: every honest client gets each answer once, in order, and is never hung up on; nobody reads or changes
 * what is the host's alone; the quotas hold; the store's books are right (store_check); after an episode no domain, page, port,
 * node, transaction or memory is left; nothing takes 30 s. Built with ASan and UBSan. Exit status: 0, 1 something did not hold,
 * 2 usage.
 */
#include "fuzz.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "socket.h"

#define STEPS      1500 /* an episode */
#define WATCHDOG_S 30
#define SLACK      1024 /* bytes that tables which only grow may take */

size_t __sanitizer_get_current_allocated_bytes(void); /* libasan's; gcc has no header for it */

uint64_t random_state;
static uint64_t seed, episode, step, steps_all;
static struct daemon daemon_state;
static struct event_base *base;
static char socket_path[64];
static uint64_t secret_sum;
static size_t baseline;
static volatile bool scribbling;

void failed(const char *format, ...)
{
    va_list args;

    dprintf(2, "fuzz-store: FAILED at seed %lu, episode %lu, step %lu: ", seed, episode, step);
    va_start(args, format);
    vdprintf(2, format, args);
    va_end(args);
    dprintf(2, "\nagain: fuzz-store --seed %lu --episodes %lu\n", seed, episode + 1);
    unlink(socket_path);
    _exit(1);
}

static void on_alarm(int signal)
{
    (void)signal;
    failed("%d s have gone by without a step", WATCHDOG_S);
}

uint64_t random_64(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint32_t below(uint32_t limit)
{
    return limit ? (uint32_t)((random_64() >> 32) * limit >> 32) : 0;
}

/* ---- running ---- */

static bool pump(void)
{
    bool moved = false;

    for (unsigned int i = 0; i < CLIENTS; i++)
        moved |= client_move(&clients[i]) && clients[i].honest;
    event_base_loop(base, EVLOOP_NONBLOCK);
    return moved;
}

/* Until nothing moves any more, for a while: what is due at once comes in rounds of its own. */
static void settle(void)
{
    unsigned int quiet = 0;

    for (unsigned int round = 0; quiet < 20; round++) {
        quiet = pump() ? 0 : quiet + 1;
        MUST(round < 100000, "the daemon never comes to rest");
    }
}

/* The control domain's first socket asks, alone, and its answer is awaited. */
static void ask_and_wait(uint32_t type, const char *payload, size_t len)
{
    struct client *c = &clients[CLIENTS - 1];
    uint64_t before = c->answers;

    MUST(client_ask(c, type, 0, payload, len), "no room for a request of the test's own");
    for (unsigned int round = 0; c->answers == before; round++) {
        pump();
        MUST(round < 100000, "a request of the test's own gets no answer");
    }
}

static void ask_text(uint32_t type, const char *text)
{
    ask_and_wait(type, text, strlen(text) + 1);
}

/* ---- what must hold ---- */

static uint64_t sum_of(const struct store_node *node)
{
    uint64_t sum = node->value_len + 31 * node->perm_count + 1009 * node->child_count;

    for (const char *p = node->name; *p; p++)
        sum = sum * 131 + (unsigned char)*p;
    for (uint32_t i = 0; i < node->value_len; i++)
        sum = sum * 131 + node->value[i];
    for (uint32_t i = 0; i < node->perm_count; i++)
        sum = sum * 131 + node->perms[i].domid * 4u + node->perms[i].access;
    for (uint32_t i = 0; i < node->child_count; i++)
        sum = sum * 131 + sum_of(node->children[i]);
    return sum;
}

static uint64_t secret_now(void)
{
    const struct store_node *node = node_find(daemon_state.store->live.root, HOST_ONLY);

    return node ? sum_of(node) : 0;
}

static void check_quotas(void)
{
    const struct store *store = daemon_state.store;

    for (uint16_t domid = 1; domid <= GUESTS; domid++) {
        MUST(store_nodes_of(store, domid) <= store->quota.nodes,
             "domain %u owns %u nodes, and may own %u", domid, store_nodes_of(store, domid),
             store->quota.nodes);
        MUST(store_bytes_of(store, domid) <= store->quota.memory,
             "domain %u owns %u bytes, and may own %u", domid, store_bytes_of(store, domid),
             store->quota.memory);
    }
    for (const struct store_txn *t = store->oldest; t; t = t->newer) {
        const struct store_client *client = t->client;

        MUST(client->privileged || (client->txn_count <= store->quota.transactions &&
                                    client->watch_count <= store->quota.watches),
             "domain %u has %u transactions and %u watches", client->domid, client->txn_count,
             client->watch_count);
    }
}

static void check_all(void)
{
    settle();
    MUST(store_check(daemon_state.store), "the store's books are wrong");
    MUST(secret_now() == secret_sum, "what is the host's alone was changed");
    check_quotas();
    for (unsigned int i = 0; i < CLIENTS; i++) {
        const struct client *c = &clients[i];

        MUST(!c->open || !c->honest || !c->reads || c->out_len || !c->asked_count,
             "domain %u waits for %u answers", c->domid, c->asked_count);
    }
}

/* ---- domains' lives ---- */

static void guest_end(unsigned int domid)
{
    if (one_in(2)) { /* by steps, as they come to a toolstack */
        *(one_in(2) ? &machine[domid].shutdown : &machine[domid].dying) = true;
        machine_exception();
        settle();
    }
    clients[domid].open = false;
    machine[domid].exists = false;
    machine_exception();
    settle();
    MUST(!machine[domid].mapped, "domain %u is gone and its page still mapped", domid);
}

static void guest_begin(unsigned int domid)
{
    char payload[160];
    int len;

    machine[domid].exists = true;
    machine[domid].dying = machine[domid].shutdown = false;
    client_ring_fresh(&clients[domid]);
    if (scribbling && domid == GUESTS)
        client_spoil(&clients[domid]);
    snprintf(payload, sizeof(payload), "/local/domain/%u", domid);
    ask_text(XS_MKDIR, payload);
    len = snprintf(payload, sizeof(payload), "/local/domain/%u%cn%u", domid, 0, domid);
    ask_and_wait(XS_SET_PERMS, payload, (size_t)len + 1);
    len = snprintf(payload, sizeof(payload), "%u%c1%c5", domid, 0, 0);
    ask_and_wait(XS_INTRODUCE, payload, (size_t)len + 1);
    if (machine[domid].port < 0)
        clients[domid].open = false; /* the machine failed it */
}

static void *scribble(void *page)
{
    uint64_t state = 1;

    while (scribbling) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        ((volatile unsigned char *)
             page)[(state >> 33) % sizeof(struct xenstore_domain_interface)] ^=
            (unsigned char)(1u << (state >> 61));
    }
    return NULL;
}

/* ---- episodes ---- */

static void episode_begin(void)
{
    static const char *const secrets[] = {HOST_ONLY, HOST_ONLY "/deep", HOST_ONLY "/deep/" SECRET};
    char payload[200];

    for (unsigned int i = CLIENTS - SOCKETS; i < CLIENTS; i++)
        client_open_socket(&clients[i], socket_path);
    for (unsigned int i = 0; i < 3; i++) {
        int len = snprintf(payload, sizeof(payload), "%s%c%s", secrets[i], 0, SECRET);

        ask_and_wait(XS_WRITE, payload, (size_t)len);
    }
    ask_text(XS_MKDIR, "/shared");
    ask_and_wait(XS_SET_PERMS, "/shared\0b0", 11);
    secret_sum = secret_now();
    MUST(secret_sum, "the host's own part of the store was not made");
    for (unsigned int domid = 1; domid <= GUESTS; domid++)
        guest_begin(domid);
    machine_fails = one_in(3);
}

static void one_step(void)
{
    struct client *c = &clients[below(CLIENTS)];
    unsigned int what = below(400);

    if (c == &clients[CLIENTS - 1] && !c->open)
        client_open_socket(c, socket_path);
    if (what < 2 && c->domid) {
        guest_end(c->domid);
        guest_begin(c->domid);
    } else if (what < 5 && !c->is_ring && c != &clients[CLIENTS - 1]) {
        if (c->open)
            client_close_socket(c);
        else
            client_open_socket(c, socket_path);
    } else if (what < 12 && c != &clients[CLIENTS - 1]) {
        request_hostile(c);
    } else if (what < 20 && c != &clients[CLIENTS - 1] && c != &clients[0]) {
        c->reads = !c->reads;
    } else {
        for (unsigned int i = 1 + below(one_in(10) ? 60 : 4); i; i--)
            request_random(c);
    }
    if (!one_in(3))
        pump();
}

static void episode_end(void)
{
    const struct store *store = daemon_state.store;
    size_t bytes;

    machine_fails = false;
    for (unsigned int domid = 1; domid <= GUESTS; domid++)
        guest_end(domid);
    settle();
    client_ask(&clients[0], XS_RESET_WATCHES, 0, "", 1);
    while (store->live.root->child_count) {
        char path[STORE_PATH_MAX + 2];

        snprintf(path, sizeof(path), "/%s", store->live.root->children[0]->name);
        ask_text(XS_RM, path);
    }
    ask_and_wait(XS_WRITE, "/", 2); /* what clients did to the nodes that cannot go */
    ask_and_wait(XS_SET_PERMS, "/\0n0", 5);
    ask_and_wait(XS_SET_PERMS, "@introduceDomain\0n0", 20);
    ask_and_wait(XS_SET_PERMS, "@releaseDomain\0n0", 18);
    for (unsigned int i = CLIENTS - SOCKETS; i < CLIENTS; i++)
        if (clients[i].open)
            client_close_socket(&clients[i]);
    settle();
    clients[0].in_len = 0;
    MUST(store_nodes_total(store) == 1, "%u nodes are left", store_nodes_total(store));
    MUST(!store->oldest, "a transaction has outlived its client");
    MUST(!store->watch_points, "a watch has outlived its client");
    MUST(machine_ports() == 2, "%u ports are bound at the end, not 2", machine_ports());
    MUST(store_check(store), "the store's books are wrong at the end");
    bytes = __sanitizer_get_current_allocated_bytes();
    if (episode == 2)
        baseline = bytes;
    MUST(episode <= 2 || bytes <= baseline + SLACK,
         "%zu bytes of memory are in use at an episode's end, %zu were at first", bytes, baseline);
}

static void run_episode(void)
{
    bool scribbled = one_in(3);
    pthread_t thread;

    episode_begin();
    if (scribbled) {
        scribbling = true;
        client_spoil(&clients[GUESTS]);
        MUST(!pthread_create(&thread, NULL, scribble, machine[GUESTS].page), "no thread");
    }
    for (step = 0; step < STEPS; step++, steps_all++) {
        alarm(WATCHDOG_S);
        one_step();
        if (step % 100 == 99)
            check_all();
    }
    if (scribbled) {
        scribbling = false;
        pthread_join(thread, NULL);
    }
    for (unsigned int i = 0; i < CLIENTS; i++)
        clients[i].reads = true;
    check_all();
    episode_end();
}

static void print_summary(void)
{
    uint64_t done = 0, refused = 0;

    for (unsigned int i = 0; i <= XS_TYPE_COUNT; i++) {
        done += answered[i][0];
        refused += answered[i][1];
    }
    printf("fuzz-store: seed %lu: %lu episodes, %lu steps, %lu requests done, %lu refused\n", seed,
           episode, steps_all, done, refused);
    printf("done/refused by type:");
    for (unsigned int i = 0; i <= XS_TYPE_COUNT; i++)
        if (answered[i][0] + answered[i][1])
            printf(" %u:%lu/%lu", i, answered[i][0], answered[i][1]);
    printf("\n");
    for (unsigned int i = 0; i < XS_TYPE_COUNT; i++)
        if (i != XS_WATCH_EVENT && i != XS_ERROR && i != 20)
            MUST(episode < 20 || answered[i][0],
                 "no request of type %u was ever done: this fuzzes nothing", i);
}

int main(int argc, char **argv)
{
    uint64_t seconds = 60, episodes = UINT64_MAX;
    struct store_quota small = store_quota_default;
    time_t end;

    seed = 1;
    for (int i = 1; i < argc; i += 2) {
        uint64_t *to = !strcmp(argv[i], "--seconds")    ? &seconds
                       : !strcmp(argv[i], "--seed")     ? &seed
                       : !strcmp(argv[i], "--episodes") ? &episodes
                                                        : NULL;

        if (!to || i + 1 == argc) {
            fprintf(stderr, "usage: fuzz-store [--seconds N] [--seed N] [--episodes N]\n");
            return 2;
        }
        *to = strtoull(argv[i + 1], NULL, 0);
    }
    random_state = seed;
    signal(SIGALRM, on_alarm);
    signal(SIGPIPE, SIG_IGN);
    stderr = fopen(
        "/dev/null",
        "w"); /* the daemon says there what guests do wrong; the sanitizers write to 2 itself */
    machine_init();
    small.nodes = 60;
    small.memory = 6000;
    small.watches = 12;
    small.transactions = 4;
    small.transaction_nodes = 30;
    small.transaction_memory = 20000;
    small.snapshot_age = 200;
    daemon_state = (struct daemon){.store = store_new(conn_event), .domains = &domain_xen};
    *store_quota(daemon_state.store) = small;
    base = event_base_new();
    snprintf(socket_path, sizeof(socket_path), "/tmp/fuzz-store.%d", (int)getpid());
    if (domain_start(&daemon_state, base) || socket_start(&daemon_state, base, socket_path))
        return 1;
    for (unsigned int i = 0; i < CLIENTS; i++) {
        clients[i].is_ring = i <= GUESTS;
        clients[i].domid = i <= GUESTS ? i : 0;
    }
    client_ring_fresh(&clients[0]);
    for (end = time(NULL) + (time_t)seconds; time(NULL) < end && episode < episodes; episode++)
        run_episode();
    unlink(socket_path);
    print_summary();
    return 0;
}
