/*
 * The kernel's start, from the boot code's 64-bit entry to the first program: read it first.
 */
#include "kernel/main.h"

#include <stddef.h>

#include "boot/boot_info.h"
#include "kernel/begin.h"
#include "kernel/boot_memory.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/identity.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/start.h"
#include "kernel/thread.h"
#include "kernel/x86/arch.h"

#define RAM_LEAST (16ull << 20)
/* Of these the firmware keeps some: video memory, its own tables. */
#define RAM_TOLERANCE (1ull << 20)
#define EARLY_MAP_END (4 * GIB_BYTES)
#define LOADER_BYTES_MAX (1ull << 20)
#define GUARDS_MAX (4 * CPUS_MAX)
#define DEVICES_MAX 8

static struct boot_info boot;

/* The early map reaches 4 GiB; what the firmware put above cannot be read. */
static const void *read_early(uint64_t address, uint64_t bytes)
{
    bool mapped =
        address >= FRAME_BYTES && address < EARLY_MAP_END && bytes <= EARLY_MAP_END - address;
    return mapped ? frame_ptr(address) : NULL;
}

/* What the boot loader left, or a refusal. The screen can be used from here on. */
static void read_boot_info(uint64_t loader)
{
    const char *problem = multiboot_parse(frame_ptr(loader), LOADER_BYTES_MAX, &boot);
    bool screen_mapped =
        boot.screen.address + (uint64_t)boot.screen.pitch * boot.screen.height <= EARLY_MAP_END;
    if (problem == NULL && screen_mapped) {
        screen_init(&boot.screen);
    } else {
        const struct screen text = {.address = VGA_TEXT_FRAME,
                                    .pitch = 160,
                                    .width = 80,
                                    .height = 25,
                                    .kind = SCREEN_TEXT};
        screen_init(&text);
    }
    if (problem != NULL) {
        refuse_to_start("%s", problem);
    }
    acpi_parse(&boot, read_early);
}

static void check_memory(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < boot.memory_count; i++) {
        const struct memory_range *range = &boot.memory[i];
        bytes += range->type == MEMORY_FREE ? range->end - range->start : 0;
    }
    if (bytes + RAM_TOLERANCE < RAM_LEAST) {
        refuse_to_start("less than 16 MiB of RAM: this machine has %B", bytes);
    }
}

/* A loader that put a module over the kernel has damaged one of them. */
static void check_modules(void)
{
    for (uint32_t i = 0; i < boot.module_count; i++) {
        const struct boot_module *module = &boot.modules[i];
        if (module->address < frame_of(kernel_end) &&
            module->address + module->bytes > frame_of(kernel_start)) {
            refuse_to_start("the module \"%s\" lies over the kernel", module->text);
        }
    }
}

/* The device memory the kernel uses itself: interrupt controllers, and the screen for panics. */
static unsigned list_devices(struct identity_device *devices)
{
    unsigned count = 0;
    for (uint64_t page; count + 1 < DEVICES_MAX && (page = arch_device_page(&boot, count)) != 0;) {
        devices[count++] = (struct identity_device){page, page + BLOCK_BYTES, PTE_PCD | PTE_PWT};
    }
    if (boot.screen.kind == SCREEN_PIXELS) {
        uint64_t end = boot.screen.address + (uint64_t)boot.screen.pitch * boot.screen.height;
        devices[count++] = (struct identity_device){
            boot.screen.address & ~(BLOCK_BYTES - 1),
            (end + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1),
            PTE_PWT,
        };
    }
    return count;
}

/* Builds the identity map and moves onto it; returns the end of RAM. */
static uint64_t enter_identity_map(void)
{
    static uint64_t guards[GUARDS_MAX];
    unsigned guard_count = 0;
    struct arch_stack stack;
    while (guard_count < GUARDS_MAX && arch_stack(guard_count, &stack)) {
        guards[guard_count++] = stack.guard;
    }
    const struct identity_kernel kernel = {
        .start = frame_of(kernel_start),
        .text_end = frame_of(kernel_text_end),
        .rodata_end = frame_of(kernel_rodata_end),
        .end = frame_of(kernel_end),
        .guards = guards,
        .guard_count = guard_count,
    };
    struct identity_device devices[DEVICES_MAX];
    unsigned device_count = list_devices(devices);
    struct identity_size size;
    uint64_t root =
        identity_build(&boot, &kernel, devices, device_count, boot_memory_tables, &size);
    arch_load_root(root);
    thread_nobody.root = root;
    space_init(root);
    log_print("paging: %lu tables, %B, top %B\n", size.tables, size.tables * FRAME_BYTES, size.top);
    if (size.device_tables != 0) {
        log_print("paging: %lu more for device memory, %B\n", size.device_tables,
                  size.device_tables * FRAME_BYTES);
    }
    return size.top;
}

