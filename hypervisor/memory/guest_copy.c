/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to the running guest's memory. The only places of ring 0 that touch guest addresses;
 * each instruction that does has an exception-table entry.
 */
#include "memory/guest_copy.h"

#include "cpu/asm.h"
#include "lib/string.h"

/* Words first, then the odd bytes. Returns the bytes not copied. */
static size_t copy_raw(void *to, const void *from, size_t size)
{
    size_t words = size / 8;

    size &= 7;
    guest_access_begin();
    __asm__ volatile("1: rep movsq\n\t"
                     "mov %[tail], %[n]\n\t"
                     "2: rep movsb\n\t"
                     "jmp 4f\n\t"
                     "3: lea (%[tail], %[n], 8), %[n]\n\t"
                     "4:\n\t" EXTABLE("1b", "3b") EXTABLE("2b", "4b")
                     : [n] "+c"(words), "+D"(to), "+S"(from)
                     : [tail] "r"(size)
                     : "memory");
    guest_access_end();
    return words;
}

int copy_from_guest(void *to, u64 guest_address, size_t size)
{
    if (!guest_range_ok(guest_address, size) || copy_raw(to, (const void *)guest_address, size))
        return -EFAULT;
    return 0;
}

int copy_to_guest(u64 guest_address, const void *from, size_t size)
{
    if (!guest_range_ok(guest_address, size) || copy_raw((void *)guest_address, from, size))
        return -EFAULT;
    return 0;
}
