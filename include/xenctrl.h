/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl's interface, as of 4.17: what programs written for it compile against and link to. Names,
 * types, values and prototypes are libxenctrl's (tests/abi holds them); the library behind is libvmctl/xen.
 * A function that is not declared here is not there: docs/libxen.md says which and why.
 *
 * Where nothing else is said, a function returns 0 or a pointer, or on failure -1 or NULL with errno set.
 * What the hypervisor refuses comes back as its errno. A handle opened without XC_OPENFLAG_NON_REENTRANT
 * may be used by several threads; none may be used by a child after fork().
 */
#ifndef XENCTRL_H
#define XENCTRL_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/foreign/x86_32.h>
#include <xen/foreign/x86_64.h>
#include <xen/grant_table.h>
#include <xen/kexec.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/xen.h>

#include "xentoollog.h"

#define XC_PAGE_SHIFT 12
#define XC_PAGE_SIZE  (1UL << XC_PAGE_SHIFT)
#define XC_PAGE_MASK  (~(XC_PAGE_SIZE - 1))
#define INVALID_MFN   (~0UL)

/* Barriers for memory shared with another domain. Ordinary x86 stores and loads need the compiler alone. */
#define xen_barrier() __asm__ volatile("" ::: "memory")
#define xen_mb()      __sync_synchronize()
#define xen_rmb()     xen_barrier()
#define xen_wmb()     xen_barrier()

/* Tells programs that know interfaces older than 4.1 that handles are pointers. */
#define XENCTRL_HAS_XC_INTERFACE 1

/*
 * The handle and its errors.
 */
typedef struct xc_interface_core xc_interface;

typedef enum xc_error_code {
    XC_ERROR_NONE = 0,
    XC_INTERNAL_ERROR = 1,
    XC_INVALID_KERNEL = 2,
    XC_INVALID_PARAM = 3,
    XC_OUT_OF_MEMORY = 4,
} xc_error_code;

enum xc_open_flags {
    XC_OPENFLAG_DUMMY = 1 << 0,         /* opens no device: for what needs no hypervisor */
    XC_OPENFLAG_NON_REENTRANT = 1 << 1, /* one thread at a time: the caller sees to it */
};

/*
 * Opens the hypervisor's control interface. Messages go to logger, or to stderr where it is NULL; the
 * logger stays the caller's. dombuild_logger is for building domains and is not used here. Fails with
 * the errno of /dev/xen/privcmd: ENOENT or ENODEV without a hypervisor, EACCES without the right.
 */
xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
                                unsigned open_flags);
int xc_interface_close(xc_interface *xch); /* NULL is nothing */

/* The handles that xch uses itself, good as long as it. */
struct xencall_handle *xc_interface_xcall_handle(xc_interface *xch);
struct xenforeignmemory_handle *xc_interface_fmem_handle(xc_interface *xch);

#define XC_MAX_ERROR_MSG_LEN 1024
typedef struct xc_error {
    enum xc_error_code code;
    char message[XC_MAX_ERROR_MSG_LEN];
} xc_error;

const char *xc_error_code_to_desc(int code);
const char *xc_strerror(xc_interface *xch, int errcode); /* errcode: an errno */
const xc_error *xc_get_last_error(xc_interface *handle); /* never NULL; XC_ERROR_NONE: none yet */
void xc_clear_last_error(xc_interface *xch);

/*
 * Memory that a hypercall may point to. A buffer is a pointer variable `name` and, beside it, a record
 * that the macros below find by the name: DECLARE_HYPERCALL_BUFFER(type, name) makes both, then one of
 * the allocating calls sets them. Only memory of such a buffer may go into a guest handle.
 */
struct xc_hypercall_buffer {
    void *hbuf;                               /* what the hypervisor is given */
    struct xc_hypercall_buffer *param_shadow; /* stands for this other record, if not NULL */
    int dir;                                  /* the rest belongs to the library */
    void *ubuf;
    size_t sz;
};
typedef struct xc_hypercall_buffer xc_hypercall_buffer_t;

static inline xc_hypercall_buffer_t *xc__hypercall_buffer_resolve(xc_hypercall_buffer_t *b)
{
    return b->param_shadow ? b->param_shadow : b;
}

