/* SPDX-License-Identifier: MIT */
/*
 * Tests what two readings make: rates of domains and devices that come, go and begin anew between them,
 * and the backends' counters as they are read from a directory that looks like sysfs.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpus.h"
#include "internal.h"
#include "stats.h"
#include "suite.h"

#define S 1000000000ull

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static struct domain_counters domain(uint32_t id, const char *uuid, uint64_t cpu_ns,
                                     uint64_t steal_ns)
{
    struct domain_counters d = {.steal_known = true, .steal_ns = steal_ns};

    d.info.domid = id;
    d.info.cpu_ns = cpu_ns;
    d.info.vcpus = 1;
    snprintf(d.info.uuid, sizeof(d.info.uuid), "%s", uuid);
    snprintf(d.info.name, sizeof(d.info.name), "vps%u", id);
    return d;
}

/* The use of the domain with this id; the test fails where there is none. */
static const struct vmctl_use *use_of(const struct vmctl_usage *usage, uint32_t id)
{
    static const struct vmctl_use none = {.cpu_percent = -1, .steal_percent = -1};

    for (size_t i = 0; i < usage->count; i++)
        if (usage->domains[i].info.domid == id)
            return &usage->domains[i];
    CU_FAIL("a domain is missing");
    return &none;
}

static void test_plain(void)
{
    struct domain_counters first[] = {domain(0, "a", 5 * S, 0), domain(3, "b", 1 * S, 7 * S)};
    struct domain_counters second[] = {domain(0, "a", 6 * S, 0), domain(3, "b", 4 * S, 8 * S)};
    struct vmctl_reading before = {
        .time_ns = 100 * S, .cpus = 2, .idle_known = true, .idle_ns = 50 * S};
    struct vmctl_reading now = {.time_ns = 102 * S,
                                .cpus = 2,
                                .idle_known = true,
                                .idle_ns = 51 * S,
                                .total_kib = 4096,
                                .free_kib = 1024,
                                .claimed_kib = 512};
    struct vmctl_usage *usage;

    before.domains = first;
    now.domains = second;
    before.nr_domains = now.nr_domains = 2;
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    CU_ASSERT(near(usage->seconds, 2));
    CU_ASSERT(usage->load_known);
    CU_ASSERT(near(usage->load_percent, 75)); /* one of four CPU-seconds idle */
    CU_ASSERT_EQUAL(usage->cpus, 2);
    CU_ASSERT_EQUAL(usage->total_kib, 4096);
    CU_ASSERT_EQUAL(usage->free_kib, 1024);
    CU_ASSERT_EQUAL(usage->claimed_kib, 512);
    CU_ASSERT_EQUAL(usage->count, 2);
    CU_ASSERT(near(use_of(usage, 0)->cpu_percent, 50));
    CU_ASSERT(near(use_of(usage, 3)->cpu_percent, 150));
    CU_ASSERT(use_of(usage, 3)->steal_known);
    CU_ASSERT(near(use_of(usage, 3)->steal_percent, 50));
    free(usage);
}

/* 1 goes; 2 stays; 5 is another domain under its old id; 6 ran less than before; 9 is new. */
static void test_come_and_go(void)
{
    struct domain_counters first[] = {domain(1, "a", 9 * S, S), domain(2, "b", 1 * S, S),
                                      domain(5, "c", 9 * S, 9 * S), domain(6, "d", 9 * S, 9 * S)};
    struct domain_counters second[] = {domain(2, "b", 2 * S, S), domain(5, "e", S / 2, S / 4),
                                       domain(6, "d", 1 * S, S / 2), domain(9, "f", S / 10, 0)};
    struct device_counters old_devices[] = {{.domid = 2, .number = 51712, .in_bytes = 1000},
                                            {.domid = 5, .number = 51712, .in_bytes = 1000}};
    struct device_counters new_devices[] = {{.domid = 2, .number = 51712, .in_bytes = 1500},
                                            {.domid = 5, .number = 51712, .in_bytes = 3000}};
    struct vmctl_reading before = {.time_ns = 10 * S, .domains = first, .nr_domains = 4};
    struct vmctl_reading now = {.time_ns = 11 * S, .domains = second, .nr_domains = 4};
    struct vmctl_usage *usage;

    before.devices = old_devices;
    now.devices = new_devices;
    before.nr_devices = now.nr_devices = 2;
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    CU_ASSERT_EQUAL(usage->count, 4);
    CU_ASSERT(!usage->load_known);
    CU_ASSERT(near(use_of(usage, 2)->cpu_percent, 100));
    CU_ASSERT(near(use_of(usage, 2)->steal_percent, 0));
    CU_ASSERT(near(use_of(usage, 2)->disk_read_bytes, 500));
    CU_ASSERT(near(use_of(usage, 5)->cpu_percent, 50));
    CU_ASSERT(near(use_of(usage, 5)->steal_percent, 25));
    /* its disk counts from zero, though it has counted further than the old one's */
    CU_ASSERT(near(use_of(usage, 5)->disk_read_bytes, 3000));
    CU_ASSERT(near(use_of(usage, 6)->cpu_percent, 100));
    CU_ASSERT(near(use_of(usage, 6)->steal_percent, 50));
    CU_ASSERT(near(use_of(usage, 9)->cpu_percent, 10));
    free(usage);
}

