/* SPDX-License-Identifier: MIT */
/* A hypervisor and a store for the console daemon's tests: see consoled-world.h. */
#include "consoled-world.h"

#include <CUnit/Basic.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store.h"

/* ---- the hypervisor ---- */

struct guest guests[DOMAINS];

int host_map_console(struct host *h, uint32_t domid, struct xencons_interface **page)
{
    (void)h;
    CU_ASSERT_FATAL(domid < DOMAINS);
    if (!guests[domid].page)
        return -EINVAL;
    CU_ASSERT(!guests[domid].mapped);
    guests[domid].mapped = true;
    *page = guests[domid].page;
    return 0;
}

void host_unmap(struct host *h, struct xencons_interface *page)
{
    (void)h;
    for (size_t i = 0; i < DOMAINS; i++)
        if (guests[i].page == page && guests[i].mapped) {
            guests[i].mapped = false;
            return;
        }
    CU_FAIL("unmapped what was not mapped");
}

int host_bind(struct host *h, uint32_t domid, uint32_t remote_port, uint32_t *port)
{
    (void)h;
    if (remote_port != 10 + domid || guests[domid].bound)
        return -EINVAL;
    guests[domid].bound = true;
    *port = 100 + domid;
    return 0;
}

void host_unbind(struct host *h, uint32_t port)
{
    (void)h;
    CU_ASSERT(guests[port - 100].bound);
    guests[port - 100].bound = false;
}

int host_notify(struct host *h, uint32_t port)
{
    (void)h;
    guests[port - 100].notified++;
    return 0;
}

int host_unmask(struct host *h, uint32_t port)
{
    (void)h;
    CU_ASSERT(guests[port - 100].masked);
    guests[port - 100].masked = false;
    return 0;
}

/* ---- the store ---- */

struct store {
    int fds[2]; /* a pipe: readable while events wait */
};

struct fake_store fake;

void store_fire(const char *token)
{
    CU_ASSERT_FATAL(fake.event_count < 64);
    strcpy(fake.events[fake.event_count++].token, token);
    if (fake.connection && write(fake.connection->fds[1], "", 1) != 1)
        CU_FAIL("pipe");
}

void store_cut(void)
{
    CU_ASSERT_EQUAL(write(fake.connection->fds[1], "", 1), 1);
}

int store_connect(struct store **out, const char *path)
{
    struct store *s;

    CU_ASSERT_PTR_NULL(path);
    if (fake.down)
        return -ECONNREFUSED;
    s = calloc(1, sizeof(*s));
    if (!s || pipe(s->fds) < 0)
        return -ENOMEM;
    fake.connection = *out = s;
    fake.broken = 0;
    fake.event_count = 0;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    close(s->fds[0]);
    close(s->fds[1]);
    free(s);
    fake.connection = NULL;
    for (size_t i = 0; i < DOMAINS; i++)
        fake.domain[i].watched = false;
}

void store_set_timeout(struct store *s, int milliseconds)
{
    (void)s;
    CU_ASSERT(milliseconds > 0); /* the daemon must not wait for ever */
}

int store_fd(const struct store *s)
{
    return s->fds[0];
}

bool store_has_events(const struct store *s)
{
    (void)s;
    return fake.event_count > 0;
}

/* Splits /local/domain/N/NODE. */
static bool path_parse(const char *path, uint32_t *domid, const char **node)
{
    static char rest[64];

    rest[0] = '\0';
    if (sscanf(path, "/local/domain/%u/%63s", domid, rest) < 1 || *domid >= DOMAINS)
        return false;
    *node = rest;
    return true;
}

int store_read(struct store *s, store_txn txn, const char *path, char **value, size_t *len)
{
    const char *node, *text = NULL;
    uint32_t domid;

    (void)s;
    CU_ASSERT_EQUAL(txn, STORE_NO_TXN);
    if (fake.broken)
        return fake.broken;
    if (!path_parse(path, &domid, &node))
        return -ENOENT;
    if (strcmp(node, "name") == 0)
        text = fake.domain[domid].name;
    if (strcmp(node, "console/type") == 0)
        text = fake.domain[domid].type;
    if (!text)
        return -ENOENT;
    *value = strdup(text);
    if (len)
        *len = strlen(text);
    return 0;
}

