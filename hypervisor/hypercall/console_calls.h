/* SPDX-License-Identifier: MIT */
/* The machine's console as dom0's: see console_calls.c. */
#ifndef HYPERCALL_CONSOLE_CALLS_H
#define HYPERCALL_CONSOLE_CALLS_H

#include "lib/types.h"

/* A byte that somebody typed: kept for dom0, which is told (VIRQ_CONSOLE). Interrupt context. */
void console_receive(u8 byte);

#endif
