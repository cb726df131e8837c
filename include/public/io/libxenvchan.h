/* SPDX-License-Identifier: MIT */
/*
 * A byte stream between two domains' programs, over granted pages and an event channel: what the
 * first shared page holds. Each side writes its own fields; both must distrust the other's.
 */
#ifndef PUBLIC_IO_LIBXENVCHAN_H
#define PUBLIC_IO_LIBXENVCHAN_H

#include "../types.h"
#include <sys/types.h>

struct ring_shared {
    uint32_t cons, prod;
};

#define VCHAN_NOTIFY_WRITE 0x1 /* tell me when something was written */
#define VCHAN_NOTIFY_READ  0x2 /* tell me when room was made */

struct vchan_interface {
    struct ring_shared left, right; /* the client writes to left, the server to right */
    /* 10 and 11: at that power of two in this page; else 2^(order - 12) pages of the list below */
    uint16_t left_order, right_order;
    uint8_t cli_live, srv_live;     /* 0: gone, 1: there, 2: not yet */
    uint8_t cli_notify, srv_notify; /* VCHAN_NOTIFY_* that the side wants */
    uint32_t grants[0];             /* of the rings' pages: left's, then right's */
};

#endif
