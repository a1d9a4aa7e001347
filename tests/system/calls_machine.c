/*
 * interrupt_bind, interrupt_ack, ports_enable, machine_query, machine_log, numbers that are no
 * calls, and what user mode may not do: each success and every error listed.
 */
#include "tests/system/check.h"

#define ENDPOINT 20
#define PART 21
#define REPLY 22
#define OTHER_ENDPOINT 23
#define SERIAL_LINE 4
#define LAST_PIN 127 /* which no machine here has */
#define LAST_MESSAGE 191
#define COM1 0x3f8

static void test_interrupts(void)
{
    struct message message = {.words = {0}};
    uint32_t all = SLOT_INIT_INTERRUPTS;
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_endpoint_create(OTHER_ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, all, RIGHT_ALL, 3 | 1ull << 32));
    EXPECT(E_RIGHTS, sys_interrupt_bind(PART, SERIAL_LINE, ENDPOINT, 0));
    EXPECT(E_TYPE, sys_interrupt_bind(SLOT_INIT_PORTS, SERIAL_LINE, ENDPOINT, 0));
    EXPECT(E_TYPE, sys_interrupt_bind(all, SERIAL_LINE, SLOT_SELF, 0));
    EXPECT(E_ARGUMENT, sys_interrupt_bind(all, SERIAL_LINE, ENDPOINT, 64));
    EXPECT(E_UNSUPPORTED, sys_interrupt_bind(all, LAST_PIN, ENDPOINT, 0));
    EXPECT(E_RIGHTS, sys_interrupt_bind(all, LAST_MESSAGE + 1, ENDPOINT, 0));
    EXPECT(E_ARGUMENT, sys_interrupt_ack(all, LAST_MESSAGE));
    EXPECT(OK, sys_interrupt_bind(all, LAST_MESSAGE, ENDPOINT, 0));
    EXPECT(OK, sys_interrupt_ack(all, LAST_MESSAGE));
    int64_t what = sys_interrupt_message(all, LAST_MESSAGE);
    EXPECT(1, what > 0 && INTERRUPT_MESSAGE_ADDRESS(what) % 4 == 0);
    EXPECT(E_ARGUMENT, sys_interrupt_message(all, FIRST_MESSAGE_LINE)); /* not bound */
    EXPECT(E_UNSUPPORTED, sys_interrupt_message(all, SERIAL_LINE));
    EXPECT(E_RIGHTS, sys_interrupt_message(PART, LAST_MESSAGE));
    EXPECT(E_RIGHTS, sys_interrupt_message(all, LAST_MESSAGE + 1));
    EXPECT(E_TYPE, sys_interrupt_message(SLOT_INIT_PORTS, LAST_MESSAGE));
    EXPECT(E_ARGUMENT, sys_interrupt_ack(all, SERIAL_LINE)); /* not bound */
    EXPECT(OK, sys_interrupt_bind(all, SERIAL_LINE, ENDPOINT, 8));
    EXPECT(E_NOT_FREE, sys_interrupt_bind(all, SERIAL_LINE, OTHER_ENDPOINT, 9));
    EXPECT(OK, sys_interrupt_bind(all, SERIAL_LINE, ENDPOINT, 9)); /* begins anew */

    /* "Transmitter empty" interrupts as soon as it is allowed to. */
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    port_write8(COM1 + 4, 0x0b); /* the line to the interrupt controller */
    port_write8(COM1 + 1, 2);
    EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(1 << 9, message.words[0]);
    port_write8(COM1 + 1, 0);
    EXPECT(OK, sys_interrupt_ack(all, SERIAL_LINE));
    EXPECT(OK, sys_slot_drop(PART));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(E_ARGUMENT, sys_interrupt_ack(all, SERIAL_LINE));
}

static void test_ports(void)
{
    EXPECT(E_TYPE, sys_ports_enable(SLOT_SELF));
    EXPECT(E_SLOT, sys_ports_enable(99));
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS)); /* once more is no more */
    for (uint64_t i = 0; i < 8; i++) {
        EXPECT(OK,
               sys_slot_copy(SLOT_SELF, PART, SLOT_INIT_PORTS, RIGHT_USE, (i + 1) | 1ull << 32));
        EXPECT(i < 7 ? OK : E_LIMIT, sys_ports_enable(PART));
        EXPECT(OK, sys_slot_drop(PART));
    }
}

static void test_machine(void)
{
    EXPECT(E_ARGUMENT, sys_machine_query(SLOT_NONE, 99));
    EXPECT(E_SLOT, sys_machine_query(SLOT_NONE, MACHINE_CHECK));
    EXPECT(E_TYPE, sys_machine_query(SLOT_SELF, MACHINE_CHECK));
    EXPECT(OK, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    EXPECT(0, sys_machine_query(SLOT_NONE, MACHINE_NMIS));
    EXPECT(1, sys_machine_query(SLOT_NONE, MACHINE_FRAMES_TOTAL) >
                  sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE));
    /* One frame of a block that was whole costs three for records, while it is split. */
    uint64_t block = claim(ORDER_BLOCK, 0);
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    int64_t before = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_SPLIT);
    EXPECT(block, sys_frame_claim(block, ORDER_FRAME, 0, 0));
    EXPECT(before + 3, sys_machine_query(SLOT_NONE, MACHINE_FRAMES_SPLIT));
    EXPECT(OK, sys_frame_release(block, ORDER_FRAME));
    EXPECT(before, sys_machine_query(SLOT_NONE, MACHINE_FRAMES_SPLIT));
    EXPECT(E_TYPE, sys_machine_log(SLOT_SELF, "no", 2));
    EXPECT(E_ARGUMENT, sys_machine_log(SLOT_INIT_MACHINE, "no", 41));
}

static int64_t raw_call(uint64_t number)
{
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

/* Without an upcall, a number outside the table is an error; with one, musl's calls bounce. */
static void test_numbers(void)
{
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_UPCALL, 0));
    int64_t just_below = raw_call(COCOS_CALL_BASE - 1);
    int64_t just_above = raw_call(COCOS_CALL_BASE + COCOS_CALL_COUNT);
    int64_t linux_getppid = raw_call(110);
    int64_t all_ones = raw_call(UINT64_MAX);
    extern char linux_bounce[];
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_UPCALL, (uint64_t)linux_bounce));
    EXPECT(E_CALL, just_below);
    EXPECT(E_CALL, just_above);
    EXPECT(E_CALL, linux_getppid);
    EXPECT(E_CALL, all_ones);
    EXPECT(1, raw_call(110) >= 0);
}

int main(void)
{
    fund(SLOT_SELF, 8);
    test_interrupts();
    test_ports();
    test_machine();
    test_numbers();
    end_test();
}
