# SPDX-License-Identifier: MIT
# xenstored, the tests of its logic, and the raw client that compares daemons.
XENSTORED_LOGIC := $(addprefix dom0-tools/xenstored/,node.c store.c txn.c watch.c conn.c wire.c control.c ring.c)
XENSTORED_SOURCES := $(XENSTORED_LOGIC) $(addprefix dom0-tools/xenstored/,xendev.c domain.c socket.c main.c)
XENSTORED_OBJECTS := $(XENSTORED_SOURCES:%.c=$(BUILD)/%.o)

$(BUILD)/dom0-tools/xenstored/%.o: dom0-tools/xenstored/%.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -c $< -o $@

$(BUILD)/dom0-tools/xenstored/xenstored: $(XENSTORED_OBJECTS)
	$(CC) $^ -o $@ -levent_core

$(BUILD)/tests/unit/xenstored-client: tests/unit/xenstored-client.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) $< -o $@

ALL += $(BUILD)/dom0-tools/xenstored/xenstored $(BUILD)/tests/unit/xenstored-client
INSTALL += $(BUILD)/dom0-tools/xenstored/xenstored=/usr/sbin/xenstored

XENSTORED_TEST_FLAGS := -D_GNU_SOURCE -Iinclude -Idom0-tools/xenstored
$(foreach test,store txn wire conn,$(eval $(call unit_test,xenstored-$(test)-test,tests/unit/xenstored-$(test)-test.c \
	$(XENSTORED_LOGIC),$(XENSTORED_TEST_FLAGS))))
