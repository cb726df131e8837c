/* SPDX-License-Identifier: MIT */
/*
 * Reads domain XML, libvirt's dialect for type='xen', machine='xenpv', into a struct config. It must
 * never follow a reference out of the file: a document type declaration ends the reading at once,
 * and with it every trick that entities can play.
 *
 * Each element that may stand at a place has a line in that place's table; what has none is warned
 * of by name and line and left out.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    const char *name;
    struct config_messages *messages;
    struct config *config;
    bool failed, doctype;
    bool have_uuid, have_memory, have_current, have_vcpu, have_os_type;
};

static int node_line(const xmlNode *node)
{
    return (int)xmlGetLineNo((xmlNode *)(uintptr_t)node);
}

/* Records the first error; later ones are its echoes. */
__attribute__((format(printf, 3, 4))) static void fail(struct reader *r, int line,
                                                       const char *format, ...)
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

__attribute__((format(printf, 3, 4))) static void warn(struct reader *r, const xmlNode *node,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;
    int at = snprintf(text, sizeof(text), "%s:%d: ", r->name, node_line(node));

    if (!r->messages->warn || at < 0 || (size_t)at >= sizeof(text))
        return;
    va_start(args, format);
    vsnprintf(text + at, sizeof(text) - (size_t)at, format, args);
    va_end(args);
    r->messages->warn(r->messages->context, text);
}

/* The element's text without the blanks around it, freed with free(); NULL after fail(). */
static char *node_text(struct reader *r, const xmlNode *node)
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
        fail(r, 0, "out of memory");
    return text;
}

/* An attribute's value, freed with free(); NULL where there is none. */
static char *node_attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    char *text = value ? strdup((const char *)value) : NULL;

    xmlFree(value);
    return text;
}

/* True where the attribute has this value; missing counts as `missing`. */
static bool attribute_is(const xmlNode *node, const char *name, const char *value, bool missing)
{
    char *text = node_attribute(node, name);
    bool same = text ? strcmp(text, value) == 0 : missing;

    free(text);
    return same;
}

/* Fails, naming what stands there, unless the attribute has this value; missing counts as `missing`. */
static bool attribute_must(struct reader *r, const xmlNode *node, const char *name,
                           const char *value, bool missing)
{
    char *text;

    if (attribute_is(node, name, value, missing))
        return true;
    text = node_attribute(node, name);
    if (text)
        fail(r, node_line(node), "<%s %s='%.40s'> is not supported: write %s='%s'",
             (const char *)node->name, name, text, name, value);
    else
        fail(r, node_line(node), "<%s> has no %s: write %s='%s'", (const char *)node->name, name,
             name, value);
    free(text);
    return false;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

typedef void (*element_fn)(struct reader *r, xmlNode *node);

struct element {
    const char *name;
    element_fn read; /* NULL: known, and of no consequence here */
    bool many;       /* may stand there more than once */
};

/* Reads a node's children by a table. The table's end has no name. */
static void read_children(struct reader *r, xmlNode *parent, const struct element *table)
{
    uint64_t seen = 0;

    for (xmlNode *node = parent->children; node && !r->failed; node = node->next) {
        const char *name = (const char *)node->name;
        unsigned int i = 0;

        if (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node))
            warn(r, node, "text in <%s> ignored", (const char *)parent->name);
        if (node->type != XML_ELEMENT_NODE)
            continue;
        while (table[i].name && strcmp(table[i].name, name))
            i++;
        if (!table[i].name) {
            warn(r, node, "unknown element <%s> in <%s> ignored", name, (const char *)parent->name);
            continue;
        }
        if (!table[i].many && (seen & 1UL << i))
            fail(r, node_line(node), "<%s> stands here twice: keep one", name);
        seen |= 1UL << i;
        if (table[i].read && !r->failed)
            table[i].read(r, node);
    }
}

static void read_name(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node);

    if (text && !config_name_ok(text))
        fail(r, node_line(node),
             "<name> '%.80s' is not a name for a VPS: use up to %d letters, "
             "digits and . _ - with a letter among them",
             text, VMCTL_NAME_MAX);
    else if (text)
        strcpy(r->config->name, text);
    free(text);
}

