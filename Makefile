# Builds cocOS, its servers and its boot image, and starts and tests them. One non-recursive
# makefile: only the examples, whose makefiles belong to their users, are built by a make of their
# own. Everything made lies in build/.
#
# Whatever is compiled depends on a file that holds its flags, so a change of flags rebuilds exactly
# what they concern.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

CC := gcc
LD := ld
AR := ar
NASM := nasm
PYTHON := /usr/bin/python3
COCOS_GCC := libc/cocos-gcc

# make CHECKING=1 works with the checking build: the kernel walks all its invariants after every
# system call. Only the kernel differs, so the two builds share the libraries, the servers and the
# examples.
BUILD := $(if $(filter 1,$(CHECKING)),build/checking,build)

# One short line for each thing made; with V=1 the commands themselves.
ifndef V
.SILENT:
say = echo '  $(1)  $(2)'
else
say = @:
endif

.PHONY: all run test test-long mutants bench bench-long prove lint picture debug debug-bochs clean setup help FORCE
FORCE:

# $(call record,TEXT): writes TEXT to the target, but only where it differs, so that its date says
# when TEXT changed.
record = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

# --- the console font, of Debian's package; linked in by `incbin "font.psf"` in an assembly file

FONT := build/font.psf

$(FONT): /usr/share/consolefonts/Uni2-VGA16.psf.gz
	@mkdir -p $(@D)
	$(call say,FONT,$@)
	gzip -dc $< > $@

# --- the kernel: kernel_build DIRECTORY,DEFINES gives DIRECTORY/kernel.elf ---

