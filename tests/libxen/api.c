/* SPDX-License-Identifier: MIT */
/*
 * Calls of the small libraries that no real program here makes, or makes wrongly: what each answers
 * is printed, and held against what Debian's libraries answer. It runs in dom0 and is its own peer:
 * grants and event channels lead from dom0 to dom0. Numbers that the kernel chooses (ports, grants,
 * addresses) are never printed, only what must hold of them.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/memory.h>
#include <xen/version.h>
#include <xen/xen.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xentoollog.h>

#define PAGE 4096
#define NONE ((uint32_t)-1)

/* Says what a call came to: fine, or -1 (NULL) with which errno. */
#define SAY(call)                                                                 \
    do {                                                                          \
        long said_ = (errno = 0, (long)(call));                                   \
        printf("%s: %s\n", #call, said_ != -1 ? "fine" : strerrorname_np(errno)); \
    } while (0)
#define SAY_POINTER(call)                                                        \
    do {                                                                         \
        void *said_ = (errno = 0, (void *)(call));                               \
        printf("%s: %s\n", #call, said_ ? "a pointer" : strerrorname_np(errno)); \
    } while (0)
#define IS(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "no")

static int ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* ---- event channels ---- */

static void try_evtchn(void)
{
    xenevtchn_handle *xce = xenevtchn_open(NULL, 0), *other = xenevtchn_open(NULL, 0);
    int listening, bound;

    SAY_POINTER(xce);
    SAY_POINTER(xenevtchn_open(NULL, 0x80));
    SAY_POINTER(xenevtchn_fdopen(NULL, 0, XENEVTCHN_NO_CLOEXEC));
    listening = xenevtchn_bind_unbound_port(xce, 0);
    IS(listening > 0);
    bound = xenevtchn_bind_interdomain(other, 0, (evtchn_port_t)listening);
    IS(bound > 0 && bound != listening);
    while (ready(xenevtchn_fd(xce)))
        SAY(xenevtchn_unmask(xce, (evtchn_port_t)xenevtchn_pending(xce)));
    SAY(xenevtchn_notify(other, (evtchn_port_t)bound));
    IS(ready(xenevtchn_fd(xce)));
    IS(xenevtchn_pending(xce) == listening);
    IS(ready(xenevtchn_fd(xce)));
    SAY(xenevtchn_notify(other, (evtchn_port_t)bound)); /* masked: it waits */
    IS(ready(xenevtchn_fd(xce)));
    SAY(xenevtchn_unmask(xce, (evtchn_port_t)listening));
    IS(xenevtchn_pending(xce) == listening);
    SAY(xenevtchn_unmask(xce, (evtchn_port_t)listening));
    SAY(xenevtchn_notify(xce, (evtchn_port_t)bound)); /* not this handle's */
    SAY(xenevtchn_unbind(xce, (evtchn_port_t)bound));
    SAY(xenevtchn_unbind(xce, (evtchn_port_t)listening));
    SAY(xenevtchn_unbind(xce, (evtchn_port_t)listening));
    SAY(xenevtchn_notify(xce, 100000));
    SAY(xenevtchn_bind_virq(xce, 1000));
    SAY(xenevtchn_bind_unbound_port(xce, 12345));
    SAY(xenevtchn_bind_interdomain(xce, 12345, 1));
    SAY(xenevtchn_restrict(xce, 3));
    SAY(xenevtchn_bind_unbound_port(xce, 0));
    SAY(xenevtchn_close(xce));
    SAY(xenevtchn_close(other));
    SAY(xenevtchn_close(NULL));
}

/* ---- grants ---- */

static uint32_t refs[4], domids[4];

static void try_mapping(xengnttab_handle *xgt, char *shared)
{
    uint32_t wrong[] = {refs[0], 1 << 20};
    char *mapped = xengnttab_map_grant_refs(xgt, 3, domids, refs, PROT_READ | PROT_WRITE);

    SAY_POINTER(mapped);
    IS(mapped && !strcmp(mapped, "page 0") && !strcmp(mapped + PAGE, "page 1") &&
       !strcmp(mapped + 2 * PAGE, "page 2"));
    strcpy(mapped + PAGE, "from the other side");
    IS(!strcmp(shared + PAGE, "from the other side"));
    SAY(xengnttab_unmap(xgt, mapped, 2));
    SAY(xengnttab_unmap(xgt, mapped + PAGE, 2));
    SAY(xengnttab_unmap(xgt, mapped, 3));
    SAY(xengnttab_unmap(xgt, mapped, 3));
    mapped = xengnttab_map_domain_grant_refs(xgt, 2, 0, refs + 1, PROT_READ);
    IS(mapped && !strcmp(mapped + PAGE, "page 2"));
    SAY(xengnttab_unmap(xgt, mapped, 2));
    mapped = xengnttab_map_grant_ref(xgt, 0, refs[2], PROT_READ);
    IS(mapped && !strcmp(mapped, "page 2"));
    SAY(xengnttab_unmap(xgt, mapped, 1));
    SAY_POINTER(xengnttab_map_grant_ref(xgt, 0, 1 << 20, PROT_READ));
    SAY_POINTER(xengnttab_map_grant_ref(xgt, 12345, 8, PROT_READ));
    SAY_POINTER(xengnttab_map_domain_grant_refs(xgt, 2, 0, wrong, PROT_READ));
}

static void try_copy(xengnttab_handle *xgt, char *shared)
{
    char *local = calloc(1, 3 * PAGE);
    xengnttab_grant_copy_segment_t out = {.len = 3000, .flags = GNTCOPY_dest_gref};
    xengnttab_grant_copy_segment_t back[2] = {{.len = 20, .flags = GNTCOPY_source_gref},
                                              {.len = 20, .flags = GNTCOPY_source_gref}};

    memset(local, 'x', 3000); /* somewhere it crosses into another page */
    local[2999] = 'y';
    out.source.virt = local;
    out.dest.foreign.ref = refs[0];
    out.dest.foreign.offset = 1096;
    SAY(xengnttab_grant_copy(xgt, 1, &out));
    IS(out.status == GNTST_okay && shared[1096] == 'x' && shared[4095] == 'y' && !shared[1095]);
    out.dest.foreign.offset = 1097;
    SAY(xengnttab_grant_copy(xgt, 1, &out));
    out.flags = 0;
    SAY(xengnttab_grant_copy(xgt, 1, &out));
    back[0].source.foreign.ref = refs[2];
    back[0].dest.virt = local;
    back[1].source.foreign.ref = 1 << 20;
    back[1].dest.virt = local + PAGE;
    SAY(xengnttab_grant_copy(xgt, 2, back));
    IS(back[0].status == GNTST_okay && !strcmp(local, "page 2"));
    printf("status of a bad reference: %d\n", back[1].status);
    free(local);
}

static void try_notification(xengnttab_handle *xgt, xengntshr_handle *xgs)
{
    xenevtchn_handle *xce = xenevtchn_open(NULL, 0);
    int port = xenevtchn_bind_unbound_port(xce, 0);
    int end = xenevtchn_bind_interdomain(xce, 0, (evtchn_port_t)port);
    char *shared, *mapped;

    while (ready(xenevtchn_fd(xce)))
        xenevtchn_unmask(xce, (evtchn_port_t)xenevtchn_pending(xce));
    shared = xengntshr_share_page_notify(xgs, 0, refs, 1, 7, NONE);
    SAY_POINTER(shared);
    memset(shared, 1, 16);
    mapped = xengnttab_map_grant_ref_notify(xgt, 0, refs[0], PROT_READ | PROT_WRITE, 5,
                                            (evtchn_port_t)end);
    SAY_POINTER(mapped);
    IS(mapped[5] == 1 && !ready(xenevtchn_fd(xce)));
    SAY(xengnttab_unmap(xgt, mapped, 1));
    IS(shared[4] == 1 && shared[5] == 0 && shared[6] == 1);
    IS(ready(xenevtchn_fd(xce)) && xenevtchn_pending(xce) == port);
    mapped = xengnttab_map_grant_ref(xgt, 0, refs[0], PROT_READ);
    SAY(xengntshr_unshare(xgs, shared, 1));
    IS(mapped[7] == 0 && mapped[8] == 1); /* the page stays while it is mapped */
    SAY(xengnttab_unmap(xgt, mapped, 1));
    SAY_POINTER(xengnttab_map_grant_ref_notify(xgt, 0, refs[0], PROT_READ, NONE, 100000));
    xenevtchn_close(xce);
}

static void try_grants(void)
{
    xengnttab_handle *xgt = xengnttab_open(NULL, 0);
    xengntshr_handle *xgs = xengntshr_open(NULL, 0);
    uint32_t fd = 0;
    char *shared, *mapped;

    SAY_POINTER(xgt);
    SAY_POINTER(xgs);
    IS(xengnttab_fd(xgt) >= 0 && xengntshr_fd(xgs) >= 0);
    SAY(xengnttab_set_max_grants(xgt, 100));
    shared = xengntshr_share_pages(xgs, 0, 3, refs, 1);
    SAY_POINTER(shared);
    for (int i = 0; i < 3; i++)
        sprintf(shared + i * PAGE, "page %d", i);
    try_mapping(xgt, shared);
    try_copy(xgt, shared);
    SAY(xengntshr_unshare(xgs, shared, 3));
    shared = xengntshr_share_pages(xgs, 0, 1, refs, 0); /* read-only for the peer */
    mapped = xengnttab_map_grant_ref(xgt, 0, refs[0], PROT_READ);
    SAY_POINTER(mapped);
    SAY(xengnttab_unmap(xgt, mapped, 1));
    SAY_POINTER(xengnttab_map_grant_ref(xgt, 0, refs[0], PROT_READ | PROT_WRITE));
    SAY(xengntshr_unshare(xgs, shared, 1));
    try_notification(xgt, xgs);
    SAY_POINTER(xengntshr_share_pages(xgs, 0, 1 << 20, refs, 1));
    SAY(xengnttab_dmabuf_exp_from_refs(xgt, 0, 0, 1, refs, &fd));
    SAY(xengnttab_dmabuf_imp_release(xgt, 0));
    SAY(xengnttab_close(xgt));
    SAY(xengntshr_close(xgs));
    SAY(xengnttab_close(NULL));
}

/* ---- foreign memory ---- */

static void try_memory(void)
{
    xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
    xen_pfn_t frames[] = {0xf0, 0xff, 1ul << 40};
    xenforeignmemory_resource_handle *resource;
    int errors[3] = {77, 77, 77};
    void *address = NULL;
    size_t size = 77;
    char *map;

    SAY_POINTER(fmem);
    map = xenforeignmemory_map(fmem, DOMID_IO, PROT_READ, 2, frames,
                               NULL); /* the machine's firmware */
    SAY_POINTER(map);
    IS(map && memchr(map, 0xea, 2 * PAGE)); /* its first instruction, a jump, is near the end */
    SAY(xenforeignmemory_unmap(fmem, map, 2));
    SAY_POINTER(xenforeignmemory_map(fmem, DOMID_IO, PROT_READ, 3, frames, NULL));
    map = xenforeignmemory_map(fmem, DOMID_IO, PROT_READ, 3, frames, errors);
    SAY_POINTER(map);
    printf("frames' errors: %d %d %d\n", errors[0], errors[1], errors[2]);
    IS(map && memchr(map, 0xea, 2 * PAGE));
    SAY(xenforeignmemory_unmap(fmem, map, 3));
    map = xenforeignmemory_map2(fmem, DOMID_IO, NULL, PROT_READ, MAP_SHARED, 1, frames + 1, NULL);
    SAY_POINTER(map);
    SAY(xenforeignmemory_unmap(fmem, map, 1));
    SAY_POINTER(xenforeignmemory_map(fmem, 12345, PROT_READ, 1, frames, NULL));
    SAY_POINTER(xenforeignmemory_map(fmem, 12345, PROT_READ, 3, frames, errors));
    SAY(xenforeignmemory_resource_size(fmem, 12345, XENMEM_resource_grant_table, 0, &size));
    resource = xenforeignmemory_map_resource(fmem, 12345, XENMEM_resource_grant_table, 0, 0, 1,
                                             &address, PROT_READ, 0);
    SAY_POINTER(resource);
    SAY(xenforeignmemory_unmap_resource(fmem, NULL));
    SAY(xenforeignmemory_restrict(fmem, 5));
    SAY_POINTER(xenforeignmemory_map(fmem, DOMID_IO, PROT_READ, 1, frames, NULL));
    SAY(xenforeignmemory_close(fmem));
    SAY(xenforeignmemory_close(NULL));
}

/* ---- calls ---- */

static void try_calls(void)
{
    xencall_handle *call = xencall_open(NULL, XENCALL_OPENFLAG_NON_REENTRANT);
    xen_changeset_info_t *small;
    char *pages[20];

    SAY_POINTER(call);
    IS(xencall_fd(call) >= 0);
    printf("version: %x\n", xencall2(call, __HYPERVISOR_xen_version, XENVER_version, 0));
    small = xencall_alloc_buffer(call, sizeof(*small));
    SAY_POINTER(small);
    SAY(xencall2(call, __HYPERVISOR_xen_version, XENVER_extraversion, (uintptr_t)small));
    IS(memchr(small, 0, 16) != NULL);
    xencall_free_buffer(call, small);
    for (int i = 0; i < 20; i++) {
        pages[i] = i % 2 ? xencall_alloc_buffer(call, (size_t)i * 1000)
                         : xencall_alloc_buffer_pages(call, (size_t)i / 2 + 1);
        if (!pages[i] || (!(i % 2) && (uintptr_t)pages[i] % PAGE))
            printf("buffer %d is not a page's\n", i);
        else
            memset(pages[i], i, (size_t)(i % 2 ? i * 1000 : (i / 2 + 1) * PAGE));
    }
    for (int i = 0; i < 20; i++) {
        if (pages[i][100] != i)
            printf("buffer %d was overwritten\n", i);
        if (i % 2)
            xencall_free_buffer(call, pages[i]);
        else
            xencall_free_buffer_pages(call, pages[i], (size_t)i / 2 + 1);
    }
    xencall_free_buffer(call, NULL);
    IS(xencall_buffers_never_fault(call));
    IS(xencall2L(call, __HYPERVISOR_memory_op, XENMEM_maximum_ram_page, 0) > 4096);
    SAY(xencall0(call, 63));
    SAY(xencall1(call, __HYPERVISOR_domctl, 0));
    SAY(xencall2(call, __HYPERVISOR_xen_version, 1000, 0));
    SAY(xencall2L(call, __HYPERVISOR_memory_op, 1000, 0));
    SAY(xencall_close(call));
    SAY(xencall_close(NULL));
}

/* ---- messages ---- */

static void try_log(void)
{
    xentoollog_logger_stdiostream *stream = xtl_createlogger_stdiostream(stdout, XTL_DEBUG, 0);
    xentoollog_logger *log = (xentoollog_logger *)stream;

    for (int level = XTL_DEBUG; level < XTL_NUM_LEVELS; level++)
        xtl_log(log, (xentoollog_level)level, level % 2 ? -1 : ENOENT, level % 3 ? "context" : NULL,
                "number %d", level);
    for (unsigned long done = 0; done <= 300; done += 7)
        xtl_progress(log, "context", "counting", done, 300);
    xtl_stdiostream_set_minlevel(stream, XTL_PROGRESS);
    for (unsigned long done = 0; done <= 300; done += 7)
        xtl_progress(log, NULL, "counting again", done, 300);
    xtl_stdiostream_adjust_flags(stream, XTL_STDIOSTREAM_HIDE_PROGRESS, 0);
    xtl_progress(log, NULL, "hidden", 1, 2);
    xtl_stdiostream_set_minlevel(stream, XTL_ERROR);
    xtl_log(log, XTL_WARN, -1, NULL, "too low");
    xtl_logger_destroy(log);
    xtl_logger_destroy(NULL);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    try_log();
    try_calls();
    try_evtchn();
    try_grants();
    try_memory();
    return 0;
}
