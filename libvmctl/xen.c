/* SPDX-License-Identifier: MIT */
/*
 * What libvmctl asks of the hypervisor, see xen.h, by way of libvmctl/xen's hypercalls and foreign
 * memory. Structures that cross into the hypervisor live in one buffer and are copied in and out
 * around each call; nothing here keeps state of a domain.
 */
#include "xen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xencall.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>

#include <public/grant_table.h>
#include <public/memory.h>
#include <public/mews.h>
#include <public/version.h>

_Static_assert(XEN_REASON_SIZE == MEWS_REASON_SIZE, "crash reason");

#define TSC_MODE_NEVER_EMULATE 2

/* Enough for any structure here, and for a batch of frame numbers behind it. */
#define BUFFER_PAGES  16
#define BATCH_OFFSET  8192
#define BATCH_ENTRIES ((BUFFER_PAGES * XEN_PAGE_SIZE - BATCH_OFFSET) / sizeof(uint64_t))

struct xen {
    xencall_handle *call;
    xenforeignmemory_handle *memory;
    void *buffer; /* locked: the call's structure, at BATCH_OFFSET its array */
    uint64_t *batch;
};

/* What goes wrong is told by errno to whoever asked: libraries below must not print it too. */
static void say_nothing(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
                        const char *context, const char *format, va_list arguments)
{
    (void)logger, (void)level, (void)errnoval, (void)context, (void)format, (void)arguments;
}

static xentoollog_logger silent = {.vmessage = say_nothing};

int xen_open(struct xen **out)
{
    struct xen *x = calloc(1, sizeof(*x));
    int error;

    if (!x)
        return -ENOMEM;
    x->call = xencall_open(&silent, XENCALL_OPENFLAG_NON_REENTRANT);
    if (x->call)
        x->memory = xenforeignmemory_open(&silent, 0);
    if (x->memory)
        x->buffer = xencall_alloc_buffer_pages(x->call, BUFFER_PAGES);
    if (!x->buffer) {
        error = -errno;
        xen_close(x);
        return error;
    }
    x->batch = (uint64_t *)((char *)x->buffer + BATCH_OFFSET);
    *out = x;
    return 0;
}

void xen_close(struct xen *x)
{
    if (!x)
        return;
    if (x->buffer)
        xencall_free_buffer_pages(x->call, x->buffer, BUFFER_PAGES);
    xenforeignmemory_close(x->memory);
    xencall_close(x->call);
    free(x);
}

static int hypercall(struct xen *x, uint64_t op, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    int ret = xencall4(x->call, (unsigned int)op, a1, a2, a3, a4);

    return ret < 0 ? -errno : ret;
}

/* Runs op with a copy of data as its second argument, and copies back what came out. */
static int buffer_call(struct xen *x, uint64_t op, uint64_t a1, void *data, size_t size)
{
    int ret;

    memcpy(x->buffer, data, size);
    ret = hypercall(x, op, a1, (uintptr_t)x->buffer, 0, 0);
    memcpy(data, x->buffer, size);
    return ret;
}

static int domctl(struct xen *x, uint32_t cmd, domid_t domid, struct xen_domctl *op)
{
    int ret;

    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    memcpy(x->buffer, op, sizeof(*op));
    ret = hypercall(x, __HYPERVISOR_domctl, (uintptr_t)x->buffer, 0, 0, 0);
    memcpy(op, x->buffer, sizeof(*op));
    return ret;
}

static int sysctl_call(struct xen *x, uint32_t cmd, struct xen_sysctl *op)
{
    int ret;

    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    memcpy(x->buffer, op, sizeof(*op));
    ret = hypercall(x, __HYPERVISOR_sysctl, (uintptr_t)x->buffer, 0, 0, 0);
    memcpy(op, x->buffer, sizeof(*op));
    return ret;
}

int xen_version(struct xen *x, char *out, size_t size)
{
    xen_extraversion_t extra;
    int version = hypercall(x, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0);
    int ret;

    if (version < 0)
        return version;
    ret = buffer_call(x, __HYPERVISOR_xen_version, XENVER_extraversion, extra, sizeof(extra));
    if (ret < 0)
        return ret;
    extra[sizeof(extra) - 1] = 0;
    snprintf(out, size, "%d.%d%s", version >> 16, version & 0xffff, (const char *)extra);
    return 0;
}

bool xen_frames_are_zero(struct xen *x)
{
    char version[64];

    return !xen_version(x, version, sizeof(version)) && strstr(version, MEWS_VERSION_MARK);
}

int xen_physinfo(struct xen *x, struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op = {0};
    int ret = sysctl_call(x, XEN_SYSCTL_physinfo, &op);

    *info = op.u.physinfo;
    return ret;
}