static void read_uuid(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node);

    if (text && !config_uuid_parse(text, r->config->uuid))
        fail(r, node_line(node),
             "<uuid> '%.80s' is not a UUID: write 32 hexadecimal digits, or "
             "leave <uuid> out",
             text);
    r->have_uuid = true;
    free(text);
}

static uint64_t read_kib(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node), *unit = node_attribute(node, "unit");
    const char *name = (const char *)node->name;
    uint64_t number, bytes = config_unit_bytes(unit ? unit : "KiB"), kib = 0;

    if (!text)
        ;
    else if (!bytes)
        fail(r, node_line(node), "<%s unit='%.40s'>: unknown unit: use KiB, MiB or GiB", name,
             unit);
    else if (!parse_number(text, &number) || number == 0)
        fail(r, node_line(node), "<%s> '%.40s' is not an amount of memory: write a number above 0",
             name, text);
    else if (number > (16UL << 40) / bytes)
        fail(r, node_line(node), "<%s> '%.40s' is more than the 16 TiB that a VPS can have", name,
             text);
    else
        kib = (number * bytes + 1023) / 1024;
    free(text);
    free(unit);
    return kib;
}

static void read_memory(struct reader *r, xmlNode *node)
{
    r->config->max_kib = read_kib(r, node);
    r->have_memory = true;
}

static void read_current_memory(struct reader *r, xmlNode *node)
{
    r->config->memory_kib = read_kib(r, node);
    r->have_current = true;
}

static void read_vcpu(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node), *current = node_attribute(node, "current");
    uint64_t max, now;

    if (!text) {
        free(current);
        return;
    }
    if (!parse_number(text, &max) || max == 0 || max > CONFIG_VCPUS_MAX) {
        fail(r, node_line(node), "<vcpu> '%.40s' is not a number from 1 to %d", text,
             CONFIG_VCPUS_MAX);
    } else if (current && (!parse_number(current, &now) || now == 0 || now > max)) {
        fail(r, node_line(node), "<vcpu current='%.40s'> is not a number from 1 to %u", current,
             (unsigned int)max);
    } else {
        r->config->max_vcpus = (unsigned int)max;
        r->config->vcpus = (unsigned int)(current ? now : max);
        r->have_vcpu = true;
    }
    free(text);
    free(current);
}

static void read_os_type(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node);

    if (!text)
        return;
    if (!strcmp(text, "hvm") || !strcmp(text, "xenpvh"))
        fail(r, node_line(node),
             "<os><type> '%s' is not supported: only PV VPSes run here, write "
             "<type machine='xenpv'>linux</type>",
             text);
    else if (strcmp(text, "linux") && strcmp(text, "xen"))
        fail(r, node_line(node), "<os><type> '%.40s' is unknown: write linux", text);
    else if (attribute_must(r, node, "machine", "xenpv", true))
        attribute_must(r, node, "arch", "x86_64", true);
    r->have_os_type = true;
    free(text);
}

/* The element's text as an absolute path. */
static char *read_path(struct reader *r, xmlNode *node)
{
    char *text = node_text(r, node);

    if (text && text[0] != '/')
        fail(r, node_line(node), "<%s> '%.200s' is not an absolute path", (const char *)node->name,
             text);
    return text;
}

static void read_kernel(struct reader *r, xmlNode *node)
{
    r->config->kernel = read_path(r, node);
}

static void read_initrd(struct reader *r, xmlNode *node)
{
    r->config->initrd = read_path(r, node);
}

static void read_cmdline(struct reader *r, xmlNode *node)
{
    r->config->cmdline = node_text(r, node);
    if (r->config->cmdline && strlen(r->config->cmdline) > CONFIG_CMDLINE_MAX)
        fail(r, node_line(node), "<cmdline> is %zu bytes long: the ABI has room for %d",
             strlen(r->config->cmdline), CONFIG_CMDLINE_MAX);
}

