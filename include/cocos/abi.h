/*
 * What the kernel and programs agree on besides the calls themselves: kinds of object, rights,
 * zones, and the two read-only pages at the top of every address space.
 */
#ifndef COCOS_ABI_H
#define COCOS_ABI_H

#include <stdint.h>

#include <cocos/memory_map.h>

#define COCOS_VERSION_MAJOR 0
#define COCOS_VERSION_MINOR 1
#define COCOS_VERSION_TEXT "0.1"

/* What a slot can hold. */
/* clang-format off */
#define COCOS_CAPABILITY_TYPES(X) \
    X(CAP_EMPTY,     0, "empty") \
    X(CAP_DOMAIN,    1, "domain") \
    X(CAP_THREAD,    2, "thread") \
    X(CAP_ENDPOINT,  3, "endpoint") \
    X(CAP_REPLY,     4, "reply") \
    X(CAP_INTERRUPT, 5, "interrupts") \
    X(CAP_PORTS,     6, "ports") \
    X(CAP_DEVICE,    7, "device memory") \
    X(CAP_MACHINE,   8, "machine") \
    X(CAP_AWAITED,   9, "awaited call")
/* clang-format on */
#define COCOS_CAPABILITY_VALUE(name, value, text) name = (value),
enum capability_type { COCOS_CAPABILITY_TYPES(COCOS_CAPABILITY_VALUE) };
#undef COCOS_CAPABILITY_VALUE

/* Rights of a capability. A copy may have fewer, never more. */
#define RIGHT_SEND 1u     /* endpoint: call */
#define RIGHT_RECEIVE 2u  /* endpoint: wait, reply_wait, be bound to an interrupt */
#define RIGHT_SIGNAL 4u   /* endpoint: signal */
#define RIGHT_CONTROL 8u  /* domain, thread: fill, change, start, end; endpoint: destroy */
#define RIGHT_COPY 16u    /* may be copied to another slot or sent in a message */
#define RIGHT_USE 32u     /* ranges and machine: use what they stand for */
#define RIGHT_INSPECT 64u /* machine: read the frame table and page tables */
#define RIGHT_GRANT 128u  /* domain: grant frames to it, as far as it has agreed to */
#define RIGHT_ALL 255u

/* Rights of a mapping. Writable or executable implies readable. 0: owned, but not accessible. */
#define MAP_READ 1u
#define MAP_WRITE 2u
#define MAP_EXECUTE 4u

/* Beside MAP_* in the rights of a grant: a share, which the receiver may map in its upper half,
 * too, and which ends only when it does so no more; without it a loan, which ends at once. */
#define GRANT_SHARE 8u

/* Orders: a run is of 2^order frames, aligned to its size; 4 KiB to 1 GiB. */
#define ORDER_FRAME 0
#define ORDER_BLOCK 9
#define ORDER_MAX 18

/* What a frame is, as its record says; sys_frame_query returns these numbers. Free is 0, so that a
 * cleared table is one of free memory. */
/* clang-format off */
#define COCOS_FRAME_TYPES(X) \
    X(FRAME_FREE,     "free") \
    X(FRAME_ABSENT,   "absent") \
    X(FRAME_RESERVED, "reserved") \
    X(FRAME_SPLIT,    "split") \
    X(FRAME_RECORDS,  "records") \
    X(FRAME_KERNEL,   "kernel") \
    X(FRAME_SYSTEM,   "system page") \
    X(FRAME_RAM,      "memory") \
    X(FRAME_DIRTY,    "memory, not cleared") \
    X(FRAME_DEVICE,   "device") \
    X(FRAME_STOCK,    "table stock") \
    X(FRAME_TABLE,    "page table") \
    X(FRAME_DOMAIN,   "domain") \
    X(FRAME_SLOTS,    "slots") \
    X(FRAME_THREAD,   "thread") \
    X(FRAME_ENDPOINT, "endpoint") \
    X(FRAME_DEVICE_RECORDS, "records of devices")
