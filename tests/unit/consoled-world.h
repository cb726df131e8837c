/* SPDX-License-Identifier: MIT */
/*
 * The world that the console daemon's tests run it in: a hypervisor and a store played by
 * consoled-world.c, which defines host.h's and store.h's functions, and the daemon's moving parts put
 * together as its main() does. One thread: run_loop() lets the daemon act on all that is ready and
 * never waits.
 */
#ifndef TESTS_CONSOLED_WORLD_H
#define TESTS_CONSOLED_WORLD_H

#include <stdbool.h>

#include "clients.h"
#include "domains.h"

#define DOMAINS 8u

/* By domid. A guest's remote port is 10 + domid, our local one 100 + domid. */
extern struct guest {
    struct xencons_interface *page; /* NULL: nothing granted */
    bool mapped, bound, fired, masked;
    unsigned int notified;
} guests[DOMAINS];

/* The store's content and state. */
extern struct fake_store {
    struct store *connection; /* the daemon's, NULL: none */
    bool down;                /* refuses connections */
    uint32_t vanishes;        /* whose nodes go just before the next transaction; 0: nobody's */
    unsigned int conflicts;   /* so many transactions are to be done again */
    int broken;               /* what every call returns once the connection is cut */
    struct {
        bool introduced, nodes, watched;
        const char *name, *type;
        char tty[64];
        uint32_t port;
    } domain[DOMAINS];
    struct {
        char token[32];
    } events[64];
    size_t event_count;
} fake;

/* A watch fires. */
void store_fire(const char *token);

/* Makes the daemon's socket readable, so that it meets `fake.broken`. */
void store_cut(void);

/* The daemon. Between daemon_start and daemon_go its setup may be changed. */
extern struct console_setup setup;
extern struct domains *domains;
extern char socket_path[64];
int world_start(void);
int world_end(void);
void daemon_start(void);
void daemon_go(void);
void daemon_stop(void); /* checks that nothing stayed mapped or bound */
void run_loop(void);

/* A domain with its grant and nodes, as a toolstack makes it; not announced yet. */
void domain_make(uint32_t domid, const char *name);
void domain_announce(uint32_t domid, const char *name);
void domain_die(uint32_t domid);

/* The guest writes what has room and sends an event. Returns how much had room. */
size_t guest_say(uint32_t domid, const char *text, size_t len);
/* All of it must have room, and the daemon acts on it. */
void guest_says(uint32_t domid, const char *text);

/* The log file must hold `text`; it is then removed. */
void expect_log(const char *file, const char *text);

/* A client of the socket. */
int client_open(void);
void client_say(int fd, const char *text);
/* All that came so far must be `text`; `closed`: and then the end. */
void expect_client(int fd, const char *text, bool closed);
int client_attach(const char *request, const char *answer);

#endif
