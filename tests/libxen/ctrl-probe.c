/* SPDX-License-Identifier: MIT */
/*
 * Calls each function of libxenctrl that is safe in a running dom0, rightly and wrongly, and prints what came
 * of it: result, errno, and what does not depend on the moment. Compiled twice, against our header and library
 * and against Debian's: on one hypervisor both must print the same, whichever hypervisor it is. It makes a
 * domain of its own for what changes things, and must never touch another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#define XC_WANT_COMPAT_EVTCHN_API
#define XC_WANT_COMPAT_GNTTAB_API
#include <xenctrl.h>

#define NOBODY 0x7000 /* no domain has this id */

/* Evaluates a call once and prints it with its result; what a failed call said is errno. */
#define TELL(call) tell(#call, (errno = 0, (long long)(call)))

static bool silent;

static long long tell(const char *what, long long result)
{
    if (silent)
        return result;
    printf("%s = %lld", what, result);
    if (result == -1)
        printf(" errno %d", errno);
    printf("\n");
    return result;
}

static xc_interface *x;

static void machine(void)
{
    unsigned int n = 0;
    xc_physinfo_t info;
    uint64_t bytes = 0;
    unsigned long mfn = 0;
    xc_cputopo_t topology[64];
    xc_cpuinfo_t idle[64];
    uint32_t distance[64 * 64];
    xc_meminfo_t memory[64];
    xc_cpumap_t map;
    int count = -7, id = -7;

    memset(&info, 0, sizeof(info));
    TELL(xc_physinfo(x, &info));
    printf("cpus %u nodes %u threads %u cores %u khz %d total %llu free %d max %d caps %#x hw %#x\n",
           info.nr_cpus, info.nr_nodes, info.threads_per_core, info.cores_per_socket, info.cpu_khz > 0,
           (unsigned long long)info.total_pages, info.free_pages > 0, info.max_mfn > 0, info.capabilities,
           info.hw_cap[0]);
    TELL(xc_get_max_cpus(x));
    TELL(xc_get_online_cpus(x));
    TELL(xc_get_cpumap_size(x));
    TELL(xc_get_max_nodes(x));
    TELL(xc_get_nodemap_size(x));
    map = xc_cpumap_alloc(x);
    xc_cpumap_setcpu(0, map);
    xc_cpumap_setcpu(3, map);
    xc_cpumap_clearcpu(0, map);
    printf("map %d %d %#x\n", xc_cpumap_testcpu(0, map), xc_cpumap_testcpu(3, map), map[0]);
    free(map);
    TELL(xc_cputopoinfo(x, &n, NULL));
    printf("cpus to tell of: %u\n", n);
    memset(topology, 0, sizeof(topology));
    TELL(xc_cputopoinfo(x, &n, topology));
    for (unsigned int i = 0; i < n; i++)
        printf("cpu %u core %u socket %u node %u\n", i, topology[i].core, topology[i].socket, topology[i].node);
    n = 0;
    TELL(xc_numainfo(x, &n, NULL, NULL));
    printf("nodes to tell of: %u\n", n);
    TELL(xc_numainfo(x, &n, memory, distance));
    printf("nodes %u\n", n);
    TELL(xc_getcpuinfo(x, 64, idle, &count));
    printf("idle of %d, first %d\n", count, idle[0].idletime > 0);
    TELL(xc_availheap(x, 0, 0, -1, &bytes));
    printf("heap %d\n", bytes > 0);
    TELL(xc_maximum_ram_page(x, &mfn));
    printf("ram %d\n", mfn > 0);
    TELL(xc_sched_id(x, &id));
    printf("scheduler %d\n", id);
    TELL(xc_microcode_update(x, "short", 5));
    TELL(xc_cpu_online(x, 4000));
}

