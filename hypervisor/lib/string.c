/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings, see string.h. The first four are called by compiled code itself: nothing in them
 * may be something that the compiler would turn into a call of them.
 */
#include "lib/string.h"

void *memcpy(void *to, const void *from, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
    return start;
}

void *memmove(void *to, const void *from, size_t size)
{
    u8 *t = to;
    const u8 *f = from;

    if (t <= f || t >= f + size)
        return memcpy(to, from, size);
    t += size - 1;
    f += size - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(t), "+S"(f), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;
    u64 pattern = (u8)byte * 0x0101010101010101ull;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (ACCESS_ONCE(*end))
        end++;
    return (size_t)(end - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i])
            return (u8)a[i] - (u8)b[i];
        if (!a[i])
            break;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~(size_t)0);
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(u64)s;
        if (!*s)
            return NULL;
    }
}

char *strstr(const char *s, const char *what)
{
    size_t n = strlen(what);

    while (*s && strncmp(s, what, n))
        s++;
    return *s || !n ? (char *)(uintptr_t)s : NULL;
}

size_t string_copy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from), n = length;

    if (!size)
        return length;
    if (n > size - 1)
        n = size - 1;
    memcpy(to, from, n);
    to[n] = 0;
    return length;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

u64 string_number(const char *s, const char **end)
{
    u64 value = 0;
    int base = 10;

    if (s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
    }
    for (; digit_value(*s) < base; s++)
        value = value * (u64)base + (u64)digit_value(*s);
    if (end)
        *end = s;
    return value;
}
