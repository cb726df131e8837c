/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: hypercall buffers, and the calls that others are made of, see xenctrl.h and ctrl.h. It
 * must never look at what a structure means.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl.h"

/* Its record is no memory: a handle set from it is NULL. */
xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(HYPERCALL_BUFFER_NULL) = {
    .hbuf = NULL, HYPERCALL_BUFFER_INIT_NO_BOUNCE};

struct xc_hypercall_buffer_array {
    unsigned int count;
    void *buffers[];
};

void *xc__hypercall_buffer_alloc(xc_interface *xch, xc_hypercall_buffer_t *b, size_t size)
{
    b->hbuf = xencall_alloc_buffer(xch->call, size);
    return b->hbuf;
}

void xc__hypercall_buffer_free(xc_interface *xch, xc_hypercall_buffer_t *b)
{
    if (b->hbuf)
        xencall_free_buffer(xch->call, b->hbuf);
    b->hbuf = NULL;
}

void *xc__hypercall_buffer_alloc_pages(xc_interface *xch, xc_hypercall_buffer_t *b, int nr_pages)
{
    b->hbuf = xencall_alloc_buffer_pages(xch->call, (size_t)nr_pages);
    return b->hbuf;
}

void xc__hypercall_buffer_free_pages(xc_interface *xch, xc_hypercall_buffer_t *b, int nr_pages)
{
    xencall_free_buffer_pages(xch->call, b->hbuf, (size_t)nr_pages);
    b->hbuf = NULL;
}

xc_hypercall_buffer_array_t *xc_hypercall_buffer_array_create(xc_interface *xch, unsigned n)
{
    xc_hypercall_buffer_array_t *array = calloc(1, sizeof(*array) + n * sizeof(array->buffers[0]));

    (void)xch;
    if (array)
        array->count = n;
    return array;
}

void *xc__hypercall_buffer_array_alloc(xc_interface *xch, xc_hypercall_buffer_array_t *array,
                                       unsigned index, xc_hypercall_buffer_t *hbuf, size_t size)
{
    if (index >= array->count || array->buffers[index]) {
        errno = EINVAL;
        return NULL;
    }
    array->buffers[index] = xc__hypercall_buffer_alloc(xch, hbuf, size);
    return array->buffers[index];
}

void *xc__hypercall_buffer_array_get(xc_interface *xch, xc_hypercall_buffer_array_t *array,
                                     unsigned index, xc_hypercall_buffer_t *hbuf)
{
    (void)xch;
    hbuf->hbuf = index < array->count ? array->buffers[index] : NULL;
    return hbuf->hbuf;
}

void xc_hypercall_buffer_array_destroy(xc_interface *xc, xc_hypercall_buffer_array_t *array)
{
    if (!array)
        return;
    for (unsigned int i = 0; i < array->count; i++)
        if (array->buffers[i])
            xencall_free_buffer(xc->call, array->buffers[i]);
    free(array);
}

int ctrl_copy_in(xc_interface *xch, struct ctrl_copy *c, const void *user, size_t size)
{
    *c = (struct ctrl_copy){.user = (void *)(uintptr_t)user, .size = size};
    if (!user || !size)
        return 0;
    c->at = xencall_alloc_buffer(xch->call, size);
    if (!c->at)
        return ctrl_error(xch, XC_OUT_OF_MEMORY, "no %zu bytes for a hypercall", size);
    memcpy(c->at, user, size);
    return 0;
}

void ctrl_copy_end(xc_interface *xch, struct ctrl_copy *c, bool out)
{
    if (!c->at)
        return;
    if (out)
        memcpy(c->user, c->at, c->size);
    xencall_free_buffer(xch->call, c->at);
    c->at = NULL;
}

int ctrl_call(xc_interface *xch, unsigned int op, uint64_t cmd, void *arg, size_t size)
{
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, arg, size))
        return -1;
    ret = xencall2(xch->call, op, cmd, (uintptr_t)c.at);
    ctrl_copy_end(xch, &c, ret >= 0);
    return ret;
}

