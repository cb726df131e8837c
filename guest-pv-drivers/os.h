/* SPDX-License-Identifier: MIT */
/*
 * What the portable frontends ask of the kernel that they are built into. A kernel (or a test that
 * plays one) defines these functions; nothing else of it is used, and no C library.
 *
 * The model is polling: a driver's port never calls it. A driver that has to wait clears the port's
 * event, looks at its ring, and sleeps only if there was nothing; an event between clearing and
 * sleeping ends the sleep at once, so none is lost. A driver may therefore run with event upcalls
 * masked, early in a boot or late in a crash.
 *
 * The block and network frontends will add pages, grants and ports of their own making here.
 */
#ifndef PV_OS_H
#define PV_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No deadline. */
#define OS_NEVER UINT64_MAX

/*
 * The pages and ports that the domain was started with, mapped writable for the kernel's whole life.
 * NULL: the domain has none (dom0 has no console ring).
 */
void *os_console_page(uint32_t *port);
void *os_store_page(uint32_t *port);

/* Tells the other end of the port that the ring changed. */
void os_event_send(uint32_t port);

/* Forgets the port's pending event. A full memory barrier. */
void os_event_clear(uint32_t port);

/*
 * Sleeps until one of the ports has a pending event or the deadline (os_time) has passed. It may
 * wake early for no reason: callers look again.
 */
void os_event_wait(const uint32_t *ports, unsigned int count, uint64_t deadline_ns);

/* Nanoseconds of a clock that never steps back. */
uint64_t os_time(void);

/* One line about what went wrong, to wherever the kernel can say it without these drivers. */
void os_log(const char *text);

void *memcpy(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);

#endif
