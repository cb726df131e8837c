/* SPDX-License-Identifier: MIT */
/*
 * What --json prints. Other people's programs read it: fields may be added, and must never change
 * their meaning.
 */
#include "vmctl.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *info_object(const struct vmctl_info *info)
{
    json_t *object =
        json_pack("{s:I, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:b}", "id", (json_int_t)info->domid,
                  "name", info->name, "uuid", info->uuid, "state", vmctl_state_name(info->state),
                  "vcpus", (int)info->vcpus, "memory_kib", (json_int_t)info->memory_kib,
                  "max_memory_kib", (json_int_t)info->max_kib, "cpu_ns", (json_int_t)info->cpu_ns,
                  "managed", (int)info->managed);

    if (object && info->reason[0])
        json_object_set_new(object, "reason", json_string(info->reason));
    return object;
}

/* Takes the value over. */
static char *to_text(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    char *line;
    size_t len;

    json_decref(value);
    if (!text)
        return NULL;
    len = strlen(text);
    line = realloc(text, len + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    strcpy(line + len, "\n");
    return line;
}

char *vmctl_info_json(const struct vmctl_info *info)
{
    return to_text(info_object(info));
}

char *vmctl_list_json(const struct vmctl_info *infos, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < count; i++) {
        if (json_array_append_new(array, info_object(&infos[i]))) {
            json_decref(array);
            return NULL;
        }
    }
    return to_text(array);
}

char *vmctl_text_json(const char *name, const char *text)
{
    json_t *value = json_string(text);

    if (!value) /* not UTF-8: somebody's file name */
        value = json_string("(not printable)");
    return to_text(json_pack("{s:o}", name, value));
}

/* Two digits behind the point are more than a measurement holds. No figure here is negative. */
static json_t *rounded(double value)
{
    return json_real((double)(uint64_t)(value * 100 + 0.5) / 100);
}

static json_t *use_object(const struct vmctl_use *use)
{
    json_t *object = info_object(&use->info);
    const struct {
        const char *name;
        double value;
    } figures[] = {
        {"cpu_percent", use->cpu_percent},
        {"disk_read_bytes_per_s", use->disk_read_bytes},
        {"disk_write_bytes_per_s", use->disk_write_bytes},
        {"disk_reads_per_s", use->disk_reads},
        {"disk_writes_per_s", use->disk_writes},
        {"net_rx_bytes_per_s", use->net_rx_bytes},
        {"net_tx_bytes_per_s", use->net_tx_bytes},
    };

    for (size_t i = 0; object && i < sizeof(figures) / sizeof(figures[0]); i++)
        json_object_set_new(object, figures[i].name, rounded(figures[i].value));
    if (object)
        json_object_set_new(object, "steal_percent",
                            use->steal_known ? rounded(use->steal_percent) : json_null());
    return object;
}

char *vmctl_usage_json(const struct vmctl_usage *usage)
{
    json_t *domains = json_array();
    json_t *load = usage->load_known ? rounded(usage->load_percent) : json_null();

    for (size_t i = 0; domains && i < usage->count; i++) {
        if (json_array_append_new(domains, use_object(&usage->domains[i]))) {
            json_decref(domains);
            domains = NULL;
        }
    }
    return to_text(json_pack("{s:o, s:{s:I, s:o, s:I, s:I, s:I}, s:o}", "interval_s",
                             rounded(usage->seconds), "node", "cpus", (json_int_t)usage->cpus,
                             "load_percent", load, "memory_kib", (json_int_t)usage->total_kib,
                             "memory_free_kib", (json_int_t)usage->free_kib, "memory_claimed_kib",
                             (json_int_t)usage->claimed_kib, "domains", domains));
}

char *vmctl_node_json(const struct vmctl_node *node)
{
    return to_text(json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
        "version", node->version, "scheduler", node->scheduler, "command_line", node->command_line,
        "cpu_model", node->cpu_model, "cpus", (json_int_t)node->cpus, "sockets",
        (json_int_t)node->sockets, "cores_per_socket", (json_int_t)node->cores_per_socket,
        "threads_per_core", (json_int_t)node->threads_per_core, "cpu_khz",
        (json_int_t)node->cpu_khz, "memory_kib", (json_int_t)node->total_kib, "memory_free_kib",
        (json_int_t)node->free_kib, "memory_claimed_kib", (json_int_t)node->claimed_kib,
        "dom0_memory_kib", (json_int_t)node->dom0_kib, "vps_memory_kib", (json_int_t)node->vps_kib,
        "vps_max_memory_kib", (json_int_t)node->vps_max_kib, "domains", (json_int_t)node->domains,
        "uptime_s", (json_int_t)node->uptime_s));
}

static json_t *vcpu_object(const struct vmctl_vcpu *vcpu)
{
    return json_pack("{s:I, s:b, s:b, s:b, s:I, s:I, s:s, s:s}", "vcpu", (json_int_t)vcpu->number,
                     "online", (int)vcpu->online, "running", (int)vcpu->running, "blocked",
                     (int)vcpu->blocked, "cpu", (json_int_t)vcpu->cpu, "cpu_ns",
                     (json_int_t)vcpu->cpu_ns, "hard_affinity", vcpu->hard, "soft_affinity",
                     vcpu->soft);
}

static json_t *known(uint64_t number)
{
    return number ? json_integer((json_int_t)number) : json_null();
}

char *vmctl_details_json(const struct vmctl_details *details)
{
    json_t *object = info_object(&details->info), *vcpus = json_array();

    for (size_t i = 0; vcpus && i < details->count; i++) {
        if (json_array_append_new(vcpus, vcpu_object(&details->vcpus[i]))) {
            json_decref(vcpus);
            vcpus = NULL;
        }
    }
    if (!object || !vcpus) {
        json_decref(object);
        json_decref(vcpus);
        return NULL;
    }
    json_object_set_new(object, "max_vcpus", json_integer((json_int_t)details->max_vcpus));
    json_object_set_new(object, "weight", known(details->weight));
    json_object_set_new(object, "cap",
                        details->weight ? json_integer((json_int_t)details->cap) : json_null());
    json_object_set_new(object, "target_kib", known(details->target_kib));
    json_object_set_new(object, "vcpu_info", vcpus);
    return to_text(object);
}
