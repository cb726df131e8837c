/* SPDX-License-Identifier: MIT */
/*
 * libvmctl: makes, lists and ends VPSes. The library's one public header; `vmctl` and the domain
 * daemon are written on it, and so can be others (pkg-config: vmctl).
 *
 * Rules that hold for every function:
 *  - 0 (or a stated positive value) is success and -1 is failure; vmctl_error() then has one line
 *    for people: what failed, on which object, why, and what to do.
 *  - a failure leaves nothing behind: no domain, no store nodes, no grants, no memory, no files.
 *  - a handle belongs to one thread at a time; processes do not share handles over fork().
 *  - a VPS is named by its name, its domain id in decimal, or its UUID.
 * It must never run as anything but root in the control domain: the device nodes see to that.
 */
#ifndef VMCTL_H
#define VMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMCTL_VERSION     "0.1"
#define VMCTL_NAME_MAX    63 /* bytes of a VPS's name: letters, digits, and . _ - behind the first */
#define VMCTL_UUID_SIZE   37 /* text form, NUL included */
#define VMCTL_REASON_SIZE 120

struct vmctl;

enum vmctl_state {
    VMCTL_RUNNING,  /* on a CPU, or ready for one */
    VMCTL_BLOCKED,  /* waiting for something to happen */
    VMCTL_PAUSED,   /* by vmctl pause, or not started yet */
    VMCTL_SHUTDOWN, /* it powered off, rebooted or suspended, and is about to be acted upon */
    VMCTL_CRASHED,  /* `reason` says why, where anyone knows */
    VMCTL_DYING     /* being taken apart */
};

struct vmctl_info {
    uint32_t domid;
    char name[VMCTL_NAME_MAX + 1]; /* empty where the domain has none */
    char uuid[VMCTL_UUID_SIZE];
    enum vmctl_state state;
    uint32_t vcpus;       /* online */
    uint64_t memory_kib;  /* what it has now */
    uint64_t claimed_kib; /* what is set aside for it beyond that */
    uint64_t max_kib;     /* what it may have */
    uint64_t cpu_ns;      /* CPU time used by all vcpus */
    bool managed;         /* made by this library, and watched by the domain daemon */
    char reason[VMCTL_REASON_SIZE];
};

/* Flags of vmctl_create(). */
#define VMCTL_CREATE_PAUSED 1U /* leave it paused: vmctl_unpause() starts it */

/* Called for each thing that is odd but no failure, with one line of text. */
typedef void (*vmctl_warn_fn)(void *context, const char *message);

/*
 * Makes a handle. Devices and the store are opened when first needed, so this works (and
 * vmctl_check() too) where no hypervisor runs. -1: out of memory; there is no handle to ask why.
 */
int vmctl_open(struct vmctl **out);
void vmctl_close(struct vmctl *v);

/* The last failure of this handle. Never NULL; valid until the handle's next call. */
const char *vmctl_error(const struct vmctl *v);
void vmctl_on_warning(struct vmctl *v, vmctl_warn_fn warn, void *context);

/* Reads and checks a domain XML file without making anything. */
int vmctl_check(struct vmctl *v, const char *file);

/*
 * Makes the VPS that the domain XML file describes and starts it. *domid is written on success. A
 * child process copies the image; it is waited for.
 * When the caller is killed midway, the domain daemon or the next call of any function here takes
 * the remains away.
 */
int vmctl_create(struct vmctl *v, const char *file, unsigned int flags, uint32_t *domid);

/* All domains by id, the control domain first: *infos is one allocation, freed with free(). */
int vmctl_list(struct vmctl *v, struct vmctl_info **infos, size_t *count);

/* One VPS. */
int vmctl_find(struct vmctl *v, const char *who, struct vmctl_info *info);

/* Ends it at once, as by pulling the plug, and removes all that belonged to it. */
int vmctl_destroy(struct vmctl *v, const char *who);

int vmctl_pause(struct vmctl *v, const char *who);
int vmctl_unpause(struct vmctl *v, const char *who);

/* Asks the guest to power off or reboot, and returns once it has been asked. */
int vmctl_shutdown(struct vmctl *v, const char *who);
int vmctl_reboot(struct vmctl *v, const char *who);

