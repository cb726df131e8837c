/* SPDX-License-Identifier: MIT */
/*
 * Making and unmaking a VPS: the order in which domain, store, devices and state file come and go.
 * Unmaking works on whatever half of a VPS there is, and may be done again after being killed
 * itself: what identifies a VPS is its UUID, chosen and recorded before anything else exists.
 */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DOMAINS_AT_ONCE 128

/* How long unmaking waits for the other users of the domain's pages to let go. */
#define DYING_WAIT_MS 2000

struct xen_domctl_getdomaininfo *vps_domains(struct vmctl *v, size_t *count)
{
    struct xen_domctl_getdomaininfo *all = NULL, *more;
    unsigned int first = 0;
    int got;

    *count = 0;
    if (need_xen(v))
        return NULL;
    do {
        more = realloc(all, (*count + DOMAINS_AT_ONCE) * sizeof(*all));
        if (!more) {
            free(all);
            vmctl_fail(v, "out of memory");
            return NULL;
        }
        all = more;
        got = xen_list_domains(v->xen, (domid_t)first, all + *count, DOMAINS_AT_ONCE);
        if (got < 0) {
            free(all);
            vmctl_fail(v, "the hypervisor refused to list its domains: %s", strerror(-got));
            return NULL;
        }
        *count += (size_t)got;
        if (got)
            first = all[*count - 1].domain + 1U;
    } while (got == DOMAINS_AT_ONCE);
    return all;
}

int vps_domid(struct vmctl *v, const uint8_t uuid[16])
{
    size_t count;
    struct xen_domctl_getdomaininfo *all = vps_domains(v, &count);
    int domid = -1;

    for (size_t i = 0; all && i < count && domid < 0; i++)
        if (all[i].domain && !memcmp(all[i].handle, uuid, 16))
            domid = all[i].domain;
    free(all);
    return domid;
}

static int introduce(struct vmctl *v, const struct build *b)
{
    int ret = store_introduce(v->store, b->domid, b->store_mfn, b->store_port);

    return ret ? vmctl_fail(v, "%s: the store does not take the domain: %s", b->config->name,
                            strerror(-ret))
               : 0;
}

/* The domain and all its nodes. Its image is copied while its devices' backends get ready. */
static int make_domain(struct vmctl *v, struct build *b, struct disk *disks, unsigned int flags)
{
    const struct config *c = b->config;
    int ret;

    if (build_domain(v, b) || tune_new(v, b->domid, c) || build_copy_start(v, b) || nodes_write(v, b, disks) ||
        build_check_initrd(v, b) || devices_wait(v, c, b->domid) || build_copy_wait(v, b) ||
        build_finish(v, b) || introduce(v, b))
        return -1;
    if (flags & VMCTL_CREATE_PAUSED)
        return 0;
    ret = xen_unpause(v->xen, b->domid);
    return ret < 0 ? vmctl_fail(v, "%s: the hypervisor refused to start it: %s", c->name,
                                strerror(-ret))
                   : 0;
}

int vps_make(struct vmctl *v, const struct config *config, struct state_file *file,
             unsigned int flags, uint32_t *domid)
{
    struct build b = {.config = config};
    struct disk disks[CONFIG_DISKS_MAX];
    char error[sizeof(v->error)];
    unsigned int opened = 0;
    int ret = -1;

    if (!need_xen(v) && !need_store(v) && !nics_check(v, config) && !tune_check(v, config) &&
        !build_prepare(v, &b) &&
        !disks_open(v, config, disks)) {
        opened = config->nr_disks;
        ret = make_domain(v, &b, disks, flags);
    }
    if (!ret)
        ret = state_become(v, file, STATE_RUNNING);
    disks_close(disks, opened);
    build_free(v, &b);
    if (ret && b.created) {
        strcpy(error, v->error);
        vps_unmake(v, config->uuid);
        strcpy(v->error, error);
    }
    if (!ret)
        *domid = b.domid;
    return ret;
}

/* Finds the id that a domain had by its nodes: the domain itself is gone. -1: no nodes either. */
static int forgotten_domid(struct vmctl *v, const uint8_t uuid[16])
{
    char want[64], path[64], text[VMCTL_UUID_SIZE], **names, *vm;
    size_t count;
    int domid = -1;

    config_uuid_text(uuid, text);
    snprintf(want, sizeof(want), "/vm/%s", text);
    if (store_directory(v->store, STORE_NO_TXN, "/local/domain", &names, &count))
        return -1;
    for (size_t i = 0; i < count && domid < 0; i++) {
        snprintf(path, sizeof(path), "/local/domain/%.20s/vm", names[i]);
        if (store_read(v->store, STORE_NO_TXN, path, &vm, NULL))
            continue;
        if (!strcmp(vm, want))
            domid = atoi(names[i]);
        free(vm);
    }
    free(names);
    return domid;
}

/* Pages that a daemon or a backend has not let go of yet keep the domain's id alive. */
static void wait_dead(struct vmctl *v, uint32_t domid)
{
    struct xen_domctl_getdomaininfo info;
    struct timespec nap = {0, 1000000};

    for (int waited = 0; waited < DYING_WAIT_MS; waited++) {
        if (xen_domain_info(v->xen, (domid_t)domid, &info))
            return;
        nanosleep(&nap, NULL);
    }
}

int vps_unmake(struct vmctl *v, const uint8_t uuid[16])
{
    int domid, ret;

    if (need_xen(v) || need_store(v))
        return -1;
    domid = vps_domid(v, uuid);
    if (domid < 0) {
        domid = forgotten_domid(v, uuid);
        if (domid < 0)
            return 0;
        if (devices_close(v, (uint32_t)domid))
            return -1;
        return nodes_remove(v, (uint32_t)domid, uuid);
    }
    xen_pause(v->xen, (domid_t)domid);
    if (devices_close(v, (uint32_t)domid) || nodes_remove(v, (uint32_t)domid, uuid))
        return -1;
    ret = xen_destroy(v->xen, (domid_t)domid);
    if (ret < 0 && ret != -ESRCH)
        return vmctl_fail(v, "the hypervisor refused to destroy domain %d: %s", domid,
                          strerror(-ret));
    /* Only now: whoever the store tells of this looks whether the domain is still alive. */
    store_release(v->store, (uint32_t)domid);
    wait_dead(v, (uint32_t)domid);
    return 0;
}
