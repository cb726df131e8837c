/* SPDX-License-Identifier: MIT */
/*
 * The store's logic without any I/O: nodes, permissions, quotas, watches, domains that go away.
 */
#include "xenstored-store-test.h"

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
        {"n0", false, false},    {"r0", true, false},       {"w0", false, true},
        {"b0", true, true},      {"n7", true, true},        {"n0,r7", true, false},
        {"n0,w7", false, true},  {"n0,b7", true, true},     {"b0,n7", false, false},
        {"n0,r8", false, false}, {"n0,r8,b7", true, true},  {"b8,r7", true, false},
        {"r0,w8", true, false},  {"n0,r7,b7", true, false},
    };

    start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put(&root, 0, "/n", "v");
        CU_ASSERT_EQUAL(perms(&root, "/n", rows[i].spec), 0);
        CU_ASSERT_EQUAL(is_error(get(&guest, 0, "/n"), EACCES), !rows[i].can_read);
        CU_ASSERT_EQUAL(put(&guest, 0, "/n", "w"), rows[i].can_write ? 0 : EACCES);
        CU_ASSERT_EQUAL(store_mkdir(store, &guest, 0, "/n"), rows[i].can_write ? 0 : EACCES);
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

/* Whoever writes, the owner pays: nobody grows what another owns, not even its permissions, beyond what that one may own. */
static void test_quota_memory_of_others(void)
{
    static char big[1000];
    uint32_t tx;

    start();
    put(&root, 0, "/g", "");
    perms(&root, "/g", "n7");
    put(&root, 0, "/h", "");
    perms(&root, "/h", "b0,b7");
    store_quota(store)->memory = 2050;
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/a", big, 1000), 0);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/g/b", big, 1000), 0);
    CU_ASSERT_EQUAL(put(&guest, 0, "/g/c", ""), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/g/c", "b7,b8"), 0);
    CU_ASSERT_EQUAL(store_bytes_of(store, GUEST), 5 + 2 * 1005 + 9);
    CU_ASSERT_EQUAL(store_write(store, &other, 0, "/g/c", big, 26), 0);
    CU_ASSERT_EQUAL(store_write(store, &other, 0, "/g/c", big, 27), ENOSPC);
    tx = begin(&other);
    CU_ASSERT_EQUAL(store_write(store, &other, tx, "/g/c", big, 26), 0);
    CU_ASSERT_EQUAL(store_write(store, &other, tx, "/g/c", big, 1000), ENOSPC);
    CU_ASSERT_EQUAL(store_txn_end(store, &other, tx, true), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/g/c", "b7,b8,b9"), ENOSPC);
    CU_ASSERT_EQUAL(perms(&guest, "/g/c", "b7"), 0);
    CU_ASSERT_EQUAL(perms(&guest, "/g/c", "b7,b9"), 0);
    CU_ASSERT_EQUAL(store_bytes_of(store, GUEST), 2050);
    CU_ASSERT_EQUAL(store_write(store, &guest, 0, "/h", big, 1000), 0); /* the host's own: it has no limit */
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
    CU_ASSERT_STRING_EQUAL(
        fired(), "0 @releaseDomain all\n0 @releaseDomain/7 which\n0 @releaseDomain/7 seven\n");
    store_fire_special(store, "@releaseDomain", 8);
    CU_ASSERT_STRING_EQUAL(fired(), "0 @releaseDomain all\n0 @releaseDomain/8 which\n");
    CU_ASSERT_EQUAL(perms(&root, "@releaseDomain", "n0,r7"), 0);
    store_fire_special(store, "@releaseDomain", 9);
    CU_ASSERT_STRING_EQUAL(
        fired(), "0 @releaseDomain all\n0 @releaseDomain/9 which\n7 @releaseDomain guest\n");
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
    TEST(test_quota_memory_of_others),
    TEST(test_watch_paths),
    TEST(test_watch_removal),
    TEST(test_watch_hides_what_may_not_be_read),
    TEST(test_watch_relative),
    TEST(test_watch_special),
    TEST(test_domain_forget),
    TEST(test_client_reset),
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("xenstored's store", tests);
}
