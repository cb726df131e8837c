/* SPDX-License-Identifier: MIT */
/* An old name of <xenstore.h>, for programs that still use it. */
#warning xs.h is deprecated use xenstore.h instead
#include <xenstore.h>