/* Ends it at once and makes it again from its description; *domid is the new one. */
int vmctl_reset(struct vmctl *v, const char *who, uint32_t *domid);

/* The description that the VPS runs by, as domain XML; *xml is freed with free(). */
int vmctl_dumpxml(struct vmctl *v, const char *who, char **xml);

/*
 * ---- Changing a VPS, or the control domain, while it runs ----
 *
 * What was changed holds over a restart of the VPS, and vmctl_dumpxml() shows it. All that can be
 * checked is checked before anything is done; where a later step fails all the same, the error says
 * what was done before it.
 */

/* Which CPUs a vcpu may run on; soft: which ones it runs on where one of them is free. */
#define VMCTL_ALL_VCPUS (-1)
struct vmctl_pin {
    int vcpu; /* or VMCTL_ALL_VCPUS */
    bool soft;
    const char *cpus; /* "0-2,5", "0-7,^3", or "all" */
};

/* vmctl_change.what: the fields that count. */
#define VMCTL_SET_VCPUS  1U
#define VMCTL_SET_WEIGHT 2U
#define VMCTL_SET_CAP    4U
#define VMCTL_SET_PINS   8U
#define VMCTL_SET_MEMORY 16U

struct vmctl_change {
    unsigned int what;   /* VMCTL_SET_* */
    unsigned int vcpus;  /* online ones, up to the description's <vcpu> */
    unsigned int weight; /* 1 to 65535; a VPS's default is 256 */
    unsigned int cap;    /* hundredths of one CPU, for all vcpus together; 0: none */
    const struct vmctl_pin *pins;
    size_t nr_pins;
    uint64_t memory_kib; /* from the description's guaranteed minimum to its <memory> */
    int timeout_ms;      /* see vmctl_set_memory() */
};

/* reached_kib may be NULL; else it is written where memory was asked for, on failure too. */
int vmctl_set(struct vmctl *v, const char *who, const struct vmctl_change *change,
              uint64_t *reached_kib);

/* One thing each, by vmctl_set(). vcpus: the guest is asked, and not waited for. */
int vmctl_set_vcpus(struct vmctl *v, const char *who, unsigned int vcpus);
int vmctl_set_scheduling(struct vmctl *v, const char *who, unsigned int weight, unsigned int cap);
int vmctl_set_affinity(struct vmctl *v, const char *who, const struct vmctl_pin *pins,
                       size_t nr_pins);

/*
 * Asks the VPS to have so much memory, and sees to it that it cannot have more. What it grows by is
 * claimed first: -1 where the machine does not have it. Then waits as long as it gets nearer. Where
 * no part worth mentioning came for timeout_ms, -1: it is asked no longer, and what it has then is
 * what it may have. timeout_ms 0 does not wait at all and returns 0: the demand stands, and what is
 * given back cannot be taken again. *reached_kib (may be NULL) is what it has at the end.
 */
int vmctl_set_memory(struct vmctl *v, const char *who, uint64_t kib, int timeout_ms,
                     uint64_t *reached_kib);

/* True for a list of CPUs as in struct vmctl_pin. */
bool vmctl_cpus_ok(const char *cpus);

/* Reads "512M", "1GiB", "524288" (KiB) and the like. False: not an amount of memory. */
bool vmctl_parse_size(const char *text, uint64_t *kib);

/* Version of the hypervisor. */
int vmctl_hypervisor_version(struct vmctl *v, char *out, size_t size);

/* The node, as `vmctl info --node` shows it. Texts are empty, and figures 0, where nobody tells. */
struct vmctl_node {
    char version[64]; /* of the hypervisor */
    char scheduler[16];
    char command_line[1024]; /* the hypervisor's */
    char cpu_model[128];
    uint32_t cpus, sockets, cores_per_socket, threads_per_core;
    uint32_t cpu_khz;
    uint64_t total_kib, free_kib;
    uint64_t claimed_kib; /* of what is free: set aside for VPSes that are being made */
    uint64_t dom0_kib;
    uint64_t vps_kib, vps_max_kib; /* of all VPSes: what they have, and what they may have */
    uint32_t domains;              /* the control domain is one of them */
    uint64_t uptime_s;             /* since the control domain started, with the machine */
};

int vmctl_node(struct vmctl *v, struct vmctl_node *node);

