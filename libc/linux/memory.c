/*
 * Linux's calls for anonymous memory. A mapping's frames are claimed at once, not when touched:
 * there is no pager, and a program knows from the call's answer that it has its memory. A frame
 * is mapped in the upper half only; in the lower half it is not accessible.
 *
 * Invariant: a page in no range has entry 0 in the books, or none; a page in a range with rights
 * has a frame and is mapped with these rights; a page in a range without rights is not mapped,
 * and has a frame only if it had contents before.
 */
#define _GNU_SOURCE /* mremap's flags */
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cocos/frames.h>

#include "libc/linux/books.h"

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
}

/* Whether [start, start + bytes) is page-aligned and inside the area; bytes is rounded already. */
static bool is_area(uint64_t start, uint64_t bytes)
{
    return start % FRAME_BYTES == 0 && start >= MAPPABLE_START && start < MAPPABLE_END &&
           bytes <= MAPPABLE_END - start;
}

/* MAP_* from PROT_*, or -EACCES. */
static int64_t rights_of(uint64_t protection)
{
    if ((protection & PROT_WRITE) && (protection & PROT_EXEC))
        return -EACCES;
    return ((protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) ? MAP_READ : 0) |
           ((protection & PROT_WRITE) ? MAP_WRITE : 0) |
           ((protection & PROT_EXEC) ? MAP_EXECUTE : 0);
}

/* Makes a page accessible with `rights`, with a new frame if it has none; 0: not accessible,
 * which cannot fail. On an error the page is not mapped and has kept its frame. */
static int64_t page_open(uint64_t at, uint32_t rights)
{
    uint64_t *name = linux_books_name(at);
    if (*name & NAME_MAPPED) {
        sys_page_unmap(SLOT_SELF, at, ORDER_FRAME);
        *name &= ~NAME_MAPPED;
    }
    if (rights == 0)
        return OK;
    if (*name == 0) {
        int64_t frame = frame_take(0, tag_of("heap"));
        if (frame < 0)
            return frame;
        *name = (uint64_t)frame;
    }
    int64_t placed = page_place(SLOT_SELF, at, *name, rights);
    if (placed < 0)
        return placed;
    *name |= NAME_MAPPED;
    return OK;
}

/* Unmaps a page and gives its frame back. */
static void page_close(uint64_t at)
{
    page_open(at, 0);
    uint64_t *name = linux_books_name(at);
    if (*name)
        sys_frame_release(*name, ORDER_FRAME);
    *name = 0;
}

/* The end of what of [..., end) can have a frame. */
static uint64_t known_end(uint64_t end)
{
    return end < linux_books_end() ? end : linux_books_end();
}

static void pages_close(uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < known_end(end); at += FRAME_BYTES)
        page_close(at);
}

/* Opens pages that are in no range; all or none. What is only reserved costs nothing. */
static bool pages_open(uint64_t start, uint64_t end, uint32_t rights)
{
    if (rights == 0)
        return true;
    int64_t free = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
    if ((end - start) / FRAME_BYTES > (uint64_t)free || !linux_books_cover(end))
        return false;
    for (uint64_t at = start; at < end; at += FRAME_BYTES) {
        if (page_open(at, rights) < 0) {
            pages_close(start, at + FRAME_BYTES);
            return false;
        }
    }
    return true;
}

/* Frees what of [start, end) is in use. Needs room in the books for one change. */
static void unmap(struct ranges *ranges, uint64_t start, uint64_t end)
{
    const struct range *range = linux_ranges_from(ranges, start);
    for (; range && range->start < end; range = linux_ranges_from(ranges, range->end)) {
        uint64_t from = range->start > start ? range->start : start;
        pages_close(from, range->end < end ? range->end : end);
    }
    linux_ranges_clear(ranges, start, end);
}

/* Whether all of [start, end) is in use. */
static bool in_use(const struct ranges *ranges, uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end;) {
        const struct range *range = linux_ranges_from(ranges, at);
        if (!range || range->start > at)
            return false;
        at = range->end;
    }
    return true;
}

