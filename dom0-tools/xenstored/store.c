/* SPDX-License-Identifier: MIT */
/*
 * The store's operations: who may do what to which node, and how many nodes a domain may own (see
 * store.h). Every change is decoded first (may fail, changes nothing) and committed then (cannot
 * fail). Must never do I/O, and never change a tree that a transaction has taken as its base:
 * node.h's rules see to that.
 */
#include "store-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct store_quota store_quota_default = {
    .nodes = 1000,
    .node_size = 2048,
    .memory = 1024 * 1024,
    .watches = 128,
    .transactions = 10,
    .transaction_nodes = 1024,
    .transaction_memory = 1024 * 1024,
    .permissions = 5,
    .path_max = 2048,
    .snapshot_age = 4096,
};

static struct store_node *special_new(void)
{
    static const struct store_perm owner = {0, STORE_ACCESS_NONE};
    struct store_node *node = node_new("", 0);

    node_set_perms(node, &owner, 1);
    return node;
}

/* What NODE costs its owner; SIGN is 1 or -1. */
static struct store_account account_of(const struct store_node *node, int32_t sign)
{
    size_t bytes =
        strlen(node->name) + node->value_len + node->perm_count * sizeof(struct store_perm);

    return (struct store_account){sign, sign * (int32_t)bytes};
}

struct store *store_new(store_event_fn *event)
{
    struct store *store = node_alloc(sizeof(*store));

    store->event = event;
    store->quota = store_quota_default;
    store->live.root = special_new();
    store->introduce = special_new();
    store->release = special_new();
    store_book(store, &store->live, 0, account_of(store->live.root, 1));
    return store;
}

void store_free(struct store *store)
{
    node_put(store->live.root);
    node_put(store->introduce);
    node_put(store->release);
    free(store);
}

struct store_quota *store_quota(struct store *store)
{
    return &store->quota;
}

bool store_path_check(const char *path, size_t max)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@";
    size_t len = strnlen(path, max + 1);

    if (len == 0 || len > max || path[0] != '/' || strspn(path, allowed) != len) {
        return false;
    }
    return len == 1 || (path[len - 1] != '/' && !strstr(path, "//"));
}

uint32_t store_nodes_of(const struct store *store, uint16_t domid)
{
    return (uint32_t)store->accounts[domid].nodes;
}

uint32_t store_bytes_of(const struct store *store, uint16_t domid)
{
    return (uint32_t)store->accounts[domid].bytes;
}

uint32_t store_nodes_total(const struct store *store)
{
    return store->nodes_total;
}

/* ---- permissions ---- */

static bool is_client(const struct store_client *client, uint16_t domid)
{
    return domid == client->domid || (client->has_target && domid == client->target);
}

bool store_allowed(const struct store_client *client, const struct store_node *node,
                   unsigned int access)
{
    if (client->privileged || is_client(client, node->perms[0].domid)) {
        return true;
    }
    for (uint32_t i = 1; i < node->perm_count; i++) {
        if (is_client(client, node->perms[i].domid)) {
            return (node->perms[i].access & access) == access;
        }
    }
    return (node->perms[0].access & access) == access;
}

/* The deepest node on the way to PATH; *REST is what is missing below it ("" where PATH exists). */
static struct store_node *deepest(struct store_node *root, const char *path, const char **rest)
{
    struct store_node *node = root;
    char name[STORE_PATH_MAX + 1];

    for (path++; *path;) {
        size_t len = strcspn(path, "/");
        struct store_node *child;

        memcpy(name, path, len);
        name[len] = 0;
        child = node_find_below(node, name);
        if (!child) {
            break;
        }
        node = child;
        path += len + (path[len] == '/');
    }
    *rest = path;
    return node;
}

/*
 * The node at PATH if CLIENT has ACCESS to it. For a missing node the nearest ancestor decides
 * between ENOENT and EACCES, so that nobody can probe for names in a part of the tree that is
 * closed to him.
 */
static int lookup(struct store_node *root, const struct store_client *client, const char *path,
                  unsigned int access, struct store_node **node)
{
    const char *rest;

    *node = deepest(root, path, &rest);
    if (!store_allowed(client, *node, access)) {
        return EACCES;
    }
    return *rest ? ENOENT : 0;
}

