/* SPDX-License-Identifier: MIT */
/* An old name of <xenstore.h>, for programs that still use it. */
#include <xenstore.h>
