/* SPDX-License-Identifier: MIT */
/*
 * What a multiboot loader (version 1 or 2) left in memory, turned into boot_info. All strings are copied:
 * the loader's memory is not kept. Formats: the Multiboot and Multiboot2 specifications.
 */
#include "boot/boot.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/layout.h"

#define MB1_BOOT_MAGIC 0x2badb002
#define MB2_BOOT_MAGIC 0x36d76289
#define MB1_HAS_COMMAND_LINE 0x004
#define MB1_HAS_MODULES 0x008
#define MB1_HAS_MAP 0x040
#define MB1_HAS_LOADER 0x200
#define STRINGS_SIZE 8192

struct mb1_info {
    u32 flags, mem_lower, mem_upper, boot_device, command_line, modules_count, modules;
    u32 symbols[4], map_length, map, drives_length, drives, config_table, loader;
};

struct mb1_module {
    u32 start, end, string, reserved;
};

struct mb1_range {
    u32 size; /* of what follows */
    u64 start, length;
    u32 type;
} __packed;

enum mb2_tag_type {
    MB2_END, MB2_COMMAND_LINE, MB2_LOADER, MB2_MODULE, MB2_MAP = 6, MB2_RSDP_OLD = 14, MB2_RSDP_NEW,
};

struct mb2_tag {
    u32 type, size;
    u32 word[];
};

struct mb2_range {
    u64 start, length;
    u32 type, reserved;
};

struct boot_info boot_info;
static char strings[STRINGS_SIZE];
static u32 strings_used;

static const char *keep(const char *s)
{
    char *to = strings + strings_used;
    size_t room = STRINGS_SIZE - strings_used;

    if (room < 2)
        return "";
    string_copy(to, s, room);
    strings_used += (u32)strlen(to) + 1;
    return to;
}

static void add_range(u64 start, u64 size, u32 type)
{
    if (boot_info.map_count < ARRAY_SIZE(boot_info.map) && size)
        boot_info.map[boot_info.map_count++] = (struct boot_range){start, size, type};
}

static void add_module(u32 start, u32 end, const char *string)
{
    if (boot_info.module_count < ARRAY_SIZE(boot_info.module) && end > start)
        boot_info.module[boot_info.module_count++] =
            (struct boot_module){start, end - start, keep(string)};
}

static void __init read_mb1(u32 address)
{
    const struct mb1_info *info = maddr_to_virt(address);

    if (info->flags & MB1_HAS_COMMAND_LINE)
        boot_info.command_line = keep(maddr_to_virt(info->command_line));
    if (info->flags & MB1_HAS_LOADER)
        boot_info.loader = keep(maddr_to_virt(info->loader));
    if (info->flags & MB1_HAS_MODULES) {
        const struct mb1_module *m = maddr_to_virt(info->modules);

        for (u32 i = 0; i < info->modules_count; i++)
            add_module(m[i].start, m[i].end, m[i].string ? maddr_to_virt(m[i].string) : "");
    }
    if (!(info->flags & MB1_HAS_MAP))
        panic("the loader gave no memory map");
    for (u32 at = 0; at < info->map_length;) {
        const struct mb1_range *r = maddr_to_virt(info->map + at);

        add_range(r->start, r->length, r->type);
        at += r->size + (u32)sizeof(r->size);
    }
}

static void __init read_mb2_map(const struct mb2_tag *tag)
{
    u32 entry = tag->word[0];

    for (u32 at = 16; entry && at + entry <= tag->size; at += entry) {
        const struct mb2_range *r = (const void *)((const u8 *)tag + at);

        add_range(r->start, r->length, r->type);
    }
}

static void __init read_mb2(u32 address)
{
    u32 size = *(const u32 *)maddr_to_virt(address);

    for (u32 at = 8; at + 8 <= size;) {
        const struct mb2_tag *tag = maddr_to_virt(address + at);

        if (tag->type == MB2_END || tag->size < 8)
            break;
        if (tag->type == MB2_COMMAND_LINE)
            boot_info.command_line = keep((const char *)tag->word);
        else if (tag->type == MB2_LOADER)
            boot_info.loader = keep((const char *)tag->word);
        else if (tag->type == MB2_MODULE)
            add_module(tag->word[0], tag->word[1], (const char *)&tag->word[2]);
        else if (tag->type == MB2_MAP)
            read_mb2_map(tag);
        else if (tag->type == MB2_RSDP_NEW || (tag->type == MB2_RSDP_OLD && !boot_info.rsdp_copied)) {
            boot_info.rsdp_copied = MIN(tag->size - 8, (u32)sizeof(boot_info.rsdp_copy));
            memcpy(boot_info.rsdp_copy, tag->word, boot_info.rsdp_copied);
        }
        at += ROUND_UP(tag->size, 8u);
    }
}

const char *boot_words(const char *s)
{
    if (strncmp(boot_info.loader, "GRUB 2", 6))
        while (*s && *s != ' ')
            s++;
    while (*s == ' ')
        s++;
    return s;
}

void __init multiboot_read(u32 magic, u32 address)
{
    boot_info.command_line = boot_info.loader = "";
    if (magic == MB1_BOOT_MAGIC)
        read_mb1(address);
    else if (magic == MB2_BOOT_MAGIC)
        read_mb2(address);
    else
        panic("not started by a multiboot loader (magic %x)", magic);
}
