/* SPDX-License-Identifier: MIT */
/*
 * Prints what the hypervisor's scheduler has of one domain: "weight=W cap=C", and a line for each
 * vcpu, "vcpu N online=0|1 hard=LIST soft=LIST" with the CPUs of the machine that are in each. Like
 * hv-count it asks the hypervisor itself, with Debian's headers and none of our libraries.
 *
 *   hv-sched DOMID
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define PAGE     4096u
#define MAP_BITS 1024u

/* Linux's struct privcmd_hypercall and its ioctl (include/uapi/xen/privcmd.h). */
struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

static int privcmd;

static int call(uint64_t op, void *argument)
{
    struct privcmd_call c = {.op = op, .arg = {(uintptr_t)argument}};

    return ioctl(privcmd, PRIVCMD_HYPERCALL, &c);
}

static int domctl(struct xen_domctl *op, uint32_t command, domid_t domid)
{
    op->cmd = command;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return call(__HYPERVISOR_domctl, op);
}

static int sysctl(struct xen_sysctl *op, uint32_t command)
{
    memset(op, 0, sizeof(*op));
    op->cmd = command;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return call(__HYPERVISOR_sysctl, op);
}

static void print_map(const char *name, const uint8_t *map, uint32_t cpus)
{
    const char *comma = "";

    printf(" %s=", name);
    for (uint32_t cpu = 0; cpu < cpus && cpu < MAP_BITS; cpu++) {
        if (map[cpu / 8] >> cpu % 8 & 1) {
            printf("%s%u", comma, cpu);
            comma = ",";
        }
    }
}

static int print_vcpu(struct xen_domctl *op, uint8_t *maps, domid_t domid, uint32_t vcpu,
                      uint32_t cpus)
{
    uint32_t online;

    memset(op, 0, sizeof(*op));
    op->u.getvcpuinfo.vcpu = vcpu;
    if (domctl(op, XEN_DOMCTL_getvcpuinfo, domid))
        return -1;
    online = op->u.getvcpuinfo.online;

    memset(op, 0, sizeof(*op));
    memset(maps, 0, MAP_BITS / 4);
    op->u.vcpuaffinity.vcpu = vcpu;
    op->u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    op->u.vcpuaffinity.cpumap_hard.nr_bits = MAP_BITS;
    op->u.vcpuaffinity.cpumap_soft.nr_bits = MAP_BITS;
    set_xen_guest_handle(op->u.vcpuaffinity.cpumap_hard.bitmap, maps);
    set_xen_guest_handle(op->u.vcpuaffinity.cpumap_soft.bitmap, maps + MAP_BITS / 8);
    if (domctl(op, XEN_DOMCTL_getvcpuaffinity, domid))
        return -1;
    printf("vcpu %u online=%u", vcpu, online);
    print_map("hard", maps, cpus);
    print_map("soft", maps + MAP_BITS / 8, cpus);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    domid_t domid = (domid_t)(argc == 2 ? atoi(argv[1]) : 0);
    uint32_t scheduler, cpus, vcpus;
    struct xen_sysctl *system;
    struct xen_domctl *op;
    int memory;
    char *at;

    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    if (argc != 2 || privcmd < 0 || memory < 0) {
        fprintf(stderr, "usage: hv-sched DOMID, as root in the control domain\n");
        return 2;
    }
    /* Pages that the kernel never moves: the hypervisor writes to them. */
    at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (at == MAP_FAILED) {
        perror("hv-sched: mmap of /dev/xen/hypercall");
        return 1;
    }
    op = (void *)at;
    system = (void *)(at + PAGE);

    if (sysctl(system, XEN_SYSCTL_physinfo)) {
        perror("hv-sched: physinfo");
        return 1;
    }
    cpus = system->u.physinfo.max_cpu_id + 1;
    if (sysctl(system, XEN_SYSCTL_sched_id)) {
        perror("hv-sched: sched_id");
        return 1;
    }
    scheduler = system->u.sched_id.sched_id;

    memset(op, 0, sizeof(*op));
    if (domctl(op, XEN_DOMCTL_getdomaininfo, domid) || op->domain != domid) {
        perror("hv-sched: getdomaininfo");
        return 1;
    }
    vcpus = op->u.getdomaininfo.max_vcpu_id + 1;

    memset(op, 0, sizeof(*op));
    op->u.scheduler_op.sched_id = scheduler;
    op->u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    if (domctl(op, XEN_DOMCTL_scheduler_op, domid)) {
        perror("hv-sched: scheduler_op");
        return 1;
    }
    printf("weight=%u cap=%u\n", op->u.scheduler_op.u.credit2.weight,
           op->u.scheduler_op.u.credit2.cap);
    for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++) {
        if (print_vcpu(op, (uint8_t *)at + 2 * PAGE, domid, vcpu, cpus)) {
            perror("hv-sched: vcpu");
            return 1;
        }
    }
    return 0;
}
