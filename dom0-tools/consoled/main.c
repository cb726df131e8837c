/* SPDX-License-Identifier: MIT */
/*
 * mews-consoled: logs every domain's console and lets clients attach to it.
 *
 * This file is the start and the end: options, directories, the event loop. Between opening its
 * devices and entering the loop the daemon gives up every capability, so it goes on as a root that
 * can do no more than use its own files, its sockets and the two Xen devices it has open. All domain
 * state is in the store and in the rings: a daemon that is killed and started again goes on where
 * the last one stopped, and no domain notices.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clients.h"
#include "domains.h"
#include "protocol.h"
#include "report.h"
#include "vmctl.h"

#define PORTS_AT_ONCE 64 /* event channels served before sockets and the store get their turn */

struct options {
    const char *socket, *store, *log_dir, *pid_file, *messages;
    bool background;
    uint32_t log_size, log_keep, rate, burst;
};

struct daemon {
    struct event_base *base;
    struct host host;
    struct console_setup setup;
    struct domains *domains;
    struct clients *clients;
    int listener;
};

static const char help[] =
    "usage: mews-consoled [OPTIONS]\n"
    "Logs the console of every domain and lets `vmctl console` attach to it.\n"
    "  --background       return when the daemon is ready; its messages go to --messages\n"
    "  --messages FILE    default /var/log/mews/consoled.log\n"
    "  --pid-file FILE    write the daemon's process id there\n"
    "  --socket PATH      where clients attach, default " CONSOLED_SOCKET "\n"
    "  --store PATH       the store's socket, default /run/xenstored/socket\n"
    "  --log-dir DIR      default /var/log/mews/console\n"
    "  --log-size BYTES   size at which a log is rotated, default 4194304\n"
    "  --log-keep N       rotated logs that stay for each domain, default 3\n"
    "  --rate BYTES       output a second that one domain may make us handle, default 131072\n"
    "  --burst BYTES      what it may have at once after a quiet time, default 524288\n"
    "  --help, --version\n"
    "SIGHUP opens the logs afresh and asks the store again; SIGTERM ends the daemon.\n";

/* A decimal number in min..max, or exit status 2. */
static uint32_t option_number(const char *name, const char *text, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || n < min || n > max) {
        fprintf(stderr,
                "mews-consoled: --%s takes a number from %" PRIu32 " to %" PRIu32 ", not '%s'\n",
                name, min, max, text);
        exit(2);
    }
    return (uint32_t)n;
}

/* What one option says; the letters are options_parse()'s. */
static void option_take(struct options *o, int option)
{
    switch (option) {
    case 'b':
        o->background = true;
        break;
    case 'm':
        o->messages = optarg;
        break;
    case 'p':
        o->pid_file = optarg;
        break;
    case 's':
        o->socket = optarg;
        break;
    case 'S':
        o->store = optarg;
        break;
    case 'd':
        o->log_dir = optarg;
        break;
    case 'l':
        o->log_size = option_number("log-size", optarg, 4096, 1u << 30);
        break;
    case 'k':
        o->log_keep = option_number("log-keep", optarg, 0, 99);
        break;
    case 'r':
        o->rate = option_number("rate", optarg, 1024, 1u << 30);
        break;
    case 'B':
        o->burst = option_number("burst", optarg, 4096, 1u << 30);
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    case 'v':
        puts("mews-consoled " VMCTL_VERSION);
        exit(0);
    default:
        fputs("Try mews-consoled --help.\n", stderr);
        exit(2);
    }
}

