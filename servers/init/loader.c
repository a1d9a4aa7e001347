/*
 * Frames of a program are claimed by init, filled at their own addresses, mapped in the new
 * domain's upper half and given to it. The domain owns all that was made so far, so ending the
 * domain undoes a load that failed, but for the one page in hand.
 */
#include "loader.h"

#include <stdbool.h>
#include <string.h>

#include <cocos/elf_check.h>
#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#include "grants.h"
#include "modules.h"
#include "start_page.h"

/* What of a page comes from somewhere; the rest is zero. */
struct contents {
    const uint8_t *from;
    uint64_t offset, bytes;
};

static uint64_t round_down(uint64_t address)
{
    return address & ~(FRAME_BYTES - 1);
}

/* A page for the domain. */
struct page {
    uint64_t at;
    uint32_t rights;
    const char *tag;
    const struct contents *contents; /* or NULL */
    uint64_t view;                   /* where init is to see it, too, and not 0 */
};

static int64_t place(uint32_t domain, const struct page *page, uint64_t frame)
{
    int64_t error = page_place(domain, page->at, frame, page->rights);
    if (error < 0 || page->view == 0)
        return error;
    error = page_place(SLOT_SELF, page->view, frame, MAP_READ);
    if (error < 0)
        sys_page_unmap(domain, page->at, ORDER_FRAME);
    return error;
}

/* Adds one page to the domain. */
static int64_t add_page(uint32_t domain, const struct page *page)
{
    const struct contents *contents = page->contents;
    int64_t frame = frame_take(contents ? MAP_READ | MAP_WRITE : 0, tag_of(page->tag));
    if (frame < 0)
        return frame;
    if (contents)
        memcpy((uint8_t *)frame + contents->offset, contents->from, contents->bytes);
    int64_t error = place(domain, page, (uint64_t)frame);
    if (error == OK) {
        error = sys_frame_give((uint64_t)frame, ORDER_FRAME, domain, 0);
        if (error < 0) {
            sys_page_unmap(domain, page->at, ORDER_FRAME);
            if (page->view)
                sys_page_unmap(SLOT_SELF, page->view, ORDER_FRAME);
        }
    }
    if (error < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    return error;
}

static const char *segment_tag(uint32_t rights)
{
    if (rights & MAP_EXECUTE)
        return "elf.text";
    return rights & MAP_WRITE ? "elf.data" : "elf.ro";
}

/* The file's bytes lie from the segment's address on, which need not be a page's. */
static int64_t add_segment(uint32_t domain, const uint8_t *file, const struct elf_segment *segment)
{
    uint64_t file_end = segment->address + segment->file_bytes;
    uint64_t end = segment->address + segment->memory_bytes;
    for (uint64_t at = round_down(segment->address); at < end; at += FRAME_BYTES) {
        uint64_t from = at > segment->address ? at : segment->address;
        uint64_t to = at + FRAME_BYTES < file_end ? at + FRAME_BYTES : file_end;
        struct contents contents;
        bool any = from < to;
        if (any)
            contents = (struct contents){file + segment->file_offset + (from - segment->address),
                                         from - at, to - from};
        struct page page = {at, segment->rights, segment_tag(segment->rights),
                            any ? &contents : NULL, 0};
        int64_t error = add_page(domain, &page);
        if (error < 0)
            return error;
    }
    return OK;
}

/* The page below the stack stays unmapped: an overflow faults. */
static int64_t add_stack(uint32_t domain, uint64_t view)
{
    for (uint64_t done = 0; done < STACK_BYTES; done += FRAME_BYTES) {
        struct page page = {STACK_TOP - STACK_BYTES + done, MAP_READ | MAP_WRITE, "stack", NULL,
                            view + done};
        int64_t error = add_page(domain, &page);
        if (error < 0)
            return error;
    }
    return OK;
}

/* Makes the domain in a slot of its own; it owns the three frames it is made of, `object` first. */
static int64_t make_domain(uint32_t *domain, uint64_t *object)
{
    int64_t frames[3], error = OK;
    uint32_t claimed = 0;
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    while (error >= 0 && claimed < 3) {
        error = frames[claimed] = frame_take(0, tag_of("domain"));
        claimed += error >= 0;
    }
    if (error >= 0)
        error =
            sys_domain_create(slot, (uint64_t)frames[0], (uint64_t)frames[1], (uint64_t)frames[2]);
    if (error < 0) {
        while (claimed > 0)
            sys_frame_release((uint64_t)frames[--claimed], ORDER_FRAME);
        slot_put(slot);
        return error;
    }
    *domain = slot;
    *object = (uint64_t)frames[0];
    return OK;
}

/* Faults of the program arrive where its calls do, with another badge. */
static int64_t set_fault_endpoint(uint32_t domain, const struct load *load)
{
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    int64_t error =
        sys_slot_copy(SLOT_SELF, slot, load->endpoint, RIGHT_SEND, INIT_BADGE_FAULT + load->number);
    if (error == OK) {
        error = sys_domain_set(domain, DOMAIN_FAULT_ENDPOINT, slot);
        sys_slot_drop(slot);
    }
    slot_put(slot);
    return error;
}

/* 0: as usual. */
static uint32_t priority_of(const struct load *load)
{
    return load->server ? load->server->priority : 0;
}

static int64_t set_up_domain(uint32_t domain, const struct load *load)
{
    bool limited = load->server && load->server->frames != UINT64_MAX;
    uint64_t frames = limited ? load->server->frames : LOADER_FRAME_LIMIT;
    int64_t error = sys_domain_set(domain, DOMAIN_FRAME_LIMIT, frames);
    if (error == OK && priority_of(load))
        error = sys_domain_set(domain, DOMAIN_PRIORITY_LIMIT, priority_of(load));
    if (error == OK)
        error = sys_domain_set(domain, DOMAIN_NAME, tag_of(load->name));
    if (error == OK)
        error = set_fault_endpoint(domain, load);
    if (error == OK)
        error =
            sys_slot_copy(domain, SLOT_SELF, domain, RIGHT_CONTROL | RIGHT_GRANT | RIGHT_COPY, 0);
    if (error == OK)
        error = sys_slot_copy(domain, SLOT_PARENT, load->endpoint, RIGHT_SEND, load->number);
    return error;
}

static int64_t add_image(uint32_t domain, const struct load *load, const struct elf_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        int64_t error = add_segment(domain, load->file, &image->segments[i]);
        if (error < 0)
            return error;
    }
    return add_stack(domain, load->stack_view);
}

