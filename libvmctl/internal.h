/* SPDX-License-Identifier: MIT */
/*
 * What libvmctl's files share and its users never see: the handle, and the steps that a VPS's life
 * is made of. Nothing here may be installed.
 *
 * Functions that take a struct vmctl return 0 or -1 with vmctl_fail()'s text, unless they say else.
 */
#ifndef LIBVMCTL_INTERNAL_H
#define LIBVMCTL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "config.h"
#include "copy.h"
#include "lib/pv_elf.h"
#include "store.h"
#include "unpack.h"
#include "vmctl.h"
#include "xen.h"

#define STATE_DIR "/run/mews"

struct vmctl {
    struct xen *xen;     /* by need_xen() */
    struct store *store; /* by need_store() */
    int state_dir;       /* by need_state(), else -1 */
    int inotify;         /* the daemon's, else -1 */
    bool reaped;         /* leftovers have been looked for once */
    char error[640];
    vmctl_warn_fn warn;
    void *warn_context;
};

/* Sets the handle's error and returns -1. */
int vmctl_fail(struct vmctl *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vmctl_warn(struct vmctl *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each opens what it names, once. */
int need_xen(struct vmctl *v);
int need_store(struct vmctl *v);

/* Drops a connection that broke, so that the next need_store() makes a new one. */
void drop_store(struct vmctl *v);

/* ---- list.c ---- */

/* What vmctl_list() tells of these domains: count entries, freed with free(). Needs need_state(). */
int list_fill(struct vmctl *v, const struct xen_domctl_getdomaininfo *domains, size_t count,
              struct vmctl_info **infos);

/* ---- node.c ---- */

/* A set of CPUs on a machine that has `cpus` of them, for people: "0-3,8"; "all" for all of them. */
void node_cpus_text(const struct cpus *set, unsigned int cpus, char text[VMCTL_CPUS_SIZE]);

/* ---- kernel.c ---- */

struct kernel {
    struct file_data file; /* the ELF's bytes: mapped, or unpacked */
    struct pv_elf elf;
    struct copy_holes holes;
};

/* Reads a kernel file: ELF or bzImage. */
int kernel_open(struct vmctl *v, const char *path, struct kernel *out);
void kernel_close(struct kernel *kernel);

/* ---- build.c ---- */

/* A domain on its way: what build.c finds out and the store wants to know. */
struct build {
    const struct config *config;
    struct kernel kernel;
    struct file_data initrd; /* data NULL: none */
    struct pv_image image;
    uint64_t nr_pages;
    uint64_t *mfns; /* pfn -> mfn of all nr_pages */
    domid_t domid;
    bool created;
    uint32_t store_port, console_port;
    uint64_t store_mfn, console_mfn;
    pid_t copier;    /* the process that writes the image; 0: none */
    int copier_says; /* the pipe that it tells of failures by */
};

/* Reads kernel and initrd and lays the image out: all that can be checked without a domain. */
int build_prepare(struct vmctl *v, struct build *b);

/* Makes the domain with its memory, and event channels. Needs build_prepare(). */
int build_domain(struct vmctl *v, struct build *b);

/*
 * Copies the image and writes its page tables: in a process of its own, which ends with the handle's
 * process. Neither the domain's memory nor the files may be touched before build_copy_wait().
 */
int build_copy_start(struct vmctl *v, struct build *b);

/* Looks whether the initrd is whole. It takes a while, so it is done while the image is copied. */
int build_check_initrd(struct vmctl *v, const struct build *b);

/* Waits for the copying process. */
int build_copy_wait(struct vmctl *v, struct build *b);

/* Writes the first grants, pins the page tables, and makes vcpu 0 ready to run. */
int build_finish(struct vmctl *v, const struct build *b);

/* Frees what the builder holds on this side, copier and all; the domain stays. */
void build_free(struct vmctl *v, struct build *b);

struct disk;

/* ---- nodes.c ---- */

/* Writes all of a new domain's store nodes, its devices' too, in one transaction. */
int nodes_write(struct vmctl *v, const struct build *b, const struct disk *disks);

/* Removes all store nodes of a domain. uuid: of its /vm node. Missing ones are no failure. */
int nodes_remove(struct vmctl *v, uint32_t domid, const uint8_t uuid[16]);

/* ---- device.c, disk.c, nic.c ---- */

/* A disk made ready for its backend. */
struct disk {
    int fd;                    /* of the loop device until the backend has it; -1: none */
    unsigned int major, minor; /* what the backend opens */
    char path[32];             /* of the loop device; empty for block devices */
};

/*
 * Opens each disk of the config and holds it against those of other VPSes; files get a loop device
 * that goes away by itself with its last user. disks[CONFIG_DISKS_MAX] is filled.
 */
int disks_open(struct vmctl *v, const struct config *config, struct disk *disks);
void disks_close(struct disk *disks, unsigned int count);

/* True where the two configs would write to the same thing, or one write what the other reads. */
bool disks_conflict(const struct config_disk *a, const struct config_disk *b);

/* Checks that each card's bridge is there. */
int nics_check(struct vmctl *v, const struct config *config);

/* Attaches a backend's interface to its bridge and brings it up. */
int nic_attach(struct vmctl *v, const struct config_nic *nic, const char *ifname);

/* Waits until the backends are ready for their frontends, and connects the cards. */
int devices_wait(struct vmctl *v, const struct config *config, uint32_t domid);

/* Closes all devices of a domain: waits, within bounds, until their backends let go. */
int devices_close(struct vmctl *v, uint32_t domid);

/* ---- state.c ---- */

/*
 * The state directory has a file per VPS: its domain XML. Its suffix says what is going on:
 *   NAME.xml     the VPS is there
 *   NAME.making  somebody who holds the file's lock makes it or takes it away; where the lock is
 *                free, that somebody was killed, and the remains have to go
 *   NAME.again   the domain daemon makes it again; where the lock is free, it has yet to
 * The domain belongs to the file by its UUID. The directory's own lock makes changes of names and
 * of disks in use atomic.
 */
enum state_kind { STATE_RUNNING, STATE_MAKING, STATE_AGAIN };

struct state_file {
    char name[VMCTL_NAME_MAX + 1];
    enum state_kind kind;
    int fd; /* locked */
};

int need_state(struct vmctl *v);

/* The directory's lock: waits for it. Returns a descriptor to close, or -1. */
int state_lock(struct vmctl *v);

/* Fails where a VPS of this name is there or on its way. Needs the directory's lock. */
int state_check_name(struct vmctl *v, const char *name);

/* Records a VPS to be made; *file is locked. Needs the directory's lock. -1 where the name is used. */
int state_new(struct vmctl *v, const struct config *config, struct state_file *file);

/*
 * Opens and locks a VPS's file without waiting for its holder. Takes the directory's lock, since a
 * new file must not be found between its making and its locking. Returns 0; 1 where there is no
 * such file; 2 where somebody else holds it; -1 on failure.
 */
int state_open(struct vmctl *v, const char *name, enum state_kind kind, struct state_file *file);

/* Renames the locked file to another kind. Takes the directory's lock, so names change one by one. */
int state_become(struct vmctl *v, struct state_file *file, enum state_kind kind);

/* Writes the locked file anew, whole or not at all; *file is the new one, locked. */
int state_update(struct vmctl *v, struct state_file *file, const struct config *config);

/* Removes the file and lets go of it. */
void state_remove(struct vmctl *v, struct state_file *file);

/* Lets go of the lock; the file stays. */
void state_close(struct state_file *file);

/* Reads a locked file's config. */
struct config *state_config(struct vmctl *v, const struct state_file *file);

/* Calls fn for each VPS's file until it returns non-zero, which is returned. */
typedef int (*state_fn)(struct vmctl *v, const char *name, enum state_kind kind, void *context);
int state_each(struct vmctl *v, state_fn fn, void *context);

/* Reads a VPS's config without locking it. NULL: it is not there, or not readable. */
struct config *state_peek(struct vmctl *v, const char *name, enum state_kind kind);

/*
 * Reads a VPS's UUID and maximum of memory (0: not found) from the beginning of its file, as
 * config_write() writes it, without parsing the rest. False: it is not there.
 */
bool state_head(struct vmctl *v, const char *name, enum state_kind kind, uint8_t uuid[16],
                uint64_t *max_kib);
bool state_uuid(struct vmctl *v, const char *name, enum state_kind kind, uint8_t uuid[16]);

/*
 * Whether a file, as this stat() shows it, was found whole before: so that an initrd is unpacked for
 * that once, not at each start of a VPS. Anything that changes the file changes what stat() shows.
 */
bool state_is_whole(struct vmctl *v, const struct stat *st);
void state_set_whole(struct vmctl *v, const struct stat *st);

/* ---- vmctl.c ---- */

/*
 * Locks a running VPS's file, waiting within bounds for whoever works on the VPS. Returns 1 where it
 * has none: a domain that something else made. It may be another domain by then: look again.
 */
int vps_hold(struct vmctl *v, const struct vmctl_info *info, struct state_file *file);

/* ---- vps.c ---- */

/* Makes the VPS of a locked STATE_MAKING or STATE_AGAIN file; on success the file is an .xml. */
int vps_make(struct vmctl *v, const struct config *config, struct state_file *file,
             unsigned int flags, uint32_t *domid);

/* Takes away whatever there is of the VPS with this UUID: devices, nodes, domain. */
int vps_unmake(struct vmctl *v, const uint8_t uuid[16]);

/* Domain id of the domain with this UUID; -1: none, without an error text. Dying ones count. */
int vps_domid(struct vmctl *v, const uint8_t uuid[16]);

/* All domains, freed with free(). NULL: see vmctl_error(). */
struct xen_domctl_getdomaininfo *vps_domains(struct vmctl *v, size_t *count);

/* Takes away what killed creators left, once per handle. */
void vps_reap_once(struct vmctl *v);

#endif
