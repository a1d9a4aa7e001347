/*
 * The system calls, one function each. Every function returns 0 or a documented positive value
 * on success and a negative error (cocos/errors.h) otherwise; on an error nothing has changed.
 * Slots are numbers in the caller's own table unless a domain is named. E_SLOT, E_TYPE, E_DEAD
 * and E_RIGHTS can come from every call that takes a slot, and are not repeated below.
 */
#ifndef COCOS_SYS_H
#define COCOS_SYS_H

#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/calls.h>
#include <cocos/errors.h>
#include <cocos/message.h>

/* ---- Messages (cocos/message.h) ---- */

/* A message as C sees it. slots not used are SLOT_NONE. */
struct message {
    uint64_t words[MESSAGE_WORDS];
    uint64_t badge;         /* received: of the capability the sender used */
    uint32_t send_slot;     /* sending: a capability to copy along */
    uint32_t receive_slot;  /* receiving: where one that comes along is put (must be empty) */
    uint32_t received_slot; /* received: 1 when one came */
};

/*
 * Sends message->words through `endpoint` (RIGHT_SEND) and waits for the answer, which replaces
 * them. 0, or E_GONE (the endpoint or its server ended), E_DROPPED, E_OCCUPIED (receive_slot).
 */
int64_t sys_call(uint32_t endpoint, struct message *message);

/*
 * Waits at `endpoint` (RIGHT_RECEIVE). RECEIVED_CALL: a caller now waits in `reply_slot`, which
 * must have been empty (E_OCCUPIED) and is kept for it while the thread waits. RECEIVED_SIGNAL:
 * words[0] holds the bits. E_TIMEOUT: the deadline was DEADLINE_NOW and nothing was there. E_GONE:
 * the endpoint ended. E_UNSUPPORTED: another deadline than DEADLINE_NOW and DEADLINE_NEVER.
 */
int64_t sys_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                 struct message *message);

/* Answers the caller in `reply_slot`, which is then empty. 0, or E_DEAD: the caller ended. */
int64_t sys_reply(uint32_t reply_slot, const struct message *message);

/* sys_reply, then sys_wait with the same reply slot, in one step. If the caller in reply_slot
 * has ended, its answer is lost and the wait goes on. */
int64_t sys_reply_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                       struct message *message);

/* Sets `bits` in the endpoint (RIGHT_SIGNAL); never blocks. E_ARGUMENT: no bits. */
int64_t sys_signal(uint32_t endpoint, uint64_t bits);

int64_t sys_yield(void);

/* ---- Frames ---- */

/*
 * Takes 2^order free frames (ORDER_FRAME or ORDER_BLOCK): the one named `where`, or any of a
 * zone. They are zero, owned by the caller, tagged, and accessible at their own address with
 * `rights` (MAP_*; 0: not accessible, as objects and page tables need). Returns the address.
 * E_ARGUMENT (order, rights, zone), E_ALIGNMENT, E_NO_FRAME, E_NOT_FREE, E_NO_MEMORY, E_LIMIT,
 * E_NO_TABLES, E_WRITE_EXECUTE (MAP_EXECUTE is for the upper half only).
 */
int64_t sys_frame_claim(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag);

/* Gives it back. E_ARGUMENT, E_ALIGNMENT, E_NO_FRAME, E_NOT_OWNER, E_BUSY (mapped in an upper
 * half, or a kernel object). */
int64_t sys_frame_release(uint64_t address, uint32_t order);

/*
 * Hands an owned frame to the domain in `domain` (RIGHT_CONTROL), which may then access it at
 * its own address with `rights`. The giver's access ends; upper-half mappings stay.
 * Giving to oneself changes the rights. Errors as frame_release and E_LIMIT, E_NO_TABLES,
 * E_WRITE_EXECUTE.
 */
int64_t sys_frame_give(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights);

/*
 * Takes 2^order frames of device memory in the range of capability `range` (CAP_DEVICE,
 * RIGHT_USE), with rights and a cache type (CACHE_*). E_ARGUMENT, E_ALIGNMENT, E_NO_FRAME
 * (outside the range, or RAM), E_NOT_FREE, E_NO_TABLES.
 */
int64_t sys_frame_claim_device(uint32_t range, uint64_t address, uint32_t order, uint32_t rights,
                               uint32_t cache);

/*
 * Maps an owned frame (or the system page: read-only, anyone's) at upper-half address `at` in
 * `domain` (RIGHT_CONTROL). Bits 0-2 of `rights_order` are MAP_*, bits 8-15 the order.
 * E_ARGUMENT, E_HALF, E_ALIGNMENT, E_NO_FRAME, E_NOT_OWNER, E_MAPPED, E_NO_TABLES,
 * E_WRITE_EXECUTE, E_BUSY (kernel object).
 */
int64_t sys_page_map(uint32_t domain, uint64_t at, uint64_t frame, uint32_t rights_order);