/* Lends it the memory that outlives it. */
static int64_t lend_state(uint32_t domain, const struct load *load, struct process_page *page)
{
    if (load->state == 0)
        return OK;
    int64_t error = sys_domain_set(domain, DOMAIN_ACCEPT, 1ull << load->state_order);
    if (error == OK)
        error = frame_lend(load->state, load->state_order, domain, MAP_READ | MAP_WRITE);
    page->state_address = load->state;
    page->state_bytes = FRAME_BYTES << load->state_order;
    return error;
}

/* The process page and the system page; `page` comes with the program's arguments. */
static int64_t add_pages(uint32_t domain, const struct load *load, const struct elf_image *image,
                         struct process_page *page)
{
    strcpy(page->name, load->name);
    page->image_base = image->base;
    page->image_end = image->end;
    page->number = load->number;
    page->console = load->console;
    int64_t error = OK;
    if (load->server)
        error = grants_give(load->server, domain, load->system, page);
    if (error == OK)
        error = lend_state(domain, load, page);
    if (error == OK && load->server && load->server->modules)
        error = modules_show(domain, page);
    if (error < 0)
        return error;
    struct contents contents = {(const uint8_t *)page, 0, sizeof *page};
    struct page place = {PROCESS_PAGE, MAP_READ, "process", &contents, 0};
    error = add_page(domain, &place);
    if (error < 0)
        return error;
    return page_place(domain, SYSTEM_PAGE, load->system->frame, MAP_READ);
}

/* Makes its thread in a slot of its own, and starts it. */
static int64_t start_thread(uint32_t domain, uint32_t priority, uint64_t entry, uint32_t *thread)
{
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    int64_t frame = frame_take(0, tag_of("thread"));
    int64_t error = frame;
    if (frame >= 0) {
        error = sys_thread_create(slot, (uint64_t)frame, domain);
        if (error < 0) {
            sys_frame_release((uint64_t)frame, ORDER_FRAME);
        } else {
            if (priority)
                error = sys_thread_set(slot, THREAD_PRIORITY, priority);
            if (error == OK)
                error = sys_thread_start(slot, entry, STACK_TOP - sizeof(struct stack_end), 0);
            if (error < 0)
                sys_slot_drop(slot);
        }
    }
    if (error < 0)
        slot_put(slot);
    *thread = slot;
    return error;
}

/* What of it is not mapped, for loading stopped before, is none. */
void loader_end_view(uint64_t stack_view)
{
    for (uint64_t done = 0; done < STACK_BYTES; done += FRAME_BYTES)
        sys_page_unmap(SLOT_SELF, stack_view + done, ORDER_FRAME);
}

int loader_load(const struct load *load, struct loaded *loaded)
{
    static struct process_page page;
    page = (struct process_page){0};
    int packed = start_page_fill(&page, load->command, load->start);
    if (packed < 0)
        return packed;

    struct elf_image image;
    uint32_t domain = SLOT_NONE, thread = SLOT_NONE;
    uint64_t object = 0;
    int64_t error = elf_check(load->file, load->file_bytes, PROGRAM_BASE, &image);
    if (error == OK)
        error = make_domain(&domain, &object);
    if (error < 0)
        return (int)error;

    error = set_up_domain(domain, load);
    if (error == OK)
        error = add_image(domain, load, &image);
    if (error == OK)
        error = add_pages(domain, load, &image, &page);
    if (error == OK)
        error = start_thread(domain, priority_of(load), image.entry, &thread);
    if (error < 0) {
        loader_end_view(load->stack_view);
        sys_domain_destroy(domain);
        sys_slot_drop(domain);
        slot_put(domain);
        return (int)error;
    }
    *loaded = (struct loaded){domain, thread, object, image.base, image.end};
    return OK;
}