#define XC__HYPERCALL_BUFFER_NAME(_name) xc__hypercall_buffer_##_name
#define HYPERCALL_BUFFER(_name)          xc__hypercall_buffer_resolve(&XC__HYPERCALL_BUFFER_NAME(_name))
#define HYPERCALL_BUFFER_INIT_NO_BOUNCE  .dir = 0, .ubuf = (void *)-1, .sz = 0
#define HYPERCALL_BUFFER_AS_ARG(_name)   ((unsigned long)HYPERCALL_BUFFER(_name)->hbuf)

#define DECLARE_HYPERCALL_BUFFER(_type, _name) \
    _type *(_name) = NULL;                     \
    xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(_name) = {HYPERCALL_BUFFER_INIT_NO_BOUNCE}

/* A record alone, that stands for one that the function was given. */
#define DECLARE_HYPERCALL_BUFFER_ARGUMENT(_name)              \
    xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(_name) = { \
        .param_shadow = (_name), .hbuf = (void *)-1, HYPERCALL_BUFFER_INIT_NO_BOUNCE}

/* The same with a typed pointer to its memory. */
#define DECLARE_HYPERCALL_BUFFER_SHADOW(_type, _name, _hbuf)                                 \
    _type *(_name) = (_hbuf)->hbuf;                                                          \
    xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(_name) __attribute__((unused)) = { \
        .param_shadow = (_hbuf), .hbuf = (void *)-1, HYPERCALL_BUFFER_INIT_NO_BOUNCE}

/* Sets a handle in an ABI structure to a buffer, or to its element _off. */
#define set_xen_guest_handle_impl(_hnd, _val, _byte_off) \
    set_xen_guest_handle_raw(_hnd, (void *)((char *)HYPERCALL_BUFFER(_val)->hbuf + (_byte_off)))
#undef set_xen_guest_handle
#define set_xen_guest_handle(_hnd, _val) set_xen_guest_handle_impl(_hnd, _val, 0)
#define set_xen_guest_handle_offset(_hnd, _val, _off) \
    set_xen_guest_handle_impl(_hnd, _val, sizeof(*(_val)) * (_off))

/* The buffer that is no memory. */
extern xc_hypercall_buffer_t XC__HYPERCALL_BUFFER_NAME(HYPERCALL_BUFFER_NULL);

void *xc__hypercall_buffer_alloc(xc_interface *xch, xc_hypercall_buffer_t *b, size_t size);
void xc__hypercall_buffer_free(xc_interface *xch, xc_hypercall_buffer_t *b);
void *xc__hypercall_buffer_alloc_pages(xc_interface *xch, xc_hypercall_buffer_t *b, int nr_pages);
void xc__hypercall_buffer_free_pages(xc_interface *xch, xc_hypercall_buffer_t *b, int nr_pages);
#define xc_hypercall_buffer_alloc(_xch, _name, _size) \
    xc__hypercall_buffer_alloc(_xch, HYPERCALL_BUFFER(_name), _size)
#define xc_hypercall_buffer_free(_xch, _name) xc__hypercall_buffer_free(_xch, HYPERCALL_BUFFER(_name))
#define xc_hypercall_buffer_alloc_pages(_xch, _name, _nr) \
    xc__hypercall_buffer_alloc_pages(_xch, HYPERCALL_BUFFER(_name), _nr)
#define xc_hypercall_buffer_free_pages(_xch, _name, _nr) \
    ((_name) ? xc__hypercall_buffer_free_pages(_xch, HYPERCALL_BUFFER(_name), _nr) : (void)0)

/* n buffers, by index; destroying the array frees them all. */
typedef struct xc_hypercall_buffer_array xc_hypercall_buffer_array_t;
xc_hypercall_buffer_array_t *xc_hypercall_buffer_array_create(xc_interface *xch, unsigned n);
void *xc__hypercall_buffer_array_alloc(xc_interface *xch, xc_hypercall_buffer_array_t *array,
                                       unsigned index, xc_hypercall_buffer_t *hbuf, size_t size);
