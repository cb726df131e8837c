/* SPDX-License-Identifier: MIT */
/* The few string functions that the compiler may call and tests need. */
#include "guest.h"

void *memset(void *to, int byte, size_t count)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(byte) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count)::"memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < count; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

int strncmp(const char *a, const char *b, size_t count)
{
    for (; count; a++, b++, count--)
        if (*a != *b || !*a)
            return *(const unsigned char *)a - *(const unsigned char *)b;
    return 0;
}
