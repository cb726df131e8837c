/* SPDX-License-Identifier: MIT */
/*
 * The console and the verdict. As dom0 a guest prints through console_io; as a VPS through its
 * console's ring, whose reader may be slow: it waits for room a while and then drops.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/io/console.h>

#include "guest.h"

static unsigned int failures;

static void console_ring_write(const char *text, size_t count)
{
    struct xencons_interface *ring = page_of(start_info->console.domU.mfn);
    struct evtchn_send send = {.port = start_info->console.domU.evtchn};
    unsigned int patience = 100000;
    XENCONS_RING_IDX prod = ring->out_prod;

    while (count && patience) {
        if (prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) < sizeof(ring->out)) {
            ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *text++;
            count--;
            continue;
        }
        __atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
        hypercall_event_channel_op(EVTCHNOP_send, &send);
        hypercall_sched_op(SCHEDOP_yield, NULL);
        patience--;
    }
    __atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
    hypercall_event_channel_op(EVTCHNOP_send, &send);
}

static void console_write(const char *text, size_t count)
{
    if (guest_is_dom0())
        hypercall_console_io(CONSOLEIO_write, count, text);
    else
        console_ring_write(text, count);
}

static size_t put(char *to, size_t room, size_t at, char c)
{
    if (at < room)
        to[at] = c;
    return at + 1;
}

static size_t put_number(char *to, size_t room, size_t at, unsigned long value, unsigned int base,
                         unsigned int width, char pad)
{
    char digits[24];
    unsigned int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count < width && count < sizeof(digits))
        digits[count++] = pad;
    while (count)
        at = put(to, room, at, digits[--count]);
    return at;
}

/*
 * A printf of what tests use: %s %c %d %u %x %p, l and z before them, #, - and 0 and a width.
 * Returns the length that the whole text has; what does not fit is cut, without a NUL.
 */
size_t format_text(char *to, size_t room, const char *format, va_list args)
{
    size_t at = 0;

    for (; *format; format++) {
        unsigned int width = 0, length = 0;
        bool hash = false, zero = false, left = false;
        const char *text;
        long value;

        if (*format != '%') {
            at = put(to, room, at, *format);
            continue;
        }
        for (format++; *format == '#' || *format == '0' || *format == '-'; format++) {
            hash |= *format == '#';
            zero |= *format == '0';
            left |= *format == '-';
        }
        for (; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + (unsigned int)(*format - '0');
        for (; *format == 'l' || *format == 'z'; format++)
            length++;
        switch (*format) {
        case 's':
            text = va_arg(args, const char *);
            value = (long)strlen(text);
            for (; !left && value < (long)width; value++)
                at = put(to, room, at, ' ');
            while (*text)
                at = put(to, room, at, *text++);
            for (; value < (long)width; value++)
                at = put(to, room, at, ' ');
            break;
        case 'c':
            at = put(to, room, at, (char)va_arg(args, int));
            break;
        case 'd':
            value = length ? va_arg(args, long) : va_arg(args, int);
            if (value < 0)
                at = put(to, room, at, '-');
            at = put_number(to, room, at, value < 0 ? -(unsigned long)value : (unsigned long)value,
                            10, width, zero ? '0' : ' ');
            break;
        case 'u':
        case 'x':
        case 'p':
            value =
                length || *format == 'p' ? va_arg(args, long) : (long)va_arg(args, unsigned int);
            if (hash || *format == 'p') {
                at = put(to, room, at, '0');
                at = put(to, room, at, 'x');
            }
            at = put_number(to, room, at, (unsigned long)value, *format == 'u' ? 10 : 16, width,
                            zero ? '0' : ' ');
            break;
        default:
            at = put(to, room, at, *format);
        }
    }
    return at;
}

static void print_list(const char *format, va_list args)
{
    char line[256];
    size_t length = format_text(line, sizeof(line), format, args);

    console_write(line, length < sizeof(line) ? length : sizeof(line));
}

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_list(format, args);
    va_end(args);
}

void report_failure(const char *file, int line, const char *format, ...)
{
    va_list args;

    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    if (failures > 40)
        return;
    print("FAIL %s:%d: ", file, line);
    va_start(args, format);
    print_list(format, args);
    va_end(args);
    print("\n");
}

void check_value(const char *file, int line, const char *text, long value, long expected)
{
    if (value != expected)
        report_failure(file, line, "%s is %ld (%#lx), expected %ld (%#lx)", text, value,
                       (unsigned long)value, expected, (unsigned long)expected);
}

void check_refused(const char *file, int line, const char *text, long result)
{
    if (result >= 0)
        report_failure(file, line, "%s was not refused: %ld", text, result);
}

/* A verdict is one line, the last; then the domain ends. */
static void __attribute__((noreturn)) verdict(const char *word)
{
    struct sched_shutdown shutdown = {.reason = SHUTDOWN_poweroff};

    print("Test result: %s\n", word);
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
}

void report_skip(const char *format, ...)
{
    va_list args;

    print("skipped: ");
    va_start(args, format);
    print_list(format, args);
    va_end(args);
    print("\n");
    verdict("SKIP");
}

void report_error(const char *format, ...)
{
    va_list args;

    print("error: ");
    va_start(args, format);
    print_list(format, args);
    va_end(args);
    print("\n");
    verdict("ERROR");
}

void report_end(void)
{
    if (failures > 40)
        print("... %u checks failed in all\n", failures);
    verdict(failures ? "FAILURE" : "SUCCESS");
}
