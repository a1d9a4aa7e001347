/*
 * A storm on a real line: the serial port's "transmitter is empty", which its driver asks for anew
 * as soon as it was told, and acknowledges at once or not at all. Beside it run a thread of the
 * driver's priority, a more urgent one that wakes up every 10 ms, and a less urgent one.
 * Nobody starves: the driver gets its turns and no more, and a line that is not acknowledged is
 * told once, whatever the device does.
 */
#include <cocos/port_io.h>

#include "tests/system/smp.h"

#define LINE 4 /* COM1: edges, as the ISA bus has them */
#define INTERRUPT_ENABLE 0x3f9
#define INTERRUPT_WHICH 0x3fa
#define MODEM_CONTROL 0x3fc
#define INTERRUPTS_OUT 0xb /* with the two signals that say that we are ready */
#define TRANSMITTER_EMPTY 2

#define ENDPOINT 20
#define REPLY 21
#define SAME (PRIORITY_NORMAL - 4) /* the driver's */
#define MORE (PRIORITY_NORMAL - 2)
#define LESS (PRIORITY_NORMAL - 6)
#define PERIOD (10 * MILLISECOND)
#define PHASE (300 * MILLISECOND) /* or as the kernel's command line says: milliseconds=10000 */

enum who { DRIVER, EQUAL, URGENT_ONE, LAZY_ONE, ALL };

static volatile uint64_t counts[ALL], wrong;
static volatile bool acknowledges;
static volatile int64_t bound = 1;

/* Off and on again is an edge, as long as the transmitter is empty. */
static void ask_again(void)
{
    port_write8(INTERRUPT_ENABLE, 0);
    wrong += (port_read8(INTERRUPT_WHICH) & 1) == 0; /* none is left */
    port_write8(INTERRUPT_ENABLE, TRANSMITTER_EMPTY);
}

static void drive(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    bound = sys_interrupt_bind(SLOT_INIT_INTERRUPTS, LINE, ENDPOINT, 0);
    port_write8(MODEM_CONTROL, INTERRUPTS_OUT);
    ask_again();
    for (;;) {
        int64_t got = sys_wait(ENDPOINT, REPLY, clock_now() + PERIOD, &message);
        counts[DRIVER] += got == RECEIVED_SIGNAL;
        wrong += got != RECEIVED_SIGNAL && got != E_TIMEOUT;
        if (acknowledges) {
            sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE);
        }
        ask_again();
    }
}

static void compute(uint64_t who)
{
    for (;;) {
        counts[who]++;
    }
}

static void wake(uint64_t who)
{
    for (;;) {
        sys_sleep(clock_now() + PERIOD);
        counts[who]++;
    }
}

static void start(enum who who, unsigned cpu, unsigned priority, void (*run)(uint64_t))
{
    const struct worker *worker = worker_make(who, cpu);
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_PRIORITY, priority));
    worker_run(worker, run, who);
}

/* How far each gets in that time. The test itself sleeps. */
static void pass(uint64_t time, uint64_t *got)
{
    for (unsigned i = 0; i < ALL; i++) {
        got[i] = counts[i];
    }
    sys_sleep(clock_now() + time);
    for (unsigned i = 0; i < ALL; i++) {
        got[i] = counts[i] - got[i];
    }
    printf("serial storm: told %lu, same priority %lu, more urgent %lu, less urgent %lu\n",
           got[DRIVER], got[EQUAL], got[URGENT_ONE], got[LAZY_ONE]);
}

int main(int argc, char **argv)
{
    uint64_t time = word_of(argc, argv, "milliseconds", PHASE / MILLISECOND) * MILLISECOND;
    uint64_t alone[ALL], got[ALL], wakes = time / PERIOD;
    unsigned cpu = cpu_count() - 1;
    fund(SLOT_SELF, 24);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    start(EQUAL, cpu, SAME, compute);
    start(URGENT_ONE, cpu, MORE, wake);
    start(LAZY_ONE, cpu, LESS, compute);
    pass(time, alone);

    acknowledges = true;
    start(DRIVER, cpu, SAME, drive);
    sys_sleep(clock_now() + 50 * MILLISECOND);
    EXPECT(OK, bound);
    for (unsigned i = 0; i < 3; i++) {
        pass(time, got);
        EXPECT(true, got[DRIVER] > 10);
        EXPECT(true, got[EQUAL] > alone[EQUAL] / 8);
        EXPECT(true, got[URGENT_ONE] > wakes / 8);
    }

    /* The driver only waits: the less urgent one gets what is left. */
    acknowledges = false;
    EXPECT(OK, sys_thread_stop(workers[EQUAL].thread));
    sys_sleep(clock_now() + 50 * MILLISECOND);
    pass(time, got);
    EXPECT(true, got[DRIVER] <= 1);
    EXPECT(0, got[EQUAL]);
    EXPECT(true, got[URGENT_ONE] > wakes / 8);
    EXPECT(true, got[LAZY_ONE] > alone[EQUAL] / 8);
    EXPECT(OK, sys_thread_resume(workers[EQUAL].thread));

    acknowledges = true; /* and what was not told comes again */
    pass(time, got);
    EXPECT(true, got[DRIVER] > 10);
    EXPECT(true, got[EQUAL] > alone[EQUAL] / 8);
    EXPECT(0, wrong);
    for (unsigned i = 0; i < ALL; i++) {
        worker_end(&workers[i]);
    }
    port_write8(INTERRUPT_ENABLE, 0);
    end_test();
}