#define VMCTL_CPUS_SIZE 256 /* a set of CPUs as text: "0-3,8", or "all" */

struct vmctl_vcpu {
    uint32_t number;
    bool online, running, blocked;
    uint32_t cpu; /* where it runs, or ran last */
    uint64_t cpu_ns;
    char hard[VMCTL_CPUS_SIZE]; /* CPUs that it may run on */
    char soft[VMCTL_CPUS_SIZE]; /* CPUs that it prefers */
};

/* One domain in full. */
struct vmctl_details {
    struct vmctl_info info;
    uint32_t max_vcpus;
    uint32_t weight;     /* 0: the scheduler has none */
    uint32_t cap;        /* percent of one CPU; 0: none */
    uint64_t target_kib; /* what it was told to balloon to; 0: unknown */
    size_t count;        /* of vcpus, online or not, that the hypervisor tells of */
    struct vmctl_vcpu vcpus[];
};

/* *details is freed with free(). */
int vmctl_details(struct vmctl *v, const char *who, struct vmctl_details **details);

/*
 * Use over time. A reading holds what every domain has used up to a moment; two of them, made some
 * time apart on any handles, make a usage. NULL: vmctl_error(). Free a reading by its function.
 */
struct vmctl_reading;
struct vmctl_reading *vmctl_read_usage(struct vmctl *v);
void vmctl_reading_free(struct vmctl_reading *reading);

/* What one domain used between two readings. No figure is ever negative. */
struct vmctl_use {
    struct vmctl_info info; /* as of the later reading */
    double cpu_percent;     /* 100 is one CPU */
    bool steal_known;       /* false: this hypervisor does not tell */
    double steal_percent;   /* ready to run, but not running; 100 is one vcpu that always waits */
    double disk_read_bytes, disk_write_bytes, disk_reads, disk_writes; /* per second */
    double net_rx_bytes, net_tx_bytes; /* per second, as the domain sees it: rx is what it got */
};

struct vmctl_usage {
    double seconds; /* between the readings */
    uint32_t cpus;
    bool load_known;
    double load_percent; /* of all CPUs: 100 less what they were idle */
    uint64_t total_kib, free_kib, claimed_kib;
    size_t count;
    struct vmctl_use domains[]; /* by id */
};

/*
 * Domains that are new since `before`, or began anew under an old id, are counted from zero; those
 * that have gone are left out. Freed with free(); NULL: out of memory.
 */
struct vmctl_usage *vmctl_usage(const struct vmctl_reading *before,
                                const struct vmctl_reading *now);

/*
 * For the domain daemon. vmctl_reap() takes away what killed creators left, and acts on each VPS
 * that powered off, rebooted or crashed as its description says. Returns how many it acted upon.
 * vmctl_watch_fds() gives descriptors to poll for reading: when one is readable, call
 * vmctl_watch_clear() and then vmctl_reap(). -1 without a store: try again later.
 */
int vmctl_watch_fds(struct vmctl *v, int fds[2]);
int vmctl_watch_clear(struct vmctl *v);
int vmctl_reap(struct vmctl *v);

/* Makes this process the domain daemon, until it ends: 0; 1 where there is one already. */
int vmctl_lock_daemon(struct vmctl *v);

/* Starts the domain daemon where none runs (mews-domaind, looked for in PATH). */
int vmctl_start_daemon(struct vmctl *v);

/*
 * JSON of one domain, and of a list of them, as a text that ends in a newline; free() it. NULL:
 * out of memory.
 */
char *vmctl_info_json(const struct vmctl_info *info);
char *vmctl_list_json(const struct vmctl_info *infos, size_t count);

char *vmctl_node_json(const struct vmctl_node *node);
char *vmctl_details_json(const struct vmctl_details *details);
char *vmctl_usage_json(const struct vmctl_usage *usage);

/* JSON of an object with one member, a string. */
char *vmctl_text_json(const char *name, const char *text);

/* "running", "crashed", ... */
const char *vmctl_state_name(enum vmctl_state state);

/*
 * Writes the ELF kernel that is in the file `in` (bzImage, or ELF already) to the file `out`.
 * Returns 0, or -1 with one line for people in error[size].
 */
int vmctl_unpack_kernel(const char *in, const char *out, char *error, size_t size);

#ifdef __cplusplus
}
#endif
#endif
