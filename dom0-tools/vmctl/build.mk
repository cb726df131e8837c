# SPDX-License-Identifier: MIT
# vmctl and the domain daemon. Linked with the static library: they start faster by what the dynamic
# linker need not do, and work before `make install`. So with ncurses: one verb of all needs it.
VMCTL := $(BUILD)/dom0-tools/vmctl
VMCTL_VERBS := console create destroy dumpxml info list pause reboot reset set shutdown top unpause version

VMCTL_CURSES := -l:libncursesw.a -l:libtinfo.a

ALL += $(VMCTL)/vmctl $(VMCTL)/mews-domaind
INSTALL += $(VMCTL)/vmctl=/usr/sbin/vmctl $(VMCTL)/mews-domaind=/usr/sbin/mews-domaind

$(VMCTL)/%.o: dom0-tools/vmctl/%.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -Idom0-tools/consoled -c $< -o $@

$(VMCTL)/client.o: dom0-tools/consoled/client.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -Idom0-tools/consoled -c $< -o $@

$(VMCTL)/vmctl: $(VMCTL)/main.o $(VMCTL_VERBS:%=$(VMCTL)/%.o) $(addprefix $(VMCTL)/,top_rows.o top_screen.o client.o) \
    $(LIBVMCTL)/libvmctl.a
	$(CC) $^ -o $@ $(LIBVMCTL_LIBS) $(VMCTL_CURSES)

$(VMCTL)/mews-domaind: $(VMCTL)/domaind.o $(LIBVMCTL)/libvmctl.a
	$(CC) $^ -o $@ $(LIBVMCTL_LIBS)

# The library but for the readings, which the test makes up.
$(eval $(call unit_test,vmctl-top,tests/unit/vmctl-top.c $(addprefix dom0-tools/vmctl/,top_rows.c top_screen.c) \
    $(filter-out libvmctl/stats.c,$(LIBVMCTL_SOURCES)),$(LIBVMCTL_TEST_CFLAGS) -Idom0-tools/vmctl,\
    $(LIBVMCTL_TEST_LIBS) $(VMCTL_CURSES)))
