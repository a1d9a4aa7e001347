/*
 * top: what the processors do. Nothing counts threads' time, which would make each message dearer;
 * so the shell looks which thread runs, some hundred times a second, and counts how often it was
 * which.
 */
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "attention.h"
#include "shell.h"
#include "vm.h"

#define SECOND 1000000000ull
#define LOOK_NS 2000000ull
#define THREADS_MAX 64u
#define SHOWN_MAX 16u
#define SECONDS_MAX 1000000u

struct share {
    uint64_t thread; /* its frame */
    uint64_t domain;
    uint32_t looks; /* that found it running */
};

static struct share shares[THREADS_MAX];
static uint32_t share_count, looks, idle;

static struct share *share_of(uint64_t thread)
{
    struct frame_info info;
    for (uint32_t i = 0; i < share_count; i++)
        if (shares[i].thread == thread)
            return &shares[i];
    if (share_count == THREADS_MAX || sys_frame_query(vm_machine, thread, &info) < 0 ||
        info.type != FRAME_THREAD)
        return NULL; /* it has ended since */
    shares[share_count] = (struct share){.thread = thread, .domain = info.owner};
    return &shares[share_count++];
}

static int64_t look(void)
{
    uint32_t cpus = ((const struct system_page *)SYSTEM_PAGE)->cpus;
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        uint64_t thread;
        int64_t error = sys_cpu_query(vm_machine, cpu, &thread);
        if (error < 0)
            return error;
        struct share *share = thread ? share_of(thread) : NULL;
        looks++;
        idle += thread == 0;
        if (share)
            share->looks++;
    }
    return OK;
}

static uint32_t per_mille(uint32_t part)
{
    return looks ? (uint32_t)(1000ull * part / looks) : 0;
}

/* Those that ran most come first. */
static void sort(void)
{
    for (uint32_t i = 1; i < share_count; i++) {
        struct share share = shares[i];
        uint32_t at = i;
        for (; at > 0 && shares[at - 1].looks < share.looks; at--)
            shares[at] = shares[at - 1];
        shares[at] = share;
    }
}

static void show(bool live)
{
    uint32_t rest = per_mille(idle), cpus = ((const struct system_page *)SYSTEM_PAGE)->cpus;
    sort();
    console_printf("%s%u processor%s, %u.%u %% idle%s\n", live ? "\x1b[H\x1b[J" : "", cpus,
                   cpus == 1 ? "" : "s", rest / 10, rest % 10, live ? "; any key ends this" : "");
    console_printf(VM_BOLD "  time  program   thread" VM_PLAIN "\n");
    for (uint32_t i = 0; i < share_count && i < SHOWN_MAX; i++) {
        uint32_t share = per_mille(shares[i].looks);
        console_printf("%3u.%u%%  %-8s  %08llx\n", share / 10, share % 10,
                       vm_owner(shares[i].domain, FRAME_DOMAIN),
                       (unsigned long long)shares[i].thread);
    }
    console_flush();
}

/* Looks for a second. 1: a key was pressed, which ends it; or an error. */
static int64_t watch(bool keys)
{
    uint64_t end = clock_now() + SECOND;
    share_count = looks = idle = 0;
    while (clock_now() < end) {
        uint64_t next = clock_now() + LOOK_NS;
        if (!keys)
            attention_wait(next);
        else if (console_read_until(next) != E_TIMEOUT)
            return 1;
        if (attention_interrupted())
            return 1;
        int64_t error = look();
        if (error < 0)
            return error;
    }
    return OK;
}

int top_command(uint32_t count, char **words)
{
    int64_t rounds = count == 2 ? command_number(words[1], SECONDS_MAX) : 0;
    if (count > 2 || rounds < 0)
        return command_usage("top");
    bool live = count == 1;
    vm_machine = service_slot("machine");
    for (int64_t round = 0; live || round < rounds; round++) {
        int64_t got = watch(live);
        if (got < 0)
            return command_failed("top", got);
        if (got > 0)
            return attention_interrupted() ? STATUS_INTERRUPTED : 0;
        show(live);
    }
    return 0;
}
