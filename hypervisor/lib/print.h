/* SPDX-License-Identifier: MIT */
/*
 * Words to the console, and the three ways to give up: BUG (our own mistake, the machine stops),
 * ASSERT (the same, in debug builds only), panic (the machine cannot go on, with a reason). None of
 * them is ever for what a guest did: see domain_crash() in domain/domain.h.
 */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>

#include "lib/types.h"

enum print_level { PRINT_ERROR, PRINT_WARNING, PRINT_INFO, PRINT_DEBUG };

/* Prints to the console. Formats: %d %u %x with l or ll, with a width (and 0), %p %s %%. Lines end in \n (sent as \r\n).
 * Any context. */
void printk(enum print_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
int vsnprintf(char *out, size_t size, const char *format, va_list args);

/* The log: the last of what printk said. `from` counts the bytes said since boot: up to `size` of them from there on (or from
 * the oldest that is there still), and `from` goes on. 0: no more. Any context but printk's own. */
size_t print_log_read(u32 *from, char *to, size_t size);
/* To the log alone: what somebody asked to see there, which the serial line is too slow for. */
void print_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text as it is: what a guest writes on the console. */
void print_raw(const char *text, size_t size);
/* The console (NULL: none), and the level above which messages go nowhere. */
void print_setup(enum print_level level, void (*write)(const char *text, size_t size));
/* What panic does after it has printed (boot/shutdown.c); halts if nobody set it. */
extern void (*print_panic_hook)(void);

void panic(const char *format, ...) __attribute__((format(printf, 1, 2))) __noreturn;
void bug(const char *file, int line, const char *what) __noreturn;

#define BUG() bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(x)                                                                                  \
    do {                                                                                           \
        if (unlikely(x))                                                                           \
            bug(__FILE__, __LINE__, #x);                                                           \
    } while (0)
#ifdef NDEBUG
#define ASSERT(x) ((void)sizeof(x))
#else
#define ASSERT(x) BUG_ON(!(x))
#endif

#endif
