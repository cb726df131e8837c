# SPDX-License-Identifier: MIT
# The peers rung: programs that others wrote for Xen, in a dom0 over our hypervisor. PEER_TESTS="FILE..." runs only these.
PEERS := $(BUILD)/tests/peers

$(PEERS)/xen.cpio: $(addprefix tests/peers/,fetch packages daemons)
	@tests/peers/fetch $@
	@touch $@

# against Debian's headers, on Debian's libraries
$(PEERS)/resume-slow: tests/peers/resume-slow.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -o $@ $< -lxenlight -lxentoollog

.PHONY: test-peers
test-peers: node $(PEERS)/xen.cpio $(PEERS)/resume-slow $(BUILD)/tests/guest/vps-hello.elf $(NODE_KERNELS) $(NODE_PROGRAMS)
	@BUILD=$(BUILD) HV=$(HV) tests/node/run --rung peers --node-options '--cpio $(PEERS)/xen.cpio' $(PEER_TESTS)
