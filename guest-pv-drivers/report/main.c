/* SPDX-License-Identifier: MIT */
/*
 * mews-report: runs in a Linux VPS and tells its host how much memory it uses, so that the host's
 * balancer can give it more, or take what it does not need. It writes numbers to the VPS's own part of
 * the store and nothing else; what the host does with them is the host's business. The names of the
 * nodes are those of Xen's guest utilities, and some more beside them.
 *
 * It uses libc alone and can be linked statically, so that it can live in an initramfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "meminfo.h"
#include "vmctl.h"
#include "xenbus.h"

#define DEFAULT_INTERVAL 10

static const char help[] =
    "usage: mews-report [--interval SECONDS] [--once] [--device PATH]\n"
    "Tells the host of this VPS how much memory it has, uses and could do without.\n"
    "  --interval SECONDS  how often it looks, default 10; it tells what changed, and something\n"
    "                      every minute\n"
    "  --once              tells once, and ends\n"
    "  --device PATH       instead of /dev/xen/xenbus\n"
    "  --help, --version\n";

static bool look(struct meminfo *out)
{
    char text[8192];
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    if (len < 0) {
        fprintf(stderr, "mews-report: cannot read /proc/meminfo: %s\n", strerror(errno));
        return false;
    }
    text[len] = 0;
    if (meminfo_parse(text, out))
        return true;
    fputs("mews-report: /proc/meminfo does not say what is available\n", stderr);
    return false;
}

static bool tell_one(int fd, const char *name, uint64_t value)
{
    char path[64], text[32];

    snprintf(path, sizeof(path), "data/%s", name);
    snprintf(text, sizeof(text), "%" PRIu64, value);
    if (!xenbus_write(fd, path, text))
        return true;
    fprintf(stderr, "mews-report: cannot write %s to the store: %s\n", path, strerror(errno));
    return false;
}

/* The date last: it says that the rest is there. */
static bool tell(int fd, const struct meminfo *m)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return tell_one(fd, "meminfo_total", m->total) && tell_one(fd, "meminfo_free", m->free) &&
           tell_one(fd, "meminfo_available", m->available) &&
           tell_one(fd, "swap_total", m->swap_total) && tell_one(fd, "swap_free", m->swap_free) &&
           tell_one(fd, "updated", (uint64_t)now.tv_sec);
}

/* Seconds since the start of the machine. */
static int64_t uptime(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* For good, unless the kernel has no figures or takes none. */
static int watch(int fd, unsigned int interval)
{
    struct meminfo told = {0}, now;
    int64_t told_at = -MEMINFO_SILENCE_SECONDS;

    for (;; sleep(interval)) {
        if (!look(&now))
            return 1;
        if (!meminfo_due(&told, &now, uptime() - told_at))
            continue;
        /* the store may be restarting: what could not be told now is told the next time */
        if (tell(fd, &now)) {
            told = now;
            told_at = uptime();
        }
    }
}

int main(int argc, char **argv)
{
    enum { INTERVAL = 256, ONCE, DEVICE, HELP, VERSION };
    static const struct option table[] = {
        {"interval", required_argument, NULL, INTERVAL},
        {"once", no_argument, NULL, ONCE},
        {"device", required_argument, NULL, DEVICE},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    unsigned long interval = DEFAULT_INTERVAL;
    const char *device = NULL;
    struct meminfo now;
    bool once = false;
    char *end;
    int c, fd;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case INTERVAL:
            interval = strtoul(optarg, &end, 10);
            if (*optarg < '0' || *optarg > '9' || *end || interval < 1 || interval > 60) {
                fputs("mews-report: --interval takes 1 to 60 seconds\n", stderr);
                return 2;
            }
            break;
        case ONCE:
            once = true;
            break;
        case DEVICE:
            device = optarg;
            break;
        case HELP:
            fputs(help, stdout);
            return 0;
        case VERSION:
            puts("mews-report " VMCTL_VERSION);
            return 0;
        default:
            fputs("Try mews-report --help.\n", stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "mews-report: unexpected argument '%s'; try --help\n", argv[optind]);
        return 2;
    }
    fd = xenbus_open(device);
    if (fd < 0) {
        fprintf(stderr, "mews-report: cannot open %s: %s (is this a VPS, and are you root?)\n",
                device ? device : "/dev/xen/xenbus", strerror(errno));
        return 1;
    }
    if (once)
        return look(&now) && tell(fd, &now) ? 0 : 1;
    return watch(fd, (unsigned int)interval);
}
