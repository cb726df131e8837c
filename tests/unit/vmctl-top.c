/* SPDX-License-Identifier: MIT */
/*
 * Tests `vmctl top` without a hypervisor: the table's text and order; and the live view in a terminal
 * of its own, whose state must be the same again however it ends. The readings are made up here.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "internal.h"
#include "stats.h"
#include "suite.h"
#include "top_rows.h"
#include "top_screen.h"

/* No wait in a test that works comes near this; it ends one that hangs. */
#define PATIENCE_MS 20000

/* What the made-up hypervisor has: so many domains, and how many readings it gives before it fails. */
static size_t fake_domains = 3;
static int fake_readings = 1000000;

/* Each domain N has used N tenths of each second so far. Stands in for the library's. */
struct vmctl_reading *vmctl_read_usage(struct vmctl *v)
{
    static uint64_t second;
    struct vmctl_reading *reading;

    (void)v;
    if (fake_readings-- <= 0)
        return NULL;
    reading = calloc(1, sizeof(*reading));
    if (!reading)
        abort();
    second++;
    reading->time_ns = second * 1000000000;
    reading->cpus = 4;
    reading->domains = calloc(fake_domains + 1, sizeof(*reading->domains));
    reading->nr_domains = fake_domains;
    for (size_t i = 0; i < fake_domains; i++) {
        struct vmctl_info *info = &reading->domains[i].info;

        info->domid = (uint32_t)i;
        snprintf(info->name, sizeof(info->name), "vps%zu.", i);
        info->cpu_ns = second * i * 100000000;
        info->memory_kib = 1048576 / (i + 1);
    }
    return reading;
}

void vmctl_reading_free(struct vmctl_reading *reading)
{
    if (!reading)
        return;
    free(reading->domains);
    free(reading);
}

static struct vmctl_usage *three(void)
{
    struct vmctl_usage *usage = calloc(1, sizeof(*usage) + 3 * sizeof(usage->domains[0]));
    static const char *const names[] = {"beta", "Domain-0", "alpha"};

    if (!usage)
        abort();
    usage->count = 3;
    for (unsigned int i = 0; i < 3; i++) {
        struct vmctl_use *use = &usage->domains[i];

        use->info.domid = i;
        strcpy(use->info.name, names[i]);
        use->info.memory_kib = 1024 * (i + 1);
        use->cpu_percent = 10 * (i == 1);
        use->steal_percent = 5 * (i == 2);
        use->disk_write_bytes = 100 * (i == 0);
        use->net_rx_bytes = 100 * (i == 1);
        use->net_tx_bytes = 300 * (i == 2);
    }
    return usage;
}

static void check_order(enum top_sort sort, unsigned int a, unsigned int b, unsigned int c)
{
    struct vmctl_usage *usage = three();

    top_sort(usage, sort);
    CU_ASSERT_EQUAL(usage->domains[0].info.domid, a);
    CU_ASSERT_EQUAL(usage->domains[1].info.domid, b);
    CU_ASSERT_EQUAL(usage->domains[2].info.domid, c);
    free(usage);
}

static void test_sort(void)
{
    enum top_sort sort;

    check_order(TOP_CPU, 1, 0, 2);
    check_order(TOP_MEM, 2, 1, 0);
    check_order(TOP_STEAL, 2, 0, 1);
    check_order(TOP_DISK, 0, 1, 2);
    check_order(TOP_NET, 2, 1, 0);
    check_order(TOP_NAME, 1, 2, 0);
    for (unsigned int i = 0; i < NR_TOP_SORTS; i++) {
        CU_ASSERT(top_sort_find(top_sort_name((enum top_sort)i), &sort));
        CU_ASSERT_EQUAL(sort, i);
    }
    CU_ASSERT(!top_sort_find("cp", &sort));
    CU_ASSERT(!top_sort_find("", &sort));
}

