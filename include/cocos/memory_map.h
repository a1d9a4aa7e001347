/*
 * The address space of every domain, in numbers (doc/MemoryMap.txt draws it).
 *
 * The lower canonical half is the identity map: a frame's physical address is its name and
 * its pointer. The upper canonical half holds process images. Both the kernel and programs
 * include this file; nothing else states these numbers. It is also read by the assembler's
 * and linker's preprocessor, so it holds macros only.
 */
#ifndef COCOS_MEMORY_MAP_H
#define COCOS_MEMORY_MAP_H

#ifdef __ASSEMBLER__
#define MAP_U64(number) number
#else
#define MAP_U64(number) number##ull
#endif

/* Sizes, in bytes. A frame is 4 KiB of physical memory, a block is 512 aligned frames. */
#define FRAME_BYTES MAP_U64(0x1000)
#define FRAME_SHIFT 12
#define BLOCK_BYTES MAP_U64(0x200000)
#define BLOCK_SHIFT 21
#define FRAMES_PER_BLOCK 512
#define GIB_BYTES MAP_U64(0x40000000)
#define GIB_SHIFT 30

/* The kernel's part of the first 2 MiB. */
#define PAGING_ZONE_START MAP_U64(0x1000)
#define PAGING_ZONE_END MAP_U64(0x80000)
#define CPU_START_PAGE MAP_U64(0x80000)
#define LEGACY_HOLE_START MAP_U64(0xa0000)
#define VGA_TEXT_FRAME MAP_U64(0xb8000)
#define KERNEL_START MAP_U64(0x100000)
#define KERNEL_END MAP_U64(0x200000)

/* The two canonical halves (Intel SDM 3A, 3.3.7.1). */
#define LOWER_HALF_END MAP_U64(0x0000800000000000)
#define UPPER_HALF_START MAP_U64(0xffff800000000000)

/* The end of the upper half: two read-only pages, then 2 MiB never mapped. */
#define PROCESS_PAGE MAP_U64(0xffffffffffdfe000)
#define SYSTEM_PAGE MAP_U64(0xffffffffffdff000)
#define UPPER_HALF_END MAP_U64(0xffffffffffe00000)

/* Programs live from UPPER_HALF_START up to here; the loader refuses anything beyond. */
#define PROGRAM_END PROCESS_PAGE

/* Where loaders put a position-independent program, and the top of its first stack. */
#define PROGRAM_BASE MAP_U64(0xffff800000400000)
#define STACK_TOP MAP_U64(0xffffffffffc00000)
#define STACK_BYTES MAP_U64(0x20000)

/* Where the library OS takes mappings from: heap, mmap, thread stacks. */
#define MAPPINGS_START MAP_U64(0xffff900000000000)
#define MAPPINGS_END MAP_U64(0xffffa00000000000)

/*
 * Available bits 9-11 of a page-table entry say what the entry stands for, so that a dump
 * of the tables explains itself. PTE_ABSENT stands alone: base 0, not present.
 */
#define PTE_AVL_SHIFT 9
#define PTE_AVL_KERNEL 0  /* RAM or tables of the kernel, or free RAM: supervisor only */
#define PTE_AVL_OWNED 1   /* a frame this domain owns */
#define PTE_AVL_LENT 2    /* a frame lent to this domain */
#define PTE_AVL_SHARED 3  /* a frame shared with this domain */
#define PTE_AVL_DEVICE 4  /* device memory */
#define PTE_AVL_GUARD 5   /* deliberately not present: page 0, under a stack */
#define PTE_AVL_CARRIED 6 /* a frame lent to this domain until it answers a call */
#define PTE_AVL_ABSENT 7  /* this machine has no such memory */

#endif
