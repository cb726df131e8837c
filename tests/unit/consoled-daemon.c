/* SPDX-License-Identifier: MIT */
/*
 * The console daemon as a whole (domains, consoles, clients, terminals, the attaching side) in the
 * world of consoled-world.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "client.h"
#include "consoled-world.h"
#include "protocol.h"
#include "suite.h"

static void test_log_and_attach(void)
{
    int fd, other, quit;

    daemon_start();
    daemon_go();
    domain_announce(3, "demo");
    guest_says(3, "first line\r\n");
    fd = client_attach("attach 6 demo\n", "OK 3 demo\nline\r\n");
    guest_says(3, "second");
    expect_client(fd, "second", false);
    other = client_attach("attach 999999999999999999999 3\n", "OK 3 demo\nfirst line\r\nsecond");
    client_say(fd, "input");
    CU_ASSERT_EQUAL(guests[3].page->in_prod, 5);
    CU_ASSERT_EQUAL(memcmp(guests[3].page->in, "input", 5), 0);
    client_say(other, "too");
    CU_ASSERT_EQUAL(memcmp(guests[3].page->in, "inputtoo", 8), 0);
    close(fd);
    run_loop();
    guest_says(3, "third");
    expect_client(other, "third", false);
    /* a name that looks like another domain's number does not take its place */
    domain_announce(4, "3");
    quit = client_attach("attach 5 3\n", "OK 3 demo\nthird");
    close(quit);
    unlinkat(setup.logs.dir, "3.log", 0);
    /* last words of a dying domain, then the end */
    strcpy(guests[3].page->out + guests[3].page->out_prod % 2048, "bye");
    guests[3].page->out_prod += 3;
    domain_die(3);
    expect_client(other, "bye", true);
    close(other);
    CU_ASSERT(!guests[3].mapped && !guests[3].bound);
    expect_log("demo.log", "first line\r\nsecondthirdbye");
    daemon_stop();
}

static int count_time_limit(const struct event_base *base, const struct event *e, void *count)
{
    (void)base;
    if (event_get_events(e) & EV_READ && event_pending(e, EV_TIMEOUT, NULL))
        ++*(int *)count;
    return 0;
}

/* How many clients are being read with a time limit. */
static int time_limits(void)
{
    int count = 0;

    event_base_foreach_event(setup.base, count_time_limit, &count);
    return count;
}

/* The time limit is for the request alone: who is attached may be silent for as long as they like. */
static void test_time_limit(void)
{
    int fd;

    daemon_start();
    daemon_go();
    domain_announce(1, "demo");
    CU_ASSERT_EQUAL(time_limits(), 0);
    fd = client_open();
    CU_ASSERT_EQUAL(time_limits(), 1);
    client_say(fd, "attach 0 ");
    CU_ASSERT_EQUAL(time_limits(), 1);
    client_say(fd, "demo\n");
    CU_ASSERT_EQUAL(time_limits(), 0);
    client_say(fd, "keys");
    CU_ASSERT_EQUAL(time_limits(), 0);
    for (int i = 0; i < 3; i++) {
        client_say(fd, "more than the ring holds ............................................");
        for (int n = 0; n < 20; n++)
            client_say(fd, "....................................................................");
        guests[1].page->in_cons = guests[1].page->in_prod;
        guest_says(1, "x");
        CU_ASSERT_EQUAL(time_limits(), 0);
    }
    close(fd);
    unlinkat(setup.logs.dir, "demo.log", 0);
    daemon_stop();
}

/* Requests that are wrong, and pieces of one that is right. */
static void test_requests(void)
{
    static const char *const wrong[] = {"hello\n",     "attach\n",       "attach demo\n",
                                        "attach 5 \n", "attach 5\n",     "attach -1 demo\n",
                                        "\n",          "attach x demo\n"};
    char line[CONSOLED_LINE_MAX + 8], data[600];
    int fd;

    daemon_start();
    daemon_go();
    domain_announce(1, "demo");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fd = client_open();
        client_say(fd, wrong[i]);
        CU_ASSERT(recv(fd, data, sizeof(data), MSG_DONTWAIT) > 10);
        CU_ASSERT_EQUAL(memcmp(data, "ERR 22 ", 7), 0);
        expect_client(fd, "", true);
        close(fd);
    }
    fd = client_open();
    client_say(fd, "attach 0 nobody\n");
    expect_client(fd, "ERR 2 no domain of that name or number has a console\n", true);
    close(fd);
    fd = client_open();
    CU_ASSERT_EQUAL(send(fd, "attach 0 de\0mo\n", 15, 0), 15);
    run_loop();
    expect_client(fd, "ERR 22 a request is a line of text\n", true);
    close(fd);
    fd = client_open();
    memset(line, 'x', sizeof(line));
    CU_ASSERT_EQUAL(send(fd, line, sizeof(line), 0), (ssize_t)sizeof(line));
    run_loop();
    CU_ASSERT(recv(fd, data, sizeof(data), MSG_DONTWAIT) > 10);
    CU_ASSERT_EQUAL(memcmp(data, "ERR 22 ", 7), 0);
    close(fd);
    fd = client_open();
    client_say(fd, "att");
    client_say(fd, "ach 0 demo");
    client_say(fd, "\nkeys");
    expect_client(fd, "OK 1 demo\n", false);
    CU_ASSERT_EQUAL(memcmp(guests[1].page->in, "keys", 4), 0);
    close(fd);
    daemon_stop();
}

