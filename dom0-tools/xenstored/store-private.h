/* SPDX-License-Identifier: MIT */
/*
 * What store.c, txn.c, watch.c share, and nobody else may see. A view is the tree that a request
 * works on: the committed one, or a transaction's. Changes go decode (may fail) -> commit (cannot).
 */
#ifndef XENSTORED_STORE_PRIVATE_H
#define XENSTORED_STORE_PRIVATE_H

#include "store.h"

#define STORE_DOMIDS 65536

/* What a domain owns, or how much more (or less) it owns in a transaction's tree than in the
 * committed one. */
struct store_account {
    int32_t nodes, bytes;
};

struct store_delta {
    uint16_t domid;
    struct store_account more;
};

struct store_deltas {
    struct store_delta *entries;
    size_t count;
};

struct store_view {
    struct store_node *root;
    struct store_deltas
        *deltas; /* NULL: the committed tree, counts go straight to the store's accounts */
};

enum store_op_kind { STORE_OP_WRITE, STORE_OP_MKDIR, STORE_OP_REMOVE, STORE_OP_SET_PERMS };

struct store_op {
    enum store_op_kind kind;
    char *path;
    void *data; /* a value, or an array of struct store_perm */
    size_t count;
};

/* What a transaction has looked at; a commit compares these in its base and in the committed tree.
 */
enum store_touch {
    STORE_TOUCH_CONTENT = 1,  /* existence, value, permissions */
    STORE_TOUCH_CHILDREN = 2, /* the list of children */
    STORE_TOUCH_SUBTREE = 4,  /* everything below too */
    STORE_TOUCH_FIRED = 8,    /* commit: this path's event is out */
};

struct store_access_record {
    uint32_t flags;
    char path[];
};

struct store_txn {
    struct store_txn *next;          /* of the client */
    struct store_txn *older, *newer; /* of the store, by start */
    struct store_client *client;
    uint32_t id;
    bool doomed; /* can only end in EAGAIN; keeps no snapshot, reads the committed tree, changes
                    nothing */
    uint64_t start_generation;
    struct store_node *base; /* the committed tree when it started: one reference */
    struct store_view view;
    struct store_deltas deltas;
    void *accesses; /* tsearch tree of struct store_access_record by path */
    uint32_t access_count;
    size_t bytes; /* of accesses and ops, as the client is charged for them */
    struct store_op *ops;
    size_t op_count, op_room;
};

struct store_watch {
    struct store_watch *next;       /* of the client */
    struct store_watch *point_next; /* of the same path */
    struct store_client *client;
    char *path;
    char *token;
    size_t shown_prefix;
    int depth;
};

struct store {
    struct store_view live;
    struct store_quota quota;
    store_event_fn *event;
    uint64_t generation;
    struct store_account accounts[STORE_DOMIDS];
    uint32_t nodes_total;
    struct store_node *introduce, *release; /* carry the permissions of the special watches */
    struct store_txn *oldest, *newest;
    void *watch_points; /* tsearch tree by path; see watch.c */
};

/* store.c */
bool store_allowed(const struct store_client *client, const struct store_node *node,
                   unsigned int access);
void store_book(struct store *store, struct store_view *view, uint16_t domid,
                struct store_account more);

/*
 * Does OP on VIEW for CLIENT, or checks it only (DRY). *EFFECT says whether anything has changed
 * (or would). *REPLACED (if not NULL) receives the removed or replaced node with a reference, for
 * events.
 */
int store_op_apply(struct store *store, struct store_view *view, struct store_client *client,
                   const struct store_op *op, bool dry, bool *effect, struct store_node **replaced);

/* txn.c */
struct store_txn *store_txn_find(const struct store_client *client, uint32_t tx);
void store_txn_touch(struct store_txn *txn, const char *path, uint32_t flags);
int store_txn_op(struct store *store, struct store_txn *txn, const struct store_op *op);
int store_txn_room(const struct store *store, const struct store_txn *txn);
void store_txn_doom(struct store_txn *txn);
void store_txn_doom_old(struct store *store);
void store_txn_drop(struct store *store, struct store_txn *txn);

/* watch.c: an event on PATH; BEFORE and AFTER are its node in the two trees, NULL where it does not
 * exist. */
void store_watch_fire(struct store *store, const char *path, const struct store_node *before,
                      const struct store_node *after, bool removed);
void store_watch_drop_all(struct store *store, struct store_client *client);

#endif
