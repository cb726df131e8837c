/* SPDX-License-Identifier: MIT */
/*
 * What happens to VPSes while nobody asks: those that power off, reboot or crash are dealt with as
 * their descriptions say, and what killed creators left is taken away. All state is in the state
 * directory, the store and the hypervisor, so whoever runs this may die at any time: the next one
 * goes on. It must never touch a VPS that somebody else holds the lock of.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <public/sched.h>

/* A VPS that reboots faster than this is slowed down to it, so that a loop costs little. */
#define RESTART_SECONDS 1

/* Finishes what the holder of this file began before it was killed. */
static int reap_making(struct vmctl *v, const char *name, enum state_kind kind, void *context)
{
    struct state_file file;
    uint8_t uuid[16];
    int *acted = context;

    if (kind != STATE_MAKING || state_open(v, name, kind, &file))
        return 0;
    /* without a UUID in it, its maker was killed before there was anything else */
    if (!state_uuid(v, name, kind, uuid) || !vps_unmake(v, uuid))
        state_remove(v, &file);
    else
        vmctl_warn(v, "%s: cannot take away what is left of it: %s", name, v->error);
    state_close(&file);
    ++*acted;
    return 0;
}

void vps_reap_once(struct vmctl *v)
{
    int acted = 0;

    if (v->reaped || need_state(v))
        return;
    v->reaped = true;
    state_each(v, reap_making, &acted);
}

/* Slows down a VPS that ends as soon as it starts. */
static void pace(const struct state_file *file)
{
    struct timespec now;
    struct stat st;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!fstat(file->fd, &st) && now.tv_sec >= st.st_mtim.tv_sec &&
        now.tv_sec - st.st_mtim.tv_sec <= RESTART_SECONDS)
        sleep(RESTART_SECONDS);
}

/*
 * Makes the VPS of an .again file again, in a process of its own: other VPSes need not wait for it,
 * and what goes wrong in it goes wrong there.
 */
static void make_again(struct vmctl *v, struct state_file *file)
{
    struct vmctl *own;
    struct config *config;
    uint32_t domid;
    pid_t pid = fork();

    if (pid) {
        if (pid < 0)
            vmctl_warn(v, "%s: cannot start it again: %s", file->name, strerror(errno));
        return;
    }
    config = NULL;
    if (!vmctl_open(&own) && !need_state(own) && !need_xen(own) && !need_store(own))
        config = state_config(own, file);
    if (!config || vps_unmake(own, config->uuid)) {
        sleep(RESTART_SECONDS); /* the file stays: the next look at it tries again, not too soon */
        _exit(1);
    }
    own->warn = v->warn;
    own->warn_context = v->warn_context;
    pace(file);
    if (vps_make(own, config, file, 0, &domid)) {
        vmctl_warn(v, "%s stays down: %s", file->name, own->error);
        state_remove(own, file);
        _exit(1);
    }
    futimens(file->fd, NULL); /* what pace() measures from */
    _exit(0);
}

static int restart_pending(struct vmctl *v, const char *name, enum state_kind kind, void *context)
{
    struct state_file file;
    int *acted = context;

    if (kind != STATE_AGAIN || state_open(v, name, kind, &file))
        return 0;
    make_again(v, &file);
    state_close(&file); /* the child's copy holds the lock on */
    ++*acted;
    return 0;
}

static enum config_action action_for(const struct config *config, unsigned int code)
{
    switch (code) {
    case SHUTDOWN_poweroff:
        return config->on_poweroff;
    case SHUTDOWN_reboot:
        return config->on_reboot;
    case SHUTDOWN_crash:
    case SHUTDOWN_watchdog:
        return config->on_crash;
    default: /* suspended, and whatever is not known: somebody else's business */
        return ACTION_PRESERVE;
    }
}

struct domains {
    struct xen_domctl_getdomaininfo *infos;
    size_t count;
    int acted;
};

