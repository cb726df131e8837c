/* SPDX-License-Identifier: MIT */
/*
 * Requests, one table row and one short function each (see wire.h). A function returns 0 after it
 * has queued an answer, or an errno value that becomes the answer. Must never read past the
 * payload, and never act on half of it.
 */
#include "wire.h"
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The error names that clients know; others become EINVAL. */
static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        {EINVAL, "EINVAL"}, {EACCES, "EACCES"}, {EEXIST, "EEXIST"}, {ENOENT, "ENOENT"},
        {ENOMEM, "ENOMEM"}, {ENOSPC, "ENOSPC"}, {EIO, "EIO"},       {ENOSYS, "ENOSYS"},
        {EBUSY, "EBUSY"},   {EAGAIN, "EAGAIN"}, {E2BIG, "E2BIG"},   {EPERM, "EPERM"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].error == error) {
            return names[i].name;
        }
    }
    return "EINVAL";
}

int request_reply(struct request *request, const void *data, size_t len)
{
    if (len > XENSTORE_PAYLOAD_MAX) {
        return E2BIG;
    }
    conn_reply(request->conn, request->header->type, request->header, data, len);
    return 0;
}

int request_done(struct request *request, int error)
{
    return error ? error : request_reply(request, "OK", 3);
}

/* ---- taking payloads apart ---- */

size_t request_split(struct request *request, char **strings, size_t max, size_t *rest)
{
    size_t count = 0, at = 0;

    while (count < max && at < request->len) {
        size_t size = strlen(request->payload + at) + 1;

        if (at + size > request->len) {
            break; /* the last one has no NUL of its own */
        }
        strings[count++] = request->payload + at;
        at += size;
    }
    *rest = at;
    return count;
}

/* The only string of a request that has one: NULL where there is none or more. */
static char *only_string(struct request *request)
{
    char *string;
    size_t rest;

    return request_split(request, &string, 1, &rest) == 1 && rest == request->len ? string : NULL;
}

bool request_number(const char *text, uint32_t max, uint32_t *value)
{
    uint64_t number = 0;

    if (!*text) {
        return false;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > max) {
            return false;
        }
    }
    *value = (uint32_t)number;
    return true;
}

struct full_path {
    char text[STORE_PATH_MAX + 1];
    size_t prefix; /* bytes that the client did not say */
};

/* TEXT, absolute or relative to the client's own part of the store, as a checked absolute path. 0
 * or EINVAL. */
static int path_get(struct request *request, const char *text, struct full_path *path)
{
    uint32_t max = request->client->privileged ? 0 : store_quota(request->store)->path_max;
    int len;

    path->prefix = 0;
    if (text[0] == '/') {
        len = snprintf(path->text, sizeof(path->text), "%s", text);
    } else {
        if (!text[0] || text[0] == '@' || strlen(text) > XENSTORE_REL_PATH_MAX) {
            return EINVAL;
        }
        len = snprintf(path->text, sizeof(path->text), "/local/domain/%u/", request->client->domid);
        path->prefix = (size_t)len;
        len += snprintf(path->text + len, sizeof(path->text) - (size_t)len, "%s", text);
    }
    if (len < 0 || (size_t)len >= sizeof(path->text)) {
        return EINVAL;
    }
    return store_path_check(path->text, max && max < STORE_PATH_MAX ? max : STORE_PATH_MAX)
               ? 0
               : EINVAL;
}

static int only_path(struct request *request, struct full_path *path)
{
    char *text = only_string(request);

    return text ? path_get(request, text, path) : EINVAL;
}

/* ---- nodes ---- */

static int do_read(struct request *request)
{
    const struct store_node *node;
    struct full_path path;
    int error = only_path(request, &path);

    if (!error) {
        error = store_read(request->store, request->client, request->tx, path.text, false, &node);
    }
    return error ? error : request_reply(request, node->value, node->value_len);
}

/* Appends as many whole names as fit; SKIP is how many bytes of the full list to leave out. True:
 * the list is done. */
static bool names_put(const struct store_node *node, size_t skip, char *to, size_t room,
                      size_t *used)
{
    for (uint32_t i = 0; i < node->child_count; i++) {
        const char *name = node->children[i]->name;
        size_t size = strlen(name) + 1;

        if (skip >= size) {
            skip -= size;
            continue;
        }
        if (size - skip > room - *used) {
            return false;
        }
        memcpy(to + *used, name + skip, size - skip);
        *used += size - skip;
        skip = 0;
    }
    return true;
}