/* glibc and musl take 0 for a refusal and use mmap. */
int64_t linux_brk(const uint64_t *a)
{
    (void)a;
    return 0;
}

/* Where a mapping goes: an address or a negative errno. */
static int64_t choose(const struct ranges *ranges, uint64_t hint, uint64_t bytes, uint64_t flags)
{
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        uint64_t start = linux_ranges_find(ranges, bytes); /* hints are only that */
        return start ? (int64_t)start : -ENOMEM;
    }
    if (hint % FRAME_BYTES)
        return -EINVAL;
    if (!is_area(hint, bytes))
        return -ENOMEM;
    if ((flags & MAP_FIXED_NOREPLACE) && !linux_ranges_free(ranges, hint, hint + bytes))
        return -EEXIST;
    return (int64_t)hint;
}

int64_t linux_mmap(const uint64_t *a)
{
    uint64_t bytes = round_up(a[1]), flags = a[3];
    int64_t rights = rights_of(a[2]);
    if (bytes == 0)
        return a[1] ? -ENOMEM : -EINVAL;
    if (!(flags & MAP_ANONYMOUS))
        return -ENODEV;
    if (rights < 0)
        return rights;
    struct ranges *ranges = linux_books_ranges(2);
    if (!ranges)
        return -ENOMEM;
    int64_t start = choose(ranges, a[0], bytes, flags);
    if (start >= 0 || start < -4095) { /* an upper-half address is negative, too */
        uint64_t from = (uint64_t)start, to = from + bytes;
        unmap(ranges, from, to);
        if (!pages_open(from, to, (uint32_t)rights))
            return -ENOMEM;
        linux_ranges_set(ranges, from, to, (uint32_t)rights);
    }
    return start;
}

int64_t linux_munmap(const uint64_t *a)
{
    uint64_t bytes = round_up(a[1]);
    if (bytes == 0 || !is_area(a[0], bytes))
        return -EINVAL;
    struct ranges *ranges = linux_books_ranges(1);
    if (!ranges)
        return -ENOMEM;
    unmap(ranges, a[0], a[0] + bytes);
    return 0;
}

/* A failure half way leaves the first half changed, as Linux does. */
int64_t linux_mprotect(const uint64_t *a)
{
    uint64_t start = a[0], bytes = round_up(a[1]);
    int64_t rights = rights_of(a[2]);
    if (start % FRAME_BYTES)
        return -EINVAL;
    if (rights < 0)
        return rights;
    struct ranges *ranges = linux_books_ranges(2);
    if (!ranges || !is_area(start, bytes) || !in_use(ranges, start, start + bytes))
        return -ENOMEM;
    if (rights && !linux_books_cover(start + bytes))
        return -ENOMEM;
    for (uint64_t at = start; at < known_end(start + bytes); at += FRAME_BYTES) {
        if (page_open(at, (uint32_t)rights) < 0) {
            /* This page is no longer mapped: say so in the books. */
            linux_ranges_set(ranges, at, at + FRAME_BYTES, 0);
            if (at > start)
                linux_ranges_set(ranges, start, at, (uint32_t)rights);
            return -ENOMEM;
        }
    }
    if (bytes)
        linux_ranges_set(ranges, start, start + bytes, (uint32_t)rights);
    return 0;
}

/* Maps the frames of one place at another, too; all or none. */
static bool pages_double(uint64_t from, uint64_t to, uint64_t bytes, uint32_t rights)
{
    for (uint64_t done = 0; done < bytes; done += FRAME_BYTES) {
        uint64_t name = *linux_books_name(from + done);
        if ((name & NAME_MAPPED) &&
            page_place(SLOT_SELF, to + done, name & ~NAME_MAPPED, rights) < 0) {
            for (uint64_t undo = 0; undo < done; undo += FRAME_BYTES)
                sys_page_unmap(SLOT_SELF, to + undo, ORDER_FRAME);
            return false;
        }
    }
    return true;
}