int xen_list_domains(struct xen *x, domid_t first, struct xen_domctl_getdomaininfo *infos,
                     unsigned int max)
{
    unsigned int room = (unsigned int)(BATCH_ENTRIES * sizeof(uint64_t) / sizeof(*infos));
    struct xen_sysctl op = {0};
    int ret;

    op.u.getdomaininfolist.first_domain = first;
    op.u.getdomaininfolist.max_domains = max < room ? max : room;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer,
                         (struct xen_domctl_getdomaininfo *)(void *)x->batch);
    ret = sysctl_call(x, XEN_SYSCTL_getdomaininfolist, &op);
    if (ret < 0)
        return ret;
    if (op.u.getdomaininfolist.num_domains > op.u.getdomaininfolist.max_domains)
        return -EPROTO;
    memcpy(infos, x->batch, op.u.getdomaininfolist.num_domains * sizeof(*infos));
    return (int)op.u.getdomaininfolist.num_domains;
}

int xen_domain_info(struct xen *x, domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    int ret = xen_list_domains(x, domid, info, 1);

    if (ret < 0)
        return ret;
    return ret == 1 && info->domain == domid ? 0 : -ESRCH;
}

int xen_create_domain(struct xen *x, const uint8_t uuid[16], unsigned int max_vcpus)
{
    struct xen_domctl op = {0};
    int ret;

    memcpy(op.u.createdomain.handle, uuid, 16);
    op.u.createdomain.max_vcpus = max_vcpus;
    op.u.createdomain.max_evtchn_port = 1023;
    op.u.createdomain.max_grant_frames = 64;
    op.u.createdomain.max_maptrack_frames = -1;
    op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(2);
    ret = domctl(x, XEN_DOMCTL_createdomain, 0, &op);
    return ret < 0 ? ret : op.domain;
}

int xen_pause(struct xen *x, domid_t domid)
{
    struct xen_domctl op = {0};

    return domctl(x, XEN_DOMCTL_pausedomain, domid, &op);
}

int xen_unpause(struct xen *x, domid_t domid)
{
    struct xen_domctl op = {0};

    return domctl(x, XEN_DOMCTL_unpausedomain, domid, &op);
}

int xen_destroy(struct xen *x, domid_t domid)
{
    struct xen_domctl op;
    int ret;

    do { /* a big domain is taken apart in steps: the hypervisor asks to be called again */
        op = (struct xen_domctl){0};
        ret = domctl(x, XEN_DOMCTL_destroydomain, domid, &op);
    } while (ret == -EAGAIN || ret == -EINTR);
    return ret;
}

int xen_set_max_memory(struct xen *x, domid_t domid, uint64_t kib)
{
    struct xen_domctl op = {0};

    op.u.max_mem.max_memkb = kib;
    return domctl(x, XEN_DOMCTL_max_mem, domid, &op);
}

int xen_set_max_vcpus(struct xen *x, domid_t domid, unsigned int vcpus)
{
    struct xen_domctl op = {0};

    op.u.max_vcpus.max = vcpus;
    return domctl(x, XEN_DOMCTL_max_vcpus, domid, &op);
}

int xen_set_native_tsc(struct xen *x, domid_t domid)
{
    struct xen_domctl op = {0};

    op.u.tsc_info.tsc_mode = TSC_MODE_NEVER_EMULATE;
    return domctl(x, XEN_DOMCTL_settscinfo, domid, &op);
}

int xen_set_memory_map(struct xen *x, domid_t domid, uint64_t pages)
{
    struct {
        uint64_t addr, size;
        uint32_t type;
    } __attribute__((packed)) ram = {0, pages << XEN_PAGE_SHIFT, 1};
    struct xen_foreign_memory_map op = {.domid = domid};

    memcpy(x->batch, &ram, sizeof(ram));
    op.map.nr_entries = 1;
    set_xen_guest_handle(op.map.buffer, (void *)x->batch);
    return buffer_call(x, __HYPERVISOR_memory_op, XENMEM_set_memory_map, &op, sizeof(op));
}

int xen_claim_pages(struct xen *x, domid_t domid, uint64_t pages)
{
    struct xen_memory_reservation op = {.nr_extents = pages, .domid = domid};

    return buffer_call(x, __HYPERVISOR_memory_op, XENMEM_claim_pages, &op, sizeof(op));
}

int64_t xen_populate(struct xen *x, domid_t domid, uint64_t first, uint64_t count,
                     unsigned int order, uint64_t *mfns)
{
    uint64_t done = 0;

    while (done < count) {
        uint64_t n = count - done < BATCH_ENTRIES ? count - done : BATCH_ENTRIES;
        struct xen_memory_reservation op = {
            .nr_extents = n,
            .extent_order = order,
            .domid = domid,
        };
        int got;

        for (uint64_t i = 0; i < n; i++)
            x->batch[i] = first + ((done + i) << order);
        set_xen_guest_handle(op.extent_start, x->batch);
        got = buffer_call(x, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &op, sizeof(op));
        if (got < 0)
            return done ? (int64_t)done : got;
        for (uint64_t i = 0; i < (uint64_t)got && i < n; i++)
            for (uint64_t k = 0; k < 1UL << order; k++)
                mfns[((done + i) << order) + k] = x->batch[i] + k;
        done += (uint64_t)got;
        if ((uint64_t)got < n)
            break;
    }
    return (int64_t)done;
}

