/* SPDX-License-Identifier: MIT */
/*
 * The store's logic without any I/O: nodes, permissions, quotas, transactions, watches, domains that go away; and a
 * seeded walk through random requests that is held against a naive model.
 */
#include <CUnit/Basic.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define GUEST 7
#define OTHER 8

static struct store *store;
static struct store_client root, guest, other;

/* Events, one line each: "domid path token". */
static char events[65536];

static void on_event(struct store_client *client, const char *path, const char *token, const char *watched)
{
    size_t used = strlen(events);

    CU_ASSERT(strncmp(path, watched, strlen(watched)) == 0);
    snprintf(events + used, sizeof(events) - used, "%u %s %s\n", client->domid, path, token);
}

/* What has been fired since the last call. */
static const char *fired(void)
{
    static char taken[sizeof(events)];

    strcpy(taken, events);
    events[0] = 0;
    return taken;
}

static void start(void)
{
    store = store_new(on_event);
    root = (struct store_client){ .privileged = true };
    guest = (struct store_client){ .domid = GUEST };
    other = (struct store_client){ .domid = OTHER };
    events[0] = 0;
}

static void stop(void)
{
    store_client_reset(store, &root);
    store_client_reset(store, &guest);
    store_client_reset(store, &other);
    CU_ASSERT(store_check(store));
    store_free(store);
}

static int put(struct store_client *client, uint32_t tx, const char *path, const char *value)
{
    return store_write(store, client, tx, path, value, strlen(value));
}

/* The value as text, or "E" and the error's number. */
static const char *get(struct store_client *client, uint32_t tx, const char *path)
{
    static char text[4200];
    const struct store_node *node;
    int error = store_read(store, client, tx, path, false, &node);

    if (error) {
        snprintf(text, sizeof(text), "E%d", error);
    } else {
        snprintf(text, sizeof(text), "%.*s", (int)node->value_len, node->value ? (const char *)node->value : "");
    }
    return text;
}

static bool is_error(const char *text, int error)
{
    char wanted[16];

    snprintf(wanted, sizeof(wanted), "E%d", error);
    return strcmp(text, wanted) == 0;
}

static int perms(struct store_client *client, const char *path, const char *spec)
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

static uint32_t begin(struct store_client *client)
{
    uint32_t tx = 0;

    CU_ASSERT_EQUAL(store_txn_start(store, client, &tx), 0);
    return tx;
}

/* ---- nodes ---- */

static void test_paths(void)
{
    char longest[STORE_PATH_MAX + 2];

    CU_ASSERT(store_path_check("/", 10));
    CU_ASSERT(store_path_check("/a/B-9_@/c", 20));
    CU_ASSERT(!store_path_check("", 10));
    CU_ASSERT(!store_path_check("a", 10));
    CU_ASSERT(!store_path_check("//", 10));
    CU_ASSERT(!store_path_check("/a/", 10));
    CU_ASSERT(!store_path_check("/a//b", 10));
    CU_ASSERT(!store_path_check("/a b", 10));
    CU_ASSERT(!store_path_check("/a:b", 10));
    CU_ASSERT(!store_path_check("/\xc3\xa4", 10));
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[STORE_PATH_MAX] = 0;
    CU_ASSERT(store_path_check(longest, STORE_PATH_MAX));
    longest[STORE_PATH_MAX] = 'x';
    longest[STORE_PATH_MAX + 1] = 0;
    CU_ASSERT(!store_path_check(longest, STORE_PATH_MAX));
}

