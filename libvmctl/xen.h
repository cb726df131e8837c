/* SPDX-License-Identifier: MIT */
/*
 * The hypercall layer of libvmctl: what it asks of the hypervisor through /dev/xen/privcmd. Private
 * to the library. It must never hand the hypervisor memory that could be swapped out or move: every
 * pointer in a call points into the buffer that xen_open() locks.
 *
 * All functions return 0 or a positive value on success and a negative errno on failure. A handle
 * belongs to one thread at a time.
 */
#ifndef LIBVMCTL_XEN_H
#define LIBVMCTL_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/domctl.h>
#include <public/sysctl.h>
#include <public/xen.h>

#define XEN_PAGE_SHIFT 12
#define XEN_PAGE_SIZE  4096UL

/* Longest crash reason that the hypervisor keeps, NUL included. */
#define XEN_REASON_SIZE 120

struct xen;

/* Opens the hypercall device. -ENOENT or -ENODEV: no hypervisor below us; -EACCES: not root. */
int xen_open(struct xen **out);
void xen_close(struct xen *x);

/* The hypervisor's version, "4.17.7" or alike. */
int xen_version(struct xen *x, char *out, size_t size);

/* True where frames that xen_populate() gets are known to be zero: Mews promises it (public/mews.h). */
bool xen_frames_are_zero(struct xen *x);

/* Free and total memory of the machine, in pages. outstanding: claimed, not allocated yet. */
int xen_physinfo(struct xen *x, struct xen_sysctl_physinfo *info);

/* Fills infos with at most max domains whose id is first or above; returns how many. */
int xen_list_domains(struct xen *x, domid_t first, struct xen_domctl_getdomaininfo *infos,
                     unsigned int max);

/* -ESRCH: there is no such domain. */
int xen_domain_info(struct xen *x, domid_t domid, struct xen_domctl_getdomaininfo *info);

/* Makes an empty, paused PV domain and returns its id. */
int xen_create_domain(struct xen *x, const uint8_t uuid[16], unsigned int max_vcpus);

int xen_pause(struct xen *x, domid_t domid);
int xen_unpause(struct xen *x, domid_t domid);

/* Kills a domain and waits until the hypervisor has taken it apart. */
int xen_destroy(struct xen *x, domid_t domid);

int xen_set_max_memory(struct xen *x, domid_t domid, uint64_t kib);
int xen_set_max_vcpus(struct xen *x, domid_t domid, unsigned int vcpus);

/* Lets the guest read the time-stamp counter without a trap. */
int xen_set_native_tsc(struct xen *x, domid_t domid);

/* Tells the guest of memory up to pages that it may balloon to. */
int xen_set_memory_map(struct xen *x, domid_t domid, uint64_t pages);

/* Sets pages aside for the domain, or releases what is left of them (0). */
int xen_claim_pages(struct xen *x, domid_t domid, uint64_t pages);

/*
 * Gives the domain count extents of 2^order pages each, at pfns first, first + 2^order, ... Writes
 * the mfn of each page to mfns[0 .. count << order). Returns the number of extents that it got.
 */
int64_t xen_populate(struct xen *x, domid_t domid, uint64_t first, uint64_t count,
                     unsigned int order, uint64_t *mfns);

/* Writes the hypercall stubs into one of the domain's frames. */
int xen_init_hypercall_page(struct xen *x, domid_t domid, uint64_t mfn);

/* Makes the frame the domain's pinned top-level page table: validates all that hangs below. */
int xen_pin_l4(struct xen *x, domid_t domid, uint64_t mfn);

int xen_set_vcpu(struct xen *x, domid_t domid, unsigned int vcpu,
                 const struct vcpu_guest_context *context);

/* An event channel port of the domain that dom0 may bind to; returns the port. */
int xen_alloc_unbound(struct xen *x, domid_t domid);

/*
 * Maps count of the domain's frames side by side, writable. NULL with errno set on failure.
 * xen_unmap() undoes it; the end of the process does too, and faster.
 */
void *xen_map(struct xen *x, domid_t domid, const uint64_t *mfns, size_t count);
void xen_unmap(void *address, size_t count);

/* Writes the domain's first two grants: console and store page, to dom0. */
int xen_seed_grants(struct xen *x, domid_t domid, uint64_t console_mfn, uint64_t store_mfn);

/* CPUs that an affinity mask here has room for. */
#define XEN_CPUS_MAX 1024

/* How long each CPU was idle since the start, in ns, by number; returns how many it wrote. */
int xen_cpu_idle(struct xen *x, uint64_t *ns, unsigned int max);

/* The scheduler: XEN_SCHEDULER_*. */
int xen_scheduler(struct xen *x);

/* A domain's weight and cap (percent of a CPU, 0 none), of a scheduler that has such. */
int xen_sched_get(struct xen *x, domid_t domid, uint16_t *weight, uint16_t *cap);

/* Sets both. weight 0 leaves the weight, XEN_KEEP_CAP the cap. */
#define XEN_KEEP_CAP 0xffff
int xen_sched_set(struct xen *x, domid_t domid, uint16_t weight, uint16_t cap);

/* One vcpu: -ESRCH where the domain has none of that number. */
int xen_vcpu_info(struct xen *x, domid_t domid, unsigned int vcpu,
                  struct xen_domctl_getvcpuinfo *info);

/* The CPUs that a vcpu may run on (hard) and prefers (soft), a bit a CPU, the lowest first. */
int xen_get_affinity(struct xen *x, domid_t domid, unsigned int vcpu,
                     uint64_t hard[XEN_CPUS_MAX / 64], uint64_t soft[XEN_CPUS_MAX / 64]);

/* Sets one of the two; -EINVAL: the machine has none of these CPUs. */
int xen_set_affinity(struct xen *x, domid_t domid, unsigned int vcpu, bool soft,
                     const uint64_t cpus[XEN_CPUS_MAX / 64]);

/* ns that a domain's vcpus were in each run state, by RUNSTATE_*. -ENOSYS: not told. */
int xen_runstates(struct xen *x, domid_t domid, uint64_t ns[4]);

/* The hypervisor's command line. */
int xen_command_line(struct xen *x, char *out, size_t size);

/* Why the hypervisor crashed the domain; empty where it did not, or does not say. */
int xen_crash_reason(struct xen *x, domid_t domid, char reason[XEN_REASON_SIZE]);

#endif