static void test_rows(void)
{
    struct vmctl_use use = {.cpu_percent = 123.45, .disk_reads = 7, .disk_read_bytes = 1536};
    char text[TOP_LINE_SIZE], heading[TOP_LINE_SIZE];
    struct vmctl_usage *usage = three();
    size_t at, len;

    top_heading(8, TOP_CPU, heading, &at, &len);
    CU_ASSERT(!strncmp(heading + at, "CPU%", len) && len == 4);
    use.info.domid = 7;
    use.info.vcpus = 2;
    use.info.memory_kib = 512 * 1024;
    use.info.max_kib = 1536 * 1024;
    strcpy(use.info.name, "na\x1bme\xff");
    top_row(&use, 8, text);
    CU_ASSERT_EQUAL(strlen(text), strlen(heading));
    CU_ASSERT_STRING_EQUAL(text, "na?me?       7 running     2  123.5      -   512M   1.5G   1.5K"
                                 "      0      7      0      0      0");
    use.steal_known = true;
    use.steal_percent = 0.04;
    use.net_tx_bytes = 1e30; /* more than any unit is made for: no overrun */
    top_row(&use, 8, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  123.5    0.0 "));
    top_heading(8, TOP_DISK, heading, &at, &len);
    CU_ASSERT(!strncmp(heading + at, "RD/s   WR/s", len) && len == 11);
    top_heading(8, TOP_NAME, heading, &at, &len);
    CU_ASSERT(at == 0 && len == 4);
    CU_ASSERT_EQUAL(top_name_width(usage), 8);
    memset(usage->domains[0].info.name, 'x', VMCTL_NAME_MAX);
    CU_ASSERT_EQUAL(top_name_width(usage), TOP_NAME_MAX);
    top_row(&usage->domains[0], TOP_NAME_MAX, text);
    CU_ASSERT(text[TOP_NAME_MAX] == ' ');
    CU_ASSERT(top_header(usage, 2, text));
    CU_ASSERT(!top_header(usage, 3, text));
    free(usage);
}

/* A live view in a terminal of its own. */
struct terminal {
    pid_t pid; /* of the session's leader, which is what a shell would be */
    int fd;
    char seen[1 << 18]; /* all that it wrote; ends with 0 */
    size_t len;
};

/* The leader's exit status where the terminal was not left as it had been. */
#define CHANGED 99

static void do_nothing(int signal)
{
    (void)signal;
}

/*
 * The session's leader: starts the view as a shell does, and looks at the terminal before and after.
 * It has to do so itself: once it has ended, the kernel resets the terminal.
 */
static int lead(int readings, size_t domains)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct termios before = {0}, after = {0};
    int status;
    pid_t pid;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], do_nothing);
    if (tcgetattr(STDIN_FILENO, &before))
        abort();
    pid = fork();
    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        unsetenv("LINES");
        unsetenv("COLUMNS");
        fake_readings = readings;
        fake_domains = domains;
        _exit(top_screen(NULL, 0.1, TOP_CPU) & 0xff);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (tcgetattr(STDIN_FILENO, &after) == 0 && memcmp(&before, &after, sizeof(after)))
        return CHANGED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHANGED;
}

static void start(struct terminal *t, int readings, size_t domains)
{
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    int slave;

    memset(t, 0, sizeof(*t));
    CU_ASSERT_EQUAL_FATAL(openpty(&t->fd, &slave, NULL, NULL, &size), 0);
    t->pid = fork();
    if (t->pid == 0) {
        close(t->fd);
        login_tty(slave);
        _exit(lead(readings, domains));
    }
    close(slave);
}

/* Reads on until `text` has been written behind *from; *from is moved behind it. */
static bool sees(struct terminal *t, const char *text, size_t *from)
{
    struct pollfd in = {.fd = t->fd, .events = POLLIN};
    ssize_t got;
    char *found;

    for (;;) {
        found = strstr(t->seen + *from, text);
        if (found) {
            *from = (size_t)(found - t->seen) + strlen(text);
            return true;
        }
        if (poll(&in, 1, PATIENCE_MS) <= 0 || t->len == sizeof(t->seen) - 1)
            return false;
        got = read(t->fd, t->seen + t->len, sizeof(t->seen) - 1 - t->len);
        if (got <= 0)
            return false;
        t->len += (size_t)got;
    }
}