int store_write(struct store *s, store_txn txn, const char *path, const void *value, size_t len)
{
    const char *node;
    uint32_t domid;

    (void)s;
    CU_ASSERT_NOT_EQUAL(txn, STORE_NO_TXN);
    if (fake.broken)
        return fake.broken;
    CU_ASSERT_FATAL(path_parse(path, &domid, &node) && len < 64);
    CU_ASSERT_STRING_EQUAL(node, "console/tty");
    memcpy(fake.domain[domid].tty, value, len);
    fake.domain[domid].tty[len] = '\0';
    return 0;
}

int store_txn_start(struct store *s, store_txn *txn)
{
    (void)s;
    if (fake.broken)
        return fake.broken;
    if (fake.vanishes)
        fake.domain[fake.vanishes].nodes = false;
    fake.vanishes = 0;
    *txn = 5;
    return 0;
}

int store_txn_end(struct store *s, store_txn txn, bool commit)
{
    (void)s;
    CU_ASSERT_EQUAL(txn, 5);
    if (!fake.broken && commit && fake.conflicts) {
        fake.conflicts--;
        return -EAGAIN;
    }
    return fake.broken;
}

int store_read_u64(struct store *s, store_txn txn, const char *path, uint64_t max, uint64_t *number)
{
    const char *node;
    uint32_t domid;

    (void)s;
    (void)txn;
    (void)max;
    if (fake.broken)
        return fake.broken;
    if (!path_parse(path, &domid, &node) || !fake.domain[domid].nodes)
        return -ENOENT;
    *number = strcmp(node, "console/port") == 0 ? fake.domain[domid].port : 77;
    return 0;
}

int store_directory(struct store *s, store_txn txn, const char *path, char ***names, size_t *count)
{
    struct list {
        char *names[DOMAINS + 1];
        char text[DOMAINS + 1][8];
    } *list = calloc(1, sizeof(*list));

    (void)s;
    (void)txn;
    CU_ASSERT_STRING_EQUAL(path, "/local/domain");
    if (fake.broken || !list) {
        free(list);
        return fake.broken;
    }
    *count = 0;
    for (uint32_t i = 0; i < DOMAINS; i++) /* dom0 is there, too */
        if (i == 0 || fake.domain[i].introduced) {
            list->names[*count] = list->text[*count];
            sprintf(list->text[(*count)++], "%u", i);
        }
    list->names[*count] = strcpy(list->text[*count], "junk");
    (*count)++;
    *names = list->names;
    return 0;
}

int store_is_introduced(struct store *s, uint32_t domid)
{
    (void)s;
    return fake.broken ? fake.broken : fake.domain[domid].introduced;
}

int store_watch(struct store *s, const char *path, const char *token)
{
    const char *node;
    uint32_t domid;

    (void)s;
    if (fake.broken)
        return fake.broken;
    if (path_parse(path, &domid, &node)) {
        if (fake.domain[domid].watched)
            return -EEXIST;
        fake.domain[domid].watched = true;
    }
    store_fire(token);
    return 0;
}

int store_unwatch(struct store *s, const char *path, const char *token)
{
    const char *node;
    uint32_t domid;

    (void)s;
    (void)token;
    if (!fake.broken && path_parse(path, &domid, &node))
        fake.domain[domid].watched = false;
    return fake.broken;
}

int store_next_event(struct store *s, struct store_event *event, int wait_ms)
{
    char byte;

    CU_ASSERT_EQUAL(wait_ms, 0);
    if (fake.broken)
        return fake.broken;
    if (fake.event_count == 0)
        return 0;
    CU_ASSERT_EQUAL(read(s->fds[0], &byte, 1), 1);
    event->path = strdup("/");
    event->token = strdup(fake.events[0].token);
    memmove(fake.events, fake.events + 1, --fake.event_count * sizeof(fake.events[0]));
    return 1;
}

void store_event_free(struct store_event *event)
{
    free(event->path);
    free(event->token);
}

/* ---- the daemon ---- */

static char directory[] = "/tmp/consoled-daemon-XXXXXX";
char socket_path[64];
struct console_setup setup;
struct domains *domains;
static struct clients *clients;
static int listener;

