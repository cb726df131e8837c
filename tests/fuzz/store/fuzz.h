/* SPDX-License-Identifier: MIT */
/*
 * What the store's fuzzer is made of: the real daemon's parts (sockets, rings, wire, store) in one process with a machine
 * that is made up (machine.c), clients that keep account of what they asked (client.c), and requests that nearly make sense
 * (requests.c). main.c drives them and checks what must hold.
 */
#ifndef FUZZ_STORE_H
#define FUZZ_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/xs_wire.h>

#include "store-private.h"
#include "wire.h"

#define GUESTS      4 /* domains 1 to 4 have rings; 0 is the control domain, by its own ring */
#define SOCKETS     3
#define CLIENTS     (1 + GUESTS + SOCKETS)
#define REQUEST_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 64)
#define HOST_ONLY   "/host-only"         /* a part of the store that only the host may read */
#define SECRET      "sEcReT-of-the-host" /* a name and a value in it, which no guest ever says */
#define ASKED_MAX   512

/* Whatever goes wrong ends the process with the seed and the step, by which it can be had again. */
void failed(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define MUST(condition, ...)     \
    do {                         \
        if (!(condition))        \
            failed(__VA_ARGS__); \
    } while (0)

extern uint64_t random_state;
uint64_t random_64(void);
uint32_t below(uint32_t limit);
static inline bool one_in(uint32_t n)
{
    return below(n) == 0;
}

/* ---- machine.c ---- */

struct machine_domain {
    bool exists, dying, shutdown;
    struct xenstore_domain_interface
        *page; /* exactly as large as a page: reads beyond it are seen */
    uint32_t mapped;
    int port; /* the daemon's; -1: none bound */
};
extern struct machine_domain machine[GUESTS + 1];
extern bool machine_fails; /* now and then what is asked of it fails */
void machine_init(void);
/* An event from the domain, or of domains' ends (VIRQ_DOM_EXC). */
void machine_send(unsigned int domid);
void machine_exception(void);
unsigned int machine_ports(void);

/* ---- client.c ---- */

struct asked {
    uint32_t type, req_id, tx_id;
};

struct client {
    unsigned int domid;
    bool is_ring, open;
    bool honest; /* keeps to the protocol: exactly one answer to each request, in order, is due */
    bool reads;  /* takes its answers */
    int fd;
    uint32_t next_id;
    uint32_t txns[16]; /* that it was told of */
    struct asked asked[ASKED_MAX];
    unsigned int asked_first, asked_count;
    unsigned char out[4 * REQUEST_MAX], in[2 * REQUEST_MAX]; /* not sent yet; not whole yet */
    size_t out_len, in_len;
    uint64_t answers, errors, events;
};
extern struct client clients[CLIENTS];
extern uint64_t answered[XS_TYPE_COUNT + 1][2]; /* by type: done, refused */

void client_open_socket(struct client *c, const char *path);
void client_close_socket(struct client *c);
/* A domain's ring as after a boot. */
void client_ring_fresh(struct client *c);
/* Moves bytes both ways, takes answers apart and checks them. True: something moved. */
bool client_move(struct client *c);
/* Queues a request; false where it has too much under way. */
bool client_ask(struct client *c, uint32_t type, uint32_t tx, const void *payload, size_t len);
void client_spoil(struct client *c); /* it is not honest from now on, until it starts anew */

/* ---- requests.c ---- */

/* One request that may make sense, from C. */
void request_random(struct client *c);
/* The same with its bytes, its length or its ring spoilt. */
void request_hostile(struct client *c);

#endif
