/* SPDX-License-Identifier: MIT */
/* An old name of <xenstore_lib.h>, for programs that still use it. */
#include <xenstore_lib.h>
