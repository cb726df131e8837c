/* SPDX-License-Identifier: MIT */
/*
 * A round of the balancer on a node that is made up: what VPSes write to the store, any bytes at all;
 * who takes part; what is set, in which order; and nothing in a dry run. The functions of libvmctl and
 * of the store's client that it uses are played here.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "figures.h"
#include "round.h"
#include "store.h"
#include "suite.h"

#define MIB UINT64_C(1024)

/* ---- the made-up node ---- */

struct node_value {
    char path[96];
    char value[600];
    size_t len;
};

static struct vmctl_info vpses[8];
static size_t nr_vpses;
static struct node_value values[64];
static size_t nr_values;
static uint64_t free_kib;
static int store_error; /* what each read fails with */
static bool store_down, hypervisor_down;
static int open_stores, open_handles;
static char set_log[1024];  /* "ID:KIB " for each target set */
static uint32_t refuses_id; /* its target cannot be set */
static char said[4096];

int vmctl_open(struct vmctl **out)
{
    *out = (struct vmctl *)&vpses;
    open_handles++;
    return 0;
}

void vmctl_close(struct vmctl *v)
{
    CU_ASSERT_PTR_EQUAL(v, &vpses);
    open_handles--;
}

const char *vmctl_error(const struct vmctl *v)
{
    (void)v;
    return "made-up trouble";
}

int vmctl_node(struct vmctl *v, struct vmctl_node *node)
{
    (void)v;
    if (hypervisor_down)
        return -1;
    memset(node, 0, sizeof(*node));
    node->free_kib = free_kib;
    return 0;
}

int vmctl_list(struct vmctl *v, struct vmctl_info **infos, size_t *count)
{
    (void)v;
    *infos = malloc(sizeof(vpses));
    memcpy(*infos, vpses, sizeof(vpses));
    *count = nr_vpses;
    return 0;
}

int vmctl_set_memory(struct vmctl *v, const char *who, uint64_t kib, int timeout_ms,
                     uint64_t *reached_kib)
{
    char text[64];

    (void)v;
    CU_ASSERT_EQUAL(timeout_ms, 0);
    CU_ASSERT_PTR_NULL(reached_kib);
    for (size_t i = 0; i < nr_vpses; i++) {
        if (strcmp(vpses[i].uuid, who))
            continue;
        if (vpses[i].domid == refuses_id)
            return -1;
        snprintf(text, sizeof(text), "%u:%llu ", vpses[i].domid, (unsigned long long)kib);
        strcat(set_log, text);
        return 0;
    }
    CU_FAIL("an unknown VPS was set");
    return -1;
}

int store_connect(struct store **out, const char *path)
{
    CU_ASSERT_STRING_EQUAL(path, "/made/up");
    if (store_down)
        return -ECONNREFUSED;
    *out = (struct store *)&values;
    open_stores++;
    return 0;
}

void store_close(struct store *s)
{
    open_stores -= s != NULL;
}

void store_set_timeout(struct store *s, int milliseconds)
{
    (void)s;
    CU_ASSERT_TRUE(milliseconds > 0);
}

static const struct node_value *find(const char *path)
{
    for (size_t i = 0; i < nr_values; i++)
        if (!strcmp(values[i].path, path))
            return &values[i];
    return NULL;
}

int store_read(struct store *s, store_txn txn, const char *path, char **value, size_t *len)
{
    const struct node_value *found = find(path);

    CU_ASSERT_PTR_EQUAL(s, &values);
    CU_ASSERT_EQUAL(txn, STORE_NO_TXN);
    if (store_error)
        return store_error;
    if (!found)
        return -ENOENT;
    *value = malloc(found->len + 1);
    memcpy(*value, found->value, found->len);
    (*value)[found->len] = 0;
    *len = found->len;
    return 0;
}

