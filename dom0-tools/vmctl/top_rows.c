/* SPDX-License-Identifier: MIT */
/* The lines of `vmctl top`, see top_rows.h. */
#include "top_rows.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The widest a column's figure gets; the table is made of these and one blank each. */
#define FIGURE_SIZE 24

static const char *const sort_names[NR_TOP_SORTS] = {
    [TOP_CPU] = "cpu",   [TOP_MEM] = "mem", [TOP_STEAL] = "st",
    [TOP_DISK] = "disk", [TOP_NET] = "net", [TOP_NAME] = "name",
};

/* Columns behind name and id, with the key that sorts by them; NR_TOP_SORTS: none does. */
static const struct {
    const char *name;
    int width;
    enum top_sort sort;
} columns[] = {
    {"STATE", -8, NR_TOP_SORTS}, {"VCPU", 4, NR_TOP_SORTS}, {"CPU%", 6, TOP_CPU},
    {"ST%", 6, TOP_STEAL},       {"MEM", 6, TOP_MEM},       {"MAX", 6, NR_TOP_SORTS},
    {"RD/s", 6, TOP_DISK},       {"WR/s", 6, TOP_DISK},     {"RREQ/s", 6, NR_TOP_SORTS},
    {"WREQ/s", 6, NR_TOP_SORTS}, {"RX/s", 6, TOP_NET},      {"TX/s", 6, TOP_NET},
};
#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

const char *top_sort_name(enum top_sort sort)
{
    return sort_names[sort];
}

bool top_sort_find(const char *name, enum top_sort *sort)
{
    for (unsigned int i = 0; i < NR_TOP_SORTS; i++) {
        if (!strcmp(name, sort_names[i])) {
            *sort = (enum top_sort)i;
            return true;
        }
    }
    return false;
}

static double sort_value(const struct vmctl_use *use, enum top_sort sort)
{
    switch (sort) {
    case TOP_CPU:
        return use->cpu_percent;
    case TOP_MEM:
        return (double)use->info.memory_kib;
    case TOP_STEAL:
        return use->steal_percent;
    case TOP_DISK:
        return use->disk_read_bytes + use->disk_write_bytes;
    case TOP_NET:
        return use->net_rx_bytes + use->net_tx_bytes;
    default:
        return 0;
    }
}

static int compare(const void *a, const void *b, void *context)
{
    const struct vmctl_use *x = a, *y = b;
    enum top_sort sort = *(enum top_sort *)context;
    double p = sort_value(x, sort), q = sort_value(y, sort);
    int order = 0;

    if (sort == TOP_NAME)
        order = strcmp(x->info.name, y->info.name);
    else if (p > q || p < q)
        order = p > q ? -1 : 1;
    if (order)
        return order;
    return x->info.domid < y->info.domid ? -1 : x->info.domid > y->info.domid;
}

void top_sort(struct vmctl_usage *usage, enum top_sort sort)
{
    qsort_r(usage->domains, usage->count, sizeof(usage->domains[0]), compare, &sort);
}

