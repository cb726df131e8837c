/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: event channels, grant tables and physical interrupts of any domain, see xenctrl.h, and the
 * old names of what xenevtchn.h and xengnttab.h have. It must never hold a port or a mapping open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define XC_WANT_COMPAT_EVTCHN_API
#define XC_WANT_COMPAT_GNTTAB_API
#include "ctrl.h"

xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface *xch, uint32_t dom, uint32_t remote_dom)
{
    struct evtchn_alloc_unbound op = {.dom = (domid_t)dom, .remote_dom = (domid_t)remote_dom};
    int ret = ctrl_call(xch, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op, sizeof(op));

    return ret ? ret : (int)op.port;
}

int xc_evtchn_reset(xc_interface *xch, uint32_t dom)
{
    struct evtchn_reset op = {.dom = (domid_t)dom};

    return ctrl_call(xch, __HYPERVISOR_event_channel_op, EVTCHNOP_reset, &op, sizeof(op));
}

int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status)
{
    return ctrl_call(xch, __HYPERVISOR_event_channel_op, EVTCHNOP_status, status, sizeof(*status));
}

int xc_gnttab_query_size(xc_interface *xch, struct gnttab_query_size *query)
{
    int ret = xc_gnttab_op(xch, GNTTABOP_query_size, query, sizeof(*query), 1);

    if (!ret && query->status != GNTST_okay) { /* which the caller is to look at too: no failure of the call */
        errno = 0;
        ctrl_error(xch, XC_INTERNAL_ERROR, "size of the grant table of domain %u: the hypervisor says %d",
                   query->dom, query->status);
    }
    return ret;
}

int xc_gnttab_get_version(xc_interface *xch, uint32_t domid)
{
    struct gnttab_get_version op = {.dom = (domid_t)domid};
    int ret = xc_gnttab_op(xch, GNTTABOP_get_version, &op, sizeof(op), 1);

    return ret < 0 ? ret : (int)op.version;
}

/* Asks for the table's frames, which are then mapped like any of the domain's. */
grant_entry_v1_t *xc_gnttab_map_table_v1(xc_interface *xch, uint32_t domid, int *gnt_num)
{
    struct gnttab_query_size size = {.dom = (domid_t)domid};
    struct gnttab_setup_table setup = {.dom = (domid_t)domid};
    grant_entry_v1_t *table = NULL;
    struct ctrl_copy c;
    xen_pfn_t *frames;

    if (xc_gnttab_query_size(xch, &size))
        return NULL;
    if (size.status != GNTST_okay) {
        errno = EINVAL;
        return NULL;
    }
    frames = calloc(size.nr_frames ? size.nr_frames : 1, sizeof(*frames));
    if (!frames || ctrl_copy_in(xch, &c, frames, size.nr_frames * sizeof(*frames))) {
        free(frames);
        return NULL;
    }
    setup.nr_frames = size.nr_frames;
    set_xen_guest_handle_raw(setup.frame_list, c.at);
    if (!xc_gnttab_op(xch, GNTTABOP_setup_table, &setup, sizeof(setup), 1)) {
        ctrl_copy_end(xch, &c, true);
        if (setup.status == GNTST_okay)
            table = xenforeignmemory_map(xch->memory, domid, PROT_READ | PROT_WRITE, size.nr_frames, frames,
                                         NULL);
        else
            errno = EINVAL;
    }
    ctrl_copy_end(xch, &c, false);
    free(frames);
    if (table)
        *gnt_num = (int)(size.nr_frames * (XC_PAGE_SIZE / sizeof(*table)));
    return table;
}

int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index, int *pirq)
{
    struct physdev_map_pirq op = {.domid = (domid_t)domid, .type = MAP_PIRQ_TYPE_GSI, .index = index};
    int ret;

    if (!pirq) {
        errno = EINVAL;
        return -1;
    }
    op.pirq = *pirq;
    ret = ctrl_call(xch, __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &op, sizeof(op));
    if (ret >= 0)
        *pirq = op.pirq;
    return ret;
}

int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq)
{
    struct physdev_unmap_pirq op = {.domid = (domid_t)domid, .pirq = pirq};

    return ctrl_call(xch, __HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &op, sizeof(op));
}

