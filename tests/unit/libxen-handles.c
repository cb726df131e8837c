/* SPDX-License-Identifier: MIT */
/*
 * The small libraries where nothing of theirs can work, a machine without a hypervisor: each open
 * fails with the device's errno, says so to the program's own logger, and leaves nothing behind
 * (the sanitizer looks). And the messages of libxentoollog, letter by letter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xentoollog.h>

#include "suite.h"

typedef struct {
    xentoollog_logger vtable;
    int messages, error;
    char context[32];
} xentoollog_logger_counter;

static void counter_vmessage(xentoollog_logger *logger, xentoollog_level level, int errnoval,
                             const char *context, const char *format, va_list al)
    __attribute__((format(printf, 5, 0)));
static void counter_vmessage(xentoollog_logger *logger, xentoollog_level level, int errnoval,
                             const char *context, const char *format, va_list al)
{
    xentoollog_logger_counter *c = (xentoollog_logger_counter *)logger;

    (void)format, (void)al;
    c->messages += level == XTL_ERROR;
    c->error = errnoval;
    snprintf(c->context, sizeof(c->context), "%s", context);
    errno = EXDEV; /* whoever logs must not lose its errno to a logger */
}

static void counter_progress(xentoollog_logger *logger, const char *context, const char *doing_what,
                             int percent, unsigned long done, unsigned long total)
{
    xentoollog_logger_counter *c = (xentoollog_logger_counter *)logger;

    (void)context, (void)doing_what, (void)done, (void)total;
    c->messages = percent;
}

static void counter_destroy(xentoollog_logger *logger)
{
    free(logger);
}

static xentoollog_logger_counter *counter_new(void)
{
    xentoollog_logger_counter initial = {.messages = 0};
    xentoollog_logger_counter *c = XTL_NEW_LOGGER(counter, initial);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return c;
}

static void check_refused(xentoollog_logger_counter *c, const void *handle, const char *context)
{
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_PTR_NULL(handle);
    CU_ASSERT_EQUAL(c->messages, 1);
    CU_ASSERT_EQUAL(c->error, ENOENT);
    CU_ASSERT_STRING_EQUAL(c->context, context);
    c->messages = 0;
    errno = 0;
}

static void test_no_devices(void)
{
    xentoollog_logger_counter *c = counter_new();
    xentoollog_logger *log = &c->vtable;

    if (access("/dev/xen", F_OK) == 0) { /* a dom0: other tests are for it */
        xtl_logger_destroy(log);
        return;
    }
    check_refused(c, xencall_open(log, 0), "xencall");
    check_refused(c, xenevtchn_open(log, XENEVTCHN_NO_CLOEXEC), "xenevtchn");
    check_refused(c, xengnttab_open(log, 0), "xengnttab");
    check_refused(c, xengntshr_open(log, 0), "xengntshr");
    check_refused(c, xenforeignmemory_open(log, 0), "xenforeignmemory");
    xtl_logger_destroy(log);
}

static void test_flags(void)
{
    CU_ASSERT(!xencall_open(NULL, 2) && errno == EINVAL);
    CU_ASSERT(!xenevtchn_open(NULL, 2) && errno == EINVAL);
    CU_ASSERT(!xenevtchn_fdopen(NULL, 0, XENEVTCHN_NO_CLOEXEC) && errno == EINVAL);
    CU_ASSERT(!xenevtchn_fdopen(NULL, -1, 0) && errno == EINVAL);
    CU_ASSERT(!xengnttab_open(NULL, 1) && errno == EINVAL);
    CU_ASSERT(!xenforeignmemory_open(NULL, 1) && errno == EINVAL);
    CU_ASSERT(!xencall_close(NULL) && !xenevtchn_close(NULL) && !xengnttab_close(NULL));
    CU_ASSERT(!xengntshr_close(NULL) && !xenforeignmemory_close(NULL));
}

/* A handle around a pipe: ports go in and out whole, and what is no device's is refused. */
static void test_event_bytes(void)
{
    const uint32_t port = 77;
    xenevtchn_handle *xce;
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    xce = xenevtchn_fdopen(NULL, ends[0], 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(xce);
    CU_ASSERT_EQUAL(xenevtchn_fd(xce), ends[0]);
    CU_ASSERT_EQUAL(write(ends[1], &port, sizeof(port)), (ssize_t)sizeof(port));
    CU_ASSERT_EQUAL(xenevtchn_pending(xce), 77);
    CU_ASSERT_EQUAL(write(ends[1], &port, 3), 3);
    CU_ASSERT(xenevtchn_pending(xce) == -1 && errno == EIO);
    CU_ASSERT(xenevtchn_unmask(xce, port) == -1 && errno == EBADF);
    CU_ASSERT(xenevtchn_notify(xce, port) == -1 && errno == ENOTTY);
    CU_ASSERT_EQUAL(xenevtchn_close(xce), 0);
    CU_ASSERT(close(ends[0]) == -1 && errno == EBADF); /* it was the handle's */
    close(ends[1]);
}

static void test_messages(void)
{
    xentoollog_logger_stdiostream *stream;
    xentoollog_logger_counter *c = counter_new();
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    stream = xtl_createlogger_stdiostream(file, XTL_PROGRESS, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    errno = EBUSY;
    xtl_log((xentoollog_logger *)stream, XTL_ERROR, ENOENT, "here", "no %s", "such thing");
    xtl_log((xentoollog_logger *)stream, XTL_DETAIL, -1, "here", "too low");
    xtl_log((xentoollog_logger *)stream, XTL_WARN, -1, NULL, "plain");
    xtl_progress((xentoollog_logger *)stream, "here", "counting", 0, 200);
    xtl_progress((xentoollog_logger *)stream, "here", "counting", 4, 200);
    xtl_progress((xentoollog_logger *)stream, "here", "counting", 100, 200);
    xtl_progress((xentoollog_logger *)stream, "here", "counting", ~0ul, ~0ul);
    xtl_stdiostream_adjust_flags(stream, XTL_STDIOSTREAM_PROGRESS_USE_CR, 0);
    xtl_progress((xentoollog_logger *)stream, NULL, "again", 0, 0);
    CU_ASSERT_EQUAL(errno, EBUSY);
    xtl_logger_destroy((xentoollog_logger *)stream);
    fclose(file);
    CU_ASSERT_STRING_EQUAL(
        text, "here: error: no such thing: No such file or directory\n"
              "warning: plain\n"
              "here: progress: counting: 100/200   50%\n"
              "here: progress: counting: 18446744073709551615/18446744073709551615  100%\n"
              "again: 0/0    0%\n");
    free(text);
    errno = EBUSY;
    xtl_log(&c->vtable, XTL_ERROR, 1, "x", "y");
    xtl_progress(&c->vtable, "x", "y", 1, 3);
    CU_ASSERT(errno == EBUSY && c->messages == 33);
    xtl_logger_destroy(&c->vtable);
    xtl_logger_destroy(NULL);
}

static CU_TestInfo tests[] = {
    {"no devices", test_no_devices},
    {"flags that are not there", test_flags},
    {"an event's bytes", test_event_bytes},
    {"messages", test_messages},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("libxen-handles", tests);
}
