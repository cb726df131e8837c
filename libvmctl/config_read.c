/* SPDX-License-Identifier: MIT */
/*
 * Reads domain XML, libvirt's dialect for type='xen', machine='xenpv', into a struct config. It must
 * never follow a reference out of the file: a document type declaration ends the reading at once,
 * and with it every trick that entities can play.
 *
 * Each element that may stand at a place has a line in that place's table; what has none is warned
 * of by name and line and left out.
 */
#include "config_xml.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_name(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);

    if (text && !config_name_ok(text))
        xml_fail(r, xml_line(node),
                 "<name> '%.80s' is not a name for a VPS: use up to %d letters, "
                 "digits and . _ - with a letter among them",
                 text, VMCTL_NAME_MAX);
    else if (text)
        strcpy(r->config->name, text);
    free(text);
}

static void read_uuid(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);

    if (text && !config_uuid_parse(text, r->config->uuid))
        xml_fail(r, xml_line(node),
                 "<uuid> '%.80s' is not a UUID: write 32 hexadecimal digits, or "
                 "leave <uuid> out",
                 text);
    r->have_uuid = true;
    free(text);
}

static void read_memory(struct xml_reader *r, xmlNode *node)
{
    r->config->max_kib = xml_kib(r, node);
    r->have_memory = true;
}

static void read_current_memory(struct xml_reader *r, xmlNode *node)
{
    r->config->memory_kib = xml_kib(r, node);
    r->have_current = true;
}

static void read_os_type(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);

    if (!text)
        return;
    if (!strcmp(text, "hvm") || !strcmp(text, "xenpvh"))
        xml_fail(r, xml_line(node),
                 "<os><type> '%s' is not supported: only PV VPSes run here, write "
                 "<type machine='xenpv'>linux</type>",
                 text);
    else if (strcmp(text, "linux") && strcmp(text, "xen"))
        xml_fail(r, xml_line(node), "<os><type> '%.40s' is unknown: write linux", text);
    else if (xml_attribute_must(r, node, "machine", "xenpv", true))
        xml_attribute_must(r, node, "arch", "x86_64", true);
    r->have_os_type = true;
    free(text);
}

/* The element's text as an absolute path. */
static char *read_path(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_text(r, node);

    if (text && text[0] != '/')
        xml_fail(r, xml_line(node), "<%s> '%.200s' is not an absolute path",
                 (const char *)node->name, text);
    return text;
}

static void read_kernel(struct xml_reader *r, xmlNode *node)
{
    r->config->kernel = read_path(r, node);
}

static void read_initrd(struct xml_reader *r, xmlNode *node)
{
    r->config->initrd = read_path(r, node);
}

static void read_cmdline(struct xml_reader *r, xmlNode *node)
{
    r->config->cmdline = xml_text(r, node);
    if (r->config->cmdline && strlen(r->config->cmdline) > CONFIG_CMDLINE_MAX)
        xml_fail(r, xml_line(node), "<cmdline> is %zu bytes long: the ABI has room for %d",
                 strlen(r->config->cmdline), CONFIG_CMDLINE_MAX);
}

static void read_os(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"type", read_os_type, false},
        {"kernel", read_kernel, false},
        {"initrd", read_initrd, false},
        {"cmdline", read_cmdline, false},
        {NULL, NULL, false},
    };

    xml_children(r, node, table);
}

static enum config_action read_action(struct xml_reader *r, xmlNode *node)
{
    enum config_action action = ACTION_DESTROY;
    char *text = xml_text(r, node);

    while (text && action <= ACTION_PRESERVE && strcmp(text, config_action_name(action)))
        action++;
    if (action > ACTION_PRESERVE) {
        xml_fail(r, xml_line(node),
                 "<%s> '%.40s' is not supported: write destroy, restart or "
                 "preserve",
                 (const char *)node->name, text);
        action = ACTION_DESTROY;
    }
    free(text);
    return action;
}

static void read_on_poweroff(struct xml_reader *r, xmlNode *node)
{
    r->config->on_poweroff = read_action(r, node);
}

