/* SPDX-License-Identifier: MIT */
/*
 * What a kernel sets for its virtual CPU: traps, descriptors, segments, callbacks, debug registers, FPU. The runtime's own
 * settings stand again behind each row.
 */
#include <public/callback.h>

#include "diff.h"

#define DATA3     0x00cff3000000ffffUL
#define DATA0     0x00cf93000000ffffUL
#define CODE3     0x00affb000000ffffUL
#define CODE32    0x00cffb000000ffffUL
#define CODE0     0x00af9b000000ffffUL
#define TSS       0x0000890000000067UL
#define LDT       0x0000820000000067UL
#define INT_GATE  0x00008e0000080000UL
#define CALL_GATE 0x0000ec00e0330000UL

/* ---- trap table ---- */

static void traps_back(void)
{
    hypercall_set_trap_table(NULL);
    trap_register();
}

static long traps(unsigned int vector, unsigned int flags, unsigned int cs, unsigned long address)
{
    struct trap_info table[2] = {
        {.vector = (uint8_t)vector, .flags = (uint8_t)flags, .cs = (uint16_t)cs, .address = address}};
    long result = hypercall_set_trap_table(table);

    traps_back();
    return result;
}
static long traps_good(void)
{
    return traps(3, 3, FLAT_KERNEL_CS, trap_stub(3));
}
static long traps_cs_null(void)
{
    return traps(3, 3, 0, trap_stub(3));
}
static long traps_cs_hypervisor(void)
{
    return traps(3, 3, 0xe008, trap_stub(3));
}
static long traps_cs_ring_0(void)
{
    return traps(3, 3, FLAT_KERNEL_CS & ~3u, trap_stub(3));
}
static long traps_cs_data(void)
{
    return traps(3, 3, FLAT_KERNEL_SS, trap_stub(3));
}
static long traps_cs_own(void)
{
    return traps(3, 3, 0x13, trap_stub(3));
}
static long traps_cs_ldt(void)
{
    return traps(3, 3, 0x17, trap_stub(3));
}
static long traps_cs_beyond(void)
{
    return traps(3, 3, 0xfff3, trap_stub(3));
}
static long traps_address_crooked(void)
{
    return traps(3, 3, FLAT_KERNEL_CS, CROOKED);
}
static long traps_address_hypervisor(void)
{
    return traps(3, 3, FLAT_KERNEL_CS, HV);
}
static long traps_flags(void)
{
    return traps(3, 0xff, FLAT_KERNEL_CS, trap_stub(3));
}
static long traps_vector_80(void)
{
    return traps(0x80, 3, FLAT_KERNEL_CS, trap_stub(0x80));
}
static long traps_vector_255(void)
{
    return traps(255, 3, FLAT_KERNEL_CS, trap_stub(3));
}
static long traps_no_end(void)
{
    struct trap_info *table = (void *)resolve(GOOD);
    long result;

    for (unsigned int i = 0; i < 255; i++)
        table[i] = (struct trap_info){.vector = (uint8_t)i, .cs = FLAT_KERNEL_CS, .address = trap_stub(3)};
    result = hypercall_set_trap_table(table);
    traps_back();
    return result;
}
static long traps_into_unmapped(void)
{
    struct trap_info *table = (void *)(resolve(EDGE) + 4 - sizeof(*table));
    long result;

    *table = (struct trap_info){.vector = 3, .flags = 3, .cs = FLAT_KERNEL_CS, .address = trap_stub(3)};
    result = hypercall_set_trap_table(table);
    memset(table, 0, sizeof(*table));
    traps_back();
    return result;
}
static long traps_none(void)
{
    long result = hypercall_set_trap_table(NULL);

    traps_back();
    return result;
}

/* ---- GDT and descriptors ---- */

static uint64_t *gdt, *gdt_data;