static void version(void)
{
    xen_extraversion_t extra = "";
    xen_changeset_info_t changeset = "";
    xen_commandline_t line = "";
    xen_compile_info_t compile;
    xen_platform_parameters_t platform = {0};
    xen_capabilities_info_t caps = "";
    xen_feature_info_t features = {0};
    xen_domain_handle_t handle;

    TELL(xc_version(x, XENVER_version, NULL));
    TELL(xc_version(x, XENVER_extraversion, &extra));
    TELL(xc_version(x, XENVER_compile_info, &compile));
    TELL(xc_version(x, XENVER_changeset, &changeset));
    TELL(xc_version(x, XENVER_capabilities, &caps));
    TELL(xc_version(x, XENVER_platform_parameters, &platform));
    TELL(xc_version(x, XENVER_get_features, &features));
    TELL(xc_version(x, XENVER_pagesize, NULL));
    TELL(xc_version(x, XENVER_guest_handle, &handle));
    TELL(xc_version(x, XENVER_commandline, &line));
    TELL(xc_version(x, 1234, NULL));
    printf("%s %s %s %s %#lx %#x\n", extra, caps, changeset, line, platform.virt_start, features.submap);
}

static void watchdog(void)
{
    int id = (int)TELL(xc_watchdog(x, 0, 600));

    TELL(xc_watchdog(x, 7777, 600));
    if (id > 0)
        TELL(xc_watchdog(x, (uint32_t)id, 0));
}

static void log_ring(void)
{
    char *text = malloc(65536);
    unsigned int n = 16384;
    uint32_t index = 0;

    TELL(xc_readconsolering(x, text, &n, 0, 0, NULL));
    printf("read %d\n", n > 0);
    n = 100;
    TELL(xc_readconsolering(x, text, &n, 0, 1, &index));
    printf("read %u to %d\n", n, index > 0);
    TELL(xc_send_debug_keys(x, "\001"));
    free(text);
}

static void power(void)
{
    struct xc_get_cpufreq_para para;
    struct xc_px_stat px;
    struct xc_cx_stat cx;
    uint64_t times[64], more[64], pc[64], cc[64];
    uint32_t value = 5;
    int max = -7, frequency = -7;

    memset(&px, 0, sizeof(px));
    memset(&cx, 0, sizeof(cx));
    memset(&para, 0, sizeof(para));
    TELL(xc_pm_get_max_px(x, 0, &max));
    TELL(xc_pm_get_pxstat(x, 0, &px));
    TELL(xc_pm_get_max_cx(x, 0, &max));
    cx.nr = 8;
    TELL(xc_pm_get_cxstat(x, 0, &cx));
    cx.triggers = times;
    cx.residencies = more;
    cx.pc = pc;
    cx.cc = cc;
    cx.nr_pc = cx.nr_cc = 8;
    TELL(xc_pm_get_cxstat(x, 0, &cx));
    TELL(xc_get_cpufreq_para(x, 0, &para));
    para.cpu_num = para.freq_num = para.gov_num = 4;
    TELL(xc_get_cpufreq_para(x, 0, &para));
    TELL(xc_set_cpufreq_gov(x, 0, (char *)"performance"));
    TELL(xc_set_cpufreq_gov(x, 0, NULL));
    TELL(xc_set_cpufreq_para(x, 0, SCALING_MAX_FREQ, 1));
    TELL(xc_get_cpufreq_avgfreq(x, 0, &frequency));
    TELL(xc_get_cpuidle_max_cstate(x, &value));
    TELL(xc_get_cpuidle_max_csubstate(x, &value));
    TELL(xc_pm_get_max_px(x, 4000, &max));
}

static void kexec(void)
{
    xen_kexec_segment_t segment;
    uint64_t size, start;

    memset(&segment, 0, sizeof(segment));
    TELL(xc_kexec_get_range(x, KEXEC_RANGE_MA_CRASH, 0, &size, &start));
    TELL(xc_kexec_get_range(x, 77, 0, &size, &start));
    TELL(xc_kexec_status(x, KEXEC_TYPE_DEFAULT));
    TELL(xc_kexec_status(x, 77));
    TELL(xc_kexec_load(x, 77, 62, 0, 1, &segment));
    TELL(xc_kexec_unload(x, 77));
    TELL(xc_kexec_exec(x, 77));
}

/* Only what a domain like it has everywhere. */
static void show(const xc_dominfo_t *info, uint32_t base)
{
    printf("domain +%u dying %u crashed %u shutdown %u reason %u paused %u hvm %u vcpus %u top %u pages %d "
           "handle %02x pool %u\n",
           info->domid - base, info->dying, info->crashed, info->shutdown, info->shutdown_reason, info->paused,
           info->hvm, info->nr_online_vcpus, info->max_vcpu_id, info->nr_pages > 0, info->handle[0],
           info->cpupool);
}

