/* SPDX-License-Identifier: MIT */
/*
 * Opens kernel files for the builder and for mews-unpack-kernel. It must refuse, in one line that
 * names the file, whatever cannot run as a 64-bit PV kernel.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_elf(const struct file_data *file)
{
    return file->size >= 4 && memcmp(file->data,
                                     "\x7f"
                                     "ELF",
                                     4) == 0;
}

/* Opens path and, where it is a bzImage, replaces its bytes by the unpacked kernel. */
static const char *open_unpacked(const char *path, struct file_data *out)
{
    struct file_data packed;
    const char *error = file_open(path, &packed);

    if (error || is_elf(&packed)) {
        *out = packed;
        return error;
    }
    errno = 0;
    error = unpack_bzimage(packed.data, packed.size, out);
    file_close(&packed);
    return error;
}

int kernel_open(struct vmctl *v, const char *path, struct kernel *out)
{
    const char *error;

    errno = 0;
    error = open_unpacked(path, &out->file);
    if (error)
        return vmctl_fail(v, "kernel %s: %s%s%s", path, error, errno ? ": " : "",
                          errno ? strerror(errno) : "");
    error = pv_elf_parse(out->file.data, out->file.size, &out->elf);
    if (error) {
        file_close(&out->file);
        return vmctl_fail(v, "kernel %s: %s", path, error);
    }
    copy_find_holes(&out->elf, &out->holes);
    return 0;
}

void kernel_close(struct kernel *kernel)
{
    file_close(&kernel->file);
}

/* Writes through a temporary name, so that a failure leaves no half of a kernel behind. */
static const char *write_file(const char *path, const struct file_data *file)
{
    char temporary[4096];
    const char *error = NULL;
    size_t done = 0;
    int fd;

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return "cannot write it";
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return "cannot write it";
    while (done < file->size && !error) {
        ssize_t n = write(fd, file->data + done, file->size - done);

        if (n < 0)
            error = "cannot write it";
        else
            done += (size_t)n;
    }
    if (close(fd) && !error)
        error = "cannot write it";
    if (!error && rename(temporary, path))
        error = "cannot write it";
    if (error) {
        int saved = errno;

        unlink(temporary);
        errno = saved;
    }
    return error;
}

int vmctl_unpack_kernel(const char *in, const char *out, char *error, size_t size)
{
    struct file_data file;
    struct pv_elf elf;
    const char *name = in, *text;

    errno = 0;
    text = open_unpacked(in, &file);
    if (!text) {
        errno = 0;
        text = pv_elf_parse(file.data, file.size, &elf);
        if (!text) {
            name = out;
            text = write_file(out, &file);
        }
    }
    file_close(&file);
    if (!text)
        return 0;
    snprintf(error, size, "%s: %s%s%s", name, text, errno ? ": " : "",
             errno ? strerror(errno) : "");
    return -1;
}