static void test_write_creates_parents(void)
{
    const struct store_node *node;

    start();
    CU_ASSERT_EQUAL(put(&root, 0, "/a/b/c", "1"), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/b/c"), "1");
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/b"), "");
    CU_ASSERT_EQUAL(put(&root, 0, "/a/b/c", ""), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/b/c"), "");
    CU_ASSERT_EQUAL(put(&root, 0, "/", "of the root"), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/"), "of the root");
    CU_ASSERT_EQUAL(store_nodes_total(store), 4);
    CU_ASSERT_EQUAL(store_mkdir(store, &root, 0, "/a/b/c"), 0);
    CU_ASSERT_EQUAL(store_mkdir(store, &root, 0, "/a/x"), 0);
    CU_ASSERT_EQUAL(store_read(store, &root, 0, "/a", true, &node), 0);
    CU_ASSERT_EQUAL(node->child_count, 2);
    CU_ASSERT_STRING_EQUAL(node->children[1]->name, "x");
    stop();
}

static void test_names_that_start_alike(void)
{
    start();
    CU_ASSERT_EQUAL(put(&root, 0, "/a/1", "one"), 0);
    CU_ASSERT_EQUAL(put(&root, 0, "/a/10", "ten"), 0);
    CU_ASSERT_EQUAL(put(&root, 0, "/a/100", "hundred"), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/10"), "ten");
    CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/a/10"), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/1"), "one");
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a/100"), "hundred");
    CU_ASSERT(is_error(get(&root, 0, "/a/10"), ENOENT));
    stop();
}

static void test_remove(void)
{
    start();
    put(&root, 0, "/a/b/c", "1");
    CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/"), EINVAL);
    CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/a/none"), 0);
    CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/none/none"), ENOENT);
    CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/a"), 0);
    CU_ASSERT(is_error(get(&root, 0, "/a/b/c"), ENOENT));
    CU_ASSERT_EQUAL(store_nodes_total(store), 1);
    stop();
}

/* ---- permissions ---- */

static void test_access(void)
{
    static const struct {
        const char *spec;
        bool can_read, can_write;
    } rows[] = {
        { "n0", false, false },       { "r0", true, false },        { "w0", false, true },
        { "b0", true, true },         { "n7", true, true },         { "n0,r7", true, false },
        { "n0,w7", false, true },     { "n0,b7", true, true },      { "b0,n7", false, false },
        { "n0,r8", false, false },    { "n0,r8,b7", true, true },   { "b8,r7", true, false },
        { "r0,w8", true, false },     { "n0,r7,b7", true, false },
    };

    start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put(&root, 0, "/n", "v");
        CU_ASSERT_EQUAL(perms(&root, "/n", rows[i].spec), 0);
        CU_ASSERT_EQUAL(is_error(get(&guest, 0, "/n"), EACCES), !rows[i].can_read);
        CU_ASSERT_EQUAL(put(&guest, 0, "/n", "w"), rows[i].can_write ? 0 : EACCES);
        CU_ASSERT_EQUAL(put(&guest, 0, "/n/child", "w"), rows[i].can_write ? 0 : EACCES);
        CU_ASSERT_EQUAL(store_remove(store, &guest, 0, "/n"), rows[i].can_write ? 0 : EACCES);
        CU_ASSERT_EQUAL(store_remove(store, &root, 0, "/n"), 0);
    }
    stop();
}

/* Whoever may not look into a place must not learn what is there. */
static void test_missing_nodes_do_not_leak(void)
{
    start();
    put(&root, 0, "/open/a", "");
    put(&root, 0, "/shut/a", "");
    perms(&root, "/open", "r0");
    CU_ASSERT(is_error(get(&guest, 0, "/open/none"), ENOENT));
    CU_ASSERT(is_error(get(&guest, 0, "/shut/none"), EACCES));
    CU_ASSERT(is_error(get(&guest, 0, "/shut/a"), EACCES));
    CU_ASSERT_EQUAL(store_remove(store, &guest, 0, "/shut/none"), EACCES);
    stop();
}

static void test_guest_owns_what_it_creates(void)
{
    const struct store_node *node;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n0,b7,r8");
    CU_ASSERT_EQUAL(put(&guest, 0, "/g/x/y", "1"), 0);
    CU_ASSERT_EQUAL(store_read(store, &root, 0, "/g/x/y", false, &node), 0);
    CU_ASSERT_EQUAL(node->perms[0].domid, GUEST);
    CU_ASSERT_EQUAL(node->perm_count, 3);
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 2);
    CU_ASSERT_STRING_EQUAL(get(&other, 0, "/g/x/y"), "1");
    CU_ASSERT_EQUAL(put(&other, 0, "/g/x/y", "2"), EACCES);
    put(&root, 0, "/g/x/z", ""); /* the control domain's child goes to the parent's owner */
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 3);
    stop();
}

