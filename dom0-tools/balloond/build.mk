# SPDX-License-Identifier: MIT
# The balancer and the tests of its policy, of the reports it reads, and of its rounds.
BALLOOND := $(BUILD)/dom0-tools/balloond

ALL += $(BALLOOND)/mews-balloond
INSTALL += $(BALLOOND)/mews-balloond=/usr/sbin/mews-balloond

$(BALLOOND)/%.o: dom0-tools/balloond/%.c
	@mkdir -p $(@D)
	$(CC) $(DOM0_CFLAGS) -c $< -o $@

$(BALLOOND)/mews-balloond: $(addprefix $(BALLOOND)/,figures.o main.o policy.o round.o) $(LIBVMCTL)/libvmctl.a
	$(CC) $^ -o $@ $(LIBVMCTL_LIBS) -levent_core

BALLOOND_TEST_CFLAGS := -D_GNU_SOURCE -Iinclude -Ilibvmctl -Idom0-tools/balloond
$(eval $(call unit_test,balloond-policy,tests/unit/balloond-policy.c dom0-tools/balloond/policy.c,\
    $(BALLOOND_TEST_CFLAGS),))
$(eval $(call unit_test,balloond-round,tests/unit/balloond-round.c $(addprefix dom0-tools/balloond/,figures.c \
    policy.c round.c),$(BALLOOND_TEST_CFLAGS),-ljansson))
