/* SPDX-License-Identifier: MIT */
/*
 * The part of domain XML that says how much of the machine a VPS gets: vcpus, shares and quotas of
 * CPU time, which CPUs, and the memory it is guaranteed; with the units turned into the hypervisor's.
 * It must never let a number wrap on that way.
 *
 * Soft affinity is the one thing here that libvirt's dialect has no element for: it stands in
 * <metadata>, which that dialect keeps for others' additions, under a namespace of our own.
 */
#include "config_xml.h"

#include <stdlib.h>
#include <string.h>

/* libvirt's bounds, microseconds. */
#define QUOTA_MIN      1000
#define QUOTA_MAX      17592186044415ULL
#define PERIOD_MIN     1000
#define PERIOD_MAX     1000000
#define PERIOD_DEFAULT 100000

/* quota by period in hundredths of a CPU: a limit above 0 stays one. */
static uint64_t hundredths(uint64_t quota, uint64_t period)
{
    uint64_t cap = quota * 100 / period;

    return cap ? cap : 1;
}

unsigned int config_cap(const struct config_cpu *cpu, unsigned int vcpus)
{
    uint64_t each = cpu->quota ? hundredths(cpu->quota * vcpus, cpu->period) : 0;
    uint64_t cap = cpu->cap;

    if (each && (!cap || each < cap))
        cap = each;
    return cap > CONFIG_CAP_MAX ? 0 : (unsigned int)cap; /* more than it could use is no limit */
}

const struct cpus *config_cpus(const struct config_cpu *cpu, unsigned int vcpu, bool soft)
{
    const struct cpus *own = soft ? &cpu->soft[vcpu] : &cpu->hard[vcpu];
    const struct cpus *all = soft ? &cpu->soft_all : &cpu->hard_all;

    if (!cpus_empty(own))
        return own;
    return cpus_empty(all) ? NULL : all;
}

/* An attribute's list of CPUs; false after xml_fail(). */
static bool read_cpus(struct xml_reader *r, const xmlNode *node, struct cpus *out)
{
    char *text = xml_attribute(node, "cpuset");
    bool ok = text && cpus_parse(text, out);

    if (!ok)
        xml_fail(r, xml_line(node),
                 "<%s cpuset='%.40s'> is not a list of CPUs: write one like 0-3,6 of numbers "
                 "below %d",
                 (const char *)node->name, text ? text : "", CPUS_MAX);
    free(text);
    return ok;
}

void xml_read_vcpu(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node), *current = xml_attribute(node, "current");
    char *cpuset = xml_attribute(node, "cpuset");
    uint64_t max, now;

    if (!text) {
        ;
    } else if (!xml_number(text, &max) || max == 0 || max > CONFIG_VCPUS_MAX) {
        xml_fail(r, xml_line(node), "<vcpu> '%.40s' is not a number from 1 to %d", text,
                 CONFIG_VCPUS_MAX);
    } else if (current && (!xml_number(current, &now) || now == 0 || now > max)) {
        xml_fail(r, xml_line(node), "<vcpu current='%.40s'> is not a number from 1 to %u", current,
                 (unsigned int)max);
    } else if (!cpuset || read_cpus(r, node, &r->config->cpu.hard_all)) {
        r->config->max_vcpus = (unsigned int)max;
        r->config->vcpus = (unsigned int)(current ? now : max);
        r->have_vcpu = true;
    }
    free(text);
    free(current);
    free(cpuset);
}

static void read_shares(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);
    uint64_t weight;

    if (text && (!xml_number(text, &weight) || weight == 0 || weight > CONFIG_WEIGHT_MAX))
        xml_fail(r, xml_line(node), "<shares> '%.40s' is not a weight from 1 to %d", text,
                 CONFIG_WEIGHT_MAX);
    else if (text)
        r->config->cpu.weight = (unsigned int)weight;
    free(text);
}

/* 0 where none is set, be it that nothing is limited. */
static uint64_t read_quota(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);
    bool none = text && text[0] == '-';
    uint64_t quota = 0;

    if (text && (!xml_number(text + none, &quota) ||
                 (!none && quota && (quota < QUOTA_MIN || quota > QUOTA_MAX)))) {
        xml_fail(r, xml_line(node),
                 "<%s> '%.40s' is not a number of microseconds from %d to %llu: -1 is no limit",
                 (const char *)node->name, text, QUOTA_MIN, QUOTA_MAX);
        quota = 0;
    }
    free(text);
    return none ? 0 : quota;
}

static uint64_t read_period(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);
    uint64_t period = 0;

    if (text &&
        (!xml_number(text, &period) || (period && (period < PERIOD_MIN || period > PERIOD_MAX)))) {
        xml_fail(r, xml_line(node), "<%s> '%.40s' is not a number of microseconds from %d to %d",
                 (const char *)node->name, text, PERIOD_MIN, PERIOD_MAX);
        period = 0;
    }
    free(text);
    return period ? period : PERIOD_DEFAULT;
}

