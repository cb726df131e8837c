# SPDX-License-Identifier: MIT
# Guests of a page or two: each folder here with a main.c is one test, built to build/tests/guest/NAME.elf
# with the runtime in lib/. A folder named NAME is enough: nothing is listed anywhere.
guest_out := $(BUILD)/tests/guest
guest_names := $(sort $(patsubst tests/guest/%/main.c,%,$(wildcard tests/guest/*/main.c)))
guest_lib := $(patsubst tests/guest/lib/%,$(guest_out)/lib/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
GUEST_ELFS := $(guest_names:%=$(guest_out)/%.elf)
GUEST_CFLAGS := $(CFLAGS_COMMON) -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
    -mno-sse -mno-mmx -mno-80387 -fno-stack-protector -fno-asynchronous-unwind-tables \
    -fcf-protection=none -fno-strict-aliasing -Iinclude -Itests/guest/lib
GUEST_LINK = $(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
    -Wl,--no-warn-rwx-segments -Wl,-T,tests/guest/lib/guest.lds

$(guest_out)/lib/%.c.o: tests/guest/lib/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(guest_out)/lib/%.S.o: tests/guest/lib/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -Iinclude -Itests/guest/lib -c $< -o $@

$(guest_out)/%/main.o: tests/guest/%/main.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(GUEST_ELFS): $(guest_out)/%.elf: $(guest_out)/%/main.o $(guest_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(filter %.o,$^) -o $@

.PRECIOUS: $(guest_out)/%/main.o
ALL += $(GUEST_ELFS)

test-guest: $(GUEST_ELFS) $(HV)
	tests/guest/run --hypervisor $(HV) $(GUEST_ELFS)
