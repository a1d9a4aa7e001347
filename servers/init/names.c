/* Sections and symbols: System V ABI, chapter 4. Nothing in the file is trusted. */
#include "names.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct file {
    const uint8_t *start;
    uint64_t bytes;
};

/* Copies `bytes` bytes at `offset`. False: they are not all there. */
static bool take(const struct file *file, uint64_t offset, void *to, uint64_t bytes)
{
    if (offset > file->bytes || bytes > file->bytes - offset)
        return false;
    memcpy(to, file->start + offset, bytes);
    return true;
}

static bool section(const struct file *file, const Elf64_Ehdr *header, uint64_t index,
                    Elf64_Shdr *section)
{
    return index < header->e_shnum && header->e_shoff <= file->bytes &&
           take(file, header->e_shoff + index * sizeof *section, section, sizeof *section);
}

static bool covers(const Elf64_Sym *symbol, uint64_t offset)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && offset >= symbol->st_value &&
           offset - symbol->st_value < symbol->st_size;
}

/* The name at `at` in a string table. */
static const char *text(const struct file *file, const Elf64_Shdr *strings, uint64_t at,
                        char name[NAME_BYTES])
{
    uint64_t length = 0;
    if (at >= strings->sh_size || strings->sh_offset > file->bytes)
        return NULL;
    while (length < NAME_BYTES - 1 && at + length < strings->sh_size &&
           take(file, strings->sh_offset + at + length, &name[length], 1) && name[length] != 0)
        length++;
    name[length] = 0;
    return length > 0 ? name : NULL;
}

const char *names_find(const void *start, uint64_t bytes, uint64_t offset, char name[NAME_BYTES],
                       uint64_t *within)
{
    struct file file = {start, bytes};
    Elf64_Ehdr header;
    Elf64_Shdr symbols, strings;
    if (!take(&file, 0, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return NULL;
    for (uint64_t i = 0; section(&file, &header, i, &symbols); i++) {
        if (symbols.sh_type != SHT_SYMTAB || symbols.sh_offset > bytes ||
            !section(&file, &header, symbols.sh_link, &strings))
            continue;
        Elf64_Sym symbol;
        for (uint64_t at = 0; at + sizeof symbol <= symbols.sh_size &&
                              take(&file, symbols.sh_offset + at, &symbol, sizeof symbol);
             at += sizeof symbol) {
            if (!covers(&symbol, offset))
                continue;
            *within = offset - symbol.st_value;
            return text(&file, &strings, symbol.st_name, name);
        }
    }
    return NULL;
}
