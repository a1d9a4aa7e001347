/*
 * For test programs that run in place of init, so that they hold every capability: counts checks,
 * says which one failed and with what, and ends the machine with the verdict as its status.
 */
#ifndef TESTS_SYSTEM_CHECK_H
#define TESTS_SYSTEM_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/abi.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

static unsigned checks_made, checks_failed;

/* The expression must give exactly this value. */
#define EXPECT(expected, expression)                                                               \
    check_value(__LINE__, #expression, (int64_t)(expected), (int64_t)(expression))

static inline void check_value(int line, const char *what, int64_t expected, int64_t got)
{
    checks_made++;
    if (got != expected) {
        checks_failed++;
        printf("FAILED line %d: %s\n  gives %ld (%s), not %ld (%s)\n", line, what, (long)got,
               got < 0 ? error_name(got) : "", (long)expected,
               expected < 0 ? error_name(expected) : "");
    }
}

/* The kernel's command line may say NAME=number. */
static inline uint64_t word_of(int argc, char **argv, const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') {
            return strtoull(argv[i] + length + 1, NULL, 10);
        }
    }
    return otherwise;
}

/* A claim that must succeed: returns the address. */
static inline uint64_t claim(uint32_t order, uint32_t rights)
{
    int64_t address = sys_frame_claim(ZONE_ANY, order, rights, 0);
    if (address < 0) {
        printf("FAILED: no frame: %s\n", error_text(address));
        checks_failed++;
    }
    return (uint64_t)address;
}

/* A frame for an object or a page table. */
static inline uint64_t claim_object(void)
{
    return claim(ORDER_FRAME, 0);
}

/* Page-table frames for whoever needs more than he started with. */
static inline void fund(uint32_t domain, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        EXPECT(OK, sys_page_fund(domain, claim_object()));
    }
}

static inline uint64_t free_frames(void)
{
    return (uint64_t)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
}

/* Free memory and what records took of it: claims and releases keep the sum. */
static inline uint64_t ledger(void)
{
    return free_frames() + (uint64_t)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_SPLIT);
}

/* A domain with capability in `slot`, allowed `limit` frames. */
static inline void make_domain(uint32_t slot, uint64_t limit)
{
    EXPECT(OK, sys_domain_create(slot, claim_object(), claim_object(), claim_object()));
    EXPECT(OK, sys_domain_set(slot, DOMAIN_FRAME_LIMIT, limit));
}

/* Prints the verdict and turns the machine off. */
static inline _Noreturn void end_test(void)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    printf("%u checks, %u failed\n", checks_made, checks_failed);
    printf("power off, status %d\n", checks_failed != 0);
    fflush(stdout);
    sys_ports_enable(SLOT_INIT_PORTS);
    while (!(port_read8(0x3fd) & 0x40)) {
        /* the serial line is still sending */
    }
    if (system->power_port == 0) {
        port_write8(0x64, 0xfe); /* without ACPI a reset must do (8042, pulse the reset line) */
    }
    __asm__ volatile("outw %0, %1" : : "a"(system->power_value), "Nd"(system->power_port));
    for (;;) {
        sys_yield();
    }
}

#endif
