/* SPDX-License-Identifier: MIT */
/* The loader's information, see multiboot.c. */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "lib/types.h"

/* magic and address as the loader left them in eax and ebx; fills boot_info. The boot page tables are in use. */
void multiboot_read(u32 magic, u32 address);

#endif