void *xc__hypercall_buffer_array_get(xc_interface *xch, xc_hypercall_buffer_array_t *array,
                                     unsigned index, xc_hypercall_buffer_t *hbuf);
void xc_hypercall_buffer_array_destroy(xc_interface *xc, xc_hypercall_buffer_array_t *array);
#define xc_hypercall_buffer_array_alloc(_xch, _array, _index, _name, _size) \
    xc__hypercall_buffer_array_alloc(_xch, _array, _index, HYPERCALL_BUFFER(_name), _size)
#define xc_hypercall_buffer_array_get(_xch, _array, _index, _name, _size) \
    xc__hypercall_buffer_array_get(_xch, _array, _index, HYPERCALL_BUFFER(_name))

/* Memory of the process alone, aligned; free() returns it. */
void *xc_memalign(xc_interface *xch, size_t alignment, size_t size);

/*
 * The calls themselves, for what has no function here. Handles in the structures are the caller's to
 * set; the interface version is filled in by xc_domctl() and xc_sysctl().
 */
int xc_domctl(xc_interface *xch, struct xen_domctl *domctl);
int xc_sysctl(xc_interface *xch, struct xen_sysctl *sysctl);
long xc_memory_op(xc_interface *xch, unsigned int cmd, void *arg, size_t len);
int xc_mmuext_op(xc_interface *xch, struct mmuext_op *op, unsigned int nr_ops, uint32_t dom);
int xc_gnttab_op(xc_interface *xch, int cmd, void *op, int op_size, int count);

/*
 * cmd: XENVER_*; arg: the structure that it fills. Returns what the command returns: 0 or a number; for a
 * command that is none, -EINVAL.
 */
int xc_version(xc_interface *xch, int cmd, void *arg);

/*
 * CPUs and NUMA nodes: bitmaps of as many bytes as their *_size() says, lowest number first. A negative
 * number from the functions that count: the hypervisor did not say, see errno.
 */
typedef uint8_t *xc_cpumap_t;
int xc_get_max_cpus(xc_interface *xch);
int xc_get_online_cpus(xc_interface *xch);
int xc_get_cpumap_size(xc_interface *xch);
xc_cpumap_t xc_cpumap_alloc(xc_interface *xch); /* all clear; free() it */
void xc_cpumap_clearcpu(int cpu, xc_cpumap_t map);
void xc_cpumap_setcpu(int cpu, xc_cpumap_t map);
int xc_cpumap_testcpu(int cpu, xc_cpumap_t map);
typedef uint8_t *xc_nodemap_t;
int xc_get_max_nodes(xc_interface *xch);
int xc_get_nodemap_size(xc_interface *xch);
xc_nodemap_t xc_nodemap_alloc(xc_interface *xch);

/*
 * The machine.
 */
typedef struct xen_sysctl_physinfo xc_physinfo_t;
typedef struct xen_sysctl_cputopo xc_cputopo_t;
typedef struct xen_sysctl_numainfo xc_numainfo_t;
typedef struct xen_sysctl_meminfo xc_meminfo_t;
typedef struct xen_sysctl_pcitopoinfo xc_pcitopoinfo_t;
typedef struct xen_sysctl_cpuinfo xc_cpuinfo_t;
typedef uint32_t xc_cpu_to_node_t;
typedef uint32_t xc_cpu_to_socket_t;
typedef uint32_t xc_cpu_to_core_t;
typedef uint64_t xc_node_to_memsize_t;
typedef uint64_t xc_node_to_memfree_t;
typedef uint32_t xc_node_to_node_dist_t;

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info);

/* The array has *max elements; *max then is how many there are. A NULL array asks for that alone. */
int xc_cputopoinfo(xc_interface *xch, unsigned *max_cpus, xc_cputopo_t *cputopo);
int xc_numainfo(xc_interface *xch, unsigned *max_nodes, xc_meminfo_t *meminfo, uint32_t *distance);
int xc_pcitopoinfo(xc_interface *xch, unsigned num_devs, physdev_pci_device_t *devs, uint32_t *nodes);

/* How long each CPU was idle, ns since the start; *nr_cpus: how many elements were written. */
int xc_getcpuinfo(xc_interface *xch, int max_cpus, xc_cpuinfo_t *info, int *nr_cpus);

