/* SPDX-License-Identifier: MIT */
/*
 * Tests the domain XML: what is read of good files, and that each bad one is refused in one line
 * that names file, line and value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "suite.h"

static char warnings[4096];

static void on_warning(void *context, const char *message)
{
    (void)context;
    strncat(warnings, message, sizeof(warnings) - strlen(warnings) - 2);
    strcat(warnings, "\n");
}

static struct config_messages messages = {.warn = on_warning};

static struct config *parse(const char *text)
{
    warnings[0] = 0;
    return config_parse("f.xml", text, strlen(text), &messages);
}

#define HEAD          "<domain type='xen'>\n<name>web1</name>\n<memory unit='MiB'>256</memory>\n"
#define OS            "<os><type machine='xenpv'>linux</type><kernel>/boot/k</kernel></os>\n"
#define TAIL          "</domain>\n"
#define DEVICES(text) HEAD OS "<devices>\n" text "</devices>\n" TAIL

static const char full[] =
    "<?xml version='1.0'?>\n"
    "<domain type='xen'>\n"
    "  <name>web1</name>\n"
    "  <uuid>6f1de2a0-3c5b-4f0e-9b59-6d657773000a</uuid>\n"
    "  <memory unit='GiB'>1</memory>\n"
    "  <currentMemory>262144</currentMemory>\n"
    "  <memtune><min_guarantee unit='MiB'>64</min_guarantee></memtune>\n"
    "  <vcpu current='2' cpuset='0-3,^1'>4</vcpu>\n"
    "  <cputune>\n"
    "    <shares>512</shares><period>50000</period><quota>25000</quota>\n"
    "    <global_period>10000</global_period><global_quota>12500</global_quota>\n"
    "    <vcpupin vcpu='3' cpuset=' 1 , 5-6 '/><vcpupin vcpu='0' cpuset='1023'/>\n"
    "  </cputune>\n"
    "  <metadata>\n"
    "    <x:own xmlns:x='http://example.org/x'><x:softpin vcpu='99'/></x:own>\n"
    "    <m:affinity xmlns:m='urn:mews:vps:1'><m:softpin cpuset='0'/>\n"
    "      <m:softpin vcpu='1' cpuset='2'/></m:affinity>\n"
    "  </metadata>\n"
    "  <os>\n"
    "    <type arch='x86_64' machine='xenpv'>linux</type>\n"
    "    <kernel>/boot/vmlinux</kernel>\n"
    "    <initrd>/boot/initrd</initrd>\n"
    "    <cmdline>console=hvc0 a=\"&lt;&amp;\"</cmdline>\n"
    "  </os>\n"
    "  <on_poweroff>preserve</on_poweroff>\n"
    "  <on_reboot>destroy</on_reboot>\n"
    "  <on_crash>restart</on_crash>\n"
    "  <devices>\n"
    "    <disk type='file' device='disk'>\n"
    "      <driver name='phy' type='raw'/>\n"
    "      <source file='/srv/web 1.img'/>\n"
    "      <target dev='xvda' bus='xen'/>\n"
    "    </disk>\n"
    "    <disk type='block'><source dev='/dev/vg/x'/><target dev='xvdq'/><readonly/></disk>\n"
    "    <interface type='bridge'><source bridge='xenbr0'/>\n"
    "      <mac address='00:16:3e:01:02:0a'/><target dev='web1.0'/></interface>\n"
    "    <console type='pty'><target type='xen' port='0'/></console>\n"
    "  </devices>\n"
    "</domain>\n";

static const char *cpus_of(const struct config *c, unsigned int vcpu, bool soft)
{
    static char text[CPUS_TEXT_SIZE];
    const struct cpus *cpus = config_cpus(&c->cpu, vcpu, soft);

    if (!cpus)
        return "any";
    cpus_text(cpus, text);
    return text;
}

static void check_tune(const struct config *c)
{
    CU_ASSERT_EQUAL(c->guarantee_kib, 65536);
    CU_ASSERT_EQUAL(c->cpu.weight, 512);
    CU_ASSERT_EQUAL(c->cpu.cap, 125);
    CU_ASSERT_EQUAL(c->cpu.quota, 25000);
    CU_ASSERT_EQUAL(c->cpu.period, 50000);
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 0, false), "1023");
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 1, false), "0,2-3");
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 3, false), "1,5-6");
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 0, true), "0");
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 1, true), "2");
}

static void check_full(const struct config *c)
{
    static const uint8_t mac[6] = {0x00, 0x16, 0x3e, 0x01, 0x02, 0x0a};
    char uuid[VMCTL_UUID_SIZE];

    CU_ASSERT_STRING_EQUAL(c->name, "web1");
    config_uuid_text(c->uuid, uuid);
    CU_ASSERT_STRING_EQUAL(uuid, "6f1de2a0-3c5b-4f0e-9b59-6d657773000a");
    CU_ASSERT_EQUAL(c->max_kib, 1048576);
    CU_ASSERT_EQUAL(c->memory_kib, 262144);
    CU_ASSERT_EQUAL(c->max_vcpus, 4);
    CU_ASSERT_EQUAL(c->vcpus, 2);
    check_tune(c);
    CU_ASSERT_STRING_EQUAL(c->kernel, "/boot/vmlinux");
    CU_ASSERT_STRING_EQUAL(c->initrd, "/boot/initrd");
    CU_ASSERT_STRING_EQUAL(c->cmdline, "console=hvc0 a=\"<&\"");
    CU_ASSERT_EQUAL(c->on_poweroff, ACTION_PRESERVE);
    CU_ASSERT_EQUAL(c->on_reboot, ACTION_DESTROY);
    CU_ASSERT_EQUAL(c->on_crash, ACTION_RESTART);
    CU_ASSERT_EQUAL_FATAL(c->nr_disks, 2);
    CU_ASSERT_STRING_EQUAL(c->disks[0].source, "/srv/web 1.img");
    CU_ASSERT_STRING_EQUAL(c->disks[0].target, "xvda");
    CU_ASSERT_EQUAL(c->disks[0].number, 51712);
    CU_ASSERT_FALSE(c->disks[0].block);
    CU_ASSERT_FALSE(c->disks[0].readonly);
    CU_ASSERT_TRUE(c->disks[1].block);
    CU_ASSERT_TRUE(c->disks[1].readonly);
    CU_ASSERT_EQUAL(c->disks[1].number, 268439552);
    CU_ASSERT_EQUAL_FATAL(c->nr_nics, 1);
    CU_ASSERT_STRING_EQUAL(c->nics[0].bridge, "xenbr0");
    CU_ASSERT_STRING_EQUAL(c->nics[0].ifname, "web1.0");
    CU_ASSERT_EQUAL(memcmp(c->nics[0].mac, mac, 6), 0);
}

static void test_full(void)
{
    struct config *c = parse(full);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_STRING_EQUAL(warnings, "");
    check_full(c);
    config_free(c);
}

/* What is written back reads as the same, and is written the same again. */
static void test_round_trip(void)
{
    struct config *c = parse(full), *again;
    char *text = config_write(c), *text2;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    again = parse(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_STRING_EQUAL(warnings, "");
    check_full(again);
    text2 = config_write(again);
    CU_ASSERT_STRING_EQUAL(text, text2);
    free(text);
    free(text2);
    config_free(c);
    config_free(again);
}

static void test_defaults(void)
{
    struct config *c = parse(HEAD OS TAIL), *d;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    d = parse(DEVICES("<interface type='bridge'><source bridge='b'/></interface>\n"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL(c->memory_kib, 262144);
    CU_ASSERT_EQUAL(c->max_kib, 262144);
    CU_ASSERT_EQUAL(c->vcpus, 1);
    CU_ASSERT_EQUAL(c->guarantee_kib, 0);
    CU_ASSERT_EQUAL(c->cpu.weight, 0);
    CU_ASSERT_EQUAL(config_cap(&c->cpu, 1), 0);
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 0, false), "any");
    CU_ASSERT_STRING_EQUAL(cpus_of(c, 0, true), "any");
    CU_ASSERT_PTR_NULL(c->initrd);
    CU_ASSERT_PTR_NULL(c->cmdline);
    CU_ASSERT_EQUAL(c->on_poweroff, ACTION_DESTROY);
    CU_ASSERT_EQUAL(c->on_reboot, ACTION_RESTART);
    CU_ASSERT_EQUAL(c->on_crash, ACTION_DESTROY);
    CU_ASSERT_NOT_EQUAL(memcmp(c->uuid, d->uuid, 16), 0);
    CU_ASSERT_EQUAL(c->uuid[6] >> 4, 4);
    CU_ASSERT_EQUAL(memcmp(d->nics[0].mac, "\x00\x16\x3e", 3), 0);
    config_free(c);
    config_free(d);
}

/* What quotas and periods come to, in hundredths of a CPU. */
static void test_caps(void)
{
    static const struct {
        const char *cputune;
        unsigned int vcpus, cap;
    } caps[] = {
        {"<quota>50000</quota>", 1, 50},
        {"<quota>50000</quota>", 3, 150},
        {"<quota>50000</quota><period>200000</period>", 4, 100},
        {"<period>200000</period><quota>50000</quota>", 4, 100},
        {"<global_quota>150000</global_quota>", 4, 150},
        {"<global_quota>25000</global_quota><global_period>1000000</global_period>", 1, 2},
        {"<global_quota>1000</global_quota><global_period>1000000</global_period>", 1, 1},
        {"<global_quota>120000</global_quota><quota>50000</quota>", 2, 100},
        {"<global_quota>120000</global_quota><quota>50000</quota>", 3, 120},
        {"<quota>-1</quota>", 4, 0},
        {"<quota>0</quota>", 4, 0},
        {"<quota>-17592186044415</quota>", 4, 0},
        {"<global_quota>-1</global_quota>", 4, 0},
        {"<global_quota>6400000</global_quota>", 64, 6400},
        {"<global_quota>6401000</global_quota>", 64, 0},
        {"<quota>17592186044415</quota><period>1000</period>", 64, 0},
        {"<global_quota>17592186044415</global_quota><global_period>1000</global_period>", 64, 0},
        {"", 1, 0},
    };

    for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        char text[1024];
        struct config *c;

        snprintf(text, sizeof(text), HEAD OS "<cputune>%s</cputune><vcpu>%u</vcpu>" TAIL,
                 caps[i].cputune, caps[i].vcpus);
        c = parse(text);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_STRING_EQUAL(warnings, "");
        if (config_cap(&c->cpu, caps[i].vcpus) != caps[i].cap) {
            fprintf(stderr, "%s x%u: %u\n", caps[i].cputune, caps[i].vcpus,
                    config_cap(&c->cpu, caps[i].vcpus));
            CU_FAIL("another cap was expected");
        }
        config_free(c);
    }
}

