/* SPDX-License-Identifier: MIT */
/* vmctl dumpxml: the description that a VPS runs by. */
#include <stdlib.h>

#include "verb.h"

static int run(struct vmctl *v, const struct options *o)
{
    char *xml;
    int ret;

    if (vmctl_dumpxml(v, o->argument, &xml))
        return -1;
    if (!o->json)
        return print_text(v, xml);
    ret = print_text(v, vmctl_text_json("xml", xml));
    free(xml);
    return ret;
}

const struct verb verb_dumpxml = {
    .name = "dumpxml",
    .argument = "VPS",
    .summary = "print the domain XML that a VPS runs by",
    .help = "\nUUID and MAC addresses that were made up for it are filled in.\n"
            "\n  --json     print an object with the text in \"xml\"\n",
    .run = run,
};
