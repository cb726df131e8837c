/* SPDX-License-Identifier: MIT */
/*
 * lib/string.c and lib/print.c against the C library: the same calls must come to the same results, for chosen
 * cases and for a seeded storm of sizes, overlaps and formats; and nothing is written beside its room.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static int libc_compare(const char *a, const char *b)
{
    return strcmp(a, b);
}

static int sign_of_memcmp(const void *a, const void *b, size_t n)
{
    int result = memcmp(a, b, n);

    return (result > 0) - (result < 0);
}

static __attribute__((format(printf, 3, 0))) int libc_format(char *out, size_t size, const char *format, va_list args)
{
    return vsnprintf(out, size, format, args);
}

static void libc_move(void *to, const void *from, size_t n)
{
    memmove(to, from, n);
}

#include "hv/own-names.h"

#include "lib/print.c"
#include "lib/string.c"

/* locks are for more than one CPU */
void spin_lock(spinlock_t *lock)
{
    lock->held++;
}

void spin_unlock(spinlock_t *lock)
{
    lock->held--;
}

static void test_memory(void)
{
    unsigned char ours[256], theirs[256];

    srand(1);
    for (unsigned int i = 0; i < 20000; i++) {
        size_t size = (size_t)rand() % 100, from = (size_t)rand() % 128, to = (size_t)rand() % 128;

        for (unsigned int k = 0; k < sizeof(ours); k++)
            ours[k] = theirs[k] = (unsigned char)rand();
        if (memmove(ours + to, ours + from, size) != ours + to)
            CU_FAIL_FATAL("memmove's result");
        libc_move(theirs + to, theirs + from, size);
        if (sign_of_memcmp(ours, theirs, sizeof(ours)))
            CU_FAIL_FATAL("memmove");
        memset(ours + to, (int)size, size);
        for (size_t k = 0; k < size; k++)
            theirs[to + k] = (unsigned char)size;
        if (memcmp(ours, theirs, sizeof(ours)))
            CU_FAIL_FATAL("memset");
        ours[from] ^= (unsigned char)(rand() & 3);
        if ((memcmp(ours, theirs, sizeof(ours)) > 0) != (sign_of_memcmp(ours, theirs, sizeof(ours)) > 0))
            CU_FAIL_FATAL("memcmp");
        if (to + size <= from || from + size <= to) {
            memcpy(ours + to, theirs + from, size);
            if (sign_of_memcmp(ours + to, theirs + from, size))
                CU_FAIL_FATAL("memcpy");
        }
    }
}

static void test_strings(void)
{
    static const char *const words[] = {"", "a", "ab", "abc", "b", "com1,vga", "\xff", "abab"};
    char small[4];

    for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (unsigned int k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            int theirs = libc_compare(words[i], words[k]), mine = strcmp(words[i], words[k]);

            CU_ASSERT((mine > 0) == (theirs > 0) && (mine < 0) == (theirs < 0));
        }
    CU_ASSERT(strlen("") == 0 && strlen("four") == 4);
    CU_ASSERT(!strncmp("dom0_mem", "dom0", 4) && strncmp("dom", "dom0", 4) < 0 && !strncmp("x", "y", 0));
    CU_ASSERT(!strchr("abc", 'd') && *strchr("abc", 'b') == 'b' && !*strchr("abc", 0));
    CU_ASSERT(strstr("vga,com1", "com1") && !strstr("com2", "com1") && strstr("x", "") && !strstr("", "x"));
    CU_ASSERT(string_copy(small, "longer", sizeof(small)) == 6 && !strcmp(small, "lon"));
    CU_ASSERT(string_copy(small, "ab", sizeof(small)) == 2 && !strcmp(small, "ab"));
    small[0] = 'x';
    CU_ASSERT(string_copy(small, "ab", 0) == 2 && small[0] == 'x');
}