static void wrong_domain(void)
{
    xc_domaininfo_t list[4];
    xc_dominfo_t info[4];
    xc_vcpuinfo_t vcpu;
    vcpu_guest_context_any_t context;
    struct xen_domctl_sched_credit2 credit2 = {0};
    struct xen_domctl_sched_credit credit = {0};
    struct gnttab_query_size size = {.dom = NOBODY};
    xc_evtchn_status_t status = {.dom = NOBODY, .port = 1};
    xen_pfn_t pfn = 0;
    unsigned int width = 0;
    uint8_t map[64] = {1};

    TELL(xc_domain_getinfo(x, NOBODY, 4, info));
    TELL(xc_domain_getinfolist(x, NOBODY, 4, list));
    TELL(xc_domain_pause(x, NOBODY));
    TELL(xc_domain_unpause(x, NOBODY));
    TELL(xc_domain_destroy(x, NOBODY));
    TELL(xc_domain_shutdown(x, NOBODY, SHUTDOWN_poweroff));
    TELL(xc_domain_max_vcpus(x, NOBODY, 1));
    TELL(xc_domain_setmaxmem(x, NOBODY, 1024));
    TELL(xc_get_tot_pages(x, NOBODY));
    TELL(xc_domain_maximum_gpfn(x, NOBODY, &pfn));
    TELL(xc_domain_claim_pages(x, NOBODY, 1));
    TELL(xc_domain_populate_physmap(x, NOBODY, 1, 0, 0, &pfn));
    TELL(xc_domain_populate_physmap_exact(x, NOBODY, 1, 0, 0, &pfn));
    TELL(xc_domain_decrease_reservation(x, NOBODY, 1, 0, NULL));
    TELL(xc_vcpu_getinfo(x, NOBODY, 0, &vcpu));
    TELL(xc_domain_get_cpu_usage(x, NOBODY, 0));
    TELL(xc_vcpu_getcontext(x, NOBODY, 0, &context));
    TELL(xc_vcpu_getaffinity(x, NOBODY, 0, map, map, XEN_VCPUAFFINITY_HARD));
    TELL(xc_vcpu_setaffinity(x, NOBODY, 0, map, NULL, XEN_VCPUAFFINITY_HARD));
    TELL(xc_sched_credit2_domain_get(x, NOBODY, &credit2));
    TELL(xc_sched_credit_domain_get(x, 0, &credit));
    TELL(xc_domain_get_guest_width(x, NOBODY, &width) != 0); /* 1 in Debian's, against its own rule */
    TELL(xc_evtchn_alloc_unbound(x, NOBODY, 0));
    TELL(xc_evtchn_status(x, &status));
    TELL(xc_evtchn_reset(x, NOBODY));
    TELL(xc_gnttab_query_size(x, &size));
    TELL(xc_gnttab_get_version(x, NOBODY));
    TELL(xc_map_foreign_range(x, NOBODY, 4096, PROT_READ, 0) == NULL);
    printf("errno %d\n", errno);
    TELL(xc_translate_foreign_address(x, NOBODY, 0, 0x1000));
}

static void create(uint32_t *domid)
{
    struct xen_domctl_createdomain config = {
        .handle = {0x3d, 0x6c},
        .max_vcpus = 2,
        .max_evtchn_port = 1023,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };

    *domid = 0;
    TELL(xc_domain_create(x, domid, &config));
}

#define MAPPED     0x400000ul /* where the domain's data frames are mapped, from frames[4] on */
#define TABLE_BITS 0x67u      /* present, writable, user, accessed, dirty */

static bool write_entry(uint32_t domid, xen_pfn_t table, unsigned int index, uint64_t entry)
{
    uint64_t *page = xc_map_foreign_range(x, domid, 4096, PROT_READ | PROT_WRITE, table);

    if (!page)
        return false;
    page[index] = entry;
    munmap(page, 4096);
    return true;
}

