/* SPDX-License-Identifier: MIT */
/*
 * What each request of the wire protocol means: its payload is taken apart here, checked whole, and
 * becomes one call into the store or one to whoever knows the domains. Format: Xen's
 * docs/misc/xenstore.txt.
 */
#ifndef XENSTORED_WIRE_H
#define XENSTORED_WIRE_H

#include "conn.h"

/* First domain id that stands for no domain. */
#define WIRE_DOMID_FIRST_RESERVED 0x7ff0

/* How a request reaches what only a host has: domains and their rings. Errors are errno values. */
struct wire_domains {
    /* Connects DOMID's ring; PORT is its event channel. EINVAL: no such domain, or no way to its
     * page or port. */
    int (*introduce)(struct daemon *daemon, uint16_t domid, uint64_t gfn, uint32_t port);
    /* ENOENT where DOMID has not been introduced; so for the next two. */
    int (*release)(struct daemon *daemon, uint16_t domid);
    int (*resume)(struct daemon *daemon, uint16_t domid);
    int (*set_target)(struct daemon *daemon, uint16_t domid, uint16_t target);
    bool (*introduced)(struct daemon *daemon, uint16_t domid);
};

/*
 * Handles one request: queues exactly one answer on CONN, and whatever events follow on any
 * connection. PAYLOAD is header->len bytes (at most XENSTORE_PAYLOAD_MAX) and one NUL that is not
 * part of them.
 */
void wire_handle(struct conn *conn, const struct xsd_sockmsg *header, char *payload);

#endif
