/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: CPUs' frequencies and idle states as the hypervisor keeps them, see xenctrl.h. Where it does
 * not, each of these fails with its errno. It must never believe a count that comes back beyond the room.
 */
#include <errno.h>
#include <string.h>

#include "ctrl.h"

static int stat_call(xc_interface *xch, uint32_t type, int cpuid, struct xen_sysctl *op)
{
    op->u.get_pmstat.type = type;
    op->u.get_pmstat.cpuid = (uint32_t)cpuid;
    return ctrl_sysctl(xch, XEN_SYSCTL_get_pmstat, op);
}

int xc_pm_get_max_px(xc_interface *xch, int cpuid, int *max_px)
{
    struct xen_sysctl op = {0};
    int ret = stat_call(xch, PMSTAT_get_max_px, cpuid, &op);

    if (!ret)
        *max_px = op.u.get_pmstat.u.getpx.total;
    return ret;
}

int xc_pm_get_pxstat(xc_interface *xch, int cpuid, struct xc_px_stat *pxpt)
{
    struct xen_sysctl op = {0};
    struct ctrl_copy transitions, states;
    int max, ret;

    _Static_assert(sizeof(struct xc_px_val) == sizeof(struct pm_px_val), "states are copied as they are");
    if (!pxpt->trans_pt || !pxpt->pt) {
        errno = EINVAL;
        return -1;
    }
    ret = xc_pm_get_max_px(xch, cpuid, &max);
    if (ret)
        return ret;
    if (ctrl_copy_in(xch, &transitions, pxpt->trans_pt, (size_t)max * (size_t)max * sizeof(uint64_t)))
        return -1;
    if (ctrl_copy_in(xch, &states, pxpt->pt, (size_t)max * sizeof(*pxpt->pt))) {
        ctrl_copy_end(xch, &transitions, false);
        return -1;
    }
    op.u.get_pmstat.u.getpx.total = (uint8_t)max;
    set_xen_guest_handle_raw(op.u.get_pmstat.u.getpx.trans_pt, transitions.at);
    set_xen_guest_handle_raw(op.u.get_pmstat.u.getpx.pt, states.at);
    ret = stat_call(xch, PMSTAT_get_pxstat, cpuid, &op);
    ctrl_copy_end(xch, &states, !ret);
    ctrl_copy_end(xch, &transitions, !ret);
    if (ret)
        return ret;
    pxpt->total = op.u.get_pmstat.u.getpx.total;
    pxpt->usable = op.u.get_pmstat.u.getpx.usable;
    pxpt->last = op.u.get_pmstat.u.getpx.last;
    pxpt->cur = op.u.get_pmstat.u.getpx.cur;
    return 0;
}

int xc_pm_reset_pxstat(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = {0};

    return stat_call(xch, PMSTAT_reset_pxstat, cpuid, &op);
}

int xc_pm_get_max_cx(xc_interface *xch, int cpuid, int *max_cx)
{
    struct xen_sysctl op = {0};
    int ret = stat_call(xch, PMSTAT_get_max_cx, cpuid, &op);

    if (!ret)
        *max_cx = (int)op.u.get_pmstat.u.getcx.nr;
    return ret;
}

int xc_pm_get_cxstat(xc_interface *xch, int cpuid, struct xc_cx_stat *cxpt)
{
    struct xen_sysctl op = {0};
    struct pm_cx_stat *cx = &op.u.get_pmstat.u.getcx;
    uint64_t *arrays[] = {cxpt->triggers, cxpt->residencies, cxpt->pc, cxpt->cc};
    uint32_t counts[] = {cxpt->nr, cxpt->nr, cxpt->nr_pc, cxpt->nr_cc};
    struct ctrl_copy c[4] = {0};
    int ret = 0;

    for (size_t i = 0; i < 4 && !ret; i++)
        ret = ctrl_copy_in(xch, &c[i], arrays[i], counts[i] * sizeof(uint64_t));
    if (!ret) {
        cx->nr = cxpt->nr;
        cx->nr_pc = cxpt->nr_pc;
        cx->nr_cc = cxpt->nr_cc;
        set_xen_guest_handle_raw(cx->triggers, c[0].at);
        set_xen_guest_handle_raw(cx->residencies, c[1].at);
        set_xen_guest_handle_raw(cx->pc, c[2].at);
        set_xen_guest_handle_raw(cx->cc, c[3].at);
        ret = stat_call(xch, PMSTAT_get_cxstat, cpuid, &op);
    }
    for (size_t i = 0; i < 4; i++)
        ctrl_copy_end(xch, &c[i], !ret);
    if (ret)
        return ret;
    cxpt->nr = cx->nr;
    cxpt->last = cx->last;
    cxpt->idle_time = cx->idle_time;
    cxpt->nr_pc = cx->nr_pc;
    cxpt->nr_cc = cx->nr_cc;
    return 0;
}

int xc_pm_reset_cxstat(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = {0};

    return stat_call(xch, PMSTAT_reset_cxstat, cpuid, &op);
}

static int pm_call(xc_interface *xch, uint32_t cmd, int cpuid, struct xen_sysctl *op)
{
    op->u.pm_op.cmd = cmd;
    op->u.pm_op.cpuid = (uint32_t)cpuid;
    return ctrl_sysctl(xch, XEN_SYSCTL_pm_op, op);
}

