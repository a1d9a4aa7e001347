/*
 * Direct reads and writes of a virtio disk, one at a time, without the page cache. While a request
 * is with the device, a process that only counts has the processor, as the least urgent there is:
 * so the processor never rests, and all ticks that were not the counting's are the request's.
 */
#include "bench/linux/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/measure.h"

#define DISK "/dev/vda"
#define SMALL 4096UL
#define LARGE (1UL << 20)
#define SMALL_TIMES 128
#define LARGE_TIMES 16
#define COUNTING 2 /* instructions a turn */

static volatile uint64_t *counted; /* turns; shared with the process that counts */
static int disk;
static uint64_t blocks; /* of SMALL, on the disk */
static uint8_t *buffer;

static void load_drivers(void)
{
    char path[] = "/drivers/0.ko";
    for (int number = 0; number <= 9; number++) {
        path[sizeof "/drivers/" - 1] = (char)('0' + number);
        int file = open(path, O_RDONLY);
        if (file < 0) {
            break;
        }
        need(syscall(SYS_finit_module, file, "", 0) == 0, path);
        close(file);
    }
}

/* The disk comes some time after its driver. */
static bool open_disk(void)
{
    mkdir("/dev", 0755);
    need(mount("dev", "/dev", "devtmpfs", 0, NULL) == 0 || errno == EBUSY, "devtmpfs");
    for (unsigned tries = 0; tries < 100; tries++) {
        disk = open(DISK, O_RDWR | O_DIRECT);
        if (disk >= 0) {
            blocks = (uint64_t)lseek(disk, 0, SEEK_END) / SMALL;
            return blocks >= LARGE / SMALL;
        }
        usleep(10000);
    }
    return false;
}

static pid_t start_counting(void)
{
    pid_t process = fork();
    need(process >= 0, "fork");
    if (process == 0) {
        struct sched_param lowest = {0};
        need(sched_setscheduler(0, SCHED_IDLE, &lowest) == 0, "SCHED_IDLE");
        __asm__ volatile("1: incq (%0); jmp 1b" : : "r"(counted) : "memory");
    }
    return process;
}

/* The same places in each run: a linear congruential generator. */
static uint64_t place(uint64_t number, uint64_t bytes)
{
    uint64_t random = number * 6364136223846793005ULL + 1442695040888963407ULL;
    return bytes == SMALL ? (random >> 33) % blocks * SMALL
                          : number % (blocks * SMALL / LARGE) * LARGE;
}

static void transfer(bool writes, uint64_t at, uint64_t bytes)
{
    ssize_t done =
        writes ? pwrite(disk, buffer, bytes, (off_t)at) : pread(disk, buffer, bytes, (off_t)at);
    need(done == (ssize_t)bytes, "disk");
}

static void measure_requests(const char *name, bool writes, uint64_t bytes, unsigned times)
{
    double costs[REPETITIONS], elapsed[REPETITIONS];
    char elapsed_name[64];
    for (unsigned i = 0; i < REPETITIONS; i++) {
        uint64_t turns = *counted, start = ticks();
        for (unsigned k = 0; k < times; k++) {
            transfer(writes, place(i * times + k, bytes), bytes);
        }
        uint64_t took = ticks() - start;
        elapsed[i] = (double)took / times;
        costs[i] = (double)(took - COUNTING * (*counted - turns)) / times;
    }
    report(name, costs);
    snprintf(elapsed_name, sizeof elapsed_name, "%s.elapsed", name);
    report(elapsed_name, elapsed);
}

void measure_disk(void)
{
    load_drivers();
    if (!open_disk()) {
        return;
    }
    buffer = aligned_alloc(LARGE, LARGE);
    counted = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    need(buffer && counted != MAP_FAILED, "memory");
    memset(buffer, 1, LARGE);
    pid_t counting = start_counting();
    measure_requests("disk.read_random_4k", false, SMALL, SMALL_TIMES);
    measure_requests("disk.write_random_4k", true, SMALL, SMALL_TIMES);
    measure_requests("disk.read_1m", false, LARGE, LARGE_TIMES);
    measure_requests("disk.write_1m", true, LARGE, LARGE_TIMES);
    kill(counting, SIGKILL);
    waitpid(counting, NULL, 0);
    close(disk);
}
