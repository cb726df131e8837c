/* SPDX-License-Identifier: MIT */
/*
 * Requests of the wire protocol: what well-formed and malformed ones get from dom0 and from a
 * domain.
 */
#include "xenstored-wire-test.h"

/* ---- requests ---- */

static void test_requests(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 0, "/a/b|value"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "2 value;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 0, "/a/b|x||y|"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "2 x||y|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_MKDIR, 0, "/a/c|"), "12 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/a|"), "1 b|c|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/a/c|"), "1 ;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_SET_PERMS, 0, "/a/b|n0|r7|w8|b9|"), "14 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_GET_PERMS, 0, "/a/b|"), "3 n0|r7|w8|b9|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RM, 0, "/a|"), "13 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/a/b|"), "16 ENOENT|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_GET_DOMAIN_PATH, 0, "12|"), "10 /local/domain/12|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_START, 0, "|"), "6 1|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_WRITE, 1, "/t|1"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/t|"), "16 ENOENT|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_START, 1, "|"), "16 EBUSY|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_TRANSACTION_END, 1, "T|"), "7 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 0, "/t|"), "2 1;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_READ, 1, "/t|"), "16 ENOENT|;");
    stop();
}

static void test_malformed(void)
{
    static const struct {
        uint32_t type;
        const char *payload, *answer;
    } rows[] = {
        {XS_READ, "", "16 EINVAL|;"},
        {XS_READ, "|", "16 EINVAL|;"},
        {XS_READ, "/a", "16 EINVAL|;"},
        {XS_READ, "/a|b|", "16 EINVAL|;"},
        {XS_READ, "/a/|", "16 EINVAL|;"},
        {XS_READ, "/a//b|", "16 EINVAL|;"},
        {XS_READ, "/a\x01|", "16 EINVAL|;"},
        {XS_READ, "@releaseDomain|", "16 EINVAL|;"},
        {XS_WRITE, "/a", "16 EINVAL|;"},
        {XS_MKDIR, "", "16 EINVAL|;"},
        {XS_RM, "/|", "16 EINVAL|;"},
        {XS_DIRECTORY_PART, "/|", "16 EINVAL|;"},
        {XS_DIRECTORY_PART, "/|-1|", "16 EINVAL|;"},
        {XS_DIRECTORY_PART, "/|99999999999|", "16 EINVAL|;"},
        {XS_SET_PERMS, "/|", "16 EINVAL|;"},
        {XS_SET_PERMS, "/|x0|", "16 EINVAL|;"},
        {XS_SET_PERMS, "/|n|", "16 EINVAL|;"},
        {XS_SET_PERMS, "/||", "16 EINVAL|;"},
        {XS_SET_PERMS, "/|n65536|", "16 EINVAL|;"},
        {XS_SET_PERMS, "/|n1x|", "16 EINVAL|;"},
        {XS_WATCH, "/a|", "16 EINVAL|;"},
        {XS_WATCH, "/a|unterminated", "16 EINVAL|;"},
        {XS_WATCH, "/a|t|x|", "16 EINVAL|;"},
        {XS_WATCH, "@bad:char|t|", "16 EINVAL|;"},
        {XS_UNWATCH, "/a|t|", "16 ENOENT|;"},
        {XS_TRANSACTION_END, "T|", "16 ENOENT|;"},
        {XS_INTRODUCE, "7|1|", "16 EINVAL|;"},
        {XS_INTRODUCE, "32752|1|1|", "16 EINVAL|;"},
        {XS_RELEASE, "0|", "16 EINVAL|;"},
        {XS_RELEASE, "x|", "16 EINVAL|;"},
        {XS_RELEASE, "9|", "16 ENOENT|;"},
        {XS_SET_TARGET, "7|", "16 EINVAL|;"},
        {XS_IS_DOMAIN_INTRODUCED, "", "16 EINVAL|;"},
        {XS_GET_DOMAIN_PATH, "x|", "16 EINVAL|;"},
        {XS_CONTROL, "", "16 EINVAL|;"},
        {XS_CONTROL, "nonsense|", "16 EINVAL|;"},
        {XS_WATCH_EVENT, "/a|t|", "16 ENOSYS|;"},
        {XS_ERROR, "EINVAL|", "16 ENOSYS|;"},
        {20, "x|", "16 ENOSYS|;"},
        {XS_TYPE_COUNT, "x|", "16 ENOSYS|;"},
        {UINT32_MAX, "x|", "16 ENOSYS|;"},
    };

    start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = ask(root, rows[i].type, 0, rows[i].payload);

        if (strcmp(answer, rows[i].answer) != 0) {
            printf("row %zu: %s\n", i, answer);
        }
        CU_ASSERT_STRING_EQUAL(answer, rows[i].answer);
    }
    CU_ASSERT_EQUAL(store_nodes_total(daemon_state.store), 1);
    stop();
}

