/* SPDX-License-Identifier: MIT */
/*
 * mews-balloond, the balancer: moves memory from VPSes that do not need it to those that are short of
 * it. Nothing starts it but its owner's wish, and nothing depends on it: ended or killed, all VPSes
 * keep what they have.
 *
 * This file is options, privilege and the loop. Once its devices are open the daemon gives up every
 * capability: it goes on as a root that can do no more than use root's own files and the hypercall
 * device. It must never run twice on a node: two of them would give the same memory away.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "round.h"

#define LOCK_NAME        ".balloond"
#define DEFAULT_INTERVAL 10
#define DEFAULT_RESERVE  (UINT64_C(64) << 10) /* KiB */

struct options {
    unsigned int interval;
    uint64_t reserve_kib;
    bool once, dry, foreground;
};

static const char help[] =
    "usage: mews-balloond [OPTIONS]\n"
    "Moves memory between running VPSes: from those that do not need what they have to those that\n"
    "are short. A VPS takes part where its description guarantees it a minimum (<min_guarantee> in\n"
    "<memtune>), below which it is never brought, and where it reports its figures (mews-report).\n"
    "  --interval SECONDS  how often it looks, default 10\n"
    "  --reserve SIZE      memory to be kept free, for new VPSes; KiB, or 64M, 1G; default 64M\n"
    "  --once              looks and acts once, in the foreground\n"
    "  --dry-run           looks once, prints what it would do as JSON, and changes nothing\n"
    "  --foreground        stays on the terminal\n"
    "  --help, --version\n"
    "Its messages go to syslog, and to standard error where it stays on the terminal: a line for each\n"
    "VPS whose memory it changes. SIGTERM ends it; all VPSes keep what they have then.\n";

static _Noreturn void usage(const char *option, const char *text)
{
    fprintf(stderr, "mews-balloond: --%s does not take '%s'; try --help\n", option, text);
    exit(2);
}

static unsigned int parse_interval(const char *text)
{
    char *end;
    unsigned long seconds;

    errno = 0;
    seconds = strtoul(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || seconds < 1 || seconds > 86400)
        usage("interval", text);
    return (unsigned int)seconds;
}

static void options_parse(struct options *o, int argc, char **argv)
{
    enum { INTERVAL, RESERVE, ONCE, DRY_RUN, FOREGROUND, HELP, VERSION };
    static const struct option table[] = {
        {"interval", required_argument, NULL, INTERVAL},
        {"reserve", required_argument, NULL, RESERVE},
        {"once", no_argument, NULL, ONCE},
        {"dry-run", no_argument, NULL, DRY_RUN},
        {"foreground", no_argument, NULL, FOREGROUND},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case INTERVAL:
            o->interval = parse_interval(optarg);
            break;
        case RESERVE:
            if (!vmctl_parse_size(optarg, &o->reserve_kib))
                usage("reserve", optarg);
            break;
        case ONCE:
            o->once = true;
            break;
        case DRY_RUN:
            o->dry = o->once = true;
            break;
        case FOREGROUND:
            o->foreground = true;
            break;
        case HELP:
            fputs(help, stdout);
            exit(0);
        case VERSION:
            puts("mews-balloond " VMCTL_VERSION);
            exit(0);
        default:
            fputs("Try mews-balloond --help.\n", stderr);
            exit(2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "mews-balloond: unexpected argument '%s'; try --help\n", argv[optind]);
        exit(2);
    }
}

static void say(bool problem, const char *line)
{
    syslog(problem ? LOG_ERR : LOG_INFO, "%s", line);
}

