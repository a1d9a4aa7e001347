/*
 * vm --tables: page tables as they are, level by level, with the code in the available bits of
 * each entry in words. Neighbouring entries that say the same are one line, and so are
 * neighbouring tables that are each filled by one run of such entries. A domain's tables are
 * followed as far as they are its own; below hang the kernel's, the same for all.
 */
#include <stdio.h>

#include <cocos/service.h>

#include "shell.h"
#include "vm.h"

/* Lines not printed yet: tables that hang at neighbouring entries, and the run that fills them. */
struct tables {
    uint64_t at, entry, count; /* count 0: none */
    bool filled;               /* and shown: by `leaf`, of the level below */
    struct page_info leaf;
};

struct dump {
    uint64_t domain; /* 0: the kernel's tables */
    unsigned level;  /* of the entries that `pending` is about */
    struct tables pending;
    uint64_t table_count;
};

#define FLAGS_LEGEND                                                                               \
    "flags: p present, w write, u user, n not executable, l large page, g global,\n"               \
    "       c uncached, m write-combining\n"

/* ---- Lines ---- */

static void flags_text(char text[8], uint64_t entry, unsigned level)
{
    bool leaf = (entry & PAGE_PRESENT) && !page_is_table(entry, level);
    text[0] = entry & PAGE_PRESENT ? 'p' : '-';
    text[1] = entry & PAGE_WRITE ? 'w' : '-';
    text[2] = entry & PAGE_USER ? 'u' : '-';
    text[3] = entry & PAGE_NX ? 'n' : '-';
    text[4] = leaf && level > 1 ? 'l' : '-';
    text[5] = entry & PAGE_PCD ? 'c' : entry & PAGE_PWT ? 'm' : '-';
    text[6] = leaf && (entry & PAGE_GLOBAL) ? 'g' : '-';
    text[7] = 0;
}

static const char *code_text(uint64_t entry)
{
    static const char *const texts[] = {
        [PTE_AVL_KERNEL] = "kernel",   [PTE_AVL_OWNED] = "owned",   [PTE_AVL_LENT] = "lent",
        [PTE_AVL_SHARED] = "shared",   [PTE_AVL_DEVICE] = "device", [PTE_AVL_GUARD] = "guard",
        [PTE_AVL_CARRIED] = "carried", [PTE_AVL_ABSENT] = "absent"};
    uint64_t code = entry >> PTE_AVL_SHIFT & 7;
    if (!(entry & PAGE_PRESENT) && code == PTE_AVL_KERNEL)
        return "nothing";
    return texts[code] ? texts[code] : "?";
}

static void print_entries(unsigned level, uint64_t at, uint64_t bytes, uint64_t entry,
                          const char *what)
{
    char flags[8], physical[24] = "-";
    flags_text(flags, entry, level);
    if (entry & PAGE_PRESENT)
        snprintf(physical, sizeof physical, "%llx", (unsigned long long)(entry & PAGE_ADDRESS));
    console_printf("%*u%*s %016llx-%016llx %12s  %s  %s%s" VM_PLAIN "\n",
                   (int)(2 * (PAGE_LEVELS - level) + 1), level, (int)(2 * (level - 1)), "",
                   (unsigned long long)at, (unsigned long long)(at + bytes - 1), physical, flags,
                   entry & PAGE_PRESENT ? "" : "\x1b[90m", what);
}

static void print_pending(struct dump *dump)
{
    struct tables *tables = &dump->pending;
    if (tables->count == 0)
        return;
    char what[40];
    bool own = dump->domain == 0 || (tables->entry & PAGE_USER);
    if (tables->count == 1)
        snprintf(what, sizeof what, "%s", own ? "table" : "kernel's table");
    else
        snprintf(what, sizeof what, "%llu %s", (unsigned long long)tables->count,
                 own ? "tables" : "kernel's tables");
    uint64_t bytes = tables->count * page_step(dump->level);
    print_entries(dump->level, tables->at, bytes, tables->entry, what);
    if (tables->filled)
        print_entries(dump->level - 1, tables->at, bytes, tables->leaf.entry,
                      code_text(tables->leaf.entry));
    tables->count = 0;
}

