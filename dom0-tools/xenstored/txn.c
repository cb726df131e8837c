/* SPDX-License-Identifier: MIT */
/*
 * Transactions. One starts as a snapshot (a reference to the committed root), works on its own
 * tree, and remembers
 *   1. which paths it has looked at or changed (accesses), and
 *   2. what it has changed, in order (ops).
 * Its end compares the paths of 1 in its snapshot and in the committed tree; any difference is
 * EAGAIN. Then 2 is done again on the committed tree, which gives what the transaction would have
 * given had it run just now; where nothing else has happened since the start, its own tree simply
 * becomes the committed one.
 *
 * A snapshot keeps old nodes alive. So that a guest cannot make them pile up, an unprivileged
 * client's transaction that has been open while many changes were made is doomed: it loses its
 * snapshot and can only end in EAGAIN. Must never leave a half-done commit.
 */
#include "store-private.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int record_compare(const void *a, const void *b)
{
    const struct store_access_record *left = a, *right = b;

    return strcmp(left->path, right->path);
}

struct store_txn *store_txn_find(const struct store_client *client, uint32_t tx)
{
    for (struct store_txn *txn = client->txns; txn; txn = txn->next) {
        if (txn->id == tx) {
            return txn;
        }
    }
    return NULL;
}

int store_txn_check(const struct store_client *client, uint32_t tx)
{
    return store_txn_find(client, tx) ? 0 : ENOENT;
}

static void charge(struct store_txn *txn, size_t bytes)
{
    txn->bytes += bytes;
    txn->client->txn_bytes += bytes;
}

/* The record of PATH, made where there is none. */
static struct store_access_record *record_get(struct store_txn *txn, const char *path)
{
    size_t size = strlen(path) + 1;
    struct store_access_record *record = node_alloc(sizeof(*record) + size);
    struct store_access_record **slot;

    memcpy(record->path, path, size);
    slot = tsearch(record, &txn->accesses, record_compare);
    if (!slot) {
        abort();
    }
    if (*slot != record) {
        free(record);
    } else {
        txn->access_count++;
        charge(txn, sizeof(*record) + size);
    }
    return *slot;
}

void store_txn_touch(struct store_txn *txn, const char *path, uint32_t flags)
{
    record_get(txn, path)->flags |= flags;
}

int store_txn_room(const struct store *store, const struct store_txn *txn)
{
    uint32_t limit = store->quota.transaction_nodes, bytes = store->quota.transaction_memory;

    if (txn->client->privileged) {
        return 0;
    }
    return (limit && (txn->access_count >= limit || txn->op_count >= limit)) ||
                   (bytes && txn->client->txn_bytes >= bytes)
               ? ENOSPC
               : 0;
}

static void ops_free(struct store_txn *txn)
{
    for (size_t i = 0; i < txn->op_count; i++) {
        free(txn->ops[i].path);
        free(txn->ops[i].data);
    }
    free(txn->ops);
    txn->ops = NULL;
    txn->op_count = txn->op_room = 0;
}

void store_txn_doom(struct store_txn *txn)
{
    if (txn->doomed) {
        return;
    }
    txn->doomed = true;
    node_put(txn->base);
    node_put(txn->view.root);
    txn->base = txn->view.root = NULL;
    tdestroy(txn->accesses, free);
    txn->accesses = NULL;
    txn->access_count = 0;
    txn->client->txn_bytes -= txn->bytes;
    txn->bytes = 0;
    ops_free(txn);
    free(txn->deltas.entries);
    txn->deltas = (struct store_deltas){NULL, 0};
}

void store_txn_doom_old(struct store *store)
{
    uint32_t age = store->quota.snapshot_age;

    for (struct store_txn *txn = store->oldest; txn && age; txn = txn->newer) {
        if (store->generation - txn->start_generation <= age) {
            break;
        }
        if (!txn->client->privileged) {
            store_txn_doom(txn);
        }
    }
}

void store_txn_drop(struct store *store, struct store_txn *txn)
{
    struct store_txn **link = &txn->client->txns;

    store_txn_doom(txn);
    while (*link != txn) {
        link = &(*link)->next;
    }
    *link = txn->next;
    *(txn->older ? &txn->older->newer : &store->oldest) = txn->newer;
    *(txn->newer ? &txn->newer->older : &store->newest) = txn->older;
    txn->client->txn_count--;
    free(txn);
}

int store_txn_start(struct store *store, struct store_client *client, uint32_t *tx)
{
    struct store_txn *txn;

    if (!client->privileged && store->quota.transactions &&
        client->txn_count >= store->quota.transactions) {
        return ENOSPC;
    }
    store_txn_doom_old(store);
    txn = node_alloc(sizeof(*txn));
    do {
        txn->id = ++client->last_tx_id;
    } while (txn->id == 0 || store_txn_find(client, txn->id));
    txn->client = client;
    txn->start_generation = store->generation;
    txn->base = node_get(store->live.root);
    txn->view.root = node_get(store->live.root);
    txn->view.deltas = &txn->deltas;
    txn->next = client->txns;
    client->txns = txn;
    client->txn_count++;
    txn->older = store->newest;
    *(store->newest ? &store->newest->newer : &store->oldest) = txn;
    store->newest = txn;
    *tx = txn->id;
    return 0;
}

