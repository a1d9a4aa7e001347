/*
 * The Multiboot2 information structure -> the first part of struct boot_info. Nothing in the
 * structure is believed: every size is checked against what encloses it before it is used, and
 * every loop goes forward through a bounded number of bytes.
 */
#include "boot/boot_info.h"

#include "boot/bytes.h"
#include "boot/multiboot2.h"
#include "boot/ranges.h"
#include "kernel/frame_ptr.h"

#define VGA_WINDOW_END 0xc0000u
#define VGA_TEXT_COLUMNS 80
#define VGA_TEXT_LINES 25

/* One tag, whole within the structure: size >= TAG_HEADER_BYTES. */
struct tag {
    const uint8_t *bytes;
    uint32_t size;
};

/* What the tags seen so far mean for those that come. */
struct seen {
    uint8_t memory_map;
    uint8_t framebuffer;
    uint8_t efi;
};

/* Copies a text that ends with a zero or with the tag; 0 if `limit` bytes cannot hold it. */
static int tag_text(struct tag tag, uint32_t offset, char *text, uint32_t limit)
{
    uint32_t length = 0;
    while (offset + length < tag.size && tag.bytes[offset + length] != 0) {
        if (length + 1 == limit) {
            return 0;
        }
        text[length] = (char)tag.bytes[offset + length];
        length++;
    }
    text[length] = 0;
    return 1;
}

static const char *parse_command_line(struct tag tag, struct boot_info *info)
{
    if (!tag_text(tag, TAG_HEADER_BYTES, info->command_line, BOOT_COMMAND_LINE_BYTES)) {
        return "the kernel's command line is longer than 255 characters";
    }
    return 0;
}

/* An empty file is a module too: whoever wants to run it says what is wrong with it. */
static const char *parse_module(struct tag tag, struct boot_info *info)
{
    if (tag.size < MODULE_TEXT_OFFSET) {
        return "the boot loader's description of a module is too short";
    }
    uint32_t start = read_u32(tag.bytes + MODULE_START_OFFSET);
    uint32_t end = read_u32(tag.bytes + MODULE_END_OFFSET);
    if (end < start) {
        return "a module ends before it starts";
    }
    if (start % FRAME_BYTES != 0) {
        return "a module does not start on a 4 KiB boundary";
    }
    if (info->module_count == PROCESS_MODULES) {
        return "the boot loader brought more than 38 modules";
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        const struct boot_module *other = &info->modules[i];
        if (start < other->address + other->bytes && other->address < end) {
            return "two modules lie over each other";
        }
    }
    struct boot_module *module = &info->modules[info->module_count];
    if (!tag_text(tag, MODULE_TEXT_OFFSET, module->text, MODULE_TEXT_BYTES)) {
        return "a module's name and arguments are longer than 39 characters";
    }
    module->address = start;
    module->bytes = end - start;
    info->module_count++;
    return 0;
}

static const char *parse_memory_map(struct tag tag, struct boot_info *info)
{
    if (tag.size < MAP_ENTRIES_OFFSET) {
        return "the boot loader's memory map is too short";
    }
    struct raw_map map = {
        .entries = tag.bytes + MAP_ENTRIES_OFFSET,
        .entry_bytes = read_u32(tag.bytes + MAP_ENTRY_SIZE_OFFSET),
    };
    uint32_t bytes = tag.size - MAP_ENTRIES_OFFSET;
    if (map.entry_bytes < ENTRY_BYTES_MIN || map.entry_bytes % 8 != 0) {
        return "the boot loader's memory map has entries of an impossible size";
    }
    if (bytes % map.entry_bytes != 0) {
        return "the boot loader's memory map ends inside an entry";
    }
    map.count = bytes / map.entry_bytes;
    return ranges_flatten(&map, info);
}

/* Whether `lines` lines of `pitch` bytes hold `line_bytes` each, and lie in the address space. */
static int screen_fits(const struct screen *screen, uint64_t line_bytes, uint64_t limit)
{
    uint64_t end;
    return screen->width != 0 && screen->height != 0 && screen->pitch >= line_bytes &&
           screen->address != 0 &&
           !__builtin_add_overflow(screen->address, (uint64_t)screen->pitch * screen->height,
                                   &end) &&
           end <= limit;
}

static int parse_pixels(struct tag tag, struct screen *screen)
{
    if (tag.size < SCREEN_COLOURS_OFFSET + SCREEN_COLOURS_BYTES ||
        (screen->bits_per_pixel != 32 && screen->bits_per_pixel != 24)) {
        return 0;
    }
    const uint8_t *colours = tag.bytes + SCREEN_COLOURS_OFFSET;
    for (int i = 0; i < SCREEN_COLOURS_BYTES; i += 2) {
        if (colours[i] > screen->bits_per_pixel - 8 || colours[i + 1] != 8) {
            return 0;
        }
    }
    screen->red_shift = colours[0];
    screen->green_shift = colours[2];
    screen->blue_shift = colours[4];
    screen->kind = SCREEN_PIXELS;
    return screen_fits(screen, (uint64_t)screen->width * screen->bits_per_pixel / 8,
                       LOWER_HALF_END);
}