/* clang-format on */
#define COCOS_FRAME_TYPE_NAME(name, text) name,
enum frame_type { COCOS_FRAME_TYPES(COCOS_FRAME_TYPE_NAME) FRAME_TYPE_COUNT };
#undef COCOS_FRAME_TYPE_NAME

/* In place of a frame's name: any frame of a zone. No frame has such a name. */
#define ZONE_ANY 1ull
#define ZONE_BELOW_4G 2ull
#define ZONE_BELOW_1M 3ull

/* Cache types of device memory. */
#define CACHE_WRITE_BACK 0
#define CACHE_UNCACHED 1
#define CACHE_WRITE_COMBINING 2

/* Properties for domain_set. */
#define DOMAIN_FRAME_LIMIT 0    /* how many frames it may own */
#define DOMAIN_UPCALL 1         /* address that foreign system calls bounce to, 0 = none */
#define DOMAIN_FAULT_ENDPOINT 2 /* slot of the caller: who is told of faults */
#define DOMAIN_NAME 3           /* eight characters, packed little-endian */
#define DOMAIN_ACCEPT 4         /* how many frames it still takes by grants */
#define DOMAIN_KEEP 5           /* address | index: a frame that is taken last, 0: none */
#define DOMAIN_KEPT 8           /* indices of DOMAIN_KEEP: 0 to 7 */

#define DOMAIN_PRIORITY_LIMIT 6 /* highest priority its threads may be given */

/* Priorities of threads: 0 to 31, the highest runs first. */
#define PRIORITIES 32
#define PRIORITY_NORMAL 16

#define CPUS_MAX 32

/* Interrupt lines below this are pins of the machine's controllers, from this on messages that
 * devices send (sys_interrupt_message). */
#define FIRST_MESSAGE_LINE 128

/* What sys_line_query returns. */
#define LINE_IS_LEVEL 1u    /* level-triggered, as opposed to edge */
#define LINE_IS_UNSERVED 2u /* it came, and was not acknowledged yet */

/* Properties for thread_set. Registers only of a thread that is stopped, or not started. */
#define THREAD_PRIORITY 0
#define THREAD_CPU 1
/* 0: it does without the FPU, whose registers are as at its start when it uses it again; from then
 * on its switches save and load them. */
#define THREAD_FPU 2
#define THREAD_REGISTER 16 /* + enum thread_register, up to THREAD_GS */

/* What thread_read returns, six at a time: group 0 begins with THREAD_RIP. */
enum thread_register {
    THREAD_RIP,
    THREAD_RSP,
    THREAD_RFLAGS, /* thread_set: the flags that user mode can change itself, and TF */
    THREAD_RAX,
    THREAD_RBX,
    THREAD_RCX,
    THREAD_RDX,
    THREAD_RSI,
    THREAD_RDI,
    THREAD_RBP,
    THREAD_R8,
    THREAD_R9,
    THREAD_R10,
    THREAD_R11,
    THREAD_R12,
    THREAD_R13,
    THREAD_R14,
    THREAD_R15,
    THREAD_FS,      /* base */
    THREAD_GS,      /* base */
    THREAD_STATE,   /* enum thread_is */
    THREAD_URGENCY, /* the priority it runs at | its own << 8 */
    THREAD_RUNS_ON, /* its CPU */
    THREAD_USES,    /* THREAD_USES_* */
    THREAD_VALUES
};
#define THREAD_VALUES_PER_READ 6

/* What THREAD_STATE says. */
enum thread_is {
    THREAD_IS_NEW,
    THREAD_IS_READY, /* or running */
    THREAD_IS_SENDING,
    THREAD_IS_AWAITING_ANSWER,
    THREAD_IS_RECEIVING,
    THREAD_IS_SLEEPING,
    THREAD_IS_STOPPED
};
#define THREAD_USES_FPU 1u
#define THREAD_USES_PORTS 2u