xc_evtchn *xc_evtchn_open(xentoollog_logger *logger, unsigned open_flags)
{
    return xenevtchn_open(logger, open_flags);
}

int xc_evtchn_close(xc_evtchn *xce)
{
    return xenevtchn_close(xce);
}

int xc_evtchn_fd(xc_evtchn *xce)
{
    return xenevtchn_fd(xce);
}

int xc_evtchn_notify(xc_evtchn *xce, evtchn_port_t port)
{
    return xenevtchn_notify(xce, port);
}

xc_evtchn_port_or_error_t xc_evtchn_bind_unbound_port(xc_evtchn *xce, uint32_t domid)
{
    return xenevtchn_bind_unbound_port(xce, domid);
}

xc_evtchn_port_or_error_t xc_evtchn_bind_interdomain(xc_evtchn *xce, uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    return xenevtchn_bind_interdomain(xce, domid, remote_port);
}

xc_evtchn_port_or_error_t xc_evtchn_bind_virq(xc_evtchn *xce, unsigned int virq)
{
    return xenevtchn_bind_virq(xce, virq);
}

int xc_evtchn_unbind(xc_evtchn *xce, evtchn_port_t port)
{
    return xenevtchn_unbind(xce, port);
}

xc_evtchn_port_or_error_t xc_evtchn_pending(xc_evtchn *xce)
{
    return xenevtchn_pending(xce);
}

int xc_evtchn_unmask(xc_evtchn *xce, evtchn_port_t port)
{
    return xenevtchn_unmask(xce, port);
}

xc_gnttab *xc_gnttab_open(xentoollog_logger *logger, unsigned open_flags)
{
    return xengnttab_open(logger, open_flags);
}

int xc_gnttab_close(xc_gnttab *xcg)
{
    return xengnttab_close(xcg);
}

void *xc_gnttab_map_grant_ref(xc_gnttab *xcg, uint32_t domid, uint32_t ref, int prot)
{
    return xengnttab_map_grant_ref(xcg, domid, ref, prot);
}

void *xc_gnttab_map_grant_refs(xc_gnttab *xcg, uint32_t count, uint32_t *domids, uint32_t *refs, int prot)
{
    return xengnttab_map_grant_refs(xcg, count, domids, refs, prot);
}

void *xc_gnttab_map_domain_grant_refs(xc_gnttab *xcg, uint32_t count, uint32_t domid, uint32_t *refs,
                                      int prot)
{
    return xengnttab_map_domain_grant_refs(xcg, count, domid, refs, prot);
}

void *xc_gnttab_map_grant_ref_notify(xc_gnttab *xcg, uint32_t domid, uint32_t ref, int prot,
                                     uint32_t notify_offset, evtchn_port_t notify_port)
{
    return xengnttab_map_grant_ref_notify(xcg, domid, ref, prot, notify_offset, notify_port);
}

int xc_gnttab_munmap(xc_gnttab *xcg, void *start_address, uint32_t count)
{
    return xengnttab_unmap(xcg, start_address, count);
}

int xc_gnttab_set_max_grants(xc_gnttab *xcg, uint32_t count)
{
    return xengnttab_set_max_grants(xcg, count);
}

xc_gntshr *xc_gntshr_open(xentoollog_logger *logger, unsigned open_flags)
{
    return xengntshr_open(logger, open_flags);
}

int xc_gntshr_close(xc_gntshr *xcg)
{
    return xengntshr_close(xcg);
}

void *xc_gntshr_share_pages(xc_gntshr *xcg, uint32_t domid, int count, uint32_t *refs, int writable)
{
    return xengntshr_share_pages(xcg, domid, count, refs, writable);
}

void *xc_gntshr_share_page_notify(xc_gntshr *xcg, uint32_t domid, uint32_t *ref, int writable,
                                  uint32_t notify_offset, evtchn_port_t notify_port)
{
    return xengntshr_share_page_notify(xcg, domid, ref, writable, notify_offset, notify_port);
}

int xc_gntshr_munmap(xc_gntshr *xcg, void *start_address, uint32_t count)
{
    return xengntshr_unshare(xcg, start_address, count);
}
