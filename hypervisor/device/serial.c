/* SPDX-License-Identifier: MIT */
/*
 * COM1, an ns16550: output by waiting for room in the FIFO, input by interrupt. It must never wait for
 * ever: a port that does not drain loses the text.
 */
#include "device/serial.h"

#include "cpu/apic.h"
#include "cpu/asm.h"
#include "cpu/irq.h"
#include "device/acpi.h"
#include "device/ioapic.h"

enum serial_register { DATA, IRQ_ENABLE, FIFO, LINE_CONTROL, MODEM_CONTROL, LINE_STATUS, MODEM_STATUS, SCRATCH };
#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY 0x20
#define FIFO_DEPTH 16

static void (*input)(u8 byte);

static u8 reg_read(enum serial_register r)
{
    return inb((u16)(SERIAL_PORT + r));
}

static void reg_write(enum serial_register r, u8 value)
{
    outb((u16)(SERIAL_PORT + r), value);
}

bool serial_init(u32 baud)
{
    u32 divisor = baud ? 115200 / baud : 0;

    reg_write(SCRATCH, 0x5a);
    if (reg_read(SCRATCH) != 0x5a)
        return false;
    reg_write(IRQ_ENABLE, 0);
    if (divisor) {
        reg_write(LINE_CONTROL, 0x83);
        reg_write(DATA, (u8)divisor);
        reg_write(IRQ_ENABLE, (u8)(divisor >> 8));
    }
    reg_write(LINE_CONTROL, 0x03); /* 8n1 */
    reg_write(FIFO, 0x07);
    reg_write(MODEM_CONTROL, 0x0b); /* DTR, RTS, and OUT2, which lets the interrupt through */
    return true;
}

static void send(u8 byte, u32 *room)
{
    u32 patience = 1000000;

    if (!*room) {
        while (!(reg_read(LINE_STATUS) & STATUS_EMPTY) && --patience)
            cpu_pause();
        *room = FIFO_DEPTH;
    }
    reg_write(DATA, byte);
    --*room;
}

void serial_write(const char *text, size_t size)
{
    u32 room = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            send('\r', &room);
        send((u8)text[i], &room);
    }
}

static void serial_interrupt(u8 vector, void *data)
{
    (void)vector;
    (void)data;
    apic_eoi();
    for (u32 i = 0; i < 256 && (reg_read(LINE_STATUS) & STATUS_RECEIVED); i++)
        input(reg_read(DATA));
}

void serial_enable_input(void (*fn)(u8 byte))
{
    u8 vector = irq_vector_alloc(serial_interrupt, NULL);

    if (!vector || ioapic_route(acpi_info.isa[SERIAL_IRQ].gsi, vector, apic_id(),
                                acpi_info.isa[SERIAL_IRQ].level, acpi_info.isa[SERIAL_IRQ].low))
        return;
    input = fn;
    reg_write(IRQ_ENABLE, 0x01);
    ioapic_mask(acpi_info.isa[SERIAL_IRQ].gsi, false);
}
