/* SPDX-License-Identifier: MIT */
/*
 * Grants of version 1 as a test sees them: the guest's own table, an entry, a mapping of one that it gave itself or got.
 */
#ifndef GUEST_GRANT_H
#define GUEST_GRANT_H

#include <public/grant_table.h>

#include "guest.h"

/* The guest's grant table: its first frame, mapped here once grant_table_map() has returned. */
extern volatile struct grant_entry_v1 *own_grants;
void grant_table_map(void);

/* Lets domain `to` have the frame of `page`: the flags come last, since they are what makes the entry count. */
void grant_give(unsigned int ref, uint16_t flags, domid_t to, const void *page);

/* Maps what `dom` gave under `ref`; .status and .handle are the answer. The call itself must not fail. */
struct gnttab_map_grant_ref grant_map(unsigned int ref, uint32_t flags, uint64_t at, domid_t dom);

/* GNTST_*. */
int grant_unmap(uint64_t at, grant_handle_t handle);

#endif
