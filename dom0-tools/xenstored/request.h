/* SPDX-License-Identifier: MIT */
/*
 * One request while it is handled, as wire.c's table and control.c see it: what was asked, and ways to take it apart and to
 * answer. A handler returns 0 after it has queued an answer, or an errno value that becomes the answer.
 */
#ifndef XENSTORED_REQUEST_H
#define XENSTORED_REQUEST_H

#include "wire.h"

struct request {
    struct conn *conn;
    struct store *store;
    struct store_client *client;
    const struct xsd_sockmsg *header;
    uint32_t tx;
    char *payload;
    size_t len;
};

/* Queues LEN bytes of DATA as the answer. 0, or E2BIG where that is more than a message holds. */
int request_reply(struct request *request, const void *data, size_t len);

/* Queues "OK" where ERROR is 0; returns ERROR. */
int request_done(struct request *request, int error);

/*
 * Points STRINGS at the first MAX NUL-terminated strings of the payload; *REST is what follows the
 * last one. Returns how many there are (up to MAX).
 */
size_t request_split(struct request *request, char **strings, size_t max, size_t *rest);

/* TEXT, decimal digits alone, as a number of at most MAX. False: it is none, and *VALUE is as before. */
bool request_number(const char *text, uint32_t max, uint32_t *value);

/* CONTROL, of the control domain alone: help, check, log, memreport, print, quota. */
int control_handle(struct request *request);

#endif
