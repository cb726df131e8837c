/* SPDX-License-Identifier: MIT */
/*
 * What there is: the hypervisor's domains, with names from the state directory and, for domains that
 * something else made, from the store. Listing must work while the store is down.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/sched.h>

const char *vmctl_state_name(enum vmctl_state state)
{
    static const char *const names[] = {
        "running", "blocked", "paused", "shutdown", "crashed", "dying",
    };

    return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static const char *shutdown_text(unsigned int code)
{
    static const char *const texts[] = {
        "it powered off",       "it rebooted",
        "it suspended",         "it crashed (its kernel said so)",
        "its watchdog ran out", "it asked for a soft reset",
    };

    return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "unknown";
}

static void fill_state(struct vmctl *v, const struct xen_domctl_getdomaininfo *d,
                       struct vmctl_info *info)
{
    unsigned int code = d->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

    info->reason[0] = 0;
    if (d->flags & XEN_DOMINF_shutdown) {
        if (code == SHUTDOWN_crash && xen_crash_reason(v->xen, d->domain, info->reason))
            info->reason[0] = 0;
        if (!info->reason[0])
            snprintf(info->reason, sizeof(info->reason), "%s", shutdown_text(code));
    }
    if (d->flags & XEN_DOMINF_dying)
        info->state = VMCTL_DYING;
    else if (d->flags & XEN_DOMINF_shutdown)
        info->state =
            code == SHUTDOWN_crash || code == SHUTDOWN_watchdog ? VMCTL_CRASHED : VMCTL_SHUTDOWN;
    else if (d->flags & XEN_DOMINF_paused)
        info->state = VMCTL_PAUSED;
    else if (d->flags & XEN_DOMINF_blocked)
        info->state = VMCTL_BLOCKED;
    else
        info->state = VMCTL_RUNNING;
}

/* A crash reason is the hypervisor's text about a guest: nothing of it may steer a terminal. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static void fill(struct vmctl *v, const struct xen_domctl_getdomaininfo *d, struct vmctl_info *info)
{
    memset(info, 0, sizeof(*info));
    info->domid = d->domain;
    config_uuid_text(d->handle, info->uuid);
    info->vcpus = d->nr_online_vcpus;
    info->memory_kib = d->tot_pages * 4;
    info->claimed_kib = d->outstanding_pages * 4;
    /* dom0's limit is "none" where nobody set one */
    info->max_kib = d->max_pages >= UINT32_MAX ? info->memory_kib : d->max_pages * 4;
    info->cpu_ns = d->cpu_time;
    fill_state(v, d, info);
    make_printable(info->reason);
}

struct name_fill {
    struct vmctl_info *infos;
    size_t count;
};

/* Gives the domain of one state file its name, and its maximum of memory. */
static int fill_name(struct vmctl *v, const char *name, enum state_kind kind, void *context)
{
    struct name_fill *f = context;
    char text[VMCTL_UUID_SIZE];
    uint8_t uuid[16];
    uint64_t max_kib;

    if (!state_head(v, name, kind, uuid, &max_kib))
        return 0;
    config_uuid_text(uuid, text);
    for (size_t i = 0; i < f->count; i++) {
        if (f->infos[i].domid == 0 || strcmp(f->infos[i].uuid, text))
            continue;
        snprintf(f->infos[i].name, sizeof(f->infos[i].name), "%s", name);
        f->infos[i].managed = true;
        /* the hypervisor's limit is only what it has been given for now */
        if (max_kib > f->infos[i].max_kib)
            f->infos[i].max_kib = max_kib;
    }
    return 0;
}

/* The store's name of a domain that has no state file; none where the store is down. */
static void store_name(struct vmctl *v, struct vmctl_info *info)
{
    char path[64], *name;
    size_t len;

    if (info->domid == 0) {
        strcpy(info->name, "Domain-0");
        return;
    }
    snprintf(path, sizeof(path), "/local/domain/%u/name", info->domid);
    if (need_store(v) || store_read(v->store, STORE_NO_TXN, path, &name, &len))
        return;
    if (len <= VMCTL_NAME_MAX && strlen(name) == len) {
        strcpy(info->name, name);
        make_printable(info->name);
    }
    free(name);
}

int list_fill(struct vmctl *v, const struct xen_domctl_getdomaininfo *domains, size_t count,
              struct vmctl_info **infos)
{
    struct name_fill f;

    *infos = calloc(count ? count : 1, sizeof(**infos));
    if (!*infos)
        return vmctl_fail(v, "out of memory");
    for (size_t i = 0; i < count; i++)
        fill(v, &domains[i], &(*infos)[i]);
    f = (struct name_fill){*infos, count};
    state_each(v, fill_name, &f);
    for (size_t i = 0; i < count; i++)
        if (!(*infos)[i].managed)
            store_name(v, &(*infos)[i]);
    return 0;
}

int vmctl_list(struct vmctl *v, struct vmctl_info **infos, size_t *count)
{
    struct xen_domctl_getdomaininfo *domains;
    int ret;

    if (need_xen(v) || need_state(v))
        return -1;
    vps_reap_once(v);
    domains = vps_domains(v, count);
    if (!domains)
        return -1;
    ret = list_fill(v, domains, *count, infos);
    free(domains);
    return ret;
}

static bool same_vps(const struct vmctl_info *info, const char *who)
{
    char *end;
    unsigned long number = strtoul(who, &end, 10);
    uint8_t uuid[16];
    char text[VMCTL_UUID_SIZE];

    if (who[0] >= '0' && who[0] <= '9' && !*end)
        return number == info->domid;
    if (!strcmp(info->name, who))
        return true;
    if (info->domid == 0 || !config_uuid_parse(who, uuid))
        return false;
    config_uuid_text(uuid, text);
    return !strcmp(text, info->uuid);
}

/* Tells of a VPS that the hypervisor does not have: somebody may just be at it. */
static int not_found(struct vmctl *v, const char *who)
{
    uint8_t uuid[16];

    if (config_name_ok(who) && state_uuid(v, who, STATE_MAKING, uuid))
        return vmctl_fail(v, "%s is being made or taken away at this moment: try again", who);
    if (config_name_ok(who) && state_uuid(v, who, STATE_AGAIN, uuid))
        return vmctl_fail(v, "%s is being started again at this moment: try again", who);
    return vmctl_fail(v, "there is no VPS called %.80s: vmctl list shows those that are there",
                      who);
}

int vmctl_find(struct vmctl *v, const char *who, struct vmctl_info *info)
{
    struct vmctl_info *infos;
    size_t count, i;

    if (vmctl_list(v, &infos, &count))
        return -1;
    for (i = 0; i < count; i++)
        if (same_vps(&infos[i], who))
            break;
    if (i < count)
        *info = infos[i];
    free(infos);
    return i < count ? 0 : not_found(v, who);
}
