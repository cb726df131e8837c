/* SPDX-License-Identifier: MIT */
/*
 * mews-unpack-kernel: takes the ELF kernel out of a bzImage, before boot, for a hypervisor that has
 * no decompressor. It must refuse what the hypervisor would refuse, so that this shows here.
 */
#include <stdio.h>
#include <string.h>

#include "vmctl.h"

int main(int argc, char **argv)
{
    char error[512];

    if (argc == 2 && !strcmp(argv[1], "--help")) {
        printf(
            "usage: mews-unpack-kernel IN OUT, or --help, or --version\n\n"
            "Writes the ELF kernel that is in IN (bzImage with gzip, xz, zstd or lz4, or ELF already)\n"
            "to OUT. Exit status: 0 done, 1 failed, 2 wrong usage.\n");
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("mews-unpack-kernel " VMCTL_VERSION);
        return 0;
    }
    if (argc != 3) {
        fputs("usage: mews-unpack-kernel IN OUT, or --help, or --version\n", stderr);
        return 2;
    }
    if (!vmctl_unpack_kernel(argv[1], argv[2], error, sizeof(error)))
        return 0;
    fprintf(stderr, "mews-unpack-kernel: %s\n", error);
    return 1;
}
