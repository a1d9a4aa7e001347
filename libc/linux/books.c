/* The books in memory: two arrays that grow page by page (contracts: books.h). */
#include "libc/linux/books.h"

#include <stddef.h>

#include <cocos/frames.h>

#include "libc/integer_only.h"

#define NAMES_PER_PAGE (FRAME_BYTES / sizeof(uint64_t))
#define RANGES_PAGES ((BOOKS_NAMES_START - BOOKS_RANGES_START) / FRAME_BYTES)

_Static_assert(BOOKS_NAMES_START + (MAPPABLE_END - MAPPABLE_START) / NAMES_PER_PAGE <=
                   MAPPABLE_START,
               "the names of all pages fit before what they name");

static struct ranges ranges = {
    .items = (struct range *)BOOKS_RANGES_START,
    .start = MAPPABLE_START,
    .end = MAPPABLE_END,
};
static uint64_t ranges_pages, names_pages;

static bool add_page(uint64_t at)
{
    int64_t frame = frame_take(0, tag_of("books"));
    if (frame < 0)
        return false;
    if (page_place(SLOT_SELF, at, (uint64_t)frame, MAP_READ | MAP_WRITE) < 0) {
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
        return false;
    }
    return true;
}

struct ranges *linux_books_ranges(uint32_t changes)
{
    while (ranges.capacity - ranges.count < changes * RANGES_GROWTH) {
        uint64_t at = BOOKS_RANGES_START + ranges_pages * FRAME_BYTES;
        if (ranges_pages == RANGES_PAGES || !add_page(at))
            return NULL;
        ranges_pages++;
        ranges.capacity = (uint32_t)(ranges_pages * FRAME_BYTES / sizeof(struct range));
    }
    return &ranges;
}

uint64_t linux_books_end(void)
{
    return MAPPABLE_START + names_pages * NAMES_PER_PAGE * FRAME_BYTES;
}

bool linux_books_cover(uint64_t end)
{
    while (linux_books_end() < end) {
        if (!add_page(BOOKS_NAMES_START + names_pages * FRAME_BYTES))
            return false;
        names_pages++;
    }
    return true;
}

uint64_t *linux_books_name(uint64_t address)
{
    uint64_t page = (address - MAPPABLE_START) / FRAME_BYTES;
    return (uint64_t *)BOOKS_NAMES_START + page;
}
