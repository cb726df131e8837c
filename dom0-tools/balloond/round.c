/* SPDX-License-Identifier: MIT */
/*
 * Looks at the node, has the policy decide, sets the targets. All that is remembered from round to
 * round is when reports changed and which balloons move; a daemon that is killed loses nothing else.
 */
#include "round.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store.h"

#define STORE_PATIENCE_MS 30000

/* What the last round knew of a VPS. */
struct memory {
    uint32_t domid;
    char uuid[VMCTL_UUID_SIZE];
    struct figures_history history;
    uint64_t current, target;
};

struct balancer {
    const char *store_path;
    uint64_t reserve_kib;
    round_say_fn say;
    struct vmctl *vmctl;
    struct store *store;
    struct memory *memory;
    size_t remembered;
};

__attribute__((format(printf, 3, 4))) static void say(struct balancer *b, bool problem,
                                                      const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    b->say(problem, line);
}

struct balancer *balancer_new(const char *store, uint64_t reserve_kib, round_say_fn say_line)
{
    struct balancer *b = calloc(1, sizeof(*b));

    if (b)
        *b = (struct balancer){.store_path = store, .reserve_kib = reserve_kib, .say = say_line};
    return b;
}

void balancer_disconnect(struct balancer *b)
{
    store_close(b->store);
    b->store = NULL;
    if (b->vmctl)
        vmctl_close(b->vmctl);
    b->vmctl = NULL;
}

void balancer_free(struct balancer *b)
{
    if (!b)
        return;
    balancer_disconnect(b);
    free(b->memory);
    free(b);
}

int balancer_connect(struct balancer *b)
{
    struct vmctl_node node;
    int ret;

    if (!b->vmctl && vmctl_open(&b->vmctl)) {
        say(b, true, "out of memory");
        return -1;
    }
    if (vmctl_node(b->vmctl, &node)) {
        say(b, true, "%s", vmctl_error(b->vmctl));
        balancer_disconnect(b);
        return -1;
    }
    if (b->store)
        return 0;
    ret = store_connect(&b->store, b->store_path);
    if (ret) {
        say(b, true, "cannot connect to the store at %s: %s: is xenstored running?",
            b->store_path ? b->store_path : STORE_SOCKET, strerror(-ret));
        b->store = NULL;
        balancer_disconnect(b);
        return -1;
    }
    store_set_timeout(b->store, STORE_PATIENCE_MS);
    return 0;
}

/* ---- looking ---- */

static const struct memory *recall(const struct balancer *b, const struct vmctl_info *info)
{
    for (size_t i = 0; i < b->remembered; i++)
        if (b->memory[i].domid == info->domid && !strcmp(b->memory[i].uuid, info->uuid))
            return &b->memory[i];
    return NULL;
}

/*
 * Reads a node that dom0 alone may write; `otherwise` where it is not there or is no amount. Fails
 * only where the store does.
 */
static int read_amount(struct balancer *b, uint32_t domid, const char *name, uint64_t otherwise,
                       uint64_t *kib)
{
    char path[64];
    int ret;

    *kib = otherwise;
    snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, name);
    ret = store_read_u64(b->store, STORE_NO_TXN, path, FIGURES_MOST_KIB, kib);
    return figures_store_lost(ret) ? ret : 0;
}

static bool is_up(enum vmctl_state state)
{
    return state == VMCTL_RUNNING || state == VMCTL_BLOCKED;
}

/* Fills a VPS's entry of the policy's list, and what is to be remembered of it. */
static int look_at(struct balancer *b, struct round_vps *r, struct memory *m)
{
    const struct memory *before = recall(b, &r->info);
    struct policy_vps *p = &r->policy;
    struct timespec now, wall;
    int ret;

    *m = before ? *before : (struct memory){.domid = r->info.domid};
    memcpy(m->uuid, r->info.uuid, sizeof(m->uuid));
    p->domid = r->info.domid;
    p->current = r->info.memory_kib;
    p->claimed = r->info.claimed_kib;
    ret = read_amount(b, p->domid, "target", p->current, &p->target);
    if (!ret)
        ret = read_amount(b, p->domid, "min-guarantee", 0, &p->minimum);
    if (!ret)
        ret = read_amount(b, p->domid, "static-max", 0, &p->maximum);
    if (ret)
        return ret;
    p->takes_part = p->domid != 0 && r->info.managed && is_up(r->info.state) && p->minimum > 0 &&
                    p->minimum < p->maximum;
    p->settling = before && p->current > p->target &&
                  (p->current < before->current || p->target < before->target);
    m->current = p->current;
    m->target = p->target;
    if (!p->takes_part)
        return 0;
    ret = figures_read(b->store, p->domid, &r->figures);
    if (ret)
        return ret;
    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_gettime(CLOCK_REALTIME, &wall);
    p->fresh = figures_fresh(&m->history, &r->figures, now.tv_sec, wall.tv_sec);
    p->available = r->figures.available;
    p->swap_used = r->figures.swap_used;
    return 0;
}

