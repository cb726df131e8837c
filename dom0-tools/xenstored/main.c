/* SPDX-License-Identifier: MIT */
/*
 * xenstored: puts the parts together, becomes a daemon, gives up root. Must be ready to answer
 * before it says so: the pid file, and the exit of the process that was started, come after the
 * socket listens.
 *
 * A store cannot be restarted while domains run: their watches and half-read messages are in this
 * process alone.
 */
#include "domain.h"
#include "socket.h"
#include "vmctl.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define UID_NOBODY 65534

struct options {
    const char *run_dir, *pid_file, *log_file;
    bool foreground, verbose, init_dom0, socket_only;
};

static const char usage_text[] =
    "usage: xenstored [options]\n"
    "  -F, --foreground     do not become a daemon; messages go to stderr\n"
    "      --init-dom0      write dom0's own nodes (name, domid, pool), as xen-init-dom0 does\n"
    "      --log-file FILE  append messages to FILE\n"
    "      --pid-file FILE  write the process id there, once requests are answered\n"
    "      --run-dir DIR    where the socket goes (default /run/xenstored)\n"
    "      --socket-only    no hypervisor: serve the socket alone\n"
    "  -v, --verbose        log each request\n"
    "      --help, --version\n";

/* The exit status, or -1 to go on. */
static int options_parse(int argc, char **argv, struct options *options)
{
    enum { OPT_INIT = 256, OPT_LOG, OPT_PID, OPT_RUN, OPT_SOCKET, OPT_VERSION };
    static const struct option longs[] = {
        {"foreground", no_argument, NULL, 'F'},
        {"init-dom0", no_argument, NULL, OPT_INIT},
        {"log-file", required_argument, NULL, OPT_LOG},
        {"pid-file", required_argument, NULL, OPT_PID},
        {"run-dir", required_argument, NULL, OPT_RUN},
        {"socket-only", no_argument, NULL, OPT_SOCKET},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };
    int option;

    *options = (struct options){.run_dir = "/run/xenstored"};
    while ((option = getopt_long(argc, argv, "Fvh", longs, NULL)) != -1) {
        switch (option) {
        case 'F':
            options->foreground = true;
            break;
        case 'v':
            options->verbose = true;
            break;
        case OPT_INIT:
            options->init_dom0 = true;
            break;
        case OPT_LOG:
            options->log_file = optarg;
            break;
        case OPT_PID:
            options->pid_file = optarg;
            break;
        case OPT_RUN:
            options->run_dir = optarg;
            break;
        case OPT_SOCKET:
            options->socket_only = true;
            break;
        case 'h':
            fputs(usage_text, stdout);
            return 0;
        case OPT_VERSION:
            puts("xenstored of Mews " VMCTL_VERSION);
            return 0;
        default:
            fputs(usage_text, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "xenstored: unexpected argument %s\n%s", argv[optind], usage_text);
        return 2;
    }
    return -1;
}

/*
 * Forks. The parent stays until the child says that it is ready (or has failed) and exits with its
 * status; the child returns the descriptor to say it on.
 */
static int daemon_start(void)
{
    char status = 1;
    int ends[2], null;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        fprintf(stderr, "xenstored: cannot start a daemon: %s\n", strerror(errno));
        exit(1);
    }
    if (child > 0) {
        close(ends[1]);
        while (read(ends[0], &status, 1) < 0 && errno == EINTR) {
        }
        _exit(status);
    }
    close(ends[0]);
    setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    return ends[1];
}

/* Messages of a daemon go to its log or nowhere, but only from when it has nothing more to say to
 * its starter. */
static void daemon_ready(int ready)
{
    char status = 0;

    if (write(ready, &status, 1) != 1) {
        fputs("xenstored: whoever started this is gone\n", stderr);
    }
    close(ready);
}

static int log_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    if (fd < 0) {
        fprintf(stderr, "xenstored: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return fd;
}

static int pid_write(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file) != 0) {
        fprintf(stderr, "xenstored: %s: %s\n", path, strerror(errno));
        return 1;
    }
    return 0;
}

/* More clients than the usual 1024; last in line where memory runs out, for no domain survives its
 * store. */
static void limits_raise(void)
{
    struct rlimit files = {65536, 65536};
    int fd;

    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "-900", 4) < 0) {
            fputs("xenstored: oom_score_adj cannot be set\n", stderr);
        }
        close(fd);
    }
}

/* All devices are open: from here on a user without any right will do. Changing the user drops all
 * capabilities. */
static int privileges_drop(void)
{
    if (geteuid() != 0) {
        return 0;
    }
    if (setgroups(0, NULL) < 0 || setresgid(UID_NOBODY, UID_NOBODY, UID_NOBODY) < 0 ||
        setresuid(UID_NOBODY, UID_NOBODY, UID_NOBODY) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        fprintf(stderr, "xenstored: cannot give up root: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

/* The nodes that clients find at the start. */
static void nodes_create(struct store *store, bool init_dom0)
{
    struct store_client self = {.privileged = true};

    store_mkdir(store, &self, 0, "/tool/xenstored");
    store_mkdir(store, &self, 0, "/local/domain");
    store_mkdir(store, &self, 0, "/vm");
    if (init_dom0) {
        store_write(store, &self, 0, "/local/domain/0/domid", "0", 1);
        store_write(store, &self, 0, "/local/domain/0/name", "Domain-0", 8);
        store_write(store, &self, 0, "/local/pool/0/name", "Pool-0", 6);
    }
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopexit(arg, NULL);
}

/* Everything that needs root, in an order in which a failure leaves nothing behind but a socket
 * nobody serves. */
static int set_up(struct daemon *daemon, struct event_base *base, const struct options *options)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/socket", options->run_dir);
    if (mkdir(options->run_dir, 0755) < 0 && errno != EEXIST) {
        fprintf(stderr, "xenstored: cannot make the directory %s of its socket: %s\n",
                options->run_dir, strerror(errno));
        return 1;
    }
    limits_raise();
    nodes_create(daemon->store, options->init_dom0);
    if (socket_start(daemon, base, path)) {
        return 1;
    }
    if (!options->socket_only && domain_start(daemon, base)) {
        unlink(path);
        return 1;
    }
    if ((options->pid_file && pid_write(options->pid_file)) || privileges_drop()) {
        unlink(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    struct event_base *base;
    struct event *terminate, *interrupt;
    struct options options;
    int status = options_parse(argc, argv, &options), ready = -1, log = -1;

    if (status >= 0) {
        return status;
    }
    if (options.log_file && (log = log_open(options.log_file)) < 0) {
        return 1;
    }
    if (!options.foreground) {
        ready = daemon_start();
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    base = event_base_new();
    if (!base) {
        fputs("xenstored: no event loop\n", stderr);
        return 1;
    }
    daemon.verbose = options.verbose;
    daemon.domains = options.socket_only ? &domain_none : &domain_xen;
    daemon.store = store_new(conn_event);
    if (set_up(&daemon, base, &options)) {
        return 1;
    }
    terminate = evsignal_new(base, SIGTERM, on_signal, base);
    interrupt = evsignal_new(base, SIGINT, on_signal, base);
    event_add(terminate, NULL);
    event_add(interrupt, NULL);
    if (ready >= 0) {
        daemon_ready(ready);
    }
    if (log >= 0) {
        dup2(log, STDERR_FILENO);
    } else if (!options.foreground) {
        dup2(STDIN_FILENO, STDERR_FILENO);
    }
    setvbuf(stderr, NULL, _IOLBF, 0);
    event_base_dispatch(base);
    return event_base_got_break(base) ? 1 : 0;
}
