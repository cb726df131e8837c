# SPDX-License-Identifier: MIT
# include/public/ against Debian's libxen-dev: one list of rows, compiled against each. Their headers get
# no warnings flags beyond -Wall: they are not ours to mend. Beside it, the libraries' prototypes and symbols.
abi := $(BUILD)/tests/abi

$(abi)/%.o: tests/abi/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -Iinclude -Itests/abi -c $< -o $@

$(abi)/theirs.o: tests/abi/theirs.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -Wall -MMD -MP -Itests/abi -c $< -o $@

$(abi)/abi-test: $(abi)/abi-test.o $(abi)/ours.o $(abi)/theirs.o
	$(CC) $^ -lcunit -o $@

test-abi: $(abi)/abi-test $(XEN_LIBRARIES:%=$(XENLIBS)/lib%.so)
	tests/abi/run $(CC) $(BUILD)
