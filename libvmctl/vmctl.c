/* SPDX-License-Identifier: MIT */
/*
 * The library's face: the handle, and what a caller can ask for. Each function opens what it needs,
 * first takes away what a killed creator left, and leaves the steps to the files beneath.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* No request to the store takes this long while the store is alive. */
#define STORE_TIMEOUT_MS 20000

#define DAEMON_LOCK ".domaind"

int vmctl_open(struct vmctl **out)
{
    struct vmctl *v = calloc(1, sizeof(*v));

    if (!v)
        return -1;
    v->state_dir = -1;
    v->inotify = -1;
    *out = v;
    return 0;
}

void vmctl_close(struct vmctl *v)
{
    if (!v)
        return;
    xen_close(v->xen);
    store_close(v->store);
    if (v->state_dir >= 0)
        close(v->state_dir);
    if (v->inotify >= 0)
        close(v->inotify);
    free(v);
}

const char *vmctl_error(const struct vmctl *v)
{
    return v->error;
}

void vmctl_on_warning(struct vmctl *v, vmctl_warn_fn warn, void *context)
{
    v->warn = warn;
    v->warn_context = context;
}

int vmctl_fail(struct vmctl *v, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(v->error, sizeof(v->error), format, args);
    va_end(args);
    return -1;
}

void vmctl_warn(struct vmctl *v, const char *format, ...)
{
    char text[640];
    va_list args;

    if (!v->warn)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    v->warn(v->warn_context, text);
}

int need_xen(struct vmctl *v)
{
    int ret;

    if (v->xen)
        return 0;
    ret = xen_open(&v->xen);
    if (ret == -EACCES || ret == -EPERM)
        return vmctl_fail(v, "cannot open /dev/xen/privcmd: %s: run this as root", strerror(-ret));
    if (ret < 0)
        return vmctl_fail(v,
                          "cannot open /dev/xen/privcmd: %s: this is not the control domain of "
                          "a hypervisor, or its module xen-privcmd is not loaded",
                          strerror(-ret));
    return 0;
}

void drop_store(struct vmctl *v)
{
    store_close(v->store);
    v->store = NULL;
}

int need_store(struct vmctl *v)
{
    int ret;

    if (v->store)
        return 0;
    ret = store_connect(&v->store, NULL);
    if (ret)
        return vmctl_fail(v, "the store is down: cannot connect to %s: %s: start xenstored",
                          STORE_SOCKET, strerror(-ret));
    store_set_timeout(v->store, STORE_TIMEOUT_MS);
    return 0;
}

/* Reads a file's config and passes its warnings on. */
static struct config *read_config(struct vmctl *v, const char *file)
{
    struct config_messages messages = {.warn = v->warn, .context = v->warn_context};
    struct config *config = config_read(file, &messages);

    if (!config)
        vmctl_fail(v, "%s", messages.error);
    return config;
}

int vmctl_check(struct vmctl *v, const char *file)
{
    struct config *config = read_config(v, file);

    if (!config)
        return -1;
    config_free(config);
    return 0;
}

/* A VPS that is there already, held against one that is to be. Called for each. */
static int check_other(struct vmctl *v, const char *name, enum state_kind kind, void *context)
{
    const struct config *new = context;
    struct config *other = state_peek(v, name, kind);
    int ret = 0;

    if (!other) /* it has just gone */
        return 0;
    if (!memcmp(other->uuid, new->uuid, 16))
        ret = vmctl_fail(v,
                         "%s: the VPS %s has the same <uuid>: leave <uuid> out, or write "
                         "another one",
                         new->name, name);
    for (unsigned int i = 0; i < new->nr_disks && !ret; i++)
        for (unsigned int k = 0; k < other->nr_disks && !ret; k++)
            if (disks_conflict(&new->disks[i], &other->disks[k]))
                ret = vmctl_fail(v,
                                 "disk %s (%s) is in use by the VPS %s: end that one first, or "
                                 "make both <readonly/>",
                                 new->disks[i].source, new->disks[i].target, name);
    config_free(other);
    return ret;
}

static int check_disks_apart(struct vmctl *v, const struct config *c)
{
    for (unsigned int i = 0; i < c->nr_disks; i++)
        for (unsigned int k = i + 1; k < c->nr_disks; k++)
            if (disks_conflict(&c->disks[i], &c->disks[k]))
                return vmctl_fail(v, "disk %s stands in the description twice, as %s and %s",
                                  c->disks[i].source, c->disks[i].target, c->disks[k].target);
    return 0;
}

