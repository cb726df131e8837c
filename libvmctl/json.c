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
    char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL, *line;
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