/* Bytes free on a node (-1: all) in memory with addresses of that many bits (0: any). */
int xc_availheap(xc_interface *xch, int min_width, int max_width, int node, uint64_t *bytes);
int xc_maximum_ram_page(xc_interface *xch, unsigned long *max_mfn);
int xc_microcode_update(xc_interface *xch, const void *buf, size_t len);

int xc_cpu_online(xc_interface *xch, int cpu);
int xc_cpu_offline(xc_interface *xch, int cpu);
int xc_smt_enable(xc_interface *xch);
int xc_smt_disable(xc_interface *xch);

/* The hypervisor's log: *pnr_chars is the room, then what came. Incremental: from *pindex on, which moves. */
int xc_readconsolering(xc_interface *xch, char *buffer, unsigned int *pnr_chars, int clear,
                       int incremental, uint32_t *pindex);
int xc_send_debug_keys(xc_interface *xch, const char *keys);

/*
 * Domains.
 */
typedef struct xc_dominfo {
    uint32_t domid;
    uint32_t ssidref;
    unsigned int dying:1, crashed:1, shutdown:1, paused:1, blocked:1, running:1, hvm:1, debugged:1,
        xenstore:1, hap:1;
    unsigned int shutdown_reason; /* SHUTDOWN_*, where shutdown is set */
    unsigned long nr_pages;
    unsigned long nr_outstanding_pages;
    unsigned long nr_shared_pages;
    unsigned long nr_paged_pages;
    unsigned long shared_info_frame;
    uint64_t cpu_time; /* ns */
    unsigned long max_memkb;
    unsigned int nr_online_vcpus;
    unsigned int max_vcpu_id;
    xen_domain_handle_t handle;
    unsigned int cpupool;
    uint8_t gpaddr_bits;
    struct xen_arch_domainconfig arch_config;
} xc_dominfo_t;
typedef xen_domctl_getdomaininfo_t xc_domaininfo_t;
typedef struct xen_domctl_getvcpuinfo xc_vcpuinfo_t;

typedef union {
    vcpu_guest_context_x86_64_t x64;
    vcpu_guest_context_x86_32_t x32;
    vcpu_guest_context_t c;
} vcpu_guest_context_any_t;

typedef union {
    shared_info_x86_64_t x64;
    shared_info_x86_32_t x32;
    shared_info_t s;
} shared_info_any_t;

typedef union {
    start_info_x86_64_t x64;
    start_info_x86_32_t x32;
    start_info_t s;
} start_info_any_t;

/*
 * At most max_doms domains whose id is first_domid or above, in order; returns how many. Asked for one,
 * it may be another than the one asked for: compare the id.
 */
int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms, xc_dominfo_t *info);
int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains,
                          xc_domaininfo_t *info);

/* *pdomid: the wanted id, 0 for any; then the one that it got. */
int xc_domain_create(xc_interface *xch, uint32_t *pdomid, struct xen_domctl_createdomain *config);
int xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, unsigned int max);
int xc_domain_pause(xc_interface *xch, uint32_t domid);
int xc_domain_unpause(xc_interface *xch, uint32_t domid);
int xc_domain_destroy(xc_interface *xch, uint32_t domid); /* returns when it is taken apart */
int xc_domain_shutdown(xc_interface *xch, uint32_t domid, int reason);
int xc_domain_sethandle(xc_interface *xch, uint32_t domid, xen_domain_handle_t handle);
int xc_domain_setdebugging(xc_interface *xch, uint32_t domid, unsigned int enable);
int xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid, int virq);
int xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target);
int xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid, evtchn_port_t port);
int xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger, uint32_t vcpu);
int xc_domain_get_guest_width(xc_interface *xch, uint32_t domid, unsigned int *guest_width); /* bytes */
int xc_domain_set_time_offset(xc_interface *xch, uint32_t domid, int32_t time_offset_seconds);
int xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid, uint32_t tsc_mode, uint64_t elapsed_nsec,
                           uint32_t gtsc_khz, uint32_t incarnation);
int xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid, uint32_t *tsc_mode,
                           uint64_t *elapsed_nsec, uint32_t *gtsc_khz, uint32_t *incarnation);
int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid, uint32_t first_port,
                                uint32_t nr_ports, uint32_t allow_access);
int xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq, bool allow_access);
int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid, unsigned long first_mfn,
                               unsigned long nr_mfns, uint8_t allow_access);

/*
 * Dom0's watchdog: the machine, or the calling domain, ends after timeout seconds without another call.
 * id 0 starts one and is answered with its number; timeout 0 stops it.
 */
int xc_watchdog(xc_interface *xch, uint32_t id, uint32_t timeout);

/* Vcpus. cpu_time and usage in ns. */
int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu, xc_vcpuinfo_t *info);
long long xc_domain_get_cpu_usage(xc_interface *xch, uint32_t domid, int vcpu);
int xc_vcpu_setcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu, vcpu_guest_context_any_t *ctxt);
int xc_vcpu_getcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu, vcpu_guest_context_any_t *ctxt);

/* HVM domains' contexts: there are none, so the hypervisor's answer is an error. */
int xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid, uint8_t *ctxt_buf, uint32_t size);
int xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid, uint16_t typecode,
                                     uint16_t instance, void *ctxt_buf, uint32_t size);
int xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid, uint8_t *hvm_ctxt, uint32_t size);

/*
 * The CPUs that a vcpu may (hard) or should (soft) run on; flags: XEN_VCPUAFFINITY_*. The maps have
 * xc_get_cpumap_size() bytes. Setting writes back what holds now.
 */
int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard_inout,
                        xc_cpumap_t cpumap_soft_inout, uint32_t flags);
int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard,
                        xc_cpumap_t cpumap_soft, uint32_t flags);
int xc_domain_node_setaffinity(xc_interface *xch, uint32_t domind, xc_nodemap_t nodemap);
int xc_domain_node_getaffinity(xc_interface *xch, uint32_t domind, xc_nodemap_t nodemap);

/*
 * Scheduling. *sched_id: XEN_SCHEDULER_*. A call for another scheduler than the pool's is EINVAL.
 */
int xc_sched_id(xc_interface *xch, int *sched_id);
int xc_sched_credit_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom);
int xc_sched_credit_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom);
int xc_sched_credit_params_set(xc_interface *xch, uint32_t cpupool_id,
                               struct xen_sysctl_credit_schedule *schedule);
int xc_sched_credit_params_get(xc_interface *xch, uint32_t cpupool_id,
                               struct xen_sysctl_credit_schedule *schedule);
int xc_sched_credit2_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom);
int xc_sched_credit2_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom);
int xc_sched_credit2_params_set(xc_interface *xch, uint32_t cpupool_id,
                                struct xen_sysctl_credit2_schedule *schedule);
int xc_sched_credit2_params_get(xc_interface *xch, uint32_t cpupool_id,
                                struct xen_sysctl_credit2_schedule *schedule);
int xc_sched_rtds_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_rtds *sdom);
int xc_sched_rtds_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_rtds *sdom);

typedef struct xc_cpupoolinfo {
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t n_dom;
    xc_cpumap_t cpumap;
} xc_cpupoolinfo_t;
#define XC_CPUPOOL_POOLID_ANY 0xFFFFFFFF

/* The first pool whose number is poolid or above; NULL: none. Given back to xc_cpupool_infofree(). */
xc_cpupoolinfo_t *xc_cpupool_getinfo(xc_interface *xch, uint32_t poolid);
void xc_cpupool_infofree(xc_interface *xch, xc_cpupoolinfo_t *info);
int xc_cpupool_create(xc_interface *xch, uint32_t *ppoolid, uint32_t sched_id);
int xc_cpupool_destroy(xc_interface *xch, uint32_t poolid);
int xc_cpupool_addcpu(xc_interface *xch, uint32_t poolid, int cpu);    /* -1: any that is free */
int xc_cpupool_removecpu(xc_interface *xch, uint32_t poolid, int cpu); /* -1: any */
int xc_cpupool_movedomain(xc_interface *xch, uint32_t poolid, uint32_t domid);
xc_cpumap_t xc_cpupool_freeinfo(xc_interface *xch); /* CPUs of no pool; free() it */

