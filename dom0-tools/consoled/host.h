/* SPDX-License-Identifier: MIT */
/*
 * What the daemon needs of the hypervisor, by way of Linux's /dev/xen/evtchn and /dev/xen/gntdev:
 * event channel ports and the console page of a domain. No hypercalls, no memory but what the
 * domain granted to us. Tests put their own functions in this file's place.
 *
 * All functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef CONSOLED_HOST_H
#define CONSOLED_HOST_H

#include <public/io/console.h>
#include <stdint.h>

struct host {
    int evtchn;
    int gntdev;
};

int host_open(struct host *h);
void host_close(struct host *h);

/* The descriptor that is readable when a port fired. */
int host_fd(const struct host *h);

/*
 * Takes the number of a port that fired: 1 with *port, 0 where none did, negative errno. The port
 * then stays masked until host_unmask: events meanwhile are remembered, as one.
 */
int host_next_port(struct host *h, uint32_t *port);
int host_unmask(struct host *h, uint32_t port);

/* Binds a fresh local port to the domain's port. -EINVAL where the domain offers no such port to us. */
int host_bind(struct host *h, uint32_t domid, uint32_t remote_port, uint32_t *port);
void host_unbind(struct host *h, uint32_t port);
int host_notify(struct host *h, uint32_t port);

/* Maps the page that the domain granted for its console (the reserved grant reference). */
int host_map_console(struct host *h, uint32_t domid, struct xencons_interface **page);
void host_unmap(struct host *h, struct xencons_interface *page);

#endif
