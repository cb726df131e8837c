/* SPDX-License-Identifier: MIT */
/*
 * Runs in dom0: reads a fuzz guest's record (guest/record.h) out of the frames that the guest named, whatever has become
 * of the guest; and counts dom0's own open ports. What it reads is a hostile guest's: it is only ever printed.
 *
 *   fuzz-peek state DOMID MFN...   one line: operations of all vCPUs, calls, good ones, traps, upcalls, violations, lost ends,
 *                                  vCPUs in a call; then one for each vCPU: what it is at
 *   fuzz-peek ends DOMID MFN...    a line for each end: NAME SUB RESULT COUNT
 *   fuzz-peek ports                how many of dom0's event channels are in use
 * Exit status: 0 printed, 1 no such frames, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#include "guest/record.h"

#define PAGE 4096u

/* Linux's privcmd (include/uapi/xen/privcmd.h). */
struct privcmd_call {
    uint64_t op, arg[5];
};
struct privcmd_mmapbatch_v2 {
    unsigned int num;
    domid_t dom;
    uint64_t addr;
    const uint64_t *arr;
    int *err;
};
#define PRIVCMD_HYPERCALL    _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))
#define PRIVCMD_MMAPBATCH_V2 _IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch_v2))

static const char *const names[] = {
    "set_trap_table",
    "mmu_update",
    "set_gdt",
    "stack_switch",
    "set_callbacks",
    "fpu_taskswitch",
    "sched_op_compat",
    "platform_op",
    "set_debugreg",
    "get_debugreg",
    "update_descriptor",
    "11",
    "memory_op",
    "multicall",
    "update_va_mapping",
    "set_timer_op",
    "event_channel_op_compat",
    "xen_version",
    "console_io",
    "physdev_op_compat",
    "grant_table_op",
    "vm_assist",
    "update_va_mapping_otherdomain",
    "iret",
    "vcpu_op",
    "set_segment_base",
    "mmuext_op",
    "xsm_op",
    "nmi_op",
    "sched_op",
    "callback_op",
    "xenoprof_op",
    "event_channel_op",
    "physdev_op",
    "hvm_op",
    "sysctl",
    "domctl",
    "kexec_op",
};

static const char *name_of(unsigned int kind, char number[16])
{
    static const char *const more[] = {"(instruction)", "(iret)", "(user-mode)", "(store)",
                                       "(no-call)"};

    if (kind < sizeof(names) / sizeof(names[0]))
        return names[kind];
    if (kind >= FUZZ_INSTRUCTION && kind - FUZZ_INSTRUCTION < sizeof(more) / sizeof(more[0]))
        return more[kind - FUZZ_INSTRUCTION];
    snprintf(number, 16, "%u", kind);
    return number;
}

static const void *map(int privcmd, domid_t domain, const uint64_t *frames, unsigned int count)
{
    void *at = mmap(NULL, count * PAGE, PROT_READ, MAP_SHARED, privcmd, 0);
    int errors[FUZZ_PAGES] = {0};
    struct privcmd_mmapbatch_v2 batch = {
        .num = count, .dom = domain, .addr = (uintptr_t)at, .arr = frames, .err = errors};

    if (at == MAP_FAILED || ioctl(privcmd, PRIVCMD_MMAPBATCH_V2, &batch))
        return NULL;
    for (unsigned int i = 0; i < count; i++)
        if (errors[i])
            return NULL;
    return at;
}

