/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions that ring 0 uses (the compiler itself calls the first four).
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most size - 1 characters and always ends with 0; the length of from. */
size_t string_copy(char *to, const char *from, size_t size);
/* Reads a number (0x: hexadecimal, else decimal); *end: what follows it. */
u64 string_number(const char *s, const char **end);

/* 4 KiB, page aligned; faster than memset and memcpy. Plain stores, many to a turn: as good as the string instruction
 * on a CPU, and several times as fast where that is emulated word by word. */
static inline void clear_page(void *page)
{
    void *end = (char *)page + 4096;

    __asm__ volatile("1:\n\t"
                     ".set at, 0\n\t"
                     ".rept 32\n\t"
                     "mov %[zero], at(%[p])\n\t"
                     ".set at, at + 8\n\t"
                     ".endr\n\t"
                     "add $256, %[p]\n\t"
                     "cmp %[end], %[p]\n\t"
                     "jne 1b"
                     : [p] "+r"(page)
                     : [zero] "r"(0ull), [end] "r"(end)
                     : "memory", "cc");
}

static inline void copy_page(void *to, const void *from)
{
    u64 count = 512;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

#endif
