/* SPDX-License-Identifier: MIT */
/*
 * Writes nodes of the store from a Linux guest's user space, through the kernel's own connection
 * (/dev/xen/xenbus). It must never send a request before the last one's answer is there.
 */
#ifndef REPORT_XENBUS_H
#define REPORT_XENBUS_H

/* The device, open for reading and writing; path NULL: where the kernel has it. -1 with errno set. */
int xenbus_open(const char *path);

/*
 * Writes a node; a relative path is below the guest's own. 0, or -1 with errno set: what the store
 * answered, EPROTO for an answer that makes no sense, or what the device said.
 */
int xenbus_write(int fd, const char *path, const char *value);

#endif