/* ---- accounts ---- */

static struct store_account *delta_of(const struct store_view *view, uint16_t domid)
{
    for (size_t i = 0; view->deltas && i < view->deltas->count; i++) {
        if (view->deltas->entries[i].domid == domid) {
            return &view->deltas->entries[i].more;
        }
    }
    return NULL;
}

void store_book(struct store *store, struct store_view *view, uint16_t domid,
                struct store_account more)
{
    struct store_deltas *deltas = view->deltas;
    struct store_account *account = deltas ? delta_of(view, domid) : &store->accounts[domid];

    if (!account) {
        deltas->entries =
            node_realloc(deltas->entries, (deltas->count + 1) * sizeof(deltas->entries[0]));
        deltas->entries[deltas->count] = (struct store_delta){domid, {0, 0}};
        account = &deltas->entries[deltas->count++].more;
    }
    account->nodes += more.nodes;
    account->bytes += more.bytes;
    if (!deltas) {
        store->nodes_total += (uint32_t)more.nodes;
    }
}

static void book_subtree(struct store *store, struct store_view *view,
                         const struct store_node *node)
{
    store_book(store, view, node->perms[0].domid, account_of(node, -1));
    for (uint32_t i = 0; i < node->child_count; i++) {
        book_subtree(store, view, node->children[i]);
    }
}

/* Whether CLIENT may have OWNER, itself or another domain, own that much more. */
static bool room_for(const struct store *store, const struct store_view *view,
                     const struct store_client *client, uint16_t owner, struct store_account more)
{
    const struct store_account *live = &store->accounts[owner], *delta = delta_of(view, owner);
    const struct store_quota *quota = &store->quota;
    int64_t nodes = (int64_t)live->nodes + (delta ? delta->nodes : 0) + more.nodes;
    int64_t bytes = (int64_t)live->bytes + (delta ? delta->bytes : 0) + more.bytes;

    if (client->privileged || owner == 0) {
        return true;
    }
    return (more.nodes <= 0 || !quota->nodes || nodes <= (int64_t)quota->nodes) &&
           (more.bytes <= 0 || !quota->memory || bytes <= (int64_t)quota->memory);
}

static bool room_for_size(const struct store *store, const struct store_client *client,
                          size_t value_len, size_t perm_count)
{
    const struct store_quota *quota = &store->quota;

    if (client->privileged) {
        return true;
    }
    return (!quota->node_size ||
            value_len + perm_count * sizeof(struct store_perm) <= quota->node_size) &&
           (!quota->permissions || perm_count <= quota->permissions);
}

/* ---- operations on a view ---- */

/* What it would cost to create REST below PARENT with a value of VALUE_LEN; nothing for an empty
 * REST. */
static struct store_account cost_of(const char *rest, const struct store_node *parent,
                                    size_t value_len)
{
    struct store_account cost = {0, (int32_t)(strlen(rest) + value_len)};

    while (*rest) {
        cost.nodes++;
        cost.bytes += (int32_t)(parent->perm_count * sizeof(struct store_perm));
        rest += strcspn(rest, "/");
        rest += *rest == '/';
    }
    return cost;
}

/* Creates REST, the missing part of PATH. Permissions come from the parent; a guest owns what it
 * creates. */
static void create_commit(struct store *store, struct store_view *view,
                          const struct store_client *client, const char *path, const char *rest,
                          const struct store_op *op)
{
    char *above = node_strdup(path);
    size_t above_len = (size_t)(rest - path) > 1 ? (size_t)(rest - path) - 1 : 1;
    struct store_node *parent, *child;

    above[above_len] = 0;
    parent = node_edit(&view->root, above);
    free(above);
    while (*rest) {
        size_t len = strcspn(rest, "/");

        child = node_new(rest, len);
        node_set_perms(child, parent->perms, parent->perm_count);
        if (!client->privileged) {
            child->perms[0].domid = client->domid;
        }
        child->changed = child->children_changed = parent->children_changed = ++store->generation;
        if (!rest[len] && op->kind == STORE_OP_WRITE) {
            node_set_value(child, op->data, op->count);
        }
        store_book(store, view, child->perms[0].domid, account_of(child, 1));
        node_add_child(parent, child);
        parent = child;
        rest += len + (rest[len] == '/');
    }
}