static long gdt_of(unsigned long frame, unsigned int entries)
{
    uint64_t frames[16] = {frame, frame};
    long result = hypercall_set_gdt(frames, entries);

    if (!result)
        note_value("none", hypercall_set_gdt(frames, 0));
    return result;
}
static long gdt_good(void)
{
    return gdt_of(resolve(F_SPARE), 512);
}
static long gdt_two_pages(void)
{
    return gdt_of(resolve(F_SPARE), 513);
}
static long gdt_zero_frame(void)
{
    return gdt_of(0, 512);
}
static long gdt_writable(void)
{
    return gdt_of(resolve(F_GOOD), 512);
}
static long gdt_table(void)
{
    return gdt_of(resolve(F_L1), 512);
}
static long gdt_no_frame(void)
{
    return gdt_of(F_NONE, 512);
}
static long gdt_foreign(void)
{
    return gdt_of(F_FOREIGN, 512);
}
static long gdt_many(void)
{
    return gdt_of(resolve(F_SPARE), FIRST_RESERVED_GDT_ENTRY + 1);
}
static long gdt_most(void)
{
    uint64_t frames[16];
    long result;

    for (unsigned int i = 0; i < 14; i++)
        frames[i] = resolve(F_SPARE);
    result = hypercall_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY);
    note_value("none", hypercall_set_gdt(frames, 0));
    return result;
}
/* A page with a descriptor that a guest must not have. */
static long gdt_with(uint64_t descriptor)
{
    long result;

    if (!gdt_data)
        gdt_data = page_alloc();
    else
        page_protect(gdt_data, PTE_RW);
    gdt_data[3] = descriptor;
    page_protect(gdt_data, PTE_RO);
    result = gdt_of(mfn_of(gdt_data), 512);
    note(" as %#lx", gdt_data[3]);
    return result;
}
#define GDT_WITH(name, descriptor)   \
    static long gdt_with_##name(void) \
    {                                \
        return gdt_with(descriptor); \
    }
GDT_WITH(data3, DATA3)
GDT_WITH(data0, DATA0)
GDT_WITH(code3, CODE3)
GDT_WITH(code0, CODE0)
GDT_WITH(code32, CODE32)
GDT_WITH(tss, TSS)
GDT_WITH(ldt, LDT)
GDT_WITH(int_gate, INT_GATE)
GDT_WITH(call_gate, CALL_GATE)
GDT_WITH(not_present, 0x00cf73000000ffffUL)
GDT_WITH(both_sizes, CODE3 | 1UL << 54)
GDT_WITH(conforming, CODE3 | 1UL << 42)

/* update_descriptor in a live GDT, in a page of no type, and in others. */
static long descriptor(uint64_t value)
{
    uint64_t frames[16];
    long result;

    if (!gdt)
        gdt = page_alloc_readonly();
    frames[0] = mfn_of(gdt);
    if (hypercall_set_gdt(frames, 512))
        note(" no GDT");
    result = hypercall_update_descriptor(maddr_of(&gdt[5]), value);
    note(" as %#lx", gdt[5]);
    note_value("back", hypercall_update_descriptor(maddr_of(&gdt[5]), 0));
    hypercall_set_gdt(frames, 0);
    return result;
}
#define DESCRIPTOR(name, value)         \
    static long descriptor_##name(void) \
    {                                   \
        return descriptor(value);       \
    }
DESCRIPTOR(data3, DATA3)
DESCRIPTOR(data0, DATA0)
DESCRIPTOR(code3, CODE3)
DESCRIPTOR(code0, CODE0)
DESCRIPTOR(tss, TSS)
DESCRIPTOR(int_gate, INT_GATE)
DESCRIPTOR(call_gate, CALL_GATE)
DESCRIPTOR(not_present, 0x00cf73000000ffffUL)
DESCRIPTOR(data1, DATA0 | 1UL << 45)

#define UPDATE(name, place, value) CALL("cpu/descriptor-" name, update_descriptor, place, value)

/* ---- segment bases, debug registers ---- */

