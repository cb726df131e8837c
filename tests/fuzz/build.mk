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

# The rung: fixed seeds, a minute. `make fuzz` goes on for SECONDS with seeds of its own, and says them; SEED=N has one again.
SECONDS ?= 1800
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
fuzz_needs := $(fuzz)/fuzz.elf $(fuzz)/canary.elf $(fuzz)/fuzz-peek $(BUILD)/tests/hv-count
.PHONY: test-fuzz fuzz fuzz-hypercalls fuzz-store
test-fuzz: node fuzz-debug-hypervisor $(fuzz_needs) $(fuzz)/fuzz-store
	@BUILD=$(BUILD) tests/fuzz/run --seconds 60 --seed 1 --table $(fuzz)/ends --store $(fuzz)/fuzz-store
fuzz fuzz-hypercalls: node fuzz-debug-hypervisor $(fuzz_needs) $(fuzz)/fuzz-store
	@seed=$(SEED); echo "$@: seed $$seed, $(SECONDS) s"; \
	BUILD=$(BUILD) tests/fuzz/run --seconds $(SECONDS) --seed $$seed --table $(fuzz)/ends $(if $(filter fuzz,$@),--store $(fuzz)/fuzz-store)
fuzz-store: $(fuzz)/fuzz-store
	@seed=$(SEED); echo "$@: seed $$seed, $(SECONDS) s"; $< --seconds $(SECONDS) --seed $$seed

# The store: the whole daemon but for its main and its devices.
fuzz_store_sources := $(wildcard tests/fuzz/store/*.c) $(XENSTORED_LOGIC) $(addprefix dom0-tools/xenstored/,domain.c socket.c)
$(fuzz)/fuzz-store: $(fuzz_store_sources) $(wildcard tests/fuzz/store/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(SAN) -MMD -MP -MF $@.d -D_GNU_SOURCE -Iinclude -Idom0-tools/xenstored -Itests/fuzz/store \
	    -o $@ $(filter %.c,$^) -levent_core -lpthread
