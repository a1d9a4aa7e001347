/*
 * The floor of a message round trip: what remains when a kernel only changes rings and address
 * spaces and checks nothing. Two programs in ring 3, each in an address space of its own at the
 * place where cocOS's programs lie, and between them a SYSCALL that hands the CPU to the other one
 * (entry.asm). No kernel whose domains have page tables of their own can be faster, so bench/run
 * gives times as ratios to it.
 *
 * Prints "bench NAME MIN MEDIAN" per measurement, as bench.c does: ticks of the time-stamp counter
 * per round trip, under QEMU's -icount instructions.
 */
#include <cocos/memory_map.h>
#include <stdint.h>

/* As for bench.c's loops: many short ones, so that some are over before the host interrupts. */
#define REPETITIONS 101
#define TURNS 200
#define PAGE_BYTES 4096
#define ENTRIES 512

#define SERIAL 0x3f8
#define POWER_CONTROL 0x604 /* PM1a_CNT of QEMU's machine "pc" */
#define POWER_OFF 0x2000    /* SLP_EN, sleep type 0 */

/* Intel SDM 4, table 2-2. */
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define KERNEL_CODE 8ULL
#define USER_BASE 19ULL /* SYSRET: code 16 above, data 8 above; RPL 3 */
#define TSS_SELECTOR 40
#define LEAVE_VECTOR 0x30

#define PRESENT 1ULL
#define WRITABLE 2ULL
#define USER 4ULL

struct gate {
    uint16_t offset_low, selector, type, offset_middle;
    uint32_t offset_high, zero;
};

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

/* An address space: its root, and the tables of its programs' pages. */
struct space {
    uint64_t root[ENTRIES], pdpt[ENTRIES], pd[ENTRIES], pt[ENTRIES];
};

/* entry.asm */
extern uint64_t other_rip, other_rsp, root, roots_differ, gdt_tss[2], identity_pdpt[ENTRIES];
extern char tss[], client[], client_nothing[], server[];
extern void pass_between_spaces(void), pass_within_space(void), leave_programs(void);
extern uint64_t run_programs(uint64_t rip, uint64_t turns);

static struct space spaces[2] __attribute__((aligned(PAGE_BYTES)));
static struct gate idt[LEAVE_VECTOR + 1];

_Noreturn void floor_main(void);

/* ---- The machine ---- */

static void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void msr_write(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* SYSCALL and SYSRET, and the gate by which a program ends (Intel SDM 3A, 6.14 and 8.7). */
static void cpu_init(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};
    uint64_t base = (uint64_t)tss, gate = (uint64_t)leave_programs;
    gdt_tss[0] = 0x0000890000000067 | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt_tss[1] = base >> 32;
    idt[LEAVE_VECTOR] = (struct gate){.offset_low = (uint16_t)gate,
                                      .selector = KERNEL_CODE,
                                      .type = 0xee00, /* interrupt gate, for ring 3 */
                                      .offset_middle = (uint16_t)(gate >> 16),
                                      .offset_high = (uint32_t)(gate >> 32)};
    __asm__ volatile("lidt %0; ltr %w1" : : "m"(pointer), "r"(TSS_SELECTOR));
    msr_write(MSR_STAR, USER_BASE << 48 | KERNEL_CODE << 32);
    msr_write(MSR_FMASK, 0);
}

/* `program` at PROGRAM_BASE, `next` in the page behind it; the kernel below as everywhere. */
static void space_init(struct space *space, const char *program, const char *next)
{
    space->root[0] = (uint64_t)identity_pdpt | WRITABLE | PRESENT;
    space->root[PROGRAM_BASE >> 39 & 511] = (uint64_t)space->pdpt | USER | WRITABLE | PRESENT;
    space->pdpt[PROGRAM_BASE >> 30 & 511] = (uint64_t)space->pd | USER | WRITABLE | PRESENT;
    space->pd[PROGRAM_BASE >> 21 & 511] = (uint64_t)space->pt | USER | WRITABLE | PRESENT;
    space->pt[PROGRAM_BASE >> 12 & 511] = (uint64_t)program | USER | PRESENT;
    space->pt[(PROGRAM_BASE >> 12 & 511) + 1] = (uint64_t)next | USER | PRESENT;
}

