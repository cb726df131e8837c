/* SPDX-License-Identifier: MIT */
/*
 * libxentoollog: messages to a logger, and the logger that writes to a stream; see xentoollog.h.
 * Progress on a terminal is one line that is written over: whoever writes something else clears it
 * first. It must never change errno: errors are logged on their way to whoever looks at errno.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xentoollog.h>

#define STEP_PERCENT 5 /* smaller steps than this are details, where each is a line */

static const char *const level_names[XTL_NUM_LEVELS] = {
    [XTL_NONE] = "[BUG:XTL_NONE]", [XTL_DEBUG] = "debug",       [XTL_VERBOSE] = "verbose",
    [XTL_DETAIL] = "detail",       [XTL_PROGRESS] = "progress", [XTL_INFO] = "info",
    [XTL_NOTICE] = "notice",       [XTL_WARN] = "warning",      [XTL_ERROR] = "error",
    [XTL_CRITICAL] = "critical",
};

const char *xtl_level_to_string(xentoollog_level level)
{
    return (unsigned int)level < XTL_NUM_LEVELS ? level_names[level] : "unknown";
}

void xtl_logv(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
              const char *context, const char *format, va_list al)
{
    int error = errno;

    logger->vmessage(logger, level, errnoval, context, format, al);
    errno = error;
}

void xtl_log(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
             const char *context, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    xtl_logv(logger, level, errnoval, context, format, args);
    va_end(args);
}

void xtl_progress(struct xentoollog_logger *logger, const char *context, const char *doing_what,
                  unsigned long done, unsigned long total)
{
    int error = errno, percent = 0;

    if (!logger->progress)
        return;
    if (total > 0) /* in floating point, where the product has room */
        percent = (int)(100.0 * (double)done / (double)total);
    logger->progress(logger, context, doing_what, percent, done, total);
    errno = error;
}

void xtl_logger_destroy(struct xentoollog_logger *logger)
{
    if (logger)
        logger->destroy(logger);
}

/* ---- the logger to a stream ---- */

struct xentoollog_logger_stdiostream {
    xentoollog_logger vtable;
    FILE *file;
    xentoollog_level min_level;
    unsigned int flags;
    bool one_line; /* progress is written over and over */
    int percent;   /* that was shown last */
    int line;      /* characters of the progress line that stands there, 0: none */
};

static void line_clear(xentoollog_logger_stdiostream *l)
{
    if (l->line > 0)
        fprintf(l->file, "\r%*s\r", l->line, "");
    l->line = 0;
}

static void message_begin(xentoollog_logger_stdiostream *l, xentoollog_level level,
                          const char *context)
{
    line_clear(l);
    if (l->flags & XTL_STDIOSTREAM_SHOW_DATE) {
        char text[64] = "?";
        time_t now = time(NULL);
        struct tm parts;

        if (localtime_r(&now, &parts))
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &parts);
        fprintf(l->file, "%s ", text);
    }
    if (l->flags & XTL_STDIOSTREAM_SHOW_PID)
        fprintf(l->file, "[%ld] ", (long)getpid());
    fprintf(l->file, "%s%s%s: ", context ? context : "", context ? ": " : "",
            xtl_level_to_string(level));
}

__attribute__((format(printf, 5, 0))) static void stream_vmessage(xentoollog_logger *logger,
                                                                  xentoollog_level level,
                                                                  int errnoval, const char *context,
                                                                  const char *format, va_list al)
{
    xentoollog_logger_stdiostream *l = (xentoollog_logger_stdiostream *)logger;

    if (level < l->min_level)
        return;
    message_begin(l, level, context);
    vfprintf(l->file, format, al);
    if (errnoval >= 0)
        fprintf(l->file, ": %s", strerror(errnoval));
    putc('\n', l->file);
    fflush(l->file);
}

static void stream_progress(xentoollog_logger *logger, const char *context, const char *doing_what,
                            int percent, unsigned long done, unsigned long total)
{
    xentoollog_logger_stdiostream *l = (xentoollog_logger_stdiostream *)logger;
    int step = percent - l->percent, n;

    if (l->flags & XTL_STDIOSTREAM_HIDE_PROGRESS || step == 0)
        return;
    if (!l->one_line) {
        xentoollog_level level = step > 0 && step < STEP_PERCENT ? XTL_DETAIL : XTL_PROGRESS;

        if (level < l->min_level)
            return;
        l->percent = percent;
        message_begin(l, level, context);
        fprintf(l->file, "%s: %lu/%lu  %3d%%\n", doing_what, done, total, percent);
        fflush(l->file);
        return;
    }
    if (XTL_PROGRESS < l->min_level)
        return;
    l->percent = percent;
    if (l->line > 0)
        putc('\r', l->file);
    n = fprintf(l->file, "%s%s%s: %lu/%lu  %3d%%", context ? context : "", context ? ": " : "",
                doing_what, done, total, percent);
    if (n < l->line) /* what is left of a longer one */
        fprintf(l->file, "%*s", l->line - n, "");
    l->line = n > l->line ? n : l->line;
    if (done >= total) {
        putc('\n', l->file);
        l->line = 0;
    }
    fflush(l->file);
}

static void stream_destroy(xentoollog_logger *logger)
{
    line_clear((xentoollog_logger_stdiostream *)logger);
    free(logger);
}

void xtl_stdiostream_set_minlevel(xentoollog_logger_stdiostream *logger, xentoollog_level min_level)
{
    logger->min_level = min_level;
}

void xtl_stdiostream_adjust_flags(xentoollog_logger_stdiostream *l, unsigned set_flags,
                                  unsigned clear_flags)
{
    l->flags = (l->flags & ~clear_flags) | set_flags;
    if (l->flags & XTL_STDIOSTREAM_HIDE_PROGRESS)
        line_clear(l);
    l->one_line = l->flags & XTL_STDIOSTREAM_PROGRESS_USE_CR ||
                  (!(l->flags & XTL_STDIOSTREAM_PROGRESS_NO_CR) && isatty(fileno(l->file)) > 0);
}

xentoollog_logger_stdiostream *xtl_createlogger_stdiostream(FILE *f, xentoollog_level min_level,
                                                            unsigned flags)
{
    xentoollog_logger_stdiostream *l = calloc(1, sizeof(*l));
    int error = errno;

    if (!l) {
        fprintf(f, "xtl: no memory for a logger\n");
        errno = error;
        return NULL;
    }
    l->vtable = (xentoollog_logger){stream_vmessage, stream_progress, stream_destroy};
    l->file = f;
    l->min_level = min_level;
    xtl_stdiostream_adjust_flags(l, flags, 0);
    errno = error;
    return l;
}
