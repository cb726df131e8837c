/* SPDX-License-Identifier: MIT */
/* The finished image as bytes, for the ELF32 that multiboot loaders take (hypervisor/build.mk). */
    .section .image, "awx", @progbits
    .incbin IMAGE_FILE
    .section .note.GNU-stack, "", @progbits
