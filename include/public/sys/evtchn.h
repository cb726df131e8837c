/* SPDX-License-Identifier: MIT */
/*
 * Linux's /dev/xen/evtchn: event channels for programs. Reading gives ports that fired (32 bits
 * each), which stay masked until they are written. Linux's interface, not the hypervisor's.
 */
#ifndef PUBLIC_SYS_EVTCHN_H
#define PUBLIC_SYS_EVTCHN_H

#include <sys/ioctl.h>

#include "../types.h"

/* The binding ones return the new port. */
struct ioctl_evtchn_bind_virq {
    unsigned int virq;
};

struct ioctl_evtchn_bind_interdomain {
    unsigned int remote_domain, remote_port;
};

struct ioctl_evtchn_bind_unbound_port {
    unsigned int remote_domain;
};

struct ioctl_evtchn_unbind {
    unsigned int port;
};

struct ioctl_evtchn_notify {
    unsigned int port;
};

/* From then on the descriptor binds to ports of this domain alone. */
struct ioctl_evtchn_restrict_domid {
    domid_t domid;
};

#define EVTCHN_IOC_(number, type)      _IOC(_IOC_NONE, 'E', number, sizeof(struct type))
#define IOCTL_EVTCHN_BIND_VIRQ         EVTCHN_IOC_(0, ioctl_evtchn_bind_virq)
#define IOCTL_EVTCHN_BIND_INTERDOMAIN  EVTCHN_IOC_(1, ioctl_evtchn_bind_interdomain)
#define IOCTL_EVTCHN_BIND_UNBOUND_PORT EVTCHN_IOC_(2, ioctl_evtchn_bind_unbound_port)
#define IOCTL_EVTCHN_UNBIND            EVTCHN_IOC_(3, ioctl_evtchn_unbind)
#define IOCTL_EVTCHN_NOTIFY            EVTCHN_IOC_(4, ioctl_evtchn_notify)
#define IOCTL_EVTCHN_RESET             _IOC(_IOC_NONE, 'E', 5, 0) /* forgets what fired */
#define IOCTL_EVTCHN_RESTRICT_DOMID    EVTCHN_IOC_(6, ioctl_evtchn_restrict_domid)

#endif