/* A screen the system cannot draw on is none: it then runs on the serial line. */
static void parse_screen(struct tag tag, struct boot_info *info)
{
    if (tag.size < SCREEN_COLOURS_OFFSET) {
        return;
    }
    struct screen screen = {
        .address = read_u64(tag.bytes + SCREEN_ADDRESS_OFFSET),
        .pitch = read_u32(tag.bytes + SCREEN_PITCH_OFFSET),
        .width = read_u32(tag.bytes + SCREEN_WIDTH_OFFSET),
        .height = read_u32(tag.bytes + SCREEN_HEIGHT_OFFSET),
        .bits_per_pixel = tag.bytes[SCREEN_BITS_OFFSET],
    };
    int usable = 0;
    if (tag.bytes[SCREEN_KIND_OFFSET] == SCREEN_KIND_RGB) {
        usable = parse_pixels(tag, &screen);
    } else if (tag.bytes[SCREEN_KIND_OFFSET] == SCREEN_KIND_EGA_TEXT) {
        screen.kind = SCREEN_TEXT;
        usable = screen.address >= LEGACY_HOLE_START &&
                 screen_fits(&screen, 2ull * screen.width, VGA_WINDOW_END);
    }
    if (usable) {
        info->screen = screen;
    }
}

/* The later version of the root pointer is better, in whatever order they come. */
static void parse_root_pointer(struct tag tag, uint32_t type, struct boot_info *info)
{
    uint32_t limit = type == TAG_ACPI_NEW ? sizeof(info->rsdp) : 20;
    uint32_t bytes = tag.size - RSDP_OFFSET;
    if (bytes < 20 || (type == TAG_ACPI_OLD && info->rsdp[0] != 0)) {
        return;
    }
    __builtin_memset(info->rsdp, 0, sizeof(info->rsdp));
    __builtin_memcpy(info->rsdp, tag.bytes + RSDP_OFFSET, bytes < limit ? bytes : limit);
}

static const char *parse_tag(struct tag tag, struct seen *seen, struct boot_info *info)
{
    uint32_t type = read_u32(tag.bytes);
    switch (type) {
    case TAG_COMMAND_LINE:
        return parse_command_line(tag, info);
    case TAG_MODULE:
        return parse_module(tag, info);
    case TAG_MEMORY_MAP:
        if (seen->memory_map) {
            return "the boot loader gave two memory maps";
        }
        seen->memory_map = 1;
        return parse_memory_map(tag, info);
    case TAG_FRAMEBUFFER:
        seen->framebuffer = 1;
        parse_screen(tag, info);
        return 0;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW:
        parse_root_pointer(tag, type, info);
        return 0;
    case TAG_EFI32_SYSTEM_TABLE:
    case TAG_EFI64_SYSTEM_TABLE:
    case TAG_EFI_MEMORY_MAP:
    case TAG_EFI_BOOT_SERVICES:
    case TAG_EFI32_IMAGE:
    case TAG_EFI64_IMAGE:
        seen->efi = 1;
        return 0;
    default:
        return 0; /* tags we have no use for */
    }
}

static const char *parse_tags(const uint8_t *bytes, uint32_t total, struct seen *seen,
                              struct boot_info *info)
{
    uint64_t offset = MULTIBOOT2_FIXED_BYTES;
    while (offset + TAG_HEADER_BYTES <= total) {
        struct tag tag = {bytes + offset, read_u32(bytes + offset + TAG_SIZE_OFFSET)};
        if (tag.size < TAG_HEADER_BYTES || tag.size > total - offset) {
            return "the boot loader's information is damaged: a tag has an impossible size";
        }
        if (read_u32(tag.bytes) == TAG_END) {
            return 0;
        }
        const char *problem = parse_tag(tag, seen, info);
        if (problem) {
            return problem;
        }
        offset += ((uint64_t)tag.size + MULTIBOOT2_TAG_ALIGNMENT - 1) &
                  ~(uint64_t)(MULTIBOOT2_TAG_ALIGNMENT - 1);
    }
    return "the boot loader's information is damaged: it has no end tag";
}

/* Whether a module lies in free memory as a whole: what is joined is one range. */
static int module_in_memory(const struct boot_module *module, const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        if (range->type == MEMORY_FREE && range->start <= module->address &&
            module->address + module->bytes <= range->end) {
            return 1;
        }
    }
    return module->bytes == 0;
}

static const char *check_modules(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->module_count; i++) {
        if (!module_in_memory(&info->modules[i], info)) {
            return "a module lies outside free memory";
        }
    }
    return 0;
}

const char *multiboot_parse(const void *structure, uint64_t bytes_max, struct boot_info *info)
{
    struct seen seen = {0};
    uint32_t total = bytes_max >= MULTIBOOT2_FIXED_BYTES ? read_u32(structure) : 0;
    if (total < MULTIBOOT2_FIXED_BYTES + TAG_HEADER_BYTES || total > bytes_max) {
        return "the boot loader's information is damaged: it has an impossible size";
    }
    __builtin_memset(info, 0, sizeof(*info));
    info->loader_start = frame_of(structure);
    info->loader_end = info->loader_start + total;
    const char *problem = parse_tags(structure, total, &seen, info);
    if (problem) {
        return problem;
    }
    if (!seen.memory_map) {
        return "the boot loader gave no memory map";
    }
    if (!seen.framebuffer && !seen.efi) {
        /* A BIOS leaves the text mode that every PC starts in. */
        info->screen = (struct screen){
            .address = VGA_TEXT_FRAME,
            .pitch = 2 * VGA_TEXT_COLUMNS,
            .width = VGA_TEXT_COLUMNS,
            .height = VGA_TEXT_LINES,
            .kind = SCREEN_TEXT,
            .bits_per_pixel = 16,
        };
    }
    return check_modules(info);
}
