/* SPDX-License-Identifier: MIT */
/* vmctl top: who uses what, now and again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top_rows.h"
#include "top_screen.h"
#include "verb.h"

#define DEFAULT_SECONDS 2.0

static bool once;
static const char *interval_text, *sort_text = "cpu";
static double interval = DEFAULT_SECONDS;
static enum top_sort sort;

static const struct verb_option options[] = {
    {.name = "once", .flag = &once},
    {.name = "interval", .value = &interval_text, .help = "SECONDS"},
    {.name = "sort", .value = &sort_text, .help = "cpu|mem|st|disk|net|name"},
    {.name = NULL},
};

static bool read_interval(const char *text)
{
    char *end;

    errno = 0;
    interval = strtod(text, &end);
    /* written so that what is no number is refused too */
    return !errno && end != text && !*end && interval >= TOP_SECONDS_LEAST &&
           interval <= TOP_SECONDS_MOST;
}

static bool check(const struct options *o)
{
    (void)o;
    if (interval_text && !read_interval(interval_text))
        fprintf(stderr, "vmctl top: --interval %s: give seconds, %.1f to %.0f\n", interval_text,
                TOP_SECONDS_LEAST, TOP_SECONDS_MOST);
    else if (!top_sort_find(sort_text, &sort))
        fprintf(stderr, "vmctl top: --sort %s: sort by cpu, mem, st, disk, net or name\n",
                sort_text);
    else
        return true;
    return false;
}

static void wait_interval(void)
{
    struct timespec left = {(time_t)interval, (long)((interval - (double)(time_t)interval) * 1e9)};

    while (nanosleep(&left, &left) && errno == EINTR)
        ;
}

static void print_table(const struct vmctl_usage *usage)
{
    int width = top_name_width(usage);
    char text[TOP_LINE_SIZE];
    size_t at, len;

    for (unsigned int line = 0; top_header(usage, line, text); line++)
        puts(text);
    top_heading(width, sort, text, &at, &len);
    printf("\n%s\n", text);
    for (size_t i = 0; i < usage->count; i++) {
        top_row(&usage->domains[i], width, text);
        puts(text);
    }
}

/* One sample: two readings, an interval apart. */
static int print_once(struct vmctl *v, const struct options *o)
{
    struct vmctl_reading *before = vmctl_read_usage(v), *now = NULL;
    struct vmctl_usage *usage = NULL;
    int ret = -1;

    if (before) {
        wait_interval();
        now = vmctl_read_usage(v);
    }
    if (now) {
        usage = vmctl_usage(before, now);
        ret = 0;
    }
    if (usage)
        top_sort(usage, sort);
    if (now && (o->json || !usage)) /* out of memory: print_text() says so */
        ret = print_text(v, usage ? vmctl_usage_json(usage) : NULL);
    else if (usage)
        print_table(usage);
    free(usage);
    vmctl_reading_free(now);
    vmctl_reading_free(before);
    return ret;
}

static int run(struct vmctl *v, const struct options *o)
{
    return once || o->json ? print_once(v, o) : top_screen(v, interval, sort);
}

const struct verb verb_top = {
    .name = "top",
    .summary = "show what each VPS uses, live",
    .help =
        "\nCPU% is of one CPU: a VPS with two busy vcpus has 200. ST% is steal: the time that its\n"
        "vcpus were ready to run and had to wait, of one CPU too. RX is what the VPS received.\n"
        "Keys: q quit; s next sort key; P cpu, M memory, T steal, D disk, n network, N name;\n"
        "+ and - change the interval; arrows and page keys scroll.\n\n"
        "  --once      print one sample and end\n"
        "  --interval  seconds between two readings (2)\n"
        "  --sort      what comes first (cpu)\n"
        "  --json      print one sample as an object\n",
    .options = options,
    .check = check,
    .run = run,
};
