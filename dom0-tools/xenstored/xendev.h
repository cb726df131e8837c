/* SPDX-License-Identifier: MIT */
/*
 * The few things that the daemon needs of the machine below: event channels, the pages of domains,
 * and whether a domain lives. All of it through the devices of dom0's kernel in /dev/xen; no
 * privilege is needed once they are open, so that the daemon can give up root.
 *
 * Functions return 0 (or what they say) on success and a negative errno on failure. One instance
 * per process.
 */
#ifndef XENSTORED_XENDEV_H
#define XENSTORED_XENDEV_H

#include <stdbool.h>
#include <stdint.h>

struct xendev {
    int evtchn_fd, gntdev_fd, privcmd_fd, buffer_fd;
    void *buffer; /* a page that the hypervisor may read and write during a call */
};

/* A domain's page, mapped by grant. */
struct xendev_page {
    void *address;
    uint64_t index; /* gntdev's name for it */
};

enum xendev_state {
    XENDEV_GONE = 0,
    XENDEV_EXISTS = 1,
    XENDEV_SHUTDOWN = 2, /* with EXISTS: the guest has shut down, suspended or crashed */
    XENDEV_DYING = 4,    /* with EXISTS: being destroyed */
};

/* Opens the devices; on failure *FAILED names the one that did not open. */
int xendev_open(struct xendev *dev, const char **failed);

/* Port of our end. VIRQ: a global virtual interrupt; INTERDOMAIN: the far end is DOMID's PORT. */
int xendev_bind_virq(struct xendev *dev, uint32_t virq);
int xendev_bind_interdomain(struct xendev *dev, uint16_t domid, uint32_t port);
int xendev_unbind(struct xendev *dev, uint32_t port);
int xendev_notify(struct xendev *dev, uint32_t port);

/*
 * Ports with events, at most MAX: how many, 0 for none. Each one is silent from then on, until
 * xendev_unmask(). evtchn_fd polls readable when there are any.
 */
int xendev_pending(struct xendev *dev, uint32_t *ports, unsigned int max);
int xendev_unmask(struct xendev *dev, const uint32_t *ports, unsigned int count);

/* Maps DOMID's page that its grant REF offers, writable. */
int xendev_map(struct xendev *dev, uint16_t domid, uint32_t ref, struct xendev_page *page);
void xendev_unmap(struct xendev *dev, struct xendev_page *page);

/* Bits of enum xendev_state; negative where the hypervisor could not be asked. */
int xendev_domain_state(struct xendev *dev, uint16_t domid);

/* The page that dom0's own kernel shares with a store in user space, and its event channel's port.
 * Needs root. */
int xendev_own_ring(void **page, uint32_t *port);

#endif
