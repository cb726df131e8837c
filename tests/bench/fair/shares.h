/* SPDX-License-Identifier: MIT */
/*
 * What weights, caps, vCPUs and affinity promise: the shares of CPU time that a fair scheduler gives to
 * domains that all want more than there is. Arithmetic only: it knows no hypervisor.
 */
#ifndef FAIR_SHARES_H
#define FAIR_SHARES_H

#include <stdint.h>

#define SHARES_CPUS 8 /* every subset of the CPUs is looked at */

struct share_claim {
    double weight; /* above 0; a domain's, however many vCPUs it has */
    double cap;    /* CPUs; 0: none */
    double wants;  /* CPUs; below 0: all that it can get */
    unsigned int vcpus;
    uint64_t cpus; /* a mask: where its vCPUs may run */
};

/*
 * Writes to share[i], in CPUs, what claim i gets of `cpus` CPUs (1 to SHARES_CPUS). All shares grow in proportion to
 * the weights; a claim stops growing where its cap, its wish or its vCPUs end, or where the CPUs that it
 * may use are full (which they are when the claims that may use no others fill them). So nobody can
 * get more without someone else, who has no more for his weight, getting less.
 */
void shares_fill(const struct share_claim *claims, unsigned int count, unsigned int cpus,
                 double *share);

#endif
