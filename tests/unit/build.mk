# SPDX-License-Identifier: MIT
# The first rung: logic that can run in user space, with sanitizers. Parts add their tests to UNIT_TESTS.
# (The top Makefile makes test-unit depend on them, once all parts have been read.)
test-unit:
	@tests/unit/run $(UNIT_TESTS)
-include tests/unit/hv/build.mk
