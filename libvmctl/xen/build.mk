# SPDX-License-Identifier: MIT
# The libraries that answer to Xen's library headers in include/, with the sonames and symbol versions of Debian's.
# They live in a directory of their own, /usr/lib/mews, and so do the headers, /usr/include/mews: nothing takes
# them by accident. A library is a line (xen_library), a map of what it exports (NAME.map), and sources.
XENLIBS := $(BUILD)/xenlibs
XENLIBS_DIR := /usr/lib/mews
XENLIBS_INCLUDE := /usr/include/mews
XEN_LIBRARIES := # their names

# $(call xen_library,NAME,VERSION,SOURCES,LIBRARIES): libNAME.so.VERSION of sources (libvmctl/...), linked with
# other libraries of ours by name and with -l ones. A library's own libraries are found beside it.
define xen_library
XEN_LIBRARIES += $(1)
$(XENLIBS)/lib$(1).so.$(2): $(3:%.c=$(LIBVMCTL)/obj/%.o) libvmctl/xen/$(1).map $(patsubst %,$(XENLIBS)/lib%.so,$(filter-out -l%,$(4)))
	@mkdir -p $$(@D)
	$$(CC) -shared -Wl,-soname,lib$(1).so.$(2) -Wl,--version-script=libvmctl/xen/$(1).map -Wl,-z,defs \
	    -Wl,-rpath,'$$$$ORIGIN' -o $$@ $(3:%.c=$(LIBVMCTL)/obj/%.o) -L$(XENLIBS) $(patsubst %,-l%,$(filter-out -l%,$(4))) $(filter -l%,$(4))
$(XENLIBS)/lib$(1).so: $(XENLIBS)/lib$(1).so.$(2)
	ln -sf lib$(1).so.$(2) $$@
$(XENLIBS)/pkgconfig/$(1).pc: libvmctl/xen/build.mk
	@mkdir -p $$(@D)
	printf '%s\n' 'Name: $(1)' 'Description: Mews: what answers to lib$(1)' 'Version: $(2)' \
	    'Cflags: -I$(XENLIBS_INCLUDE)' 'Libs: -L$(XENLIBS_DIR) -Wl,-rpath,$(XENLIBS_DIR) -l$(1)' >$$@
ALL += $(XENLIBS)/lib$(1).so $(XENLIBS)/pkgconfig/$(1).pc
INSTALL += $(XENLIBS)/lib$(1).so.$(2)=$(XENLIBS_DIR)/lib$(1).so.$(2) $(XENLIBS)/lib$(1).so=$(XENLIBS_DIR)/lib$(1).so \
    $(XENLIBS)/pkgconfig/$(1).pc=$(XENLIBS_DIR)/pkgconfig/$(1).pc
endef

$(eval $(call xen_library,xentoollog,1,libvmctl/xen/toollog.c,))
$(eval $(call xen_library,xencall,1,libvmctl/xen/call.c libvmctl/xen/handle.c,xentoollog))
$(eval $(call xen_library,xenevtchn,1,libvmctl/xen/evtchn.c libvmctl/xen/handle.c,xentoollog))
$(eval $(call xen_library,xengnttab,1,libvmctl/xen/gnttab.c libvmctl/xen/handle.c,xentoollog))
$(eval $(call xen_library,xenforeignmemory,1,libvmctl/xen/foreignmemory.c libvmctl/xen/handle.c,xentoollog))
$(eval $(call xen_library,xenstore,4,libvmctl/xen/store.c libvmctl/store.c,))
$(eval $(call xen_library,xenctrl,4.17,$(wildcard libvmctl/xen/ctrl_*.c),xentoollog xencall xenevtchn xengnttab \
    xenforeignmemory))
# libxenctrl's pkg-config file has another name in Debian's libxen-dev
$(XENLIBS)/pkgconfig/xencontrol.pc: $(XENLIBS)/pkgconfig/xenctrl.pc
	ln -sf xenctrl.pc $@
ALL += $(XENLIBS)/pkgconfig/xencontrol.pc
INSTALL += $(XENLIBS)/pkgconfig/xencontrol.pc=$(XENLIBS_DIR)/pkgconfig/xencontrol.pc

# The headers: Xen's library headers as they are called, the ABI's as <xen/...>.
XENLIBS_HEADERS := $(wildcard include/*.h)
XENLIBS_ABI := $(shell find include/public -name '*.h' | sort)
INSTALL += $(foreach h,$(XENLIBS_HEADERS),$(h)=$(XENLIBS_INCLUDE)/$(notdir $(h))) \
    $(foreach h,$(XENLIBS_ABI),$(h)=$(XENLIBS_INCLUDE)/xen/$(h:include/public/%=%))

$(eval $(call unit_test,libxen-store,tests/unit/libxen-store.c libvmctl/xen/store.c libvmctl/store.c,\
    -D_GNU_SOURCE -Iinclude -Ilibvmctl,-lpthread))
$(eval $(call unit_test,libxen-handles,tests/unit/libxen-handles.c $(addprefix libvmctl/xen/,handle.c call.c evtchn.c \
    gnttab.c foreignmemory.c toollog.c),-D_GNU_SOURCE -Iinclude,-lpthread))