/* What the kernel keeps besides its tables. */
static void reserve_kernel(void)
{
    frame_reserve(0, FRAME_BYTES, FRAME_KERNEL, TAG8('p', 'a', 'g', 'e', '0', 0, 0, 0));
    frame_reserve(CPU_START_PAGE, CPU_START_PAGE + FRAME_BYTES, FRAME_KERNEL,
                  TAG8('c', 'p', 'u', 's', 't', 'a', 'r', 't'));
    frame_reserve(frame_of(kernel_start), frame_of(kernel_boot_text), FRAME_KERNEL,
                  TAG8('t', 'e', 'x', 't', 0, 0, 0, 0));
    frame_reserve(frame_of(kernel_boot_text), frame_of(kernel_text_end), FRAME_KERNEL,
                  TAG8('b', 'o', 'o', 't', 0, 0, 0, 0));
    frame_reserve(frame_of(kernel_text_end), frame_of(kernel_rodata_end), FRAME_KERNEL,
                  TAG8('r', 'o', 'd', 'a', 't', 'a', 0, 0));
    frame_reserve(frame_of(kernel_rodata_end), frame_of(kernel_end), FRAME_KERNEL,
                  TAG8('d', 'a', 't', 'a', 0, 0, 0, 0));
    struct arch_stack stack;
    for (unsigned i = 0; arch_stack(i, &stack); i++) {
        frame_reserve(stack.guard, stack.guard + FRAME_BYTES, FRAME_KERNEL,
                      TAG8('g', 'u', 'a', 'r', 'd', 0, 0, 0));
        frame_reserve(stack.guard + FRAME_BYTES, stack.top, FRAME_KERNEL,
                      TAG8('s', 't', 'a', 'c', 'k', 0, 0, 0));
    }
}

/* The interrupt controllers, which nobody else is to reach. */
static void reserve_devices(void)
{
    device_reserve(boot.local_apic, TAG8('a', 'p', 'i', 'c', 0, 0, 0, 0));
    for (uint32_t i = 0; i < boot.io_apic_count; i++) {
        device_reserve(boot.io_apics[i].address, TAG8('i', 'o', 'a', 'p', 'i', 'c', 0, 0));
    }
}

/* The frame table covers RAM and what device memory lies below 4 GiB, in whole GiBs. */
static uint64_t table_end(uint64_t top)
{
    uint64_t end = (top + GIB_BYTES - 1) & ~(GIB_BYTES - 1);
    if (end > FRAME_TABLE_LIMIT) {
        log_print("memory: RAM from 0x%lx on is left out\n", FRAME_TABLE_LIMIT);
        end = FRAME_TABLE_LIMIT;
    }
    return end > 4 * GIB_BYTES ? end : 4 * GIB_BYTES;
}

_Noreturn void kernel_main(uint32_t magic, uint32_t loader)
{
    (void)magic; /* boot/entry.asm has checked it */
    serial_init();
    read_boot_info(loader);
    log_print("cocOS " COCOS_VERSION_TEXT "\n");
    check_memory();
    check_modules();
    arch_cpu_init();

    boot_memory_init(&boot, frame_of(kernel_end));
    arch_cpus_prepare(&boot);
    uint64_t top = enter_identity_map();

    frame_init(&boot, table_end(top));
    reserve_kernel();
    for (uint32_t i = 0; i < boot.module_count; i++) {
        const struct boot_module *module = &boot.modules[i];
        frame_reserve(module->address, module->address + module->bytes, FRAME_RAM,
                      TAG8('m', 'o', 'd', 'u', 'l', 'e', 0, 0));
    }
    reserve_devices();
    log_print("memory: %B in frames of 4 KiB, %B free\n", frame_counts.usable * FRAME_BYTES,
              frame_counts.free * FRAME_BYTES);

    if (!arch_interrupts_init(&boot)) {
        log_print("interrupts: no local APIC and IO APIC found, devices will be silent\n");
    }
    arch_clock_init(&boot);
    arch_cpus_start();
    log_print("cpu: %u found, %u in use; %s\n", boot.cpu_count, arch_cpu_count, arch_features());
    start_init(&boot, top);
    check_after_call(); /* only in the checking build: it looks at every block there is */
    log_print("init: started\n");
    kernel_begin();
}