/* Gives vcpu 0 page tables (frames 0 to 3), code, a stack and registers: all that a debugger looks at. */
static void dress(uint32_t domid, const xen_pfn_t *frames)
{
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = frames[0]};
    vcpu_guest_context_any_t context, got;
    char page[4096];

    for (unsigned int i = 0; i < 3; i++) /* the index at each level but the last: all of MAPPED is there */
        write_entry(domid, frames[i], MAPPED >> (39 - 9 * i) & 511, frames[i + 1] << 12 | TABLE_BITS);
    for (unsigned int i = 0; i < 2; i++)
        write_entry(domid, frames[3], i, frames[4 + i] << 12 | TABLE_BITS);
    for (unsigned int i = 0; i < sizeof(page); i++)
        page[i] = (char)(i * 7);
    TELL(xc_copy_to_domain_page(x, domid, frames[4], page));
    TELL(xc_copy_to_domain_page(x, domid, frames[5], page));
    TELL(xc_mmuext_op(x, &pin, 1, domid));
    memset(&context, 0, sizeof(context));
    context.c.flags = VGCF_in_kernel | VGCF_online;
    context.c.user_regs.rip = MAPPED + 0x123;
    context.c.user_regs.rsp = MAPPED + 0x1f80;
    context.c.user_regs.rflags = 0x202;
    context.c.user_regs.rax = 0x1111;
    context.c.user_regs.r15 = 0xffff888000000000;
    context.c.user_regs.cs = FLAT_KERNEL_CS;
    context.c.user_regs.ss = FLAT_KERNEL_SS;
    context.c.kernel_ss = FLAT_KERNEL_SS;
    context.c.kernel_sp = MAPPED + 0x1f80;
    context.c.ctrlreg[3] = xen_pfn_to_cr3(frames[0]);
    TELL(xc_vcpu_setcontext(x, domid, 0, &context));
    memset(&got, 0, sizeof(got));
    TELL(xc_vcpu_getcontext(x, domid, 0, &got));
    TELL(got.c.user_regs.rip == context.c.user_regs.rip && got.c.user_regs.r15 == context.c.user_regs.r15);
    TELL(got.c.ctrlreg[3] == context.c.ctrlreg[3]);
    TELL(xc_translate_foreign_address(x, domid, 0, MAPPED + 5) == frames[4]);
    TELL(xc_translate_foreign_address(x, domid, 0, MAPPED + 0x1005) == frames[5]);
    TELL(xc_translate_foreign_address(x, domid, 0, MAPPED + 0x2005));
    TELL(xc_translate_foreign_address(x, domid, 0, 0xffff888000000000));
    TELL(xc_vcpu_getcontext(x, domid, 1, &got) == 0);
    TELL(xc_vcpu_getcontext(x, domid, 9, &got));
}

/* Its memory, and what others see of it. */
static void own_pages(uint32_t domid, xen_pfn_t frames[8])
{
    void *page;

    TELL(xc_domain_populate_physmap_exact(x, domid, 8, 0, 0, frames));
    TELL(xc_get_tot_pages(x, domid));
    page = xc_map_foreign_range(x, domid, 4096, PROT_READ | PROT_WRITE, frames[3]);
    TELL(page != NULL);
    if (page) {
        strcpy(page, "seen");
        munmap(page, 4096);
    }
    page = xc_map_foreign_pages(x, domid, PROT_READ, frames, 8);
    TELL(page && !strcmp((char *)page + 3 * 4096, "seen"));
    if (page)
        munmap(page, 8 * 4096);
    TELL(xc_clear_domain_page(x, domid, frames[3]));
    page = xc_map_foreign_range(x, domid, 4096, PROT_READ, frames[3]);
    TELL(page && !*(char *)page);
    if (page)
        munmap(page, 4096);
}

/* Its share of the CPUs, and which. */
static void own_vcpus(uint32_t domid)
{
    struct xen_domctl_sched_credit2 credit2 = {.weight = 512, .cap = 40};
    uint8_t cpus[64] = {1}, soft[64] = {1};
    xc_vcpuinfo_t vcpu;

    TELL(xc_sched_credit2_domain_set(x, domid, &credit2));
    credit2 = (struct xen_domctl_sched_credit2){0};
    TELL(xc_sched_credit2_domain_get(x, domid, &credit2));
    printf("weight %u cap %u\n", credit2.weight, credit2.cap);
    TELL(xc_vcpu_setaffinity(x, domid, 1, cpus, soft, XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT));
    memset(cpus, 0, sizeof(cpus));
    TELL(xc_vcpu_getaffinity(x, domid, 1, cpus, soft, XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT));
    printf("hard %#x soft %#x\n", cpus[0], soft[0]);
    memset(cpus, 0, sizeof(cpus));
    TELL(xc_vcpu_setaffinity(x, domid, 1, cpus, NULL, XEN_VCPUAFFINITY_HARD));
    TELL(xc_vcpu_getinfo(x, domid, 1, &vcpu));
    TELL(xc_vcpu_getinfo(x, domid, 2, &vcpu));
    TELL(xc_domain_get_cpu_usage(x, domid, 0));
}

