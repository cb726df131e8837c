/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors of guests: which are allowed (code and data of privilege 3, no gates, no system
 * descriptors; not present is fine), the running vcpu's GDT and LDT in its CPU's window, selectors.
 */
#ifndef PV_DESCRIPTOR_H
#define PV_DESCRIPTOR_H

#include "lib/types.h"

struct vcpu;

/* May a guest have this 8-byte descriptor? */
bool descriptor_ok(u64 descriptor);
/* As it then stands: present ones get privilege 3, whatever the guest's kernel wrote (Linux writes 0). */
u64 descriptor_adjust(u64 descriptor);
/* All 512 of a page, adjusted in place if all are right; called by memory/frame.c while nobody can write the page. */
bool descriptor_page_ok(u64 *page);
/* A selector that a guest's kernel may have as code (RPL 3 forced by the caller). */
bool selector_guest_code_ok(u16 selector);

/* do_set_gdt: frames checked and held, old ones let go. v current or not running. */
int descriptor_set_gdt(struct vcpu *v, const u64 *frames, u32 entries);
void descriptor_drop_gdt(struct vcpu *v);
/* MMUEXT_SET_LDT: pages are looked up and checked when first used. 0 or -EINVAL. */
int descriptor_set_ldt(struct vcpu *v, u64 base, u32 entries);
void descriptor_drop_ldt(struct vcpu *v);
/* A #PF in the LDT window: map that page of the guest's LDT. true: retry the instruction. */
bool descriptor_ldt_fault(struct vcpu *v, u64 offset);
/* Puts v's tables into this CPU's window and loads LDTR; and takes v's LDT out of it again. */
void descriptor_load_window(struct vcpu *v);
void descriptor_unload_window(struct vcpu *v);
/* update_descriptor: machine address of an 8-byte slot in a frame of the domain. */
int descriptor_update(struct vcpu *v, maddr_t slot, u64 value);

#endif
