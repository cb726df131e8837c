/* SPDX-License-Identifier: MIT */
/*
 * The words every file speaks: fixed-size integers, frame numbers as types of their own, and a few
 * macros. Nothing here may depend on another header of the hypervisor.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef signed char s8;
typedef int32_t s32;

/* A machine frame number: which 4 KiB page of the machine. A type of its own, so that a guest's pfn
 * or a byte address cannot be passed for it. */
typedef struct {
    u64 v;
} mfn_t;
/* A machine address in bytes. */
typedef u64 maddr_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define INVALID_MFN ((mfn_t){~0ull})

static inline mfn_t mfn(u64 v)
{
    return (mfn_t){v};
}
static inline u64 mfn_x(mfn_t m)
{
    return m.v;
}
static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.v == b.v;
}
static inline mfn_t mfn_add(mfn_t m, u64 n)
{
    return (mfn_t){m.v + n};
}
static inline maddr_t mfn_to_maddr(mfn_t m)
{
    return m.v << PAGE_SHIFT;
}
static inline mfn_t maddr_to_mfn(maddr_t a)
{
    return (mfn_t){a >> PAGE_SHIFT};
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, n) (((x) + (n)-1) & ~((n)-1))
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define barrier() __asm__ volatile("" ::: "memory")
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __noreturn __attribute__((noreturn))
#define __init __attribute__((section(".init.text"), cold))
#define __initdata __attribute__((section(".init.data")))

#endif