static void test_numbers(void)
{
    const char *end;

    CU_ASSERT(string_number("115200,8n1", &end) == 115200 && *end == ',');
    CU_ASSERT(string_number("0x1fG", &end) == 0x1f && *end == 'G');
    CU_ASSERT(string_number("0XAb", NULL) == 0xab);
    CU_ASSERT(string_number("x", &end) == 0 && *end == 'x');
    CU_ASSERT(string_number("12ab", &end) == 12 && *end == 'a');
    CU_ASSERT(string_number("18446744073709551615", NULL) == ~0ull);
}

static __attribute__((format(printf, 1, 2))) void same(const char *format, ...)
{
    char ours[96], theirs[96];

    for (size_t room = 0; room <= sizeof(ours); room += room < 12 ? 1 : 84) {
        va_list args;
        int mine, wanted;

        memset(ours, 'x', sizeof(ours));
        memset(theirs, 'x', sizeof(theirs));
        va_start(args, format);
        mine = vsnprintf(ours, room, format, args);
        va_end(args);
        va_start(args, format);
        wanted = libc_format(theirs, room, format, args);
        va_end(args);
        if (mine != wanted || memcmp(ours, theirs, sizeof(ours))) {
            printf("format \"%s\", room %zu: \"%s\" (%d) instead of \"%s\" (%d)\n", format, room, ours, mine, theirs, wanted);
            CU_FAIL("differs from the C library");
        }
    }
}

static void test_formats(void)
{
    same("plain");
    same("%d %d %d", 0, -1, 2147483647);
    same("%ld %lld", -9223372036854775807L - 1, 42LL);
    same("%u %x %lu %lx", 4294967295u, 0xbeefu, ~0ul, 1ul << 63);
    same("%llu.%03lu %zu", 7ull, 5ul, sizeof(long));
    same("%016lx %08lx %04x %2u %5d", 0x1234ul, 0xfedcba9876ul, 0xfu, 7u, 12);
    same("%s and %s, 100%%", "this", "");
    same("a line that is longer than the room it gets here: %s", "cut");
}

static char said[64];
static size_t said_size;

static void hear(const char *text, size_t size)
{
    memcpy(said, text, size);
    said_size = size;
}

static void test_levels(void)
{
    printk(PRINT_ERROR, "nobody listens\n");
    print_setup(PRINT_WARNING, hear);
    printk(PRINT_WARNING, "d%u\n", 7u);
    CU_ASSERT(said_size == 3 && !memcmp(said, "d7\n", 3));
    printk(PRINT_INFO, "too much\n");
    CU_ASSERT(said_size == 3 && print_lock.held == 0);
    print_raw("as it is %s", 11);
    CU_ASSERT(said_size == 11 && !memcmp(said, "as it is %s", 11));
}

/* The log keeps what printk said, whoever listens, and of that the last; what a guest prints is not in it. */
static void test_log(void)
{
    char text[64];
    u32 at = 0, from;
    size_t n, all = 0;

    while (print_log_read(&at, text, sizeof(text)))
        ;
    said_size = 0;
    print_log("for the log: %u\n", 5u);
    CU_ASSERT(said_size == 0);
    from = at;
    n = print_log_read(&at, text, sizeof(text));
    CU_ASSERT(n == 15 && !memcmp(text, "for the log: 5\n", 15) && at == from + 15);
    CU_ASSERT(print_log_read(&at, text, sizeof(text)) == 0);
    n = print_log_read(&from, text, 3);
    CU_ASSERT(n == 3 && !memcmp(text, "for", 3));
    print_raw("a guest's", 9);
    CU_ASSERT(print_log_read(&at, text, sizeof(text)) == 0);
    for (u32 i = 0; i < 2 * PRINT_LOG_SIZE / 16; i++)
        print_log("line %10u\n", i);
    for (from = 0; (n = print_log_read(&from, text, sizeof(text)));)
        all += n;
    CU_ASSERT(all == PRINT_LOG_SIZE);
    from -= 16;
    CU_ASSERT(print_log_read(&from, text, sizeof(text)) == 16 && !memcmp(text, "line       2047\n", 16));
}

static CU_TestInfo tests[] = {
    {"memory", test_memory},
    {"strings", test_strings},
    {"numbers", test_numbers},
    {"formats", test_formats},
    {"levels", test_levels},
    {"log", test_log},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("lib", tests);
}
