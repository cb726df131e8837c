/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: kexec, see xenctrl.h. It must never look into an image: what can be started is the
 * hypervisor's to say.
 */
#include "ctrl.h"

int xc_kexec_exec(xc_interface *xch, int type)
{
    xen_kexec_exec_t op = {.type = type};

    return ctrl_call(xch, __HYPERVISOR_kexec_op, KEXEC_CMD_kexec, &op, sizeof(op));
}

int xc_kexec_get_range(xc_interface *xch, int range, int nr, uint64_t *size, uint64_t *start)
{
    xen_kexec_range_t op = {.range = range, .nr = nr};
    int ret = ctrl_call(xch, __HYPERVISOR_kexec_op, KEXEC_CMD_kexec_get_range, &op, sizeof(op));

    *size = op.size;
    *start = op.start;
    return ret;
}

int xc_kexec_load(xc_interface *xch, uint8_t type, uint16_t arch, uint64_t entry_maddr,
                  uint32_t nr_segments, xen_kexec_segment_t *segments)
{
    xen_kexec_load_t op = {.type = type, .arch = arch, .nr_segments = nr_segments,
                           .entry_maddr = entry_maddr};
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, segments, nr_segments * sizeof(*segments)))
        return -1;
    set_xen_guest_handle_raw(op.segments.h, c.at);
    ret = ctrl_call(xch, __HYPERVISOR_kexec_op, KEXEC_CMD_kexec_load, &op, sizeof(op));
    ctrl_copy_end(xch, &c, false);
    return ret;
}

int xc_kexec_unload(xc_interface *xch, int type)
{
    xen_kexec_unload_t op = {.type = (uint8_t)type};

    return ctrl_call(xch, __HYPERVISOR_kexec_op, KEXEC_CMD_kexec_unload, &op, sizeof(op));
}

int xc_kexec_status(xc_interface *xch, int type)
{
    xen_kexec_status_t op = {.type = (uint8_t)type};

    return ctrl_call(xch, __HYPERVISOR_kexec_op, KEXEC_CMD_kexec_status, &op, sizeof(op));
}
