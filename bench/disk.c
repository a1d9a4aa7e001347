/*
 * What reading and writing a virtio disk costs through the block server: requests one at a time,
 * and many under way; and how long it takes from the server's death to the next answered request.
 *
 * disk DISK: prints "bench disk.NAME MIN MEDIAN" per measurement: the instructions of a request,
 * and as disk.NAME.elapsed all ticks of the time-stamp counter from one to the next (under QEMU's
 * -icount a tick is an instruction). While a request is with the device, a thread that only counts
 * has the processor, as the least urgent there is: so the processor never rests, and all ticks that
 * were not the counting's are the request's. bench/linux/disk.c does the same in Linux. bench/run
 * starts it, as a program of the whole system.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/block.h>
#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define REPETITIONS 7
#define SMALL 4096u
#define LARGE (1u << 20)
#define LARGE_ORDER 8
#define SMALL_TIMES 128
#define LARGE_TIMES 16
#define DEPTH 32   /* requests under way at once, where there are many */
#define COUNTING 2 /* instructions a turn */
#define DEATHS 20

static struct block block;
static uint64_t memory; /* LARGE bytes */
static volatile uint64_t counted;

static void need(int64_t got, const char *what)
{
    if (got < 0) {
        printf("disk: %s: %s\n", what, error_text(got));
        exit(1);
    }
}

static uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | (uint64_t)high << 32;
}

/* ---- The thread that counts ---- */

static uint8_t counting_stack[512] __attribute__((aligned(16)));

__attribute__((naked, noreturn)) static void count(void)
{
    __asm__("lea counted(%rip), %rax; 1: incq (%rax); jmp 1b");
}

static void start_counting(void)
{
    uint32_t slot = slot_take();
    int64_t frame = frame_take(0, tag_of("thread"));
    need(frame, "a frame");
    need(sys_thread_create(slot, (uint64_t)frame, SLOT_SELF), "a thread");
    need(sys_thread_set(slot, THREAD_PRIORITY, 0), "its priority");
    uint64_t top = (uint64_t)counting_stack + sizeof counting_stack - sizeof(uint64_t);
    need(sys_thread_start(slot, (uint64_t)count, top, 0), "its start");
}

/* ---- Measuring ---- */

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void report(const char *name, const char *suffix, double *costs, unsigned count_of_costs)
{
    qsort(costs, count_of_costs, sizeof *costs, compare);
    printf("bench disk.%s%s %.2f %.2f\n", name, suffix, costs[0], costs[count_of_costs / 2]);
}

/* The same places in each run: a linear congruential generator. */
static uint64_t place(uint64_t number, uint32_t bytes)
{
    uint64_t random = number * 6364136223846793005ull + 1442695040888963407ull;
    uint64_t pieces = block.disk.sectors / (bytes / BLOCK_SECTOR_BYTES);
    return (bytes == SMALL ? (random >> 33) % pieces : number % pieces) *
           (bytes / BLOCK_SECTOR_BYTES);
}

static void submit(uint32_t operation, uint64_t number, uint32_t bytes, uint64_t buffer)
{
    struct block_request request = {
        .id = buffer,
        .operation = operation,
        .sectors = bytes / BLOCK_SECTOR_BYTES,
        .sector = place(number, bytes),
        .address = memory + buffer * SMALL,
    };
    need(block_submit(&block, &request), "a request");
}

static uint64_t await(void)
{
    struct block_answer answer;
    need(block_wait(&block, &answer), "waiting");
    need(answer.error, "an answer");
    return answer.id;
}

/* `times` requests, `depth` under way at once. */
static void request(uint32_t operation, uint32_t bytes, uint64_t from, unsigned times,
                    unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        submit(operation, from + i, bytes, i);
    }
    for (unsigned i = depth; i < times; i++) {
        submit(operation, from + i, bytes, await());
    }
    for (unsigned i = 0; i < depth; i++) {
        await();
    }
}

static void measure(const char *name, uint32_t operation, uint32_t bytes, unsigned times,
                    unsigned depth)
{
    double costs[REPETITIONS], elapsed[REPETITIONS];
    for (unsigned i = 0; i < REPETITIONS; i++) {
        uint64_t turns = counted, start = ticks();
        request(operation, bytes, (uint64_t)i * times, times, depth);
        uint64_t took = ticks() - start;
        elapsed[i] = (double)took / times;
        costs[i] = (double)(took - COUNTING * (counted - turns)) / times;
    }
    report(name, "", costs, REPETITIONS);
    report(name, ".elapsed", elapsed, REPETITIONS);
}

/* From asking init to end the server, with a request under way, to that request's answer. */
static void measure_recovery(void)
{
    double elapsed[DEATHS];
    for (unsigned i = 0; i < DEATHS; i++) {
        submit(BLOCK_READ, i, SMALL, 0);
        need(block_kick(&block), "asking");
        int server = program_serving("block");
        need(server, "the server");
        uint64_t start = ticks();
        need(program_stop(server), "ending the server");
        submit(BLOCK_READ, i + 1, SMALL, 1);
        await();
        await();
        elapsed[i] = (double)(ticks() - start);
    }
    report("recovery", "", elapsed, DEATHS);
}

int main(int argc, char **argv)
{
    need(argc == 2 ? OK : E_ARGUMENT, "usage: disk DISK");
    need(block_open(&block, argv[1]), argv[1]);
    int64_t got = frame_take_run(LARGE_ORDER, MAP_READ | MAP_WRITE, tag_of("buffer"));
    need(got, "memory");
    memory = (uint64_t)got;
    memset((void *)memory, 1, LARGE);
    need(block_share(&block, memory, LARGE_ORDER, MAP_READ | MAP_WRITE), "sharing memory");
    start_counting();
    measure("read_random_4k", BLOCK_READ, SMALL, SMALL_TIMES, 1);
    measure("write_random_4k", BLOCK_WRITE, SMALL, SMALL_TIMES, 1);
    measure("read_random_4k_many", BLOCK_READ, SMALL, SMALL_TIMES, DEPTH);
    measure("write_random_4k_many", BLOCK_WRITE, SMALL, SMALL_TIMES, DEPTH);
    measure("read_1m", BLOCK_READ, LARGE, LARGE_TIMES, 1);
    measure("write_1m", BLOCK_WRITE, LARGE, LARGE_TIMES, 1);
    measure_recovery();
    need(block_close(&block), "closing");
    return 0;
}