static int look(struct balancer *b, struct round_result *result)
{
    struct vmctl_info *infos;
    struct vmctl_node node;
    struct memory *memory;
    int ret = 0;

    if (vmctl_list(b->vmctl, &infos, &result->count)) {
        say(b, true, "%s", vmctl_error(b->vmctl));
        return -1;
    }
    result->vps = calloc(result->count + 1, sizeof(*result->vps));
    memory = calloc(result->count + 1, sizeof(*memory));
    if (!result->vps || !memory)
        ret = -ENOMEM;
    for (size_t i = 0; i < result->count && !ret; i++) {
        result->vps[i].info = infos[i];
        ret = look_at(b, &result->vps[i], &memory[i]);
    }
    free(infos);
    if (ret) {
        say(b, true, "cannot read reports from the store: %s", strerror(-ret));
        free(memory);
        return -1;
    }
    free(b->memory);
    b->memory = memory;
    b->remembered = result->count;
    /* after the VPSes: what one of them took meanwhile is not counted as free as well */
    if (vmctl_node(b->vmctl, &node)) {
        say(b, true, "%s", vmctl_error(b->vmctl));
        return -1;
    }
    result->claimed_kib = node.claimed_kib;
    result->node.free = node.free_kib;
    result->node.reserve = b->reserve_kib;
    return 0;
}

/* ---- deciding and acting ---- */

static int decide(struct balancer *b, struct round_result *result)
{
    struct policy_vps *list = calloc(result->count + 1, sizeof(*list));

    if (!list) {
        say(b, true, "out of memory");
        return -1;
    }
    for (size_t i = 0; i < result->count; i++)
        list[i] = result->vps[i].policy;
    policy_decide(&result->node, list, result->count);
    for (size_t i = 0; i < result->count; i++)
        result->vps[i].policy = list[i];
    free(list);
    return 0;
}

static const char *because(const struct policy_vps *p)
{
    switch (p->reason) {
    case POLICY_GROWN:
        return "it is short";
    case POLICY_IDLE:
        return "it does not need it, others do";
    case POLICY_OVER:
        return "it has more than its share, and others are short";
    default:
        return policy_reason_name(p->reason);
    }
}

static void act_on(struct balancer *b, struct round_result *result, const struct round_vps *r)
{
    const struct policy_vps *p = &r->policy;

    /* by UUID: an id or a name may be somebody else's by now */
    if (vmctl_set_memory(b->vmctl, r->info.uuid, p->new_target, 0, NULL)) {
        say(b, true, "%s: %s", r->info.name, vmctl_error(b->vmctl));
        result->failed++;
        return;
    }
    result->moved++;
    say(b, false, "%s: %" PRIu64 " -> %" PRIu64 " KiB: %s (needs %" PRIu64 ", has %" PRIu64 ")",
        r->info.name, p->target, p->new_target, because(p), p->need, p->current);
}

static void act(struct balancer *b, struct round_result *result, bool up, bool dry)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct policy_vps *p = &result->vps[i].policy;

        if (p->new_target == p->target || (p->new_target > p->target) != up)
            continue;
        if (dry)
            result->moved++;
        else
            act_on(b, result, &result->vps[i]);
    }
}

int balancer_round(struct balancer *b, bool dry, struct round_result *result)
{
    memset(result, 0, sizeof(*result));
    if (balancer_connect(b))
        return -1;
    if (look(b, result) || decide(b, result)) {
        balancer_disconnect(b);
        round_result_free(result);
        return -1;
    }
    act(b, result, false, dry);
    act(b, result, true, dry);
    if (result->failed) /* it may be the handle's own connections: the next round has new ones */
        balancer_disconnect(b);
    return 0;
}

void round_result_free(struct round_result *result)
{
    free(result->vps);
    result->vps = NULL;
    result->count = 0;
}

/* ---- saying ---- */

static json_t *kib(uint64_t amount)
{
    return json_integer((json_int_t)amount);
}

static json_t *vps_json(const struct round_vps *r)
{
    const struct policy_vps *p = &r->policy;

    /* a name that is no UTF-8 was not given by us */
    json_t *object =
        json_pack("{s:i, s:o, s:s, s:s, s:b, s:b, s:b}", "id", (int)p->domid, "name",
                  json_string(r->info.name) ?: json_string(""), "uuid", r->info.uuid, "reason",
                  policy_reason_name(p->reason), "takes_part", (int)p->takes_part, "reports",
                  (int)p->fresh, "settling", (int)p->settling);

    json_object_set_new(object, "current_kib", kib(p->current));
    json_object_set_new(object, "target_kib", kib(p->target));
    json_object_set_new(object, "minimum_kib", kib(p->minimum));
    json_object_set_new(object, "maximum_kib", kib(p->maximum));
    json_object_set_new(object, "available_kib", kib(p->available));
    json_object_set_new(object, "swap_used_kib", kib(p->swap_used));
    json_object_set_new(object, "need_kib", kib(p->need));
    json_object_set_new(object, "entitled_kib", kib(p->entitled));
    json_object_set_new(object, "new_target_kib", kib(p->new_target));
    return object;
}

char *round_json(const struct round_result *result)
{
    json_t *list = json_array(), *root;
    char *text = NULL, *line = NULL;

    for (size_t i = 0; i < result->count; i++)
        if (result->vps[i].info.domid != 0)
            json_array_append_new(list, vps_json(&result->vps[i]));
    root =
        json_pack("{s:o, s:o, s:o, s:o}", "free_kib", kib(result->node.free), "claimed_kib",
                  kib(result->claimed_kib), "reserve_kib", kib(result->node.reserve), "vps", list);
    if (root)
        text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text && asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    free(text);
    return line;
}