static void read_each_quota(struct xml_reader *r, xmlNode *node)
{
    r->config->cpu.quota = read_quota(r, node);
}

static void read_each_period(struct xml_reader *r, xmlNode *node)
{
    r->config->cpu.period = read_period(r, node);
}

static void read_global_quota(struct xml_reader *r, xmlNode *node)
{
    r->global_quota = read_quota(r, node);
}

static void read_global_period(struct xml_reader *r, xmlNode *node)
{
    r->global_period = read_period(r, node);
}

/* The vcpu that a pin is about, as its bit of *seen; false after xml_fail(). */
static bool read_pin_vcpu(struct xml_reader *r, const xmlNode *node, uint64_t *seen,
                          unsigned int *vcpu)
{
    char *text = xml_attribute(node, "vcpu");
    uint64_t number = 0;
    bool ok = text && xml_number(text, &number) && number < CONFIG_VCPUS_MAX;

    if (!ok)
        xml_fail(r, xml_line(node), "<%s vcpu='%.40s'> is not the number of a vcpu, from 0 to %d",
                 (const char *)node->name, text ? text : "", CONFIG_VCPUS_MAX - 1);
    else if (*seen >> number & 1)
        xml_fail(r, xml_line(node), "<%s vcpu='%s'> stands here twice: keep one",
                 (const char *)node->name, text);
    free(text);
    if (!ok)
        return false;
    if ((r->pinned | r->soft_pinned) >> number == 0)
        r->pin_line = xml_line(node); /* the highest one yet */
    *seen |= 1UL << number;
    *vcpu = (unsigned int)number;
    return true;
}

static void read_vcpupin(struct xml_reader *r, xmlNode *node)
{
    unsigned int vcpu;

    if (read_pin_vcpu(r, node, &r->pinned, &vcpu))
        read_cpus(r, node, &r->config->cpu.hard[vcpu]);
}

void xml_read_cputune(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"shares", read_shares, false},
        {"quota", read_each_quota, false},
        {"period", read_each_period, false},
        {"global_quota", read_global_quota, false},
        {"global_period", read_global_period, false},
        {"vcpupin", read_vcpupin, true},
        {NULL, NULL, false},
    };

    xml_children(r, node, table);
}

static void read_guarantee(struct xml_reader *r, xmlNode *node)
{
    r->config->guarantee_kib = xml_kib(r, node);
    r->guarantee_line = xml_line(node);
}

void xml_read_memtune(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"min_guarantee", read_guarantee, false},
        {NULL, NULL, false},
    };

    xml_children(r, node, table);
}

static void read_softpin(struct xml_reader *r, xmlNode *node)
{
    struct config_cpu *cpu = &r->config->cpu;
    unsigned int vcpu;

    if (xml_attribute_is(node, "vcpu", "", true))
        read_cpus(r, node, &cpu->soft_all);
    else if (read_pin_vcpu(r, node, &r->soft_pinned, &vcpu))
        read_cpus(r, node, &cpu->soft[vcpu]);
}

/* Everything but our own element is somebody else's, and no business of ours. */
void xml_read_metadata(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"softpin", read_softpin, true},
        {NULL, NULL, false},
    };

    for (xmlNode *own = node->children; own; own = own->next)
        if (own->type == XML_ELEMENT_NODE && own->ns && own->ns->href &&
            !strcmp((const char *)own->ns->href, CONFIG_NAMESPACE) &&
            !strcmp((const char *)own->name, "affinity"))
            xml_children(r, own, table);
}

void xml_complete_tune(struct xml_reader *r)
{
    struct config *c = r->config;
    uint64_t beyond;

    if (!r->have_vcpu)
        c->vcpus = c->max_vcpus = 1;
    beyond = c->max_vcpus < 64 ? ~0UL << c->max_vcpus : 0;
    if ((r->pinned | r->soft_pinned) & beyond)
        xml_fail(r, r->pin_line,
                 "a vcpu is pinned that the VPS does not have: its vcpus are 0 to %u",
                 c->max_vcpus - 1);
    if (c->guarantee_kib > c->memory_kib)
        xml_fail(r, r->guarantee_line, "<min_guarantee> is above what the VPS starts with");
    if (!c->cpu.period)
        c->cpu.period = PERIOD_DEFAULT;
    if (r->global_quota) {
        uint64_t cap =
            hundredths(r->global_quota, r->global_period ? r->global_period : PERIOD_DEFAULT);

        c->cpu.cap = cap > CONFIG_CAP_MAX ? 0 : (unsigned int)cap;
    }
}