static void test_cpu_lists(void)
{
    static const struct {
        const char *text, *out; /* NULL: refused */
    } lists[] = {
        {"0", "0"},
        {"0-2,5", "0-2,5"},
        {" 0 - 2 , 5 ", "0-2,5"},
        {"5,0-2", "0-2,5"},
        {"0-7,^3", "0-2,4-7"},
        {"0-7,^2-4", "0-1,5-7"},
        {"1,1,1", "1"},
        {"1023", "1023"},
        {"0-1023", "0-1023"},
        {"all", "0-1023"},
        {" all ", "0-1023"},
        {"0-1,^1,1", "0-1"},
        {"1024", NULL},
        {"", NULL},
        {" ", NULL},
        {"a", NULL},
        {"0-", NULL},
        {"-1", NULL},
        {"3-1", NULL},
        {"0,,1", NULL},
        {"0,", NULL},
        {",0", NULL},
        {"^1", NULL},
        {"1,^1", NULL},
        {"0 1", NULL},
        {"0x1", NULL},
        {"all,1", NULL},
        {"allx", NULL},
        {"0-1-2", NULL},
        {"1.5", NULL},
        {"99999999999", NULL},
        {"0-4294967297", NULL},
        {"^", NULL},
        {"1,^", NULL},
        {"+1", NULL},
        {"^all", NULL},
    };
    char text[CPUS_TEXT_SIZE], odd[CPUS_TEXT_SIZE];
    struct cpus cpus, again;
    size_t len = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        memset(&cpus, 0x5a, sizeof(cpus));
        again = cpus;
        if (cpus_parse(lists[i].text, &cpus) != (lists[i].out != NULL)) {
            fprintf(stderr, "'%s'\n", lists[i].text);
            CU_FAIL("taken, or refused, and should not be");
        } else if (lists[i].out) {
            cpus_text(&cpus, text);
            CU_ASSERT_STRING_EQUAL(text, lists[i].out);
        } else {
            CU_ASSERT_EQUAL(memcmp(&cpus, &again, sizeof(cpus)), 0);
        }
    }
    CU_ASSERT_TRUE(cpus_parse("all", &cpus) && cpus_all(&cpus));

    /* the longest text that a set can have */
    for (unsigned int cpu = 1; cpu < CPUS_MAX; cpu += 2)
        len += (size_t)sprintf(odd + len, "%s%u", len ? "," : "", cpu);
    CU_ASSERT_TRUE(cpus_parse(odd, &cpus));
    cpus_text(&cpus, text);
    CU_ASSERT_STRING_EQUAL(text, odd);
    CU_ASSERT_FALSE(cpus_all(&cpus));
}

