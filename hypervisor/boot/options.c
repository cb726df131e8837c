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
    .console_com1 = true,
    .loglvl = PRINT_INFO,
    .guest_loglvl = PRINT_WARNING,
    .smap = true,
    .smep = true,
    .max_cpus = 64,
    .mem_limit = ~0ull,
};

/* A size as Xen takes it: a number with B, K, M, G, T behind it; without one it counts KiB. */
static u64 parse_size(const char *s, const char **end)
{
    u64 n = string_number(s, &s);
    u32 shift = 10;

    switch (*s | 0x20) {
    case 'b':
        shift = 0;
        break;
    case 'k':
        break;
    case 'm':
        shift = 20;
        break;
    case 'g':
        shift = 30;
        break;
    case 't':
        shift = 40;
        break;
    default:
        s--;
    }
    *end = s + 1;
    return n << shift;
}

static bool parse_bool(const char *value)
{
    return !value || !strcmp(value, "1") || !strcmp(value, "on") || !strcmp(value, "yes") ||
           !strcmp(value, "true") || !strcmp(value, "enable");
}

/* min:,max:,SIZE in any order; the minimum is the builder's own business. */
static void parse_dom0_mem(const char *value)
{
    while (*value) {
        u64 *to = &boot_options.dom0_mem, ignored;

        if (!strncmp(value, "max:", 4)) {
            to = &boot_options.dom0_mem_max;
            value += 4;
        } else if (!strncmp(value, "min:", 4)) {
            to = &ignored;
            value += 4;
        }
        *to = parse_size(value, &value);
        value = strchr(value, ',');
        if (!value)
            return;
        value++;
    }
}

static u8 parse_level(const char *value)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    if (!strcmp(value, "all"))
        return PRINT_DEBUG;
    if (!strcmp(value, "none"))
        return PRINT_ERROR;
    for (u8 i = 0; i < ARRAY_SIZE(names); i++)
        if (!strncmp(value, names[i], strlen(names[i])))
            return i;
    return PRINT_INFO;
}

/* com1=BAUD,8n1: other frames and ports are not there. */
static void parse_com1(const char *value)
{
    boot_options.com1_baud = !strncmp(value, "auto", 4) ? 0 : (u32)string_number(value, NULL);
}

static void parse_console(const char *value)
{
    boot_options.console_com1 = strstr(value, "com1") != NULL;
    boot_options.console_vga = strstr(value, "vga") != NULL;
}

static void parse_word(char *word)
{
    struct boot_options *o = &boot_options;
    char *value = strchr(word, '=');
    bool on;

    if (value)
        *value++ = 0;
    on = parse_bool(value);
    if (!strncmp(word, "no-", 3)) {
        word += 3;
        on = !on;
    }
    if (!strcmp(word, "noreboot"))
        o->noreboot = on;
    else if (!strcmp(word, "smap"))
        o->smap = on;
    else if (!strcmp(word, "smep"))
        o->smep = on;
    else if (!value)
        return;
    else if (!strcmp(word, "console"))
        parse_console(value);
    else if (!strcmp(word, "com1"))
        parse_com1(value);
    else if (!strcmp(word, "dom0_mem"))
        parse_dom0_mem(value);
    else if (!strcmp(word, "dom0_max_vcpus"))
        o->dom0_max_vcpus = (u32)string_number(value, NULL);
    else if (!strcmp(word, "loglvl"))
        o->loglvl = parse_level(value);
    else if (!strcmp(word, "guest_loglvl"))
        o->guest_loglvl = parse_level(value);
    else if (!strcmp(word, "maxcpus"))
        o->max_cpus = (u32)string_number(value, NULL);
    else if (!strcmp(word, "mem"))
        o->mem_limit = parse_size(value, (const char **)&value);
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
