/*
 * Loads init: see start.h. Runs on the kernel's own root, before any user mode, so a failure is
 * a refusal to start and nothing needs to be taken back.
 */
#include "kernel/start.h"

#include <stddef.h>

#include <cocos/elf_check.h>
#include <cocos/protocol/init.h>

#include "boot/boot_info.h"
#include "kernel/domain.h"
#include "kernel/error.h"
#include "kernel/frame_ptr.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* Page-table frames to begin with: the image, the stack and the two top pages take about ten, a
 * module two or three. Init adds to them as it needs. */
#define FIRST_STOCK 64u

static uint64_t cleared_bytes; /* of all frames taken here */

static uint64_t take_frame(enum frame_type type, uint64_t tag)
{
    uint32_t search = 0;
    int64_t found = frame_find(ZONE_ANY, ORDER_FRAME, &search);
    if (found < 0) {
        refuse_to_start("not enough memory for init");
    }
    struct run run;
    frame_take((uint64_t)found, ORDER_FRAME, &run);
    own_make_object(run.first, type, 0, tag);
    memset(frame_ptr((uint64_t)found), 0, FRAME_BYTES);
    cleared_bytes += FRAME_BYTES;
    return (uint64_t)found;
}

static uint64_t take_owned(struct domain *domain, enum frame_type type, uint64_t tag)
{
    uint64_t frame = take_frame(type, tag);
    own_give(frame_at(frame), domain_number(domain));
    domain_enter(domain, frame_at(frame), frame_number_ram(frame), ORDER_FRAME);
    return frame;
}

static void map(struct domain *domain, struct mapping *mapping)
{
    int64_t error = space_check(domain, mapping);
    if (error != OK) {
        refuse_to_start("init cannot be mapped at 0x%lx: %s", mapping->at, error_text(error));
    }
    space_map(domain, mapping);
}

static void map_upper(struct domain *domain, uint64_t at, uint64_t frame, uint32_t rights,
                      uint32_t kind)
{
    struct run run;
    frame_run(frame, ORDER_FRAME, &run);
    struct mapping mapping = {.at = at, .run = &run, .rights = rights, .kind = kind};
    map(domain, &mapping);
}

/* ---- The image ---- */

static void copy_page(const struct elf_segment *segment, const char *file, uint64_t page,
                      uint64_t frame)
{
    uint64_t file_end = segment->address + segment->file_bytes;
    uint64_t start = page > segment->address ? page : segment->address;
    uint64_t end = page + FRAME_BYTES < file_end ? page + FRAME_BYTES : file_end;
    if (start < end) {
        memcpy((char *)frame_ptr(frame) + (start - page),
               file + segment->file_offset + (start - segment->address), end - start);
    }
}

static void load_segment(struct domain *domain, const struct elf_segment *segment, const char *file)
{
    uint64_t end = segment->address + segment->memory_bytes;
    uint64_t tag = segment->rights & MAP_EXECUTE ? TAG8('e', 'l', 'f', '.', 't', 'e', 'x', 't')
                                                 : TAG8('e', 'l', 'f', '.', 'd', 'a', 't', 'a');
    for (uint64_t page = segment->address & ~(FRAME_BYTES - 1); page < end; page += FRAME_BYTES) {
        uint64_t frame = take_owned(domain, FRAME_RAM, tag);
        copy_page(segment, file, page, frame);
        map_upper(domain, page, frame, segment->rights, PTE_AVL_OWNED);
    }
}

static void load_stack(struct domain *domain)
{
    for (uint64_t at = STACK_TOP - STACK_BYTES; at < STACK_TOP; at += FRAME_BYTES) {
        uint64_t frame = take_owned(domain, FRAME_RAM, TAG8('s', 't', 'a', 'c', 'k', 0, 0, 0));
        map_upper(domain, at, frame, MAP_READ | MAP_WRITE, PTE_AVL_OWNED);
    }
}

/* ---- Modules ---- */

static bool has_name(const struct boot_module *module, const char *name)
{
    size_t length = strlen(name);
    return strncmp(module->text, name, length) == 0 &&
           (module->text[length] == '\0' || module->text[length] == ' ');
}

static const struct boot_module *find_module(const struct boot_info *info, const char *name)
{
    for (uint32_t i = info->module_count; i-- > 0;) {
        if (has_name(&info->modules[i], name)) {
            return &info->modules[i];
        }
    }
    refuse_to_start("no module named %s was loaded", name);
}

/* Modules' frames were set aside as FRAME_RAM without owner; init gets them, read-only. */
static void give_modules(struct domain *domain, const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        for (uint64_t at = module->address; at < module->address + module->bytes;) {
            uint32_t order = frame_is_split(at) ? ORDER_FRAME : ORDER_BLOCK;
            struct run run;
            frame_run(at, order, &run);
            struct mapping mapping = {
                .at = at, .run = &run, .rights = MAP_READ, .kind = PTE_AVL_OWNED};
            own_give(run.first, domain_number(domain));
            domain_enter(domain, run.first, frame_number_ram(at), order);
            map(domain, &mapping);
            at += FRAME_BYTES << order;
        }
    }
}

/* ---- The two top pages ---- */