/* A client that does not read gets a gap and a notice; nobody else notices. */
static void test_slow_client(void)
{
    static char data[1u << 20];
    char text[1001], *notice;
    int slow, quick, small = 4096;
    size_t said = 0, got = 0, skipped = 0;

    daemon_start();
    setup.burst = setup.rate = 1u << 30;
    daemon_go();
    domain_announce(1, "demo");
    slow = client_attach("attach 0 demo\n", "OK 1 demo\n");
    setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    quick = client_attach("attach 0 demo\n", "OK 1 demo\n");
    memset(text, '.', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 900; i++) {
        guest_says(1, text);
        said += strlen(text);
        expect_client(quick, text, false);
    }
    guest_says(1, "Z"); /* would have room, but must not overtake what was skipped */
    said++;
    for (;;) {
        ssize_t n = recv(slow, data + got, sizeof(data) - 1 - got, MSG_DONTWAIT);

        if (n <= 0)
            break;
        got += (size_t)n;
        run_loop();
    }
    data[got] = '\0';
    notice = strstr(data, "[mews: ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(notice);
    CU_ASSERT_PTR_NULL(strchr(data, 'Z'));
    CU_ASSERT_EQUAL(sscanf(notice, "[mews: %zu bytes of output skipped]", &skipped), 1);
    CU_ASSERT_EQUAL((size_t)(notice - data) - 2 + skipped, said);
    guest_says(1, "on it goes");
    expect_client(slow, "on it goes", false);
    close(slow);
    close(quick);
    unlinkat(setup.logs.dir, "demo.log", 0);
    daemon_stop();
}

/* Input that the guest does not take holds its client back and is not lost. */
static void test_input_backpressure(void)
{
    static char text[40000], got[40000];
    size_t sent = 0, taken = 0;
    int fd;

    daemon_start();
    daemon_go();
    domain_announce(1, "demo");
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 26);
    fd = client_attach("attach 0 demo\n", "OK 1 demo\n");
    for (int round = 0; taken < sizeof(text) && round < 1000; round++) {
        struct xencons_interface *p = guests[1].page;
        ssize_t n = send(fd, text + sent, sizeof(text) - sent, MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        run_loop();
        CU_ASSERT(p->in_prod - p->in_cons <= sizeof(p->in));
        while (p->in_cons != p->in_prod)
            got[taken++] = p->in[p->in_cons++ % sizeof(p->in)];
        guest_say(1, "", 0);
        run_loop();
    }
    CU_ASSERT_EQUAL_FATAL(taken, sizeof(text));
    CU_ASSERT_EQUAL(memcmp(got, text, sizeof(text)), 0);
    /* a client that leaves while it is held back is noticed */
    CU_ASSERT_EQUAL(send(fd, text, 30000, MSG_DONTWAIT), 30000);
    run_loop();
    close(fd);
    run_loop();
    daemon_stop();
}

/* A flood is served up to the burst and then not, and another console does not notice. */
static void test_flood(void)
{
    static char text[2048];
    size_t took = 0;

    daemon_start();
    setup.rate = 1024;
    setup.burst = 16384;
    daemon_go();
    domain_announce(1, "flood");
    domain_announce(2, "quiet");
    memset(text, '#', sizeof(text));
    for (int i = 0; i < 100; i++) {
        took += guest_say(1, text, sizeof(text));
        run_loop();
    }
    /* the burst, a ring in debt, a ring full of what is not taken, and some milliseconds' rate */
    CU_ASSERT(took >= 16384 && took <= 16384 + 3 * 2048 + 1024);
    CU_ASSERT(guests[1].masked);
    guest_says(2, "hello");
    CU_ASSERT_EQUAL(guests[2].page->out_cons, guests[2].page->out_prod);
    CU_ASSERT(!guests[2].masked);
    expect_log("quiet.log", "hello");
    unlinkat(setup.logs.dir, "flood.log", 0);
    daemon_stop();
}

/* Events without output cost the one who sends them, too. */
static void test_event_flood(void)
{
    int served = 0;

    daemon_start();
    setup.rate = 1024;
    setup.burst = 16384;
    daemon_go();
    domain_announce(1, "noisy");
    for (int i = 0; i < 1000 && !guests[1].masked; i++) {
        guest_say(1, "", 0);
        served++;
    }
    CU_ASSERT(served >= 16 && served < 20);
    unlinkat(setup.logs.dir, "noisy.log", 0);
    daemon_stop();
}

static void test_broken_ring(void)
{
    int fd;

    daemon_start();
    daemon_go();
    domain_announce(1, "broken");
    domain_announce(2, "fine");
    fd = client_attach("attach 0 broken\n", "OK 1 broken\n");
    guests[1].page->out_prod = guests[1].page->out_cons + 2049;
    guest_say(1, "", 0);
    run_loop();
    expect_client(fd, "\r\n[mews: the domain broke its console ring; no more output]\r\n", false);
    CU_ASSERT(guests[1].masked); /* it cannot make us run again */
    client_say(fd, "nobody listens");
    expect_client(fd, "", false);
    guest_says(2, "hello");
    expect_log("fine.log", "hello");
    expect_log("broken.log", "");
    domain_die(1);
    expect_client(fd, "", true);
    close(fd);
    /* the next life of it is served again */
    domain_announce(3, "broken");
    guest_says(3, "mended");
    expect_log("broken.log", "mended");
    daemon_stop();
}

/* Nodes before the introduction or after it, an emulator's console, a page that is not granted. */
static void test_finding_domains(void)
{
    int fd;

    daemon_start();
    domain_make(1, "early");
    daemon_go();
    CU_ASSERT(guests[1].bound);
    domain_make(2, "late");
    fake.domain[2].nodes = false;
    store_fire("introduce");
    run_loop();
    CU_ASSERT(!guests[2].bound);
    fake.domain[2].nodes = true;
    store_fire("console 2");
    run_loop();
    CU_ASSERT(guests[2].bound);
    domain_make(3, "hvm");
    fake.domain[3].type = "ioemu";
    domain_make(4, "no grant");
    free(guests[4].page);
    guests[4].page = NULL;
    domain_make(5, "wrong port");
    fake.domain[5].port = 4;
    store_fire("introduce");
    run_loop();
    CU_ASSERT(!guests[3].bound && !guests[4].bound && !guests[5].bound && !guests[5].mapped);
    /* one that was just made is found by asking, before any event is read */
    domain_make(6, "new");
    fd = client_attach("attach 0 new\n", "OK 6 new\n");
    close(fd);
    fake.domain[6].name = "renamed";
    fd = client_attach("attach 0 renamed\n", "OK 6 new\n");
    close(fd);
    /* a new port in the nodes is a new console */
    guests[2].bound = false; /* as when the other end closed it */
    fake.domain[2].port = 99;
    store_fire("console 2");
    guests[2].bound = true;
    run_loop();
    CU_ASSERT(!guests[2].bound && !guests[2].mapped);
    store_fire("console 12345678901234567890");
    store_fire("console -1");
    store_fire("rubbish");
    run_loop();
    daemon_stop();
}

static void until_connected(void)
{
    for (int i = 0; i < 10000 && !fake.connection; i++) {
        run_loop();
        usleep(1000);
    }
    run_loop();
}

/*
 * Reads from a terminal until what came ends with `end`: the kernel hands bytes on in its own time.
 * Returns how much came in all.
 */
static size_t terminal_read(int fd, char *data, size_t size, const char *end, size_t end_len)
{
    size_t len = 0;

    for (int i = 0; i < 5000; i++) {
        ssize_t n = read(fd, data + len, size - len);

        len += n > 0 ? (size_t)n : 0;
        if (len >= end_len && memcmp(data + len - end_len, end, end_len) == 0)
            return len;
        run_loop();
        if (n <= 0)
            usleep(1000);
    }
    return len;
}

/* The terminal that the store names: output, input, and both again for the next who opens it. */
static void test_terminal(void)
{
    static char text[400000], data[400000];
    size_t len;
    int fd;

    daemon_start();
    daemon_go();
    /* gone before its terminal could be told of: it does not come back to the store as that one node */
    fake.domain[2].tty[0] = '\0';
    fake.vanishes = 2;
    domain_announce(2, "brief");
    CU_ASSERT_EQUAL(fake.vanishes, 0);
    CU_ASSERT_STRING_EQUAL(fake.domain[2].tty, "");
    unlinkat(setup.logs.dir, "brief.log", 0);
    fake.conflicts = 2;
    domain_announce(1, "demo");
    CU_ASSERT_EQUAL(fake.conflicts, 0);
    for (unsigned int i = 1; i <= 2; i++) {
        guest_says(1, "hello\n");
        fd = open(fake.domain[1].tty, O_RDWR | O_NOCTTY | O_NONBLOCK);
        CU_ASSERT_FATAL(fd >= 0);
        CU_ASSERT_EQUAL(terminal_read(fd, data, sizeof(data), "hello\n", 6), 6);
        CU_ASSERT_EQUAL(write(fd, "a\r", 2), 2);
        for (int n = 0; n < 5000 && guests[1].page->in_prod < 2 * i; n++) {
            usleep(1000);
            run_loop();
        }
        CU_ASSERT_EQUAL(guests[1].page->in_prod, 2 * i);
        close(fd);
    }
    /* what nobody reads is bounded, and its end is the latest output */
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i / 251 + i);
    for (size_t at = 0; at < sizeof(text); at += 1000) {
        CU_ASSERT_EQUAL(guest_say(1, text + at, 1000), 1000);
        run_loop();
    }
    fd = open(fake.domain[1].tty, O_RDWR | O_NOCTTY | O_NONBLOCK);
    len = terminal_read(fd, data, sizeof(data), text + sizeof(text) - 10000, 10000);
    CU_ASSERT(len >= 16384 && len < sizeof(text) / 2);
    CU_ASSERT_EQUAL(memcmp(data + len - 10000, text + sizeof(text) - 10000, 10000), 0);
    close(fd);
    unlinkat(setup.logs.dir, "demo.log", 0);
    daemon_stop();
}

