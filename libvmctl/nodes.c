/* SPDX-License-Identifier: MIT */
/*
 * A domain's nodes in the store, laid out as Linux's frontends, its backends and Debian's xl and
 * xenstore tools expect them. All are written in one transaction, so that nobody ever sees half a
 * domain; a guest may write only below the few nodes that it owns.
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_INITIALISING "1"

/* One transaction's context: the first error sticks, so that the lists below stay lists. */
struct writer {
    struct store *store;
    store_txn txn;
    uint32_t domid;
    int error;
};

enum owner { OWNER_DOM0, OWNER_GUEST, OWNER_BOTH };

/* Dom0's node that the guest may read; the guest's own; the guest's own that dom0 may read. */
static void set_owner(struct writer *w, const char *path, enum owner owner)
{
    struct store_perm dom0[] = {{0, STORE_PERM_NONE}, {w->domid, STORE_PERM_READ}};
    struct store_perm guest[] = {{w->domid, STORE_PERM_NONE}};
    struct store_perm both[] = {{w->domid, STORE_PERM_NONE}, {0, STORE_PERM_READ}};

    if (w->error)
        return;
    if (owner == OWNER_DOM0)
        w->error = store_set_perms(w->store, w->txn, path, dom0, 2);
    else if (owner == OWNER_GUEST)
        w->error = store_set_perms(w->store, w->txn, path, guest, 1);
    else
        w->error = store_set_perms(w->store, w->txn, path, both, 2);
}

/* Writes base/name; children inherit their parent's permissions. */
__attribute__((format(printf, 4, 5))) static void put(struct writer *w, const char *base,
                                                      const char *name, const char *format, ...)
{
    char path[256], value[2048];
    va_list args;
    int len;

    if (w->error)
        return;
    va_start(args, format);
    len = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(value) ||
        (size_t)snprintf(path, sizeof(path), "%s/%s", base, name) >= sizeof(path))
        w->error = -E2BIG;
    else
        w->error = store_write(w->store, w->txn, path, value, (size_t)len);
}

static void make(struct writer *w, const char *path, enum owner owner)
{
    if (!w->error)
        w->error = store_write(w->store, w->txn, path, "", 0);
    set_owner(w, path, owner);
}

/* A directory with an owner of its own below base. */
static void make_below(struct writer *w, const char *base, const char *name, enum owner owner)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", base, name);
    make(w, path, owner);
}

static void put_vm(struct writer *w, const struct config *c, const char *uuid)
{
    char vm[64];

    snprintf(vm, sizeof(vm), "/vm/%s", uuid);
    make(w, vm, OWNER_DOM0);
    put(w, vm, "name", "%s", c->name);
    put(w, vm, "uuid", "%s", uuid);
    put(w, vm, "image/ostype", "linux");
    put(w, vm, "image/kernel", "%s", c->kernel);
    if (c->initrd)
        put(w, vm, "image/ramdisk", "%s", c->initrd);
    if (c->cmdline)
        put(w, vm, "image/cmdline", "%s", c->cmdline);
}

static void put_domain(struct writer *w, const struct build *b, const char *uuid)
{
    static const char *const guests_own[] = {
        "data",
        "drivers",
        "feature",
        "attr",
        "error",
        "device/suspend/event-channel",
        "control/shutdown",
        "control/feature-poweroff",
        "control/feature-reboot",
        "control/feature-suspend",
        "control/sysrq",
    };
    const struct config *c = b->config;
    char base[64], name[32];

    snprintf(base, sizeof(base), "/local/domain/%u", w->domid);
    make(w, base, OWNER_DOM0);
    put(w, base, "vm", "/vm/%s", uuid);
    put(w, base, "name", "%s", c->name);
    put(w, base, "domid", "%u", w->domid);
    for (unsigned int i = 0; i < c->max_vcpus; i++) {
        snprintf(name, sizeof(name), "cpu/%u/availability", i);
        put(w, base, name, "%s", i < c->vcpus ? "online" : "offline");
    }
    put(w, base, "memory/static-max", "%llu", (unsigned long long)c->max_kib);
    put(w, base, "memory/target", "%llu", (unsigned long long)c->memory_kib);
    put(w, base, "memory/videoram", "0");
    if (c->guarantee_kib)
        put(w, base, "memory/min-guarantee", "%llu", (unsigned long long)c->guarantee_kib);
    put(w, base, "control/platform-feature-xs_reset_watches", "1");
    put(w, base, "store/port", "%u", b->store_port);
    put(w, base, "store/ring-ref", "%llu", (unsigned long long)b->store_mfn);
    for (size_t i = 0; i < sizeof(guests_own) / sizeof(guests_own[0]); i++)
        make_below(w, base, guests_own[i], OWNER_GUEST);
}

