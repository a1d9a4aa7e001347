/* Claiming and mapping with page tables paid for (contracts: cocos/frames.h). */
#include <cocos/frames.h>

#include "libc/integer_only.h"

/* One new leaf needs at most three tables; more refusals would mean a broken kernel. */
#define TABLES_PER_PAGE 4

static int64_t fund(uint32_t domain)
{
    int64_t frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, tag_of("tables"));
    if (frame < 0)
        return frame;
    int64_t funded = sys_page_fund(domain, (uint64_t)frame);
    if (funded < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    return funded;
}

int64_t frame_take(uint32_t rights, uint64_t tag)
{
    int64_t frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, rights, tag);
    for (uint32_t tables = 0; frame == E_NO_TABLES && tables < TABLES_PER_PAGE; tables++) {
        int64_t funded = fund(SLOT_SELF);
        if (funded < 0)
            return funded;
        frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, rights, tag);
    }
    return frame;
}

int64_t page_place(uint32_t domain, uint64_t at, uint64_t frame, uint32_t rights)
{
    uint32_t rights_order = rights | ORDER_FRAME << 8;
    int64_t mapped = sys_page_map(domain, at, frame, rights_order);
    for (uint32_t tables = 0; mapped == E_NO_TABLES && tables < TABLES_PER_PAGE; tables++) {
        int64_t funded = fund(domain);
        if (funded < 0)
            return funded;
        mapped = sys_page_map(domain, at, frame, rights_order);
    }
    return mapped;
}

uint64_t tag_of(const char *text)
{
    uint64_t tag = 0;
    for (uint32_t i = 0; i < 8 && text[i]; i++)
        tag |= (uint64_t)(uint8_t)text[i] << 8 * i;
    return tag;
}