static int do_directory(struct request *request)
{
    char names[XENSTORE_PAYLOAD_MAX];
    const struct store_node *node;
    struct full_path path;
    size_t used = 0;
    int error = only_path(request, &path);

    if (!error) {
        error = store_read(request->store, request->client, request->tx, path.text, true, &node);
    }
    if (!error && !names_put(node, 0, names, sizeof(names), &used)) {
        error = E2BIG;
    }
    return error ? error : request_reply(request, names, used);
}

/* The answer is the list's generation, whole names from the offset on, and an empty one where the
 * list ends. */
static int do_directory_part(struct request *request)
{
    char *strings[2], answer[XENSTORE_PAYLOAD_MAX];
    const struct store_node *node;
    struct full_path path;
    uint32_t offset;
    size_t rest, used;
    int error;

    if (request_split(request, strings, 2, &rest) != 2 || rest != request->len ||
        !request_number(strings[1], UINT32_MAX, &offset)) {
        return EINVAL;
    }
    error = path_get(request, strings[0], &path);
    if (!error) {
        error = store_read(request->store, request->client, request->tx, path.text, true, &node);
    }
    if (error) {
        return error;
    }
    used = (size_t)snprintf(answer, sizeof(answer), "%llu",
                            (unsigned long long)node->children_changed) +
           1;
    if (names_put(node, offset, answer, sizeof(answer) - 1, &used)) {
        answer[used++] = 0;
    }
    return request_reply(request, answer, used);
}

static int do_write(struct request *request)
{
    struct full_path path;
    char *text;
    size_t rest;
    int error;

    if (request_split(request, &text, 1, &rest) != 1) {
        return EINVAL;
    }
    error = path_get(request, text, &path);
    if (!error) {
        error = store_write(request->store, request->client, request->tx, path.text,
                            request->payload + rest, request->len - rest);
    }
    return request_done(request, error);
}

static int do_mkdir(struct request *request)
{
    struct full_path path;
    int error = only_path(request, &path);

    return request_done(
        request,
        error ? error : store_mkdir(request->store, request->client, request->tx, path.text));
}

static int do_rm(struct request *request)
{
    struct full_path path;
    int error = only_path(request, &path);

    return request_done(
        request,
        error ? error : store_remove(request->store, request->client, request->tx, path.text));
}

static const char perm_letters[] = "nrwb"; /* indexed by enum store_access */

static int do_get_perms(struct request *request)
{
    char *text = only_string(request), answer[XENSTORE_PAYLOAD_MAX + 16];
    const struct store_node *node = text ? store_special(request->store, text) : NULL;
    struct full_path path;
    size_t used = 0;
    int error = 0;

    if (!node) {
        error = only_path(request, &path);
        if (!error) {
            error =
                store_read(request->store, request->client, request->tx, path.text, false, &node);
        }
    }
    for (uint32_t i = 0; !error && i < node->perm_count; i++) {
        const struct store_perm *perm = &node->perms[i];

        used += (size_t)sprintf(answer + used, "%c%u", perm_letters[perm->access], perm->domid) + 1;
        if (used > XENSTORE_PAYLOAD_MAX) {
            error = E2BIG;
        }
    }
    return error ? error : request_reply(request, answer, used);
}

static bool parse_perm(const char *text, struct store_perm *perm)
{
    const char *letter = text[0] ? strchr(perm_letters, text[0]) : NULL;
    uint32_t domid;

    if (!letter || !request_number(text + 1, UINT16_MAX, &domid)) {
        return false;
    }
    perm->access = (uint8_t)(letter - perm_letters);
    perm->domid = (uint16_t)domid;
    return true;
}

static int do_set_perms(struct request *request)
{
    char *strings[XENSTORE_PAYLOAD_MAX / 3 + 1];
    struct store_perm perms[XENSTORE_PAYLOAD_MAX / 3 + 1];
    size_t rest, count = request_split(request, strings, XENSTORE_PAYLOAD_MAX / 3 + 1, &rest);
    struct full_path path;
    const char *name;
    int error;

    if (count < 2) {
        return EINVAL;
    }
    for (size_t i = 1; i < count; i++) {
        if (!parse_perm(strings[i], &perms[i - 1])) {
            return EINVAL;
        }
    }
    name = strings[0];
    if (name[0] != '@') {
        error = path_get(request, name, &path);
        if (error) {
            return error;
        }
        name = path.text;
    }
    return request_done(request, store_set_perms(request->store, request->client, request->tx, name,
                                                 perms, count - 1));
}

/* ---- watches ---- */

