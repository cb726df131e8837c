/* SPDX-License-Identifier: MIT */
/*
 * Theory: dom0 writes to the hypervisor's console: any length, any bytes, across pages; a length
 * that is not mapped to its end is refused without harm. Reading gives what was typed, here
 * nothing.
 */
#include "guest.h"

const char test_title[] = "console-io: CONSOLEIO_write and _read";

void test_main(void)
{
    static char text[3 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    static char odd[] = "\x01\x7f\xff\x1b[0m\n";

    if (!guest_is_dom0())
        report_skip("a VPS has a console ring instead");
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = i % 64 == 63 ? '\n' : '.';
    CHECK_OK(hypercall_console_io(CONSOLEIO_write, 0, text));
    CHECK_OK(hypercall_console_io(CONSOLEIO_write, 200, text + PAGE_SIZE - 100));
    CHECK_OK(hypercall_console_io(CONSOLEIO_write, 2000, text + 50));
    CHECK_OK(hypercall_console_io(CONSOLEIO_write, sizeof(odd) - 1, odd));
    CHECK_OK(hypercall_update_va_mapping(text + 2 * PAGE_SIZE, 0, UVMF_INVLPG));
    CHECK_REFUSED(hypercall_console_io(CONSOLEIO_write, 3 * PAGE_SIZE, text));
    CHECK_REFUSED(hypercall_console_io(CONSOLEIO_write, 64, text + 2 * PAGE_SIZE));
    CHECK(hypercall_console_io(CONSOLEIO_read, 64, text) >= 0, "a read was refused");
    CHECK_REFUSED(hypercall_console_io(9, 64, text));
    print("\n");
}