/* Numbers for machine_query. */
#define MACHINE_FRAMES_TOTAL 0 /* frames of RAM that domains can own */
#define MACHINE_FRAMES_FREE 1  /* of these, free now */
#define MACHINE_FRAMES_SPLIT 2 /* taken for the records of split blocks */
#define MACHINE_CHECK 3        /* 0: check_invariants() holds */
#define MACHINE_NMIS 4         /* non-maskable interrupts since the start, all CPUs together */

/* MACHINE_CHECK_TEXT + n: characters 7n to 7n+6 of the sentence that says what was wrong at the
 * last MACHINE_CHECK, low byte first; 0: it has no more, or nothing was wrong. */
#define MACHINE_CHECK_TEXT 0x100
#define MACHINE_CHECK_PIECE 7
#define MACHINE_CHECK_PIECES 64

/* In a part of a device-memory range (sys_slot_copy): counted in blocks, not frames. The numbers of
 * frames reach no further than 16 TiB. */
#define RANGE_OF_BLOCKS (1ull << 63)

/* Slots every program starts with; the process page names the others. Slot 0 is never used. */
#define SLOT_NONE 0
#define SLOT_SELF 1   /* its own domain */
#define SLOT_PARENT 2 /* endpoint of whoever started it (init): cocos/protocol/init.h */
#define SLOT_FIRST_NAMED 3
#define SLOTS_PER_DOMAIN 128

/* Slots of the first domain, which gets everything there is. */
#define SLOT_INIT_INTERRUPTS 3
#define SLOT_INIT_PORTS 4
#define SLOT_INIT_DEVICES 5
#define SLOT_INIT_MACHINE 6
#define SLOT_INIT_FREE 7

/* A tag or short name: eight characters, padded with zeroes, little-endian in one word. */
#define TAG8(a, b, c, d, e, f, g, h)                                                               \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

/* A part of the physical address space, as the firmware described it. */
enum memory_type { MEMORY_FREE = 1, MEMORY_RESERVED, MEMORY_ACPI, MEMORY_NVS, MEMORY_BAD };

struct memory_range {
    uint64_t start; /* bytes */
    uint64_t end;   /* bytes, exclusive */
    uint32_t type;  /* enum memory_type */
    uint32_t spare;
};

/* The linear framebuffer or text screen the boot loader left. kind 0: no screen. */
enum screen_kind { SCREEN_NONE, SCREEN_TEXT, SCREEN_PIXELS };

struct screen {
    uint64_t address;
    uint32_t pitch;  /* bytes per line */
    uint32_t width;  /* pixels, or characters of a text screen */
    uint32_t height; /* pixels, or lines */
    uint8_t kind;    /* enum screen_kind */
    uint8_t bits_per_pixel;
    uint8_t red_shift, green_shift, blue_shift; /* bit positions of 8-bit components */
    uint8_t spare[3];
};

#define MEMORY_RANGES 64

/* The processors' time-stamp counters as a clock, which says how many nanoseconds have passed since
 * the kernel's start (clock_now in cocos/clock.h). */
struct clock_scale {
    uint64_t base;              /* the counter when the kernel started */
    uint64_t mult;              /* nanoseconds per tick, times 2^CLOCK_SHIFT */
    uint64_t hz;                /* ticks per second */
    uint64_t calibration_ticks; /* of the start, which it took to find that out */
};

#define CLOCK_SHIFT 32

/* The page at SYSTEM_PAGE: the same frame in every domain, read-only. */
/* Where configuration space is in memory (PCI Express 5.0, 7.2.2). */
#define PCI_BUS_BYTES (1ull << 20)

struct pci_space {
    uint64_t address; /* of bus 0, also where that is none of these; 0: it is behind ports only */
    uint8_t first_bus, last_bus;
    uint8_t spare[6];
};