static void put_console(struct writer *w, const struct build *b)
{
    char front[64], back[64], path[96];

    snprintf(front, sizeof(front), "/local/domain/%u/console", w->domid);
    snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0", w->domid);
    put(w, front, "backend", "%s", back);
    put(w, front, "backend-id", "0");
    snprintf(path, sizeof(path), "%s/backend-id", front);
    set_owner(w, path, OWNER_BOTH);
    put(w, front, "limit", "1048576");
    put(w, front, "type", "xenconsoled");
    put(w, front, "output", "pty");
    put(w, front, "port", "%u", b->console_port);
    put(w, front, "ring-ref", "%llu", (unsigned long long)b->console_mfn);
    make(w, back, OWNER_DOM0);
    put(w, back, "frontend", "%s", front);
    put(w, back, "frontend-id", "%u", w->domid);
    put(w, back, "online", "1");
    put(w, back, "state", STATE_INITIALISING);
    put(w, back, "protocol", "vt100");
}

/* The nodes that each device's two ends have in common. */
static void put_device(struct writer *w, const char *class, unsigned int number, char front[96],
                       char back[96])
{
    snprintf(front, 96, "/local/domain/%u/device/%s/%u", w->domid, class, number);
    snprintf(back, 96, "/local/domain/0/backend/%s/%u/%u", class, w->domid, number);
    make(w, front, OWNER_BOTH);
    put(w, front, "backend", "%s", back);
    put(w, front, "backend-id", "0");
    put(w, front, "state", STATE_INITIALISING);
    put(w, front, "trusted", "1");
    make(w, back, OWNER_DOM0);
    put(w, back, "frontend", "%s", front);
    put(w, back, "frontend-id", "%u", w->domid);
    put(w, back, "online", "1");
}

static void put_disk(struct writer *w, const struct config_disk *disk, const struct disk *open)
{
    char front[96], back[96];

    put_device(w, "vbd", disk->number, front, back);
    put(w, front, "virtual-device", "%u", disk->number);
    put(w, front, "device-type", "disk");
    put(w, back, "type", "phy");
    put(w, back, "params", "%s", disk->source);
    put(w, back, "dev", "%s", disk->target);
    put(w, back, "mode", "%s", disk->readonly ? "r" : "w");
    put(w, back, "device-type", "disk");
    put(w, back, "removable", "0");
    put(w, back, "bootable", "1");
    put(w, back, "discard-enable", "%d", disk->readonly ? 0 : 1);
    put(w, back, "physical-device", "%x:%x", open->major, open->minor);
    put(w, back, "physical-device-path", "%s", open->path[0] ? open->path : disk->source);
    put(w, back, "hotplug-status", "connected");
    put(w, back, "state", STATE_INITIALISING);
}

