/* SPDX-License-Identifier: MIT */
/*
 * The persistent tree under the store (see node.h). Must never change a node that is shared.
 */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *node_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    if (!memory) {
        fputs("xenstored: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *node_realloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory) {
        fputs("xenstored: out of memory\n", stderr);
        abort();
    }
    return memory;
}

char *node_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(node_alloc(size), text, size);
}

struct store_node *node_new(const char *name, size_t name_len)
{
    struct store_node *node = node_alloc(sizeof(*node) + name_len + 1);

    node->refs = 1;
    memcpy(node->name, name, name_len);
    return node;
}

struct store_node *node_get(struct store_node *node)
{
    node->refs++;
    return node;
}

/* Recursion is as deep as a path has names: at most half of STORE_PATH_MAX, in small frames. */
void node_put(struct store_node *node)
{
    if (!node || --node->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < node->child_count; i++) {
        node_put(node->children[i]);
    }
    free(node->children);
    free(node->perms);
    free(node->value);
    free(node);
}

static int name_compare(const char *name, size_t name_len, const char *other)
{
    int order = strncmp(name, other, name_len);

    return order ? order : -(other[name_len] != 0);
}

/* The index of the first child that does not sort before NAME; *FOUND says whether it is NAME. */
static uint32_t child_index(const struct store_node *node, const char *name, size_t name_len,
                            int *found)
{
    uint32_t low = 0, high = node->child_count;

    *found = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = name_compare(name, name_len, node->children[middle]->name);

        if (order == 0) {
            *found = 1;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* A step down *PATH: the child that its first name means, and *PATH behind it. NULL: there is none. */
static struct store_node **child_step(struct store_node *node, const char **path)
{
    size_t len = strcspn(*path, "/");
    int found;
    uint32_t index = child_index(node, *path, len, &found);

    *path += len + ((*path)[len] == '/');
    return found ? &node->children[index] : NULL;
}

struct store_node *node_find_below(struct store_node *node, const char *path)
{
    while (*path) {
        struct store_node **child = child_step(node, &path);

        if (!child) {
            return NULL;
        }
        node = *child;
    }
    return node;
}

struct store_node *node_find(struct store_node *root, const char *path)
{
    return node_find_below(root, path + 1);
}

struct store_node *node_unshare(struct store_node **slot)
{
    struct store_node *old = *slot, *copy;

    if (old->refs == 1) {
        return old;
    }
    copy = node_new(old->name, strlen(old->name));
    copy->changed = old->changed;
    copy->children_changed = old->children_changed;
    node_set_value(copy, old->value, old->value_len);
    node_set_perms(copy, old->perms, old->perm_count);
    if (old->child_count) {
        copy->children = node_alloc(old->child_count * sizeof(copy->children[0]));
        copy->child_count = copy->child_room = old->child_count;
        for (uint32_t i = 0; i < old->child_count; i++) {
            copy->children[i] = node_get(old->children[i]);
        }
    }
    node_put(old);
    *slot = copy;
    return copy;
}

struct store_node *node_edit(struct store_node **root, const char *path)
{
    struct store_node *node = node_unshare(root);

    path++;
    while (*path) {
        struct store_node **child = child_step(node, &path);

        if (!child) {
            return NULL;
        }
        node = node_unshare(child);
    }
    return node;
}

void node_set_value(struct store_node *node, const void *value, size_t len)
{
    unsigned char *copy = NULL;

    if (len) {
        copy = memcpy(node_alloc(len), value, len);
    }
    free(node->value);
    node->value = copy;
    node->value_len = (uint32_t)len;
}

void node_set_perms(struct store_node *node, const struct store_perm *perms, size_t count)
{
    struct store_perm *copy = NULL;

    if (count) {
        copy = memcpy(node_alloc(count * sizeof(*copy)), perms, count * sizeof(*copy));
    }
    free(node->perms);
    node->perms = copy;
    node->perm_count = (uint32_t)count;
}

void node_add_child(struct store_node *parent, struct store_node *child)
{
    int found;
    uint32_t index = child_index(parent, child->name, strlen(child->name), &found);

    if (parent->child_count == parent->child_room) {
        parent->child_room = parent->child_room ? 2 * parent->child_room : 4;
        parent->children =
            node_realloc(parent->children, parent->child_room * sizeof(parent->children[0]));
    }
    memmove(&parent->children[index + 1], &parent->children[index],
            (parent->child_count - index) * sizeof(parent->children[0]));
    parent->children[index] = child;
    parent->child_count++;
}

struct store_node *node_take_child(struct store_node *parent, const char *name, size_t name_len)
{
    int found;
    uint32_t index = child_index(parent, name, name_len, &found);
    struct store_node *child;

    if (!found) {
        return NULL;
    }
    child = parent->children[index];
    parent->child_count--;
    memmove(&parent->children[index], &parent->children[index + 1],
            (parent->child_count - index) * sizeof(parent->children[0]));
    return child;
}