static int op_write(struct store *store, struct store_view *view, struct store_client *client,
                    const struct store_op *op, bool dry, bool *effect)
{
    struct store_node *node;
    const char *rest;
    struct store_account cost;
    size_t value_len = op->kind == STORE_OP_WRITE ? op->count : 0;

    node = deepest(view->root, op->path, &rest);
    *effect = *rest || op->kind == STORE_OP_WRITE;
    if (!store_allowed(client, node, STORE_ACCESS_WRITE)) {
        return EACCES; /* MKDIR of what is there, which changes nothing, is no exception */
    }
    if (!*effect) {
        return 0;
    }
    cost = cost_of(rest, node, value_len);
    if (!*rest) {
        /* The owner pays, who may be another; a guest with access to it must not grow that either.
         */
        cost.bytes -= (int32_t)node->value_len;
    }
    if (!room_for_size(store, client, value_len, *rest ? 0 : node->perm_count) ||
        !room_for(store, view, client, *rest ? client->domid : node->perms[0].domid, cost)) {
        return ENOSPC;
    }
    if (dry) {
        return 0;
    }
    if (*rest) {
        create_commit(store, view, client, op->path, rest, op);
    } else {
        node = node_edit(&view->root, op->path);
        store_book(store, view, node->perms[0].domid, account_of(node, -1));
        node_set_value(node, op->data, op->count);
        store_book(store, view, node->perms[0].domid, account_of(node, 1));
        node->changed = ++store->generation;
    }
    return 0;
}

static int op_remove(struct store *store, struct store_view *view, struct store_client *client,
                     const struct store_op *op, bool dry, bool *effect,
                     struct store_node **replaced)
{
    char parent_path[STORE_PATH_MAX + 1];
    const char *name = strrchr(op->path, '/') + 1;
    size_t parent_len = (size_t)(name - op->path) > 1 ? (size_t)(name - op->path) - 1 : 1;
    struct store_node *node, *parent;
    int error;

    *effect = false;
    if (!*name) {
        return EINVAL;
    }
    error = lookup(view->root, client, op->path, STORE_ACCESS_WRITE, &node);
    memcpy(parent_path, op->path, parent_len);
    parent_path[parent_len] = 0;
    if (error == ENOENT && node_find(view->root, parent_path)) {
        return 0;
    }
    if (error) {
        return error;
    }
    *effect = true;
    if (dry) {
        return 0;
    }
    parent = node_edit(&view->root, parent_path);
    node = node_take_child(parent, name, strlen(name));
    parent->children_changed = ++store->generation;
    book_subtree(store, view, node);
    if (replaced) {
        *replaced = node;
    } else {
        node_put(node);
    }
    return 0;
}

static int op_set_perms(struct store *store, struct store_view *view, struct store_client *client,
                        const struct store_op *op, bool dry, bool *effect,
                        struct store_node **replaced)
{
    const struct store_perm *perms = op->data;
    struct store_account more = {0, 0};
    struct store_node *node;
    int error = lookup(view->root, client, op->path, STORE_ACCESS_WRITE, &node);

    *effect = false;
    if (error) {
        return error;
    }
    if (!client->privileged && !is_client(client, node->perms[0].domid)) {
        return EACCES;
    }
    if (!client->privileged && perms[0].domid != node->perms[0].domid) {
        return EPERM;
    }
    more.bytes = ((int32_t)op->count - (int32_t)node->perm_count) * (int32_t)sizeof(*perms);
    if (!room_for_size(store, client, node->value_len, op->count) ||
        !room_for(store, view, client, perms[0].domid, more)) {
        return ENOSPC;
    }
    *effect = true;
    if (dry) {
        return 0;
    }
    if (replaced) {
        *replaced = node_get(node);
    }
    node = node_edit(&view->root, op->path);
    store_book(store, view, node->perms[0].domid, account_of(node, -1));
    node_set_perms(node, perms, op->count);
    store_book(store, view, node->perms[0].domid, account_of(node, 1));
    node->changed = ++store->generation;
    return 0;
}

