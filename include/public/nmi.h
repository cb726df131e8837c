/* SPDX-License-Identifier: MIT */
/* nmi_op: a guest's NMI handler, and the reasons in arch_shared_info.nmi_reason. */
#ifndef PUBLIC_NMI_H
#define PUBLIC_NMI_H

#include "types.h"

#define XENNMI_register_callback   0
#define XENNMI_unregister_callback 1

#define XEN_NMIREASON_io_error (1UL << 0)
#define XEN_NMIREASON_pci_serr (1UL << 1)
#define XEN_NMIREASON_unknown  (1UL << 2)

struct xennmi_callback {
    unsigned long handler_address;
    unsigned long pad;
};
typedef struct xennmi_callback xennmi_callback_t;
DEFINE_XEN_GUEST_HANDLE(xennmi_callback_t);

#endif
