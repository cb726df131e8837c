/* SPDX-License-Identifier: MIT */
/* multicall: lists with wrong entries, wrong counts and wrong places. */
#include <public/version.h>

#include "diff.h"

static struct multicall_entry *calls(void)
{
    return (struct multicall_entry *)resolve(GOOD);
}

/* Three entries, the middle one as given; the results of all, ~0 where none was written. */
static long three(unsigned long op, unsigned long a, unsigned long b)
{
    struct multicall_entry *c = calls();
    long result;

    for (unsigned int i = 0; i < 3; i++)
        c[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .result = ~0ul, .args = {XENVER_pagesize}};
    c[1].op = op;
    c[1].args[0] = a;
    c[1].args[1] = b;
    result = hypercall_multicall(c, 3);
    for (unsigned int i = 0; i < 3; i++)
        note_value("r", (long)c[i].result);
    return result;
}
static long good(void)
{
    return three(__HYPERVISOR_xen_version, XENVER_pagesize, 0);
}
static long unknown(void)
{
    return three(47, 0, 0);
}
static long highest(void)
{
    return three(-1ul, 0, 0);
}
static long upper_half(void)
{
    return three(0x100000000ul | __HYPERVISOR_xen_version, XENVER_pagesize, 0);
}
static long itself(void)
{
    return three(__HYPERVISOR_multicall, resolve(GOOD), 0);
}
static long failing(void)
{
    return three(__HYPERVISOR_memory_op, 5, CROOKED);
}
static long yielding(void)
{
    return three(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static long at_edge(void)
{
    struct multicall_entry *c = (void *)(resolve(EDGE) + 4 - sizeof(*c));
    long result;

    *c = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .result = ~0ul, .args = {XENVER_pagesize}};
    result = hypercall_multicall(c, 2);
    note_value("first", (long)c->result);
    memset(c, 0, sizeof(*c));
    return result;
}
/* The result cannot be written. */
static long read_only(void)
{
    return hypercall_multicall((void *)resolve(RO), 1);
}
/* An entry that writes over the one behind it. */
static long overwrites_next(void)
{
    struct multicall_entry *c = calls();
    long result;

    memset(c, 0, 3 * sizeof(*c));
    c[0] = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version, .args = {XENVER_platform_parameters, (unsigned long)&c[1].op}};
    c[1] = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}, .result = ~0ul};
    result = hypercall_multicall(c, 2);
    note_value("second", (long)c[1].result);
    return result;
}
static long many(void)
{
    struct multicall_entry *c = calls();
    long result;
    unsigned int wrong = 0;

    for (unsigned int i = 0; i < 64; i++)
        c[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}};
    result = hypercall_multicall(c, 64);
    for (unsigned int i = 0; i < 64; i++)
        wrong += c[i].result != 4096;
    note(" %u wrong", wrong);
    return result;
}

const struct row rows_multicall[] = {
    RUN("multicall/good", good),
    RUN("multicall/unknown", unknown),
    RUN("multicall/highest", highest),
    RUN("multicall/upper-half", upper_half),
    RUN("multicall/itself", itself),
    RUN("multicall/failing", failing),
    RUN("multicall/yielding", yielding),
    RUN("multicall/at-edge", at_edge),
    RUN("multicall/read-only", read_only),
    RUN("multicall/overwrites-next", overwrites_next),
    RUN("multicall/many", many),
    CALL("multicall/none", multicall, GOOD, 0),
    CALL("multicall/none-crooked", multicall, CROOKED, 0),
    CALL("multicall/null", multicall, 0, 1),
    CALL("multicall/hypervisor", multicall, HV, 1),
    CALL("multicall/crooked", multicall, CROOKED, 1),
    CALL("multicall/unmapped", multicall, NONE_, 1),
    CALL("multicall/highest-count", multicall, NONE_, 0xffffffffu),
    CALL("multicall/count-upper-half", multicall, GOOD, 0x100000000ul),
    ROWS_END,
};
