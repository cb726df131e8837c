/* SPDX-License-Identifier: MIT */
/*
 * Prints how the newest domain stands, as the hypervisor says: "runs", "shutdown N" with the code that it ended with, or
 * "none". It asks the hypervisor itself, with Debian's headers and no toolstack's library: the same program under ours and
 * under Xen.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>

#define PAGE  4096u
#define PAGES 8u /* one for the call, the rest for its answer */

/* Linux's struct privcmd_hypercall and its ioctl (include/uapi/xen/privcmd.h). */
struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

int main(void)
{
    int privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC), memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    void *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    xen_domctl_getdomaininfo_t *info = (void *)((char *)at + PAGE);
    struct xen_sysctl *op = at;
    struct privcmd_call call = {.op = __HYPERVISOR_sysctl, .arg = {(uintptr_t)op}};
    uint32_t count;

    if (privcmd < 0 || memory < 0 || at == MAP_FAILED) {
        perror("ends-state: /dev/xen/privcmd, /dev/xen/hypercall");
        return 1;
    }
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    op->cmd = XEN_SYSCTL_getdomaininfolist;
    op->u.getdomaininfolist.first_domain = 1;
    op->u.getdomaininfolist.max_domains = (PAGES - 1) * PAGE / sizeof(*info);
    set_xen_guest_handle(op->u.getdomaininfolist.buffer, info);
    if (ioctl(privcmd, PRIVCMD_HYPERCALL, &call)) {
        perror("ends-state: getdomaininfolist");
        return 1;
    }
    count = op->u.getdomaininfolist.num_domains;
    if (!count)
        puts("none");
    else if (info[count - 1].flags & XEN_DOMINF_shutdown)
        printf("shutdown %u\n", info[count - 1].flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask);
    else
        puts("runs");
    return 0;
}
