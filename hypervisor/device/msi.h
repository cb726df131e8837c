/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts: the message that makes a device raise a vector, in its MSI capability or
 * MSI-X table.
 */
#ifndef DEVICE_MSI_H
#define DEVICE_MSI_H

#include "lib/types.h"

struct msi {
    u16 bdf;
    bool msix;
    u8 vector;
    volatile u32 *slot;    /* MSI-X: the mapped entry */
    u32 capability;
};

/* Programs one; entry: of the MSI-X table. It is masked where the device can. 0, -ENODEV (no such capability), -EINVAL (no
 * such entry), -ENOMEM. */
int msi_setup(struct msi *m, u16 bdf, bool msix, u32 entry, u8 vector, u32 apic_id);
void msi_mask(struct msi *m, bool masked);
/* Writes the message again (after dom0 reset the device). */
void msi_restore(struct msi *m, u32 apic_id);
void msi_teardown(struct msi *m);

#endif