static void test_set_perms(void)
{
    start();
    put(&root, 0, "/n", "");
    CU_ASSERT_EQUAL(perms(&root, "/none", "n0"), ENOENT);
    CU_ASSERT_EQUAL(perms(&root, "/n", "n0,b7"), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/n", "n7"), EACCES);
    CU_ASSERT_EQUAL(perms(&root, "/n", "n7"), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/n", "r7,r8"), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/n", "n8"), EPERM);
    CU_ASSERT_EQUAL(perms(&guest, "/n", "n7,r1,r2,r3,r4"), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/n", "n7,r1,r2,r3,r4,r5"), ENOSPC);
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 1);
    CU_ASSERT_EQUAL(perms(&root, "/n", "n8"), 0);
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 0);
    CU_ASSERT_EQUAL(store_nodes_of(store, OTHER), 1);
    CU_ASSERT_EQUAL(perms(&guest, "@releaseDomain", "n7"), EACCES);
    CU_ASSERT_EQUAL(perms(&root, "@other", "n7"), EINVAL);
    stop();
}

static void test_target(void)
{
    start();
    put(&root, 0, "/n", "");
    perms(&root, "/n", "n8");
    CU_ASSERT_EQUAL(put(&guest, 0, "/n", "1"), EACCES);
    guest.has_target = true;
    guest.target = OTHER;
    CU_ASSERT_EQUAL(put(&guest, 0, "/n", "1"), 0);
    perms(&root, "/n", "n0,r8");
    CU_ASSERT_EQUAL(put(&guest, 0, "/n", "1"), EACCES);
    CU_ASSERT_STRING_EQUAL(get(&guest, 0, "/n"), "1");
    stop();
}

/* ---- quotas ---- */

static void test_quota_nodes(void)
{
    char path[32];
    uint32_t tx;

    start();
    store_quota(store)->nodes = 10;
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    for (int i = 0; i < 9; i++) {
        snprintf(path, sizeof(path), "/g/%d", i);
        CU_ASSERT_EQUAL(put(&guest, 0, path, ""), 0);
    }
    CU_ASSERT_EQUAL(put(&guest, 0, "/g/more", ""), ENOSPC);
    CU_ASSERT_EQUAL(put(&guest, 0, "/g/1", "old nodes may change"), 0);
    tx = begin(&guest);
    CU_ASSERT_EQUAL(store_remove(store, &guest, tx, "/g/1"), 0);
    CU_ASSERT_EQUAL(put(&guest, tx, "/g/two/levels", ""), ENOSPC);
    CU_ASSERT_EQUAL(put(&guest, tx, "/g/one", ""), 0);
    CU_ASSERT_EQUAL(put(&guest, tx, "/g/three", ""), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, true), 0);
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 10);
    CU_ASSERT_EQUAL(put(&root, 0, "/g/by-root", ""), 0);
    stop();
}

/* Two transactions that fit alone, but not together: the second one must not commit. */
static void test_quota_nodes_across_transactions(void)
{
    uint32_t one, two;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    store_quota(store)->nodes = 2;
    one = begin(&guest);
    two = begin(&guest);
    CU_ASSERT_EQUAL(put(&guest, one, "/g/one", ""), 0);
    CU_ASSERT_EQUAL(put(&guest, two, "/g/two", ""), 0);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, one, true), 0);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, two, true), EAGAIN);
    CU_ASSERT_EQUAL(store_nodes_of(store, GUEST), 2);
    stop();
}

static void test_quota_sizes(void)
{
    static char big[2100];
    char token[16];
    uint32_t tx;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/v", big, 2000), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/v", big, 2049), ENOSPC);
    CU_ASSERT_EQUAL(store_write(store, &root, 0, "/g/v", big, 2100), 0);
    store_quota(store)->watches = 3;
    for (int i = 0; i < 4; i++) {
        snprintf(token, sizeof(token), "t%d", i);
        CU_ASSERT_EQUAL(store_watch_add(store, &guest, "/g", token, 0, -1), i < 3 ? 0 : E2BIG);
    }
    store_quota(store)->transactions = 2;
    begin(&guest);
    begin(&guest);
    CU_ASSERT_EQUAL(store_txn_start(store, &guest, &tx), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_start(store, &root, &tx), 0);
    stop();
}

static void test_quota_transaction(void)
{
    uint32_t tx;
    int error = 0;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    store_quota(store)->transaction_nodes = 5;
    tx = begin(&guest);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(put(&guest, tx, "/g/same", "1"), 0); /* the log of changes is bounded too */
    }
    CU_ASSERT_EQUAL(put(&guest, tx, "/g/same", "1"), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, true), 0);
    tx = begin(&guest);
    for (int i = 0; i < 6; i++) {
        char path[16];

        snprintf(path, sizeof(path), "/g/r%d", i);
        error = is_error(get(&guest, tx, path), ENOSPC);
    }
    CU_ASSERT(error);
    stop();
}

