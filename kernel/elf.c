/*
 * The checking ELF parser (contract and sources of the rules: cocos/elf_check.h). The same file
 * serves the kernel, which loads init with it, and libcocos, with which init loads the rest. It
 * calls nothing, allocates nothing and writes only *image.
 *
 * Each rule stands in one place and has its own error. What is read from the file is copied out
 * before it is looked at, because the file may lie at any address.
 */
#include <cocos/elf_check.h>

#include <elf.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

/* Far more than any linker makes; keeps the work bounded. */
#define PROGRAM_HEADERS_MAX 64

struct elf_file {
    const uint8_t *bytes;
    uint64_t size;
};

/* Copies `bytes` bytes at `offset` out of the file; 0 if they are not all there. */
static int read_file(const struct elf_file *file, uint64_t offset, void *to, uint64_t bytes)
{
    if (offset > file->size || bytes > file->size - offset) {
        return 0;
    }
    __builtin_memcpy(to, file->bytes + offset, bytes);
    return 1;
}

/* A file shorter than a header is no ELF file, unless all of it is the start of one. */
static int check_magic(const struct elf_file *file)
{
    for (uint64_t i = 0; i < SELFMAG && i < file->size; i++) {
        if (file->bytes[i] != (uint8_t)ELFMAG[i]) {
            return E_ELF_MAGIC;
        }
    }
    return OK;
}

static int check_header(const struct elf_file *file, Elf64_Ehdr *header)
{
    if (check_magic(file) != OK) {
        return E_ELF_MAGIC;
    }
    if (!read_file(file, 0, header, sizeof(*header))) {
        return E_ELF_TRUNCATED;
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT) {
        return E_ELF_CLASS;
    }
    if (header->e_machine != EM_X86_64) {
        return E_ELF_MACHINE;
    }
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
        return E_ELF_TYPE;
    }
    if (header->e_phnum == 0) {
        return E_ELF_NO_SEGMENT;
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > PROGRAM_HEADERS_MAX) {
        return E_ELF_HEADERS;
    }
    return OK;
}

/* The place of a segment: base + p_vaddr up to PROGRAM_END at most. */
static int check_place(const Elf64_Phdr *header, uint64_t base, uint64_t *address)
{
    uint64_t last;
    if (__builtin_add_overflow(base, header->p_vaddr, address) ||
        __builtin_add_overflow(*address, header->p_memsz - 1, &last)) {
        return E_ELF_WRAP;
    }
    if (*address < UPPER_HALF_START) {
        return E_ELF_HALF;
    }
    if (last >= PROGRAM_END) {
        return E_ELF_RESERVED;
    }
    return OK;
}

/*
 * Address and file offset agree modulo the page size and modulo p_align (System V ABI, 5-2), so
 * that pages of the file can be pages of the image.
 */
static int check_alignment(const Elf64_Phdr *header, uint64_t address)
{
    uint64_t alignment = header->p_align;
    if (alignment & (alignment - 1)) {
        return E_ELF_ALIGNMENT;
    }
    if (alignment < FRAME_BYTES) {
        alignment = FRAME_BYTES;
    }
    return (address - header->p_offset) & (alignment - 1) ? E_ELF_ALIGNMENT : OK;
}

static int check_rights(const Elf64_Phdr *header, uint32_t *rights)
{
    *rights = (header->p_flags & PF_R ? MAP_READ : 0) | (header->p_flags & PF_W ? MAP_WRITE : 0) |
              (header->p_flags & PF_X ? MAP_EXECUTE : 0);
    if (!(*rights & MAP_READ) || ((*rights & MAP_WRITE) && (*rights & MAP_EXECUTE))) {
        return E_ELF_RIGHTS;
    }
    return OK;
}

static int check_segment(const struct elf_file *file, const Elf64_Phdr *header, uint64_t base,
                         struct elf_segment *segment)
{
    int error;
    if (header->p_filesz > header->p_memsz) {
        return E_ELF_FILE_SIZE;
    }
    if (header->p_offset > file->size || header->p_filesz > file->size - header->p_offset) {
        return E_ELF_TRUNCATED;
    }
    if ((error = check_rights(header, &segment->rights)) != OK ||
        (error = check_place(header, base, &segment->address)) != OK ||
        (error = check_alignment(header, segment->address)) != OK) {
        return error;
    }
    segment->memory_bytes = header->p_memsz;
    segment->file_offset = header->p_offset;
    segment->file_bytes = header->p_filesz;
    segment->spare = 0;
    return OK;
}

