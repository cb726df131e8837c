# SPDX-License-Identifier: MIT
# The benchmark guest, on the test guests' runtime, and its table.
bench_objs := $(patsubst tests/bench/%,$(BUILD)/tests/bench/%.o,$(wildcard tests/bench/*.c tests/bench/*.S))
bench_lib := $(patsubst tests/guest/lib/%,$(BUILD)/tests/guest/lib/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
ALL += $(BUILD)/tests/bench/bench.elf

$(BUILD)/tests/bench/%.c.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(BUILD)/tests/bench/%.S.o: tests/bench/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -Iinclude -Itests/guest/lib -c $< -o $@

$(BUILD)/tests/bench/bench.elf: $(bench_objs) $(bench_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(bench_objs) $(bench_lib) -o $@

bench: $(BUILD)/tests/bench/bench.elf $(BUILD)/mews
	tests/bench/run --guest $< --hypervisor $(BUILD)/mews
