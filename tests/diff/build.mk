# SPDX-License-Identifier: MIT
# The differential guest, on the test guests' runtime, and its comparison with what Xen answered.
diff := $(BUILD)/tests/diff
diff_objs := $(patsubst tests/diff/%,$(diff)/%.o,$(wildcard tests/diff/*.c tests/diff/*.S))
diff_lib := $(patsubst tests/guest/lib/%,$(BUILD)/tests/guest/lib/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
ALL += $(diff)/diff.elf $(diff)/ends.elf $(diff)/ends-state

$(diff)/%.c.o: tests/diff/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -Wno-missing-field-initializers -c $< -o $@

$(diff)/%.S.o: tests/diff/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -Iinclude -Itests/guest/lib -c $< -o $@

$(diff)/diff.elf: $(diff_objs) $(diff_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(diff_objs) $(diff_lib) -o $@

$(diff)/ends.elf: $(diff)/ends/main.c.o $(diff_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(diff)/ends/main.c.o $(diff_lib) -o $@

$(diff)/ends-state: tests/diff/ends/state.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -static -o $@ $<

.PHONY: test-diff
test-diff: $(diff)/diff.elf $(HV)
	tests/diff/run --guest $< --hypervisor $(HV)