/* Undoes it. E_HALF, E_ALIGNMENT, E_NOT_MAPPED. */
int64_t sys_page_unmap(uint32_t domain, uint64_t at, uint32_t order);

/* Turns an owned, unmapped frame into stock for the page tables of `domain` (RIGHT_CONTROL).
 * E_NOT_OWNER, E_BUSY, E_ALIGNMENT, E_NO_FRAME, E_LIMIT. */
int64_t sys_page_fund(uint32_t domain, uint64_t frame);

/* ---- Objects: each lives in a frame the caller owns that is mapped nowhere ---- */
/* All: E_NOT_OWNER, E_BUSY, E_ALIGNMENT, E_NO_FRAME, E_OCCUPIED (slot). */

/* Makes a domain of three frames (the object, its page-table root, its slots) and puts a
 * capability with all rights in `slot`. The domain owns the three from then on. It may own
 * no more than these until DOMAIN_FRAME_LIMIT is set. */
int64_t sys_domain_create(uint32_t slot, uint64_t domain_frame, uint64_t root_frame,
                          uint64_t slots_frame);

/* Sets a property (DOMAIN_*). E_ARGUMENT: unknown property, or an upcall outside the program
 * area. RIGHT_CONTROL. */
int64_t sys_domain_set(uint32_t domain, uint32_t property, uint64_t value);

/* Ends a domain (RIGHT_CONTROL): threads stop, callers get E_GONE, frames become free. E_AGAIN:
 * a bounded part is done, call again. The stub here loops until 0. E_ARGUMENT: its own. */
int64_t sys_domain_destroy(uint32_t domain);

/* Makes a thread of `domain` (RIGHT_CONTROL) out of a frame; that domain owns it from then on. */
int64_t sys_thread_create(uint32_t slot, uint64_t frame, uint32_t domain);

/* Lets a new thread run at rip with rsp and rdi = argument. E_ARGUMENT: rip or rsp not in the
 * program area, or the thread has been started. */
int64_t sys_thread_start(uint32_t thread, uint64_t rip, uint64_t rsp, uint64_t argument);

/* E_ARGUMENT: not canonical. */
int64_t sys_thread_set_tls(uint64_t base);

int64_t sys_endpoint_create(uint32_t slot, uint64_t frame);

/* Ends an endpoint (RIGHT_CONTROL; whoever waits there or is queued gets E_GONE) or a thread
 * (not the caller's own: E_ARGUMENT). The frame stays with its owner, as memory. */
int64_t sys_object_destroy(uint32_t slot);

/* ---- Capabilities ---- */

/*
 * Puts a copy of `from` (RIGHT_COPY) into slot `to` of `domain` (RIGHT_CONTROL): with no more
 * than `rights`, and, where the original has badge 0, with `badge`. For a range (interrupts,
 * ports, device memory) `badge` is instead the part to copy: its first line, port or frame number
 * (address / FRAME_BYTES) | how many << 32; 0: all of it. E_OCCUPIED, E_ARGUMENT (reply
 * capabilities are not copied; a badge over a badge; a part outside the range).
 */
int64_t sys_slot_copy(uint32_t domain, uint32_t to, uint32_t from, uint32_t rights, uint64_t badge);

/* Empties a slot. A caller waiting in it gets E_DROPPED. E_OCCUPIED: a thread that waits for
 * messages has named it for their reply capability. */
int64_t sys_slot_drop(uint32_t slot);

/* Returns type | rights << 8 of what slot `slot` of `domain` holds (0: empty). */
int64_t sys_slot_query(uint32_t domain, uint32_t slot);

/* ---- Interrupts, ports, the machine ---- */

/* Interrupts of `line` (in the range of `interrupts`, RIGHT_USE) set signal bit `bit` (0-63) of
 * `endpoint` (RIGHT_RECEIVE) and stay masked until sys_interrupt_ack. E_ARGUMENT, E_NOT_FREE
 * (bound already; to another endpoint), E_UNSUPPORTED (no such line on this machine). */
int64_t sys_interrupt_bind(uint32_t interrupts, uint32_t line, uint32_t endpoint, uint32_t bit);
int64_t sys_interrupt_ack(uint32_t interrupts, uint32_t line);

/* Lets the calling domain use in and out on the ports of the range (RIGHT_USE).
 * E_LIMIT: it has enabled eight ranges already. */
int64_t sys_ports_enable(uint32_t ports);

/* A number about the machine (MACHINE_*). Needs CAP_MACHINE for MACHINE_CHECK only; pass
 * SLOT_NONE for the rest. E_ARGUMENT. */
int64_t sys_machine_query(uint32_t machine, uint32_t what);

/* Prints up to 40 bytes at words 1-5 on the kernel's console: word 0 = CAP_MACHINE slot |
 * length << 32. E_ARGUMENT: length over 40. For init, until the console server runs. */
int64_t sys_machine_log(uint32_t machine, const char *text, uint32_t bytes);

#endif
