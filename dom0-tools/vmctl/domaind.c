/* SPDX-License-Identifier: MIT */
/*
 * mews-domaind, the domain daemon: restarts VPSes, takes those away that ended, and cleans up after
 * creators that were killed. It keeps no state of its own, so it may be killed at any time, and the
 * next one goes on where it stopped; no VPS notices. It must never be the only one to know
 * something.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "vmctl.h"

/* How soon to look again while the store is down. */
#define RETRY_SECONDS 1

/* Even if no event came: something may have been missed while the store was down. */
#define LOOK_MS 30000

static void on_warning(void *context, const char *message)
{
    (void)context;
    syslog(LOG_WARNING, "%s", message);
}

/* One connection's worth of work; returns when the store is lost. */
static void serve(struct vmctl *v)
{
    struct pollfd fds[2];
    int descriptors[2];

    if (vmctl_watch_fds(v, descriptors)) {
        syslog(LOG_ERR, "%s", vmctl_error(v));
        return;
    }
    for (int i = 0; i < 2; i++)
        fds[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    do {
        if (vmctl_reap(v) < 0)
            syslog(LOG_ERR, "%s", vmctl_error(v));
        if (poll(fds, 2, LOOK_MS) < 0 && errno != EINTR) {
            syslog(LOG_ERR, "cannot wait: %s", strerror(errno));
            sleep(RETRY_SECONDS);
        }
    } while (!vmctl_watch_clear(v));
    syslog(LOG_ERR, "%s", vmctl_error(v));
}

int main(int argc, char **argv)
{
    bool foreground = argc == 2 && !strcmp(argv[1], "--foreground");
    struct vmctl *v;
    int ret;

    if (argc > 1 && !foreground) {
        bool help = !strcmp(argv[1], "--help");

        if (!strcmp(argv[1], "--version")) {
            puts("mews-domaind " VMCTL_VERSION);
            return 0;
        }
        fprintf(
            help ? stdout : stderr,
            "usage: mews-domaind [--foreground], or --help, or --version\n\n"
            "Restarts VPSes and takes those away that ended. vmctl create starts it where none\n"
            "runs; a second one ends at once.\n");
        return help ? 0 : 2;
    }
    if (!foreground && daemon(0, 0)) {
        perror("mews-domaind: cannot become a daemon");
        return 1;
    }
    openlog("mews-domaind", LOG_PID | (foreground ? LOG_PERROR : 0), LOG_DAEMON);
    signal(SIGPIPE, SIG_IGN);
    if (vmctl_open(&v))
        return 1;
    vmctl_on_warning(v, on_warning, NULL);
    ret = vmctl_lock_daemon(v);
    if (ret < 0)
        syslog(LOG_ERR, "%s", vmctl_error(v));
    if (ret)
        return ret < 0;
    for (;;) {
        serve(v);
        sleep(RETRY_SECONDS);
    }
}
