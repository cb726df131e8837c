/* SPDX-License-Identifier: MIT */
/* One line to standard error, in one write, so that lines of several writers never mix. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void report(const char *format, ...)
{
    char line[512];
    va_list args;
    int head = snprintf(line, sizeof(line), "mews-consoled: "), len;

    va_start(args, format);
    len = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
    va_end(args);
    if (len < 0)
        return;
    len += head;
    if (len > (int)sizeof(line) - 2)
        len = (int)sizeof(line) - 2;
    line[len] = '\n';
    if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
        return; /* nobody left to tell */
}