static void read_on_reboot(struct xml_reader *r, xmlNode *node)
{
    r->config->on_reboot = read_action(r, node);
}

static void read_on_crash(struct xml_reader *r, xmlNode *node)
{
    r->config->on_crash = read_action(r, node);
}

static struct config_disk *this_disk(struct xml_reader *r)
{
    return &r->config->disks[r->config->nr_disks - 1];
}

static void read_disk_source(struct xml_reader *r, xmlNode *node)
{
    struct config_disk *disk = this_disk(r);
    const char *name = disk->block ? "dev" : "file";

    disk->source = xml_attribute(node, name);
    if (!disk->source)
        xml_fail(r, xml_line(node), "<source> of this disk has no %s='...'", name);
    else if (disk->source[0] != '/')
        xml_fail(r, xml_line(node), "<source %s='%.200s'> is not an absolute path", name,
                 disk->source);
}

static void read_disk_target(struct xml_reader *r, xmlNode *node)
{
    struct config_disk *disk = this_disk(r);
    char *target = xml_attribute(node, "dev");
    int number = target ? config_disk_number(target) : -1;

    if (number < 0) {
        xml_fail(r, xml_line(node),
                 "<target dev='%.40s'> is not a disk of a PV VPS: write xvda, "
                 "xvdb, ...",
                 target ? target : "");
    } else if (xml_attribute_must(r, node, "bus", "xen", true)) {
        strcpy(disk->target, target);
        disk->number = (unsigned int)number;
    }
    free(target);
}

static void read_disk_driver(struct xml_reader *r, xmlNode *node)
{
    xml_attribute_must(r, node, "type", "raw", true);
}

static void read_disk_readonly(struct xml_reader *r, xmlNode *node)
{
    (void)node;
    this_disk(r)->readonly = true;
}

static void read_disk_shareable(struct xml_reader *r, xmlNode *node)
{
    (void)node;
    this_disk(r)->shareable = true;
}

static void read_disk(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"source", read_disk_source, false},       {"target", read_disk_target, false},
        {"driver", read_disk_driver, false},       {"readonly", read_disk_readonly, false},
        {"shareable", read_disk_shareable, false}, {NULL, NULL, false},
    };
    struct config *c = r->config;
    struct config_disk *disk;

    if (c->nr_disks == CONFIG_DISKS_MAX) {
        xml_fail(r, xml_line(node), "more than %d disks", CONFIG_DISKS_MAX);
        return;
    }
    disk = &c->disks[c->nr_disks++];
    disk->line = xml_line(node);
    disk->block = xml_attribute_is(node, "type", "block", false);
    if (disk->block || xml_attribute_must(r, node, "type", "file", false))
        xml_attribute_must(r, node, "device", "disk", true);
    xml_children(r, node, table);
    if (!disk->source)
        xml_fail(r, disk->line, "<disk> has no <source>");
    else if (!disk->target[0])
        xml_fail(r, disk->line, "<disk> has no <target>");
    for (unsigned int i = 0; i + 1 < c->nr_disks; i++)
        if (c->disks[i].number == disk->number)
            xml_fail(r, disk->line, "two disks are called %s: rename one", disk->target);
}

static struct config_nic *this_nic(struct xml_reader *r)
{
    return &r->config->nics[r->config->nr_nics - 1];
}

/* Copies an interface's name, which the kernel limits to 15 bytes. */
static void read_ifname(struct xml_reader *r, xmlNode *node, const char *name, char out[16])
{
    char *text = xml_attribute(node, name);

    if (!text || !text[0] || strlen(text) > 15 || strpbrk(text, "/: \t\r\n"))
        xml_fail(r, xml_line(node), "<%s %s='%.40s'> is not a network interface's name",
                 (const char *)node->name, name, text ? text : "");
    else
        strcpy(out, text);
    free(text);
}

static void read_nic_source(struct xml_reader *r, xmlNode *node)
{
    read_ifname(r, node, "bridge", this_nic(r)->bridge);
}

