# SPDX-License-Identifier: MIT
# The node rung: whole nodes in QEMU, driven by scripts. NODE_TESTS="FILE..." runs only these.
$(BUILD)/tests/hv-count: tests/node/hv-count.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -o $@ $<

# static: it runs in VPSes too
$(BUILD)/tests/fpu-hold: tests/node/fpu-hold.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -static -o $@ $<

test-node: node $(BUILD)/tests/hv-count $(BUILD)/tests/fpu-hold
	@BUILD=$(BUILD) HV=$(HV) tests/node/run $(NODE_TESTS)
