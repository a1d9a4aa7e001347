/*
 * vm NAME: one domain: what it owns, what of all memory it may access by its own address (the
 * lower half of its page tables), and what it has mapped in the upper half.
 */
#include <stdio.h>

#include <cocos/service.h>

#include "shell.h"
#include "vm.h"

/* A line: pages that follow each other, of memory that does, and say the same. */
struct pages {
    uint64_t at, frame, bytes; /* bytes 0: none yet */
    uint64_t bits;             /* of the entry: rights, cache type, code */
    uint64_t owner, tag;
    uint8_t type;
};

struct view {
    uint64_t domain;
    bool upper; /* the half that is being shown */
    struct pages line;
    uint64_t bytes; /* of all lines */
};

#define SHOWN_BITS (PAGE_WRITE | PAGE_NX | PAGE_PWT | PAGE_PCD | (uint64_t)7 << PTE_AVL_SHIFT)

/* ---- Lines ---- */

static const char *kind_text(uint64_t bits)
{
    static const char *const texts[] = {
        [PTE_AVL_KERNEL] = "kernel",   [PTE_AVL_OWNED] = "owned",   [PTE_AVL_LENT] = "lent",
        [PTE_AVL_SHARED] = "shared",   [PTE_AVL_DEVICE] = "device", [PTE_AVL_GUARD] = "guard",
        [PTE_AVL_CARRIED] = "carried", [PTE_AVL_ABSENT] = "absent"};
    const char *text = texts[bits >> PTE_AVL_SHIFT & 7];
    return text ? text : "?";
}

static const char *cache_text(uint64_t bits)
{
    return bits & PAGE_PCD ? "uc" : bits & PAGE_PWT ? "wc" : "wb";
}

static void print_line(struct view *view)
{
    const struct pages *line = &view->line;
    char size[SIZE_TEXT_BYTES], tag[VM_NAME_BYTES], rights[] = "r--";
    if (line->bytes == 0)
        return;
    view->bytes += line->bytes;
    rights[1] = line->bits & PAGE_WRITE ? 'w' : '-';
    rights[2] = line->bits & PAGE_NX ? '-' : 'x';
    size_text(size, line->bytes);
    vm_name(tag, line->tag);
    unsigned long long at = line->at, end = line->at + line->bytes - 1, frame = line->frame;
    if (view->upper)
        console_printf("%016llx-%016llx %10llx", at, end, frame);
    else
        console_printf("%012llx-%012llx  %-6s", at, end, kind_text(line->bits));
    bool own = line->owner == view->domain;
    console_printf(" %9s %s %s %s", size, rights, cache_text(line->bits), own ? "" : "\x1b[36m");
    console_printf(tag[0] ? "%-8s" VM_PLAIN " %s\n" : "%s" VM_PLAIN "\n",
                   vm_owner(line->owner, line->type), tag);
}

static void add_pages(struct view *view, const struct pages *next)
{
    struct pages *line = &view->line;
    if (line->bytes != 0 && next->at == line->at + line->bytes &&
        next->frame == line->frame + line->bytes && next->bits == line->bits &&
        next->owner == line->owner && next->tag == line->tag && next->type == line->type) {
        line->bytes += next->bytes;
        return;
    }
    print_line(view);
    *line = *next;
}

/* A run of leaves, in pieces whose records say the same. */
static int64_t add_leaves(struct view *view, uint64_t at, unsigned level,
                          const struct page_info *found)
{
    uint64_t frame = found->entry & PAGE_ADDRESS & ~(page_step(level) - 1);
    uint64_t bytes = found->count * page_step(level);
    for (uint64_t done = 0; done < bytes;) {
        struct frame_info info;
        int64_t error = sys_frame_query(vm_machine, frame + done, &info);
        if (error < 0)
            return error;
        uint64_t most = info.end - (frame + done), rest = bytes - done;
        struct pages pages = {
            .at = at + done,
            .frame = frame + done,
            .bytes = most < rest ? most : rest,
            .bits = found->entry & SHOWN_BITS,
            .owner = info.owner,
            .tag = info.tag,
            .type = info.type,
        };
        add_pages(view, &pages);
        done += pages.bytes;
    }
    return OK;
}