/* As its contract says: a decimal number that fills the whole value, or -EINVAL. */
int store_read_u64(struct store *s, store_txn txn, const char *path, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0;
    char *value;
    size_t len;
    int ret = store_read(s, txn, path, &value, &len);

    if (ret)
        return ret;
    if (!len)
        ret = -EINVAL;
    for (size_t i = 0; i < len && !ret; i++)
        if (value[i] < '0' || value[i] > '9' || sum > (max - (uint64_t)(value[i] - '0')) / 10)
            ret = -EINVAL;
        else
            sum = sum * 10 + (uint64_t)(value[i] - '0');
    free(value);
    if (!ret)
        *number = sum;
    return ret;
}

static void say(bool problem, const char *line)
{
    strcat(said, problem ? "!" : " ");
    strcat(said, line);
    strcat(said, "\n");
}

static void put(uint32_t domid, const char *name, const char *value)
{
    char path[96];
    struct node_value *v;

    snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, name);
    v = (struct node_value *)(uintptr_t)find(path);
    if (!v)
        v = &values[nr_values++];
    strcpy(v->path, path);
    strcpy(v->value, value);
    v->len = strlen(value);
}

static void put_number(uint32_t domid, const char *name, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    put(domid, name, text);
}

/* A VPS with `has` MiB, a minimum and a maximum, and a report of so much available. */
static void vps(uint32_t domid, uint64_t has, uint64_t minimum, uint64_t maximum,
                uint64_t available)
{
    struct vmctl_info *info = &vpses[nr_vpses++];

    *info = (struct vmctl_info){
        .domid = domid, .state = VMCTL_BLOCKED, .memory_kib = has * MIB, .managed = true};
    snprintf(info->name, sizeof(info->name), "vps%u", domid);
    snprintf(info->uuid, sizeof(info->uuid), "uuid-%u", domid);
    put_number(domid, "memory/target", has * MIB);
    put_number(domid, "memory/static-max", maximum * MIB);
    if (minimum)
        put_number(domid, "memory/min-guarantee", minimum * MIB);
    put_number(domid, "data/meminfo_total", has * MIB);
    put_number(domid, "data/meminfo_free", 0);
    put_number(domid, "data/meminfo_available", available * MIB);
    put_number(domid, "data/updated", (uint64_t)time(NULL));
}

static void clear(void)
{
    nr_vpses = nr_values = 0;
    free_kib = 0;
    store_error = 0;
    store_down = hypervisor_down = false;
    refuses_id = UINT32_MAX;
    set_log[0] = said[0] = 0;
    vpses[nr_vpses++] = (struct vmctl_info){.domid = 0, .memory_kib = 512 * MIB, .managed = false};
    strcpy(vpses[0].name, "Domain-0");
}

static struct round_result result;

/* One round of a balancer of its own. */
static int once(bool dry)
{
    struct balancer *b = balancer_new("/made/up", 0, say);
    int ret;

    set_log[0] = said[0] = 0;
    ret = balancer_round(b, dry, &result);
    balancer_free(b);
    CU_ASSERT_EQUAL(open_stores, 0);
    CU_ASSERT_EQUAL(open_handles, 0);
    return ret;
}

static const struct policy_vps *of(uint32_t domid)
{
    for (size_t i = 0; i < result.count; i++)
        if (result.vps[i].info.domid == domid)
            return &result.vps[i].policy;
    CU_FAIL_FATAL("no such VPS");
    return NULL;
}

/* ---- tests ---- */