/* What is to be done about this VPS now; ACTION_PRESERVE: nothing. */
static enum config_action due(struct vmctl *v, const char *name, const uint8_t uuid[16],
                              const struct domains *d)
{
    enum config_action action = ACTION_PRESERVE;
    struct config *config;
    size_t i = 0;

    while (i < d->count && (!d->infos[i].domain || memcmp(d->infos[i].handle, uuid, 16)))
        i++;
    if (i == d->count)
        return ACTION_DESTROY; /* the domain has gone by itself: take the rest away */
    if (!(d->infos[i].flags & XEN_DOMINF_shutdown))
        return ACTION_PRESERVE;
    config = state_peek(v, name, STATE_RUNNING);
    if (config)
        action = action_for(config, d->infos[i].flags >> XEN_DOMINF_shutdownshift &
                                        XEN_DOMINF_shutdownmask);
    config_free(config);
    return action;
}

/* Looks at one VPS; where it has ended, does what its description says. */
static int act_on(struct vmctl *v, const char *name, enum state_kind kind, void *context)
{
    struct domains *seen = context, now = {.count = 0};
    enum config_action action;
    struct state_file file;
    uint8_t uuid[16];

    if (kind != STATE_RUNNING || !state_uuid(v, name, kind, uuid) ||
        due(v, name, uuid, seen) == ACTION_PRESERVE || state_open(v, name, kind, &file))
        return 0;
    /* What was seen may be older than the VPS: look again, now that it cannot change any more. */
    now.infos = vps_domains(v, &now.count);
    action =
        now.infos && state_uuid(v, name, kind, uuid) ? due(v, name, uuid, &now) : ACTION_PRESERVE;
    free(now.infos);
    if (action != ACTION_PRESERVE)
        seen->acted++;
    if (action == ACTION_RESTART && !state_become(v, &file, STATE_AGAIN)) {
        make_again(v, &file);
    } else if (action == ACTION_DESTROY && !state_become(v, &file, STATE_MAKING)) {
        if (vps_unmake(v, uuid))
            vmctl_warn(v, "%s: cannot take it away: %s", name, v->error);
        else
            state_remove(v, &file);
    }
    state_close(&file);
    return 0;
}

int vmctl_reap(struct vmctl *v)
{
    struct domains d = {.acted = 0};

    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (need_state(v) || need_xen(v) || need_store(v))
        return -1;
    state_each(v, reap_making, &d.acted);
    state_each(v, restart_pending, &d.acted);
    d.infos = vps_domains(v, &d.count);
    if (!d.infos)
        return -1;
    state_each(v, act_on, &d);
    free(d.infos);
    return d.acted;
}

int vmctl_watch_fds(struct vmctl *v, int fds[2])
{
    int ret;

    if (need_state(v) || need_store(v))
        return -1;
    if (v->inotify < 0) {
        const char *path = getenv("MEWS_STATE_DIR");

        v->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (v->inotify < 0 || inotify_add_watch(v->inotify, path ? path : STATE_DIR,
                                                IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
            return vmctl_fail(v, "cannot watch the state directory: %s", strerror(errno));
    }
    ret = store_watch(v->store, "@releaseDomain", "ended");
    if (ret && ret != -EEXIST) {
        drop_store(v);
        return vmctl_fail(v, "cannot watch the store: %s", strerror(-ret));
    }
    fds[0] = store_fd(v->store);
    fds[1] = v->inotify;
    return 0;
}

int vmctl_watch_clear(struct vmctl *v)
{
    struct store_event event;
    char events[4096];
    int ret;

    while (read(v->inotify, events, sizeof(events)) > 0)
        ;
    while ((ret = store_next_event(v->store, &event, 0)) > 0)
        store_event_free(&event);
    if (ret < 0) {
        drop_store(v);
        return vmctl_fail(v, "lost the store: %s", strerror(-ret));
    }
    return 0;
}
