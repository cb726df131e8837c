/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: a domain's life and what is known of it, see xenctrl.h. Memory, scheduling and vcpus are
 * elsewhere. It must never keep a domain's state: each answer is the hypervisor's of that moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl.h"

int xc_domain_create(xc_interface *xch, uint32_t *pdomid, struct xen_domctl_createdomain *config)
{
    struct xen_domctl op = {0};
    int ret;

    op.u.createdomain = *config;
    ret = ctrl_domctl(xch, XEN_DOMCTL_createdomain, *pdomid, &op);
    if (ret)
        return ret;
    *pdomid = op.domain;
    *config = op.u.createdomain;
    return 0;
}

int xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, unsigned int max)
{
    struct xen_domctl op = {0};

    op.u.max_vcpus.max = max;
    return ctrl_domctl(xch, XEN_DOMCTL_max_vcpus, domid, &op);
}

int xc_domain_pause(xc_interface *xch, uint32_t domid)
{
    struct xen_domctl op = {0};

    return ctrl_domctl(xch, XEN_DOMCTL_pausedomain, domid, &op);
}

int xc_domain_unpause(xc_interface *xch, uint32_t domid)
{
    struct xen_domctl op = {0};

    return ctrl_domctl(xch, XEN_DOMCTL_unpausedomain, domid, &op);
}

int xc_domain_destroy(xc_interface *xch, uint32_t domid)
{
    int ret;

    do { /* a big domain is taken apart in steps, between which the hypervisor may ask for another call */
        struct xen_domctl op = {0};

        ret = ctrl_domctl(xch, XEN_DOMCTL_destroydomain, domid, &op);
    } while (ret < 0 && errno == EAGAIN);
    return ret;
}

int xc_domain_shutdown(xc_interface *xch, uint32_t domid, int reason)
{
    struct sched_remote_shutdown op = {.domain_id = (domid_t)domid, .reason = (unsigned int)reason};

    return ctrl_call(xch, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op, sizeof(op));
}

int xc_watchdog(xc_interface *xch, uint32_t id, uint32_t timeout)
{
    struct sched_watchdog op = {.id = id, .timeout = timeout};

    return ctrl_call(xch, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &op, sizeof(op));
}

/* A crash is its own state here, not a kind of shutdown. */
static void dominfo_from(xc_dominfo_t *to, const xc_domaininfo_t *from)
{
    uint32_t reason = from->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    bool shutdown = from->flags & XEN_DOMINF_shutdown;
    bool crashed = shutdown && reason == SHUTDOWN_crash;

    *to = (xc_dominfo_t){
        .domid = from->domain,
        .ssidref = from->ssidref,
        .dying = !!(from->flags & XEN_DOMINF_dying),
        .crashed = crashed,
        .shutdown = shutdown && !crashed,
        .paused = !!(from->flags & XEN_DOMINF_paused),
        .blocked = !!(from->flags & XEN_DOMINF_blocked),
        .running = !!(from->flags & XEN_DOMINF_running),
        .hvm = !!(from->flags & XEN_DOMINF_hvm_guest),
        .debugged = !!(from->flags & XEN_DOMINF_debugged),
        .xenstore = !!(from->flags & XEN_DOMINF_xs_domain),
        .hap = !!(from->flags & XEN_DOMINF_hap),
        .shutdown_reason = reason,
        .nr_pages = from->tot_pages,
        .nr_outstanding_pages = from->outstanding_pages,
        .nr_shared_pages = from->shr_pages,
        .nr_paged_pages = from->paged_pages,
        .shared_info_frame = from->shared_info_frame,
        .cpu_time = from->cpu_time,
        .max_memkb = from->max_pages << (XC_PAGE_SHIFT - 10),
        .nr_online_vcpus = from->nr_online_vcpus,
        .max_vcpu_id = from->max_vcpu_id,
        .cpupool = from->cpupool,
        .gpaddr_bits = from->gpaddr_bits,
        .arch_config = from->arch_config,
    };
    memcpy(to->handle, from->handle, sizeof(to->handle));
}

/* One domctl each answers for the first domain from an id on. */
int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms, xc_dominfo_t *info)
{
    unsigned int n;

    for (n = 0; n < max_doms; n++) {
        struct xen_domctl op = {0};

        if (ctrl_domctl(xch, XEN_DOMCTL_getdomaininfo, first_domid, &op) < 0) {
            if (n == 0)
                return -1;
            break;
        }
        dominfo_from(&info[n], &op.u.getdomaininfo);
        first_domid = (uint32_t)op.domain + 1;
    }
    return (int)n;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains,
                          xc_domaininfo_t *info)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, info, max_domains * sizeof(*info)))
        return -1;
    op.u.getdomaininfolist.first_domain = (domid_t)first_domain;
    op.u.getdomaininfolist.max_domains = max_domains;
    set_xen_guest_handle_raw(op.u.getdomaininfolist.buffer, c.at);
    ret = ctrl_sysctl(xch, XEN_SYSCTL_getdomaininfolist, &op);
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret < 0 ? -1 : (int)op.u.getdomaininfolist.num_domains;
}