static void test_moves(void)
{
    clear();
    vps(1, 256, 128, 1024, 0);
    vps(2, 512, 128, 1024, 450);
    free_kib = 8 * MIB;
    CU_ASSERT_EQUAL_FATAL(once(false), 0);
    /* the one that shrinks comes first, though it is the second */
    CU_ASSERT_STRING_EQUAL(set_log, "2:491520 1:270336 ");
    CU_ASSERT_EQUAL(result.moved, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, " vps2: 524288 -> 491520 KiB: "));
    round_result_free(&result);

    refuses_id = 2;
    CU_ASSERT_EQUAL_FATAL(once(false), 0);
    CU_ASSERT_STRING_EQUAL(set_log, "1:270336 ");
    CU_ASSERT_EQUAL(result.failed, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "!vps2: made-up trouble"));
    round_result_free(&result);

    CU_ASSERT_EQUAL_FATAL(once(true), 0);
    CU_ASSERT_STRING_EQUAL(set_log, "");
    CU_ASSERT_EQUAL(result.moved, 2);
    round_result_free(&result);
}

/* No minimum, not ours, paused, dying, dom0: counted, and left alone. */
static void test_who_takes_part(void)
{
    clear();
    vps(1, 256, 128, 1024, 0);
    vps(2, 512, 0, 1024, 500);
    vps(3, 512, 64, 1024, 500);
    vpses[3].managed = false;
    vps(4, 512, 64, 1024, 500);
    vpses[4].state = VMCTL_PAUSED;
    vps(5, 512, 64, 1024, 500);
    vpses[5].state = VMCTL_DYING;
    vps(6, 512, 512, 512, 500);
    vps(7, 512, 64, 1024, 500);
    put(7, "memory/min-guarantee", "lots");
    put_number(0, "memory/min-guarantee", 64 * MIB);
    put_number(0, "memory/static-max", 1024 * MIB);
    CU_ASSERT_EQUAL_FATAL(once(false), 0);
    CU_ASSERT_STRING_EQUAL(set_log, "");
    for (uint32_t id = 0; id < 8; id++)
        CU_ASSERT_EQUAL(of(id)->takes_part, id == 1);
    CU_ASSERT_EQUAL(of(1)->reason, POLICY_SHORT);
    round_result_free(&result);
}

/* Whatever a VPS writes: a number that counts is a plain decimal one, within reason. */
static void test_hostile_text(void)
{
    static const char *const texts[] = {
        "",
        "-1",
        "+5",
        " 5",
        "5 ",
        "0x10",
        "1e9",
        "NaN",
        "inf",
        "99999999999999999999999999",
        "18446744073709551615",
        "17179869185",
        "5\n",
        "\xff\xfe",
        "%s%s%n",
        "1,000",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        clear();
        vps(1, 256, 128, 1024, 0);
        vps(2, 512, 128, 1024, 450);
        put(1, "data/meminfo_total", texts[i]); /* no report without it */
        CU_ASSERT_EQUAL_FATAL(once(false), 0);
        CU_ASSERT_STRING_EQUAL(set_log, "");
        CU_ASSERT_FALSE(of(1)->fresh);
        round_result_free(&result);

        put_number(1, "data/meminfo_total", 256 * MIB);
        put(1, "data/meminfo_available", texts[i]); /* the free ones count then */
        put(1, "data/swap_total", texts[i]);
        put(1, "data/swap_free", texts[i]);
        CU_ASSERT_EQUAL_FATAL(once(true), 0);
        CU_ASSERT_TRUE(of(1)->fresh);
        CU_ASSERT_EQUAL(of(1)->available, 0);
        CU_ASSERT_EQUAL(of(1)->swap_used, 0);
        round_result_free(&result);
    }
}

/* More available than there is, more swap free than there is: cut to what can be. */
static void test_figures_that_cannot_be(void)
{
    clear();
    vps(1, 256, 128, 1024, 100);
    put_number(1, "data/meminfo_total", 50 * MIB);
    put_number(1, "data/swap_total", 10);
    put_number(1, "data/swap_free", 11);
    CU_ASSERT_EQUAL_FATAL(once(true), 0);
    CU_ASSERT_EQUAL(of(1)->available, 50 * MIB);
    CU_ASSERT_EQUAL(of(1)->swap_used, 0);
    round_result_free(&result);
    put_number(1, "data/swap_total", FIGURES_MOST_KIB);
    put_number(1, "data/swap_free", 0);
    CU_ASSERT_EQUAL_FATAL(once(true), 0);
    CU_ASSERT_EQUAL(of(1)->swap_used, FIGURES_MOST_KIB);
    CU_ASSERT_EQUAL(of(1)->need, 1024 * MIB);
    round_result_free(&result);
}

