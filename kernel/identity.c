/*
 * Builds the identity map: see identity.h.
 *
 * Intel SDM 3A, 4.5: a table has 512 entries; a PML4 entry covers 512 GiB, a PDPT entry 1 GiB, a
 * PD entry 2 MiB, a PT entry 4 KiB.
 */
#include "kernel/identity.h"

#include <stddef.h>

#include "boot/boot_info.h"
#include "kernel/frame_ptr.h"
#include "kernel/x86/arch.h"

#define ENTRIES 512u
#define PML4_SHIFT 39
#define ABSENT ((uint64_t)PTE_AVL_ABSENT << PTE_AVL_SHIFT)
#define GUARD ((uint64_t)PTE_AVL_GUARD << PTE_AVL_SHIFT)
#define TABLE_BITS (PTE_PRESENT | PTE_WRITE)
#define LEAF_BITS (PTE_PRESENT | PTE_WRITE | PTE_NX)

struct builder {
    identity_frame_source take;
    uint64_t root;
    uint64_t taken;
};

static uint64_t take_table(struct builder *builder)
{
    uint64_t one;
    builder->taken++;
    return builder->take(1, &one);
}

static uint64_t new_table(struct builder *builder)
{
    uint64_t frame = take_table(builder);
    arch_fill_entries(frame_ptr(frame), ENTRIES, ABSENT, 0);
    return frame;
}

/* The entry, in a PDPT that is made when there is none, for the GiB that holds `address`. */
static uint64_t *gib_entry(struct builder *builder, uint64_t address)
{
    uint64_t *entry = (uint64_t *)frame_ptr(builder->root) + (address >> PML4_SHIFT) % ENTRIES;
    if (!(*entry & PTE_PRESENT)) {
        *entry = new_table(builder) | TABLE_BITS;
    }
    return (uint64_t *)frame_ptr(*entry & PTE_ADDRESS) + (address >> GIB_SHIFT) % ENTRIES;
}

/* Maps [start, end), which lies in one GiB. Of a page directory that is made for it every entry is
 * written once. */
static void map_in_gib(struct builder *builder, uint64_t start, uint64_t end)
{
    uint64_t *entry = gib_entry(builder, start);
    uint64_t first = (start >> BLOCK_SHIFT) % ENTRIES;
    uint64_t count = (end - start) >> BLOCK_SHIFT;
    if (!(*entry & PTE_PRESENT)) {
        uint64_t table = take_table(builder);
        uint64_t *entries = frame_ptr(table);
        arch_fill_entries(entries, first, ABSENT, 0);
        arch_fill_entries(entries + first + count, ENTRIES - first - count, ABSENT, 0);
        *entry = table | TABLE_BITS;
    }
    uint64_t *entries = frame_ptr(*entry & PTE_ADDRESS);
    arch_fill_entries(entries + first, count, start | LEAF_BITS | PTE_LARGE, BLOCK_BYTES);
}

/* Maps whole GiBs, of which none has a page directory yet: as many as these lie in a row, and the
 * entries that point to them in one PDPT. Returns where it stopped. */
static uint64_t map_gibs(struct builder *builder, uint64_t start, uint64_t gibs)
{
    uint64_t in_pdpt = ENTRIES - (start >> GIB_SHIFT) % ENTRIES;
    uint64_t *entries = gib_entry(builder, start);
    uint64_t count, tables = builder->take(gibs < in_pdpt ? gibs : in_pdpt, &count);
    builder->taken += count;
    arch_fill_entries(entries, count, tables | TABLE_BITS, FRAME_BYTES);
    arch_fill_entries(frame_ptr(tables), count * ENTRIES, start | LEAF_BITS | PTE_LARGE,
                      BLOCK_BYTES);
    return start + count * GIB_BYTES;
}

/* Ranges come in rising order: of the GiBs from `start` on only the first can have a directory. */
static void map_ram(struct builder *builder, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t next = (start | (GIB_BYTES - 1)) + 1;
        if (start % GIB_BYTES == 0 && next <= end && !(*gib_entry(builder, start) & PTE_PRESENT)) {
            start = map_gibs(builder, start, (end - start) >> GIB_SHIFT);
        } else {
            next = next < end ? next : end;
            map_in_gib(builder, start, next);
            start = next;
        }
    }
}

/* The page directory of the GiB that holds `address`, made when there is none. */
static uint64_t *directory(struct builder *builder, uint64_t address)
{
    uint64_t *entry = gib_entry(builder, address);
    if (!(*entry & PTE_PRESENT)) {
        *entry = new_table(builder) | TABLE_BITS;
    }
    return frame_ptr(*entry & PTE_ADDRESS);
}

/* What is RAM stays what it is. */
static void map_device(struct builder *builder, const struct identity_device *device)
{
    uint64_t bits =
        LEAF_BITS | PTE_LARGE | device->cache_bits | (uint64_t)PTE_AVL_DEVICE << PTE_AVL_SHIFT;
    for (uint64_t block = device->start; block < device->end; block += BLOCK_BYTES) {
        uint64_t *entry = directory(builder, block) + (block >> BLOCK_SHIFT) % ENTRIES;
        if (!(*entry & PTE_PRESENT)) {
            *entry = block | bits;
        }
    }
}

/* Rights of one frame of the first 2 MiB. */
static uint64_t first_entry(const struct identity_kernel *kernel, uint64_t address)
{
    if (address == 0) {
        return GUARD;
    }
    for (unsigned i = 0; i < kernel->guard_count; i++) {
        if (kernel->guards[i] == address) {
            return GUARD;
        }
    }
    if (address < kernel->start || address >= kernel->end) {
        uint64_t cache =
            address >= LEGACY_HOLE_START && address < KERNEL_START ? PTE_PCD | PTE_PWT : 0;
        return address | LEAF_BITS | cache;
    }
    if (address < kernel->text_end) {
        return address | PTE_PRESENT | PTE_GLOBAL;
    }
    if (address < kernel->rodata_end) {
        return address | PTE_PRESENT | PTE_NX | PTE_GLOBAL;
    }
    return address | LEAF_BITS | PTE_GLOBAL;
}

static void map_first_block(struct builder *builder, const struct identity_kernel *kernel)
{
    uint64_t table = take_table(builder);
    uint64_t *entries = frame_ptr(table);
    for (uint64_t i = 0; i < ENTRIES; i++) {
        entries[i] = first_entry(kernel, i << FRAME_SHIFT);
    }
    directory(builder, 0)[0] = table | TABLE_BITS;
}

int identity_is_ram(uint32_t type)
{
    return type == MEMORY_FREE || type == MEMORY_ACPI || type == MEMORY_NVS;
}

uint64_t identity_build(const struct boot_info *info, const struct identity_kernel *kernel,
                        const struct identity_device *devices, unsigned device_count,
                        identity_frame_source take, struct identity_size *size)
{
    struct builder builder = {.take = take};
    builder.root = new_table(&builder);
    uint64_t top = BLOCK_BYTES;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        if (!identity_is_ram(range->type)) {
            continue;
        }
        uint64_t start = range->start & ~(BLOCK_BYTES - 1);
        uint64_t end = (range->end + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
        /* The first block has its own table; a GiB without RAM keeps one absent entry. */
        map_ram(&builder, start < BLOCK_BYTES ? BLOCK_BYTES : start, end);
        top = end > top ? end : top;
    }
    map_first_block(&builder, kernel);
    size->tables = builder.taken;
    size->top = top;
    for (unsigned i = 0; i < device_count; i++) {
        map_device(&builder, &devices[i]);
    }
    size->device_tables = builder.taken - size->tables;
    return builder.root;
}
