/* SPDX-License-Identifier: MIT */
/*
 * The table of domains: how one is found, made and unmade, with all of its parts real. What two CPUs do at once is played
 * here by what "the others" do while one waits for all of them.
 */
#include <stdlib.h>

#include "boot/boot.h"
#include "hv/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "pv/context.h"
#include "suite.h"

int pirq_domain_init(struct domain *d)
{
    (void)d;
    return 0;
}

void pirq_domain_destroy(struct domain *d)
{
    (void)d;
}

int pv_vcpu_init(struct vcpu *v)
{
    v->pv.fpu = alloc_page();
    return v->pv.fpu ? 0 : -ENOMEM;
}

void pv_vcpu_destroy(struct vcpu *v)
{
    free_page(v->pv.fpu);
}

void machine_poweroff(void)
{
    abort();
}

void machine_reboot(void)
{
    abort();
}

static struct domain *make(u32 vcpus)
{
    const struct domain_limits limits = {.vcpus = vcpus, .grant_frames = -1, .maptrack_frames = -1};
    struct domain *d;

    CU_ASSERT_EQUAL_FATAL(domain_create(DOMID_INVALID, &limits, false, &d), 0);
    for (u32 i = 0; i < vcpus; i++)
        CU_ASSERT_EQUAL_FATAL(vcpu_create(d, i), 0);
    d->max_pages = 1000;
    return d;
}

static void kill(struct domain *d)
{
    while (domain_kill(d) == -ERESTART)
        ;
}

static void test_find(void)
{
    struct domain *d = make(1), *found;
    u32 refs = d->refs;

    found = domain_find(d->id);
    CU_ASSERT(found == d && d->refs == refs + 1);
    domain_put(found);
    d->made = false; /* not whole yet: nobody may find it */
    CU_ASSERT_PTR_NULL(domain_find(d->id));
    CU_ASSERT_PTR_NULL(domain_next(d->id));
    d->made = true;
    CU_ASSERT_PTR_NULL(domain_find((u16)(d->id + 1)));
    CU_ASSERT_PTR_NULL(domain_find(DOMID_IO));
    found = domain_find(DOMID_SELF);
    CU_ASSERT_PTR_EQUAL(found, current_vcpu()->domain);
    domain_put(found);
    kill(d);
    found = domain_find(d->id); /* dead, but there as long as somebody has a reference */
    CU_ASSERT_PTR_EQUAL(found, d);
    domain_put(found);
    domain_put(d);
}

/* Everything a domain took comes back when it goes. */
static void test_gone(void)
{
    u64 before = alloc_free_frames();
    struct domain *d[3];

    for (u32 i = 0; i < 3; i++)
        d[i] = make(i + 1);
    CU_ASSERT(d[0]->id != d[1]->id && d[1]->id != d[2]->id);
    for (u32 i = 0; i < 20; i++)
        CU_ASSERT_FALSE(mfn_eq(frame_alloc(d[1], i % 3, 0, 0), INVALID_MFN));
    for (u32 i = 0; i < 3; i++) {
        kill(d[i]);
        domain_put(d[i]);
    }
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
}

static struct domain *looked_at;
static u64 free_before;
static u32 waits;

/* Another CPU has read the table just before the domain left it: it comes to its count only now. */
static void late_lookup(void)
{
    waits++;
    CU_ASSERT_EQUAL(alloc_free_frames(), free_before); /* nothing of it may be freed yet */
    CU_ASSERT_EQUAL(looked_at->refs, 0);               /* so there is nothing to count */
    CU_ASSERT_PTR_NULL(domain_find(looked_at->id));    /* and who looks from now on does not see it */
    CU_ASSERT_PTR_NULL(domain_next(looked_at->id));
}

static void test_late_lookup(void)
{
    struct domain *d = make(2);

    kill(d);
    looked_at = d;
    free_before = alloc_free_frames();
    waits = 0;
    host_wait_all = late_lookup;
    domain_put(d);
    host_wait_all = NULL;
    CU_ASSERT_EQUAL(waits, 1);
    CU_ASSERT(alloc_free_frames() > free_before);
}

static void prepare(void)
{
    host_start(2);
    host_run_as(dom0->vcpu[0]);
}

static CU_TestInfo tests[] = {
    {"found, and counted", test_find},
    {"gone, with all it had", test_gone},
    {"looked for as it goes", test_late_lookup},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    prepare();
    return suite_run("domain", tests);
}