static void test_fresh(void)
{
    struct figures_history h = {.known = false};
    struct figures f = {.there = true, .stamp = "1000000"};
    static const char *const senseless[] = {
        "",       "x", "1000061", "-1", "1e3", "99999999999999999999", "Fri Nov 20 10:00:00 2026",
        "999999 "};

    /* at first sight it is as old as it says */
    CU_ASSERT_TRUE(figures_fresh(&h, &f, 5000, 1000000 + FIGURES_FRESH_SECONDS));
    CU_ASSERT_FALSE(
        figures_fresh(&h, &f, 5001, 1000000)); /* and what it says does not matter then */
    strcpy(f.stamp, "7");
    CU_ASSERT_TRUE(figures_fresh(&h, &f, 6000, 1000000)); /* it changed: now */
    CU_ASSERT_TRUE(figures_fresh(&h, &f, 6000 + FIGURES_FRESH_SECONDS, 0));
    CU_ASSERT_FALSE(figures_fresh(&h, &f, 6001 + FIGURES_FRESH_SECONDS, 0));
    f.there = false;
    CU_ASSERT_FALSE(figures_fresh(&h, &f, 6000, 1000000));
    f.there = true;
    h.known = false;
    strcpy(f.stamp, "1000000");
    CU_ASSERT_FALSE(figures_fresh(&h, &f, 5000, 1000001 + FIGURES_FRESH_SECONDS));
    h.known = false;
    CU_ASSERT_TRUE(figures_fresh(&h, &f, 5000, 1000000 - 60)); /* its clock is ahead, a little */
    for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
        h.known = false;
        memset(f.stamp, 0, sizeof(f.stamp));
        strcpy(f.stamp, senseless[i]);
        CU_ASSERT_FALSE(figures_fresh(&h, &f, 5000, 1000000));
        f.stamp[sizeof(f.stamp) - 2] =
            '!'; /* other reporters write a date: that it changes counts */
        CU_ASSERT_TRUE(figures_fresh(&h, &f, 5001, 1000000));
    }
}

/* A long stamp is cut, one with a NUL inside is as good as any. */
static void test_stamps(void)
{
    struct figures f;
    char text[300];

    clear();
    vps(1, 256, 128, 1024, 100);
    memset(text, '9', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    put(1, "data/updated", text);
    CU_ASSERT_EQUAL(figures_read((struct store *)&values, 1, &f), 0);
    CU_ASSERT_TRUE(f.there);
    CU_ASSERT_EQUAL(strlen(f.stamp), FIGURES_STAMP_MAX - 1);
    values[nr_values - 1].len = 0;
    CU_ASSERT_EQUAL(figures_read((struct store *)&values, 1, &f), 0);
    CU_ASSERT_TRUE(f.there);
    CU_ASSERT_EQUAL(strlen(f.stamp), 0);
    nr_values--; /* it is the last one */
    CU_ASSERT_EQUAL(figures_read((struct store *)&values, 1, &f), 0);
    CU_ASSERT_FALSE(f.there);
}

/* A store or a hypervisor that is not there ends the round, and the next one tries anew. */
static void test_trouble(void)
{
    struct balancer *b = balancer_new("/made/up", 0, say);

    clear();
    vps(1, 256, 128, 1024, 0);
    free_kib = 8 * MIB;
    hypervisor_down = true;
    CU_ASSERT_EQUAL(balancer_round(b, false, &result), -1);
    hypervisor_down = false;
    store_down = true;
    CU_ASSERT_EQUAL(balancer_round(b, false, &result), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "cannot connect to the store at /made/up"));
    store_down = false;
    for (size_t i = 0; i < 3; i++) {
        store_error = (int[]){-ECONNRESET, -EPROTO, -ETIMEDOUT}[i];
        CU_ASSERT_EQUAL(balancer_round(b, false, &result), -1);
        CU_ASSERT_EQUAL(open_stores + open_handles, 0);
    }
    CU_ASSERT_STRING_EQUAL(set_log, "");
    store_error = 0;
    CU_ASSERT_EQUAL(balancer_round(b, false, &result), 0);
    CU_ASSERT_STRING_EQUAL(set_log, "1:270336 ");
    round_result_free(&result);
    CU_ASSERT_EQUAL(open_stores + open_handles, 2);
    refuses_id = 1; /* perhaps for a connection that broke */
    CU_ASSERT_EQUAL(balancer_round(b, false, &result), 0);
    CU_ASSERT_EQUAL(open_stores + open_handles, 0);
    round_result_free(&result);
    refuses_id = UINT32_MAX;
    CU_ASSERT_EQUAL(balancer_round(b, false, &result), 0);
    CU_ASSERT_STRING_EQUAL(set_log, "1:270336 1:270336 ");
    round_result_free(&result);
    balancer_free(b);
    CU_ASSERT_EQUAL(open_stores + open_handles, 0);
}

