/* SPDX-License-Identifier: MIT */
/*
 * boot/options.c: Xen's words and units, what is absent keeps its default, and nothing that a loader may hand over
 * (words of others, endless words, a storm of characters) stops it.
 */
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static void copy_bytes(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

#include "hv/own-names.h"

#include "boot/options.c"
#include "lib/string.c"

static struct boot_options defaults;

static const struct boot_options *parsed(const char *line)
{
    copy_bytes(&boot_options, &defaults, sizeof(defaults));
    boot_options_parse(line);
    return &boot_options;
}

static void test_defaults(void)
{
    const struct boot_options *o = parsed("");

    CU_ASSERT(o->console_com1 && o->smap && o->smep && !o->noreboot && !o->dom0_mem && o->mem_limit == ~0ull);
    CU_ASSERT(o->loglvl == PRINT_INFO && o->guest_loglvl == PRINT_WARNING && o->max_cpus == 64);
}

static void test_sizes(void)
{
    CU_ASSERT(parsed("dom0_mem=64M")->dom0_mem == 64ull << 20);
    CU_ASSERT(parsed("dom0_mem=64m")->dom0_mem == 64ull << 20);
    CU_ASSERT(parsed("dom0_mem=65536")->dom0_mem == 64ull << 20);
    CU_ASSERT(parsed("dom0_mem=512K,max:2G")->dom0_mem == 512ull << 10 && boot_options.dom0_mem_max == 2ull << 30);
    CU_ASSERT(parsed("dom0_mem=min:1G,max:3G,2G")->dom0_mem == 2ull << 30 && boot_options.dom0_mem_max == 3ull << 30);
    CU_ASSERT(parsed("dom0_mem=max:1G")->dom0_mem == 0 && boot_options.dom0_mem_max == 1ull << 30);
    CU_ASSERT(parsed("mem=4096B")->mem_limit == 4096 && parsed("mem=1T")->mem_limit == 1ull << 40);
}

static void test_tsc(void)
{
    CU_ASSERT(parsed("")->tsc == TSC_AS_CPU && parsed("tsc=what")->tsc == TSC_AS_CPU);
    CU_ASSERT(parsed("tsc=stable")->tsc == TSC_STABLE && parsed("tsc=stable:socket")->tsc == TSC_STABLE);
    CU_ASSERT(parsed("tsc=unstable")->tsc == TSC_UNSTABLE && parsed("tsc=skewed")->tsc == TSC_UNSTABLE);
}

static void test_flags(void)
{
    CU_ASSERT(parsed("noreboot")->noreboot && parsed("noreboot=1")->noreboot && !parsed("noreboot=0")->noreboot);
    CU_ASSERT(!parsed("smap=0")->smap && !parsed("no-smap")->smap && !parsed("smap=off")->smap && parsed("smap=yes")->smap);
    CU_ASSERT(parsed("no-smep=no")->smep && parsed("x=noreboot")->noreboot == 0);
}

static void test_words(void)
{
    const struct boot_options *o = parsed("  placeholder com1=115200,8n1 console=vga loglvl=all guest_loglvl=none/all "
                                          "dom0_max_vcpus=3 maxcpus=2 something=else loglvl");

    CU_ASSERT(o->com1_baud == 115200 && !o->console_com1 && o->loglvl == PRINT_DEBUG);
    CU_ASSERT(o->guest_loglvl == PRINT_ERROR && o->dom0_max_vcpus == 3 && o->max_cpus == 2);
    CU_ASSERT(parsed("console=com1,vga")->console_com1 && parsed("com1=auto")->com1_baud == 0);
    CU_ASSERT(parsed("loglvl=warning")->loglvl == PRINT_WARNING && parsed("loglvl=nonsense")->loglvl == PRINT_INFO);
    CU_ASSERT(parsed("maxcpus")->max_cpus == 64 && parsed("no-maxcpus=1")->max_cpus == 64);
}

static void test_storm(void)
{
    static const char letters[] = "nosmap=dom0_emx:,123GMk -c\xff";
    char line[400];

    srand(2);
    for (u32 i = 0; i < 20000; i++) {
        u32 n = (u32)rand() % (sizeof(line) - 1);

        for (u32 k = 0; k < n; k++)
            line[k] = letters[(u32)rand() % (sizeof(letters) - 1)];
        line[n] = 0;
        parsed(line);
    }
    for (u32 k = 0; k < sizeof(line) - 1; k++)
        line[k] = 'm';
    line[sizeof(line) - 1] = 0;
    CU_ASSERT(parsed(line)->mem_limit == ~0ull);
}

static CU_TestInfo tests[] = {
    {"defaults", test_defaults},
    {"sizes", test_sizes},
    {"flags", test_flags},
    {"the TSC", test_tsc},
    {"words", test_words},
    {"a storm", test_storm},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    copy_bytes(&defaults, &boot_options, sizeof(defaults));
    return suite_run("options", tests);
}
