/* SPDX-License-Identifier: MIT */
/*
 * Changes a domain while it runs: vcpus, weight, cap, affinity; memory by memory.c. Three steps: lock
 * and look, check everything, then do one thing after the other. What was done is recorded in the
 * VPS's description, so that it holds over a restart, whatever became of the steps after it.
 */
#include "change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool vmctl_cpus_ok(const char *cpus)
{
    struct cpus set;

    return cpus_parse(cpus, &set);
}

bool vmctl_parse_size(const char *text, uint64_t *kib)
{
    static const char letters[] = "kmgt";
    uint64_t number = 0, factor = 1;
    const char *letter;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (number > UINT64_MAX / 100)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    if (*text) {
        letter = strchr(letters, *text | 0x20);
        if (!letter || (text[1] && strcasecmp(text + 1, "ib")))
            return false;
        factor = 1UL << 10 * (letter - letters);
    }
    if (number > (1UL << 44) / factor) /* 16 PiB: no sum of such wraps */
        return false;
    *kib = number * factor;
    return true;
}

static int subject_open(struct vmctl *v, const char *who, struct subject *s)
{
    int ret;

    memset(s, 0, sizeof(*s));
    s->file.fd = -1;
    if (need_store(v) || vmctl_find(v, who, &s->info) || vps_hold(v, &s->info, &s->file) < 0)
        return -1;
    /* it may have started anew before it was locked */
    if (s->info.managed && vmctl_find(v, s->info.name, &s->info))
        return -1;
    s->domid = (domid_t)s->info.domid;
    s->name = s->info.name[0] ? s->info.name : who;
    if (s->info.state >= VMCTL_SHUTDOWN)
        return vmctl_fail(v, "%s is %s: nothing can be set", s->name,
                          vmctl_state_name(s->info.state));
    ret = xen_domain_info(v->xen, s->domid, &s->now);
    if (ret < 0)
        return vmctl_fail(v, "the hypervisor does not tell of %s: %s", s->name, strerror(-ret));
    if (s->file.fd < 0)
        return 0;
    s->config = state_config(v, &s->file);
    return s->config ? 0 : -1;
}

static void subject_close(struct subject *s)
{
    config_free(s->config);
    state_close(&s->file);
}

static unsigned int max_vcpus(const struct subject *s)
{
    return s->config ? s->config->max_vcpus : s->now.max_vcpu_id + 1;
}

/* ---- checks ---- */

/* Fails where the machine lacks one of the CPUs. Every CPU that there can be means "any". */
static int check_cpus(struct vmctl *v, const char *name, unsigned int vcpu, const struct cpus *cpus)
{
    struct xen_sysctl_physinfo info = {0};
    unsigned int beyond;
    int ret;

    if (!cpus || cpus_all(cpus))
        return 0;
    ret = xen_physinfo(v->xen, &info);
    if (ret < 0)
        return vmctl_fail(v, "the hypervisor does not tell of its CPUs: %s", strerror(-ret));
    beyond = cpus_next(cpus, info.max_cpu_id + 1);
    return beyond < CPUS_MAX
               ? vmctl_fail(v,
                            "%s: vcpu %u is to run on CPU %u, which is not there: this machine's "
                            "CPUs are 0 to %u",
                            name, vcpu, beyond, info.max_cpu_id)
               : 0;
}

int tune_check(struct vmctl *v, const struct config *c)
{
    for (unsigned int i = 0; i < c->max_vcpus; i++)
        if (check_cpus(v, c->name, i, config_cpus(&c->cpu, i, false)) ||
            check_cpus(v, c->name, i, config_cpus(&c->cpu, i, true)))
            return -1;
    return 0;
}

static int check_pins(struct vmctl *v, const struct subject *s, const struct vmctl_change *change)
{
    for (size_t i = 0; i < change->nr_pins; i++) {
        const struct vmctl_pin *pin = &change->pins[i];
        struct cpus cpus;

        if (!cpus_parse(pin->cpus, &cpus))
            return vmctl_fail(v, "%s: '%.40s' is not a list of CPUs: write one like 0-3,6", s->name,
                              pin->cpus);
        if (pin->vcpu != VMCTL_ALL_VCPUS &&
            (pin->vcpu < 0 || (unsigned int)pin->vcpu >= max_vcpus(s) ||
             pin->vcpu >= CONFIG_VCPUS_MAX))
            return vmctl_fail(v, "%s has no vcpu %d: its vcpus are 0 to %u", s->name, pin->vcpu,
                              max_vcpus(s) - 1);
        if (check_cpus(v, s->name, pin->vcpu < 0 ? 0 : (unsigned int)pin->vcpu, &cpus))
            return -1;
    }
    return 0;
}