static uint64_t make_system_page(const struct boot_info *info, uint64_t top)
{
    uint64_t frame = take_frame(FRAME_SYSTEM, TAG8('s', 'y', 's', 't', 'e', 'm', 0, 0));
    struct system_page *page = frame_ptr(frame);
    page->version_major = COCOS_VERSION_MAJOR;
    page->version_minor = COCOS_VERSION_MINOR;
    page->frame = frame;
    page->cpus = arch_cpu_count;
    page->memory_ranges = info->memory_count;
    page->top = top;
    page->clock = arch_clock;
    page->cleared_bytes = cleared_bytes + frame_block_count * sizeof(struct block);
    page->screen = info->screen;
    page->power_port = info->power_port;
    page->pci = info->pci;
    page->power_value = info->power_value;
    page->power_port_b = info->power_port_b;
    page->power_value_b = info->power_value_b;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        page->memory[i] = info->memory[i];
        if (info->memory[i].type == MEMORY_FREE) {
            page->ram_bytes += info->memory[i].end - info->memory[i].start;
        }
    }
    return frame;
}

/* The kernel's command line, split at spaces, follows the name as arguments. */
static void fill_arguments(struct process_page *page, const char *line)
{
    char *out = page->arguments;
    memcpy(out, "init", 5);
    out += 5;
    page->argument_count = 1;
    while (*line != '\0') {
        if (*line == ' ') {
            line++;
            continue;
        }
        while (*line != '\0' && *line != ' ') {
            *out++ = *line++;
        }
        *out++ = '\0';
        page->argument_count++;
    }
}
_Static_assert(BOOT_COMMAND_LINE_BYTES + 8 <= PROCESS_ARGUMENT_BYTES, "arguments fit");

static void make_process_page(struct domain *domain, const struct boot_info *info,
                              const struct elf_image *image)
{
    uint64_t frame = take_owned(domain, FRAME_RAM, TAG8('p', 'r', 'o', 'c', 'e', 's', 's', 0));
    struct process_page *page = frame_ptr(frame);
    memcpy(page->name, "init", 5);
    page->number = INIT_NUMBER;
    page->image_base = image->base;
    page->image_end = image->end;
    fill_arguments(page, info->command_line);
    page->module_count = info->module_count;
    for (uint32_t i = 0; i < info->module_count; i++) {
        page->modules[i] = info->modules[i];
    }
    map_upper(domain, PROCESS_PAGE, frame, MAP_READ, PTE_AVL_OWNED);
}

/* ---- The domain ---- */

static void fill_slots(struct domain *domain)
{
    struct slot *slots = domain->slots;
    slots[SLOT_SELF] = (struct slot){
        .type = CAP_DOMAIN,
        .rights = RIGHT_CONTROL | RIGHT_GRANT | RIGHT_COPY,
        .object = frame_of(domain),
        .generation = domain->record->tag,
    };
    slots[SLOT_INIT_INTERRUPTS] =
        (struct slot){.type = CAP_INTERRUPT, .rights = RIGHT_ALL, .generation = INTERRUPT_LINES};
    slots[SLOT_INIT_PORTS] =
        (struct slot){.type = CAP_PORTS, .rights = RIGHT_ALL, .generation = 0x10000};
    slots[SLOT_INIT_DEVICES] = (struct slot){
        .type = CAP_DEVICE,
        .rights = RIGHT_ALL,
        .generation = 1ull << (arch_physical_bits() - FRAME_SHIFT),
    };
    slots[SLOT_INIT_MACHINE] = (struct slot){.type = CAP_MACHINE, .rights = RIGHT_ALL};
}

static struct domain *make_domain(void)
{
    uint64_t self = take_frame(FRAME_RAM, 0);
    uint64_t root = take_frame(FRAME_RAM, 0);
    uint64_t slots = take_frame(FRAME_RAM, 0);
    struct domain *domain = domain_make(self, root, slots, NULL);
    domain->name = TAG8('i', 'n', 'i', 't', 0, 0, 0, 0);
    domain->frame_limit = UINT32_MAX;
    for (unsigned i = 0; i < FIRST_STOCK; i++) {
        domain_add_stock(domain, take_owned(domain, FRAME_STOCK, 0));
    }
    return domain;
}

void start_init(const struct boot_info *info, uint64_t top)
{
    const struct boot_module *module = find_module(info, "init");
    const char *file = frame_ptr(module->address);
    struct elf_image image;
    int error = elf_check(file, module->bytes, PROGRAM_BASE, &image);
    if (error != OK) {
        refuse_to_start("init: %s (%s)", error_text(error), error_name(error));
    }
    struct domain *domain = make_domain();
    init_domain = domain;
    for (uint32_t i = 0; i < image.segment_count; i++) {
        load_segment(domain, &image.segments[i], file);
    }
    load_stack(domain);
    make_process_page(domain, info, &image);
    give_modules(domain, info);
    fill_slots(domain);

    struct thread *thread = thread_make(take_owned(domain, FRAME_THREAD, 0), domain);
    arch_thread_begin(thread, image.entry, STACK_TOP, 0);
    /* Last, because it says what all this took. */
    map_upper(domain, SYSTEM_PAGE, make_system_page(info, top), MAP_READ, PTE_AVL_KERNEL);
    sched_ready(thread);
}