int store_op_apply(struct store *store, struct store_view *view, struct store_client *client,
                   const struct store_op *op, bool dry, bool *effect, struct store_node **replaced)
{
    switch (op->kind) {
    case STORE_OP_WRITE:
    case STORE_OP_MKDIR:
        return op_write(store, view, client, op, dry, effect);
    case STORE_OP_REMOVE:
        return op_remove(store, view, client, op, dry, effect, replaced);
    case STORE_OP_SET_PERMS:
        return op_set_perms(store, view, client, op, dry, effect, replaced);
    default:
        return EINVAL;
    }
}

/* ---- requests ---- */

int store_read(struct store *store, struct store_client *client, uint32_t tx, const char *path,
               bool children, const struct store_node **node)
{
    struct store_view *view = &store->live;
    struct store_node *found;
    int error;

    if (tx) {
        struct store_txn *txn = store_txn_find(client, tx);

        if (!txn) {
            return ENOENT;
        }
        if (!txn->doomed) {
            error = store_txn_room(store, txn);
            if (error) {
                return error;
            }
            view = &txn->view;
            store_txn_touch(txn, path,
                            STORE_TOUCH_CONTENT | (children ? STORE_TOUCH_CHILDREN : 0u));
        }
    }
    error = lookup(view->root, client, path, STORE_ACCESS_READ, &found);
    *node = found;
    return error;
}

static int request_op(struct store *store, struct store_client *client, uint32_t tx,
                      const struct store_op *op)
{
    struct store_node *replaced = NULL;
    bool effect;
    int error;

    if (tx) {
        struct store_txn *txn = store_txn_find(client, tx);

        return txn ? store_txn_op(store, txn, op) : ENOENT;
    }
    error = store_op_apply(store, &store->live, client, op, false, &effect, &replaced);
    if (!error && effect) {
        store_watch_fire(store, op->path, replaced, node_find(store->live.root, op->path),
                         op->kind == STORE_OP_REMOVE);
        store_txn_doom_old(store);
    }
    node_put(replaced);
    return error;
}

int store_write(struct store *store, struct store_client *client, uint32_t tx, const char *path,
                const void *value, size_t len)
{
    struct store_op op = {STORE_OP_WRITE, (char *)(uintptr_t)path, (void *)(uintptr_t)value, len};

    return request_op(store, client, tx, &op);
}

int store_mkdir(struct store *store, struct store_client *client, uint32_t tx, const char *path)
{
    struct store_op op = {STORE_OP_MKDIR, (char *)(uintptr_t)path, NULL, 0};

    return request_op(store, client, tx, &op);
}

int store_remove(struct store *store, struct store_client *client, uint32_t tx, const char *path)
{
    struct store_op op = {STORE_OP_REMOVE, (char *)(uintptr_t)path, NULL, 0};

    return request_op(store, client, tx, &op);
}

const struct store_node *store_special(const struct store *store, const char *path)
{
    if (strcmp(path, "@introduceDomain") == 0) {
        return store->introduce;
    }
    return strcmp(path, "@releaseDomain") == 0 ? store->release : NULL;
}

int store_set_perms(struct store *store, struct store_client *client, uint32_t tx, const char *path,
                    const struct store_perm *perms, size_t count)
{
    struct store_op op = {STORE_OP_SET_PERMS, (char *)(uintptr_t)path, (void *)(uintptr_t)perms,
                          count};

    if (count == 0) {
        return EINVAL;
    }
    if (path[0] == '@') {
        const struct store_node *special = store_special(store, path);

        if (!special) {
            return EINVAL;
        }
        if (!client->privileged) {
            return EACCES;
        }
        node_set_perms(special == store->introduce ? store->introduce : store->release, perms,
                       count);
        return 0;
    }
    return request_op(store, client, tx, &op);
}

void store_client_reset(struct store *store, struct store_client *client)
{
    while (client->txns) {
        store_txn_drop(store, client->txns);
    }
    store_watch_drop_all(store, client);
}