static void test_devices(void)
{
    struct domain_counters one = domain(4, "a", S, 0);
    struct device_counters old_devices[] = {
        {4, false, 51712, 1000, 2000, 10, 20},
        {4, false, 51728, 9000, 9000, 90, 90}, /* taken away */
        {4, true, 0, 500, 600, 0, 0},
        {4, true, 1, 8000, 100, 0, 0}, /* connected anew */
    };
    struct device_counters new_devices[] = {
        {4, false, 51712, 3000, 2000, 14, 20},
        {4, false, 51744, 700, 800, 7, 8}, /* given meanwhile */
        {4, true, 0, 1500, 1600, 0, 0},
        {4, true, 1, 200, 300, 0, 0},
    };
    struct vmctl_reading before = {.time_ns = 10 * S, .domains = &one, .nr_domains = 1};
    struct vmctl_reading now = {.time_ns = 12 * S, .domains = &one, .nr_domains = 1};
    struct vmctl_usage *usage;
    const struct vmctl_use *use;

    before.devices = old_devices;
    now.devices = new_devices;
    before.nr_devices = now.nr_devices = 4;
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    use = use_of(usage, 4);
    CU_ASSERT(near(use->disk_read_bytes, (2000 + 700) / 2.0));
    CU_ASSERT(near(use->disk_write_bytes, 800 / 2.0));
    CU_ASSERT(near(use->disk_reads, (4 + 7) / 2.0));
    CU_ASSERT(near(use->disk_writes, 8 / 2.0));
    CU_ASSERT(near(use->net_rx_bytes, (1000 + 200) / 2.0));
    CU_ASSERT(near(use->net_tx_bytes, (1000 + 200) / 2.0));
    CU_ASSERT(near(use->cpu_percent, 0));
    free(usage);
}

