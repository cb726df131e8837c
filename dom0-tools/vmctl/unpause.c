/* SPDX-License-Identifier: MIT */
/* vmctl unpause: let a paused VPS go on. */
#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    return vmctl_unpause(v, o->argument) ? -1 : print_vps(v, o, o->argument);
}

const struct verb verb_unpause = {
    .name = "unpause",
    .argument = "VPS",
    .summary = "let a paused VPS go on",
    .help = "\nAlso starts a VPS that was made with vmctl create --paused.\n"
            "\n  --json     print what the VPS is then\n",
    .run = run,
};
