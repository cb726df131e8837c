/* SPDX-License-Identifier: MIT */
/*
 * Watches. They hang on watch points, one per watched path, in a search tree: an event on a path
 * asks for the path itself and each of its ancestors, so that its cost does not grow with the
 * number of watches elsewhere. Must never tell a client of a node that it may not read: neither as
 * it was nor as it is.
 */
#include "store-private.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watch_point {
    const char *path; /* of the first watch: see point_drop */
    struct store_watch *first;
};

static int point_compare(const void *a, const void *b)
{
    const struct watch_point *left = a, *right = b;

    return strcmp(left->path, right->path);
}

static struct watch_point *point_find(struct store *store, const char *path)
{
    struct watch_point key = {path, NULL};
    struct watch_point **slot = tfind(&key, &store->watch_points, point_compare);

    return slot ? *slot : NULL;
}

int store_watch_add(struct store *store, struct store_client *client, const char *path,
                    const char *token, size_t shown_prefix, int depth)
{
    struct watch_point *point = point_find(store, path);
    struct store_watch *watch, **last;

    for (watch = point ? point->first : NULL; watch; watch = watch->point_next) {
        if (watch->client == client && strcmp(watch->token, token) == 0) {
            return EEXIST;
        }
    }
    if (!client->privileged && store->quota.watches &&
        client->watch_count >= store->quota.watches) {
        return E2BIG;
    }
    watch = node_alloc(sizeof(*watch));
    watch->client = client;
    watch->path = node_strdup(path);
    watch->token = node_strdup(token);
    watch->shown_prefix = shown_prefix;
    watch->depth = depth;
    watch->next = client->watches;
    client->watches = watch;
    client->watch_count++;
    if (!point) {
        point = node_alloc(sizeof(*point));
        point->path = watch->path;
        if (!tsearch(point, &store->watch_points, point_compare)) {
            abort();
        }
    }
    for (last = &point->first; *last; last = &(*last)->point_next) {
    }
    *last = watch; /* events of one path come in the order of registration */
    return 0;
}

void store_watch_fire_first(struct store *store, struct store_client *client, const char *path,
                            const char *token)
{
    store->event(client, path, token, path);
}

/* Takes WATCH off its point. The point's path is borrowed from one of its watches, so it moves on
 * with them. */
static void point_drop(struct store *store, struct store_watch *watch)
{
    struct watch_point *point = point_find(store, watch->path);
    struct store_watch **link = &point->first;

    while (*link != watch) {
        link = &(*link)->point_next;
    }
    *link = watch->point_next;
    if (point->first) {
        point->path = point->first->path;
    } else {
        tdelete(point, &store->watch_points, point_compare);
        free(point);
    }
}

static void watch_drop(struct store *store, struct store_watch **link)
{
    struct store_watch *watch = *link;

    point_drop(store, watch);
    *link = watch->next;
    watch->client->watch_count--;
    free(watch->path);
    free(watch->token);
    free(watch);
}

int store_watch_remove(struct store *store, struct store_client *client, const char *path,
                       const char *token)
{
    for (struct store_watch **link = &client->watches; *link; link = &(*link)->next) {
        if (strcmp((*link)->path, path) == 0 && strcmp((*link)->token, token) == 0) {
            watch_drop(store, link);
            return 0;
        }
    }
    return ENOENT;
}

void store_watch_drop_all(struct store *store, struct store_client *client)
{
    while (client->watches) {
        watch_drop(store, &client->watches);
    }
}

static void event_send(struct store *store, struct store_watch *watch, const char *path)
{
    store->event(watch->client, path + watch->shown_prefix, watch->token,
                 watch->path + watch->shown_prefix);
}

/* The watches below a removed node get their own path, if the node there existed and they could
 * read it. */
static void fire_below(struct store *store, const struct store_node *node, char *path,
                       size_t path_len)
{
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct store_node *child = node->children[i];
        size_t name_len = strlen(child->name);
        struct watch_point *point;

        path[path_len] = '/';
        memcpy(path + path_len + 1, child->name, name_len + 1);
        fire_below(store, child, path, path_len + 1 + name_len);
        path[path_len + 1 + name_len] = 0;
        point = point_find(store, path);
        for (struct store_watch *watch = point ? point->first : NULL; watch;
             watch = watch->point_next) {
            if (store_allowed(watch->client, child, STORE_ACCESS_READ)) {
                event_send(store, watch, watch->path);
            }
        }
    }
}

static bool visible(const struct store_client *client, const struct store_node *before,
                    const struct store_node *after)
{
    return client->privileged || (before && store_allowed(client, before, STORE_ACCESS_READ)) ||
           (after && store_allowed(client, after, STORE_ACCESS_READ));
}

void store_watch_fire(struct store *store, const char *path, const struct store_node *before,
                      const struct store_node *after, bool removed)
{
    char prefix[STORE_PATH_MAX + 2];
    size_t len = strlen(path);
    int levels = 0;

    if (!store->watch_points) {
        return;
    }
    memcpy(prefix, path, len + 1);
    if (removed && before) {
        fire_below(store, before, prefix, len);
        prefix[len] = 0;
    }
    for (;;) {
        struct watch_point *point = point_find(store, prefix);

        for (struct store_watch *watch = point ? point->first : NULL; watch;
             watch = watch->point_next) {
            if ((watch->depth < 0 || levels <= watch->depth) &&
                visible(watch->client, before, after)) {
                event_send(store, watch, path);
            }
        }
        if (len <= 1) {
            return;
        }
        while (prefix[len - 1] != '/') {
            len--;
        }
        len = len > 1 ? len - 1 : 1;
        prefix[len] = 0;
        levels++;
    }
}

void store_fire_special(struct store *store, const char *special, uint16_t domid)
{
    const struct store_node *perms = store_special(store, special);
    char exact[40];
    struct watch_point *point;

    snprintf(exact, sizeof(exact), "%s/%u", special, domid);
    for (int round = 0; round < 2; round++) {
        point = point_find(store, round ? exact : special);
        for (struct store_watch *watch = point ? point->first : NULL; watch;
             watch = watch->point_next) {
            if (store_allowed(watch->client, perms, STORE_ACCESS_READ)) {
                event_send(store, watch, round || watch->depth == 1 ? exact : special);
            }
        }
    }
}
