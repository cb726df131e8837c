/* SPDX-License-Identifier: MIT */
/*
 * The store's tree as a persistent data structure: nodes are counted, and a node that more than one
 * tree can reach is never changed. A snapshot is one reference to a root, which is what makes a
 * transaction start in O(1). This layer knows nothing of clients, permissions' meaning or quotas,
 * and it must never do I/O.
 *
 * Invariant: a node may be edited in place only if every node from the root down to it has one
 * reference. All edits therefore go through node_edit(), which copies what is shared on its way
 * down. So, as long as somebody holds a root, a node's address stands for its content: equal
 * pointers mean that nothing below differs.
 *
 * Memory: an allocation that fails ends the daemon (node_alloc). What unprivileged domains may hold
 * is bounded by quotas, so that this is a host's own exhaustion, and a half-applied change would be
 * worse than a restart.
 */
#ifndef XENSTORED_NODE_H
#define XENSTORED_NODE_H

#include <stddef.h>
#include <stdint.h>

#define STORE_PATH_MAX 3072

enum store_access {
    STORE_ACCESS_NONE = 0,
    STORE_ACCESS_READ = 1,
    STORE_ACCESS_WRITE = 2,
    STORE_ACCESS_BOTH = 3,
};

/* One permission entry. The first of a node names its owner, and what domains without an entry may
 * do. */
struct store_perm {
    uint16_t domid;
    uint8_t access;
};

struct store_node {
    uint32_t refs;
    uint32_t value_len;
    uint32_t perm_count;
    uint32_t child_count;
    uint32_t child_room;
    uint64_t changed;          /* generation of the last change of the value or the permissions */
    uint64_t children_changed; /* generation of the last change of the set of children's names */
    unsigned char *value;
    struct store_perm *perms;
    struct store_node **children; /* sorted by name */
    char name[];
};

/* malloc and realloc that end the process where there is no memory. */
void *node_alloc(size_t size);
void *node_realloc(void *old, size_t size);
char *node_strdup(const char *text);

/* A new node with one reference, no value, no permissions, no children. NAME is NAME_LEN bytes,
 * without NUL. */
struct store_node *node_new(const char *name, size_t name_len);

/* Takes a reference; returns NODE. */
struct store_node *node_get(struct store_node *node);

/* Drops a reference (NODE may be NULL); the last one frees the node and drops its children. */
void node_put(struct store_node *node);

/*
 * The node at PATH under ROOT, or NULL. PATH is absolute and valid ("/" is ROOT itself). Takes no
 * reference.
 */
struct store_node *node_find(struct store_node *root, const char *path);

/* Like node_find for a path relative to NODE, without a leading slash; "" is NODE itself. */
struct store_node *node_find_below(struct store_node *node, const char *path);

/*
 * Makes the way from *ROOT to PATH private to *ROOT and returns the node at PATH, now free to be
 * changed, or NULL where there is none (then nothing has been copied past the last node that
 * exists).
 */
struct store_node *node_edit(struct store_node **root, const char *path);

/* Replaces the value / the permissions of a node that node_edit returned. The bytes are copied. */
void node_set_value(struct store_node *node, const void *value, size_t len);
void node_set_perms(struct store_node *node, const struct store_perm *perms, size_t count);

/* Adds CHILD (its reference moves to PARENT, which node_edit returned). There must be no child of
 * that name. */
void node_add_child(struct store_node *parent, struct store_node *child);

/* Takes the child NAME out of PARENT (which node_edit returned) and returns it with its reference,
 * or NULL. */
struct store_node *node_take_child(struct store_node *parent, const char *name, size_t name_len);

/* Makes *SLOT private (copies it if it is shared) and returns it: one step of node_edit, for
 * whole-tree walks. */
struct store_node *node_unshare(struct store_node **slot);

#endif