static void read_os(struct reader *r, xmlNode *node)
{
    static const struct element table[] = {
        {"type", read_os_type, false},
        {"kernel", read_kernel, false},
        {"initrd", read_initrd, false},
        {"cmdline", read_cmdline, false},
        {NULL, NULL, false},
    };

    read_children(r, node, table);
}

static enum config_action read_action(struct reader *r, xmlNode *node)
{
    enum config_action action = ACTION_DESTROY;
    char *text = node_text(r, node);

    while (text && action <= ACTION_PRESERVE && strcmp(text, config_action_name(action)))
        action++;
    if (action > ACTION_PRESERVE) {
        fail(r, node_line(node),
             "<%s> '%.40s' is not supported: write destroy, restart or "
             "preserve",
             (const char *)node->name, text);
        action = ACTION_DESTROY;
    }
    free(text);
    return action;
}

static void read_on_poweroff(struct reader *r, xmlNode *node)
{
    r->config->on_poweroff = read_action(r, node);
}

static void read_on_reboot(struct reader *r, xmlNode *node)
{
    r->config->on_reboot = read_action(r, node);
}

static void read_on_crash(struct reader *r, xmlNode *node)
{
    r->config->on_crash = read_action(r, node);
}

static struct config_disk *this_disk(struct reader *r)
{
    return &r->config->disks[r->config->nr_disks - 1];
}

static void read_disk_source(struct reader *r, xmlNode *node)
{
    struct config_disk *disk = this_disk(r);
    const char *name = disk->block ? "dev" : "file";

    disk->source = node_attribute(node, name);
    if (!disk->source)
        fail(r, node_line(node), "<source> of this disk has no %s='...'", name);
    else if (disk->source[0] != '/')
        fail(r, node_line(node), "<source %s='%.200s'> is not an absolute path", name,
             disk->source);
}

static void read_disk_target(struct reader *r, xmlNode *node)
{
    struct config_disk *disk = this_disk(r);
    char *target = node_attribute(node, "dev");
    int number = target ? config_disk_number(target) : -1;

    if (number < 0) {
        fail(r, node_line(node),
             "<target dev='%.40s'> is not a disk of a PV VPS: write xvda, "
             "xvdb, ...",
             target ? target : "");
    } else if (attribute_must(r, node, "bus", "xen", true)) {
        strcpy(disk->target, target);
        disk->number = (unsigned int)number;
    }
    free(target);
}

static void read_disk_driver(struct reader *r, xmlNode *node)
{
    attribute_must(r, node, "type", "raw", true);
}

static void read_disk_readonly(struct reader *r, xmlNode *node)
{
    (void)node;
    this_disk(r)->readonly = true;
}

static void read_disk_shareable(struct reader *r, xmlNode *node)
{
    (void)node;
    this_disk(r)->shareable = true;
}

static void read_disk(struct reader *r, xmlNode *node)
{
    static const struct element table[] = {
        {"source", read_disk_source, false},       {"target", read_disk_target, false},
        {"driver", read_disk_driver, false},       {"readonly", read_disk_readonly, false},
        {"shareable", read_disk_shareable, false}, {NULL, NULL, false},
    };
    struct config *c = r->config;
    struct config_disk *disk;

    if (c->nr_disks == CONFIG_DISKS_MAX) {
        fail(r, node_line(node), "more than %d disks", CONFIG_DISKS_MAX);
        return;
    }
    disk = &c->disks[c->nr_disks++];
    disk->line = node_line(node);
    disk->block = attribute_is(node, "type", "block", false);
    if (disk->block || attribute_must(r, node, "type", "file", false))
        attribute_must(r, node, "device", "disk", true);
    read_children(r, node, table);
    if (!disk->source)
        fail(r, disk->line, "<disk> has no <source>");
    else if (!disk->target[0])
        fail(r, disk->line, "<disk> has no <target>");
    for (unsigned int i = 0; i + 1 < c->nr_disks; i++)
        if (c->disks[i].number == disk->number)
            fail(r, disk->line, "two disks are called %s: rename one", disk->target);
}

static struct config_nic *this_nic(struct reader *r)
{
    return &r->config->nics[r->config->nr_nics - 1];
}