static void test_unknown_elements(void)
{
    struct config *c = parse(HEAD OS "<clock offset='utc'/>\n<devices>\n<emulator/>\n"
                                     "<console><frob/></console>\n</devices>\nstray\n" TAIL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(warnings, "f.xml:5: unknown element <clock>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(warnings, "f.xml:7: unknown element <emulator>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(warnings, "f.xml:8: unknown element <frob>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(warnings, "text in <domain>"));
    config_free(c);
}

/* A bad text, and what the error has to say of it. */
static const struct {
    const char *text, *error;
} bad[] = {
    {"", "f.xml:1: malformed XML"},
    {"   \n", "malformed XML"},
    {"\x7f"
     "ELF",
     "f.xml:1: malformed XML"},
    {HEAD OS, "malformed XML"},
    {HEAD "<os></so>" TAIL, "f.xml:4: malformed XML"},
    {"<domain type='xen'>\n<name>a&b</name></domain>", "f.xml:2: malformed XML"},
    {"<network/>", "f.xml:1: the first element is <network>"},
    {"<domain type='kvm'><name>a</name></domain>", "f.xml:1: <domain type='kvm'> is not supported"},
    {"<domain><name>a</name></domain>", "<domain> has no type: write type='xen'"},
    {"<domain type='xen'/>", "f.xml:1: <domain> has no <name>"},
    {"<domain type='xen'>\n<name/></domain>", "f.xml:2: <name> ''"},
    {"<domain type='xen'><name>../x</name></domain>", "<name> '../x' is not a name"},
    {"<domain type='xen'><name>12</name></domain>", "<name> '12' is not a name"},
    {"<domain type='xen'><name>.x</name></domain>", "<name> '.x' is not a name"},
    {"<domain type='xen'><name>a b</name></domain>", "<name> 'a b' is not a name"},
    {"<domain type='xen'><name>a</name>\n<name>b</name></domain>",
     "f.xml:2: <name> stands here twice"},
    {"<domain type='xen'><name>a</name>" OS TAIL, "has no <memory>"},
    {HEAD TAIL, "has no <os>"},
    {HEAD "<os><type>linux</type></os>" TAIL, "has no <os> with <type> and <kernel>"},
    {HEAD "<os><type>hvm</type></os>" TAIL, "f.xml:4: <os><type> 'hvm' is not supported"},
    {HEAD "<os><type>exe</type></os>" TAIL, "<os><type> 'exe'"},
    {HEAD "<os><type machine='xenfv'>linux</type></os>" TAIL,
     "<type machine='xenfv'> is not supported: write machine='xenpv'"},
    {HEAD "<os><type arch='i686'>linux</type></os>" TAIL, "arch='x86_64'"},
    {HEAD "<os><kernel>vmlinux</kernel></os>" TAIL, "<kernel> 'vmlinux' is not an absolute path"},
    {HEAD OS "<uuid>6f1de2a0</uuid>" TAIL, "<uuid> '6f1de2a0' is not a UUID"},
    {HEAD OS "<uuid>6f1de2a0-3c5b-4f0e-9b59-6d657773000g</uuid>" TAIL, "is not a UUID"},
    {HEAD OS "<uuid>00000000-0000-0000-0000-000000000000</uuid>" TAIL, "all zero"},
    {HEAD OS "<vcpu>0</vcpu>" TAIL, "<vcpu> '0' is not a number from 1 to 64"},
    {HEAD OS "<vcpu>65</vcpu>" TAIL, "<vcpu> '65'"},
    {HEAD OS "<vcpu>-1</vcpu>" TAIL, "<vcpu> '-1'"},
    {HEAD OS "<vcpu>2x</vcpu>" TAIL, "<vcpu> '2x'"},
    {HEAD OS "<vcpu current='3'>2</vcpu>" TAIL, "<vcpu current='3'>"},
    {HEAD OS "<vcpu cpuset=''>2</vcpu>" TAIL, "f.xml:5: <vcpu cpuset=''> is not a list of CPUs"},
    {HEAD OS "<vcpu cpuset='0-1024'>2</vcpu>" TAIL, "<vcpu cpuset='0-1024'>"},
    {HEAD OS "<cputune><shares>0</shares></cputune>" TAIL, "f.xml:5: <shares> '0' is not a weight"},
    {HEAD OS "<cputune><shares>65536</shares></cputune>" TAIL, "<shares> '65536'"},
    {HEAD OS "<cputune><shares/></cputune>" TAIL, "<shares> ''"},
    {HEAD OS "<cputune><shares>1</shares><shares>2</shares></cputune>" TAIL,
     "<shares> stands here"},
    {HEAD OS "<cputune>\n<quota>999</quota></cputune>" TAIL, "f.xml:6: <quota> '999' is not"},
    {HEAD OS "<cputune><quota>17592186044416</quota></cputune>" TAIL, "<quota> '17592186044416'"},
    {HEAD OS "<cputune><quota>-</quota></cputune>" TAIL, "<quota> '-'"},
    {HEAD OS "<cputune><quota>1e5</quota></cputune>" TAIL, "<quota> '1e5'"},
    {HEAD OS "<cputune><period>999</period></cputune>" TAIL, "<period> '999' is not"},
    {HEAD OS "<cputune><period>1000001</period></cputune>" TAIL, "<period> '1000001'"},
    {HEAD OS "<cputune><period>-1</period></cputune>" TAIL, "<period> '-1'"},
    {HEAD OS "<cputune><global_quota>5</global_quota></cputune>" TAIL, "<global_quota> '5'"},
    {HEAD OS "<cputune><global_period>5</global_period></cputune>" TAIL, "<global_period> '5'"},
    {HEAD OS "<cputune><vcpupin cpuset='0'/></cputune>" TAIL, "<vcpupin vcpu=''> is not"},
    {HEAD OS "<cputune><vcpupin vcpu='64' cpuset='0'/></cputune>" TAIL, "<vcpupin vcpu='64'>"},
    {HEAD OS "<cputune><vcpupin vcpu='x' cpuset='0'/></cputune>" TAIL, "<vcpupin vcpu='x'>"},
    {HEAD OS "<cputune><vcpupin vcpu='0'/></cputune>" TAIL, "<vcpupin cpuset=''>"},
    {HEAD OS "<cputune><vcpupin vcpu='0' cpuset='1-'/></cputune>" TAIL, "<vcpupin cpuset='1-'>"},
    {HEAD OS "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/>\n"
             "<vcpupin vcpu='0' cpuset='2'/></cputune>" TAIL,
     "f.xml:6: <vcpupin vcpu='0'> stands here twice"},
    {HEAD OS "<cputune>\n<vcpupin vcpu='2' cpuset='1'/>\n<vcpupin vcpu='0' cpuset='1'/></cputune>\n"
             "<vcpu>2</vcpu>" TAIL,
     "f.xml:6: a vcpu is pinned that the VPS does not have: its vcpus are 0 to 1"},
    {HEAD OS "<cputune><vcpupin vcpu='1' cpuset='1'/></cputune>" TAIL, "its vcpus are 0 to 0"},
    {HEAD OS "<memtune>\n<min_guarantee unit='MiB'>257</min_guarantee></memtune>" TAIL,
     "f.xml:6: <min_guarantee> is above"},
    {HEAD OS "<currentMemory unit='MiB'>128</currentMemory>"
             "<memtune><min_guarantee unit='MiB'>129</min_guarantee></memtune>" TAIL,
     "<min_guarantee> is above"},
    {HEAD OS "<memtune><min_guarantee>0</min_guarantee></memtune>" TAIL, "<min_guarantee> '0'"},
    {HEAD OS "<metadata><m:affinity xmlns:m='urn:mews:vps:1'><m:softpin vcpu='1' cpuset='0'/>"
             "</m:affinity></metadata>" TAIL,
     "its vcpus are 0 to 0"},
    {HEAD OS "<metadata><m:affinity xmlns:m='urn:mews:vps:1'><m:softpin cpuset='x'/>"
             "</m:affinity></metadata>" TAIL,
     "<softpin cpuset='x'>"},
    {HEAD OS "<currentMemory unit='MiB'>257</currentMemory>" TAIL, "<currentMemory> is above"},
    {HEAD OS "<on_crash>coredump</on_crash>" TAIL, "f.xml:5: <on_crash> 'coredump'"},
    {"<domain type='xen'><memory>0</memory></domain>", "<memory> '0'"},
    {"<domain type='xen'><memory>-5</memory></domain>", "<memory> '-5'"},
    {"<domain type='xen'><memory unit='furlong'>5</memory></domain>", "unit='furlong'"},
    {"<domain type='xen'><memory unit='TiB'>17</memory></domain>", "more than the 16 TiB"},
    {"<domain type='xen'><memory>99999999999999999999999</memory></domain>", "not an amount"},
    {"<domain type='xen'><memory unit='TiB'>18446744073709551615</memory></domain>", "16 TiB"},
    {DEVICES("<disk type='network'/>"), "<disk type='network'>"},
    {DEVICES("<disk type='file' device='cdrom'/>"), "<disk device='cdrom'>"},
    {DEVICES("<disk type='file'><target dev='xvda'/></disk>"), "f.xml:6: <disk> has no <source>"},
    {DEVICES("<disk type='file'><source dev='/x'/></disk>"), "no file='...'"},
    {DEVICES("<disk type='file'><source file='x'/></disk>"), "not an absolute path"},
    {DEVICES("<disk type='file'><source file='/x'/></disk>"), "<disk> has no <target>"},
    {DEVICES("<disk type='file'><source file='/x'/><target dev='hda'/></disk>"), "dev='hda'"},
    {DEVICES("<disk type='file'><source file='/x'/><target dev='xvdA'/></disk>"), "dev='xvdA'"},
    {DEVICES("<disk type='file'><source file='/x'/><target dev='xvdaaa'/></disk>"), "dev='xvdaaa'"},
    {DEVICES("<disk type='file'><source file='/x'/><target dev='xvda' bus='ide'/></disk>"),
     "<target bus='ide'>"},
    {DEVICES("<disk type='file'><driver type='qcow2'/></disk>"), "<driver type='qcow2'>"},
    {DEVICES("<disk type='file'><source file='/x'/><target dev='xvda'/></disk>\n"
             "<disk type='file'><source file='/y'/><target dev='xvda'/></disk>"),
     "f.xml:7: two disks"},
    {DEVICES("<interface type='network'/>"), "<interface type='network'>"},
    {DEVICES("<interface type='bridge'/>"), "has no <source bridge"},
    {DEVICES("<interface type='bridge'><source bridge='a/b'/></interface>"), "bridge='a/b'"},
    {DEVICES("<interface type='bridge'><source bridge='abcdefghijklmnop'/></interface>"),
     "bridge="},
    {DEVICES("<interface type='bridge'><mac address='01:00:00:00:00:00'/></interface>"),
     "<mac address="},
    {DEVICES("<interface type='bridge'><mac address='00:16:3e:00:00'/></interface>"),
     "<mac address="},
    {DEVICES("<interface type='bridge'><mac address='00:16:3e:00:00:0g'/></interface>"),
     "<mac address="},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct config *c = parse(bad[i].text);

        CU_ASSERT_PTR_NULL(c);
        if (!strstr(messages.error, bad[i].error)) {
            fprintf(stderr, "%s\n  gave: %s\n  not:  %s\n", bad[i].text, messages.error,
                    bad[i].error);
            CU_FAIL("another error was expected");
        }
        CU_ASSERT_EQUAL(strncmp(messages.error, "f.xml:", 6), 0);
        CU_ASSERT_PTR_NULL(strchr(messages.error, '\n'));
        config_free(c);
    }
}

/* Entities: nothing is expanded, nothing is fetched, whatever the declaration says. */
static void test_doctype(void)
{
    static const char *const texts[] = {
        "<!DOCTYPE domain [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
        "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>]>\n<domain type='xen'><name>&e;</name></domain>",
        ("<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n"
         "<domain type='xen'><name>&x;</name></domain>"),
        "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'>\n<domain type='xen'/>",
        "<!DOCTYPE domain [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]>\n<domain type='xen'/>",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CU_ASSERT_PTR_NULL(parse(texts[i]));
        CU_ASSERT_PTR_NOT_NULL(strstr(messages.error, "f.xml:1: a document type declaration"));
    }
}

static void test_huge(void)
{
    size_t depth = 40000, size = CONFIG_FILE_MAX + 1;
    char *text = malloc(size + 16);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, ' ', size);
    CU_ASSERT_PTR_NULL(config_parse("f.xml", text, size, &messages));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.error, "bytes of XML"));

    /* as deep as it can be */
    for (size_t i = 0; i < depth; i++)
        memcpy(text + i * 3, "<a>", 3);
    CU_ASSERT_PTR_NULL(config_parse("f.xml", text, depth * 3, &messages));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.error, "malformed XML"));

    /* a name and a command line of half a megabyte each */
    strcpy(text, "<domain type='xen'><name>");
    memset(text + strlen("<domain type='xen'><name>"), 'a', 500000);
    strcpy(text + strlen("<domain type='xen'><name>") + 500000, "</name></domain>");
    CU_ASSERT_PTR_NULL(parse(text));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.error, "is not a name"));
    free(text);
}

