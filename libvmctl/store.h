/* SPDX-License-Identifier: MIT */
/*
 * A client of the store, over its Unix socket. Used by vmctl, by the daemons and by their tests.
 *
 * One handle is one connection: requests block until their reply is there, and watch events that
 * arrive in between wait in a queue. It must never trust the peer: lengths, ids and strings are
 * checked before use, and a peer that breaks the protocol costs the connection, nothing else.
 *
 * Rules that hold for every function here:
 *  - 0 (or a stated positive value) is success, a negative errno is failure. An errno that the
 *    store sent (-ENOENT, -EACCES, -EAGAIN, ...) leaves the connection usable. -ECONNRESET (peer
 *    gone), -EPROTO (peer talks nonsense) and -ETIMEDOUT are final: the connection is broken, and
 *    each later call returns that same error until the handle is closed.
 *  - paths are absolute ("/local/domain/1/name"); a path or value that does not fit the protocol's
 *    4096 bytes is refused with -E2BIG before anything is sent.
 *  - a handle belongs to one thread at a time; there are no locks inside.
 *  - a child after fork() must not use its parent's handle.
 * The wire protocol: xen-doc's misc/xenstore.txt; its numbers: public/io/xs_wire.h.
 */
#ifndef LIBVMCTL_STORE_H
#define LIBVMCTL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_SOCKET "/run/xenstored/socket"

/* "Not in a transaction", for the txn parameter of the functions below. */
#define STORE_NO_TXN 0u

struct store;
typedef uint32_t store_txn;

/* A watch that fired. Both strings belong to the event: free them with store_event_free. */
struct store_event {
    char *path; /* the path that changed, or the watched path when one of its parents was removed */
    char *token; /* as given to store_watch */
};

/* What `domid` may do with a node: STORE_PERM_READ | STORE_PERM_WRITE, or 0. */
struct store_perm {
    uint32_t domid;
    unsigned int access;
};
#define STORE_PERM_NONE  0u
#define STORE_PERM_READ  1u
#define STORE_PERM_WRITE 2u

/*
 * Connects to the store's socket at `path` (NULL: STORE_SOCKET).
 * Returns 0 and a handle in *out, or a negative errno (-ENOENT and -ECONNREFUSED: no store runs).
 */
int store_connect(struct store **out, const char *path);

/* Makes a handle of a connected stream socket; the handle owns `fd` from then on, on success only. */
int store_from_fd(struct store **out, int fd);

/*
 * The same of /dev/xen/xenbus, opened with O_NONBLOCK: the way to the store through this domain's
 * own kernel, for domains that have no socket to it.
 */
int store_from_device(struct store **out, int fd);

/* Closes the connection (which ends its watches and transactions) and frees all. NULL is fine. */
void store_close(struct store *s);

/*
 * Limits how long a request may wait for its reply, in milliseconds; -1 (the default) waits for
 * ever. When it strikes, the request's fate is unknown and the connection is broken (-ETIMEDOUT).
 */
void store_set_timeout(struct store *s, int milliseconds);

/*
 * The socket, to be polled for reading by event loops. Readable means "call store_next_event until
 * it returns 0"; do the same after each request, since a request may have queued events while the
 * descriptor stays quiet (store_has_events).
 */
int store_fd(const struct store *s);

/* True where events wait in the queue, so that polling store_fd could sleep too long. */
bool store_has_events(const struct store *s);

/* A piece of a request's payload. */
struct store_piece {
    const void *data;
    size_t len;
};

/*
 * Any request: sends `type` (XS_*) with a payload of `count` pieces, and waits for its reply. For
 * requests that have no function of their own here.
 */
int store_request(struct store *s, uint32_t type, store_txn txn, const struct store_piece *pieces,
                  size_t count);

/* The payload of the last successful reply, with a NUL behind it; good until the next call. */
const char *store_reply(const struct store *s, size_t *len);

/*
 * Reads the node's value into *value: allocated, *len bytes (len may be NULL), and always one NUL
 * behind them. The value itself may hold any bytes: check before taking it for a string.
 */
int store_read(struct store *s, store_txn txn, const char *path, char **value, size_t *len);

/*
 * Reads a decimal number that fills the whole value. -EINVAL: it is not one, or is above `max`.
 * *number is written on success only.
 */
int store_read_u64(struct store *s, store_txn txn, const char *path, uint64_t max,
                   uint64_t *number);

/* Writes `len` bytes; the node and its parents are made where missing. */
int store_write(struct store *s, store_txn txn, const char *path, const void *value, size_t len);

/* Writes a formatted string, without its NUL. */
int store_printf(struct store *s, store_txn txn, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Makes the node (and its parents) where missing; an existing value stays. */
int store_mkdir(struct store *s, store_txn txn, const char *path);

/* Removes the node and all below it. A missing node is no error, a missing parent is -ENOENT. */
int store_rm(struct store *s, store_txn txn, const char *path);

/*
 * Lists the node's children: *names is one allocation (an array of *count pointers and the strings
 * behind them), freed with one free(). Lists beyond one message are fetched in parts; -EAGAIN then
 * means that the list kept changing meanwhile.
 */
int store_directory(struct store *s, store_txn txn, const char *path, char ***names, size_t *count);

/*
 * Sets the node's permissions: perms[0] names the owner and what all others may do, the rest are
 * exceptions. `count` >= 1.
 */
int store_set_perms(struct store *s, store_txn txn, const char *path,
                    const struct store_perm *perms, size_t count);

/* Reads permissions into *perms, *count entries, freed with free(). */
int store_get_perms(struct store *s, store_txn txn, const char *path, struct store_perm **perms,
                    size_t *count);

/* Starts a transaction: *txn goes to the calls that belong to it. */
int store_txn_start(struct store *s, store_txn *txn);

/*
 * Ends it. commit=true: -EAGAIN where someone else changed what it read or wrote: start again from
 * store_txn_start. The transaction is over in each case.
 */
int store_txn_end(struct store *s, store_txn txn, bool commit);

/*
 * Watches `path` and all below it ("@introduceDomain" and "@releaseDomain" are paths too). It
 * fires once straight away. -EEXIST: that path and token are being watched already.
 */
int store_watch(struct store *s, const char *path, const char *token);
int store_unwatch(struct store *s, const char *path, const char *token);

/*
 * Takes the next watch event. wait_ms: 0 never sleeps, -1 sleeps until there is one.
 * Returns 1 with *event filled, 0 where there is none in time, or a negative errno. Events with the
 * same path and token that nobody has taken yet count as one: read the node, do not count events.
 */
int store_next_event(struct store *s, struct store_event *event, int wait_ms);
void store_event_free(struct store_event *event);

/* From here on equal events count each, for those who must count. */
void store_keep_each_event(struct store *s);

/* Forgets the waiting events that `unwanted` says true of. */
typedef bool store_event_fn(const struct store_event *event, const void *context);
void store_drop_events(struct store *s, store_event_fn *unwanted, const void *context);

/*
 * Tells the store to serve a domain over the page at `gfn` (for a PV domain: its machine frame) and
 * the domain's unbound event channel `port`. Needs the socket's privilege.
 */
int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port);

/* Tells the store to drop its connection to the domain. -ENOENT/-EINVAL: it had none. */
int store_release(struct store *s, uint32_t domid);

/* 1: the store serves that domain; 0: it does not; negative errno. */
int store_is_introduced(struct store *s, uint32_t domid);

#endif
