/*
 * The books in memory: two arrays that grow page by page (contracts: books.h). The last word of a
 * page of names is the name of its own frame, so that it can be given back.
 */
#include "libc/linux/books.h"

#include <stddef.h>

#include <cocos/frames.h>

#define WORDS_PER_PAGE (FRAME_BYTES / sizeof(uint64_t))
#define NAMES_PER_PAGE (WORDS_PER_PAGE - 1)
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

/* Maps a new page; the name of its frame, or an error. */
static int64_t add_page(uint64_t at)
{
    int64_t frame = frame_take(0, tag_of("books"));
    if (frame < 0)
        return frame;
    int64_t error = page_place(SLOT_SELF, at, (uint64_t)frame, MAP_READ | MAP_WRITE);
    if (error < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    return error < 0 ? error : frame;
}

struct ranges *linux_books_ranges(uint32_t changes)
{
    while (ranges.capacity - ranges.count < changes * RANGES_GROWTH) {
        uint64_t at = BOOKS_RANGES_START + ranges_pages * FRAME_BYTES;
        if (ranges_pages == RANGES_PAGES || add_page(at) < 0)
            return NULL;
        ranges_pages++;
        ranges.capacity = (uint32_t)(ranges_pages * FRAME_BYTES / sizeof(struct range));
    }
    return &ranges;
}

static uint64_t *names_page(uint64_t index)
{
    return (uint64_t *)(BOOKS_NAMES_START + index * FRAME_BYTES);
}

/* Gives the last pages of names back, which name nothing, until `count` are left. */
static void shrink_names(uint64_t count)
{
    while (names_pages > count) {
        uint64_t *page = names_page(--names_pages);
        uint64_t frame = page[NAMES_PER_PAGE];
        sys_page_unmap(SLOT_SELF, (uint64_t)page, ORDER_FRAME);
        sys_frame_release(frame, ORDER_FRAME);
    }
}

uint64_t linux_books_end(void)
{
    return MAPPABLE_START + names_pages * NAMES_PER_PAGE * FRAME_BYTES;
}

bool linux_books_cover(uint64_t end)
{
    uint64_t before = names_pages;
    while (linux_books_end() < end) {
        uint64_t *page = names_page(names_pages);
        int64_t frame = add_page((uint64_t)page);
        if (frame < 0) {
            shrink_names(before);
            return false;
        }
        page[NAMES_PER_PAGE] = (uint64_t)frame;
        names_pages++;
    }
    return true;
}

uint64_t *linux_books_name(uint64_t address)
{
    uint64_t page = (address - MAPPABLE_START) / FRAME_BYTES;
    return names_page(page / NAMES_PER_PAGE) + page % NAMES_PER_PAGE;
}
