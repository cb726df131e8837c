/* SPDX-License-Identifier: MIT */
/*
 * The load guest: a VPS that does one thing for ever on each of its vCPUs, counts it, and says how often when it is
 * asked. Words on its command line choose:
 *
 *   load=OPERATION   repeats it (operations.c has the list); spin is the default
 *   load=idle        sleeps for good
 *   load=wake        sleeps on a timer, each period=US, and computes for work=US of CPU time; records how late it woke
 *   load=nap         computes for work=US, then sleeps for period=US
 *   cpus=N           on so many vCPUs; all of them where it is not said
 *
 * It tells when control/load in the store is written, and answers in data/load:
 *   WORD NOW-NS OPERATIONS UPCALLS WAKES MEAN MEDIAN 99% WORST MISSED      (all times in ns)
 * WORD is what was written; where it begins with "reset" the wake-ups are counted from then on.
 */
#include <public/sched.h>

#include "load.h"
#include "store.h"

const char test_title[] = "load: a VPS that keeps its vCPUs busy";

static struct pv_store store;
static const struct load_operation *operation;
static bool waking, napping;
static uint64_t period = 10000 * US, work = 500 * US;

/* Copies the value of "key=" from the command line; false, and an empty text, where it is not there. */
static bool option(const char *key, char *value, size_t room)
{
    const char *p = (const char *)start_info->cmd_line, *limit = p + MAX_GUEST_CMDLINE;
    size_t key_len = strlen(key), len = 0;
    bool word = true, found = false;

    for (; p < limit && *p && !found; word = *p == ' ', p++)
        if (word && !strncmp(p, key, key_len)) {
            found = true;
            p += key_len - 1;
        }
    while (found && p < limit && *p && *p != ' ' && len < room - 1)
        value[len++] = *p++;
    value[len] = '\0';
    return found;
}

static uint64_t number(const char *key, uint64_t otherwise)
{
    char text[24];
    uint64_t n = 0;

    if (!option(key, text, sizeof(text)))
        return otherwise;
    for (const char *c = text; *c >= '0' && *c <= '9'; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    return n;
}

static size_t text_of(char *to, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static size_t text_of(char *to, size_t room, const char *format, ...)
{
    va_list args;
    size_t len;

    va_start(args, format);
    len = format_text(to, room, format, args);
    va_end(args);
    return len < room ? len : room;
}

static void answer(void)
{
    char word[32], text[256];
    struct load_wakes wakes;
    uint64_t operations = 0, upcalls = 0;
    size_t len;

    if (pv_store_read(&store, "control/load", word, sizeof(word)) <= 0)
        return;
    if (!strncmp(word, "reset", 5))
        load_wakes_reset();
    for (unsigned int i = 0; i < load_cpus; i++) {
        operations += load_cpu[i].operations;
        upcalls += load_cpu[i].upcalls;
    }
    load_wakes_get(&wakes);
    len = text_of(text, sizeof(text), "%s %lu %lu %lu %lu %lu %lu %lu %lu %lu", word, time_now(),
                  operations, upcalls, wakes.count, wakes.mean_ns, wakes.half_ns, wakes.most_ns,
                  wakes.worst_ns, wakes.missed);
    pv_store_write(&store, "data/load", text, len);
}

/* Between two operations: has somebody asked? */
static void look(void)
{
    struct pv_store_event event;

    if (!event_pending(store.port))
        return;
    event_clear(store.port);
    while (pv_store_next_event(&store, &event) == 1)
        answer();
}

static void __attribute__((noreturn)) idle(void)
{
    for (;;)
        hypercall_sched_op(SCHEDOP_block, NULL);
}

static void run(struct load_cpu *cpu)
{
    load_upcalls_on(cpu);
    for (;; cpu->operations++) {
        if (waking)
            load_wake_round(cpu, period, work);
        else if (napping)
            load_nap_round(cpu, period, work);
        else
            operation->once(cpu);
        if (!cpu->id)
            look();
    }
}

void test_main(void)
{
    char name[32];

    if (guest_is_dom0())
        report_skip("this guest is a VPS");
    if (!option("load=", name, sizeof(name)))
        memcpy(name, "spin", 5);
    if (!strcmp(name, "idle")) {
        print("load: idle\n");
        load_cpus_init(1); /* an event from before the ports were masked may still bring one upcall */
        idle();
    }
    waking = !strcmp(name, "wake");
    napping = !strcmp(name, "nap");
    operation = load_operation_find(name);
    if (!operation && !waking && !napping)
        report_error("load=%s is no operation", name);
    period = number("period=", period / US) * US;
    work = number("work=", work / US) * US;
    load_cpus_init((unsigned int)number("cpus=", 0));
    if (!pv_store_init(&store) || pv_store_watch(&store, "control/load", "load"))
        report_error("no store");
    for (unsigned int i = 0; i < load_cpus; i++)
        if (waking || napping)
            load_bind_timer(&load_cpu[i]);
        else if (operation->prepare)
            operation->prepare(&load_cpu[i]);
    print("load: %s on %u vCPUs\n", name, load_cpus);
    for (unsigned int i = 1; i < load_cpus; i++)
        load_cpu_start(&load_cpu[i], run);
    run(&load_cpu[0]);
}
