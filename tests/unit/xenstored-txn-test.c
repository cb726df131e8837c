/* SPDX-License-Identifier: MIT */
/*
 * The store's transactions: isolation, every kind of conflict and of none, commits that are not
 * allowed any more; and a seeded walk through random requests that is held against a naive model.
 */
#include "xenstored-store-test.h"

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
    case READ:
        store_read(store, &root, tx, path, false, &node);
        break;
    case LIST:
        store_read(store, &root, tx, path, true, &node);
        break;
    case WRITE:
        put(&root, tx, path, "x");
        break;
    case MKDIR:
        store_mkdir(store, &root, tx, path);
        break;
    case REMOVE:
        store_remove(store, &root, tx, path);
        break;
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
        {READ, "/a", WRITE, "/a", EAGAIN},
        {READ, "/a", WRITE, "/b", 0},
        {READ, "/a", REMOVE, "/a", EAGAIN},
        {READ, "/none", WRITE, "/none", EAGAIN},
        {READ, "/none", MKDIR, "/none/x", EAGAIN},
        {READ, "/a", WRITE, "/a/child", 0},
        {LIST, "/a", WRITE, "/a/child", EAGAIN},
        {LIST, "/a", WRITE, "/a/k/child", 0},
        {LIST, "/a", REMOVE, "/a/k", EAGAIN},
        {READ, "/a", MKDIR, "/a", 0},
        {WRITE, "/a", WRITE, "/a", EAGAIN},
        {WRITE, "/a", WRITE, "/b", 0},
        {WRITE, "/a/one", WRITE, "/a/two", 0},
        {WRITE, "/a/one", REMOVE, "/a", 0},
        {WRITE, "/new/one", WRITE, "/new/two", 0},
        {REMOVE, "/a", WRITE, "/a/k", EAGAIN},
        {REMOVE, "/a", WRITE, "/a/k/deep", EAGAIN},
        {REMOVE, "/a", WRITE, "/b", 0},
        {REMOVE, "/a", REMOVE, "/a", EAGAIN},
        {MKDIR, "/m", MKDIR, "/m", EAGAIN},
        {MKDIR, "/a", WRITE, "/b", 0},
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

/* What was allowed when it was asked for, and is not any more when it is committed, must not
 * happen. */
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

/* ---- random requests against a model ---- */

#define MODEL_NODES 85 /* the root, and 4 children each, three levels deep */
#define MODEL_TXNS  3

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
    struct {
        int node, value;
        bool removed;
    } ops[400];
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
        int which = rand() % (MODEL_TXNS + 1), node = 1 + rand() % (MODEL_NODES - 1),
            what = rand() % 20;
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
            CU_ASSERT_EQUAL(store_seen(txn ? txn->tx : 0, node),
                            model_seen(txn ? &txn->view : &live, node));
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

static CU_TestInfo tests[] = {
    TEST(test_isolation),
    TEST(test_snapshot),
    TEST(test_conflicts),
    TEST(test_recreated_node_conflicts),
    TEST(test_merge),
    TEST(test_commit_checks_permissions_again),
    TEST(test_old_transactions_lose_their_snapshot),
    TEST(test_transactions_are_their_clients),
    TEST(test_random),
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("xenstored's transactions", tests);
}
