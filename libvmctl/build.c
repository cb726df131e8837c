/* SPDX-License-Identifier: MIT */
/*
 * Builds a PV domain: memory, image, page tables, first vcpu. The layout is lib/pv_image's. Order
 * matters twice: everything that a bad file can spoil is checked before there is a domain
 * (build_prepare), and nothing is mapped any more when page tables are pinned and the domain starts,
 * since a frame that somebody can write is none that the hypervisor takes for a page table, or for a
 * descriptor table that the guest makes of it.
 *
 * Speed: files are mapped, and copied straight into mapped guest frames, once. The copying is a child
 * process's: pages unmapped one by one cost a trap each in a PV dom0, and the end of a process unmaps
 * all at once; and meanwhile the parent sees to the store and the devices.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUPERPAGE_ORDER 9
#define SUPERPAGE_PAGES (1UL << SUPERPAGE_ORDER)

static int xen_failed(struct vmctl *v, const struct build *b, const char *what, int error)
{
    return vmctl_fail(v, "%s: the hypervisor refused to %s: %s", b->config->name, what,
                      strerror(-error));
}

int build_prepare(struct vmctl *v, struct build *b)
{
    const struct config *c = b->config;
    struct pv_image_input input;
    const char *error;

    if (kernel_open(v, c->kernel, &b->kernel))
        return -1;
    if (c->initrd) {
        errno = 0;
        error = file_open(c->initrd, &b->initrd);
        if (error)
            return vmctl_fail(v, "initrd %s: %s%s%s", c->initrd, error, errno ? ": " : "",
                              errno ? strerror(errno) : "");
    }
    b->nr_pages = c->memory_kib / 4;
    input = b->kernel.elf.image;
    input.initrd_len = b->initrd.size;
    input.nr_pages = b->nr_pages;
    error = pv_image_plan(&input, &b->image);
    if (error)
        return vmctl_fail(v, "%s: kernel %s with %" PRIu64 " MiB of memory: %s", c->name, c->kernel,
                          c->memory_kib / 1024, error);
    b->mfns = malloc(b->nr_pages * sizeof(*b->mfns));
    if (!b->mfns)
        return vmctl_fail(v, "%s: out of memory", c->name);
    return 0;
}

static int no_memory(struct vmctl *v, const struct build *b)
{
    struct xen_sysctl_physinfo info = {0};
    uint64_t available = 0;

    if (!xen_physinfo(v->xen, &info) && info.free_pages > info.outstanding_pages)
        available = info.free_pages - info.outstanding_pages;
    return vmctl_fail(v,
                      "%s: not enough memory: it wants %" PRIu64 " MiB, %" PRIu64 " MiB are "
                      "free: lower <currentMemory>, or end another VPS",
                      b->config->name, b->config->memory_kib / 1024, available / 256);
}

/* Superpages first; where there are none left, and for the rest, single pages. */
static int populate(struct vmctl *v, struct build *b)
{
    uint64_t pfn = 0;
    int64_t got;

    got =
        xen_populate(v->xen, b->domid, 0, b->nr_pages / SUPERPAGE_PAGES, SUPERPAGE_ORDER, b->mfns);
    if (got > 0)
        pfn = (uint64_t)got * SUPERPAGE_PAGES;
    got = xen_populate(v->xen, b->domid, pfn, b->nr_pages - pfn, 0, b->mfns + pfn);
    if (got < 0 || (uint64_t)got < b->nr_pages - pfn)
        return no_memory(v, b);
    return 0;
}