/* Held for the life of the process. */
static bool take_lock(void)
{
    const char *dir = getenv("MEWS_STATE_DIR");
    char path[256];
    int fd;

    if (!dir)
        dir = "/run/mews";
    if ((size_t)snprintf(path, sizeof(path), "%s/" LOCK_NAME, dir) >= sizeof(path)) {
        syslog(LOG_ERR, "the path of the state directory %s is too long", dir);
        return false;
    }
    if (mkdir(dir, 0700) && errno != EEXIST) {
        syslog(LOG_ERR, "cannot make the state directory %s: %s", dir, strerror(errno));
        return false;
    }
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || (flock(fd, LOCK_EX | LOCK_NB) && errno != EWOULDBLOCK)) {
        syslog(LOG_ERR, "cannot lock %s: %s", path, strerror(errno));
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        syslog(LOG_ERR, "another mews-balloond is at work (it holds %s): end it first", path);
        return false;
    }
    return true;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0) {
        syslog(LOG_ERR, "cannot drop capabilities: %s", strerror(errno));
        return false;
    }
    return true;
}

/* ---- the loop ---- */

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct round_result result;

    (void)fd;
    (void)what;
    if (!balancer_round(context, false, &result))
        round_result_free(&result);
}

static void on_end(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopexit(context, NULL);
}

static int loop(struct balancer *b, unsigned int interval)
{
    const struct timeval period = {.tv_sec = interval};
    struct event_base *base = event_base_new();
    struct event *timer, *end, *interrupt;
    int status = 1;

    if (!base) {
        syslog(LOG_ERR, "cannot start the event loop: out of memory");
        return 1;
    }
    timer = event_new(base, -1, EV_PERSIST, on_timer, b);
    end = evsignal_new(base, SIGTERM, on_end, base);
    interrupt = evsignal_new(base, SIGINT, on_end, base);
    if (timer && end && interrupt && !event_add(end, NULL) && !event_add(interrupt, NULL) &&
        !event_add(timer, &period)) {
        event_active(timer, EV_TIMEOUT, 0); /* the first round is now */
        status = event_base_dispatch(base) < 0;
    } else {
        syslog(LOG_ERR, "cannot start the event loop: out of memory");
    }
    if (timer)
        event_free(timer);
    if (end)
        event_free(end);
    if (interrupt)
        event_free(interrupt);
    event_base_free(base);
    return status;
}

static int run(struct balancer *b, const struct options *o)
{
    int status;

    if (!o->foreground && daemon(0, 0)) {
        syslog(LOG_ERR, "cannot become a daemon: %s", strerror(errno));
        return 1;
    }
    if (!o->foreground) /* there is nobody at standard error any more */
        openlog("mews-balloond", LOG_PID, LOG_DAEMON);
    if (balancer_connect(b) || !drop_capabilities())
        return 1;
    syslog(LOG_INFO, "started: every %u s, %" PRIu64 " KiB kept free", o->interval, o->reserve_kib);
    status = loop(b, o->interval);
    syslog(LOG_INFO, "ended");
    return status;
}

static int run_once(struct balancer *b, bool dry)
{
    struct round_result result;
    char *text;
    int status;

    if (balancer_round(b, dry, &result))
        return 1;
    status = result.failed != 0;
    if (dry) {
        text = round_json(&result);
        if (!text || fputs(text, stdout) == EOF || fflush(stdout))
            status = 1;
        free(text);
    }
    round_result_free(&result);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = {.interval = DEFAULT_INTERVAL, .reserve_kib = DEFAULT_RESERVE};
    struct balancer *b;
    int status = 1;

    options_parse(&o, argc, argv);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    openlog("mews-balloond", LOG_PID | LOG_PERROR, LOG_DAEMON);
    b = balancer_new(NULL, o.reserve_kib, say);
    if (!b) {
        syslog(LOG_ERR, "out of memory");
        return 1;
    }
    /* tried before the fork, for the starter to see; what it opened is not carried across */
    if ((o.dry || take_lock()) && !balancer_connect(b)) {
        if (o.once) {
            status = drop_capabilities() ? run_once(b, o.dry) : 1;
        } else {
            balancer_disconnect(b);
            status = run(b, &o);
        }
    }
    balancer_free(b);
    return status;
}