/* No interval, clocks that went back, idle time beyond the interval, steal that one side lacks. */
static void test_odd(void)
{
    struct domain_counters first = domain(1, "a", S, S), second = domain(1, "a", 2 * S, 2 * S);
    struct vmctl_reading before = {.time_ns = 20 * S, .domains = &first, .nr_domains = 1};
    struct vmctl_reading now = {.time_ns = 20 * S, .domains = &second, .nr_domains = 1};
    struct vmctl_usage *usage;

    before.cpus = now.cpus = 1;
    before.idle_known = now.idle_known = true;
    now.idle_ns = 3 * S;
    for (int i = 0; i < 2; i++) { /* no time has passed; then less than none */
        usage = vmctl_usage(&before, &now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
        CU_ASSERT(usage->seconds == 0);
        CU_ASSERT(usage->load_percent == 0);
        CU_ASSERT(usage->domains[0].cpu_percent == 0);
        CU_ASSERT(usage->domains[0].steal_percent == 0);
        free(usage);
        now.time_ns = 19 * S;
    }
    now.time_ns = 22 * S;
    first.steal_known = false;
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    CU_ASSERT(usage->load_percent == 0); /* 3 s idle within 2 */
    CU_ASSERT(!usage->domains[0].steal_known);
    CU_ASSERT(usage->domains[0].steal_percent == 0);
    CU_ASSERT(near(usage->domains[0].cpu_percent, 50));
    free(usage);
    now.cpus = 2; /* nothing to compare with */
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    CU_ASSERT(!usage->load_known);
    free(usage);
    now.nr_domains = 0;
    usage = vmctl_usage(&before, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    CU_ASSERT_EQUAL(usage->count, 0);
    free(usage);
}

static void put(const char *root, const char *path, const char *text)
{
    char file[256];
    FILE *f;

    snprintf(file, sizeof(file), "%s/%s", root, path);
    for (char *slash = file + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        if (mkdir(file, 0755) && errno != EEXIST)
            CU_FAIL("cannot make a directory");
        *slash = '/';
    }
    f = fopen(file, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(text, f);
    fclose(f);
}

static void test_sysfs(void)
{
    char root[] = "/tmp/mews-stats-XXXXXX", command[64];
    struct vmctl_reading reading = {0};
    const struct device_counters *d;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
    put(root, "vbd-12-51712/statistics/rd_req", "5\n");
    put(root, "vbd-12-51712/statistics/wr_req", "6\n");
    put(root, "vbd-12-51712/statistics/rd_sect", "8\n");
    put(root, "vbd-12-51712/statistics/wr_sect", "18446744073709551615\n");
    put(root, "vbd-2-51728/statistics/rd_req", "nonsense\n"); /* and no other file */
    put(root, "vif-12-0/net/given-name/statistics/rx_bytes", "100\n");
    put(root, "vif-12-0/net/given-name/statistics/tx_bytes", "200\n");
    put(root, "vif-12-1/state", "no interface yet\n");
    put(root, "console-12-0/state", "4\n");
    put(root, "vbd-12/state", "?\n");
    put(root, "vbd-12-1-1/state", "?\n");
    CU_ASSERT_EQUAL(stats_read_devices(root, &reading), 0);
    CU_ASSERT_EQUAL_FATAL(reading.nr_devices, 4);
    d = reading.devices; /* sorted by domain, disks before cards */
    CU_ASSERT(d[0].domid == 2 && !d[0].nic && d[0].number == 51728);
    CU_ASSERT(d[0].in_requests == 0 && d[0].in_bytes == 0);
    CU_ASSERT(d[1].domid == 12 && !d[1].nic && d[1].number == 51712);
    CU_ASSERT(d[1].in_requests == 5 && d[1].out_requests == 6 && d[1].in_bytes == 8 * 512);
    CU_ASSERT(d[2].domid == 12 && d[2].nic && d[2].number == 0);
    CU_ASSERT(d[2].in_bytes == 200 && d[2].out_bytes == 100); /* what dom0 sends, the VPS gets */
    CU_ASSERT(d[3].nic && d[3].number == 1 && d[3].in_bytes == 0);
    free(reading.devices);
    reading = (struct vmctl_reading){0};
    snprintf(command, sizeof(command), "rm -r %s", root);
    CU_ASSERT_EQUAL(system(command), 0);
    CU_ASSERT_EQUAL(stats_read_devices(root, &reading), 0); /* no backend at all */
    CU_ASSERT_EQUAL(reading.nr_devices, 0);
}

static double member(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    CU_ASSERT(json_is_number(value));
    return json_number_value(value);
}

static void test_json(void)
{
    struct vmctl_usage *usage = calloc(1, sizeof(*usage) + 2 * sizeof(usage->domains[0]));
    json_t *root, *domains;
    char *text;

    CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
    *usage = (struct vmctl_usage){.seconds = 2.004, .cpus = 2, .total_kib = 4096, .count = 2};
    strcpy(usage->domains[0].info.name, "one");
    usage->domains[0].cpu_percent = 12.345;
    usage->domains[1].steal_known = true;
    usage->domains[1].steal_percent = 99.999;
    usage->domains[1].net_rx_bytes = 1e12 + 0.5;
    text = vmctl_usage_json(usage);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    root = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT(near(member(root, "interval_s"), 2));
    CU_ASSERT(json_is_null(json_object_get(json_object_get(root, "node"), "load_percent")));
    CU_ASSERT(near(member(json_object_get(root, "node"), "memory_kib"), 4096));
    domains = json_object_get(root, "domains");
    CU_ASSERT_EQUAL(json_array_size(domains), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_array_get(domains, 0), "name")),
                           "one");
    CU_ASSERT(near(member(json_array_get(domains, 0), "cpu_percent"), 12.35));
    CU_ASSERT(json_is_null(json_object_get(json_array_get(domains, 0), "steal_percent")));
    CU_ASSERT(near(member(json_array_get(domains, 1), "steal_percent"), 100));
    CU_ASSERT(near(member(json_array_get(domains, 1), "net_rx_bytes_per_s"), 1e12 + 0.5));
    json_decref(root);
    free(text);
    free(usage);
}

static void test_cpus_text(void)
{
    struct cpus set = {{0x1ff}};
    char text[VMCTL_CPUS_SIZE];

    node_cpus_text(&set, 9, text);
    CU_ASSERT_STRING_EQUAL(text, "all");
    node_cpus_text(&set, 16, text);
    CU_ASSERT_STRING_EQUAL(text, "0-8");
    set.bits[0] = 0x1c5;
    node_cpus_text(&set, 16, text);
    CU_ASSERT_STRING_EQUAL(text, "0,2,6-8");
    memset(&set, 0x55, sizeof(set)); /* each second one: more than there is room for */
    node_cpus_text(&set, CPUS_MAX, text);
    CU_ASSERT(strlen(text) < VMCTL_CPUS_SIZE && strlen(text) > VMCTL_CPUS_SIZE - 10);
    CU_ASSERT_STRING_EQUAL(text + strlen(text) - 4, ",...");
    memset(&set, 0, sizeof(set));
    node_cpus_text(&set, 0, text);
    CU_ASSERT_STRING_EQUAL(text, "");
}

static CU_TestInfo tests[] = {
    {"two readings", test_plain},
    {"domains come, go and begin anew", test_come_and_go},
    {"devices come, go and begin anew", test_devices},
    {"no interval and no figures", test_odd},
    {"backends' counters", test_sysfs},
    {"JSON", test_json},
    {"sets of CPUs", test_cpus_text},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("libvmctl: use over time", tests);
}