static int check_scheduling(struct vmctl *v, const struct subject *s,
                            const struct vmctl_change *change)
{
    uint16_t weight, cap;
    int ret;

    if (change->what & VMCTL_SET_WEIGHT && (!change->weight || change->weight > CONFIG_WEIGHT_MAX))
        return vmctl_fail(v, "%s: %u is not a weight from 1 to %d", s->name, change->weight,
                          CONFIG_WEIGHT_MAX);
    if (change->what & VMCTL_SET_CAP && change->cap > CONFIG_CAP_MAX)
        return vmctl_fail(v, "%s: %u is not a cap from 1 to %d hundredths of a CPU, or 0 for none",
                          s->name, change->cap, CONFIG_CAP_MAX);
    ret = xen_sched_get(v->xen, s->domid, &weight, &cap);
    return ret < 0 ? vmctl_fail(v, "%s: the hypervisor's scheduler has no weights and caps: %s",
                                s->name, strerror(-ret))
                   : 0;
}

static int check(struct vmctl *v, struct subject *s, const struct vmctl_change *change,
                 struct memory_change *memory)
{
    const unsigned int scheduling = VMCTL_SET_WEIGHT | VMCTL_SET_CAP;

    if (change->what & VMCTL_SET_VCPUS && !change->vcpus)
        return vmctl_fail(v, "%s cannot run without a vcpu: 1 to %u can be online", s->name,
                          max_vcpus(s));
    if (change->what & VMCTL_SET_VCPUS && change->vcpus > max_vcpus(s))
        return vmctl_fail(v, "%s has no more than %u vcpus%s", s->name, max_vcpus(s),
                          s->config ? ": its <vcpu> says so, and it needs to be made anew with "
                                      "another one"
                                    : "");
    if (change->what & scheduling && check_scheduling(v, s, change))
        return -1;
    if (change->what & VMCTL_SET_PINS && check_pins(v, s, change))
        return -1;
    /* the last one: what it claims must not be claimed for a change that is refused */
    return change->what & VMCTL_SET_MEMORY ? memory_plan(v, s, change->memory_kib, memory) : 0;
}

/* ---- doing it ---- */

static int refused(struct vmctl *v, const char *name, const char *what, int ret)
{
    return ret < 0 ? vmctl_fail(v, "%s: the hypervisor refused to set its %s: %s", name, what,
                                strerror(-ret))
                   : 0;
}

/* The weight, or the cap that follows from the description and the number of vcpus, or both. */
static int set_scheduling(struct vmctl *v, struct subject *s, unsigned int weight, bool set_cap,
                          unsigned int cap)
{
    int ret =
        xen_sched_set(v->xen, s->domid, (uint16_t)weight, set_cap ? (uint16_t)cap : XEN_KEEP_CAP);

    return refused(v, s->name, "weight and cap", ret);
}

static int apply_scheduling(struct vmctl *v, struct subject *s, const struct vmctl_change *change)
{
    unsigned int weight = change->what & VMCTL_SET_WEIGHT ? change->weight : 0;
    bool set_cap = change->what & VMCTL_SET_CAP;

    if (set_scheduling(v, s, weight, set_cap, change->cap))
        return -1;
    if (s->config && weight)
        s->config->cpu.weight = weight;
    if (s->config && set_cap) {
        s->config->cpu.cap = change->cap;
        s->config->cpu.quota = 0;
    }
    s->edited = true;
    return 0;
}

static int set_cpus(struct vmctl *v, const char *name, domid_t domid, unsigned int vcpu, bool soft,
                    const struct cpus *cpus)
{
    struct cpus any;
    int ret;

    _Static_assert(CPUS_MAX == XEN_CPUS_MAX, "one size of CPU sets");
    cpus_fill(&any);
    ret = xen_set_affinity(v->xen, domid, vcpu, soft, cpus ? cpus->bits : any.bits);
    return refused(v, name, soft ? "soft affinity" : "affinity", ret);
}

