/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: schedulers' parameters and CPU pools, see xenctrl.h. It must never check a weight or a cap:
 * what they may be is the hypervisor's.
 */
#include <stdlib.h>

#include "ctrl.h"

int xc_sched_id(xc_interface *xch, int *sched_id)
{
    struct xen_sysctl op = {0};
    int ret = ctrl_sysctl(xch, XEN_SYSCTL_sched_id, &op);

    if (ret < 0)
        return ret;
    *sched_id = (int)op.u.sched_id.sched_id;
    return 0;
}

/* A domain's parameters under scheduler id; of the union's members *value's is in use. */
#define DOMAIN_CALL(xch, cmd_, domid, id, member, value)                             \
    ({                                                                               \
        struct xen_domctl op_ = {0};                                                 \
        int ret_;                                                                    \
        op_.u.scheduler_op.sched_id = (id);                                          \
        op_.u.scheduler_op.cmd = (cmd_);                                             \
        op_.u.scheduler_op.u.member = *(value);                                      \
        ret_ = ctrl_domctl((xch), XEN_DOMCTL_scheduler_op, (domid), &op_);           \
        if (ret_ >= 0)                                                               \
            *(value) = op_.u.scheduler_op.u.member;                                  \
        ret_;                                                                        \
    })

int xc_sched_credit_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_putinfo, domid, XEN_SCHEDULER_CREDIT, credit, sdom);
}

int xc_sched_credit_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_getinfo, domid, XEN_SCHEDULER_CREDIT, credit, sdom);
}

int xc_sched_credit2_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_putinfo, domid, XEN_SCHEDULER_CREDIT2, credit2, sdom);
}

int xc_sched_credit2_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_getinfo, domid, XEN_SCHEDULER_CREDIT2, credit2, sdom);
}

int xc_sched_rtds_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_rtds *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_putinfo, domid, XEN_SCHEDULER_RTDS, rtds, sdom);
}

int xc_sched_rtds_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_rtds *sdom)
{
    return DOMAIN_CALL(xch, XEN_DOMCTL_SCHEDOP_getinfo, domid, XEN_SCHEDULER_RTDS, rtds, sdom);
}

/* The same for a pool's. */
#define POOL_CALL(xch, cmd_, pool, id, member, value)                        \
    ({                                                                       \
        struct xen_sysctl op_ = {0};                                         \
        int ret_;                                                            \
        op_.u.scheduler_op.cpupool_id = (pool);                              \
        op_.u.scheduler_op.sched_id = (id);                                  \
        op_.u.scheduler_op.cmd = (cmd_);                                     \
        op_.u.scheduler_op.u.member = *(value);                              \
        ret_ = ctrl_sysctl((xch), XEN_SYSCTL_scheduler_op, &op_);            \
        if (ret_ >= 0)                                                       \
            *(value) = op_.u.scheduler_op.u.member;                          \
        ret_ < 0 ? -1 : 0;                                                   \
    })

int xc_sched_credit_params_set(xc_interface *xch, uint32_t cpupool_id,
                               struct xen_sysctl_credit_schedule *schedule)
{
    return POOL_CALL(xch, XEN_SYSCTL_SCHEDOP_putinfo, cpupool_id, XEN_SCHEDULER_CREDIT, sched_credit,
                     schedule);
}

int xc_sched_credit_params_get(xc_interface *xch, uint32_t cpupool_id,
                               struct xen_sysctl_credit_schedule *schedule)
{
    return POOL_CALL(xch, XEN_SYSCTL_SCHEDOP_getinfo, cpupool_id, XEN_SCHEDULER_CREDIT, sched_credit,
                     schedule);
}

int xc_sched_credit2_params_set(xc_interface *xch, uint32_t cpupool_id,
                                struct xen_sysctl_credit2_schedule *schedule)
{
    return POOL_CALL(xch, XEN_SYSCTL_SCHEDOP_putinfo, cpupool_id, XEN_SCHEDULER_CREDIT2, sched_credit2,
                     schedule);
}

int xc_sched_credit2_params_get(xc_interface *xch, uint32_t cpupool_id,
                                struct xen_sysctl_credit2_schedule *schedule)
{
    return POOL_CALL(xch, XEN_SYSCTL_SCHEDOP_getinfo, cpupool_id, XEN_SCHEDULER_CREDIT2, sched_credit2,
                     schedule);
}

/* cpumap NULL: without one. */
static int pool_op(xc_interface *xch, uint32_t what, struct xen_sysctl_cpupool_op *pool, xc_cpumap_t cpumap,
                   size_t size)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, cpumap, size))
        return -1;
    op.u.cpupool_op = *pool;
    op.u.cpupool_op.op = what;
    if (c.at) {
        op.u.cpupool_op.cpumap.nr_bits = (uint32_t)size * 8;
        set_xen_guest_handle_raw(op.u.cpupool_op.cpumap.bitmap, c.at);
    }
    ret = ctrl_sysctl(xch, XEN_SYSCTL_cpupool_op, &op);
    *pool = op.u.cpupool_op;
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret < 0 ? -1 : ret;
}

xc_cpupoolinfo_t *xc_cpupool_getinfo(xc_interface *xch, uint32_t poolid)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = poolid};
    int size = xc_get_cpumap_size(xch);
    xc_cpupoolinfo_t *info = size > 0 ? calloc(1, sizeof(*info)) : NULL;

    if (!info)
        return NULL;
    info->cpumap = calloc(1, (size_t)size);
    if (!info->cpumap || pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_INFO, &op, info->cpumap, (size_t)size) < 0) {
        xc_cpupool_infofree(xch, info);
        return NULL;
    }
    info->cpupool_id = op.cpupool_id;
    info->sched_id = op.sched_id;
    info->n_dom = op.n_dom;
    return info;
}

void xc_cpupool_infofree(xc_interface *xch, xc_cpupoolinfo_t *info)
{
    (void)xch;
    if (info)
        free(info->cpumap);
    free(info);
}

xc_cpumap_t xc_cpupool_freeinfo(xc_interface *xch)
{
    struct xen_sysctl_cpupool_op op = {0};
    int size = xc_get_cpumap_size(xch);
    xc_cpumap_t map = size > 0 ? calloc(1, (size_t)size) : NULL;

    if (map && pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_FREEINFO, &op, map, (size_t)size) < 0) {
        free(map);
        return NULL;
    }
    return map;
}

int xc_cpupool_create(xc_interface *xch, uint32_t *ppoolid, uint32_t sched_id)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = *ppoolid, .sched_id = sched_id};
    int ret = pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_CREATE, &op, NULL, 0);

    if (ret < 0)
        return ret;
    *ppoolid = op.cpupool_id;
    return 0;
}

int xc_cpupool_destroy(xc_interface *xch, uint32_t poolid)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = poolid};

    return pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_DESTROY, &op, NULL, 0);
}

int xc_cpupool_addcpu(xc_interface *xch, uint32_t poolid, int cpu)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = poolid, .cpu = (uint32_t)cpu};

    return pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, &op, NULL, 0);
}

int xc_cpupool_removecpu(xc_interface *xch, uint32_t poolid, int cpu)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = poolid, .cpu = (uint32_t)cpu};

    return pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_RMCPU, &op, NULL, 0);
}

int xc_cpupool_movedomain(xc_interface *xch, uint32_t poolid, uint32_t domid)
{
    struct xen_sysctl_cpupool_op op = {.cpupool_id = poolid, .domid = domid};

    return pool_op(xch, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, &op, NULL, 0);
}
