/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to the running guest's memory, by its own virtual addresses in the page tables that
 * are loaded. Addresses in the hypervisor's range and non-canonical ones are refused; a fault is
 * caught by the exception table (entry/extable.h). Copy in once, then look: the guest's other vcpus
 * can change memory between two reads.
 */
#ifndef MEMORY_GUEST_COPY_H
#define MEMORY_GUEST_COPY_H

#include "lib/errno.h"

#include "cpu/features.h"
#include "entry/extable.h"
#include "lib/types.h"
#include "memory/layout.h"

static inline bool guest_range_ok(u64 address, u64 size)
{
    u64 end = address + size;

    if (end < address)
        return false;
    /* below the lower canonical half's end, or at or above the hypervisor's end */
    return end <= 0x800000000000ull || address >= HV_VIRT_END;
}

/* 0 or -EFAULT (then part of it may have been copied). Current guest, current page tables. */
int copy_from_guest(void *to, u64 guest_address, size_t size);
int copy_to_guest(u64 guest_address, const void *from, size_t size);

/* Whole words, their number known when compiled: the hot paths' form, without a call or a loop. The range is checked by
 * the caller, once for all of a batch. 0 or -EFAULT. */
#define GUEST_WORDS(from_, to_, count_)                                                            \
    ({                                                                                             \
        u64 word_;                                                                                 \
        int error_ = -EFAULT;                                                                      \
                                                                                                   \
        guest_access_begin();                                                                      \
        __asm__ volatile(".set guest_word, 0\n\t"                                                  \
                         ".rept %c[count]\n\t"                                                     \
                         "1: mov guest_word(%[from]), %[word]\n\t"                                 \
                         "2: mov %[word], guest_word(%[to])\n\t" EXTABLE("1b", "9f")               \
                             EXTABLE("2b", "9f") ".set guest_word, guest_word + 8\n\t"             \
                         ".endr\n\t"                                                               \
                         "xor %k[error], %k[error]\n\t"                                            \
                         "9:"                                                                      \
                         : [error] "+&r"(error_), [word] "=&r"(word_)                              \
                         : [from] "r"(from_), [to] "r"(to_), [count] "i"(count_)                   \
                         : "memory");                                                              \
        guest_access_end();                                                                        \
        error_;                                                                                    \
    })

/* A structure of a few words; the guest's address is checked. */
#define copy_words_from_guest(p, address)                                                          \
    (guest_range_ok((address), sizeof(*(p))) ? GUEST_WORDS((address), (p), sizeof(*(p)) / 8) : -EFAULT)
#define copy_words_to_guest(address, p)                                                            \
    (guest_range_ok((address), sizeof(*(p))) ? GUEST_WORDS((p), (address), sizeof(*(p)) / 8) : -EFAULT)

/* A port number or the like. 0 or -EFAULT. */
static inline int copy_u32_from_guest(u32 *to, u64 address)
{
    int error = -EFAULT;

    if (unlikely(!guest_range_ok(address, sizeof(*to))))
        return error;
    guest_access_begin();
    __asm__ volatile("1: mov (%2), %1\n\txor %0, %0\n9:" EXTABLE("1b", "9b")
                     : "+r"(error), "=&r"(*to) : "r"(address) : "memory");
    guest_access_end();
    return error;
}

#define copy_struct_from_guest(p, address) copy_from_guest((p), (address), sizeof(*(p)))
#define copy_struct_to_guest(address, p) copy_to_guest((address), (p), sizeof(*(p)))

#endif
