/* SPDX-License-Identifier: MIT */
/*
 * Kernel files: finds the ELF kernel in a bzImage and decompresses it. Private to libvmctl and to
 * mews-unpack-kernel. It must never trust a number in the file, and never produce more than
 * UNPACK_MAX bytes, however the file was made.
 */
#ifndef LIBVMCTL_UNPACK_H
#define LIBVMCTL_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define UNPACK_MAX (512UL << 20)

/* A file's bytes: mapped, or made by decompression. */
struct file_data {
    unsigned char *data;
    size_t size;    /* bytes of use */
    size_t mapped;  /* bytes to unmap; 0: nothing held */
    struct stat st; /* of the file that was opened */
};

/*
 * Maps a whole regular file for reading. Returns 0, or a constant text that says what is wrong
 * (then errno is set, or 0 where no call failed). An empty file is refused.
 */
const char *file_open(const char *path, struct file_data *out);

void file_close(struct file_data *file);

/* True where the bytes start like a bzImage (boot sector signature and header magic). */
bool unpack_is_bzimage(const unsigned char *data, size_t size);

/*
 * Decompresses a bzImage's payload into *out. Returns 0, or a constant sentence that says what is
 * wrong with it; *out holds nothing then. Boot protocol 2.08 or later (Linux, x86/boot.rst).
 */
const char *unpack_bzimage(const unsigned char *data, size_t size, struct file_data *out);

/*
 * Looks whether an initrd (archives in cpio, gzip, xz or zstd, one behind another; others are let
 * pass) is whole and, where that is found out on the way, unpacks to at most limit bytes. Returns 0,
 * or a constant text that says what is wrong.
 */
const char *initrd_check(const unsigned char *data, size_t size, size_t limit);

#endif
