/* SPDX-License-Identifier: MIT */
/*
 * The console daemon's parts that know nothing of each other: the ring against hostile indices, the
 * replay buffer, the token bucket and the bounded log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bucket.h"
#include "log.h"
#include "replay.h"
#include "ring.h"
#include "suite.h"

/* ---- ring ---- */

static struct xencons_interface *page; /* from the heap, so that ASan guards its ends */

static void ring_start(XENCONS_RING_IDX out, XENCONS_RING_IDX in)
{
    page = calloc(1, sizeof(*page));
    page->out_cons = page->out_prod = out;
    page->in_cons = page->in_prod = in;
}

static void guest_says(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        page->out[page->out_prod++ % sizeof(page->out)] = text[i];
}

static void test_ring_output(void)
{
    /* at the start, across the ring's end, and across the indices' end */
    static const XENCONS_RING_IDX starts[] = {0, 2040, UINT32_MAX - 3};
    char data[4096];

    for (size_t i = 0; i < 3; i++) {
        ring_start(starts[i], 0);
        CU_ASSERT_EQUAL(ring_take_output(page, data, sizeof(data)), 0);
        guest_says("hello, world\n", 13);
        CU_ASSERT_EQUAL(ring_take_output(page, data, 5), 5);
        CU_ASSERT_EQUAL(ring_take_output(page, data + 5, sizeof(data) - 5), 8);
        CU_ASSERT_EQUAL(memcmp(data, "hello, world\n", 13), 0);
        CU_ASSERT_EQUAL(page->out_cons, page->out_prod);
        free(page);
    }
}

static void test_ring_full(void)
{
    char pattern[2048], data[4096];

    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (char)(i * 7);
    ring_start(UINT32_MAX - 1000, 0);
    guest_says(pattern, sizeof(pattern));
    CU_ASSERT_EQUAL(ring_take_output(page, data, sizeof(data)), 2048);
    CU_ASSERT_EQUAL(memcmp(data, pattern, sizeof(pattern)), 0);
    free(page);
}

static void test_ring_input(void)
{
    static const XENCONS_RING_IDX starts[] = {0, 1020, UINT32_MAX - 3};
    char data[1500];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 3);
    for (size_t i = 0; i < 3; i++) {
        ring_start(0, starts[i]);
        CU_ASSERT_EQUAL(ring_put_input(page, data, 10), 10);
        CU_ASSERT_EQUAL(ring_put_input(page, data + 10, sizeof(data) - 10), 1014);
        CU_ASSERT_EQUAL(ring_put_input(page, data, 1), 0); /* full */
        for (size_t n = 0; n < 1024; n++)
            CU_ASSERT_EQUAL(page->in[page->in_cons++ % sizeof(page->in)], data[n]);
        CU_ASSERT_EQUAL(page->in_cons, page->in_prod);
        free(page);
    }
}

static void test_ring_hostile(void)
{
    static const XENCONS_RING_IDX too_far[] = {2049, 4096, 0x80000000u, UINT32_MAX};
    char data[4096] = "";

    for (size_t i = 0; i < sizeof(too_far) / sizeof(too_far[0]); i++) {
        ring_start(77, 77);
        page->out_prod = 77 + too_far[i];
        CU_ASSERT_EQUAL(ring_take_output(page, data, sizeof(data)), -EPROTO);
        CU_ASSERT_EQUAL(page->out_cons, 77);
        page->in_prod = 77 + too_far[i];
        CU_ASSERT_EQUAL(ring_put_input(page, data, 1), -EPROTO);
        CU_ASSERT_EQUAL(page->in_prod, 77 + too_far[i]);
        free(page);
    }
    ring_start(0, 0);
    page->in_prod = 1025;
    CU_ASSERT_EQUAL(ring_put_input(page, data, 1), -EPROTO);
    page->in_prod = 1024;
    CU_ASSERT_EQUAL(ring_put_input(page, data, 1), 0);
    free(page);
}

/* ---- replay ---- */

static void replay_expect(const struct replay *r, size_t want, const char *text)
{
    const char *piece[2];
    size_t len[2];

    replay_latest(r, want, piece, len);
    CU_ASSERT_EQUAL_FATAL(len[0] + len[1], strlen(text));
    CU_ASSERT_EQUAL(memcmp(piece[0], text, len[0]), 0);
    CU_ASSERT_EQUAL(memcmp(piece[1], text + len[0], len[1]), 0);
}

static void test_replay(void)
{
    struct replay r;

    CU_ASSERT_EQUAL_FATAL(replay_init(&r, 8), 0);
    replay_expect(&r, 100, "");
    replay_append(&r, "abc", 3);
    replay_expect(&r, 100, "abc");
    replay_expect(&r, 2, "bc");
    replay_expect(&r, 0, "");
    replay_append(&r, "defgh", 5);
    replay_expect(&r, 100, "abcdefgh");
    replay_append(&r, "ij", 2);
    replay_expect(&r, 100, "cdefghij");
    replay_expect(&r, 3, "hij");
    replay_append(&r, "0123456789ABCDEF", 16);
    replay_expect(&r, 100, "89ABCDEF");
    replay_append(&r, "", 0);
    replay_expect(&r, 100, "89ABCDEF");
    replay_free(&r);
}

