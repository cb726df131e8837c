/* SPDX-License-Identifier: MIT */
/*
 * One domain's log: NAME.log in the log directory, continued where an earlier life of the domain
 * left it. Bounded: at `limit` bytes it becomes NAME.log.1 (.1 becomes .2, and so on up to `keep`),
 * so a console takes at most limit * (keep + 1) bytes of disk.
 *
 * The bytes are the guest's, unfiltered; the file name is not: it is built from the domain's name by
 * log_file_name and can not leave the directory.
 */
#ifndef CONSOLED_LOG_H
#define CONSOLED_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct log_policy {
    int dir;           /* descriptor of the log directory */
    size_t limit;      /* bytes of one file, > 0 */
    unsigned int keep; /* older files that stay, may be 0 */
};

struct log;

/*
 * The file name for a domain's name: letters, digits and "+-_." stay, all else (and a leading dot)
 * becomes %XX. Returns -ENAMETOOLONG where it does not fit in `size` bytes.
 */
int log_file_name(const char *domain, char *to, size_t size);

/*
 * Opens or makes the log of the domain that is called `domain`. Where that fails the log exists all
 * the same, says so once, and tries again with each write. NULL: no memory. `policy` must outlive it.
 */
struct log *log_open(const struct log_policy *policy, const char *domain);
void log_close(struct log *l);

/* Appends. What the disk does not take is lost; that is reported once per spell of failures. */
void log_write(struct log *l, const char *data, size_t len);

/* Lets go of the file and opens it by its name again (after someone else moved it away). */
void log_reopen(struct log *l);

#endif