int build_domain(struct vmctl *v, struct build *b)
{
    const struct config *c = b->config;
    int ret = xen_create_domain(v->xen, c->uuid, c->max_vcpus);

    if (ret < 0)
        return ret == -ENOMEM ? no_memory(v, b) : xen_failed(v, b, "make a domain", ret);
    b->domid = (domid_t)ret;
    b->created = true;
    ret = xen_set_max_vcpus(v->xen, b->domid, c->max_vcpus);
    if (ret < 0)
        return xen_failed(v, b, "give it its vcpus", ret);
    /* what it has, not what it may have later: vmctl_set_memory() raises it */
    ret = xen_set_max_memory(v->xen, b->domid, b->nr_pages * 4);
    if (ret < 0)
        return xen_failed(v, b, "set its memory limit", ret);
    ret = xen_set_native_tsc(v->xen, b->domid);
    if (ret < 0 && ret != -ENOSYS)
        return xen_failed(v, b, "set its time-stamp mode", ret);
    if (c->max_kib > c->memory_kib)
        ret = xen_set_memory_map(v->xen, b->domid, c->max_kib / 4);
    if (ret < 0 && ret != -ENOSYS)
        return xen_failed(v, b, "set its memory map", ret);
    /* A claim fails at once where populate would fail halfway through; not all hypervisors know it. */
    ret = xen_claim_pages(v->xen, b->domid, b->nr_pages);
    if (ret == -ENOMEM)
        return no_memory(v, b);
    if (ret < 0 && ret != -ENOSYS)
        return xen_failed(v, b, "set its memory aside", ret);
    if (populate(v, b))
        return -1;
    if (ret == 0)
        xen_claim_pages(v->xen, b->domid, 0);

    ret = xen_alloc_unbound(v->xen, b->domid);
    if (ret < 0)
        return xen_failed(v, b, "make its store event channel", ret);
    b->store_port = (uint32_t)ret;
    ret = xen_alloc_unbound(v->xen, b->domid);
    if (ret < 0)
        return xen_failed(v, b, "make its console event channel", ret);
    b->console_port = (uint32_t)ret;
    b->store_mfn = b->mfns[b->image.store.pfn];
    b->console_mfn = b->mfns[b->image.console.pfn];
    return 0;
}

/* Maps pages that stay mapped until the process ends. */
static unsigned char *map_pfns(struct vmctl *v, const struct build *b, uint64_t pfn, uint64_t pages)
{
    unsigned char *address = xen_map(v->xen, b->domid, b->mfns + pfn, pages);

    if (!address)
        vmctl_fail(v, "%s: cannot map the domain's memory: %s", b->config->name, strerror(errno));
    return address;
}

static void fill_start_info(const struct build *b, uint64_t shared_info, struct start_info *si)
{
    const struct pv_image *im = &b->image;

    memset(si, 0, XEN_PAGE_SIZE);
    strcpy(si->magic, "xen-3.0-x86_64");
    si->nr_pages = b->nr_pages;
    si->shared_info = shared_info << XEN_PAGE_SHIFT;
    si->flags = im->initrd_by_pfn ? SIF_MOD_START_PFN : 0;
    si->store_mfn = b->store_mfn;
    si->store_evtchn = b->store_port;
    si->console.domU.mfn = b->console_mfn;
    si->console.domU.evtchn = b->console_port;
    si->pt_base = im->tables.virt;
    si->nr_pt_frames = im->tables.pages;
    si->mfn_list = im->p2m.virt;
    si->mod_start = im->initrd_by_pfn ? im->initrd.pfn : im->initrd.virt;
    si->mod_len = b->initrd.size;
    si->first_p2m_pfn = im->first_p2m_pfn;
    si->nr_p2m_frames = im->nr_p2m_frames;
    if (b->config->cmdline)
        strncpy((char *)si->cmd_line, b->config->cmdline, MAX_GUEST_CMDLINE - 1);
}

/* Maps and writes those pages of the kernel that need it. */
static int copy_kernel(struct vmctl *v, const struct build *b)
{
    struct copy_job job = {
        .elf = &b->kernel.elf,
        .holes = &b->kernel.holes,
        .virt = b->image.kernel.virt,
        .pages = b->image.kernel.pages,
        .zero_frames = xen_frames_are_zero(v->xen),
    };
    uint64_t *mfns;
    void *to;

    if (!copy_choose(&job))
        return vmctl_fail(v, "kernel %s changed while it was read: try again", b->config->kernel);
    mfns = malloc((job.nr_slots + 1) * sizeof(*mfns));
    if (!mfns)
        return vmctl_fail(v, "%s: out of memory", b->config->name);
    for (uint64_t i = 0; i < job.pages; i++)
        if (job.slots[i] != COPY_NO_SLOT)
            mfns[job.slots[i]] = b->mfns[b->image.kernel.pfn + i];
    to = job.nr_slots ? xen_map(v->xen, b->domid, mfns, job.nr_slots) : NULL;
    if (job.nr_slots && !to)
        return vmctl_fail(v, "%s: cannot map the domain's memory: %s", b->config->name,
                          strerror(errno));
    free(mfns);
    if (!copy_segments(&job, to))
        return vmctl_fail(v, "kernel %s changed while it was read: try again", b->config->kernel);
    free(job.slots);
    return 0;
}