/* Copies an interface's name, which the kernel limits to 15 bytes. */
static void read_ifname(struct reader *r, xmlNode *node, const char *name, char out[16])
{
    char *text = node_attribute(node, name);

    if (!text || !text[0] || strlen(text) > 15 || strpbrk(text, "/: \t\r\n"))
        fail(r, node_line(node), "<%s %s='%.40s'> is not a network interface's name",
             (const char *)node->name, name, text ? text : "");
    else
        strcpy(out, text);
    free(text);
}

static void read_nic_source(struct reader *r, xmlNode *node)
{
    read_ifname(r, node, "bridge", this_nic(r)->bridge);
}

static void read_nic_target(struct reader *r, xmlNode *node)
{
    read_ifname(r, node, "dev", this_nic(r)->ifname);
}

static void read_nic_mac(struct reader *r, xmlNode *node)
{
    char *text = node_attribute(node, "address");
    uint8_t *mac = this_nic(r)->mac;
    char rest;

    if (!text || strlen(text) != 17 ||
        sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5], &rest) != 6)
        fail(r, node_line(node), "<mac address='%.40s'> is not a MAC address", text ? text : "");
    else if ((mac[0] & 1) || !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]))
        fail(r, node_line(node),
             "<mac address='%s'> is not one card's address: its first byte "
             "must be even, and not all may be 0",
             text);
    free(text);
}

static void read_nic(struct reader *r, xmlNode *node)
{
    static const struct element table[] = {
        {"source", read_nic_source, false},
        {"mac", read_nic_mac, false},
        {"target", read_nic_target, false},
        {"model", NULL, false},
        {NULL, NULL, false},
    };
    struct config_nic *nic;

    if (r->config->nr_nics == CONFIG_NICS_MAX) {
        fail(r, node_line(node), "more than %d network cards", CONFIG_NICS_MAX);
        return;
    }
    nic = &r->config->nics[r->config->nr_nics++];
    nic->line = node_line(node);
    attribute_must(r, node, "type", "bridge", false);
    read_children(r, node, table);
    if (!nic->bridge[0])
        fail(r, nic->line, "<interface> has no <source bridge='...'>");
}

static void read_console(struct reader *r, xmlNode *node)
{
    static const struct element table[] = {
        {"target", NULL, false},
        {"source", NULL, false},
        {"alias", NULL, false},
        {NULL, NULL, false},
    };

    if (!attribute_is(node, "type", "pty", true))
        warn(r, node, "<console type=...> ignored: consoles are the console daemon's");
    read_children(r, node, table);
}

static void read_devices(struct reader *r, xmlNode *node)
{
    static const struct element table[] = {
        {"disk", read_disk, true},
        {"interface", read_nic, true},
        {"console", read_console, false},
        {NULL, NULL, false},
    };

    read_children(r, node, table);
}

static void read_domain(struct reader *r, xmlNode *root)
{
    static const struct element table[] = {
        {"name", read_name, false},
        {"uuid", read_uuid, false},
        {"memory", read_memory, false},
        {"currentMemory", read_current_memory, false},
        {"vcpu", read_vcpu, false},
        {"os", read_os, false},
        {"on_poweroff", read_on_poweroff, false},
        {"on_reboot", read_on_reboot, false},
        {"on_crash", read_on_crash, false},
        {"devices", read_devices, false},
        {"title", NULL, false},
        {"description", NULL, false},
        {"metadata", NULL, false},
        {NULL, NULL, false},
    };

    if (strcmp((const char *)root->name, "domain"))
        fail(r, node_line(root), "the first element is <%.40s>, not <domain>",
             (const char *)root->name);
    else
        attribute_must(r, root, "type", "xen", false);
    read_children(r, root, table);
}

