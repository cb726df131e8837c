# SPDX-License-Identifier: MIT
# The benchmark guest, on the test guests' runtime, and its table; the load guest, for VPSes that keep a node busy,
# and what measures it.
bench := $(BUILD)/tests/bench
bench_objs := $(patsubst tests/bench/%,$(bench)/%.o,$(wildcard tests/bench/*.c tests/bench/*.S))
bench_lib := $(patsubst tests/guest/lib/%,$(BUILD)/tests/guest/lib/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
load_objs := $(patsubst tests/bench/%,$(bench)/%.o,$(wildcard tests/bench/load/*.c tests/bench/load/*.S)) \
    $(BUILD)/tests/guest/vps-hello/os.o $(BUILD)/guest-pv-drivers/store.o
ALL += $(bench)/bench.elf $(bench)/load.elf $(bench)/meter

$(bench)/%.c.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(bench)/%.S.o: tests/bench/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -Iinclude -Itests/guest/lib -c $< -o $@

$(bench)/bench.elf: $(bench_objs) $(bench_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(bench_objs) $(bench_lib) -o $@

$(bench)/load/%: GUEST_CFLAGS += -Iguest-pv-drivers
$(bench)/load.elf: $(load_objs) $(bench_lib) tests/guest/lib/guest.lds
	$(GUEST_LINK) $(load_objs) $(bench_lib) -o $@

$(bench)/meter: tests/bench/fair/meter.c tests/bench/fair/shares.c tests/bench/fair/shares.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -o $@ $(filter %.c,$^) -lm

$(eval $(call unit_test,shares,tests/unit/shares-test.c tests/bench/fair/shares.c,-Itests/bench/fair,-lm))

# bench climbs through all of them, one after the other, and fails at the end where one did; each can be had alone.
BENCHES := paths fair scale many guest peers
.PHONY: $(BENCHES:%=bench-%)
bench: $(bench)/bench.elf
	@bad=; for part in $(BENCHES); do echo "== $$part"; $(MAKE) --no-print-directory bench-$$part || bad="$$bad $$part"; done; \
	[ -z "$$bad" ] || { echo "bench: failed:$$bad" >&2; exit 1; }
bench-paths: $(bench)/bench.elf $(HV)
	tests/bench/run --guest $< --hypervisor $(HV)
# twice: exactly on one CPU, then on two, which wants a quiet machine
bench-fair: node $(bench)/load.elf $(bench)/meter
	@echo 'one CPU, counted clock:'; BUILD=$(BUILD) HV=$(HV) tests/bench/fair/run --exact; exact=$$?; \
	echo 'two CPUs:'; BUILD=$(BUILD) HV=$(HV) tests/bench/fair/run && exit $$exact
bench-scale bench-many bench-guest bench-peers: bench-%: node $(bench)/load.elf $(bench)/meter
	@BUILD=$(BUILD) HV=$(HV) tests/bench/$*/run
