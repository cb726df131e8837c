/* SPDX-License-Identifier: MIT */
/* What the daemon has to say to the machine's administrator: one line each, on standard error. */
#ifndef CONSOLED_REPORT_H
#define CONSOLED_REPORT_H

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