/* Enters a pin into what the description says. */
static void edit_pin(struct config_cpu *cpu, const struct vmctl_pin *pin)
{
    struct cpus *all = pin->soft ? &cpu->soft_all : &cpu->hard_all;
    struct cpus *own = pin->soft ? cpu->soft : cpu->hard;
    static const struct cpus none;
    struct cpus cpus;

    if (!cpus_parse(pin->cpus, &cpus))
        return;
    if (pin->vcpu == VMCTL_ALL_VCPUS) {
        memset(own, 0, CONFIG_VCPUS_MAX * sizeof(*own));
        *all = cpus_all(&cpus) ? none : cpus;
    } else {
        own[pin->vcpu] = cpus_all(&cpus) && cpus_empty(all) ? none : cpus;
    }
}

static int apply_pins(struct vmctl *v, struct subject *s, const struct vmctl_change *change)
{
    for (size_t i = 0; i < change->nr_pins; i++) {
        const struct vmctl_pin *pin = &change->pins[i];
        unsigned int first = pin->vcpu < 0 ? 0 : (unsigned int)pin->vcpu;
        unsigned int end = pin->vcpu < 0 ? max_vcpus(s) : first + 1;
        struct cpus cpus;

        cpus_parse(pin->cpus, &cpus);
        for (unsigned int vcpu = first; vcpu < end; vcpu++)
            if (set_cpus(v, s->name, s->domid, vcpu, pin->soft, &cpus))
                return -1;
        if (s->config)
            edit_pin(&s->config->cpu, pin);
        s->edited = true;
    }
    return 0;
}

/* The guest watches these nodes, and reads them when it starts. */
static int write_vcpus(struct vmctl *v, const struct subject *s, unsigned int vcpus)
{
    char path[64];
    store_txn txn;
    int ret;

    do {
        ret = store_txn_start(v->store, &txn);
        if (ret)
            break;
        for (unsigned int i = 0; i < max_vcpus(s) && !ret; i++) {
            snprintf(path, sizeof(path), "/local/domain/%u/cpu/%u/availability", s->domid, i);
            ret = store_printf(v->store, txn, path, "%s", i < vcpus ? "online" : "offline");
        }
        if (ret)
            store_txn_end(v->store, txn, false);
        else
            ret = store_txn_end(v->store, txn, true);
    } while (ret == -EAGAIN);
    return ret ? vmctl_fail(v, "%s: cannot write its vcpus to the store: %s", s->name,
                            strerror(-ret))
               : 0;
}

static int apply_vcpus(struct vmctl *v, struct subject *s, const struct vmctl_change *change)
{
    if (write_vcpus(v, s, change->vcpus))
        return -1;
    if (!s->config)
        return 0;
    s->config->vcpus = change->vcpus;
    s->edited = true;
    /* a quota is each vcpu's: with their number, the sum changes */
    return s->config->cpu.quota
               ? set_scheduling(v, s, 0, true, config_cap(&s->config->cpu, change->vcpus))
               : 0;
}

static int apply(struct vmctl *v, struct subject *s, const struct vmctl_change *change,
                 struct memory_change *memory)
{
    char done[64] = "";
    int ret = 0;

    if (change->what & (VMCTL_SET_WEIGHT | VMCTL_SET_CAP)) {
        ret = apply_scheduling(v, s, change);
        if (!ret)
            strcat(done, ", scheduling");
    }
    if (!ret && change->what & VMCTL_SET_PINS) {
        ret = apply_pins(v, s, change);
        if (!ret)
            strcat(done, ", affinity");
    }
    if (!ret && change->what & VMCTL_SET_VCPUS) {
        ret = apply_vcpus(v, s, change);
        if (!ret)
            strcat(done, ", vcpus");
    }
    if (change->what & VMCTL_SET_MEMORY) {
        if (ret)
            memory_undo(v, s, memory);
        else
            ret = memory_ask(v, s, memory);
    }
    if (ret && done[0]) {
        char why[sizeof(v->error)];

        strcpy(why, v->error);
        vmctl_fail(v, "%.560s (partly done: %s)", why, done + 2);
    }
    return ret;
}

