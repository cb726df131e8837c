/* SPDX-License-Identifier: MIT */
/*
 * printk: formatting, the ring that the toolstack reads, the consoles in use. Words go out in whole calls
 * under one lock; it must never allocate, and must work before anything else does.
 */
#include "lib/print.h"

#include "cpu/asm.h"
#include "cpu/lock.h"
#include "lib/string.h"

#define RING_SIZE 32768u
#define MAX_CONSOLES 4

static char ring[RING_SIZE];
static u32 ring_end, ring_cleared; /* bytes ever written; where readers from 0 begin */
static void (*consoles[MAX_CONSOLES])(const char *text, size_t size);
static u32 console_count;
static enum print_level print_max = PRINT_INFO;
static bool panicking;
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

struct format {
    bool zero, left;
    int width, precision; /* precision -1: none */
};

static void put_padded(struct output *o, const char *text, int length, const struct format *f)
{
    for (int i = length; !f->left && i < f->width; i++)
        put(o, ' ');
    for (int i = 0; i < length; i++)
        put(o, text[i]);
    for (int i = length; f->left && i < f->width; i++)
        put(o, ' ');
}

static void put_number(struct output *o, u64 value, u32 base, bool negative, const struct format *f)
{
    char digits[24];
    int n = sizeof(digits);

    do {
        digits[--n] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (f->zero && !f->left && (int)sizeof(digits) - n + negative < f->width && n > 1)
        digits[--n] = '0';
    if (negative)
        digits[--n] = '-';
    put_padded(o, digits + n, (int)sizeof(digits) - n, f);
}

static void put_string(struct output *o, const char *s, const struct format *f)
{
    int length = 0;

    if (!s)
        s = "(null)";
    while ((f->precision < 0 || length < f->precision) && s[length])
        length++;
    put_padded(o, s, length, f);
}

/* Flags, width and precision after the %; *p moves to the length modifier. */
static struct format read_format(const char **p, va_list *args)
{
    struct format f = {.precision = -1};

    for (;; ++*p) {
        if (**p == '0')
            f.zero = true;
        else if (**p == '-')
            f.left = true;
        else
            break;
    }
    if (**p == '*') {
        f.width = va_arg(*args, int);
        ++*p;
    }
    for (; **p >= '0' && **p <= '9'; ++*p)
        f.width = f.width * 10 + **p - '0';
    if (**p != '.')
        return f;
    ++*p;
    f.precision = 0;
    if (**p == '*') {
        f.precision = va_arg(*args, int);
        ++*p;
    }
    for (; **p >= '0' && **p <= '9'; ++*p)
        f.precision = f.precision * 10 + **p - '0';
    return f;
}

static void put_conversion(struct output *o, char kind, int longs, struct format *f, va_list *args)
{
    char c;
    s64 number;

    switch (kind) {
    case 'd':
        number = longs ? va_arg(*args, s64) : va_arg(*args, int);
        put_number(o, number < 0 ? -(u64)number : (u64)number, 10, number < 0, f);
        break;
    case 'u':
    case 'x':
        put_number(o, longs ? va_arg(*args, u64) : va_arg(*args, u32), kind == 'u' ? 10 : 16, false,
                   f);
        break;
    case 'p':
        f->zero = true;
        f->width = 16;
        put_number(o, (u64)va_arg(*args, void *), 16, false, f);
        break;
    case 's':
        put_string(o, va_arg(*args, const char *), f);
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put_padded(o, &c, 1, f);
        break;
    default:
        put(o, kind);
    }
}

int vsnprintf(char *out, size_t size, const char *format, va_list arguments)
{
    struct output o = {out, size ? out + size - 1 : out, 0};
    va_list args;

    va_copy(args, arguments);
    for (const char *p = format; *p; p++) {
        struct format f;
        int longs = 0;

        if (*p != '%') {
            put(&o, *p);
            continue;
        }
        p++;
        f = read_format(&p, &args);
        for (; *p == 'l' || *p == 'z'; p++)
            longs++;
        if (!*p)
            break;
        put_conversion(&o, *p, longs, &f, &args);
    }
    va_end(args);
    if (size)
        *o.at = 0;
    return (int)o.length;
}

int snprintf(char *out, size_t size, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(out, size, format, args);
    va_end(args);
    return n;
}

static void ring_put(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ring[ring_end++ % RING_SIZE] = text[i];
}

void print_raw(const char *text, size_t size)
{
    if (!panicking)
        spin_lock(&print_lock);
    ring_put(text, size);
    for (u32 i = 0; i < console_count; i++)
        consoles[i](text, size);
    if (!panicking)
        spin_unlock(&print_lock);
}

void printk(enum print_level level, const char *format, ...)
{
    char line[256];
    va_list args;
    int n;

    if (level > print_max)
        return;
    va_start(args, format);
    n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    print_raw(line, MIN((size_t)n, sizeof(line) - 1));
}

void print_set_level(enum print_level level)
{
    print_max = level;
}

static u32 ring_start(void)
{
    return ring_end > RING_SIZE ? ring_end - RING_SIZE : 0;
}

void print_add_console(void (*write)(const char *text, size_t size))
{
    if (console_count == MAX_CONSOLES)
        return;
    consoles[console_count++] = write;
    for (u32 i = ring_start(); i != ring_end; i++)
        write(&ring[i % RING_SIZE], 1);
}

u32 print_ring_read(char *to, u32 size, u32 *index, bool clear)
{
    u32 copied = 0, at;

    spin_lock(&print_lock);
    at = *index ? *index : ring_cleared;
    if (ring_end - at > RING_SIZE)
        at = ring_start();
    for (; at != ring_end && copied < size; at++)
        to[copied++] = ring[at % RING_SIZE];
    *index = at;
    if (clear)
        ring_cleared = ring_end;
    spin_unlock(&print_lock);
    return copied;
}

static void give_up(void) __noreturn;
static void give_up(void)
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