/*
 * Memory of domains.
 */
int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb);
long xc_get_tot_pages(xc_interface *xch, uint32_t domid);
int xc_domain_maximum_gpfn(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns); /* the highest pfn */
int xc_domain_nr_gpfns(xc_interface *xch, uint32_t domid, xen_pfn_t *gpfns);     /* one more */
int xc_domain_claim_pages(xc_interface *xch, uint32_t domid, unsigned long nr_pages);

/*
 * Extents of 2^extent_order pages. These return how many of them it came to; those named _exact return
 * 0, or -1 where it was not all (errno EBUSY where the hypervisor gave no reason of its own).
 */
int xc_domain_increase_reservation(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                   unsigned int extent_order, unsigned int mem_flags,
                                   xen_pfn_t *extent_start);
int xc_domain_increase_reservation_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                         unsigned int extent_order, unsigned int mem_flags,
                                         xen_pfn_t *extent_start);
int xc_domain_decrease_reservation(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                   unsigned int extent_order, xen_pfn_t *extent_start);
int xc_domain_decrease_reservation_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                         unsigned int extent_order, xen_pfn_t *extent_start);
int xc_domain_populate_physmap(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                               unsigned int extent_order, unsigned int mem_flags,
                               xen_pfn_t *extent_start);
int xc_domain_populate_physmap_exact(xc_interface *xch, uint32_t domid, unsigned long nr_extents,
                                     unsigned int extent_order, unsigned int mem_flags,
                                     xen_pfn_t *extent_start);

#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5
#define E820MAX       (128)
struct e820entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type; /* E820_* */
} __attribute__((packed));

int xc_domain_set_memory_map(xc_interface *xch, uint32_t domid, struct e820entry entries[],
                             uint32_t nr_entries);
int xc_domain_set_memmap_limit(xc_interface *xch, uint32_t domid, unsigned long map_limitkb);
int xc_get_machine_memory_map(xc_interface *xch, struct e820entry entries[], uint32_t max_entries); /* how many */

/* The frames of the machine-to-physical table, one for each 2 MiB of it. */
int xc_machphys_mfn_list(xc_interface *xch, unsigned long max_extents, xen_pfn_t *extent_start);

/* The machine frame (with no bits of the page offset) behind a vcpu's virtual address; 0: not mapped. */
unsigned long xc_translate_foreign_address(xc_interface *xch, uint32_t dom, int vcpu,
                                           unsigned long long virt);
int xc_copy_to_domain_page(xc_interface *xch, uint32_t domid, unsigned long dst_pfn,
                           const char *src_page);
int xc_clear_domain_pages(xc_interface *xch, uint32_t domid, unsigned long dst_pfn, int num);
static inline int xc_clear_domain_page(xc_interface *xch, uint32_t domid, unsigned long dst_pfn)
{
    return xc_clear_domain_pages(xch, domid, dst_pfn, 1);
}

/*
 * Event channels and grants of any domain.
 */
typedef int xc_evtchn_port_or_error_t;
typedef struct evtchn_status xc_evtchn_status_t;
xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface *xch, uint32_t dom, uint32_t remote_dom);
int xc_evtchn_reset(xc_interface *xch, uint32_t dom);
int xc_evtchn_status(xc_interface *xch, xc_evtchn_status_t *status); /* of .dom and .port */

int xc_gnttab_query_size(xc_interface *xch, struct gnttab_query_size *query); /* look at .status too */
int xc_gnttab_get_version(xc_interface *xch, uint32_t domid); /* 1 or 2 */

/* Maps a domain's grant table, *gnt_num entries; munmap() it. */
grant_entry_v1_t *xc_gnttab_map_table_v1(xc_interface *xch, uint32_t domid, int *gnt_num);

int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int index, int *pirq);
int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq);

/*
 * Power management of CPUs, where the hypervisor does it.
 */
