/* SPDX-License-Identifier: MIT */
/*
 * Runs in dom0 and asks the hypervisor itself, with Debian's headers and none of our libraries, so that it
 * shares no mistake with what it measures:
 *
 *   meter set DOMID WEIGHT CAP CPUS       weight, cap in hundredths of a CPU (0: none), CPUs as a mask (0: all)
 *   meter measure SECONDS TITLE [NAME:DOMID:WEIGHT:CAP:VCPUS:CPUS:KIND]...
 *   meter use SECONDS                     CPU time that all domains but dom0 use, in % of one CPU
 *
 * `measure` reads every domain's CPU time twice and prints what each was promised and what it got, in % of one CPU.
 * KIND is full (it wants all it can get) or part (it limits itself: what it used counts as what it wanted).
 * dom0 is there by itself, as part. Exit status 3: a difference is above 2%.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "shares.h"

#define PAGE      4096u
#define DOMAINS   256u
#define CLAIMS    32u
#define TOLERANCE 2.0 /* per cent of the promise */

/* Linux's struct privcmd_hypercall and its ioctl (include/uapi/xen/privcmd.h). */
struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

/* Pages that the kernel never moves: what the hypervisor reads and writes lies here. */
struct shared {
    struct xen_sysctl sysctl;
    struct xen_domctl domctl;
    uint8_t mask[8];
    xen_domctl_getdomaininfo_t info[DOMAINS] __attribute__((aligned(64)));
};

static int privcmd;
static struct shared *shared;

struct reading {
    uint64_t at_ns;
    uint64_t cpu_ns[DOMAINS];
    uint16_t domid[DOMAINS];
    uint32_t count;
};

struct claim {
    char name[32];
    unsigned int domid;
    bool part;
};

static void __attribute__((noreturn)) fail(const char *what)
{
    perror(what);
    exit(1);
}

static void hypercall(unsigned int number, void *op, const char *what)
{
    struct privcmd_call call = {.op = number, .arg = {(uintptr_t)op}};

    if (ioctl(privcmd, PRIVCMD_HYPERCALL, &call))
        fail(what);
}

static void sysctl(uint32_t command, const char *what)
{
    shared->sysctl.cmd = command;
    shared->sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    hypercall(__HYPERVISOR_sysctl, &shared->sysctl, what);
}

static void domctl(uint32_t command, unsigned int domid, const char *what)
{
    shared->domctl.cmd = command;
    shared->domctl.domain = (domid_t)domid;
    shared->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    hypercall(__HYPERVISOR_domctl, &shared->domctl, what);
}

static void reach_hypervisor(void)
{
    int memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    size_t size = (sizeof(struct shared) + PAGE - 1) & ~(size_t)(PAGE - 1);

    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (privcmd < 0 || memory < 0)
        fail("/dev/xen/privcmd, /dev/xen/hypercall");
    shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (shared == MAP_FAILED)
        fail("mmap of /dev/xen/hypercall");
    memset(shared, 0, size);
}

static unsigned int cpus_online(void)
{
    memset(&shared->sysctl, 0, sizeof(shared->sysctl));
    sysctl(XEN_SYSCTL_physinfo, "physinfo");
    return shared->sysctl.u.physinfo.nr_cpus;
}

static uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void take_reading(struct reading *r)
{
    uint64_t before = clock_ns();

    memset(&shared->sysctl, 0, sizeof(shared->sysctl));
    shared->sysctl.u.getdomaininfolist.max_domains = DOMAINS;
    set_xen_guest_handle(shared->sysctl.u.getdomaininfolist.buffer, shared->info);
    sysctl(XEN_SYSCTL_getdomaininfolist, "getdomaininfolist");
    r->at_ns = before + (clock_ns() - before) / 2;
    r->count = shared->sysctl.u.getdomaininfolist.num_domains;
    for (uint32_t i = 0; i < r->count; i++) {
        r->cpu_ns[i] = shared->info[i].cpu_time;
        r->domid[i] = shared->info[i].domain;
    }
}

static double seconds_of(const struct reading *r, unsigned int domid)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (r->domid[i] == domid)
            return (double)r->cpu_ns[i] / 1e9;
    fprintf(stderr, "meter: domain %u is not there\n", domid);
    exit(1);
}

static void sleep_for(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds,
                         .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};

    nanosleep(&t, NULL);
}

static int set(char **arg)
{
    unsigned int domid = (unsigned int)atoi(arg[0]);
    uint64_t mask = strtoull(arg[3], NULL, 0);

    memset(&shared->domctl, 0, sizeof(shared->domctl));
    shared->domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    shared->domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    shared->domctl.u.scheduler_op.u.credit2.weight = (uint16_t)atoi(arg[1]);
    shared->domctl.u.scheduler_op.u.credit2.cap = (uint16_t)atoi(arg[2]);
    domctl(XEN_DOMCTL_scheduler_op, domid, "scheduler_op");
    if (!mask)
        return 0;
    memset(&shared->domctl, 0, sizeof(shared->domctl));
    domctl(XEN_DOMCTL_getdomaininfo, domid, "getdomaininfo");
    for (uint32_t vcpu = 0, last = shared->domctl.u.getdomaininfo.max_vcpu_id; vcpu <= last;
         vcpu++) {
        struct xen_domctl_vcpuaffinity *affinity = &shared->domctl.u.vcpuaffinity;

        memcpy(shared->mask, &mask, sizeof(mask));
        memset(&shared->domctl, 0, sizeof(shared->domctl));
        affinity->vcpu = vcpu;
        affinity->flags = XEN_VCPUAFFINITY_HARD;
        affinity->cpumap_hard.nr_bits = 64;
        set_xen_guest_handle(affinity->cpumap_hard.bitmap, shared->mask);
        domctl(XEN_DOMCTL_setvcpuaffinity, domid, "setvcpuaffinity");
    }
    return 0;
}

