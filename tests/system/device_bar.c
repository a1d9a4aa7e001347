/*
 * The memory of a PCI device with a 64-bit BAR that lies above all RAM (an ivshmem device of QEMU,
 * whose memory is a file that tests/test_devices.py looks into): found through the configuration
 * ports, claimed and accessed by its name, frame by frame, by blocks and by GiBs. Breaks when far
 * device memory has no records, or a leaf leads elsewhere.
 */
#include "tests/system/pci.h"

#define RW (MAP_READ | MAP_WRITE)
#define SHARED_MEMORY 0x11101af4u /* Red Hat's device number for it, and vendor */
#define PART 20
#define MARK 0x636f634f53000000ull

enum { BAR2 = 0x18, BAR_IS_64 = 4, BAR_FLAGS = 15 };

/* On bus 0, function 0. Returns its address, and *bytes. */
static uint64_t find_memory(uint64_t *bytes)
{
    uint32_t device = find_device(SHARED_MEMORY);
    uint32_t low = config_read(device, BAR2), high = config_read(device, BAR2 + 4);
    EXPECT(BAR_IS_64, low & BAR_IS_64);
    uint32_t command = config_read(device, PCI_COMMAND);
    config_write(device, PCI_COMMAND, command & ~(uint32_t)PCI_MEMORY);
    config_write(device, BAR2, UINT32_MAX);
    config_write(device, BAR2 + 4, UINT32_MAX);
    *bytes = -((config_read(device, BAR2) & ~(uint32_t)BAR_FLAGS) |
               (uint64_t)config_read(device, BAR2 + 4) << 32);
    config_write(device, BAR2, low);
    config_write(device, BAR2 + 4, high);
    config_write(device, PCI_COMMAND, command | PCI_MEMORY);
    return (low & ~(uint32_t)BAR_FLAGS) | (uint64_t)high << 32;
}

static volatile uint64_t *word(uint64_t address)
{
    return (volatile uint64_t *)address;
}

/* Writes a mark that says where in the device it is, and reads it back. */
static void mark(uint64_t start, uint64_t offset)
{
    EXPECT(0, *word(start + offset));
    *word(start + offset) = MARK + offset / FRAME_BYTES;
    EXPECT(MARK + offset / FRAME_BYTES, *word(start + offset));
}

static void by_frames(uint64_t start, uint64_t bytes)
{
    const uint64_t places[] = {0, BLOCK_BYTES + 7 * FRAME_BYTES, bytes - FRAME_BYTES};
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(OK,
               sys_frame_claim_device(PART, start + places[i], ORDER_FRAME, RW, CACHE_UNCACHED));
        mark(start, places[i]);
    }
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, start + bytes, ORDER_FRAME, RW, 1));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, start - FRAME_BYTES, ORDER_FRAME, RW, 1));

    /* The same frame in the upper half. */
    uint64_t place = MAPPINGS_END - FRAME_BYTES;
    EXPECT(OK, sys_page_map(SLOT_SELF, place, start + places[2], RW));
    EXPECT(MARK + places[2] / FRAME_BYTES, *word(place));
    word(place)[1] = 1;
    EXPECT(1, word(start + places[2])[1]);
    word(place)[1] = 0;
    EXPECT(OK, sys_page_unmap(SLOT_SELF, place, ORDER_FRAME));
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(OK, sys_frame_release(start + places[i], ORDER_FRAME));
    }
}

static void by_runs(uint64_t start, uint64_t bytes, uint32_t order)
{
    for (uint64_t at = 0; at < bytes; at += FRAME_BYTES << order) {
        EXPECT(OK, sys_frame_claim_device(PART, start + at, order, RW, CACHE_WRITE_COMBINING));
        mark(start, at + BLOCK_BYTES / 2 + order * FRAME_BYTES);
        mark(start, at + (FRAME_BYTES << order) - (1 + order) * FRAME_BYTES);
    }
    for (uint64_t at = 0; at < bytes; at += FRAME_BYTES << order) {
        EXPECT(OK, sys_frame_release(start + at, order));
    }
}

int main(void)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    uint64_t bytes, before;
    fund(SLOT_SELF, 32);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    uint64_t start = find_memory(&bytes);
    EXPECT(1, start >= system->top && bytes >= GIB_BYTES);
    printf("device: %llu GiB at 0x%lx, RAM ends at 0x%lx\n", bytes / GIB_BYTES, start, system->top);
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, SLOT_INIT_DEVICES, RIGHT_ALL,
                             start / FRAME_BYTES | bytes / FRAME_BYTES << 32));
    before = free_frames();
    by_frames(start, bytes);
    by_runs(start, 4 * BLOCK_BYTES, ORDER_BLOCK);
    by_runs(start, bytes, ORDER_MAX);
    EXPECT(before, free_frames());
    end_test();
}
