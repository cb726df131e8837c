/* SPDX-License-Identifier: MIT */
/*
 * The store frontend: a domain's own end of its store ring. One request at a time; watch events that
 * come in between are kept, a few of them, until they are asked for.
 *
 * Functions return 0 or a length, or a negated XEN_E* number: the store's own answer (-XEN_ENOENT,
 * ...), -XEN_E2BIG for what fits no message or no buffer, -XEN_EIO once the ring or its peer made no
 * sense or a request went unanswered for PV_STORE_PATIENCE_NS; that is final. Paths may be relative
 * to the domain's own ("name" is /local/domain/N/name). Strings that come back are NUL-ended; values
 * may hold NULs.
 */
#ifndef PV_STORE_H
#define PV_STORE_H

#include <public/io/xs_wire.h>
#include <stdbool.h>
#include <stddef.h>

#define PV_STORE_PATIENCE_NS 30000000000ull
#define PV_STORE_PATH_MAX    128u /* of a path in an event that is kept, with its NUL */
#define PV_STORE_TOKEN_MAX   32u
#define PV_STORE_EVENTS      8u

struct pv_store_event {
    char path[PV_STORE_PATH_MAX];
    char token[PV_STORE_TOKEN_MAX];
};

struct pv_store {
    struct xenstore_domain_interface *page; /* NULL: no store */
    uint32_t port;
    bool broken;
    uint32_t last_id;
    unsigned int events; /* how many of `event` are kept, oldest first */
    bool lost;           /* an event found no place */
    struct pv_store_event event[PV_STORE_EVENTS];

    /* the message that is coming in */
    uint32_t have;
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

/* Finds the store. False where the domain has none; every call below then fails with -XEN_EIO. */
bool pv_store_init(struct pv_store *s);

/* Reads a node into `to`, `size` bytes with its NUL. Returns the value's length. */
int pv_store_read(struct pv_store *s, const char *path, char *to, size_t size);

int pv_store_write(struct pv_store *s, const char *path, const void *value, size_t len);

/* Watches a path and what is below it; it fires once straight away. Token: < PV_STORE_TOKEN_MAX. */
int pv_store_watch(struct pv_store *s, const char *path, const char *token);

/*
 * Takes the next watch event without waiting: 1 with *event, 0 for none, or an error. An event whose
 * path is empty says that others were lost: look at everything that is watched.
 */
int pv_store_next_event(struct pv_store *s, struct pv_store_event *event);

#endif