static void read_nic_target(struct xml_reader *r, xmlNode *node)
{
    read_ifname(r, node, "dev", this_nic(r)->ifname);
}

static void read_nic_mac(struct xml_reader *r, xmlNode *node)
{
    char *text = xml_attribute(node, "address");
    uint8_t *mac = this_nic(r)->mac;
    char rest;

    if (!text || strlen(text) != 17 ||
        sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
               &mac[4], &mac[5], &rest) != 6)
        xml_fail(r, xml_line(node), "<mac address='%.40s'> is not a MAC address", text ? text : "");
    else if ((mac[0] & 1) || !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]))
        xml_fail(r, xml_line(node),
                 "<mac address='%s'> is not one card's address: its first byte "
                 "must be even, and not all may be 0",
                 text);
    free(text);
}

static void read_nic(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"source", read_nic_source, false},
        {"mac", read_nic_mac, false},
        {"target", read_nic_target, false},
        {"model", NULL, false},
        {NULL, NULL, false},
    };
    struct config_nic *nic;

    if (r->config->nr_nics == CONFIG_NICS_MAX) {
        xml_fail(r, xml_line(node), "more than %d network cards", CONFIG_NICS_MAX);
        return;
    }
    nic = &r->config->nics[r->config->nr_nics++];
    nic->line = xml_line(node);
    xml_attribute_must(r, node, "type", "bridge", false);
    xml_children(r, node, table);
    if (!nic->bridge[0])
        xml_fail(r, nic->line, "<interface> has no <source bridge='...'>");
}

static void read_console(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"target", NULL, false},
        {"source", NULL, false},
        {"alias", NULL, false},
        {NULL, NULL, false},
    };

    if (!xml_attribute_is(node, "type", "pty", true))
        xml_warn(r, node, "<console type=...> ignored: consoles are the console daemon's");
    xml_children(r, node, table);
}

static void read_devices(struct xml_reader *r, xmlNode *node)
{
    static const struct xml_element table[] = {
        {"disk", read_disk, true},
        {"interface", read_nic, true},
        {"console", read_console, false},
        {NULL, NULL, false},
    };

    xml_children(r, node, table);
}

static void read_domain(struct xml_reader *r, xmlNode *root)
{
    static const struct xml_element table[] = {
        {"name", read_name, false},
        {"uuid", read_uuid, false},
        {"memory", read_memory, false},
        {"currentMemory", read_current_memory, false},
        {"vcpu", xml_read_vcpu, false},
        {"cputune", xml_read_cputune, false},
        {"memtune", xml_read_memtune, false},
        {"os", read_os, false},
        {"on_poweroff", read_on_poweroff, false},
        {"on_reboot", read_on_reboot, false},
        {"on_crash", read_on_crash, false},
        {"devices", read_devices, false},
        {"title", NULL, false},
        {"description", NULL, false},
        {"metadata", xml_read_metadata, false},
        {NULL, NULL, false},
    };

    if (strcmp((const char *)root->name, "domain"))
        xml_fail(r, xml_line(root), "the first element is <%.40s>, not <domain>",
                 (const char *)root->name);
    else
        xml_attribute_must(r, root, "type", "xen", false);
    xml_children(r, root, table);
}

/* What must be there, and what stands for what is not. */
static void complete(struct xml_reader *r, int line)
{
    static const uint8_t none[16];
    struct config *c = r->config;
    bool random = true;

    if (!c->name[0])
        xml_fail(r, line, "<domain> has no <name>");
    else if (!r->have_memory)
        xml_fail(r, line, "<domain> has no <memory>");
    else if (!r->have_os_type || !c->kernel)
        xml_fail(r, line, "<domain> has no <os> with <type> and <kernel>");
    if (!r->have_current)
        c->memory_kib = c->max_kib;
    if (c->memory_kib > c->max_kib)
        xml_fail(r, line, "<currentMemory> is above <memory>");
    xml_complete_tune(r);
    if (!r->have_uuid)
        random = config_random_uuid(c->uuid);
    else if (!memcmp(c->uuid, none, 16))
        xml_fail(r, line, "<uuid> is all zero: leave it out, or write another one");
    for (unsigned int i = 0; i < c->nr_nics; i++)
        if (!memcmp(c->nics[i].mac, none, 6))
            random = random && config_random_mac(c->nics[i].mac);
    if (!random)
        xml_fail(r, line, "no random numbers from the system");
}