/* What must be there, and what stands for what is not. */
static void complete(struct reader *r, int line)
{
    static const uint8_t none[16];
    struct config *c = r->config;
    bool random = true;

    if (!c->name[0])
        fail(r, line, "<domain> has no <name>");
    else if (!r->have_memory)
        fail(r, line, "<domain> has no <memory>");
    else if (!r->have_os_type || !c->kernel)
        fail(r, line, "<domain> has no <os> with <type> and <kernel>");
    if (!r->have_current)
        c->memory_kib = c->max_kib;
    if (c->memory_kib > c->max_kib)
        fail(r, line, "<currentMemory> is above <memory>");
    if (!r->have_vcpu)
        c->vcpus = c->max_vcpus = 1;
    if (!r->have_uuid)
        random = config_random_uuid(c->uuid);
    else if (!memcmp(c->uuid, none, 16))
        fail(r, line, "<uuid> is all zero: leave it out, or write another one");
    for (unsigned int i = 0; i < c->nr_nics; i++)
        if (!memcmp(c->nics[i].mac, none, 6))
            random = random && config_random_mac(c->nics[i].mac);
    if (!random)
        fail(r, line, "no random numbers from the system");
}

/* libxml2 calls this at <!DOCTYPE, before anything of it is read. */
static void on_doctype(void *context, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = context;
    struct reader *r = ctxt->_private;

    (void)name;
    (void)external;
    (void)system;
    fail(r, xmlSAX2GetLineNumber(ctxt), "a document type declaration is not allowed here");
    r->doctype = true;
    xmlStopParser(ctxt);
}

static void on_xml_error(void *context, xmlErrorPtr error)
{
    xmlParserCtxtPtr ctxt = context;
    struct reader *r = ctxt->_private;
    const char *message = error->message ? error->message : "malformed XML\n";

    if (error->level >= XML_ERR_ERROR)
        fail(r, error->line, "malformed XML: %.*s", (int)strcspn(message, "\n"), message);
}

static void parse(struct reader *r, const char *text, size_t size)
{
    int options = XML_PARSE_NONET | XML_PARSE_NOCDATA;
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    xmlDocPtr doc;
    xmlNode *root;

    if (!ctxt) {
        fail(r, 0, "out of memory");
        return;
    }
    ctxt->_private = r;
    ctxt->sax->internalSubset = on_doctype;
    ctxt->sax->serror = (xmlStructuredErrorFunc)on_xml_error;
    doc = xmlCtxtReadMemory(ctxt, text, (int)size, r->name, NULL, options);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!root)
        fail(r, 0, "malformed XML: nothing to read in it");
    if (!r->failed)
        read_domain(r, root);
    if (!r->failed)
        complete(r, node_line(root));
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(ctxt);
}

struct config *config_parse(const char *name, const char *text, size_t size,
                            struct config_messages *messages)
{
    struct reader r = {.name = name, .messages = messages};

    messages->error[0] = 0;
    r.config = calloc(1, sizeof(*r.config));
    if (!r.config) {
        fail(&r, 0, "out of memory");
        return NULL;
    }
    r.config->on_poweroff = ACTION_DESTROY;
    r.config->on_reboot = ACTION_RESTART;
    r.config->on_crash = ACTION_DESTROY;
    if (size > CONFIG_FILE_MAX)
        fail(&r, 0, "more than %lu bytes of XML", CONFIG_FILE_MAX);
    else
        parse(&r, text, size);
    if (!r.failed)
        return r.config;
    config_free(r.config);
    return NULL;
}

struct config *config_read(const char *file, struct config_messages *messages)
{
    struct reader r = {.name = file, .messages = messages};
    struct config *config = NULL;
    char *text = NULL;
    size_t size = 0;
    ssize_t got = 1;
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st)) {
        fail(&r, 0, "cannot open it: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        fail(&r, 0, "not a regular file");
    } else if ((uint64_t)st.st_size > CONFIG_FILE_MAX) {
        fail(&r, 0, "more than %lu bytes of XML", CONFIG_FILE_MAX);
    } else if (!(text = malloc((size_t)st.st_size + 1))) {
        fail(&r, 0, "out of memory");
    } else {
        while (size < (size_t)st.st_size && got > 0) {
            got = read(fd, text + size, (size_t)st.st_size - size);
            size += got > 0 ? (size_t)got : 0;
        }
        if (got < 0)
            fail(&r, 0, "cannot read it: %s", strerror(errno));
        else
            config = config_parse(file, text, size, messages);
    }
    free(text);
    if (fd >= 0)
        close(fd);
    return config;
}
