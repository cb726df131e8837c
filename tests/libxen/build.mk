# SPDX-License-Identifier: MIT
# Real programs from Debian's source packages, compiled against our headers and run on our libraries; see run.
# LIBXEN_PROGRAMS="NAME..." runs only these.
.PHONY: test-libxen
test-libxen: node $(BUILD)/tests/guest/vps-hello.elf $(XEN_LIBRARIES:%=$(XENLIBS)/lib%.so)
	@BUILD=$(BUILD) HV=$(HV) CC=$(CC) tests/libxen/run $(LIBXEN_PROGRAMS)
