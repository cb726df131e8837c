/* SPDX-License-Identifier: MIT */
/*
 * Reading of domain XML: what config_read.c and config_tune.c share. Private to them.
 *
 * The first xml_fail() counts; whoever reads on after one reads for nothing, and does no harm.
 */
#ifndef LIBVMCTL_CONFIG_XML_H
#define LIBVMCTL_CONFIG_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct xml_reader {
    const char *name; /* the file's */
    struct config_messages *messages;
    struct config *config;
    bool failed, doctype;
    bool have_uuid, have_memory, have_current, have_vcpu, have_os_type;
    uint64_t pinned, soft_pinned; /* vcpus that have had their element, a bit each */
    int pin_line;                 /* of the pin of the highest vcpu */
    int guarantee_line;
    uint64_t global_quota, global_period;
};

int xml_line(const xmlNode *node);

/* Records the first error; later ones are its echoes. */
void xml_fail(struct xml_reader *r, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void xml_warn(struct xml_reader *r, const xmlNode *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The element's text without the blanks around it, freed with free(); NULL after xml_fail(). */
char *xml_text(struct xml_reader *r, const xmlNode *node);

/* An attribute's value, freed with free(); NULL where there is none. */
char *xml_attribute(const xmlNode *node, const char *name);

/* True where the attribute has this value; missing counts as `missing`. */
bool xml_attribute_is(const xmlNode *node, const char *name, const char *value, bool missing);

/* Fails, naming what stands there, unless the attribute has this value; missing: see above. */
bool xml_attribute_must(struct xml_reader *r, const xmlNode *node, const char *name,
                        const char *value, bool missing);

/* Reads a decimal number that is all of the text. */
bool xml_number(const char *text, uint64_t *number);

/* The element's text as an amount of memory in KiB, by its unit; 0 after xml_fail(). */
uint64_t xml_kib(struct xml_reader *r, xmlNode *node);

typedef void (*xml_element_fn)(struct xml_reader *r, xmlNode *node);

struct xml_element {
    const char *name;
    xml_element_fn read; /* NULL: known, and of no consequence here */
    bool many;           /* may stand there more than once */
};

/* Reads a node's children by a table. The table's end has no name. */
void xml_children(struct xml_reader *r, xmlNode *parent, const struct xml_element *table);

/* ---- config_tune.c: CPUs and memory ---- */

void xml_read_vcpu(struct xml_reader *r, xmlNode *node);
void xml_read_cputune(struct xml_reader *r, xmlNode *node);
void xml_read_memtune(struct xml_reader *r, xmlNode *node);
void xml_read_metadata(struct xml_reader *r, xmlNode *node);

/* Holds what was read of CPUs and memory against each other, when all has been read. */
void xml_complete_tune(struct xml_reader *r);

#endif