/* The structure comes back on failure too: some answers say by it what would have done. */
static int control_call(xc_interface *xch, unsigned int op, void *arg, size_t size)
{
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, arg, size))
        return -1;
    ret = xencall1(xch->call, op, (uintptr_t)c.at);
    ctrl_copy_end(xch, &c, true);
    return ret;
}

int xc_domctl(xc_interface *xch, struct xen_domctl *domctl)
{
    int ret;

    domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    ret = control_call(xch, __HYPERVISOR_domctl, domctl, sizeof(*domctl));
    if (ret < 0 && errno == EACCES) /* of sysctls some have this error for reasons of their own */
        ctrl_error(xch, XC_INTERNAL_ERROR, "domctl %u: does the hypervisor speak another version of its "
                   "control interface than this library (4.17's)?", domctl->cmd);
    return ret;
}

int xc_sysctl(xc_interface *xch, struct xen_sysctl *sysctl)
{
    sysctl->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return control_call(xch, __HYPERVISOR_sysctl, sysctl, sizeof(*sysctl));
}

int ctrl_domctl(xc_interface *xch, uint32_t cmd, uint32_t domid, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->domain = (domid_t)domid;
    return xc_domctl(xch, op);
}

int ctrl_sysctl(xc_interface *xch, uint32_t cmd, struct xen_sysctl *op)
{
    op->cmd = cmd;
    return xc_sysctl(xch, op);
}

/* A memory_op may return more than an int holds. */
long xc_memory_op(xc_interface *xch, unsigned int cmd, void *arg, size_t len)
{
    struct ctrl_copy c;
    long ret;

    if (ctrl_copy_in(xch, &c, arg, len))
        return -1;
    ret = xencall2L(xch->call, __HYPERVISOR_memory_op, cmd, (uintptr_t)c.at);
    ctrl_copy_end(xch, &c, true);
    return ret;
}

int xc_mmuext_op(xc_interface *xch, struct mmuext_op *op, unsigned int nr_ops, uint32_t dom)
{
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, op, nr_ops * sizeof(*op)))
        return -1;
    ret = xencall4(xch->call, __HYPERVISOR_mmuext_op, (uintptr_t)c.at, nr_ops, 0, dom);
    ctrl_copy_end(xch, &c, true);
    return ret;
}

int xc_gnttab_op(xc_interface *xch, int cmd, void *op, int op_size, int count)
{
    struct ctrl_copy c;
    int ret;

    if (ctrl_copy_in(xch, &c, op, (size_t)count * (size_t)op_size))
        return -1;
    ret = xencall3(xch->call, __HYPERVISOR_grant_table_op, (uint64_t)cmd, (uintptr_t)c.at, (uint64_t)count);
    ctrl_copy_end(xch, &c, true);
    return ret;
}

int xc_version(xc_interface *xch, int cmd, void *arg)
{
    static const size_t sizes[] = {
        [XENVER_extraversion] = sizeof(xen_extraversion_t),
        [XENVER_compile_info] = sizeof(xen_compile_info_t),
        [XENVER_capabilities] = sizeof(xen_capabilities_info_t),
        [XENVER_changeset] = sizeof(xen_changeset_info_t),
        [XENVER_platform_parameters] = sizeof(xen_platform_parameters_t),
        [XENVER_get_features] = sizeof(xen_feature_info_t),
        [XENVER_guest_handle] = sizeof(xen_domain_handle_t),
        [XENVER_commandline] = sizeof(xen_commandline_t),
    };
    size_t size = 0;

    if (cmd == XENVER_build_id) {
        const xen_build_id_t *id = arg;

        size = sizeof(*id) + id->len;
    } else if (cmd >= 0 && (size_t)cmd < sizeof(sizes) / sizeof(sizes[0])) {
        size = sizes[cmd];
    } else {
        errno = EINVAL;
        ctrl_error(xch, XC_INVALID_PARAM, "xen_version has no command %d here", cmd);
        return -EINVAL; /* of all functions this one has always failed so */
    }
    return ctrl_call(xch, __HYPERVISOR_xen_version, (uint64_t)cmd, size ? arg : NULL, size);
}
