# SPDX-License-Identifier: MIT
# The test ladder: `make test` climbs the rungs in order and adds up what each says in its last line.
RUNGS := $(foreach rung,unit abi guest diff libxen node kernels peers fuzz,$(if $(wildcard tests/$(rung)/build.mk),$(rung)))

test: build-all
	@tests/ladder "$(MAKE)" $(RUNGS)

# What can be said without running anything: each header compiles by itself, everything builds with clang's warnings too,
# where clang is there, and the tree is in order.
.PHONY: check-headers check-clang check-tree
check: check-tree check-headers check-clang
check-tree:
	tests/check-tree
check-headers: $(HV_BUILD)/asm-offsets.h
	tests/check-headers $(CC) $(BUILD)
check-clang:
	@if command -v clang >/dev/null; then $(MAKE) --no-print-directory -k CC=clang BUILD=$(BUILD)/clang build-all $(UNIT_TESTS:$(BUILD)/%=$(BUILD)/clang/%) >/dev/null; \
	else echo 'check: no clang here: only gcc has had its say'; fi
