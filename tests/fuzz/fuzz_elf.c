// sources: kernel/elf.c
/*
 * Fuzzes elf_check: whatever bytes it is given, it reads none beside them (the sanitizers see to
 * that), and what it accepts keeps every promise of cocos/elf_check.h.
 */
#include <cocos/elf_check.h>

#include <stddef.h>
#include <stdlib.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
    if (!holds) {
        __builtin_trap();
    }
}

static void require_segment(const struct elf_segment *segment, size_t size)
{
    require(segment->memory_bytes > 0 && segment->file_bytes <= segment->memory_bytes);
    require(segment->file_offset <= size && segment->file_bytes <= size - segment->file_offset);
    require(segment->address >= UPPER_HALF_START);
    require(segment->address + segment->memory_bytes > segment->address);
    require(segment->address + segment->memory_bytes <= PROGRAM_END);
    require((segment->address - segment->file_offset) % FRAME_BYTES == 0);
    require(segment->rights & MAP_READ);
    require((segment->rights & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct elf_image image;
    if (elf_check(bytes, size, PROGRAM_BASE, &image) != OK) {
        require(!getenv("FUZZ_ACCEPTED")); /* the seeds must be good */
        return 0;
    }
    int entry_seen = 0;
    uint64_t end = image.start;
    require(image.segment_count > 0 && image.segment_count <= ELF_SEGMENTS);
    for (uint32_t i = 0; i < image.segment_count; i++) {
        const struct elf_segment *segment = &image.segments[i];
        require_segment(segment, size);
        require(segment->address >= end && segment->address / FRAME_BYTES >= end / FRAME_BYTES);
        end = (segment->address + segment->memory_bytes + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
        entry_seen |= (segment->rights & MAP_EXECUTE) && image.entry >= segment->address &&
                      image.entry < segment->address + segment->memory_bytes;
    }
    require(entry_seen && image.end == end && end - image.start <= ELF_IMAGE_BYTES_MAX);
    require(image.base == 0 || image.base == PROGRAM_BASE);
    return 0;
}
