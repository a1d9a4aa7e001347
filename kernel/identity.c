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

static uint64_t new_table(struct builder *builder)
{
    uint64_t frame = builder->take();
    uint64_t *entries = frame_ptr(frame);
    for (unsigned i = 0; i < ENTRIES; i++) {
        entries[i] = ABSENT;
    }
    builder->taken++;
    return frame;
}

/* The table below entry `index` of `table`, made when there is none. */
static uint64_t table_below(struct builder *builder, uint64_t table, uint64_t index)
{
    uint64_t *entry = (uint64_t *)frame_ptr(table) + index;
    if (!(*entry & PTE_PRESENT)) {
        *entry = new_table(builder) | TABLE_BITS;
    }
    return *entry & PTE_ADDRESS;
}

/* The page directory of the GiB that holds `address`. */
static uint64_t *directory(struct builder *builder, uint64_t address)
{
    uint64_t pdpt = table_below(builder, builder->root, address >> PML4_SHIFT & (ENTRIES - 1));
    return frame_ptr(table_below(builder, pdpt, address >> GIB_SHIFT & (ENTRIES - 1)));
}

static void map_blocks(struct builder *builder, uint64_t start, uint64_t end, uint64_t bits)
{
    uint64_t *entries = NULL;
    for (uint64_t block = start; block < end; block += BLOCK_BYTES) {
        uint64_t index = block >> BLOCK_SHIFT & (ENTRIES - 1);
        if (entries == NULL || index == 0) {
            entries = directory(builder, block);
        }
        if (!(entries[index] & PTE_PRESENT)) {
            entries[index] = block | bits | PTE_LARGE;
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
    uint64_t table = new_table(builder);
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
    map_first_block(&builder, kernel);
    uint64_t top = BLOCK_BYTES;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        if (!identity_is_ram(range->type)) {
            continue;
        }
        uint64_t start = range->start & ~(BLOCK_BYTES - 1);
        uint64_t end = (range->end + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
        /* The first block has its own table; a GiB without RAM keeps one absent entry. */
        map_blocks(&builder, start < BLOCK_BYTES ? BLOCK_BYTES : start, end, LEAF_BITS);
        top = end > top ? end : top;
    }
    size->tables = builder.taken;
    size->top = top;
    for (unsigned i = 0; i < device_count; i++) {
        map_blocks(&builder, devices[i].start, devices[i].end,
                   LEAF_BITS | devices[i].cache_bits | (uint64_t)PTE_AVL_DEVICE << PTE_AVL_SHIFT);
    }
    size->device_tables = builder.taken - size->tables;
    return builder.root;
}
