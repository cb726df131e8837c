/* SPDX-License-Identifier: MIT */
/*
 * The domains that talk to the store through their rings: introducing and releasing them, running
 * their rings when their event channels say so, and noticing that they shut down or are gone
 * (VIRQ_DOM_EXC).
 */
#ifndef XENSTORED_DOMAIN_H
#define XENSTORED_DOMAIN_H

#include "wire.h"

struct event_base;

/* For a daemon without a hypervisor below (--socket-only): knows no domains. */
extern const struct wire_domains domain_none;
/* For one with; after domain_start(). */
extern const struct wire_domains domain_xen;

/*
 * Opens the devices of /dev/xen, connects dom0's own kernel and starts to listen. Needs root;
 * nothing later does. Returns 0, or 1 after it has said on stderr what failed.
 */
int domain_start(struct daemon *daemon, struct event_base *base);

#endif
