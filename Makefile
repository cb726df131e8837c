# SPDX-License-Identifier: MIT
# The way into everything: what can be asked of the tree, and what every part shares. A part describes
# itself in its own build.mk; nothing is written outside $(BUILD).
#
#   make                builds everything; build/mews is the hypervisor
#   make run            boots a node in QEMU with the sample VPS `demo`
#   make test           climbs the whole test ladder (make test-RUNG: unit abi guest diff libxen node kernels peers fuzz)
#   make fuzz           fuzzes hypervisor and store for half an hour (SECONDS=, SEED=; fuzz-hypercalls, fuzz-store)
#   make node-run JOB=FILE [CPUS=2] [MEM=4096] [DISK=FILE]     runs a bash script as root in dom0
#   make bench          path lengths, shares of the CPUs, scaling, many VPSes, whole nodes: ours beside Xen's
#   make check          each header alone, clang's warnings, licences, length of files, names in the pages
#   make install DESTDIR=DIR
#   make clean          removes build/ (the cached base image of the node stays)
#
# What a part's build.mk may use and add to:
#   ALL          += files that `make` builds
#   UNIT_TESTS   += CUnit executables; $(eval $(call unit_test,NAME,SOURCES,CFLAGS,LIBS))
#                   makes one with sanitizers
#   INSTALL      += FILE=/path/where/it/goes: what `make install` and the node's image take (symlinks stay)
#   CFLAGS_COMMON, WARNINGS, SAN, BUILD

# V=1 shows each command
ifneq ($(V),1)
MAKEFLAGS += --silent
endif

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wundef -Werror
CFLAGS_COMMON := -std=gnu11 -O2 -g $(WARNINGS) -MMD -MP
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -g -O1

# Packages first: the parts' build.mk ask pkg-config while they are read.
ifneq ($(MEWS_DEPS_CHECKED),1)
ifneq ($(MAKECMDGOALS),clean)
$(shell .ci/deps)
ifneq ($(.SHELLSTATUS),0)
$(error packages are missing, see above)
endif
endif
export MEWS_DEPS_CHECKED := 1
endif

ALL :=
UNIT_TESTS :=
INSTALL :=

.PHONY: all run test test-unit test-abi test-guest test-node node-run bench check clean install
.DELETE_ON_ERROR:
all: build-all

# $(call unit_test,NAME,SOURCES,CFLAGS,LIBS): build/tests/unit/NAME, from sources, with sanitizers
define unit_test
UNIT_TESTS += $(BUILD)/tests/unit/$(1)
$(BUILD)/tests/unit/$(1): $(2)
	@mkdir -p $$(@D)
	$$(CC) -std=gnu11 $$(WARNINGS) $$(SAN) -MMD -MP -MF $$@.d $(3) -o $$@ $(filter %.c %.a,$(2)) $(4) -lcunit
endef

-include include/build.mk
-include hypervisor/build.mk
-include libvmctl/build.mk
-include $(sort $(wildcard dom0-tools/*.mk dom0-tools/*/build.mk))
-include guest-pv-drivers/build.mk
-include tests/build.mk
-include $(sort $(wildcard tests/*/build.mk))
# what depends on lists that are only whole here
test-unit: $(UNIT_TESTS)
$(BUILD)/node/overlay.cpio: $(foreach pair,$(INSTALL),$(firstword $(subst =, ,$(pair))))

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d')

.PHONY: build-all
build-all: $(ALL)

.PHONY: install-files
install: build-all install-files
install-files: $(foreach pair,$(INSTALL),$(firstword $(subst =, ,$(pair))))
	@set -e; for pair in $(INSTALL); do \
	    mkdir -p "$$(dirname "$(DESTDIR)$${pair#*=}")"; \
	    cp -P --remove-destination --preserve=mode,links "$${pair%%=*}" "$(DESTDIR)$${pair#*=}"; done

clean:
	rm -rf $(BUILD)