/* libxml2 calls this at <!DOCTYPE, before anything of it is read. */
static void on_doctype(void *context, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    xmlParserCtxtPtr ctxt = context;
    struct xml_reader *r = ctxt->_private;

    (void)name;
    (void)external;
    (void)system;
    xml_fail(r, xmlSAX2GetLineNumber(ctxt), "a document type declaration is not allowed here");
    r->doctype = true;
    xmlStopParser(ctxt);
}

static void on_xml_error(void *context, xmlErrorPtr error)
{
    xmlParserCtxtPtr ctxt = context;
    struct xml_reader *r = ctxt->_private;
    const char *message = error->message ? error->message : "malformed XML\n";

    if (error->level >= XML_ERR_ERROR)
        xml_fail(r, error->line, "malformed XML: %.*s", (int)strcspn(message, "\n"), message);
}

static void parse(struct xml_reader *r, const char *text, size_t size)
{
    int options = XML_PARSE_NONET | XML_PARSE_NOCDATA;
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    xmlDocPtr doc;
    xmlNode *root;

    if (!ctxt) {
        xml_fail(r, 0, "out of memory");
        return;
    }
    ctxt->_private = r;
    ctxt->sax->internalSubset = on_doctype;
    ctxt->sax->serror = (xmlStructuredErrorFunc)on_xml_error;
    doc = xmlCtxtReadMemory(ctxt, text, (int)size, r->name, NULL, options);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!root)
        xml_fail(r, 0, "malformed XML: nothing to read in it");
    if (!r->failed)
        read_domain(r, root);
    if (!r->failed)
        complete(r, xml_line(root));
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(ctxt);
}

struct config *config_parse(const char *name, const char *text, size_t size,
                            struct config_messages *messages)
{
    struct xml_reader r = {.name = name, .messages = messages};

    messages->error[0] = 0;
    r.config = calloc(1, sizeof(*r.config));
    if (!r.config) {
        xml_fail(&r, 0, "out of memory");
        return NULL;
    }
    r.config->on_poweroff = ACTION_DESTROY;
    r.config->on_reboot = ACTION_RESTART;
    r.config->on_crash = ACTION_DESTROY;
    if (size > CONFIG_FILE_MAX)
        xml_fail(&r, 0, "more than %lu bytes of XML", CONFIG_FILE_MAX);
    else
        parse(&r, text, size);
    if (!r.failed)
        return r.config;
    config_free(r.config);
    return NULL;
}

struct config *config_read(const char *file, struct config_messages *messages)
{
    struct xml_reader r = {.name = file, .messages = messages};
    struct config *config = NULL;
    char *text = NULL;
    size_t size = 0;
    ssize_t got = 1;
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st)) {
        xml_fail(&r, 0, "cannot open it: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        xml_fail(&r, 0, "not a regular file");
    } else if ((uint64_t)st.st_size > CONFIG_FILE_MAX) {
        xml_fail(&r, 0, "more than %lu bytes of XML", CONFIG_FILE_MAX);
    } else if (!(text = malloc((size_t)st.st_size + 1))) {
        xml_fail(&r, 0, "out of memory");
    } else {
        while (size < (size_t)st.st_size && got > 0) {
            got = read(fd, text + size, (size_t)st.st_size - size);
            size += got > 0 ? (size_t)got : 0;
        }
        if (got < 0)
            xml_fail(&r, 0, "cannot read it: %s", strerror(errno));
        else
            config = config_parse(file, text, size, messages);
    }
    free(text);
    if (fd >= 0)
        close(fd);
    return config;
}
