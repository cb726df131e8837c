/* SPDX-License-Identifier: MIT */
/* The console's page: two byte rings whose indices only grow. `in` goes to the guest. */
#ifndef PUBLIC_IO_CONSOLE_H
#define PUBLIC_IO_CONSOLE_H

#include "../types.h"

typedef uint32_t XENCONS_RING_IDX;

#define MASK_XENCONS_IDX(index, ring) ((index) & (sizeof(ring) - 1))

struct xencons_interface {
    char in[1024];
    char out[2048];
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};

#endif
