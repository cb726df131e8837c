# SPDX-License-Identifier: MIT
# What dom0's programs share when they are built: user-space flags and the libraries' pkg-config.
DOM0_CFLAGS := $(CFLAGS_COMMON) -fstack-protector-strong -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -Iinclude -Ilibvmctl
