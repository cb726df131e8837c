/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls, through the page that the hypervisor filled. Each returns what the hypervisor
 * returned: a negated errno where it failed. No checks here: tests pass wrong arguments on purpose.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <public/xen.h>

extern char hypercall_page[];

/*
 * One stub for each number of arguments, so that no instruction is spent on one that is not there.
 * All argument registers count as changed.
 */
#define HYPERCALL0(nr)                                                                \
    ({                                                                                \
        long result_;                                                                 \
        __asm__ volatile("call hypercall_page + %c[number] * 32"                      \
                         : "=a"(result_)                                              \
                         : [number] "i"(nr)                                           \
                         : "rdi", "rsi", "rdx", "r10", "r8", "rcx", "r11", "memory"); \
        result_;                                                                      \
    })
#define HYPERCALL1(nr, a)                                                      \
    ({                                                                         \
        unsigned long a_ = (unsigned long)(a);                                 \
        long result_;                                                          \
        __asm__ volatile("call hypercall_page + %c[number] * 32"               \
                         : "=a"(result_), "+D"(a_)                             \
                         : [number] "i"(nr)                                    \
                         : "rsi", "rdx", "r10", "r8", "rcx", "r11", "memory"); \
        result_;                                                               \
    })
#define HYPERCALL2(nr, a, b)                                            \
    ({                                                                  \
        unsigned long a_ = (unsigned long)(a), b_ = (unsigned long)(b); \
        long result_;                                                   \
        __asm__ volatile("call hypercall_page + %c[number] * 32"        \
                         : "=a"(result_), "+D"(a_), "+S"(b_)            \
                         : [number] "i"(nr)                             \
                         : "rdx", "r10", "r8", "rcx", "r11", "memory"); \
        result_;                                                        \
    })
#define HYPERCALL3(nr, a, b, c)                                         \
    ({                                                                  \
        unsigned long a_ = (unsigned long)(a), b_ = (unsigned long)(b); \
        unsigned long c_ = (unsigned long)(c);                          \
        long result_;                                                   \
        __asm__ volatile("call hypercall_page + %c[number] * 32"        \
                         : "=a"(result_), "+D"(a_), "+S"(b_), "+d"(c_)  \
                         : [number] "i"(nr)                             \
                         : "r10", "r8", "rcx", "r11", "memory");        \
        result_;                                                        \
    })
#define HYPERCALL4(nr, a, b, c, d)                                               \
    ({                                                                           \
        unsigned long a_ = (unsigned long)(a), b_ = (unsigned long)(b);          \
        unsigned long c_ = (unsigned long)(c);                                   \
        register unsigned long d_ __asm__("r10") = (unsigned long)(d);           \
        long result_;                                                            \
        __asm__ volatile("call hypercall_page + %c[number] * 32"                 \
                         : "=a"(result_), "+D"(a_), "+S"(b_), "+d"(c_), "+r"(d_) \
                         : [number] "i"(nr)                                      \
                         : "r8", "rcx", "r11", "memory");                        \
        result_;                                                                 \
    })

/* A number that is not known before it runs. */
static inline long hypercall(unsigned int number, unsigned long a, unsigned long b, unsigned long c,
                             unsigned long d, unsigned long e)
{
    register unsigned long r10 __asm__("r10") = d;
    register unsigned long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     : [entry] "0"(&hypercall_page[number * 32UL])
                     : "rcx", "r11", "memory");
    return result;
}

#define hypercall_set_trap_table(table) HYPERCALL1(__HYPERVISOR_set_trap_table, table)
#define hypercall_mmu_update(req, n, done, dom) \
    HYPERCALL4(__HYPERVISOR_mmu_update, req, n, done, dom)
#define hypercall_mmuext_op(op, n, done, dom) HYPERCALL4(__HYPERVISOR_mmuext_op, op, n, done, dom)
#define hypercall_set_gdt(frames, entries)    HYPERCALL2(__HYPERVISOR_set_gdt, frames, entries)
#define hypercall_stack_switch(ss, sp)        HYPERCALL2(__HYPERVISOR_stack_switch, ss, sp)
#define hypercall_fpu_taskswitch(set)         HYPERCALL1(__HYPERVISOR_fpu_taskswitch, set)
#define hypercall_set_debugreg(n, value)      HYPERCALL2(__HYPERVISOR_set_debugreg, n, value)
#define hypercall_get_debugreg(n)             HYPERCALL1(__HYPERVISOR_get_debugreg, n)
#define hypercall_update_descriptor(maddr, d) HYPERCALL2(__HYPERVISOR_update_descriptor, maddr, d)
#define hypercall_memory_op(cmd, arg)         HYPERCALL2(__HYPERVISOR_memory_op, cmd, arg)
#define hypercall_multicall(calls, n)         HYPERCALL2(__HYPERVISOR_multicall, calls, n)
#define hypercall_update_va_mapping(va, entry, flags) \
    HYPERCALL3(__HYPERVISOR_update_va_mapping, va, entry, flags)
#define hypercall_set_timer_op(when)           HYPERCALL1(__HYPERVISOR_set_timer_op, when)
#define hypercall_xen_version(cmd, arg)        HYPERCALL2(__HYPERVISOR_xen_version, cmd, arg)
#define hypercall_console_io(cmd, count, text) HYPERCALL3(__HYPERVISOR_console_io, cmd, count, text)
#define hypercall_grant_table_op(cmd, op, n)   HYPERCALL3(__HYPERVISOR_grant_table_op, cmd, op, n)
#define hypercall_vm_assist(cmd, type)         HYPERCALL2(__HYPERVISOR_vm_assist, cmd, type)
#define hypercall_vcpu_op(cmd, vcpu, arg)      HYPERCALL3(__HYPERVISOR_vcpu_op, cmd, vcpu, arg)
#define hypercall_set_segment_base(which, base) \
    HYPERCALL2(__HYPERVISOR_set_segment_base, which, base)
#define hypercall_sched_op(cmd, arg)         HYPERCALL2(__HYPERVISOR_sched_op, cmd, arg)
#define hypercall_callback_op(cmd, arg)      HYPERCALL2(__HYPERVISOR_callback_op, cmd, arg)
#define hypercall_event_channel_op(cmd, arg) HYPERCALL2(__HYPERVISOR_event_channel_op, cmd, arg)
#define hypercall_physdev_op(cmd, arg)       HYPERCALL2(__HYPERVISOR_physdev_op, cmd, arg)
#define hypercall_set_callbacks(event, failsafe, syscall) \
    HYPERCALL3(__HYPERVISOR_set_callbacks, event, failsafe, syscall)

#endif