/* A size or rate in at most five characters: "0", "999", "1.2K", "34M". */
static void short_number(double value, char text[FIGURE_SIZE])
{
    static const char units[] = " KMGTPE";
    unsigned int unit = 0;

    while (value >= 999.5 && units[unit + 1]) {
        value /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(text, FIGURE_SIZE, "%.0f", value);
    else
        snprintf(text, FIGURE_SIZE, "%.*f%c", value < 9.95 ? 1 : 0, value, units[unit]);
}

/* Counts of requests: thousands are 1000 there. */
static void short_count(double value, char text[FIGURE_SIZE])
{
    if (value < 99999.5)
        snprintf(text, FIGURE_SIZE, "%.0f", value);
    else
        snprintf(text, FIGURE_SIZE, "%.0fk", value / 1000);
}

bool top_header(const struct vmctl_usage *usage, unsigned int line, char text[TOP_LINE_SIZE])
{
    size_t states[VMCTL_DYING + 1] = {0};
    char load[32] = "-";

    for (size_t i = 0; i < usage->count; i++)
        states[usage->domains[i].info.state]++;
    if (usage->load_known)
        snprintf(load, sizeof(load), "%.1f%%", usage->load_percent);
    if (line == 0)
        snprintf(text, TOP_LINE_SIZE,
                 "domains: %zu; %zu running, %zu blocked, %zu paused, %zu crashed", usage->count,
                 states[VMCTL_RUNNING], states[VMCTL_BLOCKED], states[VMCTL_PAUSED],
                 states[VMCTL_CRASHED]);
    else if (line == 1)
        snprintf(text, TOP_LINE_SIZE, "cpus:    %u; load %s", usage->cpus, load);
    else if (line == 2)
        snprintf(text, TOP_LINE_SIZE,
                 "memory:  %" PRIu64 " MiB; %" PRIu64 " MiB free, %" PRIu64 " MiB of it claimed",
                 usage->total_kib / 1024, usage->free_kib / 1024, usage->claimed_kib / 1024);
    return line < 3;
}

int top_name_width(const struct vmctl_usage *usage)
{
    size_t width = 8;

    for (size_t i = 0; i < usage->count; i++) {
        size_t len = strlen(usage->domains[i].info.name);

        width = len > width ? len : width;
    }
    return width > TOP_NAME_MAX ? TOP_NAME_MAX : (int)width;
}

void top_heading(int name_width, enum top_sort sort, char text[TOP_LINE_SIZE], size_t *at,
                 size_t *len)
{
    size_t end = (size_t)snprintf(text, TOP_LINE_SIZE, "%-*s %5s", name_width, "NAME", "ID");

    *at = 0;
    *len = sort == TOP_NAME ? strlen("NAME") : 0;
    for (size_t i = 0; i < NR_COLUMNS; i++) {
        size_t start = end + 1, pad = (size_t)abs(columns[i].width) - strlen(columns[i].name);

        end += (size_t)snprintf(text + end, TOP_LINE_SIZE - end, " %*s", columns[i].width,
                                columns[i].name);
        if (columns[i].sort != sort)
            continue;
        if (*len == 0)
            *at = start + pad; /* these columns are set to the right */
        *len = end - *at;
    }
}

void top_row(const struct vmctl_use *use, int name_width, char text[TOP_LINE_SIZE])
{
    char figures[NR_COLUMNS][FIGURE_SIZE] = {{0}};
    const double rates[] = {use->disk_read_bytes, use->disk_write_bytes, use->disk_reads,
                            use->disk_writes,     use->net_rx_bytes,     use->net_tx_bytes};
    size_t end;

    snprintf(figures[0], FIGURE_SIZE, "%s", vmctl_state_name(use->info.state));
    snprintf(figures[1], FIGURE_SIZE, "%u", use->info.vcpus);
    snprintf(figures[2], FIGURE_SIZE, "%.1f", use->cpu_percent);
    strcpy(figures[3], "-");
    if (use->steal_known)
        snprintf(figures[3], FIGURE_SIZE, "%.1f", use->steal_percent);
    short_number((double)use->info.memory_kib * 1024, figures[4]);
    short_number((double)use->info.max_kib * 1024, figures[5]);
    for (size_t i = 0; i < 6; i++) {
        if (i == 2 || i == 3)
            short_count(rates[i], figures[6 + i]);
        else
            short_number(rates[i], figures[6 + i]);
    }
    end = (size_t)snprintf(text, TOP_LINE_SIZE, "%-*.*s %5u", name_width, name_width,
                           use->info.name[0] ? use->info.name : "-", use->info.domid);
    for (size_t i = 0; i < NR_COLUMNS; i++)
        end +=
            (size_t)snprintf(text + end, TOP_LINE_SIZE - end, " %*s", columns[i].width, figures[i]);
    for (char *c = text; *c; c++) /* names that others gave may hold anything */
        if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
            *c = '?';
}
