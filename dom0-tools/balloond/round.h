/* SPDX-License-Identifier: MIT */
/*
 * One round of the balancer: what the hypervisor, the store and the VPSes say goes into the policy,
 * and what it decides comes out as new targets. It must never change anything in a dry run, and never
 * touch a VPS that has no guaranteed minimum: that is how a VPS is kept out of it.
 */
#ifndef BALLOOND_ROUND_H
#define BALLOOND_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figures.h"
#include "policy.h"
#include "vmctl.h"

/* A domain as a round sees it. */
struct round_vps {
    struct vmctl_info info;
    struct figures figures;
    struct policy_vps
        policy; /* a copy of its entry in the policy's list, filled when it has decided */
};

struct round_result {
    struct policy_node node;
    uint64_t claimed_kib;
    struct round_vps *vps;
    size_t count;
    size_t moved;  /* targets set, or, in a dry run, to be set */
    size_t failed; /* targets that could not be set */
};

struct balancer; /* the connections, and what was seen in earlier rounds */

/* Gets a line about each target that was set, and about each thing that went wrong. */
typedef void (*round_say_fn)(bool problem, const char *line);

/* NULL: out of memory. store: the store's socket, NULL for the usual one. */
struct balancer *balancer_new(const char *store, uint64_t reserve_kib, round_say_fn say);
void balancer_free(struct balancer *b);

/* Opens all that a round needs. -1: said why. */
int balancer_connect(struct balancer *b);

/* Closes it: a process that forks opens it anew. */
void balancer_disconnect(struct balancer *b);

/*
 * Looks, decides, and sets targets unless dry. -1: the node could not be looked at (said why; what is
 * open was closed, the next round opens it again). *result is filled on success and freed with
 * round_result_free().
 */
int balancer_round(struct balancer *b, bool dry, struct round_result *result);
void round_result_free(struct round_result *result);

/* The decision as JSON text that ends in a newline, freed with free(); NULL: out of memory. */
char *round_json(const struct round_result *result);

#endif
