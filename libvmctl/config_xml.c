/* SPDX-License-Identifier: MIT */
/*
 * Walks the tree of a domain XML file for config_read.c and config_tune.c, see config_xml.h. What an
 * element means is theirs; nothing here knows one of them by name.
 */
#include "config_xml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int xml_line(const xmlNode *node)
{
    return (int)xmlGetLineNo((xmlNode *)(uintptr_t)node);
}

void xml_fail(struct xml_reader *r, int line, const char *format, ...)
{
    char *out = r->messages->error;
    size_t size = sizeof(r->messages->error);
    va_list args;
    int at;

    if (r->failed)
        return;
    r->failed = true;
    at =
        line ? snprintf(out, size, "%s:%d: ", r->name, line) : snprintf(out, size, "%s: ", r->name);
    if (at < 0 || (size_t)at >= size)
        return;
    va_start(args, format);
    vsnprintf(out + at, size - (size_t)at, format, args);
    va_end(args);
}

void xml_warn(struct xml_reader *r, const xmlNode *node, const char *format, ...)
{
    char text[512];
    va_list args;
    int at = snprintf(text, sizeof(text), "%s:%d: ", r->name, xml_line(node));

    if (!r->messages->warn || at < 0 || (size_t)at >= sizeof(text))
        return;
    va_start(args, format);
    vsnprintf(text + at, sizeof(text) - (size_t)at, format, args);
    va_end(args);
    r->messages->warn(r->messages->context, text);
}

char *xml_text(struct xml_reader *r, const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    const char *from = content ? (const char *)content : "";
    char *text;
    size_t len;

    from += strspn(from, " \t\r\n");
    len = strlen(from);
    while (len && strchr(" \t\r\n", from[len - 1]))
        len--;
    text = strndup(from, len);
    xmlFree(content);
    if (!text)
        xml_fail(r, 0, "out of memory");
    return text;
}

char *xml_attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    char *text = value ? strdup((const char *)value) : NULL;

    xmlFree(value);
    return text;
}

bool xml_attribute_is(const xmlNode *node, const char *name, const char *value, bool missing)
{
    char *text = xml_attribute(node, name);
    bool same = text ? strcmp(text, value) == 0 : missing;

    free(text);
    return same;
}

bool xml_attribute_must(struct xml_reader *r, const xmlNode *node, const char *name,
                        const char *value, bool missing)
{
    char *text;

    if (xml_attribute_is(node, name, value, missing))
        return true;
    text = xml_attribute(node, name);
    if (text)
        xml_fail(r, xml_line(node), "<%s %s='%.40s'> is not supported: write %s='%s'",
                 (const char *)node->name, name, text, name, value);
    else
        xml_fail(r, xml_line(node), "<%s> has no %s: write %s='%s'", (const char *)node->name, name,
                 name, value);
    free(text);
    return false;
}

bool xml_number(const char *text, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

void xml_children(struct xml_reader *r, xmlNode *parent, const struct xml_element *table)
{
    uint64_t seen = 0;

    for (xmlNode *node = parent->children; node && !r->failed; node = node->next) {
        const char *name = (const char *)node->name;
        unsigned int i = 0;

        if (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node))
            xml_warn(r, node, "text in <%s> ignored", (const char *)parent->name);
        if (node->type != XML_ELEMENT_NODE)
            continue;
        while (table[i].name && strcmp(table[i].name, name))
            i++;
        if (!table[i].name) {
            xml_warn(r, node, "unknown element <%s> in <%s> ignored", name,
                     (const char *)parent->name);
            continue;
        }
        if (!table[i].many && (seen & 1UL << i))
            xml_fail(r, xml_line(node), "<%s> stands here twice: keep one", name);
        seen |= 1UL << i;
        if (table[i].read && !r->failed)
            table[i].read(r, node);
    }
}

uint64_t xml_kib(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node), *unit = xml_attribute(node, "unit");
    const char *name = (const char *)node->name;
    uint64_t number, bytes = config_unit_bytes(unit ? unit : "KiB"), kib = 0;

    if (!text)
        ;
    else if (!bytes)
        xml_fail(r, xml_line(node), "<%s unit='%.40s'>: unknown unit: use KiB, MiB or GiB", name,
                 unit);
    else if (!xml_number(text, &number) || number == 0)
        xml_fail(r, xml_line(node),
                 "<%s> '%.40s' is not an amount of memory: write a number above 0", name, text);
    else if (number > (16UL << 40) / bytes)
        xml_fail(r, xml_line(node), "<%s> '%.40s' is more than the 16 TiB that a VPS can have",
                 name, text);
    else
        kib = (number * bytes + 1023) / 1024;
    free(text);
    free(unit);
    return kib;
}
