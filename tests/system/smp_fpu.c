/*
 * The registers of the FPU while other CPUs stop this one: to change page tables, and to move,
 * stop or read the thread that runs. Breaks when a CPU that is stopped does not keep them, or one
 * that goes on has another thread's.
 */
#include "tests/system/fpu.h"
#include "tests/system/smp.h"

#define TURNS 100 /* or as the kernel's command line says: turns=10000 */
#define EACH 2    /* threads a CPU */
#define CPUS_USED (WORKERS_MAX / EACH)
#define AT (PROGRAM_END - 64 * FRAME_BYTES)

enum { SPIN, YIELD, ASK, WAYS };

static uint8_t areas[WORKERS_MAX][2][FPU_AREA_BYTES] __attribute__((aligned(64)));
static volatile uint64_t looks[WORKERS_MAX], wrong[WORKERS_MAX];

static void pass_time(unsigned way)
{
    struct frame_info info;
    if (way == YIELD) {
        sys_yield();
    } else if (way == ASK) {
        sys_frame_query(SLOT_NONE, 0, &info); /* waits for the kernel's lock, and is refused */
    } else {
        for (unsigned i = 0; i < 200; i++) {
            relax();
        }
    }
}

static void juggle(uint64_t index)
{
    uint8_t *left = areas[index][0], *found = areas[index][1];
    uint64_t seed = 1234 + index;
    for (;;) {
        fpu_scramble(left, &seed);
        fpu_load(left);
        for (unsigned i = 0; i < 8; i++) {
            pass_time(looks[index] % WAYS);
        }
        fpu_save(found);
        wrong[index] += fpu_wrong(left, found);
        looks[index]++;
    }
}

/* What makes other CPUs stop: each as often as the others. */
static void disturb(uint64_t turn, uint64_t frame, unsigned count)
{
    const struct worker *worker = &workers[turn / 4 % count];
    uint64_t values[THREAD_VALUES_PER_READ];
    switch (turn % 4) {
    case 0:
        EXPECT(OK, sys_page_map(SLOT_SELF, AT, frame, RW | ORDER_FRAME << 8));
        break;
    case 1:
        EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
        break;
    case 2:
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, turn / 8 % cpu_count()));
        break;
    default:
        EXPECT(OK, sys_thread_read(worker->thread, 0, values));
        break;
    }
}

int main(int argc, char **argv)
{
    uint64_t turns = word_of(argc, argv, "turns", TURNS);
    unsigned count = (cpu_count() < CPUS_USED ? cpu_count() : CPUS_USED) * EACH;
    uint64_t frame = claim(ORDER_FRAME, RW);
    fund(SLOT_SELF, 8);
    fpu_find_out();
    for (unsigned i = 0; i < count; i++) {
        worker_start(i, i / EACH, juggle, i);
    }
    for (uint64_t turn = 0; turn < turns * 4; turn++) {
        unsigned next = (unsigned)(turn / 16 % count);
        uint64_t before = looks[next];
        disturb(turn, frame, count);
        if (turn % 16 == 0) {
            UNTIL(looks[next] != before);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        UNTIL(looks[i] >= WAYS);
        EXPECT(0, wrong[i]);
        worker_end(&workers[i]);
    }
    printf("fpu: %lu turns\n", (unsigned long)turns);
    end_test();
}