/* The store goes and comes back: consoles live on, and what changed meanwhile is found. */
static void test_store_restart(void)
{
    int fd;

    daemon_start();
    fake.down = true;
    daemon_go();
    fake.down = false;
    domain_make(1, "one");
    domain_make(2, "two");
    fd = client_open();
    client_say(fd, "attach 0 one\n"); /* no store yet: not known */
    expect_client(fd, "ERR 2 no domain of that name or number has a console\n", true);
    close(fd);
    until_connected();
    CU_ASSERT(guests[1].bound && guests[2].bound);
    fd = client_attach("attach 0 two\n", "OK 2 two\n");
    fake.broken = -ECONNRESET;
    store_cut();
    run_loop();
    CU_ASSERT_PTR_NULL(fake.connection);
    guest_says(2, "still here");
    expect_client(fd, "still here", false);
    fake.domain[1].introduced = false;
    domain_make(3, "three");
    until_connected();
    CU_ASSERT(!guests[1].bound);
    CU_ASSERT(guests[2].bound && guests[3].bound);
    guest_says(2, ", always");
    expect_client(fd, ", always", false);
    close(fd);
    daemon_stop();
}

static void test_listen_twice(void)
{
    int fd;

    daemon_start();
    daemon_go();
    CU_ASSERT_EQUAL(clients_listen(socket_path), -EADDRINUSE);
    daemon_stop();
    /* a socket that a dead daemon left is replaced */
    fd = clients_listen(socket_path);
    CU_ASSERT(fd >= 0);
    close(fd);
    fd = clients_listen(socket_path);
    CU_ASSERT(fd >= 0);
    close(fd);
    unlink(socket_path);
}