/* The caller's structure differs from the ABI's in its pointers alone: the fields go one by one. */
static void para_from(struct xc_get_cpufreq_para *to, const struct xen_get_cpufreq_para *from)
{
    memcpy(to->scaling_driver, from->scaling_driver, sizeof(to->scaling_driver));
    memcpy(to->scaling_governor, from->scaling_governor, sizeof(to->scaling_governor));
    to->cpuinfo_cur_freq = from->cpuinfo_cur_freq;
    to->cpuinfo_max_freq = from->cpuinfo_max_freq;
    to->cpuinfo_min_freq = from->cpuinfo_min_freq;
    to->scaling_cur_freq = from->scaling_cur_freq;
    to->scaling_max_freq = from->scaling_max_freq;
    to->scaling_min_freq = from->scaling_min_freq;
    to->u.ondemand = from->u.ondemand; /* the larger member */
    to->turbo_enabled = from->turbo_enabled;
}

int xc_get_cpufreq_para(xc_interface *xch, int cpuid, struct xc_get_cpufreq_para *user_para)
{
    struct xen_sysctl op = {0};
    struct xen_get_cpufreq_para *para = &op.u.pm_op.u.get_para;
    struct ctrl_copy c[3] = {0};
    int ret = 0;

    para->cpu_num = user_para->cpu_num;
    para->freq_num = user_para->freq_num;
    para->gov_num = user_para->gov_num;
    if (para->cpu_num && para->freq_num && para->gov_num) { /* else it asks for the numbers alone */
        if (!user_para->affected_cpus || !user_para->scaling_available_frequencies ||
            !user_para->scaling_available_governors) {
            errno = EINVAL;
            return -1;
        }
        if (ctrl_copy_in(xch, &c[0], user_para->affected_cpus, para->cpu_num * sizeof(uint32_t)) ||
            ctrl_copy_in(xch, &c[1], user_para->scaling_available_frequencies,
                         para->freq_num * sizeof(uint32_t)) ||
            ctrl_copy_in(xch, &c[2], user_para->scaling_available_governors,
                         (size_t)para->gov_num * CPUFREQ_NAME_LEN))
            ret = -1;
        set_xen_guest_handle_raw(para->affected_cpus, c[0].at);
        set_xen_guest_handle_raw(para->scaling_available_frequencies, c[1].at);
        set_xen_guest_handle_raw(para->scaling_available_governors, c[2].at);
    }
    if (!ret)
        ret = pm_call(xch, GET_CPUFREQ_PARA, cpuid, &op);
    if (!ret || errno == EAGAIN) { /* EAGAIN: the room was too small, and here is how much would do */
        user_para->cpu_num = para->cpu_num;
        user_para->freq_num = para->freq_num;
        user_para->gov_num = para->gov_num;
    }
    if (!ret)
        para_from(user_para, para);
    for (size_t i = 0; i < 3; i++)
        ctrl_copy_end(xch, &c[i], !ret);
    return ret;
}

int xc_set_cpufreq_gov(xc_interface *xch, int cpuid, char *govname)
{
    struct xen_sysctl op = {0};
    char *name = op.u.pm_op.u.set_gov.scaling_governor;

    if (!govname) {
        errno = EINVAL;
        return -1;
    }
    snprintf(name, CPUFREQ_NAME_LEN, "%s", govname);
    return pm_call(xch, SET_CPUFREQ_GOV, cpuid, &op);
}

int xc_set_cpufreq_para(xc_interface *xch, int cpuid, int ctrl_type, int ctrl_value)
{
    struct xen_sysctl op = {0};

    op.u.pm_op.u.set_para.ctrl_type = (uint32_t)ctrl_type;
    op.u.pm_op.u.set_para.ctrl_value = (uint32_t)ctrl_value;
    return pm_call(xch, SET_CPUFREQ_PARA, cpuid, &op);
}

int xc_get_cpufreq_avgfreq(xc_interface *xch, int cpuid, int *avg_freq)
{
    struct xen_sysctl op = {0};
    int ret = pm_call(xch, GET_CPUFREQ_AVGFREQ, cpuid, &op);

    *avg_freq = (int)op.u.pm_op.u.get_avgfreq;
    return ret;
}

int xc_set_sched_opt_smt(xc_interface *xch, uint32_t value)
{
    struct xen_sysctl op = {0};

    op.u.pm_op.u.set_sched_opt_smt = value;
    return pm_call(xch, XEN_SYSCTL_pm_op_set_sched_opt_smt, 0, &op);
}

/* The limits' place in the CPU's number: the state, or the state within it. */
static int cstate_get(xc_interface *xch, int which, uint32_t *value)
{
    struct xen_sysctl op = {0};
    int ret = pm_call(xch, XEN_SYSCTL_pm_op_get_max_cstate, which, &op);

    *value = op.u.pm_op.u.get_max_cstate;
    return ret;
}

static int cstate_set(xc_interface *xch, int which, uint32_t value)
{
    struct xen_sysctl op = {0};

    op.u.pm_op.u.set_max_cstate = value;
    return pm_call(xch, XEN_SYSCTL_pm_op_set_max_cstate, which, &op);
}

int xc_get_cpuidle_max_cstate(xc_interface *xch, uint32_t *value)
{
    return cstate_get(xch, 0, value);
}

int xc_set_cpuidle_max_cstate(xc_interface *xch, uint32_t value)
{
    return cstate_set(xch, 0, value);
}

int xc_get_cpuidle_max_csubstate(xc_interface *xch, uint32_t *value)
{
    return cstate_get(xch, 1, value);
}

int xc_set_cpuidle_max_csubstate(xc_interface *xch, uint32_t value)
{
    return cstate_set(xch, 1, value);
}

int xc_enable_turbo(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = {0};

    return pm_call(xch, XEN_SYSCTL_pm_op_enable_turbo, cpuid, &op);
}

int xc_disable_turbo(xc_interface *xch, int cpuid)
{
    struct xen_sysctl op = {0};

    return pm_call(xch, XEN_SYSCTL_pm_op_disable_turbo, cpuid, &op);
}
