/* SPDX-License-Identifier: MIT */
/*
 * Writes a config back as domain XML: what vmctl dumpxml shows and what the state directory keeps.
 * It must never write a text that config_parse() reads differently.
 */
#include "config.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

#define X(text) ((const xmlChar *)(text))

static void element(xmlTextWriterPtr w, const char *name, const char *text)
{
    xmlTextWriterWriteElement(w, X(name), X(text));
}

static void attribute(xmlTextWriterPtr w, const char *name, const char *text)
{
    xmlTextWriterWriteAttribute(w, X(name), X(text));
}

static void write_memory(xmlTextWriterPtr w, const char *name, uint64_t kib)
{
    xmlTextWriterStartElement(w, X(name));
    attribute(w, "unit", "KiB");
    xmlTextWriterWriteFormatString(w, "%llu", (unsigned long long)kib);
    xmlTextWriterEndElement(w);
}

static void write_os(xmlTextWriterPtr w, const struct config *c)
{
    xmlTextWriterStartElement(w, X("os"));
    xmlTextWriterStartElement(w, X("type"));
    attribute(w, "arch", "x86_64");
    attribute(w, "machine", "xenpv");
    xmlTextWriterWriteString(w, X("linux"));
    xmlTextWriterEndElement(w);
    element(w, "kernel", c->kernel);
    if (c->initrd)
        element(w, "initrd", c->initrd);
    if (c->cmdline)
        element(w, "cmdline", c->cmdline);
    xmlTextWriterEndElement(w);
}

static void write_disk(xmlTextWriterPtr w, const struct config_disk *disk)
{
    xmlTextWriterStartElement(w, X("disk"));
    attribute(w, "type", disk->block ? "block" : "file");
    attribute(w, "device", "disk");
    xmlTextWriterStartElement(w, X("source"));
    attribute(w, disk->block ? "dev" : "file", disk->source);
    xmlTextWriterEndElement(w);
    xmlTextWriterStartElement(w, X("target"));
    attribute(w, "dev", disk->target);
    attribute(w, "bus", "xen");
    xmlTextWriterEndElement(w);
    if (disk->readonly)
        element(w, "readonly", NULL);
    if (disk->shareable)
        element(w, "shareable", NULL);
    xmlTextWriterEndElement(w);
}

static void write_nic(xmlTextWriterPtr w, const struct config_nic *nic)
{
    xmlTextWriterStartElement(w, X("interface"));
    attribute(w, "type", "bridge");
    xmlTextWriterStartElement(w, X("mac"));
    xmlTextWriterWriteFormatAttribute(w, X("address"), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0],
                                      nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4],
                                      nic->mac[5]);
    xmlTextWriterEndElement(w);
    xmlTextWriterStartElement(w, X("source"));
    attribute(w, "bridge", nic->bridge);
    xmlTextWriterEndElement(w);
    if (nic->ifname[0]) {
        xmlTextWriterStartElement(w, X("target"));
        attribute(w, "dev", nic->ifname);
        xmlTextWriterEndElement(w);
    }
    xmlTextWriterEndElement(w);
}

static void write_devices(xmlTextWriterPtr w, const struct config *c)
{
    xmlTextWriterStartElement(w, X("devices"));
    for (unsigned int i = 0; i < c->nr_disks; i++)
        write_disk(w, &c->disks[i]);
    for (unsigned int i = 0; i < c->nr_nics; i++)
        write_nic(w, &c->nics[i]);
    xmlTextWriterStartElement(w, X("console"));
    attribute(w, "type", "pty");
    xmlTextWriterStartElement(w, X("target"));
    attribute(w, "type", "xen");
    attribute(w, "port", "0");
    xmlTextWriterEndElement(w);
    xmlTextWriterEndElement(w);
    xmlTextWriterEndElement(w);
}

static void number_element(xmlTextWriterPtr w, const char *name, uint64_t number)
{
    xmlTextWriterWriteFormatElement(w, X(name), "%llu", (unsigned long long)number);
}

static void cpuset_attribute(xmlTextWriterPtr w, const struct cpus *cpus)
{
    char text[CPUS_TEXT_SIZE];

    cpus_text(cpus, text);
    attribute(w, "cpuset", text);
}

static void write_pin(xmlTextWriterPtr w, const char *name, unsigned int vcpu,
                      const struct cpus *cpus)
{
    if (cpus_empty(cpus))
        return;
    xmlTextWriterStartElement(w, X(name));
    xmlTextWriterWriteFormatAttribute(w, X("vcpu"), "%u", vcpu);
    cpuset_attribute(w, cpus);
    xmlTextWriterEndElement(w);
}

