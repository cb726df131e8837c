/* SPDX-License-Identifier: MIT */
/*
 * Prints what the hypervisor says of the machine: "free_pages=N domains=N dom0_pages=N". Tests take
 * it before and after what they do, to see that nothing is left behind. It asks the hypervisor
 * itself, with Debian's headers and none of our libraries, so that it cannot share a mistake with
 * what it checks.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>

#define PAGE 4096u
#define MAX_DOMAINS 256u
#define PAGES       16u /* one for the call, the rest for its answer */

/* Linux's struct privcmd_hypercall and its ioctl (include/uapi/xen/privcmd.h). */
struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

static int sysctl(int privcmd, struct xen_sysctl *op)
{
    struct privcmd_call call = {.op = __HYPERVISOR_sysctl, .arg = {(uintptr_t)op}};

    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return ioctl(privcmd, PRIVCMD_HYPERCALL, &call);
}

int main(void)
{
    int privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    int memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    void *at;
    struct xen_sysctl *op;
    xen_domctl_getdomaininfo_t *info;
    uint64_t free_pages;

    if (privcmd < 0 || memory < 0) {
        perror("hv-count: /dev/xen/privcmd, /dev/xen/hypercall");
        return 1;
    }
    /* Pages that the kernel never moves: the hypervisor writes to them. */
    at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (at == MAP_FAILED) {
        perror("hv-count: mmap of /dev/xen/hypercall");
        return 1;
    }
    memset(at, 0, PAGES * PAGE);
    op = at;
    info = (void *)((char *)at + PAGE);

    op->cmd = XEN_SYSCTL_physinfo;
    if (sysctl(privcmd, op) != 0) {
        perror("hv-count: physinfo");
        return 1;
    }
    free_pages = op->u.physinfo.free_pages;

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_SYSCTL_getdomaininfolist;
    op->u.getdomaininfolist.max_domains = MAX_DOMAINS;
    set_xen_guest_handle(op->u.getdomaininfolist.buffer, info);
    if (sysctl(privcmd, op) != 0) {
        perror("hv-count: getdomaininfolist");
        return 1;
    }
    printf("free_pages=%" PRIu64 " domains=%" PRIu32 " dom0_pages=%" PRIu64 "\n", free_pages,
           op->u.getdomaininfolist.num_domains, info[0].tot_pages);
    return 0;
}
