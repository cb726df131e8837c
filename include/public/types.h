/* SPDX-License-Identifier: MIT */
/*
 * The few types and macros that every other ABI header here is made of. It must never pull in more
 * than <stdint.h> and <stddef.h>: the hypervisor includes it freestanding, guests without a libc.
 *
 * A guest handle is a guest's pointer inside an ABI structure. It is a struct of its own, so that
 * nobody dereferences it by accident: whoever reads one copies through a checked accessor.
 */
#ifndef PUBLIC_TYPES_H
#define PUBLIC_TYPES_H

#ifdef __ASSEMBLER__
#define XEN_UINT(x)  x
#define XEN_ULONG(x) x
#else
#define XEN_UINT(x)  x##U
#define XEN_ULONG(x) x##UL

#include <stddef.h>
#include <stdint.h>

#define XEN_HANDLE_TYPE_(name)    xen_handle_##name
#define XEN_GUEST_HANDLE(name)    XEN_HANDLE_TYPE_(name)
#define XEN_GUEST_HANDLE_64(name) XEN_HANDLE_TYPE_(name)

/* Declares the handle types `name` and `const_name`, pointers to `type`. */
#define XEN_DEFINE_HANDLE_OF(name, type) \
    typedef struct {                     \
        type *p;                         \
    } xen_handle_##name;                 \
    typedef struct {                     \
        const type *p;                   \
    } xen_handle_const_##name
#define DEFINE_XEN_GUEST_HANDLE(name) XEN_DEFINE_HANDLE_OF(name, name)

#define set_xen_guest_handle_raw(handle, pointer) \
    do {                                          \
        (handle).p = (pointer);                   \
    } while (0)
#define set_xen_guest_handle(handle, pointer) set_xen_guest_handle_raw(handle, pointer)

typedef unsigned long xen_pfn_t; /* frame number: machine or pseudo-physical, as its user says */
typedef unsigned long xen_ulong_t;
typedef uint16_t domid_t;
typedef uint8_t xen_domain_handle_t[16]; /* a domain's UUID, opaque to the hypervisor */

XEN_DEFINE_HANDLE_OF(uchar, unsigned char);
XEN_DEFINE_HANDLE_OF(uint, unsigned int);
XEN_DEFINE_HANDLE_OF(uint8, uint8_t);
XEN_DEFINE_HANDLE_OF(uint16, uint16_t);
XEN_DEFINE_HANDLE_OF(uint32, uint32_t);
XEN_DEFINE_HANDLE_OF(uint64, uint64_t);
DEFINE_XEN_GUEST_HANDLE(char);
DEFINE_XEN_GUEST_HANDLE(int);
DEFINE_XEN_GUEST_HANDLE(void);
DEFINE_XEN_GUEST_HANDLE(uint64_t);
DEFINE_XEN_GUEST_HANDLE(xen_pfn_t);
DEFINE_XEN_GUEST_HANDLE(xen_ulong_t);

/* A bitmap with its length: `nr_bits` bits, so (nr_bits + 7) / 8 bytes at `bitmap`. */
struct xenctl_bitmap {
    XEN_GUEST_HANDLE_64(uint8) bitmap;
    uint32_t nr_bits;
};
typedef struct xenctl_bitmap xenctl_bitmap_t;

#endif /* !__ASSEMBLER__ */
#endif
