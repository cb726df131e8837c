/* SPDX-License-Identifier: MIT */
/* The console's input side: bytes from the serial port wait here until dom0 reads them. */
#ifndef HYPERCALL_CONSOLE_CALLS_H
#define HYPERCALL_CONSOLE_CALLS_H

/* Boot, once the serial port is there. */
void console_input_init(void);

#endif
