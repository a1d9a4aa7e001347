/*
 * vm: all physical memory, by address: what it is, whose it is, what for. Neighbours that say the
 * same are one line; page tables and kernel objects of one owner count as the same.
 */
#include <cocos/service.h>

#include "shell.h"
#include "vm.h"

#define OWNERS_MAX 48

struct stretch {
    uint64_t start, end;
    uint64_t owner, tag;
    uint8_t type, cache;
};

struct owner_total {
    uint64_t owner, bytes;
};

/* What the lines add up to. The last owner stands for those beyond. */
struct totals {
    uint64_t by_type[FRAME_TYPE_COUNT];
    struct owner_total owners[OWNERS_MAX];
    uint32_t owner_count;
};

/* Of what a record says, what the line shows. */
static struct stretch stretch_of(uint64_t start, const struct frame_info *info)
{
    struct stretch stretch = {
        .start = start, .end = info->end, .owner = info->owner, .type = info->type};
    bool memory = info->type == FRAME_RAM || info->type == FRAME_DIRTY ||
                  info->type == FRAME_DEVICE || info->type == FRAME_SYSTEM;
    if (memory || info->type == FRAME_KERNEL)
        stretch.cache = info->cache;
    if (memory || info->type == FRAME_KERNEL || info->type == FRAME_RESERVED)
        stretch.tag = info->tag;
    return stretch;
}

static bool continues(const struct stretch *stretch, const struct stretch *next)
{
    return next->start == stretch->end && next->type == stretch->type &&
           next->owner == stretch->owner && next->tag == stretch->tag &&
           next->cache == stretch->cache;
}

static const char *cache_text(const struct stretch *stretch)
{
    static const char *const texts[] = {
        [CACHE_UNCACHED] = "uc", [CACHE_WRITE_COMBINING] = "wc", [CACHE_WRITE_BACK] = "wb"};
    if (stretch->type == FRAME_ABSENT || stretch->type == FRAME_RESERVED)
        return "";
    return stretch->cache <= CACHE_WRITE_COMBINING ? texts[stretch->cache] : "?";
}

static void print_stretch(const struct stretch *stretch)
{
    char size[SIZE_TEXT_BYTES], tag[VM_NAME_BYTES];
    size_text(size, stretch->end - stretch->start);
    vm_name(tag, stretch->tag);
    console_printf("%012llx-%012llx  %9s  %s%-19s" VM_PLAIN "  %-2s  ",
                   (unsigned long long)stretch->start, (unsigned long long)(stretch->end - 1), size,
                   vm_colour(stretch->type), vm_type(stretch->type), cache_text(stretch));
    console_printf(tag[0] ? "%-8s  %s\n" : "%s\n", vm_owner(stretch->owner, stretch->type), tag);
}

/* ---- Totals ---- */

static void count_owner(struct totals *totals, uint64_t owner, uint64_t bytes)
{
    uint32_t i = 0;
    while (i < totals->owner_count && totals->owners[i].owner != owner)
        i++;
    if (i == totals->owner_count && totals->owner_count < OWNERS_MAX)
        totals->owners[totals->owner_count++].owner = owner;
    totals->owners[i < OWNERS_MAX ? i : OWNERS_MAX - 1].bytes += bytes;
}

static void count(struct totals *totals, const struct stretch *stretch)
{
    uint64_t bytes = stretch->end - stretch->start;
    if (stretch->type < FRAME_TYPE_COUNT)
        totals->by_type[stretch->type] += bytes;
    if (stretch->owner != 0)
        count_owner(totals, stretch->owner, bytes);
}

/* Is it memory a program can own, or does own? */
static bool is_ownable(uint8_t type)
{
    return type != FRAME_ABSENT && type != FRAME_RESERVED && type != FRAME_KERNEL &&
           type != FRAME_DEVICE;
}

static void print_total(const char *what, const char *colour, int width, uint64_t bytes)
{
    char size[SIZE_TEXT_BYTES];
    size_text(size, bytes);
    console_printf("%s%-*s" VM_PLAIN " %9s %9llu", colour, width, what, size,
                   (unsigned long long)(bytes / FRAME_BYTES));
}

/* Two tables side by side: the types there are, and the owners. */
static void print_totals(const struct totals *totals)
{
    uint64_t ownable = 0;
    uint8_t type = 0;
    console_printf("\n" VM_BOLD "%-19s %9s %9s    %-8s %9s %9s" VM_PLAIN "\n", "what", "size",
                   "frames", "owner", "size", "frames");
    for (uint32_t row = 0;; row++) {
        while (type < FRAME_TYPE_COUNT && totals->by_type[type] == 0)
            type++;
        if (type == FRAME_TYPE_COUNT && row >= totals->owner_count)
            break;
        if (type < FRAME_TYPE_COUNT) {
            ownable += is_ownable(type) ? totals->by_type[type] : 0;
            print_total(vm_type(type), vm_colour(type), 19, totals->by_type[type]);
            type++;
        } else {
            console_printf("%39s", "");
        }
        if (row < totals->owner_count) {
            const struct owner_total *total = &totals->owners[row];
            console_printf("    ");
            print_total(vm_owner(total->owner, FRAME_RAM), "", 8, total->bytes);
        }
        console_print("\n", 1);
    }
    char all[SIZE_TEXT_BYTES], unused[SIZE_TEXT_BYTES];
    size_text(all, ownable);
    size_text(unused, totals->by_type[FRAME_FREE]);
    console_printf("\nmemory for programs: %s, %llu frames; %s of it free\n", all,
                   (unsigned long long)(ownable / FRAME_BYTES), unused);
}

int64_t vm_show_machine(void)
{
    static struct totals totals;
    totals = (struct totals){0};
    struct stretch line = {0};
    struct frame_info info;
    int64_t error;
    for (uint64_t at = 0; (error = sys_frame_query(vm_machine, at, &info)) == OK; at = info.end) {
        struct stretch next = stretch_of(at, &info);
        count(&totals, &next);
        if (at == 0) {
            console_printf(VM_BOLD "%-25s  %9s  %-18s cache  %-8s  %s" VM_PLAIN "\n", "physical",
                           "size", "what", "owner", "tag");
            line = next;
        } else if (continues(&line, &next)) {
            line.end = next.end;
        } else {
            print_stretch(&line);
            line = next;
        }
    }
    if (error != E_NO_FRAME)
        return error;
    print_stretch(&line);
    print_totals(&totals);
    return OK;
}
