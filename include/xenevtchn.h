/* SPDX-License-Identifier: MIT */
/*
 * Event channels for programs in the control domain. Interface of Xen's libxenevtchn 1.2. A handle
 * has ports of its own; an event that came masks its port until xenevtchn_unmask().
 *
 * Functions return -1 (or NULL) and set errno on failure; none logs but opening. A child after
 * fork() may only close its parent's handle.
 */
#ifndef XENEVTCHN_H
#define XENEVTCHN_H

#include <stdint.h>
#include <xen/event_channel.h>

struct xentoollog_logger;
typedef struct xenevtchn_handle xenevtchn_handle;
typedef int xenevtchn_port_or_error_t; /* a port has at most 31 bits */

#define XENEVTCHN_NO_CLOEXEC (1 << 0) /* exec() keeps the descriptor, for xenevtchn_fdopen() */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags);
/* Makes a handle of a descriptor that another one, closed by exec(), left; flags must be 0. */
xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned open_flags);
/* Closes its ports too. NULL is fine. */
int xenevtchn_close(xenevtchn_handle *xce);

/* To be polled for reading: readable where xenevtchn_pending() would not wait. */
int xenevtchn_fd(xenevtchn_handle *xce);

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port);

/* A new port that domain `domid` may bind to. */
xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid);
/* A new port, bound to a port of domain `domid`. */
xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
                                                     evtchn_port_t remote_port);
/* A new port for a virtual interrupt (VIRQ_*). */
xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq);
int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port);

/* Waits for an event and returns its port, which stays masked until it is unmasked. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce);
int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port);

/* From here on the handle binds to ports of domain `domid` alone. */
int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid);

#endif
