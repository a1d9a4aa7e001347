# What bench/run starts beside cocOS: the floor of a round trip, which starts like a kernel, and Linux's init.
# Included by Makefile.

BENCH_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
FLOOR_CFLAGS := -std=gnu17 -O2 $(BENCH_WARNINGS) -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -Iinclude
FLOOR_LDFLAGS := -n -T bench/floor/floor.ld -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --build-id=none
FLOOR_OBJECTS := build/bench/floor/entry.asm.o build/bench/floor/floor.c.o
LINUX_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 $(BENCH_WARNINGS) -static -s -I.
LINUX_SOURCES := $(wildcard bench/linux/*.c)

BENCH_PROGRAMS := build/bench/floor/floor.elf build/bench/linux/init

build/bench/bench.flags: FORCE
	$(call record,$(CC) $(FLOOR_CFLAGS) / $(FLOOR_LDFLAGS) / $(LINUX_CFLAGS))

build/bench/floor/%.asm.o: bench/floor/%.asm build/bench/bench.flags
	@mkdir -p $(@D)
	$(call say,NASM,$@)
	$(NASM) -f elf64 -Werror $< -o $@

build/bench/floor/%.c.o: bench/floor/%.c build/bench/bench.flags
	@mkdir -p $(@D)
	$(call say,CC  ,$@)
	$(CC) $(FLOOR_CFLAGS) -MMD -MP -c $< -o $@

-include $(FLOOR_OBJECTS:.o=.d)

build/bench/floor/floor.elf: $(FLOOR_OBJECTS) bench/floor/floor.ld
	$(call say,LD  ,$@)
	$(LD) $(FLOOR_LDFLAGS) $(FLOOR_OBJECTS) -o $@

build/bench/linux/init: $(LINUX_SOURCES) $(wildcard bench/linux/*.h) build/bench/bench.flags
	@mkdir -p $(@D)
	$(call say,CC  ,$@)
	$(CC) $(LINUX_CFLAGS) $(LINUX_SOURCES) -o $@