static void press(struct terminal *t, const char *keys)
{
    CU_ASSERT_EQUAL(write(t->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* It ends with this status, and has left the terminal as it was. */
static void ends(struct terminal *t, int wanted)
{
    size_t from = 0;
    int status;

    CU_ASSERT(sees(t, "\x1b[?1049l", &from)); /* back from the second screen */
    CU_ASSERT(strstr(t->seen + from, "\x1b[?1049h") == NULL);
    CU_ASSERT_EQUAL(waitpid(t->pid, &status, 0), t->pid);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), wanted);
    close(t->fd);
}

static struct terminal t;

static void test_quit(void)
{
    size_t from = 0;

    start(&t, 1000000, 3);
    CU_ASSERT(sees(&t, "cpus:    4; load -", &from));
    CU_ASSERT(sees(&t, "vps2.", &from)); /* the busiest comes first */
    CU_ASSERT(sees(&t, "vps1.", &from));
    CU_ASSERT(sees(&t, "vps0.", &from));
    press(&t, "x"); /* no key of ours */
    press(&t, "s");
    CU_ASSERT(sees(&t, "mem", &from));
    press(&t, "N");
    CU_ASSERT(sees(&t, "name", &from));
    press(&t, "q");
    ends(&t, 0);
}

static void test_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        size_t from = 0;

        start(&t, 1000000, 3);
        CU_ASSERT(sees(&t, "vps2.", &from));
        kill(-t.pid, signals[i]);
        ends(&t, 0);
    }
}

/* The hypervisor fails midway: the caller has the error to show, on a terminal that shows it. */
static void test_failure(void)
{
    size_t from = 0;

    start(&t, 3, 3);
    CU_ASSERT(sees(&t, "vps2.", &from));
    ends(&t, 0xff);
}

static void test_resize(void)
{
    static const struct winsize sizes[] = {{.ws_row = 1, .ws_col = 1},
                                           {.ws_row = 5, .ws_col = 20},
                                           {.ws_row = 3, .ws_col = 300},
                                           {.ws_row = 60, .ws_col = 2},
                                           {.ws_row = 200, .ws_col = 200}};
    size_t from = 0;

    start(&t, 1000000, 150);
    CU_ASSERT(sees(&t, "vps149.", &from));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CU_ASSERT_EQUAL(ioctl(t.fd, TIOCSWINSZ, &sizes[i]), 0);
        press(&t, "\x1b[6~\x1bOB\x1b[5~\x1bOA+-"); /* pages, arrows, intervals */
        usleep(100000);
    }
    CU_ASSERT(sees(&t, "vps0.", &from)); /* the last fits only now */
    press(&t, "Q");
    ends(&t, 0);
}

/* The terminal goes away. */
static void test_hangup(void)
{
    size_t from = 0;
    int status;

    start(&t, 1000000, 3);
    CU_ASSERT(sees(&t, "vps2.", &from));
    close(t.fd);
    CU_ASSERT_EQUAL(waitpid(t.pid, &status, 0), t.pid);
    CU_ASSERT(WIFEXITED(status));
}

static void test_no_terminal(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stderr))
            abort();
        _exit(top_screen(NULL, 1, TOP_CPU));
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static CU_TestInfo tests[] = {
    {"order", test_sort},
    {"rows", test_rows},
    {"keys", test_quit},
    {"signals", test_signals},
    {"a failure midway", test_failure},
    {"sizes", test_resize},
    {"the terminal goes away", test_hangup},
    {"no terminal", test_no_terminal},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("vmctl top", tests);
}
