# What is built for this machine instead of cocOS: unit tests of the kernel's own files under sanitizers (tests/host/),
# fuzzers of the same (tests/fuzz/), and the loader of damaged boot information (tests/mangle/). Included by Makefile.
#
# A test or fuzzer X.c names the project's files that it is linked with in its first line: // sources: kernel/elf.c ...

.PHONY: host-tests fuzzers mangle

HOST_WARNINGS := -Wall -Wextra -Werror
HOST_INCLUDES := -Iinclude -Ilibc/include -Ibuild/gen -I.
HOST_CFLAGS := -std=gnu17 -g -O1 $(HOST_WARNINGS) -fsanitize=address,undefined -fno-sanitize-recover=all \
  -fno-omit-frame-pointer -fno-pie -DCOCOS_HOST=1 $(HOST_INCLUDES)
# The tests' own code and data lie above the memory of the machine that tests/host/machine.c makes for the kernel.
HOST_LDFLAGS := -no-pie -Wl,-Ttext-segment=0x60000000
FUZZ_CC := clang
FUZZ_CFLAGS := $(HOST_CFLAGS) -fsanitize=fuzzer

HOST_TESTS := $(patsubst tests/host/%.c,build/host/%,$(wildcard tests/host/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# $(call linked_with,FILE.c): the files named in its first line, and itself
linked_with = $(1) $(shell sed -n '1s|^// sources: *||p' $(1))

build/host/host.flags: FORCE
	$(call record,$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS))

build/fuzz/fuzz.flags: FORCE
	$(call record,$(FUZZ_CC) $(FUZZ_CFLAGS) $(HOST_LDFLAGS))

build/host/obj/%.c.o: %.c build/host/host.flags
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

build/fuzz/obj/%.c.o: %.c build/fuzz/fuzz.flags
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

define host_program
build/$(1)/$(2): $(patsubst %,build/$(1)/obj/%.o,$(call linked_with,tests/$(1)/$(2).c))
-include $(patsubst %,build/$(1)/obj/%.d,$(call linked_with,tests/$(1)/$(2).c))
endef
$(foreach test,$(notdir $(HOST_TESTS)),$(eval $(call host_program,host,$(test))))
$(foreach fuzzer,$(notdir $(FUZZERS)),$(eval $(call host_program,fuzz,$(fuzzer))))

$(HOST_TESTS):
	$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) $(filter %.o,$^) -o $@ -lcmocka

$(FUZZERS):
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(HOST_LDFLAGS) $(filter %.o,$^) -o $@

host-tests: $(HOST_TESTS)

fuzzers: $(FUZZERS)

# --- a kernel of 32 bits that GRUB starts and that starts the real one with damaged information ---

MANGLE_CFLAGS := -std=gnu17 -O2 -g -m32 -march=i686 -mgeneral-regs-only -ffreestanding -fno-pic -fno-pie \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none $(HOST_WARNINGS) -Iinclude -I. \
  -idirafter /usr/include/x86_64-linux-gnu
MANGLE_OBJECTS := build/mangle/entry.asm.o build/mangle/mangle.c.o

build/mangle/mangle.flags: FORCE
	$(call record,$(CC) $(MANGLE_CFLAGS))

build/mangle/%.asm.o: tests/mangle/%.asm build/mangle/mangle.flags
	@mkdir -p $(@D)
	$(NASM) -f elf32 -Werror $< -o $@

build/mangle/%.c.o: tests/mangle/%.c build/mangle/mangle.flags
	@mkdir -p $(@D)
	$(CC) $(MANGLE_CFLAGS) -MMD -MP -c $< -o $@

-include $(MANGLE_OBJECTS:.o=.d)

build/tests/mangle.elf: $(MANGLE_OBJECTS) tests/mangle/mangle.ld
	@mkdir -p $(@D)
	$(LD) -m elf_i386 -n -T tests/mangle/mangle.ld -z noexecstack --no-warn-rwx-segments --build-id=none \
	  $(MANGLE_OBJECTS) -o $@

mangle: build/tests/mangle.elf