int xen_init_hypercall_page(struct xen *x, domid_t domid, uint64_t mfn)
{
    struct xen_domctl op = {0};

    op.u.hypercall_init.gmfn = mfn;
    return domctl(x, XEN_DOMCTL_hypercall_init, domid, &op);
}

int xen_pin_l4(struct xen *x, domid_t domid, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = mfn};

    memcpy(x->buffer, &op, sizeof(op));
    return hypercall(x, __HYPERVISOR_mmuext_op, (uintptr_t)x->buffer, 1, 0, domid);
}

int xen_set_vcpu(struct xen *x, domid_t domid, unsigned int vcpu,
                 const struct vcpu_guest_context *context)
{
    struct xen_domctl op = {0};

    memcpy(x->batch, context, sizeof(*context));
    op.u.vcpucontext.vcpu = vcpu;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (struct vcpu_guest_context *)(void *)x->batch);
    return domctl(x, XEN_DOMCTL_setvcpucontext, domid, &op);
}

int xen_alloc_unbound(struct xen *x, domid_t domid)
{
    struct evtchn_alloc_unbound op = {.dom = domid, .remote_dom = 0};
    int ret =
        buffer_call(x, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op, sizeof(op));

    return ret < 0 ? ret : (int)op.port;
}

void *xen_map(struct xen *x, domid_t domid, const uint64_t *mfns, size_t count)
{
    _Static_assert(sizeof(xen_pfn_t) == sizeof(*mfns), "frame numbers are passed on as they are");
    return xenforeignmemory_map(x->memory, domid, PROT_READ | PROT_WRITE, count, mfns, NULL);
}

void xen_unmap(void *address, size_t count)
{
    if (address)
        munmap(address, count << XEN_PAGE_SHIFT);
}

int xen_seed_grants(struct xen *x, domid_t domid, uint64_t console_mfn, uint64_t store_mfn)
{
    void *address = NULL;
    xenforeignmemory_resource_handle *resource = xenforeignmemory_map_resource(
        x->memory, domid, XENMEM_resource_grant_table, XENMEM_resource_grant_table_id_shared, 0, 1, &address,
        PROT_READ | PROT_WRITE, 0);
    struct grant_entry_v1 *table = address;

    if (!resource)
        return -errno;
    table[GNTTAB_RESERVED_CONSOLE] = (struct grant_entry_v1){
        .flags = GTF_permit_access,
        .domid = 0,
        .frame = (uint32_t)console_mfn,
    };
    table[GNTTAB_RESERVED_XENSTORE] = (struct grant_entry_v1){
        .flags = GTF_permit_access,
        .domid = 0,
        .frame = (uint32_t)store_mfn,
    };
    xenforeignmemory_unmap_resource(x->memory, resource);
    return 0;
}

int xen_crash_reason(struct xen *x, domid_t domid, char reason[XEN_REASON_SIZE])
{
    struct xen_domctl op = {0};
    int ret = domctl(x, XEN_DOMCTL_mews_get_reason, domid, &op);

    reason[0] = 0;
    if (ret < 0) /* a hypervisor that does not know this call has no reason to tell */
        return ret == -ENOSYS || ret == -EOPNOTSUPP ? 0 : ret;
    memcpy(reason, &op.u, XEN_REASON_SIZE - 1);
    reason[XEN_REASON_SIZE - 1] = 0;
    return 0;
}

int xen_cpu_idle(struct xen *x, uint64_t *ns, unsigned int max)
{
    struct xen_sysctl op = {0};
    int ret;

    op.u.getcpuinfo.max_cpus = max < BATCH_ENTRIES ? max : (uint32_t)BATCH_ENTRIES;
    set_xen_guest_handle(op.u.getcpuinfo.info, (struct xen_sysctl_cpuinfo *)(void *)x->batch);
    ret = sysctl_call(x, XEN_SYSCTL_getcpuinfo, &op);
    if (ret < 0)
        return ret;
    if (op.u.getcpuinfo.nr_cpus > max || op.u.getcpuinfo.nr_cpus > BATCH_ENTRIES)
        return -EPROTO;
    memcpy(ns, x->batch, op.u.getcpuinfo.nr_cpus * sizeof(*ns));
    return (int)op.u.getcpuinfo.nr_cpus;
}