static uint64_t debug(unsigned int number)
{
    return (uint64_t)hypercall_get_debugreg(number);
}
static long debug_set(unsigned int number, uint64_t value)
{
    long result = hypercall_set_debugreg(number, value);

    note(" reads %#lx", debug(number));
    if (number != 6)
        hypercall_set_debugreg(number, number == 7 ? 0x400 : 0);
    return result;
}
#define DEBUG(name, number, value)           \
    static long debug_##name(void)           \
    {                                        \
        return debug_set(number, value);     \
    }
DEBUG(0, 0, 0x1234)
DEBUG(0_hypervisor, 0, HV)
DEBUG(0_crooked, 0, CROOKED)
DEBUG(3, 3, 0xffffffff80000000UL)
DEBUG(4, 4, 1)
DEBUG(5, 5, 1)
DEBUG(6, 6, 0)
DEBUG(6_all, 6, 0xffffffffUL)
DEBUG(6_high, 6, 0x100000000UL)
DEBUG(7_none, 7, 0)
DEBUG(7_write, 7, 0x10002)
DEBUG(7_local, 7, 0x10001)
DEBUG(7_io, 7, 0x20002)
DEBUG(7_execute_long, 7, 0xc0002)
DEBUG(7_general_detect, 7, 0x2000)
DEBUG(7_reserved, 7, 0xdc00)
DEBUG(7_high, 7, 0x100000000UL)
DEBUG(8, 8, 0)

#define SEGMENT(name, which, base) CALL("cpu/segment-" name, set_segment_base, which, base)

/* ---- callbacks ---- */

#define CALLBACK(name, ...) \
    WITH("cpu/callback-" name, callback_op, ((struct callback_register){__VA_ARGS__}), CALLBACKOP_register, IN)
#define UNREGISTER(name, number)                                                                                   \
    WITH("cpu/callback-end-" name, callback_op, ((struct callback_unregister){.type = number}), CALLBACKOP_unregister, \
         IN)

/* The runtime's own callbacks again, behind those that are none. */
static long callbacks_back(void)
{
    trap_init();
    return 0;
}

static long stack(void)
{
    return hypercall_stack_switch(FLAT_KERNEL_SS, (unsigned long)start_info);
}
static long fpu(void)
{
    long result = hypercall_fpu_taskswitch(1);

    note_value("off", hypercall_fpu_taskswitch(0));
    return result;
}