/* ---- the attaching side, which blocks: it runs in a child, the daemon here ---- */

static pid_t attach_start(const char *target, int in, int out)
{
    pid_t pid = fork();

    if (pid == 0) {
        char error[256] = "";
        int result = consoled_attach(socket_path, target, in, out, 100, error, sizeof(error));

        if (result < 0 && write(out, error, strlen(error)) < 0)
            _exit(99);
        _exit(result < 0 ? 100 : result);
    }
    CU_ASSERT_FATAL(pid > 0);
    return pid;
}

/* Lets the daemon run until the child has ended; returns its wait status. */
static int attach_end(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        run_loop();
        usleep(1000);
    }
    return status;
}

/* Lets the daemon run until `text` is what came out of `fd`. */
static void expect_screen(int fd, const char *text)
{
    char data[512] = "";
    size_t len = 0;

    for (int i = 0; i < 5000 && len < strlen(text); i++) {
        ssize_t n = read(fd, data + len, sizeof(data) - 1 - len);

        len += n > 0 ? (size_t)n : 0;
        run_loop();
        usleep(1000);
    }
    CU_ASSERT_STRING_EQUAL(data, text);
}

static void test_attaching_side(void)
{
    int keys[2], screen[2], none = open("/dev/null", O_RDONLY);
    pid_t pid;

    daemon_start();
    daemon_go();
    domain_announce(1, "demo");
    guest_says(1, "hello");
    CU_ASSERT_EQUAL_FATAL(pipe(keys) | pipe2(screen, O_NONBLOCK), 0);
    CU_ASSERT_EQUAL(write(keys[1],
                          "ls\r\x1d"
                          "rest",
                          8),
                    8);
    pid = attach_start("demo", keys[0], screen[1]);
    CU_ASSERT_EQUAL(attach_end(pid), CONSOLED_LEFT << 8);
    run_loop();
    CU_ASSERT_EQUAL(guests[1].page->in_prod, 3);
    CU_ASSERT_EQUAL(memcmp(guests[1].page->in, "ls\r", 3), 0);
    pid = attach_start("nobody", none, screen[1]);
    CU_ASSERT_EQUAL(attach_end(pid), 100 << 8);
    expect_screen(screen[0], "nobody: no domain of that name or number has a console");
    pid = attach_start("two\nlines", none, screen[1]);
    CU_ASSERT_EQUAL(attach_end(pid), 100 << 8);
    expect_screen(screen[0], "not a domain's name or number: two\nlines: Invalid argument");
    /* without a keyboard: stays until the domain ends */
    pid = attach_start("demo", none, screen[1]);
    expect_screen(screen[0], "hello");
    guest_says(1, " again");
    expect_screen(screen[0], " again");
    domain_die(1);
    CU_ASSERT_EQUAL(attach_end(pid), CONSOLED_ENDED << 8);
    for (int i = 0; i < 2; i++) {
        close(keys[i]);
        close(screen[i]);
    }
    close(none);
    unlinkat(setup.logs.dir, "demo.log", 0);
    daemon_stop();
}

