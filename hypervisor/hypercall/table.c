/* SPDX-License-Identifier: MIT */
/*
 * The table of hypercalls, made of the list in hypercall.h. A number that is not here answers ENOSYS.
 */
#include <public/xen.h>

#include "hypercall/hypercall.h"

#define ENTRY(call, arguments_, control_)                                                          \
    [__HYPERVISOR_##call] = {                                                                      \
        .name = #call, .handler = do_##call, .arguments = (arguments_), .control = (control_)},
#define ANY(call, arguments) ENTRY(call, arguments, false)
#define PRIVILEGED(call, arguments) ENTRY(call, arguments, true)

const struct hypercall hypercall_table[HYPERCALL_COUNT] = {HYPERCALLS(ANY, PRIVILEGED)};