/* Writes all parts but the kernel and the page tables. */
static int copy_parts(struct vmctl *v, const struct build *b, uint64_t shared_info)
{
    const struct pv_image *im = &b->image;
    uint64_t first = im->kernel.pfn + im->kernel.pages;
    uint64_t tail, initrd_len = im->initrd.pages << XEN_PAGE_SHIFT;
    unsigned char *low = map_pfns(v, b, first, im->tables.pfn - first), *initrd, *p2m;

    if (!low)
        return -1;
    fill_start_info(
        b, shared_info,
        (struct start_info *)(void *)(low + ((im->start_info.pfn - first) << XEN_PAGE_SHIFT)));
    memset(low + ((im->store.pfn - first) << XEN_PAGE_SHIFT), 0, XEN_PAGE_SIZE);
    memset(low + ((im->console.pfn - first) << XEN_PAGE_SHIFT), 0, XEN_PAGE_SIZE);

    initrd = p2m = low;
    if (im->initrd.pages) {
        if (im->initrd_by_pfn)
            initrd = map_pfns(v, b, im->initrd.pfn, im->initrd.pages);
        else
            initrd += (im->initrd.pfn - first) << XEN_PAGE_SHIFT;
        if (!initrd)
            return -1;
        tail = initrd_len - b->initrd.size;
        copy_bytes(initrd, b->initrd.data, b->initrd.size);
        memset(initrd + initrd_len - tail, 0, tail);
    }
    if (im->nr_p2m_frames)
        p2m = map_pfns(v, b, im->p2m.pfn, im->p2m.pages);
    else
        p2m += (im->p2m.pfn - first) << XEN_PAGE_SHIFT;
    if (!p2m)
        return -1;
    copy_bytes(p2m, (const unsigned char *)b->mfns, b->nr_pages * sizeof(*b->mfns));
    return 0;
}

static uint64_t mfn_of(void *context, uint64_t pfn)
{
    const struct build *b = context;

    return b->mfns[pfn];
}

static int write_tables(struct vmctl *v, struct build *b)
{
    const struct pv_image *im = &b->image;
    uint64_t *mfns = malloc(im->nr_tables * sizeof(*mfns));
    unsigned char *tables;

    if (!mfns)
        return vmctl_fail(v, "%s: out of memory", b->config->name);
    for (uint64_t i = 0; i < im->nr_tables; i++)
        mfns[i] = b->mfns[pv_image_table_pfn(im, i)];
    tables = xen_map(v->xen, b->domid, mfns, im->nr_tables);
    free(mfns);
    if (!tables)
        return vmctl_fail(v, "%s: cannot map the domain's page tables: %s", b->config->name,
                          strerror(errno));
    for (uint64_t i = 0; i < im->nr_tables; i++)
        pv_image_fill_table(im, i, (uint64_t *)(void *)(tables + (i << XEN_PAGE_SHIFT)), mfn_of, b);
    return 0;
}

/*
 * A new vcpu must find events masked: it has no handler for them yet. Xen leaves that to the builder
 * (it only zeroes the shared page, which means "not masked").
 */
static int mask_events(struct vmctl *v, const struct build *b, uint64_t shared_info_frame)
{
    struct shared_info *shared = xen_map(v->xen, b->domid, &shared_info_frame, 1);

    if (!shared)
        return vmctl_fail(v, "%s: cannot map the domain's shared page: %s", b->config->name,
                          strerror(errno));
    for (size_t i = 0; i < sizeof(shared->vcpu_info) / sizeof(shared->vcpu_info[0]); i++)
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
    return 0;
}

static int start_vcpu(struct vmctl *v, const struct build *b)
{
    const struct pv_image *im = &b->image;
    struct vcpu_guest_context context = {0};
    int ret;

    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = im->entry;
    context.user_regs.rsp = im->stack_top;
    context.user_regs.rsi = im->start_info.virt;
    context.user_regs.rflags = 1 << 9;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = im->stack_top;
    context.ctrlreg[3] = b->mfns[im->tables.pfn] << XEN_PAGE_SHIFT;
    ret = xen_set_vcpu(v->xen, b->domid, 0, &context);
    return ret < 0 ? xen_failed(v, b, "start its first vcpu", ret) : 0;
}