/* Takes the name, and with it the UUID and the disks, before anything else is made. */
static int reserve(struct vmctl *v, const struct config *config, struct state_file *file)
{
    int lock = state_lock(v), ret;

    if (lock < 0)
        return -1;
    ret = state_check_name(v, config->name);
    if (!ret)
        ret = check_disks_apart(v, config);
    if (!ret && vps_domid(v, config->uuid) >= 0)
        ret = vmctl_fail(v,
                         "%s: a domain with its <uuid> is there already: leave <uuid> out, or "
                         "write another one",
                         config->name);
    /* Others' files are read only where there is something in them to clash with. */
    if (!ret && config->nr_disks)
        ret = state_each(v, check_other, (void *)(uintptr_t)config);
    if (!ret)
        ret = state_new(v, config, file);
    close(lock);
    return ret;
}

int vmctl_create(struct vmctl *v, const char *file, unsigned int flags, uint32_t *domid)
{
    struct state_file state = {.fd = -1};
    struct config *config;
    int ret = -1;

    config = read_config(v, file);
    if (!config)
        return -1;
    if (!need_state(v) && !need_xen(v) && !need_store(v)) {
        vps_reap_once(v);
        ret = reserve(v, config, &state);
    }
    if (!ret) {
        ret = vps_make(v, config, &state, flags, domid);
        if (ret)
            state_remove(v, &state);
        else
            state_close(&state);
    }
    config_free(config);
    return ret;
}

int vmctl_hypervisor_version(struct vmctl *v, char *out, size_t size)
{
    int ret;

    if (need_xen(v))
        return -1;
    ret = xen_version(v->xen, out, size);
    return ret < 0 ? vmctl_fail(v, "the hypervisor does not tell its version: %s", strerror(-ret))
                   : 0;
}

int vmctl_pause(struct vmctl *v, const char *who)
{
    struct vmctl_info info;
    int ret;

    if (vmctl_find(v, who, &info))
        return -1;
    if (info.domid == 0)
        return vmctl_fail(v, "domain 0 is the control domain: it cannot be paused");
    ret = xen_pause(v->xen, (domid_t)info.domid);
    return ret < 0
               ? vmctl_fail(v, "%s: the hypervisor refused to pause it: %s", who, strerror(-ret))
               : 0;
}

int vmctl_unpause(struct vmctl *v, const char *who)
{
    struct vmctl_info info;
    int ret;

    if (vmctl_find(v, who, &info))
        return -1;
    if (info.state != VMCTL_PAUSED)
        return vmctl_fail(v, "%s is not paused: it is %s", who, vmctl_state_name(info.state));
    ret = xen_unpause(v->xen, (domid_t)info.domid);
    return ret < 0
               ? vmctl_fail(v, "%s: the hypervisor refused to start it: %s", who, strerror(-ret))
               : 0;
}

/* Writes a word to the node that Linux's PV kernels watch; an answer is not waited for. */
static int ask_guest(struct vmctl *v, const char *who, const char *word)
{
    struct vmctl_info info;
    char path[64];
    int ret;

    if (vmctl_find(v, who, &info) || need_store(v))
        return -1;
    if (info.domid == 0)
        return vmctl_fail(v, "domain 0 is the control domain: power the machine off from its own "
                             "shell");
    if (info.state == VMCTL_CRASHED || info.state == VMCTL_DYING)
        return vmctl_fail(v, "%s is %s and cannot be asked: vmctl destroy or reset it", who,
                          vmctl_state_name(info.state));
    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", info.domid);
    ret = store_write(v->store, STORE_NO_TXN, path, word, strlen(word));
    return ret ? vmctl_fail(v, "%s: cannot write to the store: %s", who, strerror(-ret)) : 0;
}

int vmctl_shutdown(struct vmctl *v, const char *who)
{
    return ask_guest(v, who, "poweroff");
}

int vmctl_reboot(struct vmctl *v, const char *who)
{
    return ask_guest(v, who, "reboot");
}

/* How long to wait for whoever works on a VPS, and how often to look. */
#define TAKE_MS     30000
#define TAKE_NAP_MS 100

