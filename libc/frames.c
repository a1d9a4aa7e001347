/* Claiming and mapping with page tables paid for (contracts: cocos/frames.h). */
#include <cocos/frames.h>

#include <stdbool.h>

/* One new leaf needs at most three tables; more refusals would mean a broken kernel. */
#define TABLES_PER_CALL 4

int64_t table_fund(uint32_t domain)
{
    int64_t frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, tag_of("tables"));
    if (frame < 0)
        return frame;
    int64_t funded = sys_page_fund(domain, (uint64_t)frame);
    if (funded < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    return funded;
}

/* Whether a call that said `error` is to be made again: it lacked a table and now has it. */
static bool funded(uint32_t domain, int64_t *error, uint32_t *tables)
{
    if (*error != E_NO_TABLES || ++*tables > TABLES_PER_CALL)
        return false;
    int64_t got = table_fund(domain);
    if (got < 0)
        *error = got;
    return got >= 0;
}

int64_t frame_take(uint32_t rights, uint64_t tag)
{
    return frame_take_run(ORDER_FRAME, rights, tag);
}

int64_t frame_take_run(uint32_t order, uint32_t rights, uint64_t tag)
{
    return frame_take_in(ZONE_ANY, order, rights, tag);
}

int64_t frame_take_in(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag)
{
    uint32_t tables = 0;
    int64_t run;
    do {
        run = sys_frame_claim(where, order, rights, tag);
    } while (funded(SLOT_SELF, &run, &tables));
    return run;
}

/* The largest run that starts at `at`, aligned to its size, and ends at or below `end`. */
static uint32_t order_at(uint64_t at, uint64_t end)
{
    uint32_t order = ORDER_MAX;
    while (order > ORDER_FRAME &&
           ((at & ((FRAME_BYTES << order) - 1)) || end - at < FRAME_BYTES << order))
        order--;
    return order;
}

/* A block of which a device of the kernel's has a part goes by frames. */
static bool by_frames(int64_t error, uint32_t *order)
{
    bool smaller = error == E_ORDER && *order >= ORDER_BLOCK;
    *order = smaller ? ORDER_BLOCK - 1 : *order;
    return smaller;
}

void frames_release(uint64_t start, uint64_t end)
{
    uint32_t order;
    start &= ~(FRAME_BYTES - 1);
    end = (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    for (uint64_t at = start; at < end; at += FRAME_BYTES << order) {
        order = order_at(at, end);
        while (by_frames(sys_frame_release(at, order), &order)) {}
    }
}

int64_t frame_take_device(uint32_t range, uint64_t start, uint64_t end, uint32_t rights,
                          uint32_t cache)
{
    uint32_t order;
    start &= ~(FRAME_BYTES - 1);
    end = (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    for (uint64_t at = start; at < end; at += FRAME_BYTES << order) {
        uint32_t tables = 0;
        int64_t got;
        order = order_at(at, end);
        do {
            got = sys_frame_claim_device(range, at, order, rights, cache);
        } while (by_frames(got, &order) || funded(SLOT_SELF, &got, &tables));
        if (got < 0) {
            frames_release(start, at);
            return got;
        }
    }
    return OK;
}

void frames_revoke(uint64_t start, uint64_t end, uint32_t domain)
{
    uint32_t order;
    start &= ~(FRAME_BYTES - 1);
    end = (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    for (uint64_t at = start; at < end; at += FRAME_BYTES << order) {
        order = order_at(at, end);
        while (by_frames(sys_frame_revoke(at, order, domain), &order)) {}
    }
}

int64_t frames_grant(uint64_t start, uint64_t end, uint32_t domain, uint32_t rights)
{
    uint32_t order;
    start &= ~(FRAME_BYTES - 1);
    end = (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    for (uint64_t at = start; at < end; at += FRAME_BYTES << order) {
        int64_t got;
        order = order_at(at, end);
        do {
            got = sys_frame_grant(at, order, domain, rights);
        } while (by_frames(got, &order));
        if (got < 0) {
            frames_revoke(start, at, domain);
            return got;
        }
    }
    return OK;
}

int64_t page_place(uint32_t domain, uint64_t at, uint64_t frame, uint32_t rights)
{
    uint32_t tables = 0;
    int64_t mapped;
    do {
        mapped = sys_page_map(domain, at, frame, rights | ORDER_FRAME << 8);
    } while (funded(domain, &mapped, &tables));
    return mapped;
}

/* The largest order that both addresses are aligned to, of at most `bytes`. */
static uint32_t order_of_both(uint64_t at, uint64_t frame, uint64_t bytes)
{
    uint32_t order = ORDER_MAX;
    while (order > ORDER_FRAME &&
           (((at | frame) & ((FRAME_BYTES << order) - 1)) || bytes < FRAME_BYTES << order))
        order--;
    return order;
}

/* A block of pages may have been mapped by frames: what was done as E_ORDER said then. */
static void unmap_range(uint32_t domain, uint64_t at, uint64_t frame, uint64_t bytes)
{
    uint32_t order;
    for (uint64_t done = 0; done < bytes; done += FRAME_BYTES << order) {
        order = order_of_both(at + done, frame + done, bytes - done);
        if (sys_page_unmap(domain, at + done, order) == E_NOT_MAPPED && order >= ORDER_BLOCK) {
            order = ORDER_BLOCK - 1;
            sys_page_unmap(domain, at + done, order);
        }
    }
}

int64_t pages_place(uint32_t domain, uint64_t at, uint64_t frame, uint64_t bytes, uint32_t rights)
{
    uint32_t order;
    for (uint64_t done = 0; done < bytes; done += FRAME_BYTES << order) {
        uint32_t tables = 0;
        int64_t mapped;
        order = order_of_both(at + done, frame + done, bytes - done);
        do {
            mapped = sys_page_map(domain, at + done, frame + done, rights | order << 8);
        } while (by_frames(mapped, &order) || funded(domain, &mapped, &tables));
        if (mapped < 0) {
            unmap_range(domain, at, frame, done);
            return mapped;
        }
    }
    return OK;
}

int64_t frame_pass(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights)
{
    uint32_t tables = 0;
    int64_t given;
    do {
        given = sys_frame_give(address, order, domain, rights);
    } while (funded(domain, &given, &tables));
    return given;
}

int64_t frame_lend(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights)
{
    uint32_t tables = 0;
    int64_t granted;
    do {
        granted = sys_frame_grant(address, order, domain, rights);
    } while (funded(domain, &granted, &tables));
    return granted;
}

uint64_t tag_of(const char *text)
{
    uint64_t tag = 0;
    for (uint32_t i = 0; i < 8 && text[i]; i++)
        tag |= (uint64_t)(uint8_t)text[i] << 8 * i;
    return tag;
}
