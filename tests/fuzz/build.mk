# SPDX-License-Identifier: MIT
# Fuzzing: a VPS that does everything at random beside VPSes that must not notice; hostile clients of the store.
fuzz := $(BUILD)/tests/fuzz
fuzz_objs := $(patsubst tests/fuzz/%,$(fuzz)/%.o,$(wildcard tests/fuzz/guest/*.c tests/fuzz/guest/*.S))
canary_objs := $(fuzz)/canary/main.c.o
fuzz_lib := $(patsubst tests/guest/lib/%,$(BUILD)/tests/guest/lib/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
ALL += $(fuzz)/fuzz.elf $(fuzz)/canary.elf $(fuzz)/fuzz-peek

$(fuzz)/%.c.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(fuzz)/%.S.o: tests/fuzz/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -Iinclude -Itests/guest/lib -c $< -o $@

$(fuzz)/fuzz.elf: $(fuzz_objs) $(fuzz_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(fuzz_objs) $(fuzz_lib) -o $@

$(fuzz)/canary.elf: $(canary_objs) $(fuzz_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(canary_objs) $(fuzz_lib) -o $@

$(fuzz)/fuzz-peek: tests/fuzz/peek.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -Itests/fuzz -o $@ $<

# A hypervisor with its assertions and lock ranks, for this alone: a make of its own knows what of it is stale.
.PHONY: fuzz-debug-hypervisor
fuzz-debug-hypervisor:
	@$(MAKE) --no-print-directory HV_DEBUG=1 BUILD=$(BUILD)/debug $(BUILD)/debug/mews

# The rung: fixed seeds, a minute each. `make fuzz` goes on for SECONDS with seeds of its own; SEED=N repeats one that it
# printed.
SECONDS ?= 1800
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
.PHONY: test-fuzz fuzz fuzz-hypercalls
test-fuzz: node fuzz-debug-hypervisor $(fuzz)/fuzz.elf $(fuzz)/canary.elf $(fuzz)/fuzz-peek $(BUILD)/tests/hv-count
	@BUILD=$(BUILD) tests/fuzz/run --seconds 60 --seed 1 --table $(fuzz)/ends
fuzz: fuzz-hypercalls
fuzz-hypercalls: node fuzz-debug-hypervisor $(fuzz)/fuzz.elf $(fuzz)/canary.elf $(fuzz)/fuzz-peek $(BUILD)/tests/hv-count
	@seed=$(SEED); echo "fuzz-hypercalls: seed $$seed"; \
	BUILD=$(BUILD) tests/fuzz/run --seconds $(SECONDS) --seed $$seed --table $(fuzz)/ends
