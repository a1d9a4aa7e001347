/* A machine for the kernel's own files to run on: its memory, and what they call when they stop. */
#ifndef TESTS_HOST_MACHINE_H
#define TESTS_HOST_MACHINE_H

#include "boot/boot_info.h"

#define MIB 0x100000ull

/* Makes [0, bytes) of the machine's memory, filled with junk; at most MACHINE_BYTES_MAX. */
#define MACHINE_BYTES_MAX (1024 * MIB)
void machine_memory(uint64_t bytes);

/* Adds a range to a memory map; ranges come in rising order. */
void machine_range(struct boot_info *info, uint64_t start, uint64_t end, uint32_t type);

/* The map of a PC: conventional memory, the hole below 1 MiB, `bytes` in all. No hole for PCI. */
void machine_plain(struct boot_info *info, uint64_t bytes);

/* Adds a module. */
void machine_module(struct boot_info *info, uint64_t address, uint64_t bytes);

#endif