/* ---- domains that are gone, and the books ---- */

/* Takes DOMID's entries out of NODE's list; the owner has been dealt with. BOOKED: the node is one
 * of the tree. */
static void perms_forget(struct store *store, struct store_node *node, uint16_t domid, bool booked)
{
    uint32_t kept = 1, before = node->perm_count;

    for (uint32_t i = 1; i < node->perm_count; i++) {
        if (node->perms[i].domid != domid) {
            node->perms[kept++] = node->perms[i];
        }
    }
    if (kept != before) {
        struct store_account less = {0, -(int32_t)((before - kept) * sizeof(struct store_perm))};

        node->perm_count = kept;
        node->changed = ++store->generation;
        if (booked) {
            store_book(store, &store->live, node->perms[0].domid, less);
        }
    }
}

/* PATH is a buffer of STORE_PATH_MAX + 1 that holds the path of *SLOT, PATH_LEN long (0 for the
 * root). */
static void forget_below(struct store *store, struct store_node **slot, uint16_t domid, char *path,
                         size_t path_len)
{
    struct store_node *node = node_unshare(slot);

    perms_forget(store, node, domid, true);
    for (uint32_t i = 0; i < node->child_count;) {
        struct store_node *child = node->children[i];
        size_t name_len = strlen(child->name);

        path[path_len] = '/';
        memcpy(path + path_len + 1, child->name, name_len + 1);
        if (child->perms[0].domid == domid) {
            node_take_child(node, child->name, name_len);
            node->children_changed = ++store->generation;
            book_subtree(store, &store->live, child);
            store_watch_fire(store, path, child, NULL, true);
            node_put(child);
        } else {
            forget_below(store, &node->children[i], domid, path, path_len + 1 + name_len);
            i++;
        }
    }
    path[path_len] = 0;
}

static void account_move(struct store *store, struct store_node *node, uint16_t to)
{
    store_book(store, &store->live, node->perms[0].domid, account_of(node, -1));
    store_book(store, &store->live, to, account_of(node, 1));
    node->perms[0].domid = to;
}

void store_domain_forget(struct store *store, uint16_t domid)
{
    char path[STORE_PATH_MAX + 2];

    /* With every snapshot gone no node is shared, and nothing can bring the domain's nodes back. */
    for (struct store_txn *txn = store->oldest; txn; txn = txn->newer) {
        store_txn_doom(txn);
    }
    forget_below(store, &store->live.root, domid, path, 0);
    if (store->live.root->perms[0].domid == domid) {
        account_move(store, store->live.root, 0);
    }
    for (int i = 0; i < 2; i++) {
        struct store_node *special = i ? store->release : store->introduce;

        perms_forget(store, special, domid, false);
        if (special->perms[0].domid == domid) {
            special->perms[0].domid = 0;
        }
    }
}

void store_owners(const struct store *store, void (*fn)(uint16_t domid, void *arg), void *arg)
{
    for (uint32_t domid = 1; domid < STORE_DOMIDS; domid++) {
        if (store->accounts[domid].nodes) {
            fn((uint16_t)domid, arg);
        }
    }
}

static bool check_below(const struct store_node *node, struct store_account *accounts,
                        uint32_t *total)
{
    struct store_account one;

    if (!node->perm_count) {
        return false;
    }
    one = account_of(node, 1);
    accounts[node->perms[0].domid].nodes += one.nodes;
    accounts[node->perms[0].domid].bytes += one.bytes;
    (*total)++;
    for (uint32_t i = 0; i < node->child_count; i++) {
        if ((i && strcmp(node->children[i - 1]->name, node->children[i]->name) >= 0) ||
            !check_below(node->children[i], accounts, total)) {
            return false;
        }
    }
    return true;
}

bool store_check(const struct store *store)
{
    struct store_account *accounts = node_alloc(STORE_DOMIDS * sizeof(accounts[0]));
    uint32_t total = 0;
    bool right = check_below(store->live.root, accounts, &total) && total == store->nodes_total &&
                 memcmp(accounts, store->accounts, sizeof(store->accounts)) == 0;

    free(accounts);
    return right;
}