static void write_vcpu(xmlTextWriterPtr w, const struct config *c)
{
    xmlTextWriterStartElement(w, X("vcpu"));
    if (!cpus_empty(&c->cpu.hard_all))
        cpuset_attribute(w, &c->cpu.hard_all);
    if (c->vcpus != c->max_vcpus)
        xmlTextWriterWriteFormatAttribute(w, X("current"), "%u", c->vcpus);
    xmlTextWriterWriteFormatString(w, "%u", c->max_vcpus);
    xmlTextWriterEndElement(w);
}

static void write_cputune(xmlTextWriterPtr w, const struct config *c)
{
    const struct config_cpu *cpu = &c->cpu;
    bool pins = false;

    for (unsigned int i = 0; i < c->max_vcpus; i++)
        pins = pins || !cpus_empty(&cpu->hard[i]);
    if (!cpu->weight && !cpu->cap && !cpu->quota && !pins)
        return;
    xmlTextWriterStartElement(w, X("cputune"));
    if (cpu->weight)
        number_element(w, "shares", cpu->weight);
    if (cpu->quota) {
        number_element(w, "period", cpu->period);
        number_element(w, "quota", cpu->quota);
    }
    if (cpu->cap) {
        number_element(w, "global_period", 100000);
        number_element(w, "global_quota", cpu->cap * 1000UL);
    }
    for (unsigned int i = 0; i < c->max_vcpus; i++)
        write_pin(w, "vcpupin", i, &cpu->hard[i]);
    xmlTextWriterEndElement(w);
}

static void write_metadata(xmlTextWriterPtr w, const struct config *c)
{
    const struct config_cpu *cpu = &c->cpu;
    bool pins = !cpus_empty(&cpu->soft_all);

    for (unsigned int i = 0; i < c->max_vcpus; i++)
        pins = pins || !cpus_empty(&cpu->soft[i]);
    if (!pins)
        return;
    xmlTextWriterStartElement(w, X("metadata"));
    xmlTextWriterStartElementNS(w, X("mews"), X("affinity"), X(CONFIG_NAMESPACE));
    if (!cpus_empty(&cpu->soft_all)) {
        xmlTextWriterStartElement(w, X("mews:softpin"));
        cpuset_attribute(w, &cpu->soft_all);
        xmlTextWriterEndElement(w);
    }
    for (unsigned int i = 0; i < c->max_vcpus; i++)
        write_pin(w, "mews:softpin", i, &cpu->soft[i]);
    xmlTextWriterEndElement(w);
    xmlTextWriterEndElement(w);
}

static void write_memtune(xmlTextWriterPtr w, const struct config *c)
{
    if (!c->guarantee_kib)
        return;
    xmlTextWriterStartElement(w, X("memtune"));
    write_memory(w, "min_guarantee", c->guarantee_kib);
    xmlTextWriterEndElement(w);
}

static void write_domain(xmlTextWriterPtr w, const struct config *c)
{
    char uuid[VMCTL_UUID_SIZE];

    config_uuid_text(c->uuid, uuid);
    xmlTextWriterSetIndent(w, 1);
    xmlTextWriterSetIndentString(w, X("  "));
    xmlTextWriterStartElement(w, X("domain"));
    attribute(w, "type", "xen");
    element(w, "name", c->name);
    element(w, "uuid", uuid);
    write_memory(w, "memory", c->max_kib);
    write_memory(w, "currentMemory", c->memory_kib);
    write_memtune(w, c);
    write_vcpu(w, c);
    write_cputune(w, c);
    write_metadata(w, c);
    write_os(w, c);
    element(w, "on_poweroff", config_action_name(c->on_poweroff));
    element(w, "on_reboot", config_action_name(c->on_reboot));
    element(w, "on_crash", config_action_name(c->on_crash));
    write_devices(w, c);
    xmlTextWriterEndElement(w);
}

char *config_write(const struct config *config)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    xmlTextWriterPtr w = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    char *text = NULL;

    if (w) {
        write_domain(w, config);
        if (xmlTextWriterEndDocument(w) >= 0)
            text = strdup((const char *)xmlBufferContent(buffer));
        xmlFreeTextWriter(w);
    }
    if (buffer)
        xmlBufferFree(buffer);
    return text;
}
