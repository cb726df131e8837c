/* SPDX-License-Identifier: MIT */
/*
 * What programs and the store's daemon both need: permissions as numbers, and where the socket is.
 * Interface of Xen's libxenstore 4.0; most programs include <xenstore.h>.
 */
#ifndef XENSTORE_LIB_H
#define XENSTORE_LIB_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

/* One entry of a node's list: what domain `id` may do. */
struct xs_permissions {
    unsigned int id;
    unsigned int perms; /* XS_PERM_* */
};
#define XS_PERM_NONE      0x00
#define XS_PERM_READ      0x01
#define XS_PERM_WRITE     0x02
/* For daemons' own use; libraries refuse them. */
#define XS_PERM_ENOENT_OK 0x04
#define XS_PERM_OWNER     0x08
#define XS_PERM_IGNORE    0x10

/* Characters that a number of x's type in decimal has at most, with a sign and a NUL. */
#define MAX_STRLEN(x) ((sizeof(x) * CHAR_BIT + CHAR_BIT - 1) / 10 * 3 + 2)

/*
 * The daemon's directory ($XENSTORED_RUNDIR) and socket ($XENSTORED_PATH, else "socket" in that
 * directory). There is no socket for readers alone: the second name is the first.
 */
const char *xs_daemon_rundir(void);
const char *xs_daemon_socket(void);
const char *xs_daemon_socket_ro(void);

/* Writes all of it, however many calls that takes. False and errno on failure. */
bool xs_write_all(int fd, const void *data, unsigned int len);

/*
 * Reads `num` strings that follow each other, NUL by NUL, such as "r0": n, r, w or b (both), and
 * the domain. False and EINVAL where one is not of that form.
 */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num, const char *strings);

#endif