KERNEL_C := $(filter-out kernel/x86/offsets.c,$(wildcard boot/*.c kernel/*.c kernel/x86/*.c))
KERNEL_ASM := $(wildcard boot/*.asm kernel/*.asm kernel/x86/*.asm)
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
KERNEL_CFLAGS := -std=gnu17 -Os -g $(WARNINGS) -ffreestanding -fno-pic -fno-pie -mcmodel=small \
  -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
  -fno-omit-frame-pointer -fno-strict-aliasing -fcf-protection=none -fcallgraph-info=su -Iinclude -I.
# The kernel is compiled to be small, but for what runs a thousand times a second.
KERNEL_FAST := $(addprefix kernel/,cap.c frame_calls.c grant_calls.c irq.c page_calls.c run.c sched.c signal.c \
  traps.c x86/string.c x86/switch.c)
# The checking kernel spends its time here.
CHECKS_FAST := $(addprefix kernel/,check.c check_threads.c frame.c frame_free.c space.c)
KERNEL_LDFLAGS := -n -T boot/kernel.ld -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments \
  --build-id=none
NASMFLAGS := -f elf64 -g -F dwarf -Werror -i build/ -I ./ -I include/

# What the assembler files know of C's structures.
build/gen/offsets.inc: kernel/x86/offsets.c build/obj/kernel.flags
	@mkdir -p $(@D)
	$(call say,GEN ,$@)
	$(CC) $(KERNEL_CFLAGS) -MMD -MP -MT $@ -MF build/gen/offsets.d -S $< -o build/gen/offsets.s
	sed -n 's/^-> \(.*\) \(.*\)/%define \1 \2/p' build/gen/offsets.s > $@

-include build/gen/offsets.d

define kernel_build
$(1)_OBJECTS := $(KERNEL_C:%=$(1)/obj/%.o) $(KERNEL_ASM:%=$(1)/obj/%.o)

$(1)/obj/kernel.flags: FORCE
	$$(call record,$(KERNEL_CFLAGS) $(2) / $(KERNEL_FAST) $(if $(2),$(CHECKS_FAST)) / $(NASMFLAGS))

$(1)/obj/kernel.link: FORCE
	$$(call record,$(KERNEL_LDFLAGS) $$($(1)_OBJECTS))

$(1)/obj/%.c.o: %.c $(1)/obj/kernel.flags
	@mkdir -p $$(@D)
	$$(call say,CC  ,$$@)
	$(CC) $(KERNEL_CFLAGS) $(2) $$(if $$(filter $$<,$(KERNEL_FAST) $(if $(2),$(CHECKS_FAST))),-O2) -MMD -MP -c $$< -o $$@

$(1)/obj/%.asm.o: %.asm $(1)/obj/kernel.flags build/gen/offsets.inc | $(FONT)
	@mkdir -p $$(@D)
	$$(call say,NASM,$$@)
	$(NASM) $(NASMFLAGS) $(2) -MD $$(@:.o=.d) -MT $$@ -MP $$< -o $$@

# nasm's list of what a file includes leaves this one out.
$(1)/obj/kernel/x86/entry.asm.o: kernel/x86/short.inc

# Twice: the second time with the names of the functions of the first, for backtraces.
$(1)/kernel.elf: $$($(1)_OBJECTS) boot/kernel.ld $(1)/obj/kernel.link tools/symbols
	$$(call say,LD  ,$$@)
	$(LD) $(KERNEL_LDFLAGS) $$($(1)_OBJECTS) -o $(1)/obj/kernel.first
	tools/symbols $(1)/obj/kernel.first > $(1)/obj/symbols.asm
	$(NASM) -f elf64 $(1)/obj/symbols.asm -o $(1)/obj/symbols.o
	$(LD) $(KERNEL_LDFLAGS) $$($(1)_OBJECTS) $(1)/obj/symbols.o -o $$@

# Symbols as Bochs's debugger reads them: an address and a name a line.
$(1)/kernel.sym: $(1)/kernel.elf
	nm $$< | awk '$$$$2 ~ /[TtDdBbRr]/ { print $$$$1, $$$$3 }' > $$@

-include $$($(1)_OBJECTS:.o=.d)
endef

$(eval $(call kernel_build,build,))
$(eval $(call kernel_build,build/checking,-DCOCOS_CHECKING=1))

# --- Linux's own headers for programs, which hold the numbers of PCI and of virtio devices: those
# alone, apart from the headers of this machine's C library

LINUX_HEADERS := build/gen/linux

$(LINUX_HEADERS): /usr/include/linux/pci_regs.h
	@mkdir -p $(@D)
	$(call say,GEN ,$@)
	ln -sfn /usr/include/asm-generic build/gen/asm-generic
	ln -sfn "$$($(CC) -print-multiarch | sed 's|^|/usr/include/|')/asm" build/gen/asm
	ln -sfn /usr/include/linux $@

# What waits in messages is compiled without vector registers, or every message would go the long
# way (doc/ipc.md). In libcocos that has to be: the program expects these registers back as they
# were from a Linux system call, and the bounce handler does not save them.
NO_VECTORS := -mgeneral-regs-only

# --- libcocos.a: native stubs, runtime and the Linux library OS, against musl; it shares the
# kernel's ELF checks

LIBCOCOS := build/libcocos.a
LIBCOCOS_SOURCES := $(wildcard libc/*.c libc/*/*.c libc/*.asm libc/*/*.asm kernel/elf.c)
LIBCOCOS_OBJECTS := $(LIBCOCOS_SOURCES:%=build/user/%.o)
# Recursive: gcc need not be there when the makefile is read, because `make setup` may be what
# installs it.
MUSL_INCLUDES = -nostdinc -isystem /usr/include/x86_64-linux-musl \
  -isystem $(shell $(CC) -print-file-name=include)
LIBCOCOS_CFLAGS = -std=gnu17 -O2 -g $(NO_VECTORS) $(WARNINGS) -fPIE -fno-stack-protector -fcf-protection=none \
  -fno-omit-frame-pointer -fno-strict-aliasing $(MUSL_INCLUDES) -Iinclude -Ilibc/include -I. -Ibuild/gen

build/user/libcocos.flags: FORCE
	$(call record,$(LIBCOCOS_CFLAGS) / $(NASMFLAGS) / $(LIBCOCOS_OBJECTS))

$(filter %.c.o,$(LIBCOCOS_OBJECTS)): build/user/%.c.o: %.c build/user/libcocos.flags | $(LINUX_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC  ,$@)
	$(CC) $(LIBCOCOS_CFLAGS) -MMD -MP -c $< -o $@

build/user/%.asm.o: %.asm build/user/libcocos.flags | $(FONT)
	@mkdir -p $(@D)
	$(call say,NASM,$@)
	$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MT $@ -MP $< -o $@

$(LIBCOCOS): $(LIBCOCOS_OBJECTS)
	@rm -f $@
	$(call say,AR  ,$@)
	$(AR) rcsD $@ $(LIBCOCOS_OBJECTS)

-include $(LIBCOCOS_OBJECTS:.o=.d)

# --- programs, all by cocos-gcc: servers/NAME/* gives build/servers/NAME, tests/system/NAME.c gives
# build/tests/system/NAME

PROGRAM_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror -I. -Ibuild/gen
SERVERS := $(patsubst servers/%/,%,$(sort $(dir $(wildcard servers/*/*.c))))
SERVER_PROGRAMS := $(SERVERS:%=build/servers/%)
TEST_PROGRAMS := $(patsubst %.c,build/%,$(wildcard tests/system/*.c bench/*.c))

build/user/program.flags: FORCE
	$(call record,$(PROGRAM_CFLAGS) $(NO_VECTORS))

build/user/%.c.o: %.c build/user/program.flags $(COCOS_GCC) | $(LINUX_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC  ,$@)
	$(COCOS_GCC) $(PROGRAM_CFLAGS) $(if $(filter bench/%,$<),-fomit-frame-pointer) \
	  $(if $(filter servers/%,$<),$(NO_VECTORS)) -MMD -MP -c $< -o $@

# The keyboard layouts, from the distribution's own description of them.
KEYMAPS := us se de fr

build/gen/keymaps.h: tools/keymap Makefile
	@mkdir -p $(@D)
	$(call say,GEN ,$@)
	tools/keymap $(KEYMAPS) > $@

build/user/servers/keyboard/layouts.c.o build/host/obj/servers/keyboard/layouts.c.o: build/gen/keymaps.h

# How many columns characters take, from Python's tables of Unicode.
build/gen/widths.h: tools/widths
	@mkdir -p $(@D)
	$(call say,GEN ,$@)
	tools/widths > $@

build/user/servers/console/terminal.c.o build/host/obj/servers/console/terminal.c.o: build/gen/widths.h

define server_program
build/servers/$(1): $(patsubst %,build/user/%.o,$(wildcard servers/$(1)/*.c servers/$(1)/*.asm))
-include $(patsubst %,build/user/%.d,$(wildcard servers/$(1)/*.c servers/$(1)/*.asm))
endef
$(foreach server,$(SERVERS),$(eval $(call server_program,$(server))))

$(TEST_PROGRAMS): build/%: build/user/%.c.o
-include $(TEST_PROGRAMS:build/%=build/user/%.c.d)

$(SERVER_PROGRAMS) $(TEST_PROGRAMS): $(LIBCOCOS) $(COCOS_GCC)
	@mkdir -p $(@D)
	$(call say,LD  ,$@)
	$(COCOS_GCC) $(PROGRAM_CFLAGS) $(filter %.o,$^) -o $@

# --- examples: built as their users build them, again where the library is newer ---

EXAMPLE_PROGRAMS := $(if $(wildcard examples/hello/Makefile),examples/hello/hello \
  examples/hello/hello-client) $(foreach example,memmap pager plasma,$(if \
  $(wildcard examples/$(example)/Makefile),examples/$(example)/$(example)))
# A machine has this one's device only on request; so it is not in the image.
DRIVER_EXAMPLE := $(if $(wildcard examples/driver/Makefile),examples/driver/driver examples/driver/driver-client)

ifneq ($(EXAMPLE_PROGRAMS)$(DRIVER_EXAMPLE),)
$(EXAMPLE_PROGRAMS) $(DRIVER_EXAMPLE) &: $(LIBCOCOS) $(COCOS_GCC) FORCE
	@+for example in $(sort $(dir $(EXAMPLE_PROGRAMS) $(DRIVER_EXAMPLE))); do \
	  $(MAKE) -s -C $$example $(if $(filter $(LIBCOCOS) $(COCOS_GCC),$?),-B) || exit 1; done
endif

# --- the boot image: init first, then its manifest, the other servers and the examples ---

MODULES := $(filter %/init,$(SERVER_PROGRAMS)) servers/manifest $(filter-out %/init,$(SERVER_PROGRAMS)) \
  $(EXAMPLE_PROGRAMS)

build/modules.list: FORCE
	$(call record,$(MODULES))

# GRUB's parts are made once for all images, the tests' too.
build/grub/bios.img build/grub/efi.img &: tools/iso $(wildcard /usr/lib/grub/i386-pc/kernel.img)
	$(call say,GRUB,build/grub)
	tools/iso --grub build/grub

build/cocos.iso build/checking/cocos.iso: %/cocos.iso: %/kernel.elf $(MODULES) build/modules.list \
    grub.cfg tools/iso build/grub/bios.img build/grub/efi.img
	$(call say,ISO ,$@)
	tools/iso $@ grub.cfg $< $(MODULES)

# --- unit tests, fuzzers and the mangler, which are for this machine ---

include tests/host/host.mk

# --- the bench's other programs ---

include bench/bench.mk

# --- what a person calls ---

all: $(BUILD)/kernel.elf $(BUILD)/kernel.sym $(LIBCOCOS) $(SERVER_PROGRAMS) $(EXAMPLE_PROGRAMS) $(DRIVER_EXAMPLE) \
    $(BUILD)/cocos.iso

# SHARE=DIR is /host in the guest. MODULE="FILE ARGS" starts one program more; where a makefile
# lies beside it, it is built first.
# ARGS goes to tools/run.
module_makefile = $(and $(MODULE),$(wildcard $(dir $(firstword $(MODULE)))Makefile))
DISPLAY_OPTION := $(if $(DISPLAY)$(WAYLAND_DISPLAY),--display)

run: setup
	@$(MAKE) all
	@$(if $(module_makefile),$(MAKE) -s -C $(dir $(module_makefile)))
	@tools/run --iso $(BUILD)/cocos.iso $(DISPLAY_OPTION) $(if $(MODULE),--module '$(MODULE)') \
	  $(if $(SHARE),--share '$(SHARE)') $(ARGS)

# Tests run in one process more than there are CPUs, for some wait; so what they want built is built
# before. The same in one process, which is easier to follow: ARGS="-n 0".
CPUS = $(shell nproc)
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(CPUS))

test: setup
	@$(MAKE) $(PARALLEL) all build/checking/cocos.iso build/checking/kernel.sym $(TEST_PROGRAMS) \
	  $(BENCH_PROGRAMS) host-tests fuzzers mangle
	@$(PYTHON) -m pytest tests -n $$(($(CPUS) + 1)) --dist loadgroup $(ARGS)

# The same tests; what is random or repeated goes on for hours.
test-long:
	@$(MAKE) test ARGS='--long $(ARGS)'

mutants: setup
	@$(MAKE) all build/checking/cocos.iso $(TEST_PROGRAMS) host-tests
	@tools/mutants $(ARGS)

bench: setup
	@$(MAKE) all $(TEST_PROGRAMS) $(BENCH_PROGRAMS)
	@bench/run

# Then each of block, console, serial, keyboard, clock and hostfs ends a thousand times while in use.
bench-long: bench
	@$(MAKE) build/checking/cocos.iso
	@$(PYTHON) -m pytest tests/test_block.py tests/test_recovery.py tests/test_files.py --long \
	  -k 'test_kills or test_while or test_recovery' $(ARGS)

prove: setup
	@tools/prove $(ARGS)

lint: setup
	@tools/lint

DEBUG := tools/run --iso $(BUILD)/cocos.iso --log $(BUILD)/console.log

debug: all
	@echo 'The console of the guest goes to $(BUILD)/console.log.'
	@$(DEBUG) --debugger-script tools/gdbinit $(ARGS)

debug-bochs: all
	@echo 'The console of the guest goes to $(BUILD)/console.log.'
	@$(DEBUG) --emulator bochs --debugger-script tools/bochs-debugger $(ARGS)

picture: setup
	@$(MAKE) all
	@tools/picture build/picture.png --iso $(BUILD)/cocos.iso $(ARGS)
	@echo 'build/picture.png'

setup:
	@tools/setup

clean:
	rm -rf build
	@for makefile in examples/*/Makefile; do \
	  if [ -f "$$makefile" ]; then $(MAKE) -s -C "$$(dirname "$$makefile")" clean; fi; done

help:
	@echo 'make                kernel, libraries, servers, examples and build/cocos.iso'
	@echo 'make run            install what is missing, build, and boot to a shell in QEMU'
	@echo '                    SHARE=DIR: that directory is /host; MODULE="FILE ARGS": one program more;'
	@echo '                    ARGS="...": for tools/run'
	@echo 'make test           install what is missing, build, and run every test'
	@echo '                    ARGS="...": for pytest'
	@echo 'make test-long      the same for hours: a million random calls, 100,000 domains'
	@echo 'make mutants        seed bugs, and see how many of them the tests find'
	@echo '                    ARGS="-k WORD": those that are called so'
	@echo 'make bench          measure what operations cost, in instructions, beside other systems'
	@echo 'make bench-long     the same, and every driver ended a thousand times while it is in use'
	@echo 'make prove          prove the contracts of the ownership core, for all inputs'
	@echo 'make lint           check the form of the sources'
	@echo 'make picture        build/picture.png: whose the memory of a running machine is'
	@echo '                    ARGS="...": for tools/run'
	@echo 'make debug          QEMU stopped at the start of the kernel, with gdb attached'
	@echo 'make debug-bochs    Bochs with its debugger, stopped at the start of the kernel'
	@echo 'make setup          install the packages that are missing'
	@echo 'make clean          remove everything that was built'
	@echo 'make help           this list'
	@echo 'CHECKING=1, for any: the kernel that checks its invariants after every system call'
