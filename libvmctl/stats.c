/* SPDX-License-Identifier: MIT */
/*
 * Reads what every domain has used so far: CPU and steal time from the hypervisor, disks and cards
 * from their backends' counters in sysfs. What is made of it stands in rates.c. It must never wait, and
 * never fail for what comes and goes while it looks: only the hypervisor's list is needed.
 */
#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <public/vcpu.h>

#include "internal.h"

#define BACKENDS "/sys/bus/xen-backend/devices"

/* What blkback calls a sector, whatever the disk says. */
#define SECTOR_SIZE 512

#define IDLE_CPUS_MAX 4096

/* A decimal number that a file of sysfs holds. 0 where there is none. */
static uint64_t read_number(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    unsigned long long number;
    char text[32], *end;
    ssize_t len;

    if (fd < 0)
        return 0;
    len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len <= 0)
        return 0;
    text[len] = 0;
    errno = 0;
    number = strtoull(text, &end, 10);
    return errno || end == text ? 0 : number;
}

static void read_disk(int dir, struct device_counters *device)
{
    device->in_requests = read_number(dir, "statistics/rd_req");
    device->out_requests = read_number(dir, "statistics/wr_req");
    device->in_bytes = read_number(dir, "statistics/rd_sect") * SECTOR_SIZE;
    device->out_bytes = read_number(dir, "statistics/wr_sect") * SECTOR_SIZE;
}

/*
 * A card's interface is found below its backend, whatever it is called. What dom0 receives from it is
 * what the domain sent.
 */
static void read_nic(int dir, struct device_counters *device)
{
    int net = openat(dir, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = net >= 0 ? fdopendir(net) : NULL;
    struct dirent *entry;
    char path[300];

    if (!list) {
        if (net >= 0)
            close(net);
        return;
    }
    while ((entry = readdir(list))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/statistics/rx_bytes", entry->d_name);
        device->out_bytes += read_number(net, path);
        snprintf(path, sizeof(path), "%s/statistics/tx_bytes", entry->d_name);
        device->in_bytes += read_number(net, path);
    }
    closedir(list);
}

/* Reads the device of this name, "vbd-DOMID-NUMBER" or "vif-DOMID-NUMBER". False: it is no such. */
static bool read_device(int root, const char *name, struct device_counters *device)
{
    char class[4], rest;
    int dir;

    *device = (struct device_counters){0};
    if (sscanf(name, "%3[a-z]-%u-%u%c", class, &device->domid, &device->number, &rest) != 3)
        return false;
    device->nic = !strcmp(class, "vif");
    if (!device->nic && strcmp(class, "vbd"))
        return false;
    dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    if (device->nic)
        read_nic(dir, device);
    else
        read_disk(dir, device);
    close(dir);
    return true;
}

int stats_read_devices(const char *root, struct vmctl_reading *reading)
{
    struct device_counters device, *more;
    DIR *list = opendir(root);
    struct dirent *entry;
    size_t room = 0;
    int ret = 0;

    while (list && !ret && (entry = readdir(list))) {
        if (!read_device(dirfd(list), entry->d_name, &device))
            continue;
        if (reading->nr_devices == room) {
            room = room ? room * 2 : 16;
            more = realloc(reading->devices, room * sizeof(*more));
            if (!more) {
                ret = -1;
                break;
            }
            reading->devices = more;
        }
        reading->devices[reading->nr_devices++] = device;
    }
    if (list)
        closedir(list);
    if (reading->nr_devices)
        qsort(reading->devices, reading->nr_devices, sizeof(device), stats_compare_devices);
    return ret;
}

static void read_idle(struct vmctl *v, struct vmctl_reading *reading)
{
    uint64_t *idle = calloc(IDLE_CPUS_MAX, sizeof(*idle));
    int count = idle ? xen_cpu_idle(v->xen, idle, IDLE_CPUS_MAX) : -ENOMEM;

    reading->idle_known = count > 0;
    for (int i = 0; i < count; i++)
        reading->idle_ns += idle[i];
    if (count > 0)
        reading->cpus = (uint32_t)count;
    free(idle);
}

static void read_memory(struct vmctl *v, struct vmctl_reading *reading)
{
    struct xen_sysctl_physinfo info;

    if (xen_physinfo(v->xen, &info) < 0)
        return;
    if (!reading->cpus)
        reading->cpus = info.nr_cpus;
    reading->total_kib = info.total_pages * 4;
    reading->free_kib = info.free_pages * 4;
    reading->claimed_kib = info.outstanding_pages * 4;
}

/* Times first, one right after the other: names and files take longer, and no rate depends on when. */
static int read_all(struct vmctl *v, struct vmctl_reading *reading)
{
    struct xen_domctl_getdomaininfo *domains;
    struct vmctl_info *infos = NULL;
    uint64_t ns[4];
    struct timespec t;
    int ret = -1;

    clock_gettime(CLOCK_MONOTONIC, &t);
    reading->time_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
    domains = vps_domains(v, &reading->nr_domains);
    if (!domains)
        return -1;
    read_idle(v, reading);
    reading->domains = calloc(reading->nr_domains + 1, sizeof(*reading->domains));
    for (size_t i = 0; reading->domains && i < reading->nr_domains; i++) {
        reading->domains[i].steal_known = !xen_runstates(v->xen, domains[i].domain, ns);
        reading->domains[i].steal_ns = reading->domains[i].steal_known ? ns[RUNSTATE_runnable] : 0;
    }
    read_memory(v, reading);
    if (!reading->domains || stats_read_devices(BACKENDS, reading))
        vmctl_fail(v, "out of memory");
    else
        ret = list_fill(v, domains, reading->nr_domains, &infos);
    for (size_t i = 0; !ret && i < reading->nr_domains; i++)
        reading->domains[i].info = infos[i];
    free(infos);
    free(domains);
    return ret;
}

struct vmctl_reading *vmctl_read_usage(struct vmctl *v)
{
    struct vmctl_reading *reading;

    if (need_xen(v) || need_state(v))
        return NULL;
    vps_reap_once(v);
    reading = calloc(1, sizeof(*reading));
    if (!reading) {
        vmctl_fail(v, "out of memory");
        return NULL;
    }
    if (!read_all(v, reading))
        return reading;
    vmctl_reading_free(reading);
    return NULL;
}

void vmctl_reading_free(struct vmctl_reading *reading)
{
    if (!reading)
        return;
    free(reading->domains);
    free(reading->devices);
    free(reading);
}
