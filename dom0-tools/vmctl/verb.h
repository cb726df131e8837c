/* SPDX-License-Identifier: MIT */
/*
 * What a verb of vmctl is. Each stands in a file of its own and is listed in main.c; a verb must
 * never parse options itself, nor print errors: main.c does both, the same way for all.
 */
#ifndef VMCTL_VERB_H
#define VMCTL_VERB_H

#include <stdbool.h>

#include "vmctl.h"

struct options {
    bool json, paused, console;
    const char *argument; /* NULL for verbs without one */
};

/* Options that a verb takes besides --json and --help. */
#define VERB_PAUSED  1U
#define VERB_CONSOLE 2U

struct verb {
    const char *name;
    const char *argument; /* as the help writes it; NULL: none */
    const char *summary;  /* one line of the list of verbs */
    const char *help;     /* the rest of its own help */
    unsigned int options; /* VERB_* */
    /* Returns 0; -1 with vmctl_error(); or 1 where it has told why itself. */
    int (*run)(struct vmctl *v, const struct options *o);
};

extern const struct verb verb_console, verb_create, verb_destroy, verb_dumpxml, verb_info,
    verb_list, verb_pause, verb_reboot, verb_reset, verb_shutdown, verb_unpause, verb_version;

/* Prints a text of the library's (and frees it); NULL is out of memory. */
int print_text(struct vmctl *v, char *text);

/* After a verb that acted on one VPS: with --json what it is now, else nothing. */
int print_vps(struct vmctl *v, const struct options *o, const char *who);

/* Attaches this terminal to a VPS's console. */
int attach_console(struct vmctl *v, const struct options *o, const char *who);

#endif