/* Puts a segment where it belongs by its address; most files have them in order already. */
static int insert_segment(struct elf_image *image, const struct elf_segment *segment)
{
    if (image->segment_count == ELF_SEGMENTS) {
        return E_ELF_MANY;
    }
    uint32_t i = image->segment_count++;
    while (i > 0 && image->segments[i - 1].address > segment->address) {
        image->segments[i] = image->segments[i - 1];
        i--;
    }
    image->segments[i] = *segment;
    return OK;
}

static int check_program_header(const struct elf_file *file, const Elf64_Phdr *header,
                                struct elf_image *image)
{
    struct elf_segment segment;
    int error;
    switch (header->p_type) {
    case PT_INTERP:
        return E_ELF_INTERPRETER;
    case PT_GNU_STACK:
        return header->p_flags & PF_X ? E_ELF_RIGHTS : OK;
    case PT_LOAD:
        if (header->p_memsz == 0 && header->p_filesz == 0) {
            return OK;
        }
        error = check_segment(file, header, image->base, &segment);
        return error == OK ? insert_segment(image, &segment) : error;
    default:
        return OK;
    }
}

static int check_program_headers(const struct elf_file *file, const Elf64_Ehdr *header,
                                 struct elf_image *image)
{
    /* The whole table first: a file cut off inside it is truncated, whatever its start says. */
    uint64_t table_bytes = (uint64_t)header->e_phnum * sizeof(Elf64_Phdr);
    if (header->e_phoff > file->size || table_bytes > file->size - header->e_phoff) {
        return E_ELF_TRUNCATED;
    }
    for (uint64_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr program;
        if (!read_file(file, header->e_phoff + i * sizeof(program), &program, sizeof(program))) {
            return E_ELF_TRUNCATED;
        }
        int error = check_program_header(file, &program, image);
        if (error != OK) {
            return error;
        }
    }
    return image->segment_count ? OK : E_ELF_NO_SEGMENT;
}

static uint64_t segment_start(const struct elf_segment *segment)
{
    return segment->address & ~(FRAME_BYTES - 1);
}

/* Cannot wrap: check_place keeps the last byte below PROGRAM_END, which is page-aligned. */
static uint64_t segment_end(const struct elf_segment *segment)
{
    return (segment->address + segment->memory_bytes + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
}

/* What concerns all segments together; they are in order. */
static int check_layout(struct elf_image *image)
{
    for (uint32_t i = 1; i < image->segment_count; i++) {
        if (segment_start(&image->segments[i]) < segment_end(&image->segments[i - 1])) {
            return E_ELF_OVERLAP;
        }
    }
    image->start = segment_start(&image->segments[0]);
    image->end = segment_end(&image->segments[image->segment_count - 1]);
    return image->end - image->start > ELF_IMAGE_BYTES_MAX ? E_ELF_SIZE : OK;
}

static int check_entry(uint64_t entry, struct elf_image *image)
{
    if (__builtin_add_overflow(image->base, entry, &image->entry)) {
        return E_ELF_ENTRY;
    }
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        if ((segment->rights & MAP_EXECUTE) && image->entry >= segment->address &&
            image->entry - segment->address < segment->memory_bytes) {
            return OK;
        }
    }
    return E_ELF_ENTRY;
}

int elf_check(const void *file, uint64_t bytes, uint64_t load_base, struct elf_image *image)
{
    struct elf_file source = {file, bytes};
    struct elf_image result = {0};
    Elf64_Ehdr header;
    int error;
    if (load_base % FRAME_BYTES != 0 || load_base < UPPER_HALF_START || load_base >= PROGRAM_END) {
        return E_ARGUMENT;
    }
    if ((error = check_header(&source, &header)) != OK) {
        return error;
    }
    result.base = header.e_type == ET_DYN ? load_base : 0;
    if ((error = check_program_headers(&source, &header, &result)) != OK ||
        (error = check_layout(&result)) != OK ||
        (error = check_entry(header.e_entry, &result)) != OK) {
        return error;
    }
    *image = result;
    return OK;
}