/* NAME:DOMID:WEIGHT:CAP:VCPUS:CPUS:KIND */
static void parse(const char *text, struct claim *claim, struct share_claim *share)
{
    unsigned int weight, cap, vcpus, mask;
    char kind[8];

    if (sscanf(text, "%31[^:]:%u:%u:%u:%u:%i:%7s", claim->name, &claim->domid, &weight, &cap,
               &vcpus, (int *)&mask, kind) != 7) {
        fprintf(stderr, "meter: %s?\n", text);
        exit(2);
    }
    claim->part = !strcmp(kind, "part");
    *share = (struct share_claim){.weight = weight,
                                  .cap = cap / 100.0,
                                  .wants = -1,
                                  .vcpus = vcpus,
                                  .cpus = mask ? mask : ~0ull};
}

static int print_rows(const struct claim *claims, const struct share_claim *shares,
                      const double *promised, const double *used, unsigned int count)
{
    int status = 0;

    for (unsigned int i = 0; i < count; i++) {
        double difference = promised[i] > 0 ? (used[i] / promised[i] - 1) * 100 : 0;
        bool far = !claims[i].part && fabs(difference) > TOLERANCE;
        char cap[16] = "-", mask[24] = "all", promise[16] = "-", off[16] = "-";

        if (shares[i].cap > 0)
            snprintf(cap, sizeof(cap), "%.0f", shares[i].cap * 100);
        if (~shares[i].cpus)
            snprintf(mask, sizeof(mask), "%#" PRIx64, shares[i].cpus);
        if (!claims[i].part) {
            snprintf(promise, sizeof(promise), "%.1f", promised[i] * 100);
            snprintf(off, sizeof(off), "%+.1f", difference);
        }
        printf("  %-16s %6.0f %5s %6u %5s %9s %9.1f %8s%s\n", claims[i].name, shares[i].weight, cap,
               shares[i].vcpus, mask, promise, used[i] * 100, off, far ? "  ABOVE 2%" : "");
        status = far ? 3 : status;
    }
    return status;
}

static int measure(unsigned int argc, char **arg)
{
    static struct reading first, last;
    struct claim claims[CLAIMS] = {{.name = "dom0", .part = true}};
    struct share_claim shares[CLAIMS] = {{.weight = 2048, .wants = 0, .cpus = ~0ull}};
    double used[CLAIMS], promised[CLAIMS], elapsed;
    unsigned int count = 1, cpus = cpus_online();

    shares[0].vcpus = cpus;
    for (unsigned int i = 2; i < argc && count < CLAIMS; i++, count++)
        parse(arg[i], &claims[count], &shares[count]);
    take_reading(&first);
    sleep_for(atof(arg[0]));
    take_reading(&last);
    elapsed = (double)(last.at_ns - first.at_ns) / 1e9;
    for (unsigned int i = 0; i < count; i++) {
        used[i] =
            (seconds_of(&last, claims[i].domid) - seconds_of(&first, claims[i].domid)) / elapsed;
        if (claims[i].part)
            shares[i].wants = used[i];
    }
    shares_fill(shares, count, cpus, promised);
    printf("%s\n  %-16s %6s %5s %6s %5s %9s %9s %8s\n", arg[1], "VPS", "weight", "cap", "vCPUs",
           "CPUs", "promise %", "gets %", "off %");
    return print_rows(claims, shares, promised, used, count);
}

static int use(char **arg)
{
    static struct reading first, last;
    double sum = 0, dom0 = 0, elapsed;

    take_reading(&first);
    sleep_for(atof(arg[0]));
    take_reading(&last);
    elapsed = (double)(last.at_ns - first.at_ns) / 1e9;
    for (uint32_t i = 0; i < first.count; i++) {
        double part = seconds_of(&last, first.domid[i]) - seconds_of(&first, first.domid[i]);

        *(first.domid[i] ? &sum : &dom0) += part;
    }
    printf("%.3f %.3f\n", sum / elapsed * 100, dom0 / elapsed * 100);
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "set") != 0 && strcmp(verb, "measure") != 0 && strcmp(verb, "use") != 0) {
        fprintf(stderr, "usage: meter set DOMID WEIGHT CAP CPUS | measure SECONDS TITLE CLAIM... | "
                        "use SECONDS\n");
        return 2;
    }
    reach_hypervisor();
    if (!strcmp(verb, "set") && argc == 6)
        return set(argv + 2);
    if (!strcmp(verb, "measure") && argc > 4)
        return measure((unsigned int)argc - 2, argv + 2);
    if (!strcmp(verb, "use") && argc == 3)
        return use(argv + 2);
    fprintf(stderr, "meter: arguments of %s?\n", verb);
    return 2;
}
