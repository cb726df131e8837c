/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store's logic share: a store with three clients, requests as one-liners,
 * and what has been fired as text. For one test program each; everything is static.
 */
#ifndef XENSTORED_STORE_TEST_H
#define XENSTORED_STORE_TEST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "suite.h"

#define GUEST 7
#define OTHER 8

static struct store *store;
static struct store_client root, guest, other;

/* Events, one line each: "domid path token". */
static char events[65536];

static inline void on_event(struct store_client *client, const char *path, const char *token,
                            const char *watched)
{
    size_t used = strlen(events);

    CU_ASSERT(strncmp(path, watched, strlen(watched)) == 0);
    snprintf(events + used, sizeof(events) - used, "%u %s %s\n", client->domid, path, token);
}

/* What has been fired since the last call. */
static inline const char *fired(void)
{
    static char taken[sizeof(events)];

    strcpy(taken, events);
    events[0] = 0;
    return taken;
}

static inline void start(void)
{
    store = store_new(on_event);
    root = (struct store_client){.privileged = true};
    guest = (struct store_client){.domid = GUEST};
    other = (struct store_client){.domid = OTHER};
    events[0] = 0;
}

static inline void stop(void)
{
    store_client_reset(store, &root);
    store_client_reset(store, &guest);
    store_client_reset(store, &other);
    CU_ASSERT(store_check(store));
    store_free(store);
}

static inline int put(struct store_client *client, uint32_t tx, const char *path, const char *value)
{
    return store_write(store, client, tx, path, value, strlen(value));
}

/* The value as text, or "E" and the error's number. */
static inline const char *get(struct store_client *client, uint32_t tx, const char *path)
{
    static char text[4200];
    const struct store_node *node;
    int error = store_read(store, client, tx, path, false, &node);

    if (error) {
        snprintf(text, sizeof(text), "E%d", error);
    } else {
        snprintf(text, sizeof(text), "%.*s", (int)node->value_len,
                 node->value ? (const char *)node->value : "");
    }
    return text;
}

static inline bool is_error(const char *text, int error)
{
    char wanted[16];

    snprintf(wanted, sizeof(wanted), "E%d", error);
    return strcmp(text, wanted) == 0;
}

static inline int perms(struct store_client *client, const char *path, const char *spec)
{
    static const char letters[] = "nrwb";
    struct store_perm list[16];
    size_t count = 0;

    while (*spec) {
        char *end;

        list[count].access = (uint8_t)(strchr(letters, *spec) - letters);
        list[count++].domid = (uint16_t)strtoul(spec + 1, &end, 10);
        spec = *end == ',' ? end + 1 : end;
    }
    return store_set_perms(store, client, 0, path, list, count);
}

static inline uint32_t begin(struct store_client *client)
{
    uint32_t tx = 0;

    CU_ASSERT_EQUAL(store_txn_start(store, client, &tx), 0);
    return tx;
}

#endif
