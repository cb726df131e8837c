/* SPDX-License-Identifier: MIT */
/* The fairness table's arithmetic: what weights, caps, vCPUs and affinity promise. */
#include <math.h>

#include "shares.h"
#include "suite.h"

#define ALL      (~0ull)
#define BUSY     (-1.0)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void expect(const struct share_claim *claims, unsigned int count, unsigned int cpus,
                   const double *wanted)
{
    double share[16];

    shares_fill(claims, count, cpus, share);
    for (unsigned int i = 0; i < count; i++) {
        if (fabs(share[i] - wanted[i]) > 1e-6)
            printf("\n    claim %u of %u gets %f, not %f", i, count, share[i], wanted[i]);
        CU_ASSERT_DOUBLE_EQUAL(share[i], wanted[i], 1e-6);
    }
}
#define EXPECT(claims, cpus, ...) expect(claims, COUNT(claims), cpus, (const double[]){__VA_ARGS__})

static void weights(void)
{
    const struct share_claim equal[] = {
        {256, 0, BUSY, 1, ALL}, {256, 0, BUSY, 1, ALL}, {256, 0, BUSY, 1, ALL}};
    const struct share_claim steps[] = {
        {256, 0, BUSY, 2, ALL}, {512, 0, BUSY, 2, ALL}, {1024, 0, BUSY, 2, ALL}};
    const struct share_claim alone[] = {{1, 0, BUSY, 4, ALL}};

    EXPECT(equal, 2, 2.0 / 3, 2.0 / 3, 2.0 / 3);
    EXPECT(equal, 1, 1.0 / 3, 1.0 / 3, 1.0 / 3);
    EXPECT(equal, 4, 1, 1, 1);
    EXPECT(steps, 2, 2.0 / 7, 4.0 / 7, 8.0 / 7);
    EXPECT(alone, 2, 2);
}

/* A weight is a VPS's, not a vCPU's; but one vCPU cannot use more than one CPU. */
static void vcpus(void)
{
    const struct share_claim mixed[] = {
        {256, 0, BUSY, 1, ALL}, {256, 0, BUSY, 4, ALL}, {256, 0, BUSY, 1, ALL}};
    const struct share_claim heavy[] = {
        {1024, 0, BUSY, 1, ALL}, {256, 0, BUSY, 1, ALL}, {256, 0, BUSY, 1, ALL}};

    EXPECT(mixed, 2, 2.0 / 3, 2.0 / 3, 2.0 / 3);
    EXPECT(mixed, 4, 1, 2, 1);
    EXPECT(heavy, 2, 1, 0.5, 0.5);
}

static void caps_and_wishes(void)
{
    const struct share_claim capped[] = {
        {256, 0.25, BUSY, 1, ALL}, {256, 1.5, BUSY, 2, ALL}, {256, 0, BUSY, 2, ALL}};
    const struct share_claim lone[] = {{256, 1.5, BUSY, 2, ALL}};
    const struct share_claim dom0[] = {
        {2048, 0, 0.1, 2, ALL}, {256, 0, BUSY, 1, ALL}, {256, 0, 0.05, 1, ALL}};

    EXPECT(capped, 2, 0.25, 0.875, 0.875);
    EXPECT(lone, 2, 1.5);
    EXPECT(dom0, 1, 0.1, 0.85, 0.05);
    EXPECT(dom0, 2, 0.1, 1, 0.05);
}

static void affinity(void)
{
    const struct share_claim pinned[] = {
        {256, 0, BUSY, 1, 1}, {256, 0, BUSY, 1, 1}, {256, 0, BUSY, 1, 2}, {256, 0, BUSY, 1, ALL}};
    const struct share_claim crowd[] = {
        {256, 0, BUSY, 1, 1}, {256, 0, BUSY, 1, 1}, {256, 0, BUSY, 1, 1}, {256, 0, BUSY, 2, ALL}};
    const struct share_claim chain[] = {
        {256, 0, BUSY, 2, 3}, {256, 0, BUSY, 2, 6}, {256, 0, BUSY, 1, 2}};

    EXPECT(pinned, 2, 0.5, 0.5, 0.5, 0.5);
    EXPECT(crowd, 2, 1.0 / 3, 1.0 / 3, 1.0 / 3, 1);
    EXPECT(chain, 3, 1, 1, 1);
}

static CU_TestInfo tests[] = {
    {"in proportion to weights", weights},
    {"one weight for a VPS, however many vCPUs", vcpus},
    {"caps, and who wants less", caps_and_wishes},
    {"within affinity", affinity},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("shares", tests);
}