int xen_scheduler(struct xen *x)
{
    struct xen_sysctl op = {0};
    int ret = sysctl_call(x, XEN_SYSCTL_sched_id, &op);

    return ret < 0 ? ret : (int)op.u.sched_id.sched_id;
}

/* Only schedulers with a weight and a cap will do; both have the same layout for them. */
static int sched_op_begin(struct xen *x, struct xen_domctl *op, uint32_t cmd)
{
    int ret = xen_scheduler(x);

    if (ret < 0)
        return ret;
    if (ret != XEN_SCHEDULER_CREDIT && ret != XEN_SCHEDULER_CREDIT2)
        return -EOPNOTSUPP;
    op->u.scheduler_op.sched_id = (uint32_t)ret;
    op->u.scheduler_op.cmd = cmd;
    return 0;
}

int xen_sched_get(struct xen *x, domid_t domid, uint16_t *weight, uint16_t *cap)
{
    struct xen_domctl op = {0};
    int ret = sched_op_begin(x, &op, XEN_DOMCTL_SCHEDOP_getinfo);

    if (ret < 0)
        return ret;
    ret = domctl(x, XEN_DOMCTL_scheduler_op, domid, &op);
    if (ret < 0)
        return ret;
    *weight = op.u.scheduler_op.u.credit2.weight;
    *cap = op.u.scheduler_op.u.credit2.cap;
    return 0;
}

int xen_sched_set(struct xen *x, domid_t domid, uint16_t weight, uint16_t cap)
{
    struct xen_domctl op = {0};
    int ret = sched_op_begin(x, &op, XEN_DOMCTL_SCHEDOP_putinfo);

    if (ret < 0)
        return ret;
    op.u.scheduler_op.u.credit2.weight = weight;
    op.u.scheduler_op.u.credit2.cap = cap;
    return domctl(x, XEN_DOMCTL_scheduler_op, domid, &op);
}

int xen_vcpu_info(struct xen *x, domid_t domid, unsigned int vcpu,
                  struct xen_domctl_getvcpuinfo *info)
{
    struct xen_domctl op = {0};
    int ret;

    op.u.getvcpuinfo.vcpu = vcpu;
    ret = domctl(x, XEN_DOMCTL_getvcpuinfo, domid, &op);
    *info = op.u.getvcpuinfo;
    return ret;
}

int xen_get_affinity(struct xen *x, domid_t domid, unsigned int vcpu,
                     uint64_t hard[XEN_CPUS_MAX / 64], uint64_t soft[XEN_CPUS_MAX / 64])
{
    uint64_t *maps = x->batch;
    struct xen_domctl op = {0};
    int ret;

    memset(maps, 0, XEN_CPUS_MAX / 4);
    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = XEN_CPUS_MAX;
    op.u.vcpuaffinity.cpumap_soft.nr_bits = XEN_CPUS_MAX;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)maps);
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap,
                         (uint8_t *)(maps + XEN_CPUS_MAX / 64));
    ret = domctl(x, XEN_DOMCTL_getvcpuaffinity, domid, &op);
    memcpy(hard, maps, XEN_CPUS_MAX / 8);
    memcpy(soft, maps + XEN_CPUS_MAX / 64, XEN_CPUS_MAX / 8);
    return ret;
}

int xen_set_affinity(struct xen *x, domid_t domid, unsigned int vcpu, bool soft,
                     const uint64_t cpus[XEN_CPUS_MAX / 64])
{
    struct xen_domctl op = {0};
    struct xenctl_bitmap *map =
        soft ? &op.u.vcpuaffinity.cpumap_soft : &op.u.vcpuaffinity.cpumap_hard;

    memcpy(x->batch, cpus, XEN_CPUS_MAX / 8);
    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = soft ? XEN_VCPUAFFINITY_SOFT : XEN_VCPUAFFINITY_HARD;
    map->nr_bits = XEN_CPUS_MAX;
    set_xen_guest_handle(map->bitmap, (uint8_t *)x->batch);
    return domctl(x, XEN_DOMCTL_setvcpuaffinity, domid, &op);
}

int xen_runstates(struct xen *x, domid_t domid, uint64_t ns[4])
{
    struct xen_domctl_mews_runstates times;
    struct xen_domctl op = {0};
    int ret = domctl(x, XEN_DOMCTL_mews_get_runstates, domid, &op);

    memcpy(&times, &op.u, sizeof(times));
    memcpy(ns, times.time, sizeof(times.time));
    return ret == -EOPNOTSUPP ? -ENOSYS : ret;
}

int xen_command_line(struct xen *x, char *out, size_t size)
{
    xen_commandline_t text;
    int ret = buffer_call(x, __HYPERVISOR_xen_version, XENVER_commandline, text, sizeof(text));

    if (ret < 0)
        return ret;
    text[sizeof(text) - 1] = 0;
    snprintf(out, size, "%s", text);
    return 0;
}
