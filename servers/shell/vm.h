/*
 * The parts of the vm command. All of it is read through the machine capability that the manifest
 * gives the shell: records of frames and entries of page tables (cocos/sys.h, doc/inspecting.md).
 * What is shown may change while it is being read; so every walk moves on by itself.
 */
#ifndef SHELL_VM_H
#define SHELL_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

/* Page-table entries (Intel SDM 3A, 4.5). */
#define PAGE_PRESENT 1ull
#define PAGE_WRITE (1ull << 1)
#define PAGE_USER (1ull << 2)
#define PAGE_PWT (1ull << 3)
#define PAGE_PCD (1ull << 4)
#define PAGE_LARGE (1ull << 7)
#define PAGE_GLOBAL (1ull << 8)
#define PAGE_NX (1ull << 63)
#define PAGE_ADDRESS 0x000ffffffffff000ull
#define PAGE_ENTRIES 512u
#define PAGE_LEVELS 4u

/* Bytes that an entry of a level covers. */
static inline uint64_t page_step(unsigned level)
{
    return FRAME_BYTES << 9 * (level - 1);
}

/* An entry that a table of the next level hangs at. */
static inline bool page_is_table(uint64_t entry, unsigned level)
{
    return (entry & PAGE_PRESENT) && level > 1 && !(entry & PAGE_LARGE);
}

/* ---- vm.c ---- */

/* The slot of the machine capability, once a command has asked for it. */
extern uint32_t vm_machine;

/* Eight characters and a terminating zero; what a terminal could misread is replaced. */
#define VM_NAME_BYTES 9
void vm_name(char name[VM_NAME_BYTES], uint64_t packed);

/* The name of the domain whose object is at `owner`; for 0, what stands in its place for memory
 * of this type: "kernel" or "-". Valid until the next call. */
const char *vm_owner(uint64_t owner, uint8_t type);

const char *vm_type(uint8_t type);

/* The escape sequence that a type is shown in. */
const char *vm_colour(uint8_t type);
#define VM_BOLD "\x1b[1m"
#define VM_PLAIN "\x1b[0m"

/* The next domain at or above *address: sets *address and *name. 1, 0: no more, or an error. */
int64_t vm_next_domain(uint64_t *address, uint64_t *name);

/* Calls `show` for the domain of the program with the number that `word` is, or else for all
 * domains of that name. An error of it or of the search; E_NAME: there is none. */
int64_t vm_program(const char *word, int64_t (*show)(uint64_t domain));

/* ---- What vm shows: 0 or an error ---- */

int64_t vm_show_machine(void);           /* vm_machine.c */
int64_t vm_show_domain(uint64_t domain); /* vm_domain.c: what it owns, and may access */
int64_t vm_show_tables(uint64_t domain); /* vm_tables.c; 0: the kernel's own */

#endif