static void own_domain(void)
{
    xen_domain_handle_t handle = {0x77};
    struct e820entry map[2] = {{0, 1 << 20, E820_RAM}};
    xen_pfn_t frames[8] = {0, 1, 2, 3, 4, 5, 6, 7}, pfn = 0;
    uint32_t domid, mode = 0, khz = 0, incarnation = 0;
    uint64_t elapsed = 0;
    unsigned int width = 0;
    xc_evtchn_status_t status;
    xc_dominfo_t info;
    int port;

    create(&domid);
    if (!domid)
        return;
    TELL(xc_domain_max_vcpus(x, domid, 2));
    TELL(xc_domain_setmaxmem(x, domid, 1024));
    TELL(xc_domain_sethandle(x, domid, handle));
    TELL(xc_domain_getinfo(x, domid, 1, &info));
    show(&info, domid);
    printf("max %lu\n", info.max_memkb);
    own_pages(domid, frames);
    dress(domid, frames);
    TELL(xc_domain_decrease_reservation_exact(x, domid, 2, 0, frames + 6));
    TELL(xc_get_tot_pages(x, domid));
    TELL(xc_domain_populate_physmap_exact(x, domid, 1, 12, 0, &pfn));
    TELL(xc_domain_set_memory_map(x, domid, map, 1));
    TELL(xc_domain_set_memmap_limit(x, domid, 2048));
    own_vcpus(domid);
    TELL(xc_domain_set_tsc_info(x, domid, 2, 0, 0, 0));
    TELL(xc_domain_get_tsc_info(x, domid, &mode, &elapsed, &khz, &incarnation));
    TELL(xc_domain_get_guest_width(x, domid, &width));
    printf("width %u\n", width);
    port = xc_evtchn_alloc_unbound(x, domid, 0);
    printf("port %d\n", port > 0);
    status = (xc_evtchn_status_t){.dom = (domid_t)domid, .port = (evtchn_port_t)port};
    TELL(xc_evtchn_status(x, &status));
    printf("status %u remote %u\n", status.status, status.u.unbound.dom);
    TELL(xc_domain_pause(x, domid));
    TELL(xc_domain_unpause(x, domid));
    TELL(xc_domain_shutdown(x, domid, SHUTDOWN_crash));
    TELL(xc_domain_getinfo(x, domid, 1, &info));
    show(&info, domid);
    TELL(xc_domain_destroy(x, domid));
}

static void pools(void)
{
    xc_cpupoolinfo_t *pool = xc_cpupool_getinfo(x, 0);

    TELL(pool != NULL);
    if (pool)
        printf("pool %u scheduler %u domains %d cpus %#x\n", pool->cpupool_id, pool->sched_id, pool->n_dom > 0,
               pool->cpumap[0]);
    xc_cpupool_infofree(x, pool);
    errno = 0;
    TELL(xc_cpupool_getinfo(x, 999) == NULL);
    printf("errno %d\n", errno);
}

static void dom0_itself(void)
{
    struct gnttab_query_size size = {.dom = 0};
    struct e820entry map[64];
    xc_domaininfo_t list;
    xc_dominfo_t info;
    xen_pfn_t pfn = 0;
    int entries;

    TELL(xc_domain_getinfo(x, 0, 1, &info));
    show(&info, 0);
    TELL(xc_domain_getinfolist(x, 0, 1, &list));
    TELL(xc_gnttab_query_size(x, &size));
    printf("grant frames %d of %d\n", size.nr_frames > 0, size.max_nr_frames > 0);
    TELL(xc_gnttab_get_version(x, 0));
    TELL(xc_domain_maximum_gpfn(x, 0, &pfn));
    printf("pfns %d\n", pfn > 0);
    entries = xc_get_machine_memory_map(x, map, 64);
    printf("memory map %d, first at %#llx type %u\n", entries > 0, (unsigned long long)map[0].addr, map[0].type);
    TELL(xc_get_machine_memory_map(x, NULL, 64) < 0);
    TELL(xc_physdev_map_pirq(x, 0, 7, NULL));
}