static void op_log(struct store_txn *txn, const struct store_op *op)
{
    size_t size =
        op->kind == STORE_OP_SET_PERMS ? op->count * sizeof(struct store_perm) : op->count;
    struct store_op *copy;

    if (txn->op_count == txn->op_room) {
        txn->op_room = txn->op_room ? 2 * txn->op_room : 8;
        txn->ops = node_realloc(txn->ops, txn->op_room * sizeof(txn->ops[0]));
    }
    copy = &txn->ops[txn->op_count++];
    *copy = (struct store_op){op->kind, node_strdup(op->path), NULL, op->count};
    charge(txn, sizeof(*op) + strlen(op->path) + size);
    if (size) {
        copy->data = memcpy(node_alloc(size), op->data, size);
    }
}

int store_txn_op(struct store *store, struct store_txn *txn, const struct store_op *op)
{
    bool effect;
    int error;

    if (txn->doomed) {
        return store_op_apply(store, &store->live, txn->client, op, true, &effect, NULL);
    }
    error = store_txn_room(store, txn);
    if (error) {
        return error;
    }
    store_txn_touch(txn, op->path,
                    STORE_TOUCH_CONTENT | (op->kind == STORE_OP_REMOVE ? STORE_TOUCH_SUBTREE : 0u));
    error = store_op_apply(store, &txn->view, txn->client, op, false, &effect, NULL);
    if (!error && effect) {
        op_log(txn, op);
    }
    return error;
}

/* ---- the end ---- */

struct conflict_search {
    struct store_txn *txn;
    struct store_node *live;
    bool conflict;
};

static void conflict_visit(const void *entry, VISIT visit, void *arg)
{
    const struct store_access_record *record = *(struct store_access_record *const *)entry;
    struct conflict_search *search = arg;
    const struct store_node *before, *now;

    if (search->conflict || (visit != postorder && visit != leaf)) {
        return;
    }
    before = node_find(search->txn->base, record->path);
    now = node_find(search->live, record->path);
    if (!before || !now) {
        search->conflict = before != now;
        return;
    }
    search->conflict = ((record->flags & STORE_TOUCH_CONTENT) && before->changed != now->changed) ||
                       ((record->flags & STORE_TOUCH_CHILDREN) &&
                        before->children_changed != now->children_changed) ||
                       ((record->flags & STORE_TOUCH_SUBTREE) && before != now);
}

/* Redoes the transaction's changes on a tree that starts as the committed one. False: one is not
 * allowed any more. */
static bool replay(struct store *store, struct store_txn *txn, struct store_view *view)
{
    for (size_t i = 0; i < txn->op_count; i++) {
        bool effect;

        if (store_op_apply(store, view, txn->client, &txn->ops[i], false, &effect, NULL)) {
            return false;
        }
    }
    return true;
}

/* Makes ROOT (its reference moves) the committed tree and books DELTAS. */
static void commit_root(struct store *store, struct store_node *root,
                        const struct store_deltas *deltas)
{
    node_put(store->live.root);
    store->live.root = root;
    for (size_t i = 0; i < deltas->count; i++) {
        store_book(store, &store->live, deltas->entries[i].domid, deltas->entries[i].more);
    }
}

static void fire_all(struct store *store, struct store_txn *txn)
{
    for (size_t i = 0; i < txn->op_count; i++) {
        const struct store_op *op = &txn->ops[i];
        struct store_access_record *record = record_get(txn, op->path);
        bool removed = op->kind == STORE_OP_REMOVE;

        if (!removed && (record->flags & STORE_TOUCH_FIRED)) {
            continue;
        }
        record->flags |= STORE_TOUCH_FIRED;
        store_watch_fire(store, op->path, node_find(txn->base, op->path),
                         node_find(store->live.root, op->path), removed);
    }
}

static int commit(struct store *store, struct store_txn *txn)
{
    struct conflict_search search = {txn, store->live.root, false};
    struct store_deltas deltas = {NULL, 0};
    struct store_view view = {NULL, &deltas};

    if (txn->doomed) {
        return EAGAIN;
    }
    if (store->live.root == txn->base) {
        if (txn->op_count) {
            commit_root(store, node_get(txn->view.root), &txn->deltas);
            fire_all(store, txn);
        }
        return 0;
    }
    twalk_r(txn->accesses, conflict_visit, &search);
    if (search.conflict) {
        return EAGAIN;
    }
    view.root = node_get(store->live.root);
    if (!replay(store, txn, &view)) {
        node_put(view.root);
        free(deltas.entries);
        return EAGAIN;
    }
    commit_root(store, view.root, &deltas);
    free(deltas.entries);
    fire_all(store, txn);
    return 0;
}

int store_txn_end(struct store *store, struct store_client *client, uint32_t tx, bool want_commit)
{
    struct store_txn *txn = store_txn_find(client, tx);
    int error;

    if (!txn) {
        return ENOENT;
    }
    error = want_commit ? commit(store, txn) : 0;
    store_txn_drop(store, txn);
    store_txn_doom_old(store);
    return error;
}
