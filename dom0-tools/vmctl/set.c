/* SPDX-License-Identifier: MIT */
/* vmctl set: changes how much of the machine a VPS, or the control domain, gets while it runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

/* Without a --timeout: as long as a kernel that boots needs until its balloon driver is there. */
#define TIMEOUT_SECONDS 30

#define PINS_MAX 128

static const char *vcpus, *weight, *cap, *memory, *timeout;
static struct vmctl_pin pins[PINS_MAX];
static size_t nr_pins;
static struct vmctl_change change;

static bool is_wrong(const char *option, const char *value, const char *wanted)
{
    fprintf(stderr, "vmctl set: --%s %s: %s\n", option, value, wanted);
    return false;
}

/* [VCPU:]LIST; without a vcpu, or with "all", every one. The text is the command line's own. */
static bool read_pin(const char *text, bool soft)
{
    const char *option = soft ? "pin-soft" : "pin", *colon = strchr(text, ':');
    struct vmctl_pin *pin = &pins[nr_pins];
    char *end;

    if (nr_pins == PINS_MAX)
        return is_wrong(option, text, "too many of them");
    *pin = (struct vmctl_pin){.vcpu = VMCTL_ALL_VCPUS, .soft = soft, .cpus = text};
    if (colon) {
        pin->cpus = colon + 1;
        if (strncmp(text, "all:", 4)) {
            unsigned long vcpu = strtoul(text, &end, 10);

            if (*text < '0' || *text > '9' || end != colon || vcpu > 4095)
                return is_wrong(option, text, "no number of a vcpu before the colon");
            pin->vcpu = (int)vcpu;
        }
    }
    if (!vmctl_cpus_ok(pin->cpus))
        return is_wrong(option, text, "not a list of CPUs: write one like 0-2,5, or all");
    nr_pins++;
    return true;
}

static bool take_pin(const char *value)
{
    return read_pin(value, false);
}

static bool take_soft_pin(const char *value)
{
    return read_pin(value, true);
}

static const struct verb_option options[] = {
    {.name = "vcpus", .value = &vcpus, .help = "N"},
    {.name = "weight", .value = &weight, .help = "W"},
    {.name = "cap", .value = &cap, .help = "C"},
    {.name = "pin", .each = take_pin, .help = "[V:]LIST"},
    {.name = "pin-soft", .each = take_soft_pin, .help = "[V:]LIST"},
    {.name = "memory", .value = &memory, .help = "SIZE"},
    {.name = "timeout", .value = &timeout, .help = "SECONDS"},
    {.name = NULL},
};

/* Reads an option's number, where it was given. */
static bool read_number(const char *option, const char *text, unsigned int min, unsigned int max,
                        unsigned int *out)
{
    char wanted[64], *end;
    unsigned long number;

    if (!text)
        return true;
    number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number < min || number > max) {
        snprintf(wanted, sizeof(wanted), "not a number from %u to %u", min, max);
        return is_wrong(option, text, wanted);
    }
    *out = (unsigned int)number;
    return true;
}

static bool check(const struct options *o)
{
    unsigned int seconds = TIMEOUT_SECONDS;

    (void)o;
    change.what = (vcpus ? VMCTL_SET_VCPUS : 0) | (weight ? VMCTL_SET_WEIGHT : 0) |
                  (cap ? VMCTL_SET_CAP : 0) | (nr_pins ? VMCTL_SET_PINS : 0) |
                  (memory ? VMCTL_SET_MEMORY : 0);
    change.pins = pins;
    change.nr_pins = nr_pins;
    if (!change.what) {
        fprintf(stderr, "vmctl set: nothing to set: give one of its options\n");
        return false;
    }
    if (memory && !vmctl_parse_size(memory, &change.memory_kib))
        return is_wrong("memory", memory, "not an amount of memory: write 512M, 2G, or KiB");
    if (!read_number("vcpus", vcpus, 1, 4096, &change.vcpus) ||
        !read_number("weight", weight, 1, 65535, &change.weight) ||
        !read_number("cap", cap, 0, 6400, &change.cap) ||
        !read_number("timeout", timeout, 0, 86400, &seconds))
        return false;
    change.timeout_ms = (int)seconds * 1000;
    return true;
}

static int run(struct vmctl *v, const struct options *o)
{
    uint64_t reached;
    int ret = vmctl_set(v, o->argument, &change, &reached);

    return ret ? ret : print_vps(v, o, o->argument);
}

const struct verb verb_set = {
    .name = "set",
    .argument = "VPS",
    .summary = "change its vcpus, CPU time and memory while it runs",
    .help =
        "\n  --vcpus N             so many vcpus online, up to the description's <vcpu>; its "
        "kernel\n"
        "                        is asked, and not waited for\n"
        "  --weight W            its share where CPU time is short, against others' weights: 1 to\n"
        "                        65535, 256 is a VPS's default\n"
        "  --cap C               the most CPU time that it gets, in hundredths of one CPU; 0: no "
        "cap\n"
        "  --pin [V:]LIST        vcpu V, or every one, runs on these CPUs only: 0-2,5 or 0-7,^3 or "
        "all;\n"
        "                        may be given more than once\n"
        "  --pin-soft [V:]LIST   likewise the CPUs that it runs on where one of them is free\n"
        "  --memory SIZE         how much memory it has: 512M, 2G, or a number of KiB; at most "
        "the\n"
        "                        description's <memory>. Its kernel gives and takes it by its\n"
        "                        balloon driver\n"
        "  --timeout SECONDS     gives up where the memory does not move for so long: 30 where it "
        "is\n"
        "                        not given; 0 only asks\n"
        "  --json                print the VPS as JSON\n\n"
        "All of it is checked before any of it is done. It holds until the VPS is destroyed, over\n"
        "restarts too. Domain-0 is the control domain.\n",
    .options = options,
    .check = check,
    .run = run,
};
