/* SPDX-License-Identifier: MIT */
/* An old name of <xenstore_lib.h>, for programs that still use it. */
#warning xs_lib.h is deprecated use xenstore_lib.h instead
#include <xenstore_lib.h>