/* Byte by byte and in lumps must come to the same. */
static void test_replay_lumps(void)
{
    struct replay a, b;
    char text[101], all[101] = "";

    CU_ASSERT_EQUAL_FATAL(replay_init(&a, 13), 0);
    CU_ASSERT_EQUAL_FATAL(replay_init(&b, 13), 0);
    for (int i = 0; i < 100; i++)
        text[i] = (char)('0' + i % 71);
    text[100] = '\0';
    for (size_t at = 0, lump = 1; at < 100; at += lump, lump = lump % 17 + 1) {
        size_t len = lump < 100 - at ? lump : 100 - at;

        replay_append(&a, text + at, len);
        for (size_t i = 0; i < len; i++)
            replay_append(&b, text + at + i, 1);
        strncat(all, text + at, len);
        replay_expect(&a, 13, strlen(all) > 13 ? all + strlen(all) - 13 : all);
        replay_expect(&b, 13, strlen(all) > 13 ? all + strlen(all) - 13 : all);
    }
    replay_free(&a);
    replay_free(&b);
}

/* ---- bucket ---- */

#define SECOND 1000000000ull

static void test_bucket(void)
{
    struct bucket b;
    uint64_t now = 5 * SECOND;

    bucket_init(&b, 1000, 500, now);
    CU_ASSERT_EQUAL(bucket_wait(&b, now), 0);
    bucket_take(&b, 499, now);
    CU_ASSERT_EQUAL(bucket_wait(&b, now), 0);
    bucket_take(&b, 1, now);
    CU_ASSERT_EQUAL(bucket_wait(&b, now), SECOND / 1000); /* one token, one millisecond */
    bucket_take(&b, 2000, now);
    CU_ASSERT_EQUAL(bucket_wait(&b, now), 2 * SECOND + SECOND / 1000);
    now += 2 * SECOND;
    CU_ASSERT_EQUAL(bucket_wait(&b, now), SECOND / 1000);
    now += SECOND / 1000;
    CU_ASSERT_EQUAL(bucket_wait(&b, now), 0);
    now += 3600 * SECOND; /* no more than the burst gathers up */
    CU_ASSERT_EQUAL(bucket_wait(&b, now), 0);
    bucket_take(&b, 500, now);
    CU_ASSERT_EQUAL(bucket_wait(&b, now), SECOND / 1000);
}

/* Asked a thousand times between two tokens, it still gives just the rate in the long run. */
static void test_bucket_rate(void)
{
    struct bucket b;
    uint64_t now = 1;
    uint32_t served = 0;

    bucket_init(&b, 10, 10, now);
    for (int step = 0; step < 100000; step++, now += SECOND / 1000) {
        if (bucket_wait(&b, now) == 0) {
            bucket_take(&b, 1, now);
            served++;
        }
    }
    /* 100 seconds at 10 a second, and the burst */
    CU_ASSERT(served >= 1000 && served <= 1010);
}

static void test_bucket_extremes(void)
{
    struct bucket b;

    bucket_init(&b, UINT32_MAX, UINT32_MAX, 0);
    bucket_take(&b, UINT32_MAX, 0);
    bucket_take(&b, UINT32_MAX, 0);
    CU_ASSERT(bucket_wait(&b, 0) > SECOND / 2);
    CU_ASSERT_EQUAL(bucket_wait(&b, UINT64_MAX / 2), 0);
    bucket_init(&b, 1, 1, 0);
    for (int i = 0; i < 3; i++)
        bucket_take(&b, UINT32_MAX, 0);
    CU_ASSERT_EQUAL(bucket_wait(&b, 0), 3ull * UINT32_MAX * SECOND);
    CU_ASSERT_EQUAL(bucket_wait(&b, 5 * SECOND), (3ull * UINT32_MAX - 5) * SECOND);
}

/* ---- log ---- */

static char directory[] = "/tmp/consoled-parts-XXXXXX";
static struct log_policy policy;

static int log_suite_start(void)
{
    if (!mkdtemp(directory))
        return 1;
    policy =
        (struct log_policy){.dir = open(directory, O_RDONLY | O_DIRECTORY), .limit = 10, .keep = 2};
    return policy.dir < 0;
}

static int log_suite_end(void)
{
    close(policy.dir);
    return rmdir(directory); /* fails where a test left a file */
}

static void expect_file(const char *name, const char *text)
{
    char data[256];
    int fd = openat(policy.dir, name, O_RDONLY);
    ssize_t n;

    if (!text) {
        CU_ASSERT_EQUAL(fd, -1);
        return;
    }
    CU_ASSERT_FATAL(fd >= 0);
    n = read(fd, data, sizeof(data) - 1);
    close(fd);
    CU_ASSERT_FATAL(n >= 0);
    data[n] = '\0';
    CU_ASSERT_STRING_EQUAL(data, text);
}

