/*
 * NMIs under load: on every CPU threads call each other the short way and the long way, make PLAIN
 * calls and compute with the FPU, while NMIs come from outside (the emulator's monitor) or from
 * QEMU's device for education, whose message is made one of NMI (Intel SDM 3A, 11.11.2). Ends when
 * the kernel has counted nmis=N, or after seconds=N. Breaks when an NMI in the few instructions of
 * a way into or out of the kernel costs anybody a register.
 */
#include "tests/system/pci.h"
#include "tests/system/smp.h"

#define EDUCATIONAL 0x11e81234u
#define RAISE 0x60
#define CAPABILITY_MESSAGES 5
#define MESSAGES_ON (1u << 16)
#define MESSAGE_TO_CPU 12 /* bit of the address */
#define DELIVER_NMI 0x400u

enum { ENDPOINTS = 20, REPLIES = 30 };

static volatile uint64_t counts[WORKERS_MAX], wrong;

static uint64_t nmis(void)
{
    return (uint64_t)sys_machine_query(SLOT_NONE, MACHINE_NMIS);
}

/* ---- Load ---- */

static void serve(uint64_t cpu)
{
    struct message message = {.words = {0}};
    int64_t got =
        sys_wait(ENDPOINTS + (uint32_t)cpu, REPLIES + (uint32_t)cpu, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
            message.words[i] = ~message.words[i];
        }
        got = sys_reply_wait(ENDPOINTS + (uint32_t)cpu, REPLIES + (uint32_t)cpu, DEADLINE_NEVER,
                             &message);
    }
    wrong++;
}

static void call_once(uint32_t endpoint, uint64_t i)
{
    struct message message = {.words = {i, i * 3, i * 5, i * 7, i * 11, i * 13}};
    wrong += sys_call(endpoint, &message) != OK;
    for (unsigned k = 0; k < MESSAGE_WORDS; k++) {
        static const uint8_t factors[] = {1, 3, 5, 7, 11, 13};
        wrong += message.words[k] != ~(i * factors[k]);
    }
}

/* Words, results and the registers that calls keep. */
static void call_always(uint64_t cpu)
{
    for (uint64_t i = 1;; i++) {
        uint64_t kept = i * 17, seen;
        __asm__ volatile("mov %1, %%r12\n\t"
                         "mov $1, %%edi\n\t"
                         "mov $1, %%esi\n\t"
                         "syscall\n\t"
                         "mov %%r12, %0"
                         : "=r"(seen)
                         : "r"(kept), "a"((uint64_t)CALL_slot_query)
                         : "rcx", "r11", "rdi", "rsi", "rdx", "r8", "r9", "r10", "r12", "memory");
        wrong += seen != kept;
        call_once(ENDPOINTS + (uint32_t)cpu, i);
        if (i % 64 == 0) {
            call_once(ENDPOINTS + (uint32_t)((cpu + 1) % cpu_count()), i);
        }
        counts[cpu]++;
    }
}

static void compute(uint64_t cpu)
{
    uint64_t sum = cpu, other;
    for (;;) {
        __asm__ volatile("movq %0, %%xmm3; pause" : : "r"(sum));
        __asm__ volatile("movq %%xmm3, %0" : "=r"(other));
        wrong += other != sum;
        sum++;
        if (sum % 256 == 0) {
            sys_yield();
        }
    }
}

/* ---- A source of NMIs ---- */

static volatile uint32_t *claim_device(uint32_t device)
{
    uint32_t start = config_read(device, PCI_BAR0) & ~15u;
    uint32_t command = config_read(device, PCI_COMMAND);
    config_write(device, PCI_COMMAND, command | PCI_MEMORY | PCI_MASTER);
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, start, ORDER_FRAME, RW, CACHE_UNCACHED));
    return (volatile uint32_t *)(uint64_t)start;
}

static uint32_t messages_of(uint32_t device)
{
    uint32_t at = config_read(device, PCI_CAPABILITIES) & 0xfc;
    while (at != 0 && (config_read(device, at) & 0xff) != CAPABILITY_MESSAGES) {
        at = config_read(device, at) >> 8 & 0xfc;
    }
    return at;
}

static bool has_device(void)
{
    uint32_t device = 0;
    while (device < 32 && config_read(device, 0) != EDUCATIONAL) {
        device++;
    }
    return device < 32;
}

/* To one CPU after the other, as fast as it can. */
static void raise_all(uint64_t wanted)
{
    uint32_t device = find_device(EDUCATIONAL), at = messages_of(device);
    volatile uint32_t *registers = claim_device(device);
    for (unsigned cpu = 0; nmis() < wanted; cpu = (cpu + 1) % cpu_count()) {
        config_write(device, at, config_read(device, at) & ~MESSAGES_ON);
        config_write(device, at + 4, 0xfee00000u | cpu << MESSAGE_TO_CPU);
        config_write(device, at + 8, 0);
        config_write(device, at + 12, DELIVER_NMI);
        config_write(device, at, config_read(device, at) | MESSAGES_ON);
        for (unsigned i = 0; i < 20; i++) {
            registers[RAISE / 4] = 1;
        }
        sys_yield();
    }
}

int main(int argc, char **argv)
{
    uint64_t wanted = word_of(argc, argv, "nmis", 2000);
    uint64_t end = clock_now() + word_of(argc, argv, "seconds", 60) * SECOND;
    fund(SLOT_SELF, 16);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    unsigned cpus = cpu_count() < 4 ? cpu_count() : 4;
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        EXPECT(OK, sys_endpoint_create(ENDPOINTS + cpu, claim_object()));
        worker_start(3 * cpu, cpu, serve, cpu);
        worker_start(3 * cpu + 1, cpu, call_always, cpu);
        worker_start(3 * cpu + 2, cpu, compute, cpu);
    }
    printf("nmi: ready\n");
    fflush(stdout);
    if (has_device()) {
        raise_all(wanted);
    }
    while (nmis() < wanted && clock_now() < end) {
        sys_sleep(clock_now() + 10 * MILLISECOND);
    }
    uint64_t came = nmis(), calls = 0;
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        uint64_t had = counts[cpu];
        UNTIL(counts[cpu] > had + 10);
        calls += counts[cpu];
    }
    EXPECT(0, wrong);
    printf("nmi: %lu came during %lu calls\n", (unsigned long)came, (unsigned long)calls);
    end_test();
}
