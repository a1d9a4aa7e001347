/*
 * The mangler: a Multiboot2 kernel that GRUB starts with the real kernel as its first module. It
 * loads the real one as GRUB would, damages the information structure it got itself as the words
 * of its command line say, and enters the real kernel with that. So the tests show each damage
 * to the same kernel file that users boot, on a machine that GRUB has set up.
 *
 * The module that is the kernel is taken out of the structure; the others remain.
 */
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/multiboot2.h"

#define KERNEL_START 0x100000u
#define KERNEL_END 0x200000u
#define SERIAL 0x3f8
/* A type that no loader uses: the kernel passes over such a tag. */
#define TAG_UNKNOWN 0x7ffffffeu

struct information {
    uint32_t total_size, reserved;
};

struct tag {
    uint32_t type, size;
};

/* Its texts and offsets are those of boot/multiboot2.h. */
struct module_tag {
    struct tag tag;
    uint32_t start, end;
};

struct map_tag {
    struct tag tag;
    uint32_t entry_size, entry_version;
    struct {
        uint64_t start, length;
        uint32_t type, reserved;
    } entries[];
};

void enter_kernel(uint32_t entry, uint32_t magic, struct information *information);
void mangle_main(uint32_t magic, struct information *information);

static uint32_t kernel_magic = MULTIBOOT2_LOADER_MAGIC;

static void complain(const char *text)
{
    static const char head[] = "mangle: ";
    for (const char *part = head; *part; part++) {
        __asm__ volatile("outb %0, %1" : : "a"(*part), "Nd"((uint16_t)SERIAL));
    }
    for (; *text; text++) {
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)SERIAL));
    }
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

static struct tag *next_tag(struct tag *tag)
{
    return (struct tag *)((uint8_t *)tag + ((tag->size + 7) & ~7u));
}

static struct tag *first_tag(struct information *information)
{
    return (struct tag *)(information + 1);
}

static struct tag *find_tag(struct information *information, uint32_t type)
{
    struct tag *tag = first_tag(information);
    while (tag->type != TAG_END && tag->type != type) {
        tag = next_tag(tag);
    }
    if (tag->type != type) {
        complain("GRUB gave no such tag\r\n");
    }
    return tag;
}

static void hide_all(struct information *information, uint32_t type)
{
    for (struct tag *tag = first_tag(information); tag->type != TAG_END; tag = next_tag(tag)) {
        if (tag->type == type) {
            tag->type = TAG_UNKNOWN;
        }
    }
}

static struct map_tag *map_of(struct information *information)
{
    return (struct map_tag *)find_tag(information, TAG_MEMORY_MAP);
}

/* ---- Damages, one function each ---- */

static void no_mmap(struct information *information)
{
    hide_all(information, TAG_MEMORY_MAP);
}

static void mmap_entry_size_0(struct information *information)
{
    map_of(information)->entry_size = 0;
}

static void mmap_entry_size_7(struct information *information)
{
    map_of(information)->entry_size = 7;
}

static void mmap_empty(struct information *information)
{
    struct map_tag *map = map_of(information);
    for (uint32_t i = 0; i < (map->tag.size - MAP_ENTRIES_OFFSET) / map->entry_size; i++) {
        map->entries[i].length = 0;
    }
}

static void mmap_wraps(struct information *information)
{
    map_of(information)->entries[0].start = UINT64_MAX - 0xfff;
    map_of(information)->entries[0].length = 0x10000;
}

/* A GiB of free memory where no machine has any, and where the identity map does not reach. */
static void mmap_beyond(struct information *information)
{
    map_of(information)->entries[0].start = 1ull << 52;
    map_of(information)->entries[0].length = 1ull << 30;
}

/* All of the memory is there, but none of it is free. */
static void mmap_reserved(struct information *information)
{
    struct map_tag *map = map_of(information);
    for (uint32_t i = 0; i < (map->tag.size - MAP_ENTRIES_OFFSET) / map->entry_size; i++) {
        map->entries[i].type = 2;
    }
}

static void size_0(struct information *information)
{
    information->total_size = 0;
}

static void size_huge(struct information *information)
{
    information->total_size = 0xffffffff;
}

