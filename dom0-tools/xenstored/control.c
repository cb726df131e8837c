/* SPDX-License-Identifier: MIT */
/*
 * The CONTROL request: what the control domain may ask of the daemon itself. Must never change the store's nodes.
 */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
    const char *what;
} quotas[] = {
    {"nodes", offsetof(struct store_quota, nodes), "nodes that a domain owns"},
    {"node-size", offsetof(struct store_quota, node_size),
     "bytes of a node's value and permissions"},
    {"memory", offsetof(struct store_quota, memory), "bytes of the nodes that a domain owns"},
    {"watches", offsetof(struct store_quota, watches), "watches of a domain"},
    {"transactions", offsetof(struct store_quota, transactions), "open transactions of a domain"},
    {"transaction-nodes", offsetof(struct store_quota, transaction_nodes),
     "paths touched in a transaction"},
    {"transaction-memory", offsetof(struct store_quota, transaction_memory),
     "bytes of a domain's transactions"},
    {"permissions", offsetof(struct store_quota, permissions), "permission entries of a node"},
    {"path-max", offsetof(struct store_quota, path_max), "bytes of a path"},
    {"snapshot-age", offsetof(struct store_quota, snapshot_age),
     "changes that a transaction survives"},
};
#define QUOTA_COUNT (sizeof(quotas) / sizeof(quotas[0]))

static uint32_t *quota_at(struct request *request, size_t index)
{
    return (uint32_t *)(void *)((char *)store_quota(request->store) + quotas[index].offset);
}

static int control_quota(struct request *request, char **words, size_t count)
{
    char text[XENSTORE_PAYLOAD_MAX];
    uint32_t value;
    size_t used = 0;

    if (count == 4 && strcmp(words[1], "set") == 0 &&
        request_number(words[3], UINT32_MAX, &value)) {
        for (size_t i = 0; i < QUOTA_COUNT; i++) {
            if (strcmp(words[2], quotas[i].name) == 0) {
                *quota_at(request, i) = value;
                return request_done(request, 0);
            }
        }
        return EINVAL;
    }
    if (count == 2 && request_number(words[1], UINT16_MAX, &value)) {
        used = (size_t)snprintf(text, sizeof(text), "nodes: %u\nmemory: %u\n",
                                store_nodes_of(request->store, (uint16_t)value),
                                store_bytes_of(request->store, (uint16_t)value));
        return request_reply(request, text, used + 1);
    }
    if (count != 1) {
        return EINVAL;
    }
    for (size_t i = 0; i < QUOTA_COUNT; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%-18s: %8u %s\n",
                                 quotas[i].name, *quota_at(request, i), quotas[i].what);
    }
    return request_reply(request, text, used + 1);
}

static int control_memreport(struct request *request)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "nodes: %u\nrequests: %llu\n",
                       store_nodes_total(request->store),
                       (unsigned long long)request->conn->daemon->requests);

    return request_reply(request, text, (size_t)len + 1);
}

int control_handle(struct request *request)
{
    static const char help[] = "check\nlog\ton|off\nmemreport\nprint\t<string>\n"
                               "quota\t[set <name> <value>|<domid>]\nhelp\n";
    char *words[4];
    size_t rest, count = request_split(request, words, 4, &rest);

    if (count == 0) {
        return EINVAL;
    }
    if (strcmp(words[0], "help") == 0) {
        return request_reply(request, help, sizeof(help));
    }
    if (strcmp(words[0], "quota") == 0) {
        return control_quota(request, words, count);
    }
    if (strcmp(words[0], "check") == 0) {
        return request_done(request, store_check(request->store) ? 0 : EIO);
    }
    if (strcmp(words[0], "memreport") == 0) {
        return control_memreport(request);
    }
    if (count == 2 && strcmp(words[0], "print") == 0) {
        fprintf(stderr, "xenstored: %s\n", words[1]);
        return request_done(request, 0);
    }
    if (count == 2 && strcmp(words[0], "log") == 0) {
        request->conn->daemon->verbose = strcmp(words[1], "on") == 0;
        return request_done(request, 0);
    }
    return EINVAL;
}
