# SPDX-License-Identifier: MIT
# libvmctl, static and shared, its pkg-config file, and its tests.
LIBVMCTL := $(BUILD)/libvmctl
LIBVMCTL_SOURCES := $(wildcard libvmctl/*.c) $(addprefix libvmctl/xen/,call.c foreignmemory.c handle.c toollog.c) \
    hypervisor/lib/pv_elf.c hypervisor/lib/pv_image.c
LIBVMCTL_OBJECTS := $(patsubst %.c,$(LIBVMCTL)/obj/%.o,$(LIBVMCTL_SOURCES))
LIBVMCTL_PACKAGES := libxml-2.0 jansson zlib liblzma libzstd liblz4 libnl-3.0 libnl-route-3.0
LIBVMCTL_PACKAGE_CFLAGS := $(shell pkg-config --cflags $(LIBVMCTL_PACKAGES))
# DOM0_CFLAGS comes from dom0-tools, which is read later
LIBVMCTL_CFLAGS = $(DOM0_CFLAGS) -Ihypervisor $(LIBVMCTL_PACKAGE_CFLAGS)
LIBVMCTL_LIBS := $(shell pkg-config --libs $(LIBVMCTL_PACKAGES))
LIBVMCTL_SONAME := libvmctl.so.0

ALL += $(LIBVMCTL)/libvmctl.a $(LIBVMCTL)/libvmctl.so $(LIBVMCTL)/vmctl.pc
INSTALL += $(LIBVMCTL)/libvmctl.a=/usr/lib/libvmctl.a libvmctl/vmctl.h=/usr/include/vmctl.h \
    $(LIBVMCTL)/$(LIBVMCTL_SONAME)=/usr/lib/$(LIBVMCTL_SONAME) $(LIBVMCTL)/libvmctl.so=/usr/lib/libvmctl.so \
    $(LIBVMCTL)/vmctl.pc=/usr/lib/pkgconfig/vmctl.pc

# position-independent for both, and nothing exported but vmctl.h's functions
$(LIBVMCTL)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(LIBVMCTL_CFLAGS) -fPIC -c $< -o $@

$(LIBVMCTL)/libvmctl.a: $(LIBVMCTL_OBJECTS)
	rm -f $@; ar rcs $@ $^

$(LIBVMCTL)/$(LIBVMCTL_SONAME): $(LIBVMCTL_OBJECTS) libvmctl/vmctl.map
	$(CC) -shared -Wl,-soname,$(LIBVMCTL_SONAME) -Wl,--version-script=libvmctl/vmctl.map \
	    -Wl,-z,defs -o $@ $(LIBVMCTL_OBJECTS) $(LIBVMCTL_LIBS)

$(LIBVMCTL)/libvmctl.so: $(LIBVMCTL)/$(LIBVMCTL_SONAME)
	ln -sf $(LIBVMCTL_SONAME) $@

$(LIBVMCTL)/vmctl.pc: libvmctl/vmctl.h libvmctl/build.mk
	@mkdir -p $(@D)
	version=$$(sed -n 's/#define VMCTL_VERSION *"\(.*\)"/\1/p' $<) && test -n "$$version" && \
	printf '%s\n' 'prefix=/usr' 'Name: vmctl' 'Description: makes, lists and ends VPSes' "Version: $$version" \
	    'Requires.private: $(LIBVMCTL_PACKAGES)' 'Libs: -L$${prefix}/lib -lvmctl' \
	    'Cflags: -I$${prefix}/include' >$@

include libvmctl/xen/build.mk

LIBVMCTL_TEST_CFLAGS := -D_GNU_SOURCE -Iinclude -Ihypervisor -Ilibvmctl $(LIBVMCTL_PACKAGE_CFLAGS)
$(eval $(call unit_test,libvmctl-pv-image,tests/unit/libvmctl-pv-image.c hypervisor/lib/pv_image.c,\
    $(LIBVMCTL_TEST_CFLAGS),))
$(eval $(call unit_test,libvmctl-config,tests/unit/libvmctl-config.c $(addprefix libvmctl/,config.c config_read.c \
    config_tune.c config_write.c config_xml.c cpus.c),$(LIBVMCTL_TEST_CFLAGS),-lxml2))
LIBVMCTL_TEST_LIBS := $(shell pkg-config --libs $(LIBVMCTL_PACKAGES))
$(eval $(call unit_test,libvmctl-kernel,tests/unit/libvmctl-kernel.c $(LIBVMCTL_SOURCES),$(LIBVMCTL_TEST_CFLAGS),\
    $(LIBVMCTL_TEST_LIBS)))
$(eval $(call unit_test,libvmctl-state,tests/unit/libvmctl-state.c $(LIBVMCTL_SOURCES),$(LIBVMCTL_TEST_CFLAGS),\
    $(LIBVMCTL_TEST_LIBS)))
$(eval $(call unit_test,libvmctl-stats,tests/unit/libvmctl-stats.c $(LIBVMCTL_SOURCES),$(LIBVMCTL_TEST_CFLAGS),\
    $(LIBVMCTL_TEST_LIBS) -lm))
