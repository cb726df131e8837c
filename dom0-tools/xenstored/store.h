/* SPDX-License-Identifier: MIT */
/*
 * The store: tree, permissions, quotas, transactions and watches as pure logic. No sockets, rings
 * or clocks: a connection is a store_client, and what the store has to say unasked goes through one
 * callback. So all of it runs in unit tests.
 *
 * Semantics: Xen's docs/misc/xenstore.txt; where the page is silent, what Xen 4.17's daemon answers
 * was the guide (docs/xenstore.md lists the differences).
 *
 * Operations return 0 or an errno value (positive) that the wire protocol knows. Paths are absolute
 * and have passed store_path_check(). A TX of 0 means none.
 */
#ifndef XENSTORED_STORE_H
#define XENSTORED_STORE_H

#include "node.h"

#include <stdbool.h>

struct store;
struct store_txn;
struct store_watch;

/* Limits for clients that are not privileged; 0 stands for "no limit". docs/xenstore.md has the
 * table. */
struct store_quota {
    uint32_t nodes;     /* nodes that a domain owns */
    uint32_t node_size; /* bytes of a node's value and permissions (4 an entry) */
    uint32_t memory;    /* bytes of names, values and permissions of the nodes that a domain owns */
    uint32_t watches;   /* watches of one domain */
    uint32_t transactions;       /* open at once */
    uint32_t transaction_nodes;  /* paths touched, and changes made, in one transaction */
    uint32_t transaction_memory; /* bytes that a client's open transactions remember */
    uint32_t permissions;        /* entries of one node */
    uint32_t path_max;           /* bytes of an absolute path */
    uint32_t snapshot_age; /* changes by others after which a transaction can only end in EAGAIN */
};

/*
 * Who asks. The connection layer owns the memory and fills in the first part; the store owns the
 * rest, which starts as zeroes. A client must be released by store_client_reset() before its memory
 * goes.
 */
struct store_client {
    uint16_t domid;
    bool privileged; /* the control domain: no permission checks, no quotas */
    bool has_target;
    uint16_t target; /* may act as this domain too (SET_TARGET) */
    void *owner;     /* for the event callback */

    struct store_txn *txns;
    struct store_watch *watches;
    uint32_t txn_count, watch_count, last_tx_id;
    size_t txn_bytes;
};

/*
 * Called for each event of a client's watch: PATH as the client is to see it (relative if the watch
 * was), TOKEN as given, WATCHED the watch's own path in the same form: an event on that says less,
 * but covers all others. It must not call back into the store.
 */
typedef void store_event_fn(struct store_client *client, const char *path, const char *token,
                            const char *watched);

extern const struct store_quota store_quota_default;

struct store *store_new(store_event_fn *event);

/* All clients must have been reset. */
void store_free(struct store *store);

/* The limits in force; may be changed at any time and holds for what is asked from then on. */
struct store_quota *store_quota(struct store *store);

/* Whether PATH is an absolute path of permitted characters, no doubled or trailing slash, of at
 * most MAX bytes. */
bool store_path_check(const char *path, size_t max);

/* Nodes that DOMID owns in the committed tree and their bytes, and the nodes of the whole tree. */
uint32_t store_nodes_of(const struct store *store, uint16_t domid);
uint32_t store_bytes_of(const struct store *store, uint16_t domid);
uint32_t store_nodes_total(const struct store *store);

/*
 * Looks up PATH for reading: *NODE lives until the next call into the store. EACCES, ENOENT.
 * CHILDREN says that the caller is going to look at the list of children (else at value and
 * permissions only), which is what a later commit is checked against.
 */
int store_read(struct store *store, struct store_client *client, uint32_t tx, const char *path,
               bool children, const struct store_node **node);

/* Sets the value, creating the node and its parents as needed. EACCES, ENOSPC (quota), ENOENT (no
 * such TX). */
int store_write(struct store *store, struct store_client *client, uint32_t tx, const char *path,
                const void *value, size_t len);

/* Creates PATH and its parents where missing; an existing node is left as it is. */
int store_mkdir(struct store *store, struct store_client *client, uint32_t tx, const char *path);

/* Removes PATH and all below. A missing node is no error if its parent exists (ENOENT). EINVAL for
 * the root. */
int store_remove(struct store *store, struct store_client *client, uint32_t tx, const char *path);

/*
 * Replaces the permissions; only the owner and privileged clients may, and only the latter may
 * change the owner (EPERM). PATH may be "@introduceDomain" or "@releaseDomain" for privileged
 * clients (then TX is ignored).
 */
int store_set_perms(struct store *store, struct store_client *client, uint32_t tx, const char *path,
                    const struct store_perm *perms, size_t count);

/* The permissions of a special path, as a node without a name; NULL for any other. */
const struct store_node *store_special(const struct store *store, const char *path);

/* ENOSPC: too many open. */
int store_txn_start(struct store *store, struct store_client *client, uint32_t *tx);

/*
 * Ends TX, which is gone afterwards whatever the result. With COMMIT: EAGAIN where a path that the
 * transaction read or changed has been changed by others, or where its changes are not allowed any
 * more; then nothing has changed.
 */
int store_txn_end(struct store *store, struct store_client *client, uint32_t tx, bool commit);

/* Whether TX is open: 0 or ENOENT. */
int store_txn_check(const struct store_client *client, uint32_t tx);

/*
 * Adds a watch on PATH ("@..." is allowed). SHOWN_PREFIX is how many bytes of PATH a client that
 * gave a relative path does not see in events. DEPTH limits the levels below PATH, -1 for none.
 * EEXIST, E2BIG (quota). The first event, due at once, is for the caller: store_watch_fire_first()
 * after it has sent its reply.
 */
int store_watch_add(struct store *store, struct store_client *client, const char *path,
                    const char *token, size_t shown_prefix, int depth);
void store_watch_fire_first(struct store *store, struct store_client *client, const char *path,
                            const char *token);

/* ENOENT where there is no such pair. */
int store_watch_remove(struct store *store, struct store_client *client, const char *path,
                       const char *token);

/* Drops all watches and transactions of CLIENT. */
void store_client_reset(struct store *store, struct store_client *client);

/* Fires @introduceDomain / @releaseDomain (SPECIAL) for DOMID. */
void store_fire_special(struct store *store, const char *special, uint16_t domid);

/*
 * DOMID is no more: its nodes go with all below them, its entries go from all permission lists (a
 * later domain of the same number must not inherit them), and open transactions end in EAGAIN.
 * Watches fire for the nodes removed.
 */
void store_domain_forget(struct store *store, uint16_t domid);

/* Calls FN for each domain that owns nodes, but not for domain 0. FN must not change the store. */
void store_owners(const struct store *store, void (*fn)(uint16_t domid, void *arg), void *arg);

/* Recounts everything and compares with the accounts kept: true where they agree. For CONTROL check
 * and tests. */
bool store_check(const struct store *store);

#endif