static void test_quota_memory(void)
{
    static char big[1000];
    uint32_t tx;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    CU_ASSERT_EQUAL(store_bytes_of(store, GUEST), 5); /* a name of one, a permission of four */
    store_quota(store)->memory = 2500;
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/a", big, 1000), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/b", big, 1000), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/c", big, 1000), ENOSPC);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/c/d", big, 460), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/c/d", big, 500), ENOSPC);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/c/d", big, 10), 0);
    CU_ASSERT_EQUAL(store_bytes_of(store, GUEST), 5 + 2 * 1005 + 5 + 15);
    tx = begin(&guest);
    store_remove(store, &guest, tx, "/g/a");
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 1000), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/f", big, 1000), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, true), 0);
    CU_ASSERT_EQUAL(store_bytes_of(store, GUEST), 5 + 2 * 1005 + 5 + 15);
    store_quota(store)->transaction_memory = 3000;
    tx = begin(&guest);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 900), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 900), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 900), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 900), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, tx, "/g/e", big, 900), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, false), 0);
    CU_ASSERT_EQUAL(guest.txn_bytes, 0);
    stop();
}

/* ---- transactions ---- */

static void test_isolation(void)
{
    uint32_t tx;

    start();
    put(&root, 0, "/a", "old");
    store_watch_add(store, &root, "/", "w", 0, -1);
    tx = begin(&root);
    CU_ASSERT_EQUAL(put(&root, tx, "/a", "new"), 0);
    CU_ASSERT_EQUAL(put(&root, tx, "/b/c", "new"), 0);
    CU_ASSERT_EQUAL(put(&root, tx, "/a", "newer"), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, tx, "/a"), "newer");
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a"), "old");
    CU_ASSERT(is_error(get(&root, 0, "/b/c"), ENOENT));
    CU_ASSERT_STRING_EQUAL(fired(), "");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, true), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a"), "newer");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a w\n0 /b/c w\n");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, true), ENOENT);
    tx = begin(&root);
    put(&root, tx, "/a", "never");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, false), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/a"), "newer");
    CU_ASSERT_STRING_EQUAL(fired(), "");
    stop();
}

/* A transaction sees the store as it was when it started. */
static void test_snapshot(void)
{
    uint32_t tx;

    start();
    put(&root, 0, "/a", "old");
    tx = begin(&root);
    put(&root, 0, "/a", "new");
    put(&root, 0, "/b", "new");
    store_remove(store, &root, 0, "/a");
    CU_ASSERT_STRING_EQUAL(get(&root, tx, "/a"), "old");
    CU_ASSERT(is_error(get(&root, tx, "/b"), ENOENT));
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, true), EAGAIN);
    stop();
}

enum touch { READ, LIST, WRITE, MKDIR, REMOVE };

static void touch(uint32_t tx, enum touch how, const char *path)
{
    const struct store_node *node;

    switch (how) {
    case READ: store_read(store, &root, tx, path, false, &node); break;
    case LIST: store_read(store, &root, tx, path, true, &node); break;
    case WRITE: put(&root, tx, path, "x"); break;
    case MKDIR: store_mkdir(store, &root, tx, path); break;
    case REMOVE: store_remove(store, &root, tx, path); break;
    }
}

