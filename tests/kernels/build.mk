# SPDX-License-Identifier: MIT
# The kernels rung: what others boot, as VPSes and as dom0, from Debian's other suites. KERNEL_TESTS="FILE..."
# runs only these; KERNEL_LIST=tests/kernels/list-testing takes the coming release's.
KERNEL_LIST ?= tests/kernels/list
KERNELS := $(BUILD)/tests/kernels

# each time: what is kept costs nothing, and the list may be another
$(KERNELS)/fetched: FORCE
	@tests/kernels/fetch $(KERNEL_LIST) $(KERNELS)
	@touch $@

# for dom0: what VPSes boot
$(KERNELS)/others.cpio: $(KERNELS)/fetched
	@rm -rf $(KERNELS)/tree && mkdir -p $(KERNELS)/tree/root/others
	@cp -r $(KERNELS)/vps-* $(KERNELS)/grub-* $(KERNELS)/tree/root/others
	@(cd $(KERNELS)/tree && find . -mindepth 1 | sort | cpio -oH newc --quiet -R 0:0) >$@

# as dom0's
KERNELS_DOM0 := $(patsubst %,$(KERNELS)/dom0-%/vmlinux,$(shell sed -n 's/^dom0 \([^ ]*\) .*/\1/p' $(KERNEL_LIST)))
$(KERNELS_DOM0): $(KERNELS)/fetched $(BUILD)/dom0-tools/unpack-kernel/mews-unpack-kernel
	@$(BUILD)/dom0-tools/unpack-kernel/mews-unpack-kernel $(@D)/vmlinuz $@

.PHONY: test-kernels
test-kernels: node $(KERNELS)/others.cpio $(KERNELS_DOM0) node-programs
	@BUILD=$(BUILD) HV=$(HV) tests/node/run --rung kernels --node-options '--cpio $(KERNELS)/others.cpio' $(KERNEL_TESTS)