static void print_state(const struct fuzz_record *r)
{
    const uint64_t *v = r->violation;
    uint64_t sum[6] = {0};

    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        sum[0] += r->cpu[i].operations;
        sum[1] += r->cpu[i].calls;
        sum[2] += r->cpu[i].good;
        sum[3] += r->cpu[i].traps;
        sum[4] += r->cpu[i].upcalls;
        sum[5] += r->cpu[i].in_call != 0;
    }
    printf("operations=%" PRIu64 " calls=%" PRIu64 " good=%" PRIu64 " traps=%" PRIu64
           " upcalls=%" PRIu64 " violations=%" PRIu64 " lost=%" PRIu64 " in_call=%" PRIu64 "\n",
           sum[0], sum[1], sum[2], sum[3], sum[4], r->violations, r->lost, sum[5]);
    if (r->violations && (v[0] ^ v[1] ^ v[2] ^ v[3]) == (r->violation_check ^ FUZZ_MAGIC))
        printf("violation: call %" PRIu64 " sub %" PRIu64 " result %" PRId64 " argument %#" PRIx64
               "\n",
               v[0], v[1], (int64_t)v[2], v[3]);
    for (unsigned int i = 0; i < FUZZ_CPUS; i++) {
        const struct fuzz_cpu_record *c = &r->cpu[i];

        printf("vcpu %u: %" PRIu64 " operations, %" PRIu64 " upcalls, %s call %" PRIu64
               " (%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ")\n",
               i, c->operations, c->upcalls, c->in_call ? "in" : "after", c->number, c->args[0],
               c->args[1], c->args[2], c->args[3], c->args[4]);
    }
}

static void print_ends(const struct fuzz_record *r)
{
    const struct fuzz_entry *e = (const void *)((const char *)r + PAGE);
    char number[16];

    for (unsigned int i = 0; i < (FUZZ_PAGES - 1) * PAGE / sizeof(*e); i++)
        if (e[i].used == 2)
            printf("%s %u %d %" PRIu64 "\n", name_of(e[i].kind, number), e[i].sub, e[i].result,
                   e[i].count);
}

static int print_ports(int privcmd, int memory)
{
    struct evtchn_status *status = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    struct privcmd_call call = {.op = __HYPERVISOR_event_channel_op,
                                .arg = {EVTCHNOP_status, (uintptr_t)status}};
    unsigned int used = 0;

    if (status == MAP_FAILED)
        return 1;
    for (uint32_t port = 1; port < 4096; port++) {
        memset(status, 0, sizeof(*status));
        status->dom = DOMID_SELF;
        status->port = port;
        if (ioctl(privcmd, PRIVCMD_HYPERCALL, &call) < 0)
            break;
        used += status->status != EVTCHNSTAT_closed;
    }
    printf("ports=%u\n", used);
    return 0;
}

int main(int argc, char **argv)
{
    int privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC),
        memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    uint64_t frames[FUZZ_PAGES];
    const struct fuzz_record *r;

    if (privcmd < 0 || memory < 0) {
        perror("fuzz-peek: /dev/xen/privcmd, /dev/xen/hypercall");
        return 1;
    }
    if (argc == 2 && !strcmp(argv[1], "ports"))
        return print_ports(privcmd, memory);
    if (argc != 3 + FUZZ_PAGES || (strcmp(argv[1], "state") && strcmp(argv[1], "ends"))) {
        fprintf(stderr, "usage: fuzz-peek ports | fuzz-peek state|ends DOMID MFN... (%u of them)\n",
                FUZZ_PAGES);
        return 2;
    }
    for (unsigned int i = 0; i < FUZZ_PAGES; i++)
        frames[i] = strtoull(argv[3 + i], NULL, 0);
    r = map(privcmd, (domid_t)atoi(argv[2]), frames, FUZZ_PAGES);
    if (!r) {
        fprintf(stderr, "fuzz-peek: domain %s's record cannot be mapped: %s\n", argv[2],
                strerror(errno));
        return 1;
    }
    if (r->magic != FUZZ_MAGIC || r->cpu[0].operations > 1ull << 40) {
        fprintf(stderr, "fuzz-peek: domain %s has scribbled over its record\n", argv[2]);
        return 1;
    }
    if (argv[1][0] == 's')
        print_state(r);
    else
        print_ends(r);
    return 0;
}
