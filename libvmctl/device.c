/* SPDX-License-Identifier: MIT */
/*
 * A domain's devices while they come up and go down: what Linux's backends in dom0 do is followed
 * through the store, and through sysfs where the store does not tell. No hotplug scripts: nothing
 * here may depend on udev. Every wait is bounded, since a backend is a driver like any other.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define XENBUS_STATE_INIT_WAIT 2
#define XENBUS_STATE_CONNECTED 4
#define XENBUS_STATE_CLOSED    6

#define WAIT_MS 10000

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(void)
{
    struct timespec t = {0, 1000000};

    nanosleep(&t, NULL);
}

/* Waits until a file of sysfs is there, or gone. False: not in time. */
static bool wait_file(const char *path, bool there, int64_t until)
{
    while ((access(path, F_OK) == 0) != there) {
        if (now_ms() > until)
            return false;
        nap();
    }
    return true;
}

/* What the backend itself says is wrong, or a text for when it says nothing. */
static void backend_error(struct vmctl *v, const char *class, uint32_t domid, unsigned int number,
                          char *out, size_t size)
{
    char path[128], *text;

    snprintf(path, sizeof(path), "/local/domain/0/error/backend/%s/%u/%u/error", class, domid,
             number);
    if (store_read(v->store, STORE_NO_TXN, path, &text, NULL)) {
        snprintf(out, size, "it does not answer: is its module (xen-%s) loaded?",
                 class[1] == 'b' ? "blkback" : "netback");
        return;
    }
    snprintf(out, size, "%.200s", text);
    free(text);
}

/* Waits for one backend to be ready for its frontend. */
static int wait_backend(struct vmctl *v, const char *class, uint32_t domid, unsigned int number,
                        const char *label, int64_t until)
{
    struct store_event event;
    char path[128], why[256];
    uint64_t state;
    int ret;

    snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u/%u/state", class, domid, number);
    ret = store_watch(v->store, path, "wait");
    while (!ret) {
        int64_t left = until - now_ms();

        if (!store_read_u64(v->store, STORE_NO_TXN, path, 99, &state) &&
            state >= XENBUS_STATE_INIT_WAIT)
            break;
        if (left <= 0)
            break;
        ret = store_next_event(v->store, &event, (int)left);
        if (ret > 0) {
            store_event_free(&event);
            ret = 0;
        }
        state = 0;
    }
    store_unwatch(v->store, path, "wait");
    if (ret < 0)
        return vmctl_fail(v, "%s: lost the store: %s", label, strerror(-ret));
    if (state >= XENBUS_STATE_INIT_WAIT && state <= XENBUS_STATE_CONNECTED)
        return 0;
    backend_error(v, class, domid, number, why, sizeof(why));
    return vmctl_fail(v, "%s: its backend in dom0 failed: %s", label, why);
}

static int wait_disk(struct vmctl *v, const struct config_disk *disk, uint32_t domid, int64_t until)
{
    char path[128], why[256];

    if (wait_backend(v, "vbd", domid, disk->number, disk->source, until))
        return -1;
    /* This attribute comes when the backend has opened the disk: from then on it holds it. */
    snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device", domid,
             disk->number);
    if (wait_file(path, true, until))
        return 0;
    backend_error(v, "vbd", domid, disk->number, why, sizeof(why));
    return vmctl_fail(v, "disk %s: its backend in dom0 could not open it: %s", disk->source, why);
}

static int wait_nic(struct vmctl *v, const struct config_nic *nic, unsigned int index,
                    uint32_t domid, int64_t until)
{
    char path[128], ifname[16], label[64];
    int ret;

    snprintf(label, sizeof(label), "card %u on bridge %s", index, nic->bridge);
    if (wait_backend(v, "vif", domid, index, label, until))
        return -1;
    snprintf(ifname, sizeof(ifname), "vif%u.%u", domid, index);
    snprintf(path, sizeof(path), "/sys/class/net/%s", ifname);
    if (!wait_file(path, true, until))
        return vmctl_fail(v, "%s: its backend in dom0 made no interface %s", label, ifname);
    if (nic_attach(v, nic, ifname))
        return -1;
    snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%u/%u/hotplug-status", domid, index);
    ret = store_write(v->store, STORE_NO_TXN, path, "connected", strlen("connected"));
    return ret ? vmctl_fail(v, "%s: cannot write to the store: %s", label, strerror(-ret)) : 0;
}

int devices_wait(struct vmctl *v, const struct config *config, uint32_t domid)
{
    int64_t until = now_ms() + WAIT_MS;

    for (unsigned int i = 0; i < config->nr_disks; i++)
        if (wait_disk(v, &config->disks[i], domid, until))
            return -1;
    for (unsigned int i = 0; i < config->nr_nics; i++)
        if (wait_nic(v, &config->nics[i], i, domid, until))
            return -1;
    return 0;
}

/*
 * Tells a backend that its device is over: it will not come back (online = 0) and its frontend, which
 * cannot speak for itself any more, is closed.
 */
static int close_device(struct vmctl *v, const char *class, uint32_t domid, const char *number)
{
    char front[128], back[128], state[160];
    store_txn txn;
    char *value;
    int ret;

    snprintf(front, sizeof(front), "/local/domain/%u/device/%s/%.20s", domid, class, number);
    snprintf(back, sizeof(back), "/local/domain/0/backend/%s/%u/%.20s/online", class, domid,
             number);
    snprintf(state, sizeof(state), "%s/state", front);
    do {
        ret = store_txn_start(v->store, &txn);
        if (ret)
            break;
        ret = store_write(v->store, txn, back, "0", 1);
        /* a frontend that is gone already has closed its backend by that; do not bring it back */
        if (!ret && !store_read(v->store, txn, state, &value, NULL)) {
            free(value);
            ret = store_printf(v->store, txn, state, "%d", XENBUS_STATE_CLOSED);
        }
        if (ret)
            store_txn_end(v->store, txn, false);
        else
            ret = store_txn_end(v->store, txn, true);
    } while (ret == -EAGAIN);
    return ret ? vmctl_fail(v, "cannot close %s %s of domain %u in the store: %s", class, number,
                            domid, strerror(-ret))
               : 0;
}

static int close_class(struct vmctl *v, const char *class, uint32_t domid)
{
    char path[128], **names;
    size_t count;
    int64_t until = now_ms() + WAIT_MS;
    int ret;

    snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", class, domid);
    ret = store_directory(v->store, STORE_NO_TXN, path, &names, &count);
    if (ret == -ENOENT)
        return 0;
    if (ret)
        return vmctl_fail(v, "cannot read %s in the store: %s", path, strerror(-ret));
    for (size_t i = 0; i < count && !ret; i++)
        ret = close_device(v, class, domid, names[i]);
    for (size_t i = 0; i < count && !ret; i++) {
        snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/%s-%u-%.20s", class, domid,
                 names[i]);
        if (!wait_file(path, false, until))
            vmctl_warn(v, "domain %u: the backend of %s %s does not let go of it", domid, class,
                       names[i]);
    }
    free(names);
    return ret;
}

int devices_close(struct vmctl *v, uint32_t domid)
{
    return close_class(v, "vbd", domid) || close_class(v, "vif", domid) ? -1 : 0;
}
