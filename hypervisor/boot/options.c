/* SPDX-License-Identifier: MIT */
/*
 * The command line, by Xen's names where they mean the same. Words it does not know are somebody
 * else's (a loader's, a newer configuration's) and must not stop the machine.
 */
#include "boot/boot.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAX_WORD 128

struct boot_options boot_options = {
    .console_com1 = 1,
    .loglvl = PRINT_INFO,
    .guest_loglvl = PRINT_WARNING,
    .smap = 1,
    .smep = 1,
    .max_cpus = 64,
    .mem_limit = ~0ull,
};

/* A size as Xen takes it: a number with B, K, M, G, T behind it; without one it counts KiB. */
static u64 read_size(const char *value)
{
    static const char units[] = "bkmgt";
    u64 n = string_number(value, &value);
    const char *unit = *value ? strchr(units, *value | 0x20) : NULL;

    return n << (unit ? 10 * (unit - units) : 10);
}

static u64 read_number(const char *value)
{
    return string_number(value, NULL);
}

static u64 read_flag(const char *value)
{
    static const char *const yes[] = {"", "1", "on", "yes", "true", "enable"};

    for (u32 i = 0; i < ARRAY_SIZE(yes); i++)
        if (!strcmp(value, yes[i]))
            return 1;
    return 0;
}

/* min:,max:,SIZE in any order; the minimum is the builder's own business. */
static u64 read_dom0_mem(const char *value)
{
    u64 size = boot_options.dom0_mem;

    for (; value; value = strchr(value, ',')) {
        value += *value == ',';
        if (!strncmp(value, "max:", 4))
            boot_options.dom0_mem_max = read_size(value + 4);
        else if (strncmp(value, "min:", 4))
            size = read_size(value);
    }
    return size;
}

/* The most talkative level named: error, warning, info, debug, all; none is error. */
static u64 read_level(const char *value)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug", "all"};
    static const u8 levels[] = {PRINT_ERROR, PRINT_ERROR, PRINT_WARNING, PRINT_INFO, PRINT_DEBUG, PRINT_DEBUG};

    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (!strncmp(value, names[i], strlen(names[i])))
            return levels[i];
    return PRINT_INFO;
}

/* stable:socket is stable to us: CPUs are compared anyway. */
static u64 read_tsc(const char *value)
{
    if (!strncmp(value, "stable", 6))
        return TSC_STABLE;
    return strcmp(value, "unstable") && strcmp(value, "skewed") ? TSC_AS_CPU : TSC_UNSTABLE;
}

/* Of all consoles one is there. */
static u64 read_console(const char *value)
{
    return strstr(value, "com1") != NULL;
}

static const struct {
    const char *name;
    u64 (*read)(const char *value);
    u64 *to;
} options[] = {
    {"noreboot", read_flag, &boot_options.noreboot},
    {"smap", read_flag, &boot_options.smap},
    {"smep", read_flag, &boot_options.smep},
    {"console", read_console, &boot_options.console_com1},
    {"com1", read_number, &boot_options.com1_baud}, /* com1=BAUD,8n1 or auto: other frames and ports are not there */
    {"dom0_mem", read_dom0_mem, &boot_options.dom0_mem},
    {"dom0_max_vcpus", read_number, &boot_options.dom0_max_vcpus},
    {"loglvl", read_level, &boot_options.loglvl},
    {"guest_loglvl", read_level, &boot_options.guest_loglvl},
    {"maxcpus", read_number, &boot_options.max_cpus},
    {"mem", read_size, &boot_options.mem_limit},
    {"tsc", read_tsc, &boot_options.tsc},
};

static void parse_word(char *word)
{
    char *value = strchr(word, '=');
    bool no = !strncmp(word, "no-", 3);

    if (value)
        *value++ = 0;
    if (no)
        word += 3;
    for (u32 i = 0; i < ARRAY_SIZE(options); i++)
        if (!strcmp(word, options[i].name) && (options[i].read == read_flag || (value && !no)))
            *options[i].to = options[i].read(value ? value : "") ^ no;
}

void __init boot_options_parse(const char *line)
{
    char word[MAX_WORD];

    while (*line) {
        size_t n = 0;

        while (*line == ' ')
            line++;
        for (; *line && *line != ' '; line++)
            if (n < sizeof(word) - 1)
                word[n++] = *line;
        word[n] = 0;
        if (n)
            parse_word(word);
    }
}