/* A watched path may also be a special one, which has no root. */
static int watch_path_get(struct request *request, const char *text, struct full_path *path)
{
    char checked[STORE_PATH_MAX + 2];

    if (text[0] != '@') {
        return path_get(request, text, path);
    }
    path->prefix = 0;
    if (strlen(text) > 64) {
        return EINVAL;
    }
    snprintf(checked, sizeof(checked), "/%s", text);
    snprintf(path->text, sizeof(path->text), "%s", text);
    return store_path_check(checked, 65) ? 0 : EINVAL;
}

static int do_watch(struct request *request)
{
    char *strings[4];
    size_t rest, count = request_split(request, strings, 3, &rest);
    struct full_path path;
    uint32_t depth;
    int error, limit = -1;

    if (count < 2) {
        return EINVAL;
    }
    if (count == 3 && *strings[2]) {
        if (!request_number(strings[2], STORE_PATH_MAX, &depth)) {
            return EINVAL;
        }
        limit = (int)depth;
    }
    error = watch_path_get(request, strings[0], &path);
    if (!error) {
        error = store_watch_add(request->store, request->client, path.text, strings[1], path.prefix,
                                limit);
    }
    if (error) {
        return error;
    }
    request_done(request, 0);
    store_watch_fire_first(request->store, request->client, path.text + path.prefix, strings[1]);
    return 0;
}

static int do_unwatch(struct request *request)
{
    char *strings[2];
    size_t rest;
    struct full_path path;
    int error;

    if (request_split(request, strings, 2, &rest) != 2) {
        return EINVAL;
    }
    error = watch_path_get(request, strings[0], &path);
    if (!error) {
        error = store_watch_remove(request->store, request->client, path.text, strings[1]);
    }
    return request_done(request, error);
}

static int do_reset_watches(struct request *request)
{
    store_client_reset(request->store, request->client);
    return request_done(request, 0);
}

/* ---- transactions ---- */

static int do_transaction_start(struct request *request)
{
    char text[16];
    uint32_t tx;
    int error;

    if (request->tx) {
        return EBUSY;
    }
    error = store_txn_start(request->store, request->client, &tx);
    return error ? error
                 : request_reply(request, text, (size_t)snprintf(text, sizeof(text), "%u", tx) + 1);
}

static int do_transaction_end(struct request *request)
{
    const char *how = only_string(request);

    if (!request->tx) {
        return ENOENT;
    }
    if (!how || (strcmp(how, "T") != 0 && strcmp(how, "F") != 0)) {
        return EINVAL;
    }
    return request_done(request,
                        store_txn_end(request->store, request->client, request->tx, how[0] == 'T'));
}

/* ---- domains ---- */

/* The first COUNT of the payload's strings as numbers: domain ids where WIDE is false. 0 or EINVAL.
 */
static int numbers_get(struct request *request, uint32_t *numbers, size_t count, uint32_t max)
{
    char *strings[2];
    size_t rest;

    if (request_split(request, strings, count, &rest) != count) {
        return EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!request_number(strings[i], max, &numbers[i])) {
            return EINVAL;
        }
    }
    return 0;
}

static int domain_get(struct request *request, uint32_t *domid)
{
    return numbers_get(request, domid, 1, WIRE_DOMID_FIRST_RESERVED - 1);
}

static int do_introduce(struct request *request)
{
    struct daemon *daemon = request->conn->daemon;
    char *strings[3];
    uint32_t domid, port;
    size_t rest;

    /* The frame may come as a signed number; it is not needed, the page is mapped by grant. */
    if (request_split(request, strings, 3, &rest) != 3 ||
        !request_number(strings[0], WIRE_DOMID_FIRST_RESERVED - 1, &domid) ||
        !request_number(strings[2], UINT32_MAX, &port)) {
        return EINVAL;
    }
    if (domid == 0) {
        return request_done(request, 0); /* the control domain is there from the start */
    }
    return request_done(request, daemon->domains->introduce(daemon, (uint16_t)domid,
                                                            strtoull(strings[1], NULL, 10), port));
}

static int do_release(struct request *request)
{
    struct daemon *daemon = request->conn->daemon;
    uint32_t domid;
    int error = domain_get(request, &domid);

    if (error || domid == 0) {
        return EINVAL;
    }
    return request_done(request, daemon->domains->release(daemon, (uint16_t)domid));
}

static int do_resume(struct request *request)
{
    struct daemon *daemon = request->conn->daemon;
    uint32_t domid;
    int error = domain_get(request, &domid);

    if (error || domid == 0) {
        return EINVAL;
    }
    return request_done(request, daemon->domains->resume(daemon, (uint16_t)domid));
}