/* A balloon that moves is waited for; one that stands still is not counted upon. */
static void test_settling(void)
{
    struct balancer *b = balancer_new("/made/up", 0, say);
    static const struct {
        uint64_t has, target;
        bool settling;
    } rounds[] = {
        {512, 512, false}, {512, 480, true}, {512, 480, false}, {500, 480, true}, {480, 480, false},
    };

    clear();
    vps(1, 512, 128, 1024, 100);
    for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
        vpses[1].memory_kib = rounds[i].has * MIB;
        put_number(1, "memory/target", rounds[i].target * MIB);
        CU_ASSERT_EQUAL_FATAL(balancer_round(b, true, &result), 0);
        CU_ASSERT_EQUAL(of(1)->settling, rounds[i].settling);
        round_result_free(&result);
    }
    /* another VPS under the same id is not that one */
    vpses[1].memory_kib = 600 * MIB;
    strcpy(vpses[1].uuid, "uuid-other");
    put_number(1, "memory/target", 400 * MIB);
    CU_ASSERT_EQUAL_FATAL(balancer_round(b, true, &result), 0);
    CU_ASSERT_FALSE(of(1)->settling);
    round_result_free(&result);
    balancer_free(b);
}

static void test_json(void)
{
    json_t *root, *list, *one;
    char *text;

    clear();
    vps(1, 256, 128, 1024, 0);
    strcpy(vpses[1].name, "b\xff"
                          "d"); /* not given by us */
    free_kib = 8 * MIB;
    CU_ASSERT_EQUAL_FATAL(once(true), 0);
    text = round_json(&result);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    root = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(root, "free_kib")), 8192);
    list = json_object_get(root, "vps");
    CU_ASSERT_EQUAL_FATAL(json_array_size(list), 1);
    one = json_array_get(list, 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(one, "reason")), "grown");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(one, "name")), "");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(one, "new_target_kib")), 270336);
    CU_ASSERT_TRUE(json_is_true(json_object_get(one, "takes_part")));
    json_decref(root);
    free(text);
    round_result_free(&result);
}

static CU_TestInfo tests[] = {
    {"memory moves, down before up", test_moves},
    {"who takes part", test_who_takes_part},
    {"reports of any text", test_hostile_text},
    {"figures that cannot be", test_figures_that_cannot_be},
    {"fresh and stale", test_fresh},
    {"stamps", test_stamps},
    {"no store, no hypervisor", test_trouble},
    {"balloons on their way", test_settling},
    {"JSON", test_json},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("balloond rounds", tests);
}