static void options_parse(struct options *o, int argc, char **argv)
{
    /* the letters tell them apart, and are no options themselves */
    static const struct option table[] = {
        {"background", no_argument, NULL, 'b'},
        {"messages", required_argument, NULL, 'm'},
        {"pid-file", required_argument, NULL, 'p'},
        {"socket", required_argument, NULL, 's'},
        {"store", required_argument, NULL, 'S'},
        {"log-dir", required_argument, NULL, 'd'},
        {"log-size", required_argument, NULL, 'l'},
        {"log-keep", required_argument, NULL, 'k'},
        {"rate", required_argument, NULL, 'r'},
        {"burst", required_argument, NULL, 'B'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
        option_take(o, c);
    if (optind < argc) {
        fprintf(stderr, "mews-consoled: unexpected argument '%s'; try --help\n", argv[optind]);
        exit(2);
    }
}

/* ---- the surroundings ---- */

/* Makes the directories that lead to `path`, and `path` itself where `whole` says so. */
static int make_directories(const char *path, bool whole)
{
    char copy[PATH_MAX];

    if (strlen(path) >= sizeof(copy))
        return -ENAMETOOLONG;
    strcpy(copy, path);
    for (char *p = copy + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    return whole && mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Holds PATH.lock for the life of the process, so that two daemons never share a socket. */
static int take_lock(const char *socket)
{
    char path[PATH_MAX];
    int fd;

    if (snprintf(path, sizeof(path), "%s.lock", socket) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;

        close(fd);
        return err;
    }
    return fd; /* never closed */
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
        return -errno;
    return 0;
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    /* one log for each domain, one descriptor for each client */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- the loop ---- */

static void daemon_ports(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;

    (void)fd;
    (void)what;
    for (int i = 0; i < PORTS_AT_ONCE; i++) {
        struct console *c;
        uint32_t port;
        int err = host_next_port(&d->host, &port);

        if (err == 0)
            return;
        if (err == -EFBIG) {
            domains_each(d->domains, console_fired); /* which ones fired was lost: look at all */
            return;
        }
        if (err < 0) {
            report("cannot read event channels: %s", strerror(-err));
            event_base_loopbreak(d->base);
            return;
        }
        c = domains_by_port(d->domains, port);
        if (c)
            console_fired(c);
    }
}

static void daemon_hangup(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;

    (void)fd;
    (void)what;
    domains_each(d->domains, console_reopen_log);
    domains_refresh(d->domains);
}

static void daemon_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopexit(((struct daemon *)arg)->base, NULL);
}

/* Reports a step of the start that failed; returns false for the caller to pass on. */
static bool failed(const char *what, const char *object, int err)
{
    report("cannot %s %s: %s", what, object, strerror(-err));
    return false;
}

static bool daemon_start(struct daemon *d, const struct options *o)
{
    int err = make_directories(o->log_dir, true);

    if (!err)
        d->setup.logs.dir = open(o->log_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (err || d->setup.logs.dir < 0)
        return failed("open the log directory", o->log_dir, err ? err : -errno);
    err = make_directories(o->socket, false);
    if (!err)
        err = take_lock(o->socket);
    if (err >= 0)
        err = d->listener = clients_listen(o->socket);
    if (err == -EADDRINUSE) {
        report("another daemon serves %s; end it first", o->socket);
        return false;
    }
    if (err < 0)
        return failed("listen on", o->socket, err);
    err = host_open(&d->host);
    if (err)
        return failed("open",
                      "/dev/xen/evtchn and /dev/xen/gntdev (is this dom0, with the modules "
                      "xen-evtchn and xen-gntdev loaded?)",
                      err);
    raise_file_limit();
    err = drop_capabilities();
    if (err)
        return failed("drop", "capabilities", err);
    d->base = event_base_new();
    if (!d->base)
        return failed("start", "the event loop", -ENOMEM);
    d->setup.base = d->base;
    d->setup.host = &d->host;
    d->setup.logs.limit = o->log_size;
    d->setup.logs.keep = o->log_keep;
    d->setup.rate = o->rate;
    d->setup.burst = o->burst;
    d->setup.replay_size = CONSOLED_REPLAY_MAX;
    d->domains = domains_start(&d->setup, o->store);
    if (d->domains)
        d->clients = clients_start(d->base, d->listener, d->domains);
    return d->clients || failed("start", "the event loop", -ENOMEM);
}

static int daemon_run(struct daemon *d)
{
    struct event *ports =
        event_new(d->base, host_fd(&d->host), EV_READ | EV_PERSIST, daemon_ports, d);
    struct event *hangup = evsignal_new(d->base, SIGHUP, daemon_hangup, d);
    struct event *end = evsignal_new(d->base, SIGTERM, daemon_end, d);
    struct event *interrupt = evsignal_new(d->base, SIGINT, daemon_end, d);

    if (!ports || !hangup || !end || !interrupt || event_add(ports, NULL) < 0 ||
        event_add(hangup, NULL) < 0 || event_add(end, NULL) < 0 || event_add(interrupt, NULL) < 0) {
        failed("start", "the event loop", -ENOMEM);
        return 1;
    }
    event_base_dispatch(d->base);
    event_free(ports);
    event_free(hangup);
    event_free(end);
    event_free(interrupt);
    return event_base_got_break(d->base) ? 1 : 0;
}

static void daemon_stop(struct daemon *d, const struct options *o)
{
    clients_stop(d->clients);
    domains_stop(d->domains);
    unlink(o->socket);
    close(d->listener);
    host_close(&d->host);
    close(d->setup.logs.dir);
    event_base_free(d->base);
}

/* ---- into the background ---- */

struct background {
    int ready;    /* where to tell the one who started us, -1: nobody waits */
    int messages; /* what standard error becomes then */
};

/*
 * Forks. The parent waits for the child's word and exits with its status. Until that word the
 * child's messages go to the starter's standard error. Must come before anything that a fork would
 * split.
 */
static void background_fork(struct background *b, const char *messages)
{
    int fds[2], null;
    char status = 1;
    pid_t pid;

    if (make_directories(messages, false) < 0 || pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        report("cannot go into the background: %s", strerror(errno));
        exit(1);
    }
    if (pid > 0) {
        close(fds[1]);
        if (read(fds[0], &status, 1) != 1)
            status = 1; /* it died, and has said why */
        _exit(status);
    }
    close(fds[0]);
    setsid();
    b->ready = fds[1];
    b->messages = open(messages, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (b->messages < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0) {
        report("cannot open %s: %s", b->messages < 0 ? messages : "/dev/null", strerror(errno));
        exit(1);
    }
    close(null);
}

static void background_ready(struct background *b)
{
    if (b->ready < 0)
        return;
    if (dup2(b->messages, STDERR_FILENO) < 0 || write(b->ready, "", 1) != 1)
        report("whoever started the daemon did not wait for it");
    close(b->messages);
    close(b->ready);
}

static bool write_pid_file(const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        return failed("write", path, -errno);
    fprintf(f, "%d\n", (int)getpid());
    return fclose(f) == 0 || failed("write", path, -errno);
}

int main(int argc, char **argv)
{
    struct options options = {
        .socket = CONSOLED_SOCKET,
        .log_dir = "/var/log/mews/console",
        .messages = "/var/log/mews/consoled.log",
        .log_size = 4u << 20,
        .log_keep = 3,
        .rate = 128u << 10,
        .burst = 512u << 10,
    };
    struct daemon d = {0};
    struct background background = {-1, -1};
    int status;

    options_parse(&options, argc, argv);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (options.background)
        background_fork(&background, options.messages);
    if (!daemon_start(&d, &options))
        return 1;
    if (options.pid_file && !write_pid_file(options.pid_file)) {
        daemon_stop(&d, &options);
        return 1;
    }
    background_ready(&background);
    status = daemon_run(&d);
    daemon_stop(&d, &options);
    if (options.pid_file)
        unlink(options.pid_file);
    return status;
}
