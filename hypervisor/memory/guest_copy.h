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
int clear_guest(u64 guest_address, size_t size);
/* Raw forms without the range check, for addresses checked before. Number of bytes left. */
size_t copy_raw(void *to, const void *from, size_t size);

/* Two words at once (mmu_update's requests, multicall's heads): the hot path's form. The range is checked by the
 * caller, once for all of a batch. 0 or -EFAULT. */
static inline int get_guest_pair(u64 guest_address, u64 out[2])
{
    u64 a = 0, b = 0;
    int error = 0;

    guest_access_begin();
    __asm__ volatile("1: mov (%[p]), %[a]\n\t"
                     "2: mov 8(%[p]), %[b]\n\t"
                     "jmp 4f\n\t"
                     "3: mov %[efault], %[error]\n\t"
                     "4:\n\t" EXTABLE("1b", "3b") EXTABLE("2b", "3b")
                     : [a] "=&r"(a), [b] "=&r"(b), [error] "+r"(error)
                     : [p] "r"(guest_address), [efault] "i"(-EFAULT)
                     : "memory");
    guest_access_end();
    out[0] = a;
    out[1] = b;
    return error;
}

#define copy_struct_from_guest(p, address) copy_from_guest((p), (address), sizeof(*(p)))
#define copy_struct_to_guest(address, p) copy_to_guest((address), (p), sizeof(*(p)))

#endif
