/*
 * The Multiboot2 information structure in numbers (Multiboot2 specification 2.0, 3.6). Debian
 * packages no header with these. Offsets count from the start of a tag.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

/* What EAX holds when a Multiboot2 loader starts a kernel (3.5). */
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* The fixed part: u32 total size, u32 reserved; then tags, each at a multiple of 8 bytes. */
#define MULTIBOOT2_FIXED_BYTES 8
#define MULTIBOOT2_TAG_ALIGNMENT 8

/* Every tag: u32 type, u32 size without padding. */
#define TAG_SIZE_OFFSET 4
#define TAG_HEADER_BYTES 8

enum multiboot2_tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI32_SYSTEM_TABLE = 11,
    TAG_EFI64_SYSTEM_TABLE = 12,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MEMORY_MAP = 17,
    TAG_EFI_BOOT_SERVICES = 18,
    TAG_EFI32_IMAGE = 19,
    TAG_EFI64_IMAGE = 20,
};

/* Module (3.6.6): u32 start, u32 end, zero-terminated text. */
#define MODULE_START_OFFSET 8
#define MODULE_END_OFFSET 12
#define MODULE_TEXT_OFFSET 16

/* Memory map (3.6.8): u32 size of an entry, u32 its version, entries. */
#define MAP_ENTRY_SIZE_OFFSET 8
#define MAP_ENTRIES_OFFSET 16
/* An entry: u64 start, u64 length, u32 type, u32 reserved; later versions may be longer. */
#define ENTRY_LENGTH_OFFSET 8
#define ENTRY_TYPE_OFFSET 16
#define ENTRY_BYTES_MIN 24

/*
 * Framebuffer (3.6.12): u64 address, u32 pitch, width, height, u8 bits per pixel, u8 kind, and
 * two reserved bytes (the text of the specification shows one, its header file and GRUB have
 * two); then for RGB: u8 position and u8 size of red, green, blue.
 */
#define SCREEN_ADDRESS_OFFSET 8
#define SCREEN_PITCH_OFFSET 16
#define SCREEN_WIDTH_OFFSET 20
#define SCREEN_HEIGHT_OFFSET 24
#define SCREEN_BITS_OFFSET 28
#define SCREEN_KIND_OFFSET 29
#define SCREEN_COLOURS_OFFSET 32
#define SCREEN_COLOURS_BYTES 6
#define SCREEN_KIND_RGB 1
#define SCREEN_KIND_EGA_TEXT 2

/* ACPI (3.6.14, 3.6.15): a copy of the root pointer, version 1 or later. */
#define RSDP_OFFSET 8

#endif