/* The entries of one table, and of the domain's own tables below: those with the user bit. */
static int64_t add_table(struct view *view, uint64_t base, unsigned level, unsigned from,
                         unsigned to)
{
    struct page_info info;
    for (unsigned index = from; index < to; index += (unsigned)info.count) {
        uint64_t at = base + index * page_step(level);
        int64_t error = sys_page_query(vm_machine, view->domain, at, level, &info);
        if (error == E_NOT_MAPPED)
            return OK; /* the table went meanwhile */
        if (error < 0)
            return error;
        if (!(info.entry & PAGE_PRESENT) || !(info.entry & PAGE_USER))
            continue;
        if (page_is_table(info.entry, level))
            error = add_table(view, at, level - 1, 0, PAGE_ENTRIES);
        else
            error = add_leaves(view, at, level, &info);
        if (error < 0)
            return error;
    }
    return OK;
}

/* ---- The whole ---- */

/* How many frames of which type the domain owns. */
static int64_t print_owned(uint64_t domain)
{
    uint64_t frames[FRAME_TYPE_COUNT] = {0}, all = 0;
    struct frame_info info;
    int64_t error;
    for (uint64_t at = 0; (error = sys_frame_query(vm_machine, at, &info)) == OK; at = info.end) {
        if (info.owner == domain && info.type < FRAME_TYPE_COUNT) {
            frames[info.type] += (info.end - at) / FRAME_BYTES;
            all += (info.end - at) / FRAME_BYTES;
        }
    }
    if (error != E_NO_FRAME)
        return error;
    char size[SIZE_TEXT_BYTES];
    size_text(size, all * FRAME_BYTES);
    console_printf("owns %llu frames, %s:\n", (unsigned long long)all, size);
    const char *between = "";
    for (unsigned type = 0; type < FRAME_TYPE_COUNT; type++) {
        if (frames[type] == 0)
            continue;
        console_printf("%s%s%s" VM_PLAIN " %llu", between, vm_colour((uint8_t)type),
                       vm_type((uint8_t)type), (unsigned long long)frames[type]);
        between = ", ";
    }
    console_print("\n", 1);
    return OK;
}

static int64_t print_half(uint64_t domain, bool upper)
{
    struct view view = {.domain = domain, .upper = upper};
    if (upper)
        console_printf("\n" VM_BOLD "%-33s %10s", "upper half: mapped at", "physical");
    else
        console_printf("\n" VM_BOLD "%-25s  %-6s", "lower half: by its name", "");
    console_printf(" %9s %-6s %-8s %s" VM_PLAIN "\n", "size", "rights", "owner", "tag");
    unsigned middle = PAGE_ENTRIES / 2;
    uint64_t base = upper ? UPPER_HALF_START - middle * page_step(PAGE_LEVELS) : 0;
    int64_t error =
        add_table(&view, base, PAGE_LEVELS, upper ? middle : 0, upper ? PAGE_ENTRIES : middle);
    print_line(&view);
    char size[SIZE_TEXT_BYTES];
    size_text(size, view.bytes);
    console_printf("%s in all\n", view.bytes ? size : "nothing");
    return error;
}

int64_t vm_show_domain(uint64_t domain)
{
    console_printf(VM_BOLD "%s" VM_PLAIN ", the domain at %llx, ", vm_owner(domain, FRAME_DOMAIN),
                   (unsigned long long)domain);
    int64_t error = print_owned(domain);
    if (error == OK)
        error = print_half(domain, false);
    if (error == OK)
        error = print_half(domain, true);
    return error;
}
