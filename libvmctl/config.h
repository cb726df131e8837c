/* SPDX-License-Identifier: MIT */
/*
 * What a domain XML file says, checked. Private to libvmctl. The reader must never fetch anything
 * from elsewhere, expand entities, or take a value that it does not understand for another one.
 */
#ifndef LIBVMCTL_CONFIG_H
#define LIBVMCTL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpus.h"
#include "vmctl.h"

#define CONFIG_FILE_MAX    (1UL << 20) /* bytes of XML */
#define CONFIG_DISKS_MAX   26
#define CONFIG_NICS_MAX    16
#define CONFIG_VCPUS_MAX   64
#define CONFIG_WEIGHT_MAX  65535
#define CONFIG_CAP_MAX     6400             /* hundredths of a CPU: what so many vcpus can use */
#define CONFIG_NAMESPACE   "urn:mews:vps:1" /* of what stands in <metadata> */
#define CONFIG_CMDLINE_MAX 1023             /* what start_info has room for, its NUL apart */

enum config_action { ACTION_DESTROY, ACTION_RESTART, ACTION_PRESERVE };

struct config_disk {
    char *source; /* absolute path of a file or block device */
    bool block;   /* type='block' */
    bool readonly;
    bool shareable;      /* others may write to it too: they know what they do */
    char target[16];     /* "xvda" */
    unsigned int number; /* the target as the ABI's virtual device number */
    int line;            /* in the file, for error messages */
};

struct config_nic {
    char bridge[16];
    char ifname[16]; /* empty: vifDOMID.INDEX */
    uint8_t mac[6];
    int line;
};

/* CPU time and CPUs. 0, or an empty set, leaves it to the hypervisor. */
struct config_cpu {
    unsigned int weight;    /* <shares> */
    unsigned int cap;       /* <global_quota> by <global_period>, in hundredths of a CPU */
    uint64_t quota, period; /* of each vcpu, in microseconds */
    struct cpus hard_all;   /* <vcpu cpuset>: of each vcpu without one of its own */
    struct cpus soft_all;
    struct cpus hard[CONFIG_VCPUS_MAX], soft[CONFIG_VCPUS_MAX];
};

struct config {
    char name[VMCTL_NAME_MAX + 1];
    uint8_t uuid[16];
    uint64_t max_kib;    /* <memory> */
    uint64_t memory_kib; /* <currentMemory>: at start, and what was asked for since */
    uint64_t
        guarantee_kib; /* <min_guarantee>: what nobody takes it below; 0: nothing is promised */
    unsigned int max_vcpus, vcpus;
    struct config_cpu cpu;
    char *kernel, *initrd, *cmdline; /* initrd and cmdline may be NULL */
    struct config_disk disks[CONFIG_DISKS_MAX];
    unsigned int nr_disks;
    struct config_nic nics[CONFIG_NICS_MAX];
    unsigned int nr_nics;
    enum config_action on_poweroff, on_reboot, on_crash;
};

struct config_messages {
    char error[512];
    vmctl_warn_fn warn; /* may be NULL */
    void *context;
};

/*
 * Reads text[size], which came from the file called name (for messages). Returns a config to be
 * freed by config_free(), or NULL with messages->error filled: "FILE:LINE: what is wrong". A missing
 * uuid and missing MACs are made up here, so that the config is complete.
 */
struct config *config_parse(const char *name, const char *text, size_t size,
                            struct config_messages *messages);

/* The same from a file. */
struct config *config_read(const char *file, struct config_messages *messages);

void config_free(struct config *config);

/* Domain XML of a config, freed with free(). NULL: out of memory. */
char *config_write(const struct config *config);

/* "xvdb" -> the ABI's virtual device number; -1: not a name that this library takes. */
int config_disk_number(const char *target);

void config_uuid_text(const uint8_t uuid[16], char text[VMCTL_UUID_SIZE]);
bool config_uuid_parse(const char *text, uint8_t uuid[16]);

/* Bytes of a memory unit, libvirt's names; 0: unknown. */
uint64_t config_unit_bytes(const char *unit);

/* Makes up a MAC address (Xen's own prefix, three random bytes) or a UUID. False: no random numbers. */
bool config_random_mac(uint8_t mac[6]);
bool config_random_uuid(uint8_t uuid[16]);

/* True for a name that a VPS may have; it becomes a file's name, so nothing odd is allowed. */
bool config_name_ok(const char *name);

/* What a VPS with so many vcpus may use of CPU time, in hundredths of a CPU; 0: no limit. */
unsigned int config_cap(const struct config_cpu *cpu, unsigned int vcpus);

/* The CPUs of a vcpu; NULL: any. */
const struct cpus *config_cpus(const struct config_cpu *cpu, unsigned int vcpu, bool soft);

const char *config_action_name(enum config_action action);

#endif
