# SPDX-License-Identifier: MIT
# Ring 0: every .c and .S under the floors, linked at its own virtual address, then wrapped into the ELF32
# that multiboot loaders take. HV_DEBUG=1 keeps assertions and lock-rank checks.
HV_DEBUG ?= 0
HV_BUILD := $(BUILD)/hypervisor
HV_FLOORS := boot entry hypercall pv domain memory cpu device lib
HV_C := $(filter-out hypervisor/entry/asm_offsets.c,$(sort $(foreach f,$(HV_FLOORS),$(wildcard hypervisor/$(f)/*.c))))
HV_S := $(sort $(foreach f,$(HV_FLOORS),$(wildcard hypervisor/$(f)/*.S)))
HV_OBJECTS := $(HV_C:hypervisor/%.c=$(HV_BUILD)/%.o) $(HV_S:hypervisor/%.S=$(HV_BUILD)/%.S.o)
HV_INCLUDES := -Ihypervisor -Iinclude -I$(HV_BUILD)
# Link-time optimization: small functions of one floor are inlined on the next (frame counts, copies). Not with clang,
# whose linker plugin forgets the code model.
HV_LTO := $(if $(findstring clang,$(CC)),,-flto)
HV_ARCH := -m64 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
    -fno-stack-protector -mno-red-zone -mno-sse -mno-mmx -mno-80387 -msoft-float -mgeneral-regs-only \
    -fpie -mcmodel=small -fvisibility=hidden -fno-strict-aliasing -fno-asynchronous-unwind-tables \
    -fcf-protection=none -fno-common -fno-jump-tables -ffunction-sections $(HV_LTO)
ifeq ($(HV_DEBUG),0)
HV_ARCH += -DNDEBUG
endif
# all symbols hidden, so that each reference is direct and relative to RIP
HV_CFLAGS := $(CFLAGS_COMMON) $(HV_ARCH) $(HV_INCLUDES) -include hypervisor/lib/visibility.h

# what the code generator, which runs again at the link, must know
HV_LINK_FLAGS := -O2 -g $(filter-out -nostdinc,$(filter -m% -f% -n%,$(HV_ARCH)))

ALL += $(BUILD)/mews

$(HV_BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(HV_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(HV_CFLAGS)' >$@
.PHONY: FORCE

$(HV_BUILD)/asm-offsets.h: hypervisor/entry/asm_offsets.c $(HV_BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -fno-lto -MT $@ -MF $@.d -S -o $(HV_BUILD)/asm-offsets.s $<
	sed -n 's/^.*->\([A-Za-z_0-9]*\) \$$*\([-0-9]*\).*/#define \1 \2/p' $(HV_BUILD)/asm-offsets.s >$@

$(HV_BUILD)/%.o: hypervisor/%.c $(HV_BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(HV_CFLAGS) -c -o $@ $<

$(HV_BUILD)/%.S.o: hypervisor/%.S $(HV_BUILD)/asm-offsets.h $(HV_BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -g -MMD -MP -D__ASSEMBLY__ -D__ASSEMBLER__ $(HV_INCLUDES) -c -o $@ $<

# the linked image, with symbols: for a debugger. Optimized in one piece: in several, a change anywhere moves the borders,
# and with them what is inlined and which registers are saved on paths that have nothing to do with it.
$(HV_BUILD)/mews.elf64: hypervisor/hypervisor.lds $(HV_OBJECTS)
	$(CC) $(HV_LINK_FLAGS) $(HV_LTO:-flto=-flto=auto -flto-partition=one) -nostdlib -static -Wl,-z,max-page-size=4096,-z,noexecstack \
	    -Wl,--build-id=none,--gc-sections,--orphan-handling=error -T hypervisor/hypervisor.lds -o $@ $(HV_OBJECTS)

# QEMU's loader takes ELF32 only: the image goes in as bytes, its bss as a size
$(BUILD)/mews: $(HV_BUILD)/mews.elf64 hypervisor/wrap.S hypervisor/wrap.lds
	objcopy -O binary $< $(HV_BUILD)/mews.bin
	$(CC) -m32 -c -DIMAGE_FILE='"$(HV_BUILD)/mews.bin"' -o $(HV_BUILD)/wrap.o hypervisor/wrap.S
	ld -m elf_i386 --no-warn-rwx-segments -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
	    --defsym=image_size=0x$$(nm $< | sed -n 's/ . image_memory_size$$//p') \
	    --defsym=image_entry=0x$$(nm $< | sed -n 's/ . image_entry$$//p') \
	    -T hypervisor/wrap.lds -o $@ $(HV_BUILD)/wrap.o
