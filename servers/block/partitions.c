#include "partitions.h"

#include <stddef.h>
#include <string.h>

#define SECTOR_BYTES 512u

/* ---- What both kinds need ---- */

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static uint64_t get64(const uint8_t *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

struct reading {
    const struct partition_disk *disk;
    struct partition *list;
    uint32_t count;
};

static void complain(const struct reading *reading, uint32_t number, const char *why)
{
    reading->disk->complain(reading->disk->context, number, why);
}

static bool overlap(const struct partition *a, const struct partition *b)
{
    return a->first < b->first + b->sectors && b->first < a->first + a->sectors;
}

/* Adds it, in blocks; or says why not. `least` is the first block that may be a partition's, `end`
 * the block behind the last. */
static void add(struct reading *reading, struct partition partition, uint64_t least, uint64_t end)
{
    const char *why = NULL;
    if (partition.first < least)
        why = "it lies over the table";
    else if (partition.first > end || partition.sectors > end - partition.first)
        why = "it reaches beyond the end of the disk";
    else if (reading->count == PARTITIONS_MAX)
        why = "there are too many";
    partition.first *= reading->disk->granule;
    partition.sectors *= reading->disk->granule;
    for (uint32_t i = 0; i < reading->count && !why; i++)
        if (overlap(&partition, &reading->list[i]))
            why = "it overlaps an earlier one";
    if (why)
        complain(reading, partition.number, why);
    else
        reading->list[reading->count++] = partition;
}

static uint64_t block_count(const struct reading *reading)
{
    return reading->disk->sectors / reading->disk->granule;
}

static const uint8_t *read_block(const struct reading *reading, uint64_t block)
{
    const struct partition_disk *disk = reading->disk;
    if (block >= block_count(reading))
        return NULL;
    return disk->read(disk->context, block * disk->granule, disk->granule);
}

/* ---- MBR (UEFI 2.10, 5.2) ---- */

enum {
    MBR_ENTRIES = 446,
    MBR_ENTRY_BYTES = 16,
    MBR_COUNT = 4,
    MBR_SIGNATURE = 510,
    ENTRY_BOOT = 0,
    ENTRY_TYPE = 4,
    ENTRY_FIRST = 8,
    ENTRY_SECTORS = 12,
    TYPE_EXTENDED = 0x05,
    TYPE_EXTENDED_LBA = 0x0f,
    TYPE_EXTENDED_LINUX = 0x85,
    TYPE_PROTECTIVE = 0xee,
    LOGICAL_FIRST = 5,
    LOGICAL_MAX = 64,
};

static const uint8_t *entry_of(const uint8_t *sector, uint32_t index)
{
    return sector + MBR_ENTRIES + (size_t)MBR_ENTRY_BYTES * index;
}

/* The start of a file system may bear the same signature; a table has nothing else in these bytes.
 */
static bool is_mbr(const uint8_t *sector)
{
    if (get16(sector + MBR_SIGNATURE) != 0xaa55)
        return false;
    for (uint32_t i = 0; i < MBR_COUNT; i++)
        if (entry_of(sector, i)[ENTRY_BOOT] & 0x7f)
            return false;
    return true;
}

static bool is_extended(uint8_t type)
{
    return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

static bool is_used(const uint8_t *entry)
{
    return entry[ENTRY_TYPE] != 0 && get32(entry + ENTRY_SECTORS) != 0;
}

static struct partition mbr_partition(const uint8_t *entry, uint64_t base, uint32_t number)
{
    return (struct partition){
        .first = base + get32(entry + ENTRY_FIRST),
        .sectors = get32(entry + ENTRY_SECTORS),
        .number = number,
        .type = entry[ENTRY_TYPE],
    };
}

/* Each link names one partition, behind itself, and the next link, by its distance from the start
 * of the extended partition. Links go forward only, so that they end. */
static void read_logical(struct reading *reading, uint64_t start, uint64_t blocks)
{
    uint64_t end = block_count(reading), link = start;
    if (blocks < end - start)
        end = start + blocks;
    for (uint32_t number = LOGICAL_FIRST; number < LOGICAL_FIRST + LOGICAL_MAX; number++) {
        const uint8_t *read = read_block(reading, link);
        if (!read || !is_mbr(read)) {
            complain(reading, number, "the chain of logical partitions leads to none");
            return;
        }
        uint8_t entries[2 * MBR_ENTRY_BYTES];
        memcpy(entries, entry_of(read, 0), sizeof entries);
        const uint8_t *next = entries + MBR_ENTRY_BYTES;
        if (is_used(entries))
            add(reading, mbr_partition(entries, link, number), link + 1, end);
        if (!is_used(next) || !is_extended(next[ENTRY_TYPE]))
            return;
        uint64_t to = start + get32(next + ENTRY_FIRST);
        if (to <= link || to >= end) {
            complain(reading, number + 1,
                     to >= end ? "its link lies outside the extended partition"
                               : "the chain of logical partitions goes backwards");
            return;
        }
        link = to;
    }
    complain(reading, 0, "there are too many logical partitions");
}

static void read_mbr(struct reading *reading, const uint8_t *sector)
{
    uint8_t entries[MBR_COUNT * MBR_ENTRY_BYTES];
    memcpy(entries, entry_of(sector, 0), sizeof entries);
    struct partition extended = {0};
    for (uint32_t i = 0; i < MBR_COUNT; i++) {
        const uint8_t *entry = entries + (size_t)MBR_ENTRY_BYTES * i;
        struct partition partition = mbr_partition(entry, 0, i + 1);
        if (!is_used(entry))
            continue;
        if (!is_extended(entry[ENTRY_TYPE]))
            add(reading, partition, 1, block_count(reading));
        else if (extended.sectors != 0)
            complain(reading, i + 1, "there is an extended partition already");
        else if (partition.first == 0 || partition.first >= block_count(reading))
            complain(reading, i + 1, "it reaches beyond the end of the disk");
        else
            extended = partition;
    }
    if (extended.sectors != 0)
        read_logical(reading, extended.first, extended.sectors);
}

/* ---- GPT (UEFI 2.10, 5.3) ---- */

enum {
    GPT_REVISION = 8,
    GPT_HEADER_BYTES = 12,
    GPT_HEADER_CRC = 16,
    GPT_OWN_BLOCK = 24,
    GPT_FIRST_USABLE = 40,
    GPT_LAST_USABLE = 48,
    GPT_TABLE = 72,
    GPT_COUNT = 80,
    GPT_ENTRY_BYTES = 84,
    GPT_TABLE_CRC = 88,
    GPT_HEADER_END = 92,
    GUID_BYTES = 16,
    GPT_ENTRY_FIRST = 32,
    GPT_ENTRY_LAST = 40,
    GPT_ENTRY_LEAST = 128,
    GPT_ENTRY_MOST = 4096,
};
#define GPT_SIGNATURE "EFI PART"
#define GPT_REVISION_1 0x00010000u

/* Of Ethernet, as zlib's (UEFI 2.10, 4.2.1). */
static uint32_t crc32(const uint8_t *bytes, uint64_t count, uint32_t crc)
{
    crc = ~crc;
    for (uint64_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (uint32_t bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

struct gpt {
    uint64_t first_usable, last_usable, table;
    uint32_t count, entry_bytes, table_crc;
};

/* NULL, or why the header in `block` is none. */
static const char *check_header(const struct reading *reading, const uint8_t *read, uint64_t block,
                                struct gpt *gpt)
{
    uint8_t header[SECTOR_BYTES];
    memcpy(header, read, sizeof header);
    uint32_t bytes = get32(header + GPT_HEADER_BYTES), crc = get32(header + GPT_HEADER_CRC);
    if (memcmp(header, GPT_SIGNATURE, sizeof GPT_SIGNATURE - 1) != 0)
        return "its header is missing";
    if (get32(header + GPT_REVISION) != GPT_REVISION_1 || bytes < GPT_HEADER_END ||
        bytes > SECTOR_BYTES)
        return "its header is of another version";
    memset(header + GPT_HEADER_CRC, 0, 4);
    if (crc32(header, bytes, 0) != crc)
        return "its header is damaged";
    *gpt = (struct gpt){
        .first_usable = get64(header + GPT_FIRST_USABLE),
        .last_usable = get64(header + GPT_LAST_USABLE),
        .table = get64(header + GPT_TABLE),
        .count = get32(header + GPT_COUNT),
        .entry_bytes = get32(header + GPT_ENTRY_BYTES),
        .table_crc = get32(header + GPT_TABLE_CRC),
    };
    if (get64(header + GPT_OWN_BLOCK) != block)
        return "its header is meant for another place";
    if (gpt->last_usable >= block_count(reading) || gpt->first_usable > gpt->last_usable ||
        gpt->first_usable < 2)
        return "what it says is usable lies outside the disk";
    return NULL;
}

/* All entries at once, where they stay until the next read; NULL: *why. */
static const uint8_t *read_table(const struct reading *reading, const struct gpt *gpt,
                                 const char **why)
{
    const struct partition_disk *disk = reading->disk;
    *why = "its entries are of a size that there is not";
    if (gpt->entry_bytes < GPT_ENTRY_LEAST || gpt->entry_bytes > GPT_ENTRY_MOST ||
        (gpt->entry_bytes & (gpt->entry_bytes - 1)) != 0)
        return NULL;
    uint64_t block_bytes = (uint64_t)disk->granule * SECTOR_BYTES;
    uint64_t bytes = (uint64_t)gpt->count * gpt->entry_bytes;
    uint64_t blocks = (bytes + block_bytes - 1) / block_bytes;
    *why = "it has no entries, or too many";
    if (blocks == 0 || blocks * disk->granule > disk->read_max)
        return NULL;
    *why = "its entries lie outside the disk";
    if (gpt->table < 2 || gpt->table > block_count(reading) ||
        blocks > block_count(reading) - gpt->table)
        return NULL;
    *why = "its entries cannot be read";
    const uint8_t *table =
        disk->read(disk->context, gpt->table * disk->granule, (uint32_t)blocks * disk->granule);
    if (!table)
        return NULL;
    *why = "its entries are damaged";
    return crc32(table, bytes, 0) == gpt->table_crc ? table : NULL;
}

static void add_gpt(struct reading *reading, const struct gpt *gpt, const uint8_t *entry,
                    uint32_t number)
{
    uint64_t first = get64(entry + GPT_ENTRY_FIRST), last = get64(entry + GPT_ENTRY_LAST);
    struct partition partition = {
        .first = first,
        .sectors = last - first + 1,
        .number = number,
        .type = get32(entry),
        .is_gpt = true,
    };
    if (last < first)
        complain(reading, number, "it ends before it begins");
    else if (last > gpt->last_usable)
        complain(reading, number, "it reaches beyond the end of the disk");
    else
        add(reading, partition, gpt->first_usable, gpt->last_usable + 1);
}

/* NULL, or why the table whose header is in `block` is of no use. */
static const char *read_gpt_at(struct reading *reading, uint64_t block)
{
    static const uint8_t unused[GUID_BYTES];
    struct gpt gpt;
    const uint8_t *header = read_block(reading, block);
    const char *why = header ? check_header(reading, header, block, &gpt) : "it cannot be read";
    const uint8_t *table = why ? NULL : read_table(reading, &gpt, &why);
    if (!table)
        return why;
    for (uint32_t i = 0; i < gpt.count; i++) {
        const uint8_t *entry = table + (size_t)gpt.entry_bytes * i;
        if (memcmp(entry, unused, GUID_BYTES) != 0)
            add_gpt(reading, &gpt, entry, i + 1);
    }
    return NULL;
}

/* The second header is in the last block, for when the first is damaged. */
static void read_gpt(struct reading *reading)
{
    const char *why = read_gpt_at(reading, 1);
    if (!why)
        return;
    complain(reading, 0, why);
    why = read_gpt_at(reading, block_count(reading) - 1);
    if (why)
        complain(reading, 0, "nor is its copy at the end of any use");
}

/* ---- The whole ---- */

static bool is_protective(const uint8_t *sector)
{
    for (uint32_t i = 0; i < MBR_COUNT; i++)
        if (entry_of(sector, i)[ENTRY_TYPE] == TYPE_PROTECTIVE)
            return true;
    return false;
}

uint32_t partitions_read(const struct partition_disk *disk, struct partition *list)
{
    struct reading reading = {.disk = disk, .list = list};
    const uint8_t *sector = read_block(&reading, 0);
    if (!sector)
        complain(&reading, 0, "the first sector cannot be read");
    else if (is_mbr(sector) && is_protective(sector))
        read_gpt(&reading);
    else if (is_mbr(sector))
        read_mbr(&reading, sector);
    return reading.count;
}
