/* SPDX-License-Identifier: MIT */
/*
 * A machine that is made up, behind xendev.h: domains that come and go, pages that they share, event channels. It counts
 * what the daemon maps and binds, so that a leak of either is seen.
 */
#include "xendev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define EXCEPTION_PORT 1
#define FIRST_PORT     2
#define PORTS          64

struct machine_domain machine[GUESTS + 1];
bool machine_fails;
static int pipe_ends[2];
static bool pending[PORTS], masked[PORTS], bound[PORTS];
static unsigned int port_domain[PORTS];

static void tell(uint32_t port)
{
    if (!bound[port] || pending[port])
        return;
    pending[port] = true;
    if (!masked[port])
        MUST(write(pipe_ends[1], "", 1) == 1, "the pipe for events is full");
}

void machine_init(void)
{
    MUST(!pipe(pipe_ends), "no pipe");
    bound[EXCEPTION_PORT] = false;
    for (unsigned int i = 0; i <= GUESTS; i++) {
        machine[i].port = -1;
        machine[i].exists = i == 0;
        machine[i].page = calloc(1, sizeof(*machine[i].page));
    }
}

void machine_send(unsigned int domid)
{
    if (machine[domid].port >= 0)
        tell((uint32_t)machine[domid].port);
}

void machine_exception(void)
{
    tell(EXCEPTION_PORT);
}

unsigned int machine_ports(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < PORTS; i++)
        count += bound[i];
    return count;
}

/* ---- what the daemon asks for ---- */

int xendev_open(struct xendev *dev, const char **error)
{
    (void)error;
    *dev = (struct xendev){
        .evtchn_fd = pipe_ends[0], .gntdev_fd = -1, .privcmd_fd = -1, .buffer_fd = -1};
    return 0;
}

int xendev_bind_virq(struct xendev *dev, uint32_t virq)
{
    (void)dev;
    (void)virq;
    bound[EXCEPTION_PORT] = true;
    return EXCEPTION_PORT;
}

int xendev_bind_interdomain(struct xendev *dev, uint16_t domid, uint32_t port)
{
    (void)dev;
    (void)port;
    if (domid > GUESTS || !machine[domid].exists || (machine_fails && one_in(4)))
        return -EINVAL;
    for (int i = FIRST_PORT; i < PORTS; i++) {
        if (bound[i])
            continue;
        bound[i] = true;
        pending[i] = masked[i] = false;
        port_domain[i] = domid;
        machine[domid].port = i;
        return i;
    }
    failed("the daemon has bound all ports there are");
}

int xendev_unbind(struct xendev *dev, uint32_t port)
{
    (void)dev;
    MUST(port < PORTS && bound[port], "the daemon unbinds port %u, which is not bound", port);
    bound[port] = false;
    if (machine[port_domain[port]].port == (int)port)
        machine[port_domain[port]].port = -1;
    return 0;
}

int xendev_notify(struct xendev *dev, uint32_t port)
{
    (void)dev;
    MUST(port < PORTS && bound[port], "the daemon sends to port %u, which is not bound", port);
    return 0;
}

int xendev_pending(struct xendev *dev, uint32_t *ports, unsigned int max)
{
    char bytes[PORTS];
    unsigned int count = 0;

    (void)dev;
    MUST(read(pipe_ends[0], bytes, sizeof(bytes)) >= 0, "the pipe for events cannot be read");
    for (uint32_t i = 0; i < PORTS && count < max; i++)
        if (pending[i] && !masked[i]) {
            pending[i] = false;
            masked[i] = true;
            ports[count++] = i;
        }
    return (int)count;
}

int xendev_unmask(struct xendev *dev, const uint32_t *ports, unsigned int count)
{
    (void)dev;
    for (unsigned int i = 0; i < count; i++) {
        masked[ports[i]] = false;
        if (pending[ports[i]] && bound[ports[i]])
            MUST(write(pipe_ends[1], "", 1) == 1, "the pipe for events is full");
    }
    return 0;
}

int xendev_map(struct xendev *dev, uint16_t domid, uint32_t ref, struct xendev_page *page)
{
    (void)dev;
    MUST(ref == 1, "the daemon maps grant %u", ref);
    if (domid > GUESTS || !machine[domid].exists || (machine_fails && one_in(4)))
        return -EINVAL;
    machine[domid].mapped++;
    *page = (struct xendev_page){.address = machine[domid].page, .index = domid};
    return 0;
}

void xendev_unmap(struct xendev *dev, struct xendev_page *page)
{
    (void)dev;
    MUST(page->index <= GUESTS && machine[page->index].mapped,
         "the daemon unmaps a page of domain %lu, which is not mapped", (unsigned long)page->index);
    machine[page->index].mapped--;
    page->address = NULL;
}

int xendev_domain_state(struct xendev *dev, uint16_t domid)
{
    (void)dev;
    if (domid > GUESTS || !machine[domid].exists)
        return XENDEV_GONE;
    return XENDEV_EXISTS | (machine[domid].shutdown ? XENDEV_SHUTDOWN : 0) |
           (machine[domid].dying ? XENDEV_DYING : 0);
}

int xendev_own_ring(void **page, uint32_t *port)
{
    *page = machine[0].page;
    *port = 1;
    return 0;
}
