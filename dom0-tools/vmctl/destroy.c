/* SPDX-License-Identifier: MIT */
/* vmctl destroy: pulls a VPS's plug, and takes away all that belonged to it. */
#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    if (vmctl_destroy(v, o->argument))
        return -1;
    return o->json ? print_text(v, vmctl_text_json("destroyed", o->argument)) : 0;
}

const struct verb verb_destroy = {
    .name = "destroy",
    .argument = "VPS",
    .summary = "end a VPS at once, and take away all that belonged to it",
    .help = "\nThis pulls the plug: what the VPS has not written to its disks is lost. vmctl\n"
            "shutdown asks it to power off instead.\n"
            "\n  --json     print an object that names it\n",
    .run = run,
};
