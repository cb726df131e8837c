/* SPDX-License-Identifier: MIT */
/*
 * Domains and their rings on the event loop (see domain.h). A domain's life here:
 *
 *     (none) --INTRODUCE--> connected --dying--> disconnected --gone, or RELEASE--> (none)
 *
 * A shutdown changes nothing but fires @releaseDomain once, until RESUME. A connected domain whose
 * ring makes no sense is told so in its page and from then on not listened to, but for the one word
 * by which it can ask to start anew; nobody else notices. Must never wait for a domain.
 */
#include "domain.h"

#include "ring.h"
#include "xendev.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/grant_table.h>
#include <public/xen.h>

#define PORT_BATCH     64
#define COMPLAINTS_MAX 5

struct domain {
    struct conn conn; /* first: a transport gets a conn and wants the domain */
    bool connected, broken;
    bool shutdown, dying; /* what has been announced */
    unsigned int complaints;
    uint32_t port; /* ours */
    struct ring ring;
    struct xendev_page page;
    struct event *again; /* runs the ring again after others have had their turn */
};

static struct {
    struct daemon *daemon;
    struct event_base *base;
    struct xendev dev;
    struct event *wake;
    uint32_t exception_port;
    struct domain *by_id[WIRE_DOMID_FIRST_RESERVED];
    struct domain **by_port;
    uint32_t port_room;
} state;

/* ---- the ring as a connection's transport ---- */

static struct domain *domain_of(struct conn *conn)
{
    return (struct domain *)conn;
}

static ssize_t transport_read(struct conn *conn, void *to, size_t len)
{
    ssize_t got = ring_read(&domain_of(conn)->ring, to, len);

    if (got < 0) {
        conn->error = XENSTORE_ERROR_RINGIDX;
    }
    return got;
}

static ssize_t transport_write(struct conn *conn, const void *from, size_t len)
{
    ssize_t put = ring_write(&domain_of(conn)->ring, from, len);

    if (put < 0) {
        conn->error = XENSTORE_ERROR_RINGIDX;
    }
    return put;
}

static void transport_flushed(struct conn *conn, bool pending)
{
    struct domain *domain = domain_of(conn);

    (void)pending; /* the domain sends an event when it has made room */
    if (ring_moved(&domain->ring)) {
        xendev_notify(&state.dev, domain->port);
    }
}

static void transport_broken(struct conn *conn, uint32_t error)
{
    struct domain *domain = domain_of(conn);

    if (domain->complaints++ <
        COMPLAINTS_MAX) { /* it could do this all day, and fill the log's disk */
        fprintf(stderr,
                "xenstored: domain %u: broken store ring (error %u): ignored until it asks to "
                "reconnect\n",
                conn->client.domid, error);
    }
    domain->broken = true;
    conn_clear(conn);
    ring_fail(&domain->ring, error);
    transport_flushed(conn, false);
}

static const struct conn_transport ring_transport = {
    transport_read,
    transport_write,
    transport_flushed,
    transport_broken,
};

static void domain_run(struct domain *domain)
{
    static const struct timeval at_once = {0, 0};

    if (!domain->connected) {
        return;
    }
    if (ring_reset_wanted(&domain->ring)) {
        conn_clear(&domain->conn);
        ring_reset(&domain->ring);
        domain->conn.error = 0;
        domain->broken = false;
    }
    if (!domain->broken && conn_run(&domain->conn)) {
        event_add(domain->again, &at_once);
    }
    if (!domain->conn.dirty) {
        transport_flushed(&domain->conn,
                          false); /* else conn_settle() is about to say it all at once */
    }
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    domain_run(arg);
    conn_settle(state.daemon);
}

/* ---- connecting and disconnecting ---- */

static void port_set(uint32_t port, struct domain *domain)
{
    if (port >= state.port_room) {
        uint32_t room = port + 64;

        state.by_port = node_realloc(state.by_port, room * sizeof(state.by_port[0]));
        memset(state.by_port + state.port_room, 0,
               (room - state.port_room) * sizeof(state.by_port[0]));
        state.port_room = room;
    }
    state.by_port[port] = domain;
}

static struct domain *domain_new(uint16_t domid)
{
    struct domain *domain = node_alloc(sizeof(*domain));

    conn_init(&domain->conn, state.daemon, &ring_transport, domid, domid == 0, true);
    domain->again = evtimer_new(state.base, on_again, domain);
    state.by_id[domid] = domain;
    return domain;
}