static void test_log_names(void)
{
    static const struct {
        const char *domain, *file;
    } names[] = {
        {"demo", "demo.log"},     {"web-1.example_+", "web-1.example_+.log"},
        {"../x", "%2E.%2Fx.log"}, {".hidden", "%2Ehidden.log"},
        {"a b%", "a%20b%25.log"}, {"\xc3\xa4", "%C3%A4.log"},
    };
    char file[240], longest[300];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CU_ASSERT_EQUAL(log_file_name(names[i].domain, file, sizeof(file)), 0);
        CU_ASSERT_STRING_EQUAL(file, names[i].file);
    }
    CU_ASSERT_EQUAL(log_file_name("", file, sizeof(file)), -EINVAL);
    for (size_t len = 200; len < 299; len++) {
        memset(longest, '/', len);
        longest[len] = '\0';
        CU_ASSERT_EQUAL(log_file_name(longest, file, sizeof(file)), -ENAMETOOLONG);
        memset(longest, 'a', len);
        if (log_file_name(longest, file, sizeof(file)) == 0)
            CU_ASSERT_EQUAL(strlen(file), len + 4);
    }
}

static void test_log_rotates(void)
{
    struct log *l = log_open(&policy, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(l);
    log_write(l, "0123456", 7);
    expect_file("r.log", "0123456");
    log_write(l, "789abc", 6);
    expect_file("r.log.1", "0123456789");
    expect_file("r.log", "abc");
    log_write(l, "defghijklmnopqrstuvwxyzABCDE", 28);
    expect_file("r.log", "E");
    expect_file("r.log.1", "uvwxyzABCD");
    expect_file("r.log.2", "klmnopqrst");
    expect_file("r.log.3", NULL);
    log_close(l);
    /* a later life of the same domain goes on where this one stopped */
    l = log_open(&policy, "r");
    log_write(l, "again", 5);
    expect_file("r.log", "Eagain");
    log_close(l);
    unlinkat(policy.dir, "r.log", 0);
    unlinkat(policy.dir, "r.log.1", 0);
    unlinkat(policy.dir, "r.log.2", 0);
}

static void test_log_keeps_none(void)
{
    struct log_policy none = policy;
    struct log *l;

    none.keep = 0;
    l = log_open(&none, "n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(l);
    log_write(l, "0123456789abc", 13);
    expect_file("n.log", "abc");
    expect_file("n.log.1", NULL);
    log_close(l);
    unlinkat(policy.dir, "n.log", 0);
}

static void test_log_reopen(void)
{
    struct log *l = log_open(&policy, "o");

    CU_ASSERT_PTR_NOT_NULL_FATAL(l);
    log_write(l, "old", 3);
    CU_ASSERT_EQUAL(renameat(policy.dir, "o.log", policy.dir, "moved"), 0);
    log_write(l, "er", 2);
    log_reopen(l);
    log_write(l, "new", 3);
    expect_file("moved", "older");
    expect_file("o.log", "new");
    log_close(l);
    unlinkat(policy.dir, "o.log", 0);
    unlinkat(policy.dir, "moved", 0);
}

/* A log that cannot be opened costs its bytes, and is taken up again when it can. */
static void test_log_refused(void)
{
    struct log *l;

    CU_ASSERT_EQUAL(symlinkat("/dev/null", policy.dir, "s.log"), 0);
    l = log_open(&policy, "s");
    CU_ASSERT_PTR_NOT_NULL_FATAL(l);
    log_write(l, "lost", 4);
    unlinkat(policy.dir, "s.log", 0);
    CU_ASSERT_EQUAL(mkfifoat(policy.dir, "s.log", 0600), 0);
    log_write(l, "lost", 4);
    unlinkat(policy.dir, "s.log", 0);
    log_write(l, "kept", 4);
    expect_file("s.log", "kept");
    log_close(l);
    unlinkat(policy.dir, "s.log", 0);
}

static CU_TestInfo ring[] = {
    {"output", test_ring_output},
    {"a full ring", test_ring_full},
    {"input", test_ring_input},
    {"hostile indices", test_ring_hostile},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo replay[] = {
    {"keeps the latest", test_replay},
    {"in lumps", test_replay_lumps},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo bucket[] = {
    {"debt and burst", test_bucket},
    {"rate", test_bucket_rate},
    {"extremes", test_bucket_extremes},
    CU_TEST_INFO_NULL,
};

static CU_TestInfo logs[] = {
    {"file names", test_log_names},
    {"rotation", test_log_rotates},
    {"no old ones", test_log_keeps_none},
    {"reopen", test_log_reopen},
    {"refused and back", test_log_refused},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    CU_SuiteInfo suites[] = {{"ring", NULL, NULL, NULL, NULL, ring},
                             {"replay", NULL, NULL, NULL, NULL, replay},
                             {"bucket", NULL, NULL, NULL, NULL, bucket},
                             {"log", log_suite_start, log_suite_end, NULL, NULL, logs},
                             CU_SUITE_INFO_NULL};

    return suites_run(suites);
}