static void buffers(void)
{
    xc_hypercall_buffer_array_t *array = xc_hypercall_buffer_array_create(x, 3);
    DECLARE_HYPERCALL_BUFFER(uint64_t, one);
    DECLARE_HYPERCALL_BUFFER(char, pages);
    DECLARE_HYPERCALL_BUFFER(char, other);
    XEN_GUEST_HANDLE(uint64) handle;

    one = xc_hypercall_buffer_alloc(x, one, 100);
    pages = xc_hypercall_buffer_alloc_pages(x, pages, 3);
    TELL(one && pages && (void *)HYPERCALL_BUFFER_AS_ARG(one) == (void *)one);
    TELL((uintptr_t)pages % 4096);
    set_xen_guest_handle(handle, one);
    TELL(handle.p == one);
    set_xen_guest_handle_offset(handle, one, 2);
    TELL(handle.p == one + 2);
    set_xen_guest_handle(handle, HYPERCALL_BUFFER_NULL);
    TELL(handle.p == NULL);
    other = xc_hypercall_buffer_array_alloc(x, array, 1, other, 10);
    TELL(other != NULL);
    {
        DECLARE_HYPERCALL_BUFFER(char, again);

        again = xc_hypercall_buffer_array_get(x, array, 1, again, 10);
        TELL(again == other);
    }
    {
        xc_hypercall_buffer_t *argument = HYPERCALL_BUFFER(one);
        DECLARE_HYPERCALL_BUFFER_SHADOW(uint64_t, shadow, argument);
        DECLARE_HYPERCALL_BUFFER_ARGUMENT(argument);

        TELL(shadow == one);
        set_xen_guest_handle(handle, argument);
        TELL(handle.p == one);
    }
    xc_hypercall_buffer_array_destroy(x, array);
    xc_hypercall_buffer_free(x, one);
    xc_hypercall_buffer_free_pages(x, pages, 3);
}

/* For other tests: a domain with a little memory, its number on stdout, until stdin ends or says something. */
static int hold(void)
{
    xen_pfn_t frames[256];
    uint32_t domid = 0;
    struct xen_domctl_createdomain config = {.max_vcpus = 3, .max_evtchn_port = 1023, .max_grant_frames = 4,
                                             .max_maptrack_frames = 4,
                                             .grant_opts = XEN_DOMCTL_GRANT_version(1)};
    char c;

    for (xen_pfn_t i = 0; i < 256; i++)
        frames[i] = i;
    x = xc_interface_open(NULL, NULL, 0);
    if (!x || xc_domain_create(x, &domid, &config))
        return 1;
    if (xc_domain_max_vcpus(x, domid, 3) || xc_domain_setmaxmem(x, domid, 2048) ||
        xc_domain_populate_physmap_exact(x, domid, 256, 0, 0, frames))
        perror("hold");
    silent = true;
    dress(domid, frames);
    printf("%u\n", domid);
    fflush(stdout);
    if (read(0, &c, 1) < 0)
        perror("hold");
    return xc_domain_destroy(x, domid) ? 1 : 0;
}

int main(int argc, char **argv)
{
    xc_evtchn *events;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "hold"))
        return hold();
    x = xc_interface_open(NULL, NULL, XC_OPENFLAG_DUMMY);
    TELL(x != NULL);
    TELL(xc_get_last_error(x)->code);
    TELL(xc_interface_close(x));
    TELL(xc_interface_close(NULL));
    x = xc_interface_open(NULL, NULL, 0);
    TELL(x != NULL);
    if (!x)
        return 1;
    TELL(xc_interface_xcall_handle(x) && xc_interface_fmem_handle(x));
    printf("%s\n", xc_strerror(x, ENOENT));
    buffers();
    machine();
    version();
    log_ring();
    watchdog();
    pools();
    power();
    kexec();
    dom0_itself();
    wrong_domain();
    own_domain();
    events = xc_evtchn_open(NULL, 0);
    TELL(events && xc_evtchn_fd(events) > 0);
    TELL(xc_evtchn_bind_unbound_port(events, NOBODY));
    TELL(xc_evtchn_notify(events, 4000));
    TELL(xc_evtchn_close(events));
    TELL(xc_interface_close(x));
    return 0;
}