/* ---- The serial line ---- */

static void print(const char *text)
{
    for (; *text; text++) {
        while (!(port_read8(SERIAL + 5) & 0x20)) {
            /* no room yet */
        }
        port_write8(SERIAL, (uint8_t)*text);
    }
}

/* Hundredths as a number with two places. */
static void print_hundredths(uint64_t value)
{
    char text[24];
    char *at = text + sizeof(text) - 1;
    *at = 0;
    for (unsigned places = 0; places < 3 || value; places++) {
        if (places == 2) {
            *--at = '.';
        }
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    print(" ");
    print(at);
}

static _Noreturn void end(void)
{
    print("power off, status 0\n");
    while (!(port_read8(SERIAL + 5) & 0x40)) {
        /* still sending */
    }
    __asm__ volatile("outw %0, %1" : : "a"((uint16_t)POWER_OFF), "Nd"((uint16_t)POWER_CONTROL));
    for (;;) {
        __asm__ volatile("hlt");
    }
}

/* ---- Measuring: as in bench.c ---- */

static void report(const char *name, uint64_t hundredths[REPETITIONS])
{
    for (unsigned i = 1; i < REPETITIONS; i++) {
        uint64_t cost = hundredths[i];
        unsigned k = i;
        for (; k > 0 && hundredths[k - 1] > cost; k--) {
            hundredths[k] = hundredths[k - 1];
        }
        hundredths[k] = cost;
    }
    print("bench ");
    print(name);
    print_hundredths(hundredths[0]);
    print_hundredths(hundredths[REPETITIONS / 2]);
    print("\n");
}

/* Where the page of a program of entry.asm is for the programs themselves. */
static uint64_t in_program(const char *label)
{
    return PROGRAM_BASE + ((uint64_t)label & (PAGE_BYTES - 1));
}

/* REPETITIONS times after a warm-up, less the least that the loop costs: a single time of that may
 * be long by whatever else the host does. `server_rip`: where the other program starts. Both have
 * each other's stack pointer for what it is worth, for they push nothing. */
static void measure(const char *name, void (*pass)(void), uint64_t server_rip)
{
    uint64_t costs[REPETITIONS], loop = UINT64_MAX;
    msr_write(MSR_LSTAR, (uint64_t)pass);
    for (int i = -1; i < REPETITIONS; i++) {
        root = (uint64_t)spaces[0].root;
        other_rip = server_rip;
        other_rsp = STACK_TOP;
        uint64_t cost = run_programs(in_program(client_nothing), TURNS);
        loop = cost < loop ? cost : loop;
        cost = run_programs(in_program(client), TURNS);
        if (i >= 0) {
            costs[i] = cost;
        }
    }
    for (unsigned i = 0; i < REPETITIONS; i++) {
        /* Rounded: in the first turn the server comes without its jump. */
        costs[i] = ((costs[i] - loop) * 100 + TURNS / 2) / TURNS;
    }
    report(name, costs);
}

/* A loop of two instructions must cost 2.00 ticks under -icount. */
static void calibrate(void)
{
    uint64_t costs[REPETITIONS];
    for (unsigned i = 0; i < REPETITIONS; i++) {
        root = (uint64_t)spaces[0].root;
        costs[i] = run_programs(in_program(client_nothing), 100000) * 100 / 100000;
    }
    report("floor.calibration", costs);
}

/* Where the counter stands when the firmware has handed over: what a kernel finds that starts in
 * the same way. */
static void report_start(uint64_t started)
{
    print("bench floor.start");
    print_hundredths(started * 100);
    print_hundredths(started * 100);
    print("\n");
}

void floor_main(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    print("\ncocOS bench, the floor\n");
    report_start(low | (uint64_t)high << 32);
    cpu_init();
    space_init(&spaces[0], client, server);
    space_init(&spaces[1], server, client);
    roots_differ = (uint64_t)spaces[0].root ^ (uint64_t)spaces[1].root;
    calibrate();
    measure("floor.round_trip", pass_between_spaces, in_program(server));
    measure("floor.round_trip_one_space", pass_within_space, PROGRAM_BASE + PAGE_BYTES);
    end();
}
