# SPDX-License-Identifier: MIT
# The node rung: whole nodes in QEMU, driven by scripts. NODE_TESTS="FILE..." runs only these.
$(BUILD)/tests/hv-count $(BUILD)/tests/hv-sched: $(BUILD)/tests/%: tests/node/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -o $@ $<

# static: they run in VPSes too
$(BUILD)/tests/fpu-hold $(BUILD)/tests/smp-load $(BUILD)/tests/mem-hog $(BUILD)/tests/vdso-clock: $(BUILD)/tests/%: tests/node/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -static -o $@ $<

# kernels that are refused, or crash
NODE_KERNELS := $(addprefix $(BUILD)/tests/node-kernels/,elf32 pvh-only unhandled-trap)
NODE_KERNEL_LINK := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096
$(BUILD)/tests/node-kernels/elf32: NODE_KERNEL_FLAGS := -m32 -DELF32 -Wl,-Ttext-segment=0x100000
$(BUILD)/tests/node-kernels/pvh-only: NODE_KERNEL_FLAGS := -DPVH_ONLY -Wl,-Ttext-segment=0x100000
$(BUILD)/tests/node-kernels/unhandled-trap: NODE_KERNEL_FLAGS := -Wl,-Ttext-segment=0xffffffff80100000
$(NODE_KERNELS): tests/node/kernels/kernel.S
	@mkdir -p $(@D)
	$(CC) $(NODE_KERNEL_LINK) $(NODE_KERNEL_FLAGS) -o $@ $<

NODE_PROGRAMS := $(addprefix $(BUILD)/tests/,hv-count hv-sched fpu-hold smp-load mem-hog vdso-clock bench/load.elf guest/vps-balloon.elf diff/diff.elf diff/ends.elf diff/ends-state)

# what tests/node/run lays over dom0's root, for this rung and for those that use it
.PHONY: node-programs
node-programs: $(NODE_KERNELS) $(NODE_PROGRAMS)

test-node: node node-programs
	@BUILD=$(BUILD) HV=$(HV) tests/node/run $(NODE_TESTS)
