# SPDX-License-Identifier: MIT
# The node: a machine in QEMU with our hypervisor, Debian's kernel as dom0 and our tools in it.
NODE := $(BUILD)/node
HV ?= $(BUILD)/mews
CPUS ?= 2
MEM ?= 4096
TIMEOUT ?= 600
NODE_RECIPE := $(addprefix dom0-tools/node/,build-image packages modules)

$(NODE)/base.cpio: $(NODE_RECIPE)
	dom0-tools/node/build-image $(NODE)
	@touch $@
$(NODE)/vmlinuz $(NODE)/vps.cpio $(NODE)/release: $(NODE)/base.cpio ;

# dom0's kernel as an ELF: the hypervisor unpacks nothing
$(NODE)/vmlinux: $(NODE)/vmlinuz $(BUILD)/dom0-tools/unpack-kernel/mews-unpack-kernel
	$(BUILD)/dom0-tools/unpack-kernel/mews-unpack-kernel $< $@

# our programs and the samples, laid over Debian's part
# (the top Makefile adds what INSTALL names to what this depends on, once all parts have been read)
$(NODE)/overlay.cpio: $(NODE)/base.cpio $(NODE)/vmlinux $(addprefix dom0-tools/node/,samples init vps-init vps.xml)
	@rm -rf $(NODE)/installed && mkdir -p $(NODE)/installed
	@$(MAKE) --no-print-directory -s install-files DESTDIR=$(NODE)/installed
	dom0-tools/node/samples $(NODE) $(NODE)/vmlinux $(NODE)/installed

.PHONY: node
node: $(NODE)/overlay.cpio $(HV)

NODE_RUN = BUILD=$(BUILD) dom0-tools/node/run --hv $(HV) --cpus $(CPUS) --mem $(MEM) --timeout $(TIMEOUT) $(if $(DISK),--disk $(DISK))

# What building says goes to stderr: stdout is the job's. (make itself exits 2 whatever a job's status was:
# dom0-tools/node/run passes it on as it is.)
node-run:
	@$(if $(JOB),:,echo 'usage: make node-run JOB=FILE [CPUS=2] [MEM=4096] [DISK=FILE]' >&2; exit 2)
	@$(MAKE) --no-print-directory node >&2
	@$(NODE_RUN) $(JOB)

run:
	@$(MAKE) --no-print-directory node >&2
	@if [ -t 0 ] && [ -t 1 ]; then $(NODE_RUN) --shell; else $(NODE_RUN) dom0-tools/node/demo-job; fi