static void put_nic(struct writer *w, const struct config_nic *nic, unsigned int index)
{
    char front[96], back[96], mac[18];
    const uint8_t *m = nic->mac;

    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    put_device(w, "vif", index, front, back);
    put(w, front, "handle", "%u", index);
    put(w, front, "mac", "%s", mac);
    put(w, front, "mtu", "1500");
    put(w, back, "handle", "%u", index);
    put(w, back, "mac", "%s", mac);
    put(w, back, "bridge", "%s", nic->bridge);
    put(w, back, "type", "vif");
    put(w, back, "script", "/bin/true"); /* netback wants the node; nothing here runs it */
    if (nic->ifname[0])
        put(w, back, "vifname", "%s", nic->ifname);
    put(w, back, "state", STATE_INITIALISING);
}

static void put_all(struct writer *w, const struct build *b, const struct disk *disks)
{
    const struct config *c = b->config;
    char uuid[VMCTL_UUID_SIZE];

    config_uuid_text(c->uuid, uuid);
    put_vm(w, c, uuid);
    put_domain(w, b, uuid);
    put_console(w, b);
    for (unsigned int i = 0; i < c->nr_disks; i++)
        put_disk(w, &c->disks[i], &disks[i]);
    for (unsigned int i = 0; i < c->nr_nics; i++)
        put_nic(w, &c->nics[i], i);
}

/* Starts a transaction; 0 or the error, which stays in *w. */
static int writer_begin(struct writer *w, struct store *store, uint32_t domid)
{
    *w = (struct writer){.store = store, .domid = domid};
    w->error = store_txn_start(store, &w->txn);
    return w->error;
}

/* Ends it, with what was done where all went well. 0 or the error; -EAGAIN: to be done again from the start. */
static int writer_end(struct writer *w)
{
    if (w->error)
        store_txn_end(w->store, w->txn, false);
    else
        w->error = store_txn_end(w->store, w->txn, true);
    return w->error;
}

int nodes_write(struct vmctl *v, const struct build *b, const struct disk *disks)
{
    struct writer w;

    if (need_store(v))
        return -1;
    do {
        if (writer_begin(&w, v->store, b->domid))
            break;
        put_all(&w, b, disks);
    } while (writer_end(&w) == -EAGAIN);
    if (!w.error)
        return 0;
    return vmctl_fail(v, "%s: cannot write its nodes to the store: %s", b->config->name,
                      strerror(-w.error));
}

/* Removes a node; one that is not there, or whose parent is not, is as good as removed. */
static void remove_node(struct writer *w, const char *path)
{
    int ret;

    if (w->error)
        return;
    ret = store_rm(w->store, w->txn, path);
    if (ret != -ENOENT)
        w->error = ret;
}

/* Removes the parent too where nothing else is below it: empty directories would pile up. */
static void remove_if_empty(struct writer *w, const char *path)
{
    char **names;
    size_t count;
    int ret;

    if (w->error)
        return;
    ret = store_directory(w->store, w->txn, path, &names, &count);
    if (ret)
        return;
    free(names);
    if (count == 0)
        remove_node(w, path);
}

static void remove_all(struct writer *w, const uint8_t uuid[16])
{
    static const char *const classes[] = {"console", "vbd", "vif"};
    char path[96], text[VMCTL_UUID_SIZE];

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", classes[i], w->domid);
        remove_node(w, path);
        snprintf(path, sizeof(path), "/local/domain/0/backend/%s", classes[i]);
        remove_if_empty(w, path);
    }
    remove_if_empty(w, "/local/domain/0/backend");
    snprintf(path, sizeof(path), "/local/domain/%u", w->domid);
    remove_node(w, path);
    config_uuid_text(uuid, text);
    snprintf(path, sizeof(path), "/vm/%s", text);
    remove_node(w, path);
}

int nodes_remove(struct vmctl *v, uint32_t domid, const uint8_t uuid[16])
{
    struct writer w;

    if (need_store(v))
        return -1;
    do {
        if (writer_begin(&w, v->store, domid))
            break;
        remove_all(&w, uuid);
    } while (writer_end(&w) == -EAGAIN);
    if (!w.error)
        return 0;
    return vmctl_fail(v, "cannot remove domain %u's nodes from the store: %s", domid,
                      strerror(-w.error));
}
