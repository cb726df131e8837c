# SPDX-License-Identifier: MIT
# mews-report, which runs in Linux VPSes: static, so that it runs in any of them, initramfs included.
#   make install-report DESTDIR=ROOT   installs it, and its unit for systemd, into a VPS's root
# `make install` keeps a copy of both on the host, for images that are made there.
PV_REPORT := $(BUILD)/guest-pv-drivers/report
PV_REPORT_SOURCES := $(addprefix guest-pv-drivers/report/,main.c meminfo.c xenbus.c)

ALL += $(PV_REPORT)/mews-report
INSTALL += $(PV_REPORT)/mews-report=/usr/share/mews/guest/mews-report \
    guest-pv-drivers/report/mews-report.service=/usr/share/mews/guest/mews-report.service

$(PV_REPORT)/mews-report: $(PV_REPORT_SOURCES) $(wildcard guest-pv-drivers/report/*.h)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_COMMON) -MF $@.d -D_GNU_SOURCE -Iinclude -Ilibvmctl -static -s -o $@ $(PV_REPORT_SOURCES)

.PHONY: install-report
install-report: $(PV_REPORT)/mews-report
	install -D -m 755 $< $(DESTDIR)/usr/sbin/mews-report
	install -D -m 644 guest-pv-drivers/report/mews-report.service \
	    $(DESTDIR)/usr/lib/systemd/system/mews-report.service

$(eval $(call unit_test,pv-report,tests/unit/pv-report.c $(addprefix guest-pv-drivers/report/,meminfo.c xenbus.c),\
    -D_GNU_SOURCE -Iinclude -Iguest-pv-drivers/report,))
