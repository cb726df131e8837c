/* SPDX-License-Identifier: MIT */
/*
 * printk: formatting, and the way to the console. Words go out in whole calls under one lock; it must never
 * allocate, and must work before anything else does.
 */
#include "lib/print.h"

#include "cpu/asm.h"
#include "cpu/lock.h"

#define PRINT_LOG_SIZE 16384u /* a power of two */

static void (*console)(const char *text, size_t size);
static enum print_level print_max = PRINT_INFO;
static bool panicking;
static char print_ring[PRINT_LOG_SIZE];
static u32 print_said; /* bytes since boot */
static spinlock_t print_lock = SPINLOCK_INIT(RANK_CONSOLE);
void (*print_panic_hook)(void);

struct output {
    char *at, *end; /* end: last place, for the 0 */
    size_t length;  /* as if there were room */
};

static void put(struct output *o, char c)
{
    if (o->at < o->end)
        *o->at++ = c;
    o->length++;
}

static void put_string(struct output *o, const char *s)
{
    for (s = s ? s : "(null)"; *s; s++)
        put(o, *s);
}

static void put_number(struct output *o, u64 value, u32 base, char pad, int width)
{
    char digits[24];
    int n = sizeof(digits);

    do {
        digits[--n] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (int i = (int)sizeof(digits) - n; i < width; i++)
        put(o, pad);
    while (n < (int)sizeof(digits))
        put(o, digits[n++]);
}

/* One conversion; p stands behind its %. Returns where it ends. */
static const char *put_conversion(struct output *o, const char *p, va_list *args)
{
    char pad = *p == '0' ? '0' : ' ';
    bool is_long = false;
    int width = 0;
    s64 number;

    for (; *p >= '0' && *p <= '9'; p++)
        width = width * 10 + *p - '0';
    for (; *p == 'l' || *p == 'z'; p++)
        is_long = true;
    switch (*p) {
    case 'd':
        number = is_long ? va_arg(*args, s64) : va_arg(*args, int);
        if (number < 0)
            put(o, '-');
        put_number(o, number < 0 ? -(u64)number : (u64)number, 10, pad, width);
        break;
    case 'u':
    case 'x':
        put_number(o, is_long ? va_arg(*args, u64) : va_arg(*args, u32), *p == 'u' ? 10 : 16, pad, width);
        break;
    case 'p':
        put_number(o, (u64)va_arg(*args, void *), 16, '0', 16);
        break;
    case 's':
        put_string(o, va_arg(*args, const char *));
        break;
    case 0:
        return p;
    default:
        put(o, *p);
    }
    return p + 1;
}

int vsnprintf(char *out, size_t size, const char *format, va_list arguments)
{
    struct output o = {out, size ? out + size - 1 : out, 0};
    va_list args;

    va_copy(args, arguments);
    while (*format)
        if (*format != '%')
            put(&o, *format++);
        else
            format = put_conversion(&o, format + 1, &args);
    va_end(args);
    if (size)
        *o.at = 0;
    return (int)o.length;
}

/* Each line goes where it is to go under one lock. */
static void print_out(const char *text, size_t size, bool log, bool out)
{
    if (!panicking)
        spin_lock(&print_lock);
    for (size_t i = 0; log && i < size; i++)
        print_ring[print_said++ % PRINT_LOG_SIZE] = text[i];
    if (console && out)
        console(text, size);
    if (!panicking)
        spin_unlock(&print_lock);
}

void print_raw(const char *text, size_t size)
{
    print_out(text, size, false, true);
}

size_t print_log_read(u32 *from, char *to, size_t size)
{
    size_t n = 0;

    spin_lock(&print_lock);
    if (print_said - *from > PRINT_LOG_SIZE)
        *from = print_said - MIN(print_said, PRINT_LOG_SIZE);
    for (; n < size && *from != print_said; n++)
        to[n] = print_ring[(*from)++ % PRINT_LOG_SIZE];
    spin_unlock(&print_lock);
    return n;
}

static void print_line(const char *format, va_list args, bool out)
{
    char line[256];
    int n = vsnprintf(line, sizeof(line), format, args);

    print_out(line, MIN((size_t)n, sizeof(line) - 1), true, out);
}

void print_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(format, args, false);
    va_end(args);
}

void printk(enum print_level level, const char *format, ...)
{
    va_list args;

    if (level > print_max)
        return;
    va_start(args, format);
    print_line(format, args, true);
    va_end(args);
}

void print_setup(enum print_level level, void (*write)(const char *text, size_t size))
{
    print_max = level;
    console = write;
}

static void __noreturn give_up(void)
{
    if (print_panic_hook)
        print_panic_hook();
    for (;;)
        __asm__ volatile("cli; hlt");
}

void panic(const char *format, ...)
{
    char line[256];
    va_list args;

    irq_disable();
    panicking = true;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    printk(PRINT_ERROR, "\nmews: panic: %s\n", line);
    give_up();
}

void bug(const char *file, int line, const char *what)
{
    irq_disable();
    panicking = true;
    printk(PRINT_ERROR, "\nmews: bug at %s:%d: %s (called from %p)\n", file, line, what,
           __builtin_return_address(0));
    give_up();
}
