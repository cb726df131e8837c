# SPDX-License-Identifier: MIT
# Ring 0's logic on the host. $(call hv_unit_test,NAME,FILES OF hypervisor/): tests/unit/NAME.c with
# those files, tests/unit/hv/host.c and the host's stand-ins for bare metal.
HV_UNIT_CFLAGS := -include tests/unit/hv/host.h -Ihypervisor -Iinclude -Itests/unit -fno-strict-aliasing
hv_unit_test = $(eval $(call unit_test,$(1),tests/unit/$(1).c tests/unit/hv/host.c $(addprefix hypervisor/,$(2)),$(HV_UNIT_CFLAGS),))

$(call hv_unit_test,memory-test,memory/alloc.c memory/heap.c memory/frame.c memory/claim.c memory/tlb.c \
    memory/walk.c memory/pagetable.c memory/base.c)
