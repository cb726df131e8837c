/* SPDX-License-Identifier: MIT */
/*
 * Disks before their backend has them: a file gets a loop device with direct I/O, a block device is
 * taken as it is. A loop device made here must go away by itself with its last user, so that nobody
 * has to remember it: not after a crash, not after a SIGKILL.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SECTOR     512
#define LOOP_TRIES 64

static int disk_failed(struct vmctl *v, const struct config_disk *d, const char *what)
{
    return vmctl_fail(v, "disk %s (%s): %s: %s", d->source, d->target, what, strerror(errno));
}

/* Opens a free loop device's control side for this file. Someone else may be quicker: try again. */
static int attach_loop(struct vmctl *v, const struct config_disk *d, int file, struct disk *out)
{
    struct loop_config config = {
        .fd = (uint32_t)file,
        .info.lo_flags =
            LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (d->readonly ? LO_FLAGS_READ_ONLY : 0),
    };
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

    if (control < 0)
        return disk_failed(v, d, "cannot open /dev/loop-control (is the loop module loaded?)");
    snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", d->source);
    for (int i = 0; i < LOOP_TRIES; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);

        if (number < 0)
            break;
        snprintf(out->path, sizeof(out->path), "/dev/loop%d", number);
        out->fd = open(out->path, (d->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (out->fd < 0)
            break;
        if (!ioctl(out->fd, LOOP_CONFIGURE, &config)) {
            close(control);
            return 0;
        }
        close(out->fd);
        out->fd = -1;
        if (errno != EBUSY)
            break;
    }
    disk_failed(v, d, "cannot make a loop device for it");
    close(control);
    return -1;
}

static int open_file(struct vmctl *v, const struct config_disk *d, struct disk *out)
{
    int file = open(d->source, (d->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int ret = -1;

    if (file < 0)
        return disk_failed(v, d, "cannot open it");
    if (fstat(file, &st))
        disk_failed(v, d, "cannot look at it");
    else if (!S_ISREG(st.st_mode))
        vmctl_fail(v,
                   "disk %s (%s): not a regular file: write <disk type='block'> for a block "
                   "device",
                   d->source, d->target);
    else if (st.st_size < SECTOR)
        vmctl_fail(v, "disk %s (%s): the file is smaller than one sector", d->source, d->target);
    else
        ret = attach_loop(v, d, file, out);
    close(file);
    if (!ret && fstat(out->fd, &st))
        ret = disk_failed(v, d, "cannot look at its loop device");
    if (!ret) {
        out->major = major(st.st_rdev);
        out->minor = minor(st.st_rdev);
    }
    return ret;
}

static int open_block(struct vmctl *v, const struct config_disk *d, struct disk *out)
{
    /* O_EXCL fails where dom0 itself has mounted it. */
    int fd = open(d->source, (d->readonly ? O_RDONLY : O_RDWR | O_EXCL) | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return disk_failed(
            v, d, errno == EBUSY ? "in use in dom0: unmount it there first" : "cannot open it");
    if (fstat(fd, &st)) {
        close(fd);
        return disk_failed(v, d, "cannot look at it");
    }
    close(fd);
    if (!S_ISBLK(st.st_mode))
        return vmctl_fail(v,
                          "disk %s (%s): not a block device: write <disk type='file'> for a "
                          "file",
                          d->source, d->target);
    out->major = major(st.st_rdev);
    out->minor = minor(st.st_rdev);
    return 0;
}

int disks_open(struct vmctl *v, const struct config *config, struct disk *disks)
{
    for (unsigned int i = 0; i < config->nr_disks; i++) {
        const struct config_disk *d = &config->disks[i];

        disks[i] = (struct disk){.fd = -1};
        if (d->block ? open_block(v, d, &disks[i]) : open_file(v, d, &disks[i])) {
            disks_close(disks, i + 1);
            return -1;
        }
    }
    return 0;
}

void disks_close(struct disk *disks, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++)
        if (disks[i].fd >= 0)
            close(disks[i].fd);
}

bool disks_conflict(const struct config_disk *a, const struct config_disk *b)
{
    struct stat sa, sb;

    if ((a->readonly && b->readonly) || (a->shareable && b->shareable))
        return false;
    if (stat(a->source, &sa) || stat(b->source, &sb))
        return !strcmp(a->source, b->source);
    if (S_ISBLK(sa.st_mode) && S_ISBLK(sb.st_mode))
        return sa.st_rdev == sb.st_rdev;
    return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}