struct xc_px_val {
    uint64_t freq; /* MHz */
    uint64_t residency;
    uint64_t count;
};
struct xc_px_stat {
    uint8_t total;
    uint8_t usable;
    uint8_t last;
    uint8_t cur;
    uint64_t *trans_pt;   /* room for total * total, total as xc_pm_get_max_px() tells it */
    struct xc_px_val *pt; /* room for total */
};
int xc_pm_get_max_px(xc_interface *xch, int cpuid, int *max_px);
int xc_pm_get_pxstat(xc_interface *xch, int cpuid, struct xc_px_stat *pxpt);
int xc_pm_reset_pxstat(xc_interface *xch, int cpuid);

struct xc_cx_stat {
    uint32_t nr;
    uint32_t last;
    uint64_t idle_time;
    uint64_t *triggers;    /* room for nr each, as xc_pm_get_max_cx() tells it */
    uint64_t *residencies;
    uint32_t nr_pc;        /* in: room; out: number */
    uint32_t nr_cc;
    uint64_t *pc;
    uint64_t *cc;
};
typedef struct xc_cx_stat xc_cx_stat_t;
int xc_pm_get_max_cx(xc_interface *xch, int cpuid, int *max_cx);
int xc_pm_get_cxstat(xc_interface *xch, int cpuid, struct xc_cx_stat *cxpt);
int xc_pm_reset_cxstat(xc_interface *xch, int cpuid);

typedef struct xen_userspace xc_userspace_t;
typedef struct xen_ondemand xc_ondemand_t;
struct xc_get_cpufreq_para {
    uint32_t cpu_num; /* in: room in the arrays; out: what there is */
    uint32_t freq_num;
    uint32_t gov_num;
    uint32_t *affected_cpus;
    uint32_t *scaling_available_frequencies;
    char *scaling_available_governors; /* gov_num names of CPUFREQ_NAME_LEN bytes */
    char scaling_driver[CPUFREQ_NAME_LEN];
    uint32_t cpuinfo_cur_freq;
    uint32_t cpuinfo_max_freq;
    uint32_t cpuinfo_min_freq;
    uint32_t scaling_cur_freq;
    char scaling_governor[CPUFREQ_NAME_LEN];
    uint32_t scaling_max_freq;
    uint32_t scaling_min_freq;
    union {
        xc_userspace_t userspace;
        xc_ondemand_t ondemand;
    } u;
    int32_t turbo_enabled;
};
/* EAGAIN: the arrays are too small; the three numbers then say what is needed. */
int xc_get_cpufreq_para(xc_interface *xch, int cpuid, struct xc_get_cpufreq_para *user_para);
int xc_set_cpufreq_gov(xc_interface *xch, int cpuid, char *govname);
int xc_set_cpufreq_para(xc_interface *xch, int cpuid, int ctrl_type, int ctrl_value);
int xc_get_cpufreq_avgfreq(xc_interface *xch, int cpuid, int *avg_freq);
int xc_set_sched_opt_smt(xc_interface *xch, uint32_t value);
int xc_get_cpuidle_max_cstate(xc_interface *xch, uint32_t *value); /* XEN_SYSCTL_CX_UNLIMITED */
int xc_set_cpuidle_max_cstate(xc_interface *xch, uint32_t value);
int xc_get_cpuidle_max_csubstate(xc_interface *xch, uint32_t *value);
int xc_set_cpuidle_max_csubstate(xc_interface *xch, uint32_t value);
int xc_enable_turbo(xc_interface *xch, int cpuid);
int xc_disable_turbo(xc_interface *xch, int cpuid);

/*
 * kexec: type is KEXEC_TYPE_*, range KEXEC_RANGE_MA_*, arch ELF's EM_*. The segments' buffers are
 * hypercall buffers. xc_kexec_exec() returns only on failure; status is 1 where an image is loaded.
 */
int xc_kexec_exec(xc_interface *xch, int type);
int xc_kexec_get_range(xc_interface *xch, int range, int nr, uint64_t *size, uint64_t *start);
int xc_kexec_load(xc_interface *xch, uint8_t type, uint16_t arch, uint64_t entry_maddr,
                  uint32_t nr_segments, xen_kexec_segment_t *segments);
int xc_kexec_unload(xc_interface *xch, int type);
int xc_kexec_status(xc_interface *xch, int type);

#include "xenctrl_compat.h"

#endif
