# SPDX-License-Identifier: MIT
# The console daemon, what its clients link, and the tests of both and of the store client.
CONSOLED := $(BUILD)/dom0-tools/consoled
CONSOLED_PARTS := ring replay bucket log console terminal domains clients report
CONSOLED_OBJECTS := $(CONSOLED_PARTS:%=$(CONSOLED)/%.o) $(CONSOLED)/host.o $(CONSOLED)/main.o \
    $(CONSOLED)/store.o

ALL += $(CONSOLED)/mews-consoled
INSTALL += $(CONSOLED)/mews-consoled=/usr/sbin/mews-consoled

$(CONSOLED)/%.o: dom0-tools/consoled/%.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -c $< -o $@

$(CONSOLED)/store.o: libvmctl/store.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -c $< -o $@

$(CONSOLED)/mews-consoled: $(CONSOLED_OBJECTS)
	$(CC) $^ -o $@ -levent_core

CONSOLED_TEST_CFLAGS := -D_GNU_SOURCE -Iinclude -Ilibvmctl -Idom0-tools/consoled
$(eval $(call unit_test,store-client,tests/unit/store-client.c libvmctl/store.c,$(CONSOLED_TEST_CFLAGS),))
$(eval $(call unit_test,consoled-parts,tests/unit/consoled-parts.c $(addprefix dom0-tools/consoled/,ring.c \
    replay.c bucket.c log.c report.c),$(CONSOLED_TEST_CFLAGS),))
$(eval $(call unit_test,consoled-daemon,tests/unit/consoled-daemon.c tests/unit/consoled-world.c $(addprefix dom0-tools/consoled/,ring.c \
    replay.c bucket.c log.c report.c console.c terminal.c domains.c clients.c client.c),$(CONSOLED_TEST_CFLAGS),-levent_core))
