/* SPDX-License-Identifier: MIT */
/* vmctl create: makes the VPS that a domain XML file describes. */
#include <stdio.h>

#include "verb.h"

static bool paused, console;

static const struct verb_option options[] = {
    {.name = "paused", .flag = &paused},
    {.name = "console", .flag = &console},
    {.name = NULL},
};

static int run(struct vmctl *v, const struct options *o)
{
    unsigned int flags = paused ? VMCTL_CREATE_PAUSED : 0;
    char who[16];
    uint32_t domid;
    int ret;

    if (vmctl_start_daemon(v))
        fprintf(stderr, "vmctl: warning: %s\n", vmctl_error(v));
    ret = vmctl_create(v, o->argument, flags, &domid);
    if (ret)
        return ret;
    snprintf(who, sizeof(who), "%u", domid);
    ret = print_vps(v, o, who);
    return !ret && console ? attach_console(v, o, who) : ret;
}

const struct verb verb_create = {
    .name = "create",
    .argument = "FILE.xml",
    .summary = "make and start the VPS that a file describes",
    .help =
        "\nThe file is domain XML as libvirt writes it for Xen PV: type='xen', machine='xenpv'.\n"
        "/usr/share/mews/samples/vps.xml is one to start from.\n\n"
        "  --paused   make it, but leave it paused (vmctl unpause starts it)\n"
        "  --console  attach this terminal to its console (Ctrl-] leaves)\n"
        "  --json     print the new VPS as JSON\n",
    .options = options,
    .run = run,
};