static void test_cmdline_length(void)
{
    char text[4096], line[2000];

    for (int len = CONFIG_CMDLINE_MAX; len <= CONFIG_CMDLINE_MAX + 1; len++) {
        struct config *c;

        memset(line, 'x', (size_t)len);
        line[len] = 0;
        snprintf(text, sizeof(text),
                 HEAD "<os><type>linux</type><kernel>/k</kernel><cmdline>%s"
                      "</cmdline></os>" TAIL,
                 line);
        c = parse(text);
        CU_ASSERT_EQUAL(c != NULL, len == CONFIG_CMDLINE_MAX);
        config_free(c);
    }
}

static void test_disk_numbers(void)
{
    CU_ASSERT_EQUAL(config_disk_number("xvda"), 51712);
    CU_ASSERT_EQUAL(config_disk_number("xvdb"), 51728);
    CU_ASSERT_EQUAL(config_disk_number("xvdp"), 51952);
    CU_ASSERT_EQUAL(config_disk_number("xvdq"), (1 << 28) | (16 << 8));
    CU_ASSERT_EQUAL(config_disk_number("xvdaa"), (1 << 28) | (26 << 8));
    CU_ASSERT_EQUAL(config_disk_number("xvd"), -1);
    CU_ASSERT_EQUAL(config_disk_number("xvda1"), -1);
    CU_ASSERT_EQUAL(config_disk_number("sda"), -1);
}

