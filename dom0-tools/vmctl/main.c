/* SPDX-License-Identifier: MIT */
/*
 * vmctl: makes, shows and ends VPSes. This file reads the command line and tells people what went
 * wrong; what a verb does stands in the verb's file. Exit status: 0 done, 1 failed, 2 usage.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

static const struct verb *const verbs[] = {
    &verb_create, &verb_list,     &verb_top,     &verb_info,    &verb_console,
    &verb_set,    &verb_shutdown, &verb_reboot,  &verb_reset,   &verb_destroy,
    &verb_pause,  &verb_unpause,  &verb_dumpxml, &verb_version,
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *out)
{
    fprintf(out, "usage: vmctl VERB [OPTION]... [ARGUMENT]\n\n");
    for (size_t i = 0; i < NR_VERBS; i++)
        fprintf(out, "  %-9s %-10s %s\n", verbs[i]->name,
                verbs[i]->argument ? verbs[i]->argument : "", verbs[i]->summary);
    fprintf(out, "\nA VPS is named by its name, id or UUID. Every verb takes --json and --help.\n"
                 "Exit status: 0 done, 1 failed, 2 wrong usage.\n");
}

static void verb_usage(const struct verb *verb, FILE *out)
{
    fprintf(out, "usage: vmctl %s%s%s [--json]", verb->name, verb->argument ? " " : "",
            verb->argument ? verb->argument : "");
    for (const struct verb_option *own = verb->options; own && own->name; own++)
        fprintf(out, " [--%s%s%s]", own->name, own->flag ? "" : " ", own->flag ? "" : own->help);
    fprintf(out, "\n\n%s.\n%s", verb->summary, verb->help);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < NR_VERBS; i++)
        if (!strcmp(verbs[i]->name, name))
            return verbs[i];
    return NULL;
}

static void on_warning(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "vmctl: warning: %s\n", message);
}

int print_text(struct vmctl *v, char *text)
{
    (void)v;
    if (!text || fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        free(text);
        perror("vmctl: cannot print");
        return 1;
    }
    free(text);
    return 0;
}

int print_vps(struct vmctl *v, const struct options *o, const char *who)
{
    struct vmctl_info info;

    if (!o->json)
        return 0;
    if (vmctl_find(v, who, &info)) /* what was asked is done; it may have gone since */
        return print_text(v, vmctl_text_json("name", who));
    return print_text(v, vmctl_info_json(&info));
}

#define OPTIONS_MAX 16
#define OPTION_OWN  256 /* getopt's value of a verb's first own option */

/* Lists the options of all verbs and of this one for getopt. */
static void list_options(const struct verb *verb, struct option list[OPTIONS_MAX])
{
    size_t n = 0;

    list[n++] = (struct option){"json", no_argument, NULL, 'j'};
    list[n++] = (struct option){"help", no_argument, NULL, 'h'};
    for (const struct verb_option *own = verb->options; own && own->name; own++) {
        int has = own->flag ? no_argument : required_argument;

        if (n == OPTIONS_MAX - 1)
            abort(); /* more options than room: a mistake of ours */
        list[n++] = (struct option){own->name, has, NULL, OPTION_OWN + (int)(own - verb->options)};
    }
    list[n] = (struct option){NULL, 0, NULL, 0};
}

/* Reads the words behind the options. False where there are too many or too few. */
static bool read_argument(const struct verb *verb, int argc, char **argv, struct options *o)
{
    if (verb->argument && optind < argc)
        o->argument = argv[optind++];
    if (optind < argc)
        fprintf(stderr, "vmctl %s: '%s' is one argument too many\n", verb->name, argv[optind]);
    else if (!o->argument && verb->argument && verb->argument[0] != '[')
        fprintf(stderr, "vmctl %s: %s is missing\n", verb->name, verb->argument);
    else
        return true;
    return false;
}

/* Fills *o. Returns -1 where the verb is to run, else the exit status. */
static int read_options(const struct verb *verb, int argc, char **argv, struct options *o)
{
    struct option list[OPTIONS_MAX];
    bool wrong = false;
    int c;

    list_options(verb, list);
    while ((c = getopt_long(argc, argv, "h", list, NULL)) != -1) {
        if (c == 'h') {
            verb_usage(verb, stdout);
            return 0;
        }
        o->json |= c == 'j';
        wrong |= c == '?';
        if (c >= OPTION_OWN) {
            const struct verb_option *own = &verb->options[c - OPTION_OWN];

            if (own->flag)
                *own->flag = true;
            else if (own->each)
                wrong |= !own->each(optarg);
            else
                *own->value = optarg;
        }
    }
    if (!wrong && read_argument(verb, argc, argv, o) && (!verb->check || verb->check(o)))
        return -1;
    fprintf(stderr, "Try 'vmctl %s --help'.\n", verb->name);
    return 2;
}

static int run_verb(const struct verb *verb, const struct options *o)
{
    struct vmctl *v;
    int ret;

    if (vmctl_open(&v)) {
        fprintf(stderr, "vmctl: out of memory\n");
        return 1;
    }
    vmctl_on_warning(v, on_warning, NULL);
    ret = verb->run(v, o);
    if (ret < 0) {
        fprintf(stderr, "vmctl %s: %s\n", verb->name, vmctl_error(v));
        if (o->json)
            print_text(v, vmctl_text_json("error", vmctl_error(v)));
    }
    vmctl_close(v);
    return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = {.json = false};
    const struct verb *verb;
    int status;

    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return 0;
    }
    verb = find_verb(strcmp(argv[1], "--version") ? argv[1] : "version");
    if (!verb) {
        fprintf(stderr, "vmctl: there is no verb '%s'\nTry 'vmctl --help'.\n", argv[1]);
        return 2;
    }
    argv[1] = argv[0]; /* what getopt puts before its own complaints */
    status = read_options(verb, argc - 1, argv + 1, &o);
    return status >= 0 ? status : run_verb(verb, &o);
}
