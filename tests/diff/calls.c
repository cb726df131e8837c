/* SPDX-License-Identifier: MIT */
/*
 * Numbers that are no hypercall, and those of the ABI that have no rows of their own: with a command that none has, where
 * they take one, and pointers that lead nowhere.
 */
#include "diff.h"

#define NUMBER(n) {.name = "call/number-" #n, .call = n, .args = {99, CROOKED, CROOKED, CROOKED, CROOKED}}

void trap_stub_256(void);
void trap_stub_257(void);
void trap_stub_258(void);

/* The old call for all three entry points, given those that it has. */
static long set_callbacks(void)
{
    return hypercall_set_callbacks(trap_stub_256, trap_stub_257, trap_stub_258);
}

const struct row rows_calls[] = {
    RUN("call/set-callbacks", set_callbacks),
    NUMBER(6),
    NUMBER(11),
    NUMBER(16),
    NUMBER(19),
    NUMBER(27),
    NUMBER(28),
    NUMBER(31),
    NUMBER(34),
    NUMBER(37),
    NUMBER(38),
    NUMBER(39),
    NUMBER(40),
    NUMBER(41),
    NUMBER(42),
    NUMBER(43),
    NUMBER(44),
    NUMBER(45),
    NUMBER(46),
    NUMBER(47),
    NUMBER(48),
    NUMBER(49),
    NUMBER(50),
    NUMBER(51),
    NUMBER(52),
    NUMBER(53),
    NUMBER(54),
    NUMBER(55),
    NUMBER(56),
    NUMBER(57),
    NUMBER(60),
    NUMBER(63),
    ROWS_END,
};