struct system_page {
    uint32_t version_major, version_minor;
    uint64_t frame; /* its own name: for page_map into a new domain */
    uint32_t cpus;
    uint32_t memory_ranges; /* entries used of memory[] */
    uint64_t ram_bytes;     /* sum of MEMORY_FREE */
    uint64_t top;           /* end of the highest RAM, bytes */
    struct clock_scale clock;
    uint64_t cleared_bytes; /* of RAM that the kernel cleared before init ran */
    struct screen screen;
    uint16_t power_port;   /* ACPI PM1a control block, 0 = the machine has none */
    uint16_t power_value;  /* written there, it turns the machine off (S5) */
    uint16_t power_port_b; /* PM1b, 0 = none */
    uint16_t power_value_b;
    uint16_t reset_port; /* written there, reset_value starts the machine again; 0 = unknown */
    uint8_t reset_value;
    uint8_t century_register; /* of the real-time clock, 0 = unknown */
    struct pci_space pci;
    struct memory_range memory[MEMORY_RANGES];
};

#define PROCESS_NAME_BYTES 32
#define PROCESS_ARGUMENT_BYTES 1024
#define PROCESS_SLOTS 24
#define PROCESS_MODULES 38
#define MODULE_TEXT_BYTES 40

/* A slot with a name: "console", "hello". */
struct named_slot {
    char name[12]; /* zero-terminated */
    uint32_t slot;
};

/* A file the boot loader brought along; its frames belong to init and are readable by name. */
struct boot_module {
    uint64_t address; /* bytes, frame-aligned */
    uint64_t bytes;
    char text[MODULE_TEXT_BYTES]; /* "NAME ARGUMENTS", zero-terminated */
};

/* Where a process finds files: what lies below a path is a file server's (cocos/files.h). */
#define PROCESS_MOUNTS 8
#define MOUNT_PATH_BYTES 32
#define MOUNT_SERVICE_BYTES 16

struct process_mount {
    char path[MOUNT_PATH_BYTES];       /* zero-terminated; empty: the entry is not used */
    char service[MOUNT_SERVICE_BYTES]; /* the server's name, zero-terminated */
};

/* What descriptor 0, 1 or 2 of a program is. */
#define PROCESS_STREAMS 3
#define STREAM_READ 1u
#define STREAM_WRITE 2u

struct process_stream {
    uint16_t path; /* where in process_page.arguments the file's path begins; 0: the console */
    uint16_t access;
    uint32_t spare;
    uint64_t offset; /* in the file, where it begins */
};

/* The page at PROCESS_PAGE: written by whoever loads the program, read-only to it. */
struct process_page {
    char name[PROCESS_NAME_BYTES]; /* zero-terminated */
    uint64_t image_base;           /* what was added to the ELF file's addresses */
    uint64_t image_end;
    uint32_t argument_count;
    uint32_t slot_count;   /* entries used of slots[] */
    uint32_t module_count; /* entries used of modules[]; for init, and whom it shows them */
    uint32_t number;       /* what init knows it by; init itself: INIT_NUMBER */
    /* argument_count zero-terminated strings, then those that others point to */
    char arguments[PROCESS_ARGUMENT_BYTES];
    struct named_slot slots[PROCESS_SLOTS];
    struct process_mount mounts[PROCESS_MOUNTS];
    struct process_stream streams[PROCESS_STREAMS];
    uint32_t directory; /* where in arguments[] the current directory's path begins; 0: it is / */
    uint32_t spare;
    uint64_t state_address; /* memory that outlives the program: the next instance has it, too */
    uint64_t state_bytes;   /* 0: it has none */
    uint32_t console;       /* the console it prints to: 0 is the first */
    uint32_t reserved;
    struct boot_module modules[PROCESS_MODULES];
};

/* At the top of the stack of whatever init has started, above what it starts with. */
struct stack_end {
    uint64_t holds; /* not 0: it must not be ended now, if that can wait (cocos/kept.h) */
    uint64_t spare;
};

_Static_assert(sizeof(struct system_page) <= FRAME_BYTES, "the system page is one frame");
_Static_assert(sizeof(struct process_page) <= FRAME_BYTES, "the process page is one frame");

#endif
