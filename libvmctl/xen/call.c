/* SPDX-License-Identifier: MIT */
/*
 * libxencall: hypercalls through /dev/xen/privcmd, see xencall.h. Buffers come from
 * /dev/xen/hypercall, whose pages never move; where that is missing, from locked memory. A few
 * single pages are kept for the next call: most calls want one. It must never look into a
 * hypercall's arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xen/sys/privcmd.h>
#include <xencall.h>

#include "handle.h"

#define PAGE        4096u
#define SPARE_PAGES 8

/* A buffer of xencall_alloc_buffer(), which is freed without its size. */
struct buffer {
    struct buffer *next;
    void *address;
    size_t pages;
};

struct xencall_handle {
    struct xen_handle base;
    int buffer_fd; /* -1: locked memory */
    pthread_mutex_t lock;
    struct buffer *buffers;
    void *spare[SPARE_PAGES];
    unsigned int spares;
};

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned open_flags)
{
    xencall_handle *x;

    if (open_flags & ~XENCALL_OPENFLAG_NON_REENTRANT) {
        errno = EINVAL;
        return NULL;
    }
    x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    if (xen_handle_open(&x->base, logger, "xencall", "privcmd", 0)) {
        free(x);
        return NULL;
    }
    x->buffer_fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

int xencall_close(xencall_handle *x)
{
    int ret;

    if (!x)
        return 0;
    while (x->buffers) {
        struct buffer *b = x->buffers;

        x->buffers = b->next;
        munmap(b->address, b->pages * PAGE);
        free(b);
    }
    while (x->spares > 0)
        munmap(x->spare[--x->spares], PAGE);
    if (x->buffer_fd >= 0)
        close(x->buffer_fd);
    ret = xen_handle_close(&x->base);
    pthread_mutex_destroy(&x->lock);
    free(x);
    return ret;
}

int xencall_fd(xencall_handle *x)
{
    return x->base.fd;
}

/* ioctl() would cut the result to an int. */
static long hypercall(xencall_handle *x, const struct privcmd_hypercall *call)
{
    return syscall(SYS_ioctl, x->base.fd, IOCTL_PRIVCMD_HYPERCALL, call);
}

int xencall5(xencall_handle *x, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3,
             uint64_t arg4, uint64_t arg5)
{
    struct privcmd_hypercall call = {.op = op, .arg = {arg1, arg2, arg3, arg4, arg5}};

    return (int)hypercall(x, &call);
}

int xencall4(xencall_handle *x, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3,
             uint64_t arg4)
{
    return xencall5(x, op, arg1, arg2, arg3, arg4, 0);
}

int xencall3(xencall_handle *x, unsigned int op, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
    return xencall5(x, op, arg1, arg2, arg3, 0, 0);
}

int xencall2(xencall_handle *x, unsigned int op, uint64_t arg1, uint64_t arg2)
{
    return xencall5(x, op, arg1, arg2, 0, 0, 0);
}

int xencall1(xencall_handle *x, unsigned int op, uint64_t arg1)
{
    return xencall5(x, op, arg1, 0, 0, 0, 0);
}

int xencall0(xencall_handle *x, unsigned int op)
{
    return xencall5(x, op, 0, 0, 0, 0, 0);
}

long xencall2L(xencall_handle *x, unsigned int op, uint64_t arg1, uint64_t arg2)
{
    struct privcmd_hypercall call = {.op = op, .arg = {arg1, arg2}};

    return hypercall(x, &call);
}

static void *pages_map(const xencall_handle *x, size_t pages)
{
    size_t size = pages * PAGE;
    void *p;

    if (pages == 0 || pages > SIZE_MAX / PAGE) {
        errno = EINVAL;
        return NULL;
    }
    if (x->buffer_fd >= 0) {
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, x->buffer_fd, 0);
        return p == MAP_FAILED ? NULL : p;
    }
    p = mmap(NULL, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* A child's copy would make our next write move the page under a call. */
    if (mlock(p, size) || madvise(p, size, MADV_DONTFORK)) {
        int error = errno;

        munmap(p, size);
        errno = error;
        return NULL;
    }
    return p;
}

void *xencall_alloc_buffer_pages(xencall_handle *x, size_t nr_pages)
{
    void *p = NULL;

    if (nr_pages == 1) {
        pthread_mutex_lock(&x->lock);
        if (x->spares > 0)
            p = x->spare[--x->spares];
        pthread_mutex_unlock(&x->lock);
        if (p)
            return memset(p, 0, PAGE);
    }
    p = pages_map(x, nr_pages);
    if (!p)
        xen_handle_error(&x->base, "no memory for a hypercall's %zu pages", nr_pages);
    return p;
}

void xencall_free_buffer_pages(xencall_handle *x, void *p, size_t nr_pages)
{
    int error = errno; /* callers free on their way out with an error */

    if (!p)
        return;
    if (nr_pages == 1) {
        pthread_mutex_lock(&x->lock);
        if (x->spares < SPARE_PAGES) {
            x->spare[x->spares++] = p;
            p = NULL;
        }
        pthread_mutex_unlock(&x->lock);
    }
    if (p)
        munmap(p, nr_pages * PAGE);
    errno = error;
}

void *xencall_alloc_buffer(xencall_handle *x, size_t size)
{
    struct buffer *b = malloc(sizeof(*b));

    if (!b)
        return NULL;
    b->pages = size / PAGE + (size % PAGE != 0 || size == 0);
    b->address = xencall_alloc_buffer_pages(x, b->pages);
    if (!b->address) {
        free(b);
        return NULL;
    }
    pthread_mutex_lock(&x->lock);
    b->next = x->buffers;
    x->buffers = b;
    pthread_mutex_unlock(&x->lock);
    return b->address;
}

void xencall_free_buffer(xencall_handle *x, void *p)
{
    struct buffer **link, *b;

    pthread_mutex_lock(&x->lock);
    for (link = &x->buffers; *link && (*link)->address != p; link = &(*link)->next)
        ;
    b = *link;
    if (b)
        *link = b->next;
    pthread_mutex_unlock(&x->lock);
    if (b)
        xencall_free_buffer_pages(x, b->address, b->pages);
    free(b);
}

int xencall_buffers_never_fault(xencall_handle *x)
{
    return x->buffer_fd >= 0;
}