/* Moves a mapping and lets it grow to new_bytes. Frames move; nothing is copied. */
static int64_t move(struct ranges *ranges, uint64_t from, uint64_t bytes, uint64_t new_bytes,
                    uint32_t rights)
{
    uint64_t to = linux_ranges_find(ranges, new_bytes);
    if (!to || !linux_books_cover(from + bytes) || !linux_books_cover(to + bytes) ||
        !pages_open(to + bytes, to + new_bytes, rights))
        return -ENOMEM;
    if (!pages_double(from, to, bytes, rights)) {
        pages_close(to + bytes, to + new_bytes);
        return -ENOMEM;
    }
    for (uint64_t done = 0; done < bytes; done += FRAME_BYTES) {
        uint64_t *name = linux_books_name(from + done);
        if (*name & NAME_MAPPED)
            sys_page_unmap(SLOT_SELF, from + done, ORDER_FRAME);
        *linux_books_name(to + done) = *name;
        *name = 0;
    }
    linux_ranges_clear(ranges, from, from + bytes);
    linux_ranges_set(ranges, to, to + new_bytes, rights);
    return (int64_t)to;
}

int64_t linux_mremap(const uint64_t *a)
{
    uint64_t start = a[0], bytes = round_up(a[1]), new_bytes = round_up(a[2]);
    if (bytes == 0 || new_bytes == 0 || start % FRAME_BYTES || (a[3] & ~(uint64_t)MREMAP_MAYMOVE))
        return -EINVAL;
    struct ranges *ranges = linux_books_ranges(2);
    if (!ranges)
        return -ENOMEM;
    const struct range *range = linux_ranges_from(ranges, start);
    if (!is_area(start, bytes) || !range || range->start > start || range->end < start + bytes)
        return -EFAULT;
    uint32_t rights = range->rights;
    uint64_t end = start + bytes, new_end = start + new_bytes;
    if (new_bytes <= bytes) {
        if (new_bytes < bytes)
            unmap(ranges, new_end, end);
        return (int64_t)start;
    }
    if (is_area(start, new_bytes) && linux_ranges_free(ranges, end, new_end)) {
        if (!pages_open(end, new_end, rights))
            return -ENOMEM;
        linux_ranges_set(ranges, end, new_end, rights);
        return (int64_t)start;
    }
    return (a[3] & MREMAP_MAYMOVE) ? move(ranges, start, bytes, new_bytes, rights) : -ENOMEM;
}

/* Gives a page of a range zeroes in place of its contents: by a new frame, claimed first. */
static int64_t page_renew(struct ranges *ranges, uint64_t at)
{
    uint64_t *name = linux_books_name(at);
    if (!(*name & NAME_MAPPED)) {
        page_close(at); /* it gets one when it becomes accessible */
        return OK;
    }
    int64_t frame = frame_take(0, tag_of("heap"));
    if (frame < 0)
        return frame;
    page_close(at);
    *name = (uint64_t)frame;
    int64_t opened = page_open(at, linux_ranges_from(ranges, at)->rights);
    if (opened < 0)
        linux_ranges_set(ranges, at, at + FRAME_BYTES, 0);
    return opened;
}

int64_t linux_madvise(const uint64_t *a)
{
    uint64_t start = a[0], bytes = round_up(a[1]);
    if (start % FRAME_BYTES)
        return -EINVAL;
    struct ranges *ranges = linux_books_ranges(1);
    if (!ranges || !is_area(start, bytes) || !in_use(ranges, start, start + bytes))
        return -ENOMEM;
    if (a[2] != MADV_DONTNEED)
        return a[2] <= MADV_WILLNEED || a[2] == MADV_FREE ? 0 : -EINVAL;
    for (uint64_t at = start; at < known_end(start + bytes); at += FRAME_BYTES)
        if (page_renew(ranges, at) < 0)
            return -ENOMEM;
    return 0;
}