const struct row rows_cpu[] = {
    RUN("cpu/traps-good", traps_good),
    RUN("cpu/traps-none", traps_none),
    RUN("cpu/traps-cs-null", traps_cs_null),
    RUN("cpu/traps-cs-hypervisor", traps_cs_hypervisor),
    RUN("cpu/traps-cs-ring-0", traps_cs_ring_0),
    RUN("cpu/traps-cs-data", traps_cs_data),
    RUN("cpu/traps-cs-own", traps_cs_own),
    RUN("cpu/traps-cs-ldt", traps_cs_ldt),
    RUN("cpu/traps-cs-beyond", traps_cs_beyond),
    RUN("cpu/traps-address-crooked", traps_address_crooked),
    RUN("cpu/traps-address-hypervisor", traps_address_hypervisor),
    RUN("cpu/traps-flags", traps_flags),
    RUN("cpu/traps-vector-80", traps_vector_80),
    RUN("cpu/traps-vector-255", traps_vector_255),
    RUN("cpu/traps-no-end", traps_no_end),
    RUN("cpu/traps-into-unmapped", traps_into_unmapped),
    CALL("cpu/traps-hypervisor", set_trap_table, HV),
    CALL("cpu/traps-crooked", set_trap_table, CROOKED),
    CALL("cpu/traps-unmapped", set_trap_table, NONE_),
    RUN("cpu/gdt-good", gdt_good),
    RUN("cpu/gdt-two-pages", gdt_two_pages),
    RUN("cpu/gdt-zero-frame", gdt_zero_frame),
    RUN("cpu/gdt-writable", gdt_writable),
    RUN("cpu/gdt-table", gdt_table),
    RUN("cpu/gdt-no-frame", gdt_no_frame),
    RUN("cpu/gdt-foreign", gdt_foreign),
    RUN("cpu/gdt-many", gdt_many),
    RUN("cpu/gdt-most", gdt_most),
    RUN("cpu/gdt-with-data3", gdt_with_data3),
    RUN("cpu/gdt-with-data0", gdt_with_data0),
    RUN("cpu/gdt-with-code3", gdt_with_code3),
    RUN("cpu/gdt-with-code0", gdt_with_code0),
    RUN("cpu/gdt-with-code32", gdt_with_code32),
    RUN("cpu/gdt-with-tss", gdt_with_tss),
    RUN("cpu/gdt-with-ldt", gdt_with_ldt),
    RUN("cpu/gdt-with-int-gate", gdt_with_int_gate),
    RUN("cpu/gdt-with-call-gate", gdt_with_call_gate),
    RUN("cpu/gdt-with-not-present", gdt_with_not_present),
    RUN("cpu/gdt-with-both-sizes", gdt_with_both_sizes),
    RUN("cpu/gdt-with-conforming", gdt_with_conforming),
    CALL("cpu/gdt-list-null", set_gdt, 0, 512),
    CALL("cpu/gdt-list-hypervisor", set_gdt, HV, 512),
    CALL("cpu/gdt-none-list-null", set_gdt, 0, 0),
    CALL("cpu/gdt-highest", set_gdt, GOOD, 0xffffffffu),
    RUN("cpu/descriptor-data3", descriptor_data3),
    RUN("cpu/descriptor-data0", descriptor_data0),
    RUN("cpu/descriptor-data1", descriptor_data1),
    RUN("cpu/descriptor-code3", descriptor_code3),
    RUN("cpu/descriptor-code0", descriptor_code0),
    RUN("cpu/descriptor-tss", descriptor_tss),
    RUN("cpu/descriptor-int-gate", descriptor_int_gate),
    RUN("cpu/descriptor-call-gate", descriptor_call_gate),
    RUN("cpu/descriptor-not-present", descriptor_not_present),
    UPDATE("in-data", M_GOOD, DATA3),
    UPDATE("in-untyped", M_SPARE, 0),
    UPDATE("in-table", M_L1, DATA3),
    UPDATE("in-no-frame", F_NONE << 12, DATA3),
    UPDATE("in-foreign", F_FOREIGN << 12, DATA3),
    UPDATE("not-aligned", M_SPARE + 4, DATA3),
    UPDATE("huge", 0xffffffffff000ul, DATA3),
    UPDATE("tss-in-data", M_GOOD, TSS),
    RUN("cpu/stack-switch", stack),
    CALL("cpu/stack-switch-null", stack_switch, 0, 0),
    CALL("cpu/stack-switch-crooked", stack_switch, FLAT_KERNEL_SS, CROOKED),
    CALL("cpu/stack-switch-hypervisor", stack_switch, FLAT_KERNEL_SS, HV),
    CALL("cpu/stack-switch-ring-0", stack_switch, 0xe010, 0x1000),
    RUN("cpu/fpu", fpu),
    SEGMENT("fs", SEGBASE_FS, 0x1000),
    SEGMENT("fs-crooked", SEGBASE_FS, CROOKED),
    SEGMENT("fs-hypervisor", SEGBASE_FS, HV),
    SEGMENT("fs-back", SEGBASE_FS, 0),
    SEGMENT("gs-user", SEGBASE_GS_USER, 0x1000),
    SEGMENT("gs-user-crooked", SEGBASE_GS_USER, CROOKED),
    SEGMENT("gs-kernel-crooked", SEGBASE_GS_KERNEL, CROOKED),
    SEGMENT("gs-kernel-hypervisor", SEGBASE_GS_KERNEL, HV),
    SEGMENT("gs-kernel-back", SEGBASE_GS_KERNEL, 0),
    SEGMENT("selector-null", SEGBASE_GS_USER_SEL, 0),
    SEGMENT("selector-wrong", SEGBASE_GS_USER_SEL, 0x1230),
    SEGMENT("selector-hypervisor", SEGBASE_GS_USER_SEL, 0xe010),
    SEGMENT("selector-back", SEGBASE_GS_USER_SEL, 0),
    SEGMENT("4", 4, 0),
    SEGMENT("highest", 0xffffffffu, 0),
    SEGMENT("upper-half", 0x100000000ul, 0),
    RUN("cpu/debug-0", debug_0),
    RUN("cpu/debug-0-hypervisor", debug_0_hypervisor),
    RUN("cpu/debug-0-crooked", debug_0_crooked),
    RUN("cpu/debug-3", debug_3),
    RUN("cpu/debug-4", debug_4),
    RUN("cpu/debug-5", debug_5),
    RUN("cpu/debug-6", debug_6),
    RUN("cpu/debug-6-all", debug_6_all),
    RUN("cpu/debug-6-high", debug_6_high),
    RUN("cpu/debug-7-none", debug_7_none),
    RUN("cpu/debug-7-write", debug_7_write),
    RUN("cpu/debug-7-local", debug_7_local),
    RUN("cpu/debug-7-io", debug_7_io),
    RUN("cpu/debug-7-execute-long", debug_7_execute_long),
    RUN("cpu/debug-7-general-detect", debug_7_general_detect),
    RUN("cpu/debug-7-reserved", debug_7_reserved),
    RUN("cpu/debug-7-high", debug_7_high),
    RUN("cpu/debug-8", debug_8),
    CALL("cpu/debug-highest", set_debugreg, 0xffffffffu, 0),
    CALLBACK("event-crooked", .type = CALLBACKTYPE_event, .address = CROOKED),
    CALLBACK("failsafe-crooked", .type = CALLBACKTYPE_failsafe, .address = CROOKED),
    CALLBACK("syscall-crooked", .type = CALLBACKTYPE_syscall, .address = CROOKED),
    CALLBACK("syscall-hypervisor", .type = CALLBACKTYPE_syscall, .address = HV),
    CALLBACK("syscall32", .type = CALLBACKTYPE_syscall32, .address = 0x1000),
    CALLBACK("sysenter", .type = CALLBACKTYPE_sysenter, .address = 0x1000),
    CALLBACK("sysenter-old", .type = CALLBACKTYPE_sysenter_deprecated, .address = 0x1000),
    CALLBACK("nmi", .type = CALLBACKTYPE_nmi, .address = 0x1000),
    CALLBACK("type-6", .type = 6, .address = 0x1000),
    CALLBACK("type-8", .type = 8, .address = 0x1000),
    CALLBACK("type-highest", .type = 0xffff, .address = 0x1000),
    CALLBACK("flags-unknown", .type = CALLBACKTYPE_syscall32, .flags = 0xfffe, .address = 0x1000),
    UNREGISTER("event", CALLBACKTYPE_event),
    UNREGISTER("failsafe", CALLBACKTYPE_failsafe),
    UNREGISTER("syscall", CALLBACKTYPE_syscall),
    UNREGISTER("sysenter", CALLBACKTYPE_sysenter),
    UNREGISTER("sysenter-old", CALLBACKTYPE_sysenter_deprecated),
    UNREGISTER("syscall32", CALLBACKTYPE_syscall32),
    UNREGISTER("nmi", CALLBACKTYPE_nmi),
    UNREGISTER("type-6", 6),
    UNREGISTER("type-8", 8),
    CALL("cpu/callback-null", callback_op, CALLBACKOP_register, 0),
    CALL("cpu/callback-hypervisor", callback_op, CALLBACKOP_register, HV),
    CALL("cpu/callback-end-null", callback_op, CALLBACKOP_unregister, 0),
    CALL("cpu/callback-command-2", callback_op, 2, GOOD),
    CALL("cpu/callback-command-highest", callback_op, 0xffffffffu, GOOD),
    CALL("cpu/callback-command-upper-half", callback_op, 0x100000000ul | CALLBACKOP_unregister, 0),
    RUN("cpu/callbacks-back", callbacks_back),
    ROWS_END,
};