static void test_conflicts(void)
{
    static const struct {
        enum touch how;
        const char *path;
        enum touch meanwhile;
        const char *meanwhile_path;
        int result;
    } rows[] = {
        { READ, "/a", WRITE, "/a", EAGAIN },        { READ, "/a", WRITE, "/b", 0 },
        { READ, "/a", REMOVE, "/a", EAGAIN },       { READ, "/none", WRITE, "/none", EAGAIN },
        { READ, "/none", MKDIR, "/none/x", EAGAIN },{ READ, "/a", WRITE, "/a/child", 0 },
        { LIST, "/a", WRITE, "/a/child", EAGAIN },  { LIST, "/a", WRITE, "/a/k/child", 0 },
        { LIST, "/a", REMOVE, "/a/k", EAGAIN },     { READ, "/a", MKDIR, "/a", 0 },
        { WRITE, "/a", WRITE, "/a", EAGAIN },       { WRITE, "/a", WRITE, "/b", 0 },
        { WRITE, "/a/one", WRITE, "/a/two", 0 },    { WRITE, "/a/one", REMOVE, "/a", 0 },
        { WRITE, "/new/one", WRITE, "/new/two", 0 },{ REMOVE, "/a", WRITE, "/a/k", EAGAIN },
        { REMOVE, "/a", WRITE, "/a/k/deep", EAGAIN },{ REMOVE, "/a", WRITE, "/b", 0 },
        { REMOVE, "/a", REMOVE, "/a", EAGAIN },     { MKDIR, "/m", MKDIR, "/m", EAGAIN },
        { MKDIR, "/a", WRITE, "/b", 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t tx;
        int result;

        start();
        put(&root, 0, "/a", "1");
        put(&root, 0, "/a/k", "1");
        put(&root, 0, "/b", "1");
        tx = begin(&root);
        touch(tx, rows[i].how, rows[i].path);
        put(&root, tx, "/mine", "1");
        touch(0, rows[i].meanwhile, rows[i].meanwhile_path);
        result = store_txn_end(store, &root, tx, true);
        if (result != rows[i].result) {
            printf("row %zu: %d\n", i, result);
        }
        CU_ASSERT_EQUAL(result, rows[i].result);
        CU_ASSERT_STRING_EQUAL(get(&root, 0, "/mine"), result ? "E2" : "1");
        stop();
    }
}

/* Removed and made again with the same value is still another node. */
static void test_recreated_node_conflicts(void)
{
    uint32_t tx;

    start();
    put(&root, 0, "/a", "1");
    tx = begin(&root);
    get(&root, tx, "/a");
    store_remove(store, &root, 0, "/a");
    put(&root, 0, "/a", "1");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, true), EAGAIN);
    stop();
}

static void test_merge(void)
{
    uint32_t one, two;

    start();
    put(&root, 0, "/d/0", "");
    store_watch_add(store, &root, "/d", "w", 0, -1);
    one = begin(&root);
    two = begin(&root);
    put(&root, one, "/d/1", "one");
    put(&root, two, "/d/2", "two");
    store_remove(store, &root, two, "/d/0");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, one, true), 0);
    CU_ASSERT_EQUAL(store_txn_end(store, &root, two, true), 0);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/d/1"), "one");
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/d/2"), "two");
    CU_ASSERT(is_error(get(&root, 0, "/d/0"), ENOENT));
    CU_ASSERT_STRING_EQUAL(fired(), "0 /d/1 w\n0 /d/2 w\n0 /d/0 w\n");
    stop();
}

/* What was allowed when it was asked for, and is not any more when it is committed, must not happen. */
static void test_commit_checks_permissions_again(void)
{
    uint32_t tx;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    tx = begin(&guest);
    CU_ASSERT_EQUAL(put(&guest, tx, "/g/x", "1"), 0);
    perms(&root, "/g", "n0");
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, true), EAGAIN);
    CU_ASSERT(is_error(get(&root, 0, "/g/x"), ENOENT));
    stop();
}

static void test_old_transactions_lose_their_snapshot(void)
{
    uint32_t mine, privileged;

    start();
    put(&root, 0, "/g", "1");
    perms(&root, "/g", "n7");
    store_quota(store)->snapshot_age = 10;
    privileged = begin(&root);
    mine = begin(&guest);
    CU_ASSERT_EQUAL(put(&guest, mine, "/g/x", "1"), 0);
    for (int i = 0; i < 20; i++) {
        put(&root, 0, "/busy", "1");
    }
    CU_ASSERT(is_error(get(&guest, mine, "/g/x"), ENOENT));
    CU_ASSERT_EQUAL(put(&guest, mine, "/g/x", "2"), 0);
    CU_ASSERT_EQUAL(put(&guest, mine, "/busy", "2"), EACCES);
    CU_ASSERT(is_error(get(&root, 0, "/g/x"), ENOENT));
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, mine, true), EAGAIN);
    CU_ASSERT_STRING_EQUAL(get(&root, privileged, "/g"), "1");
    CU_ASSERT_EQUAL(store_txn_end(store, &root, privileged, true), 0);
    stop();
}

static void test_transactions_are_their_clients(void)
{
    uint32_t tx;

    start();
    tx = begin(&root);
    CU_ASSERT_EQUAL(store_txn_check(&guest, tx), ENOENT);
    CU_ASSERT_EQUAL(put(&guest, tx, "/a", ""), ENOENT);
    CU_ASSERT_EQUAL(store_txn_end(store, &guest, tx, false), ENOENT);
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, false), 0);
    stop();
}

/* ---- watches ---- */

