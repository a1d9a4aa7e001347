/*
 * Interrupt lines: see irq.h.
 *
 * A level-triggered line is masked at once: it would interrupt again until its device is served.
 * An edge would be lost while masked, so an edge line is masked only when a second interrupt
 * comes before the first was acknowledged; acknowledging then repeats the signal.
 */
#include "kernel/irq.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"

struct line {
    struct slot endpoint; /* CAP_EMPTY: not bound */
    uint64_t bits;        /* the one that it sets */
    uint64_t count;       /* of interrupts, since the machine's start */
    bool level;           /* level-triggered, as opposed to edge */
    bool unserved;        /* signalled, not acknowledged */
    bool again;           /* and another came meanwhile */
};

static struct line lines[INTERRUPT_LINES];

static struct endpoint *endpoint_of(struct line *line)
{
    struct endpoint *endpoint = frame_ptr(line->endpoint.object);
    if (slot_is_checked(&line->endpoint, cap_epoch)) {
        return endpoint;
    }
    if (line->endpoint.type != CAP_ENDPOINT || cap_alive(&line->endpoint) != OK ||
        endpoint->closing) {
        return NULL;
    }
    slot_set_checked(&line->endpoint, cap_epoch);
    return endpoint;
}

/* Whose endpoint was not looked at since something ended: is it still there? */
static __attribute__((noinline)) bool look_again(uint32_t number, struct line *line)
{
    if (endpoint_of(line) != NULL) {
        return true;
    }
    arch_line_mask(number);
    *line = (struct line){.count = line->count};
    return false;
}

void irq_arrived(uint32_t number)
{
    struct line *line = &lines[number];
    if (!slot_is_checked(&line->endpoint, cap_epoch) && !look_again(number, line)) {
        return;
    }
    line->count++;
    if (line->level || line->unserved) {
        arch_line_mask(number);
    }
    if (line->unserved) {
        line->again = true;
        return;
    }
    line->unserved = true;
    endpoint_signal(frame_ptr(line->endpoint.object), line->bits);
}

/* Finds the line the caller names through a capability, in slot `interrupts`, that covers it. */
static int64_t find_line(uint64_t interrupts, uint64_t number, struct line **line)
{
    struct slot *range;
    int64_t error = cap_find(caller_domain(), interrupts, CAP_INTERRUPT, RIGHT_USE, &range);
    if (error != OK) {
        return error;
    }
    if (!cap_covers(range, number, 1)) {
        return E_RIGHTS;
    }
    if (number >= INTERRUPT_LINES || !arch_line_exists((uint32_t)number)) {
        return E_UNSUPPORTED;
    }
    *line = &lines[number];
    return OK;
}

int64_t sys_interrupt_bind(uint64_t interrupts, uint64_t number, uint64_t endpoint_slot,
                           uint64_t bit)
{
    struct line *line;
    struct slot *endpoint;
    int64_t error = find_line(interrupts, number, &line);
    if (error == OK) {
        error = cap_find(caller_domain(), endpoint_slot, CAP_ENDPOINT, RIGHT_RECEIVE, &endpoint);
    }
    if (error != OK) {
        return error;
    }
    if (bit > 63) {
        return E_ARGUMENT;
    }
    if (endpoint_of(line) != NULL && line->endpoint.object != endpoint->object) {
        return E_NOT_FREE;
    }
    *line = (struct line){.endpoint = *endpoint,
                          .bits = 1ull << bit,
                          .count = line->count,
                          .level = arch_line_level((uint32_t)number)};
    arch_line_bind((uint32_t)number, arch_cpu_number());
    return OK;
}

int64_t sys_interrupt_ack(uint64_t interrupts, uint64_t number)
{
    struct line *line;
    int64_t error = find_line(interrupts, number, &line);
    if (error != OK) {
        return error;
    }
    struct endpoint *endpoint = endpoint_of(line);
    if (endpoint == NULL) {
        return E_ARGUMENT;
    }
    bool again = line->again;
    line->unserved = again;
    line->again = false;
    arch_line_unmask((uint32_t)number);
    if (again) {
        endpoint_signal(endpoint, line->bits);
    }
    return OK;
}

/* Its address is one of 32 bits, its data is smaller (SDM 3A, 11.11). */
int64_t sys_interrupt_message(uint64_t interrupts, uint64_t number)
{
    struct line *line;
    int64_t error = find_line(interrupts, number, &line);
    if (error != OK) {
        return error;
    }
    if (!arch_line_is_message((uint32_t)number)) {
        return E_UNSUPPORTED;
    }
    if (endpoint_of(line) == NULL) {
        return E_ARGUMENT;
    }
    return (int64_t)(arch_message_address((uint32_t)number) |
                     (uint64_t)arch_message_data((uint32_t)number) << 32);
}

int64_t sys_line_query(uint64_t machine, uint64_t number)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), machine, CAP_MACHINE, RIGHT_INSPECT, &slot);
    if (error != OK) {
        return error;
    }
    if (number >= INTERRUPT_LINES) {
        return E_ARGUMENT;
    }
    if (!arch_line_exists((uint32_t)number)) {
        return E_UNSUPPORTED;
    }
    struct line *line = &lines[number];
    bool bound = endpoint_of(line) != NULL;
    struct registers *r = &caller_thread()->registers;
    r->rdi = bound ? line->endpoint.object : 0;
    r->rsi = line->count;
    return (bound && line->level ? LINE_IS_LEVEL : 0) |
           (bound && line->unserved ? LINE_IS_UNSERVED : 0);
}

int64_t sys_ports_enable(uint64_t number)
{
    struct slot *range;
    struct domain *domain = caller_domain();
    int64_t error = cap_find(domain, number, CAP_PORTS, RIGHT_USE, &range);
    if (error != OK) {
        return error;
    }
    struct port_range ports = {
        (uint16_t)range->object,
        (uint16_t)(range->object + range->generation - 1),
    };
    for (uint32_t i = 0; i < domain->port_count; i++) {
        if (domain->ports[i].first == ports.first && domain->ports[i].last == ports.last) {
            return OK;
        }
    }
    if (domain->port_count == PORT_RANGES) {
        return E_LIMIT;
    }
    domain->ports[domain->port_count++] = ports;
    struct thread *thread = caller_thread();
    thread->flags |= THREAD_HAS_PORTS;
    thread_set_key(thread);
    arch_load_more(thread);
    return OK;
}
