/* SPDX-License-Identifier: MIT */
/*
 * One ns16550 (COM1): the machine's console.
 */
#ifndef DEVICE_SERIAL_H
#define DEVICE_SERIAL_H

#include "lib/types.h"

#define SERIAL_PORT 0x3f8
#define SERIAL_PORTS 8
#define SERIAL_IRQ 4

/* baud 0: leave the divisor as it is. False if there is no such port. */
bool serial_init(u32 baud);
void serial_write(const char *text, size_t size);
/* From then on every received byte goes to fn (interrupt context). After ioapic_init. */
void serial_enable_input(void (*fn)(u8 byte));

#endif