static int do_set_target(struct request *request)
{
    struct daemon *daemon = request->conn->daemon;
    uint32_t numbers[2];
    int error = numbers_get(request, numbers, 2, WIRE_DOMID_FIRST_RESERVED - 1);

    if (error || numbers[0] == 0) {
        return EINVAL;
    }
    return request_done(
        request, daemon->domains->set_target(daemon, (uint16_t)numbers[0], (uint16_t)numbers[1]));
}

static int do_is_introduced(struct request *request)
{
    struct daemon *daemon = request->conn->daemon;
    uint32_t domid;
    int error = domain_get(request, &domid);

    if (error) {
        return error;
    }
    return request_reply(
        request, domid == 0 || daemon->domains->introduced(daemon, (uint16_t)domid) ? "T" : "F", 2);
}

static int do_get_domain_path(struct request *request)
{
    char text[40];
    uint32_t domid;
    int error = numbers_get(request, &domid, 1, UINT16_MAX);

    return error
               ? error
               : request_reply(request, text,
                               (size_t)snprintf(text, sizeof(text), "/local/domain/%u", domid) + 1);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    int (*handle)(struct request *request);
    bool privileged; /* only the control domain may ask */
} requests[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {"CONTROL", control_handle, true},
    [XS_DIRECTORY] = {"DIRECTORY", do_directory, false},
    [XS_READ] = {"READ", do_read, false},
    [XS_GET_PERMS] = {"GET_PERMS", do_get_perms, false},
    [XS_WATCH] = {"WATCH", do_watch, false},
    [XS_UNWATCH] = {"UNWATCH", do_unwatch, false},
    [XS_TRANSACTION_START] = {"TRANSACTION_START", do_transaction_start, false},
    [XS_TRANSACTION_END] = {"TRANSACTION_END", do_transaction_end, false},
    [XS_INTRODUCE] = {"INTRODUCE", do_introduce, true},
    [XS_RELEASE] = {"RELEASE", do_release, true},
    [XS_GET_DOMAIN_PATH] = {"GET_DOMAIN_PATH", do_get_domain_path, false},
    [XS_WRITE] = {"WRITE", do_write, false},
    [XS_MKDIR] = {"MKDIR", do_mkdir, false},
    [XS_RM] = {"RM", do_rm, false},
    [XS_SET_PERMS] = {"SET_PERMS", do_set_perms, false},
    [XS_IS_DOMAIN_INTRODUCED] = {"IS_DOMAIN_INTRODUCED", do_is_introduced, true},
    [XS_RESUME] = {"RESUME", do_resume, true},
    [XS_SET_TARGET] = {"SET_TARGET", do_set_target, true},
    [XS_RESET_WATCHES] = {"RESET_WATCHES", do_reset_watches, false},
    [XS_DIRECTORY_PART] = {"DIRECTORY_PART", do_directory_part, false},
};

static int dispatch(struct request *request)
{
    uint32_t type = request->header->type;

    if (type >= XS_TYPE_COUNT || !requests[type].handle) {
        return ENOSYS;
    }
    if (requests[type].privileged && !request->client->privileged) {
        return EACCES;
    }
    if (type == XS_WATCH || type == XS_UNWATCH) {
        request->tx = 0; /* watches are outside of transactions */
    }
    if (request->tx && store_txn_check(request->client, request->tx)) {
        return ENOENT;
    }
    return requests[type].handle(request);
}

static void log_request(const struct request *request, int error)
{
    uint32_t type = request->header->type;
    const char *name = type < XS_TYPE_COUNT && requests[type].name ? requests[type].name : "?";

    fprintf(stderr, "xenstored: d%u tx %u %s ", request->client->domid, request->header->tx_id,
            name);
    for (size_t i = 0; i < request->len && i < 200; i++) {
        unsigned char c = (unsigned char)request->payload[i];

        fputc(c == 0 ? '|' : c < 32 || c > 126 ? '?' : c, stderr);
    }
    fprintf(stderr, " -> %s\n", error ? error_name(error) : "ok");
}

void wire_handle(struct conn *conn, const struct xsd_sockmsg *header, char *payload)
{
    struct request request = {conn,    conn->daemon->store, &conn->client, header, header->tx_id,
                              payload, header->len};
    int error = dispatch(&request);

    if (conn->daemon->verbose) {
        log_request(&request, error);
    }
    if (error) {
        const char *name = error_name(error);

        conn_reply(conn, XS_ERROR, header, name, strlen(name) + 1);
    }
}
