/* SPDX-License-Identifier: MIT */
/*
 * Included before every file of ring 0 (by hypervisor/build.mk): makes all declarations hidden, so that the
 * compiler reaches each symbol relative to RIP and never through a table. It must hold nothing else.
 */
#ifndef LIB_VISIBILITY_H
#define LIB_VISIBILITY_H
#pragma GCC visibility push(hidden)
#endif
