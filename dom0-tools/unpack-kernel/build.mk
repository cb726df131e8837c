# SPDX-License-Identifier: MIT
# The kernel unpacker, which also runs on the machine that builds a node.
UNPACK_KERNEL := $(BUILD)/dom0-tools/unpack-kernel

ALL += $(UNPACK_KERNEL)/mews-unpack-kernel
INSTALL += $(UNPACK_KERNEL)/mews-unpack-kernel=/usr/bin/mews-unpack-kernel

$(UNPACK_KERNEL)/main.o: dom0-tools/unpack-kernel/main.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -c $< -o $@

$(UNPACK_KERNEL)/mews-unpack-kernel: $(UNPACK_KERNEL)/main.o $(LIBVMCTL)/libvmctl.a
	$(CC) $^ -o $@ $(LIBVMCTL_LIBS)