static void test_domain_requests(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_INTRODUCE, 0, "7|12|3|"), "8 OK|;");
    CU_ASSERT_EQUAL(introduced, 7012003);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_INTRODUCE, 0, "0|1|1|"), "8 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RELEASE, 0, "7|"), "9 OK|;");
    CU_ASSERT_EQUAL(released, 7);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_RESUME, 0, "7|"), "18 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_SET_TARGET, 0, "7|8|"), "19 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "7|"), "17 T|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "0|"), "17 T|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_IS_DOMAIN_INTRODUCED, 0, "8|"), "17 F|;");
    introduced = 0;
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_INTRODUCE, 0, "7|12|3|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_RELEASE, 0, "7|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_RESUME, 0, "7|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_SET_TARGET, 0, "7|8|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_CONTROL, 0, "help|"), "16 EACCES|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_IS_DOMAIN_INTRODUCED, 0, "7|"), "16 EACCES|;");
    CU_ASSERT_EQUAL(introduced, 0);
    stop();
}

static void test_relative_paths(void)
{
    start();
    ask(root, XS_WRITE, 0, "/local/domain/7/data|");
    ask(root, XS_SET_PERMS, 0, "/local/domain/7/data|n7|");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_WRITE, 0, "data/x|1"), "11 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_READ, 0, "/local/domain/7/data/x|"), "2 1;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_WATCH, 0, "data|tok|"), "4 OK|;15 data|tok|;");
    ask(root, XS_WRITE, 0, "/local/domain/7/data/x|2");
    CU_ASSERT_STRING_EQUAL(taken(guest), "15 data/x|tok|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_UNWATCH, 0, "data|tok|"), "5 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(guest, XS_READ, 0, "|"), "16 EINVAL|;");
    stop();
}

static void test_control(void)
{
    start();
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "check|"), "0 OK|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|set|nodes|5|"), "0 OK|;");
    CU_ASSERT_EQUAL(store_quota(daemon_state.store)->nodes, 5);
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|set|bogus|5|"), "16 EINVAL|;");
    CU_ASSERT_STRING_EQUAL(ask(root, XS_CONTROL, 0, "quota|0|"), "0 nodes: 1\nmemory: 4\n|;");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(ask(root, XS_CONTROL, 0, "quota|"), "nodes             :        5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(root, XS_CONTROL, 0, "help|"), "quota"));
    stop();
}

/* A list that does not fit one message is refused whole, and can be had in parts. */
static void test_directory_part(void)
{
    char path[64], payload[XENSTORE_PAYLOAD_MAX + 1], wanted[32768], list[32768],
        generation[32] = "";
    size_t len, got = 0, want = 0;
    bool done = false;

    start();
    for (int i = 0; i < 1000; i++) {
        int size = snprintf(path, sizeof(path), "/d/child-%04d", i);

        send_request(root, XS_MKDIR, 0, path, (size_t)size + 1);
        run(root);
        want += (size_t)sprintf(wanted + want, "child-%04d", i) + 1;
        CU_ASSERT_STRING_EQUAL(taken(root), "12 OK|;");
    }
    CU_ASSERT_STRING_EQUAL(ask(root, XS_DIRECTORY, 0, "/d|"), "16 E2BIG|;");
    for (int part = 0; part < 20 && !done; part++) {
        size_t head;

        len = (size_t)snprintf(path, sizeof(path), "/d%c%zu", 0, got) + 1;
        send_request(root, XS_DIRECTORY_PART, 0, path, len);
        run(root);
        CU_ASSERT_EQUAL_FATAL(take(root, payload, &len), XS_DIRECTORY_PART);
        head = strlen(payload) + 1;
        CU_ASSERT(part == 0 || strcmp(generation, payload) == 0);
        strcpy(generation, payload);
        done = len >= 2 && payload[len - 1] == 0 && payload[len - 2] == 0;
        memcpy(list + got, payload + head, len - head);
        got += len - head - done;
    }
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(got, want);
    CU_ASSERT_EQUAL(memcmp(list, wanted, want), 0);
    stop();
}

static CU_TestInfo tests[] = {
    TEST(test_requests),       TEST(test_malformed), TEST(test_domain_requests),
    TEST(test_relative_paths), TEST(test_control),   TEST(test_directory_part),
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("xenstored's requests", tests);
}
