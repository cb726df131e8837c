/* SPDX-License-Identifier: MIT */
/*
 * Log messages and progress of the Xen libraries, to wherever a program wants them: a logger is a
 * table of functions with the program's own data behind it. Interface of Xen's libxentoollog 1.0.
 * It must never decide what is shown: that is the logger's part.
 */
#ifndef XENTOOLLOG_H
#define XENTOOLLOG_H

#include <stdarg.h>
#include <stdio.h>

typedef enum xentoollog_level {
    XTL_NONE, /* no message has it */
    XTL_DEBUG,
    XTL_VERBOSE,
    XTL_DETAIL,
    XTL_PROGRESS,
    XTL_INFO,
    XTL_NOTICE,
    XTL_WARN,
    XTL_ERROR,
    XTL_CRITICAL,
    XTL_NUM_LEVELS
} xentoollog_level;

typedef struct xentoollog_logger xentoollog_logger;

/* A logger of one's own begins with this table. */
struct xentoollog_logger {
    /* One message without a newline. errnoval -1: no error to name; context may be NULL. */
    void (*vmessage)(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
                     const char *context, const char *format, va_list al)
        __attribute__((format(printf, 5, 0)));
    /* May be NULL. The first call for a context and what is being done has done == 0. */
    void (*progress)(struct xentoollog_logger *logger, const char *context, const char *doing_what,
                     int percent, unsigned long done, unsigned long total);
    void (*destroy)(struct xentoollog_logger *logger);
};

/* How the ready-made logger to a stream writes. */
#define XTL_STDIOSTREAM_SHOW_PID        001u
#define XTL_STDIOSTREAM_SHOW_DATE       002u
#define XTL_STDIOSTREAM_HIDE_PROGRESS   004u
#define XTL_STDIOSTREAM_PROGRESS_USE_CR 010u /* one line over and over; the default on terminals */
#define XTL_STDIOSTREAM_PROGRESS_NO_CR  020u

typedef struct xentoollog_logger_stdiostream xentoollog_logger_stdiostream;

/*
 * A logger that writes messages of at least min_level to f, which it never closes. It may be used
 * as a struct xentoollog_logger. NULL: no memory, which f has been told.
 */
xentoollog_logger_stdiostream *xtl_createlogger_stdiostream(FILE *f, xentoollog_level min_level,
                                                            unsigned flags);
void xtl_stdiostream_set_minlevel(xentoollog_logger_stdiostream *logger,
                                  xentoollog_level min_level);
/* Takes clear_flags away, then sets set_flags. */
void xtl_stdiostream_adjust_flags(xentoollog_logger_stdiostream *logger, unsigned set_flags,
                                  unsigned clear_flags);

/* Frees any logger, by its own function. NULL is fine. */
void xtl_logger_destroy(struct xentoollog_logger *logger);

/* Log one message; parameters as for vmessage above. Level: not XTL_NONE. errno is left alone. */
void xtl_logv(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
              const char *context, const char *format, va_list al)
    __attribute__((format(printf, 5, 0)));
void xtl_log(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
             const char *context, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Says how far something is: done of total. errno is left alone. */
void xtl_progress(struct xentoollog_logger *logger, const char *context, const char *doing_what,
                  unsigned long done, unsigned long total);

/* A level's name, as messages show it. */
const char *xtl_level_to_string(xentoollog_level level);

/*
 * Makes a logger of one's own type on the heap: `xentoollog_logger_NAME` must be a struct whose
 * first member is `xentoollog_logger vtable`, NAME_vmessage, NAME_progress and NAME_destroy its
 * functions, `buffer` its initial contents. The value is a pointer to it, or NULL where there is no
 * memory (logged through `buffer`). The user includes <stdlib.h> and <errno.h>.
 */
#define XTL_NEW_LOGGER(NAME, buffer)                                                         \
    ({                                                                                       \
        xentoollog_logger_##NAME *xtl_made_ = malloc(sizeof(*xtl_made_));                    \
        (buffer).vtable.vmessage = NAME##_vmessage;                                          \
        (buffer).vtable.progress = NAME##_progress;                                          \
        (buffer).vtable.destroy = NAME##_destroy;                                            \
        if (xtl_made_)                                                                       \
            *xtl_made_ = (buffer);                                                           \
        else                                                                                 \
            xtl_log(&(buffer).vtable, XTL_CRITICAL, errno, "xtl", "no memory for a logger"); \
        xtl_made_;                                                                           \
    });

#endif