int xc_domain_sethandle(xc_interface *xch, uint32_t domid, xen_domain_handle_t handle)
{
    struct xen_domctl op = {0};

    memcpy(op.u.setdomainhandle.handle, handle, sizeof(op.u.setdomainhandle.handle));
    return ctrl_domctl(xch, XEN_DOMCTL_setdomainhandle, domid, &op);
}

int xc_domain_setdebugging(xc_interface *xch, uint32_t domid, unsigned int enable)
{
    struct xen_domctl op = {0};

    op.u.setdebugging.enable = (uint8_t)enable;
    return ctrl_domctl(xch, XEN_DOMCTL_setdebugging, domid, &op);
}

int xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid, int virq)
{
    struct xen_domctl op = {0};

    op.u.set_virq_handler.virq = (uint32_t)virq;
    return ctrl_domctl(xch, XEN_DOMCTL_set_virq_handler, domid, &op);
}

int xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target)
{
    struct xen_domctl op = {0};

    op.u.set_target.target = (domid_t)target;
    return ctrl_domctl(xch, XEN_DOMCTL_set_target, domid, &op);
}

int xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid, evtchn_port_t port)
{
    struct xen_domctl op = {0};

    op.u.subscribe.port = port;
    return ctrl_domctl(xch, XEN_DOMCTL_subscribe, domid, &op);
}

int xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger, uint32_t vcpu)
{
    struct xen_domctl op = {0};

    op.u.sendtrigger.trigger = trigger;
    op.u.sendtrigger.vcpu = vcpu;
    return ctrl_domctl(xch, XEN_DOMCTL_sendtrigger, domid, &op);
}

int xc_domain_get_guest_width(xc_interface *xch, uint32_t domid, unsigned int *guest_width)
{
    struct xen_domctl op = {0};
    int ret = ctrl_domctl(xch, XEN_DOMCTL_get_address_size, domid, &op);

    if (ret)
        return ret;
    *guest_width = op.u.address_size.size / 8; /* bits there */
    return 0;
}

int xc_domain_set_time_offset(xc_interface *xch, uint32_t domid, int32_t time_offset_seconds)
{
    struct xen_domctl op = {0};

    op.u.settimeoffset.time_offset_seconds = time_offset_seconds;
    return ctrl_domctl(xch, XEN_DOMCTL_settimeoffset, domid, &op);
}

int xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid, uint32_t tsc_mode, uint64_t elapsed_nsec,
                           uint32_t gtsc_khz, uint32_t incarnation)
{
    struct xen_domctl op = {0};

    op.u.tsc_info.tsc_mode = tsc_mode;
    op.u.tsc_info.elapsed_nsec = elapsed_nsec;
    op.u.tsc_info.gtsc_khz = gtsc_khz;
    op.u.tsc_info.incarnation = incarnation;
    return ctrl_domctl(xch, XEN_DOMCTL_settscinfo, domid, &op);
}

int xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid, uint32_t *tsc_mode,
                           uint64_t *elapsed_nsec, uint32_t *gtsc_khz, uint32_t *incarnation)
{
    struct xen_domctl op = {0};
    int ret = ctrl_domctl(xch, XEN_DOMCTL_gettscinfo, domid, &op);

    if (ret)
        return ret;
    *tsc_mode = op.u.tsc_info.tsc_mode;
    *elapsed_nsec = op.u.tsc_info.elapsed_nsec;
    *gtsc_khz = op.u.tsc_info.gtsc_khz;
    *incarnation = op.u.tsc_info.incarnation;
    return 0;
}

int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid, uint32_t first_port,
                                uint32_t nr_ports, uint32_t allow_access)
{
    struct xen_domctl op = {0};

    op.u.ioport_permission.first_port = first_port;
    op.u.ioport_permission.nr_ports = nr_ports;
    op.u.ioport_permission.allow_access = (uint8_t)allow_access;
    return ctrl_domctl(xch, XEN_DOMCTL_ioport_permission, domid, &op);
}

int xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq, bool allow_access)
{
    struct xen_domctl op = {0};

    op.u.irq_permission.pirq = pirq;
    op.u.irq_permission.allow_access = allow_access;
    return ctrl_domctl(xch, XEN_DOMCTL_irq_permission, domid, &op);
}

int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid, unsigned long first_mfn,
                               unsigned long nr_mfns, uint8_t allow_access)
{
    struct xen_domctl op = {0};

    op.u.iomem_permission.first_mfn = first_mfn;
    op.u.iomem_permission.nr_mfns = nr_mfns;
    op.u.iomem_permission.allow_access = allow_access;
    return ctrl_domctl(xch, XEN_DOMCTL_iomem_permission, domid, &op);
}