int vps_hold(struct vmctl *v, const struct vmctl_info *info, struct state_file *file)
{
    int ret;

    file->fd = -1;
    if (!info->managed)
        return 1;
    /* Somebody else may be working on it, the daemon that restarts it above all: that ends. */
    for (int left = TAKE_MS / TAKE_NAP_MS;; left--) {
        struct timespec nap = {0, TAKE_NAP_MS * 1000000};
        struct vmctl_info now;

        ret = state_open(v, info->name, STATE_RUNNING, file);
        if (ret <= 0)
            return ret;
        if (!left)
            return vmctl_fail(v, "%s: somebody else is working on it: try again", info->name);
        nanosleep(&nap, NULL);
        if (vmctl_find(v, info->name, &now))
            return -1; /* it has gone */
    }
}

/* Locks a running VPS's file, and says by its kind what becomes of the VPS. 1: it has none. */
static int take(struct vmctl *v, const struct vmctl_info *info, enum state_kind kind,
                struct state_file *file)
{
    int ret = vps_hold(v, info, file);

    if (ret)
        return ret;
    ret = state_become(v, file, kind);
    if (ret)
        state_close(file);
    return ret;
}

int vmctl_destroy(struct vmctl *v, const char *who)
{
    struct vmctl_info info;
    struct state_file file;
    uint8_t uuid[16];
    int ret;

    if (vmctl_find(v, who, &info))
        return -1;
    if (info.domid == 0)
        return vmctl_fail(v, "domain 0 is the control domain: it cannot be destroyed");
    if (need_store(v) || take(v, &info, STATE_MAKING, &file) < 0)
        return -1;
    config_uuid_parse(info.uuid, uuid);
    ret = vps_unmake(v, uuid);
    if (!ret && info.managed)
        state_remove(v, &file);
    state_close(&file);
    return ret;
}

int vmctl_reset(struct vmctl *v, const char *who, uint32_t *domid)
{
    struct config *config = NULL;
    struct vmctl_info info;
    struct state_file file;
    int ret;

    if (vmctl_find(v, who, &info) || need_store(v))
        return -1;
    ret = take(v, &info, STATE_AGAIN, &file);
    if (ret > 0)
        return vmctl_fail(v,
                          "%s was not made by vmctl: there is no description to make it again "
                          "from",
                          who);
    if (ret)
        return -1;
    config = state_config(v, &file);
    ret = config ? vps_unmake(v, config->uuid) : -1;
    if (!ret) {
        ret = vps_make(v, config, &file, 0, domid);
        if (ret) /* what it was made from has gone bad: it stays down */
            state_remove(v, &file);
    }
    state_close(&file);
    config_free(config);
    return ret;
}

int vmctl_dumpxml(struct vmctl *v, const char *who, char **xml)
{
    struct vmctl_info info;
    struct config *config;

    if (vmctl_find(v, who, &info))
        return -1;
    if (!info.managed)
        return vmctl_fail(v, "%s was not made by vmctl: it has no description", who);
    config = state_peek(v, info.name, STATE_RUNNING);
    if (!config)
        return vmctl_fail(v, "%s has gone", who);
    *xml = config_write(config);
    config_free(config);
    return *xml ? 0 : vmctl_fail(v, "out of memory");
}

int vmctl_start_daemon(struct vmctl *v)
{
    int fd, status;
    pid_t pid;

    if (need_state(v))
        return -1;
    /* The daemon holds this lock as long as it lives; asking for a share of it tells. */
    fd = openat(v->state_dir, DAEMON_LOCK, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return vmctl_fail(v, "cannot open %s in the state directory: %s", DAEMON_LOCK,
                          strerror(errno));
    status = flock(fd, LOCK_SH | LOCK_NB);
    close(fd);
    if (status)
        return 0;
    pid = fork();
    if (pid == 0) { /* it makes itself a daemon: our child ends at once */
        execlp("mews-domaind", "mews-domaind", (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
        return vmctl_fail(v, "cannot start mews-domaind, without which no VPS is restarted or "
                             "cleaned up after: start it by hand and look at what it says");
    return 0;
}

int vmctl_lock_daemon(struct vmctl *v)
{
    struct timespec nap = {0, 20000000};
    int fd;

    if (need_state(v))
        return -1;
    fd = openat(v->state_dir, DAEMON_LOCK, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return vmctl_fail(v, "cannot open %s in the state directory: %s", DAEMON_LOCK,
                          strerror(errno));
    for (int i = 0; i < 10; i++) { /* somebody may just be asking, see above */
        if (!flock(fd, LOCK_EX | LOCK_NB))
            return 0; /* held to the process's end */
        nanosleep(&nap, NULL);
    }
    close(fd);
    return 1;
}