static void domain_connect(struct domain *domain, void *page, uint32_t port)
{
    ring_attach(&domain->ring, page);
    domain->port = port;
    port_set(port, domain);
    domain->connected = true;
    domain->broken = false;
    domain->conn.error = 0;
    /* Wakes a kernel that waits for its store, and shows that the channel works. */
    xendev_notify(&state.dev, port);
}

static void domain_disconnect(struct domain *domain)
{
    if (!domain->connected) {
        return;
    }
    domain->connected = false;
    event_del(domain->again);
    conn_clear(&domain->conn);
    port_set(domain->port, NULL);
    xendev_unbind(&state.dev, domain->port);
    if (domain->page.address) {
        xendev_unmap(&state.dev, &domain->page);
    }
}

/* Takes DOMAIN, and what the store holds of it, away. */
static void domain_forget(struct domain *domain)
{
    uint16_t domid = domain->conn.client.domid;

    domain_disconnect(domain);
    state.by_id[domid] = NULL;
    event_free(domain->again);
    free(domain);
    store_domain_forget(state.daemon->store, domid);
    for (uint32_t other = 1; other < WIRE_DOMID_FIRST_RESERVED; other++) {
        struct domain *agent = state.by_id[other];

        if (agent && agent->conn.client.has_target && agent->conn.client.target == domid) {
            agent->conn.client.has_target = false;
        }
    }
}

/* ---- what the wire asks for ---- */

static int map_and_bind(struct domain *domain, uint32_t remote_port)
{
    uint16_t domid = domain->conn.client.domid;
    int local = xendev_bind_interdomain(&state.dev, domid, remote_port);
    int error;

    if (local < 0) {
        fprintf(stderr, "xenstored: domain %u: cannot bind to its event channel %u: %s\n", domid,
                remote_port, strerror(-local));
        return local;
    }
    error = xendev_map(&state.dev, domid, GNTTAB_RESERVED_XENSTORE, &domain->page);
    if (error) {
        fprintf(stderr, "xenstored: domain %u: cannot map its store page (grant %d): %s\n", domid,
                GNTTAB_RESERVED_XENSTORE, strerror(-error));
        xendev_unbind(&state.dev, (uint32_t)local);
        return error;
    }
    domain_connect(domain, domain->page.address, (uint32_t)local);
    return 0;
}

/* A domain that is introduced again (resumed in place, its channel may be new) is connected anew.
 */
static int xen_introduce(struct daemon *daemon, uint16_t domid, uint64_t gfn, uint32_t port)
{
    struct domain *domain = state.by_id[domid];
    int alive = xendev_domain_state(&state.dev, domid);
    bool known = domain != NULL;

    (void)gfn;
    if (alive < 0 || !(alive & XENDEV_EXISTS) || (alive & XENDEV_DYING)) {
        return EINVAL;
    }
    if (known) {
        domain_disconnect(domain);
    } else {
        domain = domain_new(domid);
    }
    if (map_and_bind(domain, port)) {
        if (!known) {
            state.by_id[domid] = NULL;
            event_free(domain->again);
            free(domain);
        }
        return EINVAL;
    }
    if (!known) {
        store_fire_special(daemon->store, "@introduceDomain", domid);
    }
    return 0;
}

static int xen_release(struct daemon *daemon, uint16_t domid)
{
    struct domain *domain = state.by_id[domid];

    if (!domain) {
        return ENOENT;
    }
    domain_forget(domain);
    store_fire_special(daemon->store, "@releaseDomain", domid);
    return 0;
}

static int xen_resume(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    if (!state.by_id[domid]) {
        return ENOENT;
    }
    state.by_id[domid]->shutdown = false;
    return 0;
}

static int xen_set_target(struct daemon *daemon, uint16_t domid, uint16_t target)
{
    (void)daemon;
    if (!state.by_id[domid] || !state.by_id[target]) {
        return ENOENT;
    }
    state.by_id[domid]->conn.client.has_target = true;
    state.by_id[domid]->conn.client.target = target;
    return 0;
}

static bool xen_introduced(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    return state.by_id[domid] != NULL;
}

const struct wire_domains domain_xen = {xen_introduce, xen_release, xen_resume, xen_set_target,
                                        xen_introduced};

/* ---- domains that shut down or die ---- */