/* Writes down what was done, so that the next start does it too. */
static void record(struct vmctl *v, struct subject *s)
{
    char error[sizeof(v->error)];

    if (!s->config || !s->edited)
        return;
    strcpy(error, v->error);
    if (state_update(v, &s->file, s->config))
        vmctl_warn(v, "%s: a restart will undo this change, since it cannot be recorded: %s",
                   s->name, v->error);
    strcpy(v->error, error);
}

/* Waits for the memory that was asked for; where it stops short, asks no longer, and says so. */
static int wait_memory(struct vmctl *v, const struct subject *asked, const struct memory_change *m,
                       int timeout_ms, uint64_t *reached_kib)
{
    int ret = memory_wait(v, asked, m, timeout_ms, reached_kib);
    char who[16];
    struct subject s;

    if (ret <= 0)
        return ret;
    snprintf(who, sizeof(who), "%u", asked->domid);
    ret = subject_open(v, who, &s);
    if (!ret && memcmp(s.now.handle, asked->now.handle, sizeof(s.now.handle)))
        ret = vmctl_fail(v, "%s ended while its memory was being changed", asked->name);
    if (!ret) {
        *reached_kib = s.now.tot_pages * 4;
        ret = memory_stop(v, &s, m);
        record(v, &s);
    }
    subject_close(&s);
    return ret;
}

int vmctl_set(struct vmctl *v, const char *who, const struct vmctl_change *change,
              uint64_t *reached_kib)
{
    struct memory_change memory;
    uint64_t reached;
    struct subject s;
    int ret;

    ret = subject_open(v, who, &s);
    if (!ret)
        ret = check(v, &s, change, &memory);
    if (!ret)
        ret = apply(v, &s, change, &memory);
    record(v, &s);
    subject_close(&s);
    reached = s.now.tot_pages * 4;
    if (!ret && change->what & VMCTL_SET_MEMORY)
        ret = wait_memory(v, &s, &memory, change->timeout_ms, &reached);
    if (reached_kib && change->what & VMCTL_SET_MEMORY)
        *reached_kib = reached;
    return ret;
}

int tune_new(struct vmctl *v, domid_t domid, const struct config *c)
{
    unsigned int cap = config_cap(&c->cpu, c->vcpus);
    int ret;

    if (c->cpu.weight || cap) {
        ret = xen_sched_set(v->xen, domid, (uint16_t)c->cpu.weight, (uint16_t)cap);
        if (ret < 0)
            return refused(v, c->name, "weight and cap", ret);
    }
    for (unsigned int i = 0; i < c->max_vcpus; i++) {
        const struct cpus *hard = config_cpus(&c->cpu, i, false);
        const struct cpus *soft = config_cpus(&c->cpu, i, true);

        if ((hard && set_cpus(v, c->name, domid, i, false, hard)) ||
            (soft && set_cpus(v, c->name, domid, i, true, soft)))
            return -1;
    }
    return 0;
}

int vmctl_set_vcpus(struct vmctl *v, const char *who, unsigned int vcpus)
{
    const struct vmctl_change change = {.what = VMCTL_SET_VCPUS, .vcpus = vcpus};

    return vmctl_set(v, who, &change, NULL);
}

int vmctl_set_scheduling(struct vmctl *v, const char *who, unsigned int weight, unsigned int cap)
{
    const struct vmctl_change change = {
        .what = VMCTL_SET_WEIGHT | VMCTL_SET_CAP,
        .weight = weight,
        .cap = cap,
    };

    return vmctl_set(v, who, &change, NULL);
}

int vmctl_set_affinity(struct vmctl *v, const char *who, const struct vmctl_pin *pins,
                       size_t nr_pins)
{
    const struct vmctl_change change = {
        .what = VMCTL_SET_PINS,
        .pins = pins,
        .nr_pins = nr_pins,
    };

    return vmctl_set(v, who, &change, NULL);
}

int vmctl_set_memory(struct vmctl *v, const char *who, uint64_t kib, int timeout_ms,
                     uint64_t *reached_kib)
{
    const struct vmctl_change change = {
        .what = VMCTL_SET_MEMORY,
        .memory_kib = kib,
        .timeout_ms = timeout_ms,
    };

    return vmctl_set(v, who, &change, reached_kib);
}
