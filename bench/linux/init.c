/*
 * What Linux takes for the operations that bench.c measures of cocOS. Runs as Linux's init, alone,
 * from an initramfs; prints "bench peer.linux.NAME MIN MEDIAN" per measurement, in ticks of the
 * time-stamp counter per operation, and powers the machine off. Under QEMU's -icount a tick is an
 * instruction. Linked statically against Debian's C library; bench/run starts it.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/linux/disk.h"
#include "bench/linux/measure.h"

#define PAGE_BYTES 4096UL
#define PAGES 256UL

/* A loop of two instructions must cost 2.00 ticks under -icount. */
static void calibrate(void)
{
    double costs[REPETITIONS];
    for (unsigned i = 0; i < REPETITIONS; i++) {
        uint64_t count = 1000000, start = ticks();
        __asm__ volatile("1: dec %0; jnz 1b" : "+r"(count));
        costs[i] = (double)(ticks() - start) / 1000000;
    }
    report("calibration", costs);
}

/* ---- A system call ---- */

static void null_call(void)
{
    syscall(SYS_getpid); /* getpid() itself may one day remember the answer */
}

/* ---- A byte to another process and back ---- */

static int there, back; /* descriptors: written by this process, read by it */

static void round_trip(void)
{
    char byte = 0;
    need(write(there, &byte, 1) == 1 && read(back, &byte, 1) == 1, "round trip");
}

static _Noreturn void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1) {
        /* until the other end is closed */
    }
    _exit(0);
}

/* ours: what this process writes and reads; theirs: what the other one reads and writes. */
static void measure_round_trip(const char *name, const int ours[2], const int theirs[2])
{
    fflush(stdout);
    pid_t other = fork();
    need(other >= 0, "fork");
    if (other == 0) {
        close(ours[0]);
        close(ours[1]);
        echo(theirs[0], theirs[1]);
    }
    close(theirs[0]);
    if (theirs[1] != theirs[0]) {
        close(theirs[1]);
    }
    there = ours[0];
    back = ours[1];
    measure(name, round_trip, 300);
    close(ours[0]);
    if (ours[1] != ours[0]) {
        close(ours[1]);
    }
    need(waitpid(other, NULL, 0) == other, "waitpid");
}

static void measure_pipes(void)
{
    int out[2], in[2]; /* each: the end to read from, the end to write to */
    need(pipe(out) == 0 && pipe(in) == 0, "pipe");
    measure_round_trip("pipe_round_trip", (int[]){out[1], in[0]}, (int[]){out[0], in[1]});
}

static void measure_sockets(void)
{
    int ends[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    measure_round_trip("unix_round_trip", (int[]){ends[0], ends[0]}, (int[]){ends[1], ends[1]});
}

/* ---- Two threads that wake each other in turn ---- */

static uint32_t turn; /* 0: the measuring thread's, 1: the other's, 2: the other one is to end */

static void futex(int operation, uint32_t value)
{
    syscall(SYS_futex, &turn, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void hand_over(uint32_t to)
{
    __atomic_store_n(&turn, to, __ATOMIC_SEQ_CST);
    futex(FUTEX_WAKE, 1);
}

static void await_other_than(uint32_t value)
{
    while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) == value) {
        futex(FUTEX_WAIT, value);
    }
}

static void *answer(void *unused)
{
    for (;;) {
        await_other_than(0);
        if (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) == 2) {
            return unused;
        }
        hand_over(0);
    }
}

static void futex_round_trip(void)
{
    hand_over(1);
    await_other_than(1);
}

static void measure_futex(void)
{
    pthread_t other;
    need(pthread_create(&other, NULL, answer, NULL) == 0, "pthread_create");
    measure("futex_round_trip", futex_round_trip, 300);
    hand_over(2);
    pthread_join(other, NULL);
}

/* ---- Memory ---- */

/* The first touch of a fresh page, and giving it back, per page of 4 KiB. */
static void measure_memory(void)
{
    double touches[REPETITIONS], unmaps[REPETITIONS];
    for (int i = -1; i < REPETITIONS; i++) {
        char *pages = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        need(pages != MAP_FAILED, "mmap");
        madvise(pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
        uint64_t start = ticks();
        for (unsigned k = 0; k < PAGES; k++) {
            ((volatile char *)pages)[k * PAGE_BYTES] = 1;
        }
        uint64_t touched = ticks();
        munmap(pages, PAGES * PAGE_BYTES);
        uint64_t unmapped = ticks();
        if (i >= 0) {
            touches[i] = (double)(touched - start) / PAGES;
            unmaps[i] = (double)(unmapped - touched) / PAGES;
        }
    }
    report("page_fault", touches);
    report("munmap", unmaps);
}

int main(void)
{
    uint64_t started = ticks();
    struct utsname name;
    uname(&name);
    printf("\ncocOS bench on %s %s\n", name.sysname, name.release);
    report_once("boot.ticks", (double)started);
    calibrate();
    measure("getpid", null_call, 1000);
    measure_pipes();
    measure_futex();
    measure_sockets();
    measure_memory();
    measure_disk();
    end(0);
}
