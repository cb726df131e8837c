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
    bool json;
    const char *argument; /* NULL for verbs without one */
};

/*
 * An option of a verb's own, besides --json and --help: where what was given goes to, in the verb's
 * file. A list of them ends with one without a name.
 */
struct verb_option {
    const char *name;   /* without its dashes */
    bool *flag;         /* set where it stands; NULL: it takes a value */
    const char **value; /* set to the value's text; the verb's check() reads it */
    /* instead of value, where it may stand more than once: takes each; false: said what is wrong */
    bool (*each)(const char *value);
    const char *help; /* what the help calls the value */
};

struct verb {
    const char *name;
    const char *argument; /* as the help writes it; NULL: none; in [] it may be left out */
    const char *summary;  /* one line of the list of verbs */
    const char *help;     /* the rest of its own help */
    const struct verb_option *options; /* NULL: none */
    /*
     * Looks at what was given before anything is done; may be NULL. False: wrong usage, and it has
     * said what on stderr.
     */
    bool (*check)(const struct options *o);
    /* Returns 0; -1 with vmctl_error(); or 1 where it has told why itself. */
    int (*run)(struct vmctl *v, const struct options *o);
};

extern const struct verb verb_console, verb_create, verb_destroy, verb_dumpxml, verb_info,
    verb_list, verb_pause, verb_reboot, verb_reset, verb_set, verb_shutdown, verb_top, verb_unpause,
    verb_version;

/* Prints a text of the library's (and frees it); NULL is out of memory. */
int print_text(struct vmctl *v, char *text);

/* After a verb that acted on one VPS: with --json what it is now, else nothing. */
int print_vps(struct vmctl *v, const struct options *o, const char *who);

/* Attaches this terminal to a VPS's console. */
int attach_console(struct vmctl *v, const struct options *o, const char *who);

#endif