int build_copy_start(struct vmctl *v, struct build *b)
{
    struct xen_domctl_getdomaininfo info;
    pid_t parent = getpid();
    int ends[2], ret;

    ret = xen_domain_info(v->xen, b->domid, &info);
    if (ret < 0)
        return xen_failed(v, b, "describe the domain", ret);
    if (pipe2(ends, O_CLOEXEC))
        return vmctl_fail(v, "%s: cannot make a pipe: %s", b->config->name, strerror(errno));
    b->copier = fork();
    if (b->copier < 0) {
        vmctl_fail(v, "%s: cannot make a process: %s", b->config->name, strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    if (b->copier == 0) {
        ssize_t sent = 0;

        prctl(PR_SET_PDEATHSIG,
              SIGKILL); /* it holds the domain's memory: never outlive the maker */
        if (getppid() != parent)
            _exit(1);
        ret = copy_kernel(v, b) || copy_parts(v, b, info.shared_info_frame) || write_tables(v, b) ||
              mask_events(v, b, info.shared_info_frame);
        if (ret)
            sent = write(ends[1], v->error, strlen(v->error));
        _exit(ret || sent < 0);
    }
    close(ends[1]);
    b->copier_says = ends[0];
    return 0;
}

int build_check_initrd(struct vmctl *v, const struct build *b)
{
    const char *error;

    if (!b->initrd.size || state_is_whole(v, &b->initrd.st))
        return 0;
    error = initrd_check(b->initrd.data, b->initrd.size, b->nr_pages << XEN_PAGE_SHIFT);
    if (error)
        return vmctl_fail(v, "initrd %s: %s", b->config->initrd, error);
    state_set_whole(v, &b->initrd.st);
    return 0;
}

int build_copy_wait(struct vmctl *v, struct build *b)
{
    char text[sizeof(v->error)];
    ssize_t got;
    int status;

    if (b->copier <= 0)
        return 0;
    got = read(b->copier_says, text, sizeof(text) - 1);
    close(b->copier_says);
    while (waitpid(b->copier, &status, 0) < 0)
        if (errno != EINTR) /* somebody else has waited for it: then what it said counts */
            status = got > 0;
    b->copier = 0;
    if (got > 0) {
        text[got] = 0;
        return vmctl_fail(v, "%s", text);
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
        return vmctl_fail(v, "%s: kernel or initrd was cut short while it was read: try again",
                          b->config->name);
    if (status)
        return vmctl_fail(v, "%s: the process that copies its image died (status %#x)",
                          b->config->name, (unsigned int)status);
    return 0;
}

int build_finish(struct vmctl *v, const struct build *b)
{
    uint64_t stubs = b->kernel.elf.hypercall_page;
    int ret;

    if (stubs != PV_IMAGE_NO_ADDR) {
        uint64_t pfn = (stubs - b->image.region_start) >> XEN_PAGE_SHIFT;

        if (pfn - b->image.kernel.pfn >= b->image.kernel.pages)
            return vmctl_fail(v, "kernel %s: its hypercall page is outside the kernel",
                              b->config->kernel);
        ret = xen_init_hypercall_page(v->xen, b->domid, b->mfns[pfn]);
        if (ret < 0)
            return xen_failed(v, b, "write its hypercall page", ret);
    }
    ret = xen_seed_grants(v->xen, b->domid, b->console_mfn, b->store_mfn);
    if (ret < 0)
        return xen_failed(v, b, "write its first grants", ret);
    ret = xen_pin_l4(v->xen, b->domid, b->mfns[b->image.tables.pfn]);
    if (ret < 0)
        return xen_failed(v, b, "take its page tables", ret);
    return start_vcpu(v, b);
}

void build_free(struct vmctl *v, struct build *b)
{
    char error[sizeof(v->error)];

    if (b->copier > 0) { /* something else failed meanwhile: keep that one's text */
        memcpy(error, v->error, sizeof(error));
        kill(b->copier, SIGKILL);
        build_copy_wait(v, b);
        memcpy(v->error, error, sizeof(error));
    }
    kernel_close(&b->kernel);
    file_close(&b->initrd);
    free(b->mfns);
    b->mfns = NULL;
}