static void tag_overrun(struct information *information)
{
    find_tag(information, TAG_MEMORY_MAP)->size = 0x40000000;
}

static void tag_size_0(struct information *information)
{
    find_tag(information, TAG_MEMORY_MAP)->size = 0;
}

static void no_end(struct information *information)
{
    information->total_size =
        (uint32_t)((uint8_t *)find_tag(information, TAG_END) - (uint8_t *)information);
}

static void no_modules(struct information *information)
{
    hide_all(information, TAG_MODULE);
}

static void module_backwards(struct information *information)
{
    struct module_tag *module = (struct module_tag *)find_tag(information, TAG_MODULE);
    module->end = module->start - 1;
}

static void module_outside(struct information *information)
{
    struct module_tag *module = (struct module_tag *)find_tag(information, TAG_MODULE);
    module->start = 0xfee00000; /* the local APIC */
    module->end = 0xfee01000;
}

static void bad_magic(struct information *information)
{
    (void)information;
    kernel_magic = 0x2badb002; /* of Multiboot 1 */
}

/* clang-format off */
static const struct damage {
    const char *word;
    void (*make)(struct information *information);
} damages[] = {
    {"no-mmap", no_mmap},
    {"mmap-entry-size-0", mmap_entry_size_0},
    {"mmap-entry-size-7", mmap_entry_size_7},
    {"mmap-empty", mmap_empty},
    {"mmap-wraps", mmap_wraps},
    {"mmap-beyond", mmap_beyond},
    {"mmap-reserved", mmap_reserved},
    {"size-0", size_0},
    {"size-huge", size_huge},
    {"tag-overrun", tag_overrun},
    {"tag-size-0", tag_size_0},
    {"no-end", no_end},
    {"no-modules", no_modules},
    {"module-outside", module_outside},
    {"module-backwards", module_backwards},
    {"bad-magic", bad_magic},
    {0, 0},
};
/* clang-format on */

/* Whether a text starts with this word, ended by a blank or the text's end. */
static bool starts_with(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return !*word && (!*text || *text == ' ');
}

/* Makes every damage that a word of the command line names, in the order of the line. */
static void make_damages(struct information *information)
{
    const char *text = (const char *)(find_tag(information, TAG_COMMAND_LINE) + 1);
    for (bool word_starts = true; *text; word_starts = *text++ == ' ') {
        for (const struct damage *damage = damages; word_starts && damage->word; damage++) {
            if (starts_with(text, damage->word)) {
                damage->make(information);
            }
        }
    }
}

static void copy(uint32_t to, const uint8_t *from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        ((volatile uint8_t *)to)[i] = from ? from[i] : 0;
    }
}

/* Loads the kernel where its file says; returns its entry. */
static uint32_t load_kernel(const uint8_t *file)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    const Elf64_Phdr *program = (const Elf64_Phdr *)(file + header->e_phoff);
    if (header->e_ident[EI_MAG0] != ELFMAG0 || header->e_machine != EM_X86_64) {
        complain("the first module is no kernel\r\n");
    }
    for (uint32_t i = 0; i < header->e_phnum; i++, program++) {
        if (program->p_type != PT_LOAD || program->p_memsz == 0) {
            continue;
        }
        if (program->p_paddr < KERNEL_START || program->p_paddr + program->p_memsz > KERNEL_END) {
            complain("the kernel is not between 1 MiB and 2 MiB\r\n");
        }
        uint32_t start = (uint32_t)program->p_paddr;
        uint32_t file_bytes = (uint32_t)program->p_filesz;
        copy(start, file + program->p_offset, file_bytes);
        copy(start + file_bytes, NULL, (uint32_t)program->p_memsz - file_bytes);
    }
    return (uint32_t)header->e_entry;
}

void mangle_main(uint32_t magic, struct information *information)
{
    if (magic != MULTIBOOT2_LOADER_MAGIC) {
        complain("not started by a Multiboot2 boot loader\r\n");
    }
    struct module_tag *module = (struct module_tag *)find_tag(information, TAG_MODULE);
    uint32_t entry = load_kernel((const uint8_t *)module->start);
    module->tag.type = TAG_UNKNOWN;
    make_damages(information);
    enter_kernel(entry, kernel_magic, information);
}
