/*
 * Interrupts that never end: a level line whose device (QEMU's for education) is never served, the
 * PIT's edges at 20 kHz, and messages of a second device as fast as it can be told to send them.
 * Their drivers acknowledge at once; on every CPU other threads of the same priority compute.
 * Everybody must go on; and what is not acknowledged is told once. Breaks when a line is not
 * masked, or is masked for ever.
 */
#include "tests/system/pci.h"
#include "tests/system/smp.h"

#define EDUCATIONAL 0x11e81234u
#define RAISE 0x60 /* registers of the device */
#define LOWER 0x64
#define PCI_LINE 0x3c
#define CAPABILITY_MESSAGES 5
#define MESSAGES_ON (1u << 16)

#define PIT_LINE 2 /* the ISA bus's 0, as the firmware connects it */
#define PIT_DATA 0x40
#define PIT_COMMAND 0x43
#define PIT_RATE 0x34 /* channel 0, both bytes, mode 2 */
#define PIT_HZ 1193182
#define STORM_HZ 20000

#define LAST_OF_BUS 31

enum { ENDPOINTS = 20, REPLIES = 30 };
enum source { LEVEL, EDGES, MESSAGES, SOURCES };

static volatile uint64_t told[SOURCES], computed[WORKERS_MAX], wrong;
static volatile bool holds[SOURCES]; /* does not acknowledge */
static volatile int64_t bound[SOURCES];
static uint32_t lines[SOURCES];
static volatile uint32_t *devices[2];

/* ---- Devices ---- */

static uint32_t next_device(uint32_t from)
{
    while (from <= LAST_OF_BUS && config_read(from, 0) != EDUCATIONAL) {
        from++;
    }
    EXPECT(true, from <= LAST_OF_BUS);
    return from;
}

static volatile uint32_t *claim_device(uint32_t device)
{
    uint32_t start = config_read(device, PCI_BAR0) & ~15u;
    uint32_t command = config_read(device, PCI_COMMAND);
    config_write(device, PCI_COMMAND, command | PCI_MEMORY | PCI_MASTER);
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, start, ORDER_FRAME, RW, CACHE_UNCACHED));
    return (volatile uint32_t *)(uint64_t)start;
}

static void set_message(uint32_t device, int64_t message)
{
    EXPECT(true, message > 0);
    uint32_t at = config_read(device, PCI_CAPABILITIES) & 0xfc;
    while (at != 0 && (config_read(device, at) & 0xff) != CAPABILITY_MESSAGES) {
        at = config_read(device, at) >> 8 & 0xfc;
    }
    config_write(device, at + 4, INTERRUPT_MESSAGE_ADDRESS(message));
    config_write(device, at + 8, 0);
    config_write(device, at + 12, INTERRUPT_MESSAGE_DATA(message));
    config_write(device, at, config_read(device, at) | MESSAGES_ON);
}

static void pit_rate(unsigned hz)
{
    unsigned count = PIT_HZ / hz;
    port_write8(PIT_COMMAND, PIT_RATE);
    port_write8(PIT_DATA, (uint8_t)count);
    port_write8(PIT_DATA, (uint8_t)(count >> 8));
}

/* ---- Threads ---- */

/* Binds its line, so that it interrupts the driver's CPU. */
static void drive(uint64_t source)
{
    uint32_t endpoint = ENDPOINTS + (uint32_t)source, line = lines[source];
    bound[source] = sys_interrupt_bind(SLOT_INIT_INTERRUPTS, line, endpoint, (uint32_t)source);
    for (;;) {
        struct message message = {.words = {0}};
        int64_t got = sys_wait(endpoint, REPLIES + (uint32_t)source, DEADLINE_NEVER, &message);
        wrong += got != RECEIVED_SIGNAL || message.words[0] != 1ull << source;
        told[source]++;
        while (holds[source]) {
            sys_sleep(clock_now() + MILLISECOND);
        }
        sys_interrupt_ack(SLOT_INIT_INTERRUPTS, line);
    }
}

static void compute(uint64_t index)
{
    for (;;) {
        computed[index]++;
    }
}

/* Interrupts as often as it gets to do so. */
static void send(uint64_t unused)
{
    (void)unused;
    for (;;) {
        devices[1][RAISE / 4] = 1;
        devices[1][LOWER / 4] = 1;
    }
}

/* ---- The test ---- */

static void begin(enum source source, unsigned cpu)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINTS + source, claim_object()));
    bound[source] = 1;
    worker_start(source, cpu, drive, source);
    UNTIL(bound[source] <= 0);
    EXPECT(OK, bound[source]);
}

/* All go on by so many within the test's patience. */
static void expect_progress(uint64_t more)
{
    uint64_t told_before[SOURCES], computed_before[WORKERS_MAX];
    for (unsigned i = 0; i < SOURCES; i++) {
        told_before[i] = told[i];
    }
    for (unsigned i = 0; i < cpu_count(); i++) {
        computed_before[i] = computed[i];
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        UNTIL(holds[i] || told[i] >= told_before[i] + more);
    }
    for (unsigned i = 0; i < cpu_count(); i++) {
        UNTIL(computed[i] >= computed_before[i] + 1000 * more);
    }
}

/* Not acknowledged: nothing more is told of this line, and all others go on. */
static void expect_held(enum source source)
{
    holds[source] = true;
    uint64_t before = told[source];
    UNTIL(told[source] > before);
    before = told[source];
    expect_progress(20);
    EXPECT(true, told[source] <= before + 1);
    holds[source] = false;
    UNTIL(told[source] > before + 10);
}

int main(int argc, char **argv)
{
    uint64_t interrupts = word_of(argc, argv, "interrupts", 300);
    unsigned last = cpu_count() - 1;
    fund(SLOT_SELF, 24);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    uint32_t first = next_device(0), second = next_device(first + 1);
    devices[0] = claim_device(first);
    devices[1] = claim_device(second);
    lines[LEVEL] = config_read(first, PCI_LINE) & 0xff;
    lines[EDGES] = PIT_LINE;
    lines[MESSAGES] = FIRST_MESSAGE_LINE + 9;

    for (unsigned cpu = 0; cpu <= last; cpu++) {
        worker_start(SOURCES + 1 + cpu, cpu, compute, cpu);
    }
    begin(LEVEL, 0);
    begin(EDGES, last);
    begin(MESSAGES, last / 2);
    set_message(second, sys_interrupt_message(SLOT_INIT_INTERRUPTS, lines[MESSAGES]));
    pit_rate(STORM_HZ);
    devices[0][RAISE / 4] = 1; /* and never lowered */
    worker_start(SOURCES, last, send, 0);

    expect_progress(interrupts);
    for (unsigned source = 0; source < SOURCES; source++) {
        expect_held(source);
    }

    /* The driver is gone, and the line still asks: whoever binds it next has it. */
    worker_end(&workers[LEVEL]);
    EXPECT(E_NOT_FREE,
           sys_interrupt_bind(SLOT_INIT_INTERRUPTS, lines[LEVEL], ENDPOINTS + EDGES, 0));
    EXPECT(OK, sys_object_destroy(ENDPOINTS + LEVEL));
    begin(LEVEL, last);
    expect_progress(interrupts / 10);
    EXPECT(0, wrong);
    pit_rate(100);
    printf("storms: %lu levels, %lu edges, %lu messages\n", (unsigned long)told[LEVEL],
           (unsigned long)told[EDGES], (unsigned long)told[MESSAGES]);
    end_test();
}
