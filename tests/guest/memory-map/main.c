/* SPDX-License-Identifier: MIT */
/*
 * Theory: a guest learns its memory from the hypervisor: entries of the E820 kind, at most as many
 * as it has room for, RAM among them. Dom0 alone also sees the machine's.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "memory-map: XENMEM_memory_map";

struct e820 {
    uint64_t base, size;
    uint32_t type;
} __attribute__((packed));

static struct e820 map[66];

static long ask(unsigned int command, unsigned int room, void *buffer, unsigned int *got)
{
    struct xen_memory_map request = {.nr_entries = room};
    long rc;

    set_xen_guest_handle(request.buffer, buffer);
    rc = hypercall_memory_op(command, &request);
    *got = request.nr_entries;
    return rc;
}

static void check_machine(void)
{
    unsigned int count, few;
    uint64_t ram = 0;

    memset(map, 0x55, sizeof(map));
    CHECK_OK(ask(XENMEM_machine_memory_map, 64, map, &count));
    CHECK(count >= 2 && count <= 64, "%u entries", count);
    for (unsigned int i = 0; i < count; i++)
        if (map[i].type == 1)
            ram += map[i].size;
    CHECK(ram > 64UL << 20, "%lu bytes of RAM", ram);
    CHECK(map[count].type == 0x55555555, "an entry behind the last was written");
    memset(map, 0x55, sizeof(map));
    if (ask(XENMEM_machine_memory_map, 1, map, &few) == 0)
        CHECK_EQ(few, 1);
    CHECK(map[1].type == 0x55555555, "more was written than there is room for");
    CHECK_REFUSED(
        ask(XENMEM_machine_memory_map, 64, (void *)(HYPERVISOR_VIRT_START + (1UL << 40)), &few));
}

void test_main(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF}, other = {.domid = 1234};
    unsigned int count;
    long rc;

    rc = hypercall_memory_op(XENMEM_maximum_reservation, &self);
    CHECK(rc >= (long)start_info->nr_pages, "at most %ld pages", rc);
    CHECK_REFUSED(hypercall_memory_op(XENMEM_current_reservation, &other));
    CHECK_REFUSED(hypercall_memory_op(XENMEM_maximum_reservation, &other));
    rc = ask(XENMEM_memory_map, 64, map, &count);
    CHECK(rc == 0 || rc == -XEN_ENOSYS, "memory_map: %ld", rc); /* dom0 may have none */
    if (guest_is_dom0())
        check_machine();
    else
        CHECK_REFUSED(ask(XENMEM_machine_memory_map, 64, map, &count));
}
