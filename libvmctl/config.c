/* SPDX-License-Identifier: MIT */
/*
 * Values of the domain XML: numbers, names, UUIDs, and a config's life. Reading the tree is
 * config_read.c's, writing config_write.c's.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void config_free(struct config *config)
{
    if (!config)
        return;
    for (unsigned int i = 0; i < config->nr_disks; i++)
        free(config->disks[i].source);
    free(config->kernel);
    free(config->initrd);
    free(config->cmdline);
    free(config);
}

bool config_name_ok(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > VMCTL_NAME_MAX || !isalnum((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    /* all digits would read as a domain id */
    return strspn(name, "0123456789") != len;
}

void config_uuid_text(const uint8_t uuid[16], char text[VMCTL_UUID_SIZE])
{
    char *at = text;

    for (unsigned int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += sprintf(at, "%02x", uuid[i]);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool config_uuid_parse(const char *text, uint8_t uuid[16])
{
    unsigned int digits = 0;

    memset(uuid, 0, 16);
    for (; *text; text++) {
        int digit = hex_digit(*text);

        if (*text == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20))
            continue;
        if (digit < 0 || digits >= 32)
            return false;
        uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit);
        digits++;
    }
    return digits == 32;
}

/* xvdX and xvdXX: major 202 with 16 minors each up to xvdp, the extended numbers above that. */
int config_disk_number(const char *target)
{
    int index = 0;

    if (strncmp(target, "xvd", 3) || !target[3] || strlen(target) > 5)
        return -1;
    for (target += 3; *target; target++) {
        if (*target < 'a' || *target > 'z')
            return -1;
        index = index * 26 + (*target - 'a' + 1);
    }
    index--;
    return index < 16 ? 202 << 8 | index << 4 : 1 << 28 | index << 8;
}

bool config_random_mac(uint8_t mac[6])
{
    mac[0] = 0x00;
    mac[1] = 0x16;
    mac[2] = 0x3e;
    return getrandom(mac + 3, 3, 0) == 3;
}

bool config_random_uuid(uint8_t uuid[16])
{
    if (getrandom(uuid, 16, 0) != 16)
        return false;
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* version 4, RFC 4122's variant */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    return true;
}

uint64_t config_unit_bytes(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"b", 1},           {"bytes", 1},       {"KB", 1000},       {"k", 1024},
        {"KiB", 1024},      {"MB", 1000000},    {"M", 1UL << 20},   {"MiB", 1UL << 20},
        {"GB", 1000000000}, {"G", 1UL << 30},   {"GiB", 1UL << 30}, {"TB", 1000000000000},
        {"T", 1UL << 40},   {"TiB", 1UL << 40},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(units[i].name, unit))
            return units[i].bytes;
    return 0;
}

static const char *const action_names[] = {"destroy", "restart", "preserve"};

const char *config_action_name(enum config_action action)
{
    return action_names[action];
}