/* Seeded mutations of a good file: any answer is right that the sanitizers let pass. */
static void test_mutations(void)
{
    size_t size = sizeof(full) - 1;
    char *text = malloc(size);
    unsigned int good = 0, refused = 0;

    srand(3);
    for (int round = 0; round < 20000; round++) {
        size_t len = rand() % 8 ? size : (size_t)rand() % size;
        struct config *c;

        memcpy(text, full, size);
        for (int k = rand() % 4; k >= 0; k--)
            text[(size_t)rand() % size] =
                (char)(rand() % 3 ? "<>/'&;! \n09-"[rand() % 12] : rand());
        messages.warn = NULL;
        c = config_parse("f.xml", text, len, &messages);
        good += c != NULL;
        refused += c == NULL;
        if (!c)
            CU_ASSERT_EQUAL(strncmp(messages.error, "f.xml:", 6), 0);
        config_free(c);
    }
    messages.warn = on_warning;
    CU_ASSERT(good > 100);
    CU_ASSERT(refused > 1000);
    free(text);
}

static CU_TestInfo tests[] = {
    {"all that can stand in a file", test_full},
    {"written back and read again", test_round_trip},
    {"defaults", test_defaults},
    {"quotas and periods", test_caps},
    {"lists of CPUs", test_cpu_lists},
    {"unknown elements are named", test_unknown_elements},
    {"bad files", test_bad},
    {"document types and entities", test_doctype},
    {"huge files", test_huge},
    {"length of the command line", test_cmdline_length},
    {"disk names", test_disk_numbers},
    {"20000 mutations", test_mutations},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("domain XML", tests);
}