void run_loop(void)
{
    for (int i = 0; i < 20; i++)
        event_base_loop(setup.base, EVLOOP_NONBLOCK);
}

int world_start(void)
{
    if (!mkdtemp(directory))
        return 1;
    snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
    setup.logs = (struct log_policy){
        .dir = open(directory, O_RDONLY | O_DIRECTORY), .limit = 1u << 20, .keep = 0};
    return setup.logs.dir < 0;
}

int world_end(void)
{
    char command[128];

    close(setup.logs.dir);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

void daemon_start(void)
{
    memset(&fake, 0, sizeof(fake));
    for (size_t i = 0; i < DOMAINS; i++) {
        free(guests[i].page);
        guests[i] = (struct guest){0};
    }
    setup.base = event_base_new();
    setup.rate = 1u << 20;
    setup.burst = 1u << 20;
    setup.replay_size = 1024;
    listener = clients_listen(socket_path);
    CU_ASSERT_FATAL(listener >= 0);
}

void daemon_go(void)
{
    domains = domains_start(&setup, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(domains);
    clients = clients_start(setup.base, listener, domains);
    CU_ASSERT_PTR_NOT_NULL_FATAL(clients);
    run_loop();
}

void daemon_stop(void)
{
    clients_stop(clients);
    domains_stop(domains);
    close(listener);
    unlink(socket_path);
    event_base_free(setup.base);
    for (size_t i = 0; i < DOMAINS; i++) {
        CU_ASSERT(!guests[i].mapped);
        CU_ASSERT(!guests[i].bound);
        free(guests[i].page);
        guests[i].page = NULL;
    }
}

void domain_make(uint32_t domid, const char *name)
{
    guests[domid].page = calloc(1, sizeof(*guests[domid].page));
    fake.domain[domid].introduced = fake.domain[domid].nodes = true;
    fake.domain[domid].name = name;
    fake.domain[domid].type = "xenconsoled";
    fake.domain[domid].port = 10 + domid;
}

void domain_announce(uint32_t domid, const char *name)
{
    domain_make(domid, name);
    store_fire("introduce");
    run_loop();
    CU_ASSERT_FATAL(guests[domid].bound);
}

void domain_die(uint32_t domid)
{
    fake.domain[domid].introduced = fake.domain[domid].nodes = false;
    store_fire("release");
    run_loop();
}

size_t guest_say(uint32_t domid, const char *text, size_t len)
{
    struct guest *g = &guests[domid];
    size_t n = 0;

    for (; n < len && g->page->out_prod - g->page->out_cons < sizeof(g->page->out); n++)
        g->page->out[g->page->out_prod++ % sizeof(g->page->out)] = text[n];
    if (!g->masked && domains) {
        struct console *c = domains_by_port(domains, 100 + domid);

        g->masked = true;
        if (c)
            console_fired(c);
    }
    return n;
}

void guest_says(uint32_t domid, const char *text)
{
    CU_ASSERT_EQUAL(guest_say(domid, text, strlen(text)), strlen(text));
    run_loop();
}

void expect_log(const char *file, const char *text)
{
    char data[4096];
    int fd = openat(setup.logs.dir, file, O_RDONLY);
    ssize_t n;

    CU_ASSERT_FATAL(fd >= 0);
    n = read(fd, data, sizeof(data) - 1);
    close(fd);
    CU_ASSERT_FATAL(n >= 0);
    data[n] = '\0';
    CU_ASSERT_STRING_EQUAL(data, text);
    unlinkat(setup.logs.dir, file, 0);
}

/* ---- a client ---- */

int client_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, socket_path);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    run_loop();
    return fd;
}

void client_say(int fd, const char *text)
{
    CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    run_loop();
}

void expect_client(int fd, const char *text, bool closed)
{
    char data[4096];
    size_t len = 0;
    ssize_t n;

    do {
        n = recv(fd, data + len, sizeof(data) - 1 - len, MSG_DONTWAIT);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    data[len] = '\0';
    CU_ASSERT_STRING_EQUAL(data, text);
    CU_ASSERT(closed ? n == 0 : n < 0 && errno == EAGAIN);
}

int client_attach(const char *request, const char *answer)
{
    int fd = client_open();

    client_say(fd, request);
    expect_client(fd, answer, false);
    return fd;
}