/* A terminal is raw while it is attached and as before when that ends, by the key or by a signal. */
static void test_attaching_terminal(void)
{
    static struct termios before, during, after; /* static: compared with their padding, which is zero then */
    int master, terminal, screen[2];

    daemon_start();
    daemon_go();
    domain_announce(1, "demo");
    guest_says(1, "hello");
    CU_ASSERT_EQUAL_FATAL(openpty(&master, &terminal, NULL, NULL, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pipe2(screen, O_NONBLOCK), 0);
    CU_ASSERT_EQUAL(tcgetattr(terminal, &before), 0);
    for (int by_signal = 0; by_signal < 2; by_signal++) {
        pid_t pid = attach_start("demo", terminal, screen[1]);
        int status;

        expect_screen(screen[0], "hello");
        CU_ASSERT_EQUAL(tcgetattr(terminal, &during), 0);
        CU_ASSERT_EQUAL(during.c_lflag & (tcflag_t)(ICANON | ECHO | ISIG), 0);
        if (by_signal)
            kill(pid, SIGTERM);
        else
            CU_ASSERT_EQUAL(write(master, "\x03\x1d", 2), 2);
        status = attach_end(pid);
        CU_ASSERT_EQUAL(status, by_signal ? SIGTERM : CONSOLED_LEFT << 8);
        CU_ASSERT_EQUAL(tcgetattr(terminal, &after), 0);
        CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof(before)), 0);
    }
    CU_ASSERT_EQUAL(guests[1].page->in[0], 3); /* Ctrl-C is the guest's */
    close(master);
    close(terminal);
    close(screen[0]);
    close(screen[1]);
    unlinkat(setup.logs.dir, "demo.log", 0);
    daemon_stop();
}

static CU_TestInfo tests[] = {
    {"log and attach", test_log_and_attach},
    {"requests", test_requests},
    {"time limit", test_time_limit},
    {"slow client", test_slow_client},
    {"input backpressure", test_input_backpressure},
    {"flood", test_flood},
    {"flood of events", test_event_flood},
    {"broken ring", test_broken_ring},
    {"finding domains", test_finding_domains},
    {"terminal", test_terminal},
    {"store restart", test_store_restart},
    {"listen twice", test_listen_twice},
    {"attaching side", test_attaching_side},
    {"attaching a terminal", test_attaching_terminal},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run_between("console daemon", world_start, world_end, tests);
}
