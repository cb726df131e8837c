# SPDX-License-Identifier: MIT
# The test ladder: `make test` climbs the rungs in order and adds up what each says in its last line.
RUNGS := $(foreach rung,unit abi guest node,$(if $(wildcard tests/$(rung)/build.mk),$(rung)))

test: build-all
	@tests/ladder "$(MAKE)" $(RUNGS)
