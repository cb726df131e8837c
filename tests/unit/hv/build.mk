# SPDX-License-Identifier: MIT
# Ring 0's logic on the host. $(call hv_unit_test,NAME,FILES OF hypervisor/): tests/unit/NAME.c with
# those files, tests/unit/hv/host.c and the host's stand-ins for bare metal.
HV_UNIT_CFLAGS := -include tests/unit/hv/host.h -Ihypervisor -Iinclude -Itests/unit -fno-strict-aliasing
hv_unit_test = $(eval $(call unit_test,$(1),tests/unit/$(1).c tests/unit/hv/host.c $(addprefix hypervisor/,$(2)),$(HV_UNIT_CFLAGS),))

HV_MEMORY_FILES := $(addprefix memory/,alloc.c heap.c frame.c claim.c tlb.c walk.c pagetable.c base.c)
$(call hv_unit_test,alloc-test,$(HV_MEMORY_FILES))
$(call hv_unit_test,frame-test,$(HV_MEMORY_FILES))
$(call hv_unit_test,tlb-test,$(HV_MEMORY_FILES))
$(eval $(call unit_test,pagetable-test,tests/unit/pagetable-test.c tests/unit/hv/host.c $(addprefix hypervisor/,$(HV_MEMORY_FILES)),\
    $(HV_UNIT_CFLAGS),-Xlinker --wrap=frame_get_writable))

# what of ring 0 a domain is made of, with stand-ins for the rest in hv/domain.c
HV_DOMAIN_FILES := $(addprefix domain/,evtchn.c evtchn_fifo.c grant.c grant_v2.c time.c sched.c runqueue.c share.c) \
    $(addprefix hypercall/,command.c event_calls.c grant_calls.c sched_calls.c vcpu_calls.c) $(HV_MEMORY_FILES)
hv_domain_test = $(eval $(call unit_test,$(1),tests/unit/$(1).c $(addprefix tests/unit/hv/,host.c domain.c) \
    $(addprefix hypervisor/,$(HV_DOMAIN_FILES)),$(HV_UNIT_CFLAGS),))

$(call hv_domain_test,evtchn-test)
$(call hv_domain_test,evtchn-fifo-test)
$(eval $(call unit_test,domain-test,tests/unit/domain-test.c $(addprefix tests/unit/hv/,host.c domain.c) \
    $(addprefix hypervisor/,$(HV_DOMAIN_FILES) domain/domain.c),$(HV_UNIT_CFLAGS),))
$(call hv_domain_test,grant-test)
$(call hv_domain_test,sched-test)
$(call hv_domain_test,share-test)
$(call hv_domain_test,time-test)

$(call hv_unit_test,descriptor-test,pv/descriptor.c $(HV_MEMORY_FILES))
$(eval $(call unit_test,decode-test,tests/unit/decode-test.c hypervisor/pv/decode.c,$(HV_UNIT_CFLAGS),))
$(eval $(call unit_test,store-test,tests/unit/store-test.c hypervisor/pv/store.c hypervisor/pv/decode.c,$(HV_UNIT_CFLAGS),))
$(call hv_unit_test,timer-test,cpu/timer.c $(HV_MEMORY_FILES))
# these include what they are about (hv/own-names.h says why)
$(eval $(call unit_test,lib-test,tests/unit/lib-test.c,$(HV_UNIT_CFLAGS),))
$(eval $(call unit_test,options-test,tests/unit/options-test.c,$(HV_UNIT_CFLAGS),))
$(eval $(call unit_test,apic-test,tests/unit/apic-test.c,$(HV_UNIT_CFLAGS),))
