/* SPDX-License-Identifier: MIT */
/*
 * The guest's reporter: reading /proc/meminfo, which changes it tells, and its end of the store's wire
 * against a store that answers well, badly, in pieces, or not at all.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <public/io/xs_wire.h>

#include "meminfo.h"
#include "suite.h"
#include "xenbus.h"

static const char real[] = "MemTotal:         498764 kB\n"
                           "MemFree:          412312 kB\n"
                           "MemAvailable:     431000 kB\n"
                           "Buffers:            2148 kB\n"
                           "SwapCached:            4 kB\n"
                           "SwapTotal:        262140 kB\n"
                           "SwapFree:         262000 kB\n";

static void test_parse(void)
{
    struct meminfo m;

    CU_ASSERT_TRUE_FATAL(meminfo_parse(real, &m));
    CU_ASSERT_EQUAL(m.total, 498764);
    CU_ASSERT_EQUAL(m.free, 412312);
    CU_ASSERT_EQUAL(m.available, 431000);
    CU_ASSERT_EQUAL(m.swap_total, 262140);
    CU_ASSERT_EQUAL(m.swap_free, 262000);
    /* no swap; keys inside of others, and no last newline */
    CU_ASSERT_TRUE(
        meminfo_parse("XMemTotal: 9 kB\nMemTotal: 1 kB\nMemFree: 2\nMemAvailable: 3", &m));
    CU_ASSERT_EQUAL(m.total, 1);
    CU_ASSERT_EQUAL(m.available, 3);
    CU_ASSERT_EQUAL(m.swap_total, 0);
    CU_ASSERT_TRUE(
        meminfo_parse("SwapTotal: 5 kB\nMemTotal: 1 kB\nMemFree: 2\nMemAvailable: 3", &m));
    CU_ASSERT_EQUAL(m.swap_total, 0); /* half of it is none */
    CU_ASSERT_FALSE(meminfo_parse("", &m));
    CU_ASSERT_FALSE(meminfo_parse("MemTotal: 1 kB\nMemFree: 2 kB\n", &m));
    CU_ASSERT_FALSE(meminfo_parse("MemTotal:\nMemFree: x\nMemAvailable: 3\n", &m));
    CU_ASSERT_FALSE(meminfo_parse("MemTotal\nMemFree\nMemAvailable", &m));
}

static void test_due(void)
{
    const struct meminfo told = {512000, 100000, 200000, 262144, 262144};
    struct meminfo now = told;

    CU_ASSERT_FALSE(meminfo_due(&told, &now, 59));
    CU_ASSERT_TRUE(meminfo_due(&told, &now, 60));
    now.free = 0; /* of no account */
    CU_ASSERT_FALSE(meminfo_due(&told, &now, 1));
    now.available = 200000 - 10239;
    CU_ASSERT_FALSE(meminfo_due(&told, &now, 1));
    now.available = 200000 - 10240;
    CU_ASSERT_TRUE(meminfo_due(&told, &now, 1));
    now.available = 200000 + 10240;
    CU_ASSERT_TRUE(meminfo_due(&told, &now, 1));
    now = told;
    now.swap_free -= 20000;
    CU_ASSERT_TRUE(meminfo_due(&told, &now, 1));
    now = told;
    now.total -= 20000;
    CU_ASSERT_TRUE(meminfo_due(&told, &now, 1));
    now = (struct meminfo){.total = 4096}; /* small: a MiB at least */
    CU_ASSERT_FALSE(meminfo_due(&(struct meminfo){4096, 0, 1023, 0, 0}, &now, 1));
    CU_ASSERT_TRUE(meminfo_due(&(struct meminfo){4096, 0, 1024, 0, 0}, &now, 1));
}

/* ---- the wire ---- */

enum manner { GOOD, IN_PIECES, REFUSES, UNKNOWN_ERROR, OTHER_TYPE, OTHER_ID, TOO_LONG, HANGS_UP };

struct request {
    struct xsd_sockmsg head;
    char body[64];
};

static void answer(int fd, const struct request *r, enum manner manner)
{
    struct request a = {.head = {.type = XS_WRITE, .req_id = r->head.req_id, .len = 3},
                        .body = "OK"};
    size_t len;

    if (manner == REFUSES || manner == UNKNOWN_ERROR) {
        a.head.type = XS_ERROR;
        strcpy(a.body, manner == REFUSES ? "ENOSPC" : "EWHATEVER");
        a.head.len = (uint32_t)strlen(a.body) + 1;
    }
    if (manner == OTHER_TYPE)
        a.head.type = XS_READ;
    if (manner == OTHER_ID)
        a.head.req_id++;
    if (manner == TOO_LONG)
        a.head.len = XENSTORE_PAYLOAD_MAX + 1;
    if (manner == HANGS_UP)
        a.head.len = 60;
    len = sizeof(a.head) + (a.head.len < 60 ? a.head.len : 3);
    for (size_t i = 0, step = manner == IN_PIECES ? 1 : len; i < len; i += step)
        if (write(fd, (char *)&a + i, step) < 0)
            return;
}

/* Writes a node where the store answers in that manner; 0 or the errno. */
static int write_to(enum manner manner)
{
    struct request r = {0};
    int ends[2], error = 0, status;
    pid_t store;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return -1;
    store = fork();
    if (store == 0) {
        ssize_t got = read(ends[1], &r, sizeof(r));

        close(ends[0]);
        if (got != sizeof(r.head) + 8 || r.head.type != XS_WRITE || r.head.tx_id ||
            r.head.len != 8 ||
            memcmp(r.body,
                   "data/x\0"
                   "7",
                   8))
            _exit(1);
        answer(ends[1], &r, manner);
        _exit(0);
    }
    close(ends[1]);
    if (xenbus_write(ends[0], "data/x", "7"))
        error = errno;
    close(ends[0]);
    CU_ASSERT_EQUAL(waitpid(store, &status, 0), store);
    CU_ASSERT_EQUAL(status, 0);
    return error;
}

static void test_wire(void)
{
    static char longest[XENSTORE_PAYLOAD_MAX + 1];

    CU_ASSERT_EQUAL(write_to(GOOD), 0);
    CU_ASSERT_EQUAL(write_to(IN_PIECES), 0);
    CU_ASSERT_EQUAL(write_to(REFUSES), ENOSPC);
    CU_ASSERT_EQUAL(write_to(UNKNOWN_ERROR), EPROTO);
    CU_ASSERT_EQUAL(write_to(OTHER_TYPE), EPROTO);
    CU_ASSERT_EQUAL(write_to(OTHER_ID), EPROTO);
    CU_ASSERT_EQUAL(write_to(TOO_LONG), EPROTO);
    CU_ASSERT_EQUAL(write_to(HANGS_UP), EPIPE);
    memset(longest, 'v', sizeof(longest) - 1);
    CU_ASSERT_EQUAL(xenbus_write(-1, "a", longest), -1);
    CU_ASSERT_EQUAL(errno, E2BIG);
    CU_ASSERT_EQUAL(xenbus_write(-1, "a", "b"), -1);
    CU_ASSERT_EQUAL(errno, EBADF);
    CU_ASSERT_EQUAL(xenbus_open("/nonexistent"), -1);
    CU_ASSERT_EQUAL(errno, ENOENT);
}

static CU_TestInfo tests[] = {
    {"meminfo is read", test_parse},
    {"what is told", test_due},
    {"the store's wire", test_wire},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    return suite_run("mews-report", tests);
}
