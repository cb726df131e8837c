# SPDX-License-Identifier: MIT
# The portable frontends: compiled for the test guests that use them and, with sanitizers, for their
# own tests on the host. A kernel that wants them compiles the .c files and defines os.h's functions.
PV_DRIVERS := $(BUILD)/guest-pv-drivers
PV_SOURCES := $(addprefix guest-pv-drivers/,console.c store.c)
PV_HELLO := $(BUILD)/tests/guest/vps-hello
PV_BALLOON := $(BUILD)/tests/guest/vps-balloon

$(PV_DRIVERS)/%.o: guest-pv-drivers/%.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(PV_HELLO)/main.o: GUEST_CFLAGS += -Iguest-pv-drivers
$(PV_HELLO)/os.o: GUEST_CFLAGS += -Iguest-pv-drivers
$(PV_HELLO)/os.o: tests/guest/vps-hello/os.c
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(PV_BALLOON)/main.o: GUEST_CFLAGS += -Iguest-pv-drivers
$(PV_HELLO).elf $(PV_BALLOON).elf: $(PV_HELLO)/os.o $(PV_SOURCES:guest-pv-drivers/%.c=$(PV_DRIVERS)/%.o)

$(eval $(call unit_test,pv-drivers,tests/unit/pv-drivers.c $(PV_SOURCES),-Iinclude -Iguest-pv-drivers,))
include guest-pv-drivers/report/build.mk
