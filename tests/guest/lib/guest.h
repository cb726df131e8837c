/* SPDX-License-Identifier: MIT */
/*
 * What a test guest stands on: a console, a verdict, memory and page tables, traps and user mode. A
 * test is one file with test_main(); it says CHECK(...) and returns. The runtime prints the verdict
 * and ends the domain, also where a test dies of a trap that it did not expect.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/xen.h>
#include <public/errno.h>

#include "hypercall.h"
#include "layout.h"

/* ---- the test's own ---- */

extern const char test_title[];
void test_main(void);

/* ---- report.c: the console and the verdict ---- */

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t format_text(char *to, size_t room, const char *format, va_list args);

/* One failed check: counts and prints. The guest goes on. */
void report_failure(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What CHECK_EQ and its kin call. */
void check_value(const char *file, int line, const char *text, long value, long expected);
void check_refused(const char *file, int line, const char *text, long result);
/* Ends the guest: the test makes no sense here, or the runtime itself went wrong. */
void report_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void report_end(void) __attribute__((noreturn));

#define CHECK(condition, ...)                                \
    do {                                                     \
        if (!(condition))                                    \
            report_failure(__FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/* The value must be what is expected; both are shown where it is not. */
#define CHECK_EQ(value, expected) \
    check_value(__FILE__, __LINE__, #value, (long)(value), (long)(expected))

/* A call that must work, and one that must be refused, with any error or with one. */
#define CHECK_OK(call) check_value(__FILE__, __LINE__, #call, (long)(call), 0)
#define CHECK_ERROR(call, number) \
    check_value(__FILE__, __LINE__, #call, (long)(call), -(long)(number))
#define CHECK_REFUSED(call) check_refused(__FILE__, __LINE__, #call, (long)(call))
/* The last CATCH or try_* must have raised this vector, or nothing. */
#define CHECK_TRAP(number)                                                       \
    do {                                                                         \
        CHECK(trap_last.count == 1, "%u traps instead of one", trap_last.count); \
        CHECK_EQ(trap_last.frame.vector, number);                                \
    } while (0)
#define CHECK_NO_TRAP()                                                                   \
    CHECK(!trap_last.count, "trap %lu, error code %#lx, at %#lx", trap_last.frame.vector, \
          trap_last.frame.error_code, trap_last.frame.rip)

/* ---- string.c ---- */

void *memset(void *to, int byte, size_t count);
void *memcpy(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);

/* ---- smp.c, of which smp.h has the rest ---- */

/* Which vcpu this runs on, and its vcpu_info. */
unsigned int smp_self(void);
struct vcpu_info *vcpu_info_of(unsigned int id);
static inline struct vcpu_info *vcpu_info_self(void)
{
    return vcpu_info_of(smp_self());
}

/* ---- memory.c: frames and page tables ---- */

#define PTE_PRESENT  0x001UL
#define PTE_WRITE    0x002UL
#define PTE_USER     0x004UL
#define PTE_PWT      0x008UL
#define PTE_PCD      0x010UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY    0x040UL
#define PTE_LARGE    0x080UL
#define PTE_NX       (1UL << 63)
#define PTE_ADDRESS  0x000ffffffffff000UL
#define PTE_TABLE    (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PTE_RW       PTE_TABLE
#define PTE_RO       (PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

extern struct start_info *start_info;
extern struct shared_info *shared_info;

bool guest_is_dom0(void);
/* The guest's own domain id: what some calls want where DOMID_SELF will not do. */
domid_t guest_domid(void);

/* A zeroed page of the guest's own, mapped writable; never NULL (the guest ends in ERROR instead).
 */
void *page_alloc(void);

/* The machine frame behind a mapped page of the kernel's image or pool. */
unsigned long mfn_of(const void *page);
/* The kernel's view of a frame of its own, through the machine-to-physical table. */
void *page_of(unsigned long mfn);
static inline uint64_t maddr_of(const void *pointer)
{
    return (uint64_t)mfn_of(pointer) << 12 | ((uintptr_t)pointer & (PAGE_SIZE - 1));
}
static inline uint64_t pte_make(unsigned long mfn, uint64_t flags)
{
    return (uint64_t)mfn << 12 | flags;
}

/* The entry that maps an address at a level (1: the page), in the current tables; NULL if none. */
uint64_t *pt_entry(const void *address, int level);
/* The same in the tables under another root. */
uint64_t *pt_entry_in(const uint64_t *root, const void *address, int level);

/* One mmu_update; the command goes into the entry's address. 0 or a negated errno. */
long pt_write(const uint64_t *entry, uint64_t value);
long pt_write_at(uint64_t maddr, uint64_t value);
/* Maps a page of the guest's own at its place again, with other flags; ends in ERROR where it
 * fails. */
void page_protect(void *page, uint64_t flags);
/* Maps a frame at a page's place (whose own frame is then unmapped). 0 or a negated errno. */
long page_remap(void *page, unsigned long mfn, uint64_t flags);

/*
 * An empty part of the address space with an L1 table of its own, for tests to write entries in.
 * Its pages follow each other from window_page(0) on; entry i of window_l1 maps window_page(i).
 */
extern uint64_t *window_l1, *window_l2, *window_l3;
void window_init(void);
static inline volatile uint64_t *window_page(unsigned int i)
{
    return (volatile uint64_t *)(0x8000000000UL + (uint64_t)i * PAGE_SIZE);
}

/* A page of the guest's own with no writable mapping: it can become a page table or a descriptor
 * table. */
void *page_alloc_readonly(void);

/* One mmuext_op on a frame. 0 or a negated errno. */
long mmuext(unsigned int command, unsigned long mfn);
long mmuext_linear(unsigned int command, const void *address);

/* ---- trap.c ---- */

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector;
    uint64_t error_code;
    uint64_t rip;
    uint32_t cs, upcall_mask; /* the mask as it was, as the hypervisor saved it */
    uint64_t rflags, rsp, ss;
};

/* The last trap, as a handler or CATCH saw it; `count` is 0 where there was none. */
struct trap_record {
    unsigned int count;
    uint64_t cr2;
    uintptr_t frame_at; /* where the hypervisor put the frame; its lowest address is above it */
    struct trap_frame frame;
};
extern struct trap_record trap_last;
extern volatile uintptr_t trap_resume;
extern uint64_t failsafe_selectors[4]; /* ds, es, fs, gs of the last failsafe callback */

/* A handler returns true where the trap is dealt with and the frame may be returned to. */
typedef bool (*trap_handler)(struct trap_frame *frame);
void trap_set_handler(unsigned int vector, trap_handler handler);
void trap_init(void);
/* Registers the runtime's table again: for tests that changed it. */
void trap_register(void);
/* The runtime's entry point for a vector, as trap_info.address wants it. */
uintptr_t trap_stub(unsigned int vector);

/*
 * Runs assembly that may trap. Whatever it raises is recorded in trap_last, and the guest goes on
 * behind it. Flags and rax are clobbered.
 */
#define CATCH(text, outputs, inputs, ...)                               \
    do {                                                                \
        trap_last.count = 0;                                            \
        __asm__ volatile("leaq 990f(%%rip), %%rax\n\t"                  \
                         "movq %%rax, trap_resume(%%rip)\n\t" text "\n" \
                         "990: movq $0, trap_resume(%%rip)"             \
                         : outputs:inputs                               \
                         : "rax", "memory", "cc", ##__VA_ARGS__);       \
    } while (0)
#define NONE
#define LIST(...) __VA_ARGS__

/* A load or store that may fault: true where it did not. */
bool try_read(const volatile void *address, uint64_t *value);
bool try_write(volatile void *address, uint64_t value);

/* ---- event.c ---- */

/* Opens the event channels' upcall; handlers run with upcalls masked. */
typedef void (*event_handler)(unsigned int port);
void event_set_handler(unsigned int port, event_handler handler);
/* Which vcpu's upcall takes it; 0 where nobody said. */
void event_set_vcpu(unsigned int port, unsigned int vcpu);
void event_unmask_port(unsigned int port);
void event_mask_port(unsigned int port);
bool event_pending(unsigned int port);
void event_clear(unsigned int port);
static inline void events_off(void)
{
    *(volatile uint8_t *)&vcpu_info_self()->evtchn_upcall_mask = 1;
    __asm__ volatile("" ::: "memory");
}
/* Unmasks upcalls and takes what came meanwhile. */
void events_on(void);
extern volatile unsigned int event_upcalls;

/* ---- time.c ---- */

static inline uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
/* System time in ns, from the shared page. */
uint64_t time_now(void);

/* ---- user.c: user mode ---- */

/* Where user code and its stack are mapped, in the kernel's tables too. */
#define USER_CODE  0x10000000UL
#define USER_STACK 0x10001000UL
#define USER_DATA  0x10002000UL

/* Makes user page tables with a code, a stack and a data page. ERROR where the hypervisor refuses.
 */
void user_init(void);
/* Kernel's view of the user pages. */
extern uint8_t *user_code_page, *user_data_page;
extern uint64_t *user_root;
/*
 * Runs `bytes` of position-independent code in user mode, with argument in rdi, until it enters the
 * kernel by a syscall, a trap or int $0x80, whose frame is then in trap_last.
 */
void user_run_code(const void *code, size_t bytes, unsigned long argument);

#endif
