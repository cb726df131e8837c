/* SPDX-License-Identifier: MIT */
/*
 * Commands of a hypercall that is a family of them: what is done before and after a handler, for all alike. No handler
 * sees the guest's own structure, and none is called by whom it is not for.
 */
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/guest_copy.h"

const struct command *command_find(const struct command *table, size_t count, u32 number)
{
    for (; count; table++, count--)
        if (table->number == number)
            return table;
    return NULL;
}

long command_run(const struct command *command, struct vcpu *v, u64 at)
{
    u64 op[COMMAND_SIZE / 8];
    struct command_call call = {0, v, v->domain, op, at};
    int found = 0;
    long error;

    if (!command)
        return -ENOSYS;
    call.number = command->number;
    if ((command->rules & CONTROL) && !v->domain->privileged)
        return -EPERM;
    ASSERT(command->size <= sizeof(op));
    if (copy_from_guest(op, at, command->size))
        return -EFAULT;
    if (command->rules & OF_DOMAIN)
        call.domain = domain_find_for(v, (domid_t)op[0], &found);
    if (found)
        return found;
    error = command->run(&call);
    if (command->rules & OF_DOMAIN)
        domain_put(call.domain);
    if (error || !(command->rules & ANSWERS) || !copy_to_guest(at, op, command->size))
        return error;
    if (command->rules & NEW_PORT)
        evtchn_close(v->domain, ((const u32 *)op)[command->size / 4 - 1]);
    return -EFAULT;
}