static void test_watch_paths(void)
{
    start();
    store_watch_add(store, &root, "/a", "a", 0, -1);
    store_watch_add(store, &root, "/a/b", "ab", 0, -1);
    store_watch_add(store, &root, "/", "all", 0, -1);
    store_watch_add(store, &root, "/a", "a0", 0, 0);
    store_watch_add(store, &root, "/a", "a1", 0, 1);
    CU_ASSERT_EQUAL(store_watch_add(store, &root, "/a", "a", 0, -1), EEXIST);
    CU_ASSERT_EQUAL(store_watch_add(store, &guest, "/a", "a", 0, -1), 0);
    put(&root, 0, "/a/b/c", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a/b/c ab\n0 /a/b/c a\n0 /a/b/c all\n");
    put(&root, 0, "/a", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a a\n0 /a a0\n0 /a a1\n0 /a all\n");
    put(&root, 0, "/a/b", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a/b ab\n0 /a/b a\n0 /a/b a1\n0 /a/b all\n");
    put(&root, 0, "/ab", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /ab all\n");
    store_mkdir(store, &root, 0, "/a");
    CU_ASSERT_STRING_EQUAL(fired(), "");
    CU_ASSERT_EQUAL(store_watch_remove(store, &root, "/a", "none"), ENOENT);
    CU_ASSERT_EQUAL(store_watch_remove(store, &root, "/a", "a"), 0);
    perms(&root, "/a", "n0,r7");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a a0\n0 /a a1\n7 /a a\n0 /a all\n");
    stop();
}

/* Removing a tree tells those below of their own path, and only where there was a node. */
static void test_watch_removal(void)
{
    start();
    put(&root, 0, "/a/b/c", "1");
    store_watch_add(store, &root, "/a/b/c", "deep", 0, -1);
    store_watch_add(store, &root, "/a/b/none", "none", 0, -1);
    store_watch_add(store, &root, "/a", "a", 0, -1);
    store_watch_add(store, &root, "/", "all", 0, -1);
    store_remove(store, &root, 0, "/a/b");
    CU_ASSERT_STRING_EQUAL(fired(), "0 /a/b/c deep\n0 /a/b a\n0 /a/b all\n");
    store_remove(store, &root, 0, "/a/b");
    CU_ASSERT_STRING_EQUAL(fired(), "");
    stop();
}

static void test_watch_hides_what_may_not_be_read(void)
{
    start();
    put(&root, 0, "/shown", "");
    perms(&root, "/shown", "n0,r7");
    store_watch_add(store, &guest, "/", "w", 0, -1);
    put(&root, 0, "/hidden", "1");
    put(&root, 0, "/shown", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "7 /shown w\n");
    perms(&root, "/shown", "n0"); /* it could read it until now */
    CU_ASSERT_STRING_EQUAL(fired(), "7 /shown w\n");
    put(&root, 0, "/shown", "2");
    CU_ASSERT_STRING_EQUAL(fired(), "");
    perms(&root, "/shown", "n0,r7");
    fired();
    store_remove(store, &root, 0, "/shown");
    CU_ASSERT_STRING_EQUAL(fired(), "7 /shown w\n");
    store_remove(store, &root, 0, "/hidden");
    CU_ASSERT_STRING_EQUAL(fired(), "");
    stop();
}

static void test_watch_relative(void)
{
    const char *base = "/local/domain/7/";

    start();
    put(&root, 0, "/local/domain/7", "");
    perms(&root, "/local/domain/7", "n7");
    store_watch_add(store, &guest, "/local/domain/7/data", "w", strlen(base), -1);
    put(&guest, 0, "/local/domain/7/data/x", "1");
    CU_ASSERT_STRING_EQUAL(fired(), "7 data/x w\n");
    store_remove(store, &root, 0, "/local/domain/7");
    CU_ASSERT_STRING_EQUAL(fired(), "7 data w\n");
    stop();
}

static void test_watch_special(void)
{
    start();
    store_watch_add(store, &root, "@releaseDomain", "all", 0, -1);
    store_watch_add(store, &root, "@releaseDomain", "which", 0, 1);
    store_watch_add(store, &root, "@releaseDomain/7", "seven", 0, -1);
    store_watch_add(store, &guest, "@releaseDomain", "guest", 0, -1);
    store_fire_special(store, "@releaseDomain", 7);
    CU_ASSERT_STRING_EQUAL(fired(), "0 @releaseDomain all\n0 @releaseDomain/7 which\n0 @releaseDomain/7 seven\n");
    store_fire_special(store, "@releaseDomain", 8);
    CU_ASSERT_STRING_EQUAL(fired(), "0 @releaseDomain all\n0 @releaseDomain/8 which\n");
    CU_ASSERT_EQUAL(perms(&root, "@releaseDomain", "n0,r7"), 0);
    store_fire_special(store, "@releaseDomain", 9);
    CU_ASSERT_STRING_EQUAL(fired(), "0 @releaseDomain all\n0 @releaseDomain/9 which\n7 @releaseDomain guest\n");
    store_fire_special(store, "@introduceDomain", 9);
    CU_ASSERT_STRING_EQUAL(fired(), "");
    stop();
}

/* ---- domains that go ---- */

static void count_owner(uint16_t domid, void *arg)
{
    (void)domid;
    (*(int *)arg)++;
}

static void test_domain_forget(void)
{
    uint32_t tx;
    int owners = 0;

    start();
    put(&root, 0, "/g/own/kid", "1");
    perms(&root, "/g/own", "n7");
    perms(&root, "/g/own/kid", "n0");
    put(&root, 0, "/shared", "1");
    perms(&root, "/shared", "n0,r8,b7,r7");
    perms(&root, "@releaseDomain", "n0,r7");
    store_watch_add(store, &root, "/g", "w", 0, -1);
    fired();
    tx = begin(&root);
    put(&root, tx, "/g/own/more", "1");
    store_domain_forget(store, 7);
    CU_ASSERT_STRING_EQUAL(fired(), "0 /g/own w\n");
    CU_ASSERT(is_error(get(&root, 0, "/g/own/kid"), ENOENT));
    CU_ASSERT_EQUAL(store_txn_end(store, &root, tx, true), EAGAIN);
    CU_ASSERT(is_error(get(&guest, 0, "/shared"), EACCES));
    CU_ASSERT_STRING_EQUAL(get(&other, 0, "/shared"), "1");
    CU_ASSERT_EQUAL(store_special(store, "@releaseDomain")->perm_count, 1);
    store_owners(store, count_owner, &owners);
    CU_ASSERT_EQUAL(owners, 0);
    perms(&root, "/", "r7");
    store_domain_forget(store, 7);
    CU_ASSERT_STRING_EQUAL(get(&root, 0, "/shared"), "1");
    stop();
}

static void test_client_reset(void)
{
    start();
    store_watch_add(store, &guest, "/", "w", 0, -1);
    store_watch_add(store, &other, "/", "w", 0, -1);
    begin(&guest);
    begin(&guest);
    store_client_reset(store, &guest);
    CU_ASSERT_EQUAL(guest.watch_count, 0);
    CU_ASSERT_EQUAL(guest.txn_count, 0);
    CU_ASSERT_EQUAL(other.watch_count, 1);
    stop();
}

/* ---- random requests against a model ---- */

#define MODEL_NODES 85 /* the root, and 4 children each, three levels deep */
#define MODEL_TXNS 3

struct model {
    bool there[MODEL_NODES];
    int value[MODEL_NODES];
};

static int model_parent(int node)
{
    return (node - 1) / 4;
}

static void model_write(struct model *model, int node, int value)
{
    for (int up = node; up && !model->there[up]; up = model_parent(up)) {
        model->there[up] = true;
        model->value[up] = 0;
    }
    model->value[node] = value;
}

static void model_remove(struct model *model, int node)
{
    model->there[node] = false;
    for (int kid = 4 * node + 1; kid <= 4 * node + 4 && kid < MODEL_NODES; kid++) {
        model_remove(model, kid);
    }
}

static const char *model_path(int node, char *path)
{
    char *at = path;

    if (node > 0) {
        model_path(model_parent(node), path);
        at += strlen(path) == 1 ? 0 : strlen(path);
        sprintf(at, "/%d", (node - 1) % 4);
    } else {
        strcpy(path, "/");
    }
    return path;
}

static int model_seen(const struct model *model, int node)
{
    return model->there[node] ? model->value[node] : -1;
}

static int store_seen(uint32_t tx, int node)
{
    char path[32];
    const char *text = get(&root, tx, model_path(node, path));

    return is_error(text, ENOENT) ? -1 : atoi(text);
}

struct model_txn {
    uint32_t tx;
    bool disturbed; /* something was committed since it started */
    struct model view;
    struct { int node, value; bool removed; } ops[400];
    int op_count;
};

static void model_end(struct model *live, struct model_txn *txns, int which)
{
    struct model_txn *txn = &txns[which];
    int result = store_txn_end(store, &root, txn->tx, true);

    txn->tx = 0;
    CU_ASSERT(result == 0 || (result == EAGAIN && txn->disturbed));
    if (result) {
        return;
    }
    for (int i = 0; i < txn->op_count; i++) {
        if (txn->ops[i].removed) {
            model_remove(live, txn->ops[i].node);
        } else {
            model_write(live, txn->ops[i].node, txn->ops[i].value);
        }
    }
    for (int i = 0; i < MODEL_TXNS && txn->op_count; i++) {
        txns[i].disturbed = true;
    }
}

static void test_random(void)
{
    static struct model live;
    static struct model_txn txns[MODEL_TXNS];
    int committed = 0, refused = 0;

    start();
    memset(&live, 0, sizeof(live));
    memset(txns, 0, sizeof(txns));
    live.there[0] = true;
    srand(1);
    for (int step = 1; step < 40000; step++) {
        int which = rand() % (MODEL_TXNS + 1), node = 1 + rand() % (MODEL_NODES - 1), what = rand() % 20;
        struct model_txn *txn = which < MODEL_TXNS ? &txns[which] : NULL;
        char path[32], value[16];

        model_path(node, path);
        snprintf(value, sizeof(value), "%d", step);
        if (txn && !txn->tx) {
            txn->tx = begin(&root);
            txn->view = live;
            txn->disturbed = false;
            txn->op_count = 0;
        }
        if (txn && (what == 0 || txn->op_count == 400)) {
            bool was = txn->disturbed;

            model_end(&live, txns, which);
            committed++;
            refused += was;
        } else if (what < 11) {
            CU_ASSERT_EQUAL(store_seen(txn ? txn->tx : 0, node), model_seen(txn ? &txn->view : &live, node));
        } else {
            struct model *model = txn ? &txn->view : &live;
            bool removed = what > 17;
            int error;

            if (removed && !model->there[model_parent(node)]) {
                continue;
            }
            error = removed ? store_remove(store, &root, txn ? txn->tx : 0, path)
                            : put(&root, txn ? txn->tx : 0, path, value);
            CU_ASSERT_EQUAL(error, 0);
            if (txn) {
                txn->ops[txn->op_count].node = node;
                txn->ops[txn->op_count].value = step;
                txn->ops[txn->op_count++].removed = removed;
            } else {
                for (int i = 0; i < MODEL_TXNS; i++) {
                    txns[i].disturbed = true;
                }
            }
            if (removed) {
                model_remove(model, node);
            } else {
                model_write(model, node, step);
            }
        }
        if (step % 500 == 0) {
            CU_ASSERT(store_check(store));
            for (int i = 0; i < MODEL_NODES; i++) {
                CU_ASSERT_EQUAL(store_seen(0, i), model_seen(&live, i));
            }
        }
    }
    CU_ASSERT(committed > 300 && refused > 10); /* the walk went where it should */
    stop();
}

#define TEST(name) { #name, name }

static CU_TestInfo tests[] = {
    TEST(test_paths),
    TEST(test_write_creates_parents),
    TEST(test_names_that_start_alike),
    TEST(test_remove),
    TEST(test_access),
    TEST(test_missing_nodes_do_not_leak),
    TEST(test_guest_owns_what_it_creates),
    TEST(test_set_perms),
    TEST(test_target),
    TEST(test_quota_nodes),
    TEST(test_quota_nodes_across_transactions),
    TEST(test_quota_sizes),
    TEST(test_quota_transaction),
    TEST(test_quota_memory),
    TEST(test_isolation),
    TEST(test_snapshot),
    TEST(test_conflicts),
    TEST(test_recreated_node_conflicts),
    TEST(test_merge),
    TEST(test_commit_checks_permissions_again),
    TEST(test_old_transactions_lose_their_snapshot),
    TEST(test_transactions_are_their_clients),
    TEST(test_watch_paths),
    TEST(test_watch_removal),
    TEST(test_watch_hides_what_may_not_be_read),
    TEST(test_watch_relative),
    TEST(test_watch_special),
    TEST(test_domain_forget),
    TEST(test_client_reset),
    TEST(test_random),
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = { { "xenstored's store", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };
    unsigned int failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        return 1;
    }
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