/* ---- Tables ---- */

static bool same_run(const struct tables *tables, const struct tables *next, unsigned level)
{
    uint64_t entry = tables->leaf.entry;
    if (tables->filled != next->filled)
        return false;
    if (tables->filled && (entry & PAGE_PRESENT))
        entry += tables->count * page_step(level);
    return !tables->filled || entry == next->leaf.entry;
}

/* Keeps tables back that may be one line with the next; the others go out. */
static void hold(struct dump *dump, unsigned level, const struct tables *next)
{
    struct tables *tables = &dump->pending;
    if (tables->count != 0 && dump->level == level &&
        next->at == tables->at + tables->count * page_step(level) &&
        ((next->entry ^ tables->entry) & ~PAGE_ADDRESS) == 0 && same_run(tables, next, level)) {
        tables->count++;
        return;
    }
    print_pending(dump);
    dump->level = level;
    *tables = *next;
}

static int64_t dump_table(struct dump *dump, uint64_t base, unsigned level);

/* An entry of `level` at which a table hangs. */
static int64_t dump_below(struct dump *dump, uint64_t at, unsigned level, uint64_t entry)
{
    struct tables next = {.at = at, .entry = entry, .count = 1};
    if (dump->domain != 0 && !(entry & PAGE_USER)) {
        hold(dump, level, &next);
        return OK;
    }
    int64_t error = sys_page_query(vm_machine, dump->domain, at, level - 1, &next.leaf);
    if (error < 0)
        return error == E_NOT_MAPPED ? OK : error; /* it went meanwhile */
    next.filled = next.leaf.count == PAGE_ENTRIES;
    if (next.filled) {
        dump->table_count++;
        hold(dump, level, &next);
        return OK;
    }
    print_pending(dump);
    print_entries(level, at, page_step(level), entry, "table");
    return dump_table(dump, at, level - 1);
}

static int64_t dump_table(struct dump *dump, uint64_t base, unsigned level)
{
    struct page_info info;
    dump->table_count++;
    for (unsigned index = 0; index < PAGE_ENTRIES; index += (unsigned)info.count) {
        uint64_t at = base + index * page_step(level);
        if (level == PAGE_LEVELS && index >= PAGE_ENTRIES / 2)
            at |= UPPER_HALF_START;
        int64_t error = sys_page_query(vm_machine, dump->domain, at, level, &info);
        if (error == E_NOT_MAPPED)
            return OK;
        if (error < 0)
            return error;
        if (page_is_table(info.entry, level)) {
            error = dump_below(dump, at, level, info.entry);
            if (error < 0)
                return error;
            continue;
        }
        print_pending(dump);
        print_entries(level, at, info.count * page_step(level), info.entry, code_text(info.entry));
    }
    print_pending(dump);
    return OK;
}

int64_t vm_show_tables(uint64_t domain)
{
    struct dump dump = {.domain = domain};
    struct page_info root;
    int64_t error = sys_page_query(vm_machine, domain, 0, PAGE_LEVELS, &root);
    if (error < 0)
        return error;
    console_printf(VM_BOLD "%s" VM_PLAIN ", root table at %llx\n" FLAGS_LEGEND "\n",
                   domain == 0 ? "the kernel" : vm_owner(domain, FRAME_DOMAIN),
                   (unsigned long long)root.table);
    console_printf(VM_BOLD "%-7s %-33s %12s  flags    stands for" VM_PLAIN "\n", "level", "virtual",
                   "physical");
    error = dump_table(&dump, 0, PAGE_LEVELS);
    if (error == OK)
        console_printf("%llu tables\n", (unsigned long long)dump.table_count);
    return error;
}
