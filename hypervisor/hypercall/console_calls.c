/* SPDX-License-Identifier: MIT */
/*
 * console_io: dom0's way to the machine's serial console, both directions, and what other domains may say there
 * before they have a console of their own: little, and only where the machine's owner asked for it.
 */
#include "boot/boot.h"
#include "cpu/clock.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/guest_copy.h"

#define CHUNK 128u
#define INPUT_SIZE 1024u /* a power of two */
/* Domains other than dom0: lines of this much together a second, the rest is dropped. */
#define GUEST_BYTES_PER_SECOND 2048u

static char input[INPUT_SIZE];
static volatile u32 input_read, input_written;

void console_receive(u8 byte)
{
    if (input_written - input_read >= INPUT_SIZE)
        return;
    input[input_written % INPUT_SIZE] = (char)byte;
    barrier();
    input_written++;
    evtchn_send_global_virq(VIRQ_CONSOLE);
}

static long console_read(u64 to, u32 size)
{
    u32 done = 0;

    while (done < size && input_read != input_written) {
        if (copy_to_guest(to + done, &input[input_read % INPUT_SIZE], 1))
            return -EFAULT;
        input_read++;
        done++;
    }
    return done;
}

/* Dom0's writes go out as they are. A long one is done in turns. */
static long console_write(u64 args[6])
{
    char text[CHUNK];

    while ((u32)args[1]) {
        u32 n = MIN((u32)args[1], CHUNK);

        if (copy_from_guest(text, args[2], n))
            return -EFAULT;
        print_raw(text, n);
        args[1] = (u32)args[1] - n;
        args[2] += n;
        if ((u32)args[1] && preempt_needed())
            return -ERESTART;
    }
    return 0;
}

/* All guests together have one allowance a second, so that none can drown the log. */
static bool guest_may_print(u32 bytes)
{
    static u64 second;
    static u32 used;
    u64 now = now_ns() / 1000000000ull;

    if (now != second) {
        second = now;
        used = 0;
    }
    used += bytes;
    return used <= GUEST_BYTES_PER_SECOND;
}

/* One line a call, its control characters replaced: it must not look like someone else's. */
static long guest_write(struct vcpu *v, u32 size, u64 from)
{
    char text[CHUNK + 1];
    u32 n = MIN(size, CHUNK);

    if (copy_from_guest(text, from, n))
        return -EFAULT;
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    for (u32 i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '.';
    text[n] = 0;
    if (n && boot_options.guest_loglvl >= PRINT_DEBUG && guest_may_print(n))
        printk(PRINT_INFO, "d%u: %s\n", v->domain->id, text);
    return 0;
}

long do_console_io(struct vcpu *v, u64 args[6])
{
    switch ((u32)args[0]) {
    case CONSOLEIO_write:
        if (v->domain->privileged)
            return console_write(args);
        return guest_write(v, (u32)args[1], args[2]);
    case CONSOLEIO_read:
        if (!v->domain->privileged)
            return -EPERM;
        return console_read(args[2], (u32)args[1]);
    default: return -ENOSYS;
    }
}