static void domain_check(struct domain *domain)
{
    uint16_t domid = domain->conn.client.domid;
    int now = xendev_domain_state(&state.dev, domid);
    bool news = false;

    if (now < 0) {
        fprintf(stderr, "xenstored: domain %u: the hypervisor does not say how it is: %s\n", domid,
                strerror(-now));
        return;
    }
    if (!(now & XENDEV_EXISTS)) {
        domain_forget(domain);
        store_fire_special(state.daemon->store, "@releaseDomain", domid);
        return;
    }
    if ((now & XENDEV_SHUTDOWN) && !domain->shutdown) {
        domain->shutdown = news = true;
    }
    if ((now & XENDEV_DYING) && !domain->dying) {
        /* While its page is mapped here the domain cannot be taken apart. */
        domain->dying = news = true;
        domain_disconnect(domain);
    }
    if (news) {
        store_fire_special(state.daemon->store, "@releaseDomain", domid);
    }
}

/* Domains that own nodes and were never introduced: a toolstack may have died while it made one. */
static void owner_check(uint16_t domid, void *arg)
{
    uint16_t *gone = arg;

    if (domid < WIRE_DOMID_FIRST_RESERVED && !state.by_id[domid] &&
        xendev_domain_state(&state.dev, domid) == XENDEV_GONE) {
        *gone = domid;
    }
}

static void domains_check(void)
{
    uint16_t gone;

    for (uint32_t domid = 1; domid < WIRE_DOMID_FIRST_RESERVED; domid++) {
        if (state.by_id[domid]) {
            domain_check(state.by_id[domid]);
        }
    }
    do {
        gone = 0;
        store_owners(state.daemon->store, owner_check, &gone);
        if (gone) {
            store_domain_forget(state.daemon->store, gone);
        }
    } while (gone);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint32_t ports[PORT_BATCH];
    int count = xendev_pending(&state.dev, ports, PORT_BATCH);

    (void)fd;
    (void)what;
    (void)arg;
    if (count < 0) {
        fprintf(stderr, "xenstored: /dev/xen/evtchn: %s\n", strerror(-count));
        event_base_loopbreak(state.base);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (ports[i] == state.exception_port) {
            domains_check();
        } else if (ports[i] < state.port_room && state.by_port[ports[i]]) {
            domain_run(state.by_port[ports[i]]);
        }
    }
    conn_settle(state.daemon);
    if (count) {
        xendev_unmask(&state.dev, ports, (unsigned int)count);
    }
}

int domain_start(struct daemon *daemon, struct event_base *base)
{
    const char *failed = "";
    void *page;
    uint32_t remote;
    int error, port;

    state.daemon = daemon;
    state.base = base;
    error = xendev_open(&state.dev, &failed);
    if (error) {
        fprintf(stderr,
                "xenstored: %s: %s: is this dom0, run as root, with xen-evtchn, xen-gntdev and "
                "xen-privcmd "
                "loaded?\n",
                failed, strerror(-error));
        return 1;
    }
    port = xendev_bind_virq(&state.dev, VIRQ_DOM_EXC);
    if (port < 0) {
        fprintf(stderr, "xenstored: VIRQ_DOM_EXC: %s: does another store run?\n", strerror(-port));
        return 1;
    }
    state.exception_port = (uint32_t)port;
    error = xendev_own_ring(&page, &remote);
    if (error) {
        fprintf(stderr, "xenstored: dom0's own store page: %s\n", strerror(-error));
        return 1;
    }
    port = xendev_bind_interdomain(&state.dev, 0, remote);
    if (port < 0) {
        fprintf(stderr,
                "xenstored: dom0's own store event channel %u: %s: does another store run?\n",
                remote, strerror(-port));
        return 1;
    }
    domain_connect(domain_new(0), page, (uint32_t)port);
    state.wake = event_new(base, state.dev.evtchn_fd, EV_READ | EV_PERSIST, on_wake, NULL);
    event_add(state.wake, NULL);
    return 0;
}

/* ---- without a hypervisor ---- */

static int none_introduce(struct daemon *daemon, uint16_t domid, uint64_t gfn, uint32_t port)
{
    (void)daemon;
    (void)domid;
    (void)gfn;
    (void)port;
    return EINVAL;
}

static int none_known(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    (void)domid;
    return ENOENT;
}

static int none_set_target(struct daemon *daemon, uint16_t domid, uint16_t target)
{
    (void)target;
    return none_known(daemon, domid);
}

static bool none_introduced(struct daemon *daemon, uint16_t domid)
{
    (void)daemon;
    (void)domid;
    return false;
}

const struct wire_domains domain_none = {
    none_introduce, none_known, none_known, none_set_target, none_introduced,
};
