/* SPDX-License-Identifier: MIT */
/*
 * A client of the store, the small tree of names and values by which domains find each other.
 * Interface of Xen's libxenstore 4.0.
 *
 * Functions return false, NULL or XBT_NULL on failure and set errno: the store's own (ENOENT,
 * EACCES, EAGAIN, ...), or the connection's, after which the handle is good for closing only. What
 * they return allocated, one free() frees. Payloads above XENSTORE_PAYLOAD_MAX fail with E2BIG.
 *
 * Threads may share a handle: each request is whole, and waiting for events holds up nobody. A
 * child after fork() may only call xs_daemon_destroy_postfork() on its parent's handle.
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <xenstore_lib.h>

#define XBT_NULL 0 /* not in a transaction */

#define XS_OPEN_READONLY   (1UL << 0) /* ignored */
#define XS_OPEN_SOCKETONLY (1UL << 1) /* ignored */
/*
 * Once xs_unwatch() has returned, no event with its token, of its path or below, comes any more.
 * A token must then stand for one path.
 */
#define XS_UNWATCH_FILTER  (1UL << 2)

struct xs_handle;
typedef uint32_t xs_transaction_t;

/* Connects to the daemon's socket, or where there is none through this domain's kernel. */
struct xs_handle *xs_open(unsigned long flags);
void xs_close(struct xs_handle *xsh /* NULL is fine */);

/* Old names of the same. */
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);
void xs_daemon_close(struct xs_handle *h);

/* In a child after fork(): frees the handle; the parent's connection goes on. */
void xs_daemon_destroy_postfork(struct xs_handle *h);

/* The names of a node's children, *num of them. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num);

/* A node's value, with a NUL behind its *len bytes (len may be NULL). */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len);

/* Writes a value; the node and its parents are made where missing. */
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
              unsigned int len);

/* Makes a node; that it is there already is fine. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);

/* Removes a node and all below it. */
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);

/* Always false (EOPNOTSUPP): no connection can be restricted. */
bool xs_restrict(struct xs_handle *h, unsigned domid);

/*
 * A node's permissions: entry 0 names the owner and what all may do who have no entry of their own;
 * the others are such entries. The owner and domain 0 may do everything.
 */
struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                                          unsigned int *num);
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                        struct xs_permissions *perms, unsigned int num_perms);

/*
 * Watches a node and all below it; fires once straight away. Special paths: "@introduceDomain",
 * "@releaseDomain". The token comes back with each event.
 */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);

/*
 * A descriptor to be polled for reading: readable while there are events. Then call xs_check_watch()
 * until it has no more.
 */
int xs_fileno(struct xs_handle *h);

/*
 * The next event: an array of the path that changed [XS_WATCH_PATH] and the token [XS_WATCH_TOKEN].
 * The first never waits (EAGAIN: there is none); the second does. *num: 2.
 */
char **xs_check_watch(struct xs_handle *h);
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/*
 * What is done in a transaction happens at once, when it ends, or not at all. Ending with EAGAIN:
 * somebody else changed what it read or wrote: begin anew.
 */
xs_transaction_t xs_transaction_start(struct xs_handle *h);
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort);

/* For toolstacks: the store serves a domain on this page and event channel; no longer; ... */
bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn,
                         unsigned int eventchn);
bool xs_release_domain(struct xs_handle *h, unsigned int domid);
/* ... lets `domid` act for `target`; forgets that the domain was shut down. */
bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target);
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);

/* A domain's home, "/local/domain/N". */
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);

/* Whether child is parent or below it, by their names alone. */
bool xs_path_is_subpath(const char *parent, const char *child);

/* Asks the daemon for something of its own (cmd "help" lists what); its answer. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len);
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len);

/* The event channel by which a domain wants to be told to suspend, or -1. */
int xs_suspend_evtchn_port(int domid);

#endif
