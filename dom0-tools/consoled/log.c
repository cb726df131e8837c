/* SPDX-License-Identifier: MIT */
/* Bounded logs: see log.h. Nothing here may fail the caller: a console lives on without its log. */
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

/* NAME_MAX less room for a rotated file's number and the NUL */
#define FILE_NAME_MAX 240u

struct log {
    const struct log_policy *policy;
    int fd;       /* -1: not open */
    size_t len;   /* of the open file */
    bool failing; /* the last try to open or write failed, and was reported */
    char file[FILE_NAME_MAX];
};

int log_file_name(const char *domain, char *to, size_t size)
{
    static const char suffix[] = ".log";
    size_t len = 0;

    for (const char *c = domain; *c; c++) {
        bool plain = isalnum((unsigned char)*c) || strchr("+-_", *c) || (*c == '.' && c != domain);

        if (size - len < 3 + sizeof(suffix))
            return -ENAMETOOLONG;
        if (plain)
            to[len++] = *c;
        else
            len += (size_t)sprintf(to + len, "%%%02X", (unsigned char)*c);
    }
    if (len == 0 || size - len < sizeof(suffix))
        return len == 0 ? -EINVAL : -ENAMETOOLONG;
    memcpy(to + len, suffix, sizeof(suffix));
    return 0;
}

/* Notes a failure, telling people about the first of a row. */
static void log_failed(struct log *l, const char *what, int error)
{
    if (!l->failing)
        report("%s: cannot %s: %s; output is lost until this is mended", l->file, what,
               strerror(error));
    l->failing = true;
}

static void log_let_go(struct log *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

static bool log_try_open(struct log *l)
{
    struct stat st;

    l->fd = openat(l->policy->dir, l->file,
                   O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (l->fd < 0 || fstat(l->fd, &st) < 0) {
        log_failed(l, "open the log", errno);
        log_let_go(l);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        log_failed(l, "open the log", EINVAL);
        log_let_go(l);
        return false;
    }
    l->len = (size_t)st.st_size;
    return true;
}

/* Makes room: the file becomes .1, its elders move up, the oldest goes. */
static void log_rotate(struct log *l)
{
    const struct log_policy *p = l->policy;
    char from[FILE_NAME_MAX + 16], to[FILE_NAME_MAX + 16];

    for (unsigned int i = p->keep; i > 0; i--) {
        snprintf(to, sizeof(to), "%s.%u", l->file, i);
        if (i > 1)
            snprintf(from, sizeof(from), "%s.%u", l->file, i - 1);
        else
            snprintf(from, sizeof(from), "%s", l->file);
        if (renameat(p->dir, from, p->dir, to) < 0 && errno != ENOENT && i == 1) {
            /* The bound holds even where names cannot be changed. */
            log_failed(l, "rotate the log", errno);
            if (ftruncate(l->fd, 0) == 0)
                l->len = 0;
            return;
        }
    }
    if (p->keep == 0) {
        if (ftruncate(l->fd, 0) == 0)
            l->len = 0;
        return;
    }
    log_let_go(l);
    log_try_open(l);
}

struct log *log_open(const struct log_policy *policy, const char *domain)
{
    struct log *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->policy = policy;
    if (log_file_name(domain, l->file, sizeof(l->file)) < 0) {
        free(l);
        return NULL;
    }
    log_try_open(l);
    return l;
}

void log_close(struct log *l)
{
    if (!l)
        return;
    log_let_go(l);
    free(l);
}

void log_write(struct log *l, const char *data, size_t len)
{
    while (len > 0) {
        size_t part = len;
        ssize_t n;

        if (l->fd < 0 && !log_try_open(l))
            return;
        if (l->len >= l->policy->limit)
            log_rotate(l);
        if (l->fd < 0 || l->len >= l->policy->limit)
            return; /* no room could be made */
        if (part > l->policy->limit - l->len)
            part = l->policy->limit - l->len;
        n = write(l->fd, data, part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_failed(l, "write the log", n < 0 ? errno : EIO);
            return;
        }
        if (l->failing)
            report("%s: the log is written again", l->file);
        l->failing = false;
        l->len += (size_t)n;
        data += n;
        len -= (size_t)n;
    }
}

void log_reopen(struct log *l)
{
    log_let_go(l);
    log_try_open(l);
}
