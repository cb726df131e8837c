/* SPDX-License-Identifier: MIT */
/* vmctl console: attaches this terminal to a VPS's console, which the console daemon keeps. */
#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "verb.h"

/* As much of what was said before as fills a screen or two. */
#define REPLAY_BYTES 4096

int attach_console(struct vmctl *v, const struct options *o, const char *who)
{
    char error[256], target[16];
    struct vmctl_info info;
    int ret;

    if (vmctl_find(v, who, &info))
        return -1;
    snprintf(target, sizeof(target), "%u", info.domid);
    if (!o->json)
        fprintf(stderr, "Console of %s. Ctrl-] leaves.\n", info.name[0] ? info.name : target);
    ret = consoled_attach(NULL, target, STDIN_FILENO, STDOUT_FILENO, REPLAY_BYTES, error,
                          sizeof(error));
    if (ret >= 0)
        return 0;
    fprintf(stderr, "vmctl console: %s\n", error);
    return 1;
}

static int run(struct vmctl *v, const struct options *o)
{
    return attach_console(v, o, o->argument);
}

const struct verb verb_console = {
    .name = "console",
    .argument = "VPS",
    .summary = "attach this terminal to a VPS's console (Ctrl-] leaves)",
    .help = "\nShows the latest output first. The console is logged whether or not anybody is\n"
            "attached.\n"
            "\n  --json     say nothing of its own\n",
    .run = run,
};
