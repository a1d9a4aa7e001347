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

/* A message as C sees it. Slots not used are SLOT_NONE, runs 0. */
struct message {
    uint64_t words[MESSAGE_WORDS];
    uint64_t badge;           /* received: of the capability the sender used */
    uint32_t send_slot;       /* sending: a capability to copy along */
    uint32_t receive_slot;    /* receiving: where one that comes along is put (must be empty) */
    uint32_t received_slot;   /* received: 1 when one came */
    uint64_t send_run;        /* sending: MESSAGE_RUN(address, order, rights) to come along */
    uint64_t receive_frames;  /* receiving: of how many frames a run may be that is taken */
    uint64_t received_run;    /* received: the run that came, 0 = none; */
    uint64_t received_frames; /* and how many frames that is */
};

/*
 * Sends message->words through `endpoint` (RIGHT_SEND) and waits for the answer, which replaces
 * them. 0, or E_GONE (the endpoint or its server ended), E_DROPPED, E_OCCUPIED (receive_slot),
 * E_CYCLE (who serves the endpoint, alone, waits for an answer that this thread owes), E_STOPPED.
 *
 * message->send_run, here and where an answer is sent: the errors of a run (below, under Frames),
 * and of its rights: E_ARGUMENT, also for GRANT_SHARE in a call; E_WRITE_EXECUTE. Whether it
 * arrives is up to the receiver (cocos/message.h).
 */
int64_t sys_call(uint32_t endpoint, struct message *message);

/*
 * The same with a deadline (nanoseconds of clock_now(), cocos/clock.h): E_TIMEOUT when it has
 * passed, whether or not the message was received; an answer then finds nobody. DEADLINE_NOW:
 * E_TIMEOUT unless somebody waits for the message; then for the answer without a deadline.
 */
int64_t sys_call_until(uint32_t endpoint, uint64_t deadline, struct message *message);

/*
 * Waits at `endpoint` (RIGHT_RECEIVE). RECEIVED_CALL: a caller now waits in `reply_slot`, which
 * must have been empty (E_OCCUPIED) and is kept for it while the thread waits. RECEIVED_SIGNAL:
 * words[0] holds the bits. E_TIMEOUT: the deadline has passed; DEADLINE_NOW only looks whether
 * something is there. E_GONE: the endpoint ended. E_STOPPED.
 */
int64_t sys_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                 struct message *message);

/* Answers the caller in `reply_slot`, which is then empty. 0, or E_DEAD: the caller ended. */
int64_t sys_reply(uint32_t reply_slot, const struct message *message);

/* sys_reply, then sys_wait with the same reply slot, in one step. If the caller in reply_slot
 * has ended, its answer is lost and the wait goes on. */
int64_t sys_reply_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                       struct message *message);

/* Sleeps until the deadline. 0 or E_STOPPED; E_SLOT for DEADLINE_NEVER. */
int64_t sys_sleep(uint64_t deadline);

/* Sets `bits` in the endpoint (RIGHT_SIGNAL); never blocks. E_ARGUMENT: no bits. */
int64_t sys_signal(uint32_t endpoint, uint64_t bits);

int64_t sys_yield(void);

/* ---- Frames (doc/frames.md) ---- */
/*
 * A run is 2^order frames (ORDER_FRAME to ORDER_MAX: 4 KiB to 1 GiB) at an address aligned to
 * their size. Frames claimed as a run below ORDER_BLOCK are then frames by themselves, larger runs
 * blocks of 2 MiB: a call may name any run of frames or of blocks. All calls here that name a run:
 * E_ARGUMENT (order), E_ALIGNMENT, E_NO_FRAME, E_NOT_OWNER, E_BUSY (a kernel object), E_ORDER (a
 * run of 2 MiB and more that was claimed in frames; or, where the owner changes, frames of a block
 * that was claimed whole). `rights` are MAP_READ and MAP_WRITE: E_ARGUMENT, E_WRITE_EXECUTE
 * (MAP_EXECUTE is for the upper half only); making access needs page tables: E_NO_TABLES.
 */

/*
 * Takes a free run: the one named `where`, or any of a zone. It is zero, owned by the caller,
 * tagged, and accessible at its own address with `rights` (0: not accessible, as objects and
 * page tables need; cleared when that changes). Returns the address. E_NOT_FREE, E_NO_MEMORY,
 * E_LIMIT.
 */
int64_t sys_frame_claim(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag);

/* Gives it back. E_BUSY, too: mapped in an upper half, or granted. */
int64_t sys_frame_release(uint64_t address, uint32_t order);

/* Changes the caller's access to what it owns, at its own address; 0: none. E_LIMIT, E_MAPPED. */
int64_t sys_frame_access(uint64_t address, uint32_t order, uint32_t rights);

/*
 * Makes the domain in `domain` (RIGHT_CONTROL) the owner, which may then access the run at its own
 * address with `rights` (0: not). The giver's access ends there; upper-half mappings and grants to
 * others stay. E_ARGUMENT: to oneself. E_LIMIT, E_MAPPED.
 */
int64_t sys_frame_give(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights);

/*
 * Lets the domain in `domain` (RIGHT_GRANT) access the run at its own address, too: lent, or with
 * GRANT_SHARE among the rights shared. The receiver may map a share in its own upper half. The
 * owner may grant a part of a block. E_NOT_ACCEPTED: the receiver has not set DOMAIN_ACCEPT to so
 * many frames; a grant uses that up, and only frame_revoke gives it back. E_ARGUMENT: to oneself.
 * E_MAPPED (granted already), E_LIMIT.
 */
int64_t sys_frame_grant(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights);

/*
 * Ends a grant to the domain in `domain` (RIGHT_GRANT): called by the owner; or by the receiver,
 * for itself, to let go. So ends, too, what came with a call. E_NOT_GRANTED. E_BUSY: a share that
 * the receiver maps in its upper half: it ends when that ends, or with the receiver.
 */
int64_t sys_frame_revoke(uint64_t address, uint32_t order, uint32_t domain);

/*
 * Takes a piece (a frame, or a block claimed whole) of memory from the domain in `domain`
 * (RIGHT_CONTROL) by force: its access and mappings end, the caller owns it. Returns the address |
 * the order (ORDER_FRAME or ORDER_BLOCK), or 0: a whole pass has found nothing to take, and what
 * was taken is mapped there no more. What the domain named by DOMAIN_KEEP is only taken with `last`
 * 1. Kernel objects, page tables and devices stay. E_ARGUMENT: from oneself; `last`. E_LIMIT.
 */
int64_t sys_frame_reclaim(uint32_t domain, uint32_t last);

/*
 * Takes a run of device memory in the range of capability `range` (CAP_DEVICE, RIGHT_USE), with
 * rights (0: not accessible) and a cache type (doc/devices.md). The first claim in a block of 2 MiB
 * by frames, or in a GiB above RAM, also takes frames for records, which stay the caller's until
 * the last claim there ends: E_NO_MEMORY, E_LIMIT (of the account, or 64 such GiBs are in use).
 * E_ARGUMENT: no cache type (CACHE_*), or not the one the kernel itself uses there. E_NO_FRAME,
 * too: outside the range, at or above LOWER_HALF_END, RAM, or the kernel's. E_NOT_FREE.
 */
int64_t sys_frame_claim_device(uint32_t range, uint64_t address, uint32_t order, uint32_t rights,
                               uint32_t cache);

/* ---- Pages of the upper half ---- */

/*
 * Maps a run of frames at `at` in the upper half of `domain` (RIGHT_CONTROL), `at` aligned as the
 * run: in pages of 4 KiB below ORDER_BLOCK, else of 2 MiB. Bits 0-7 of `rights_order` are MAP_*,
 * the order is above. What: owned frames; shared ones, if the domain is the caller, which needs
 * MAP_WRITE of the share to write; the system page, read-only. E_HALF, E_MAPPED, E_LIMIT and the
 * errors of a run; E_WRITE_EXECUTE: both at once.
 */
int64_t sys_page_map(uint32_t domain, uint64_t at, uint64_t frame, uint32_t rights_order);

/* Undoes it. E_ARGUMENT (order), E_HALF, E_ALIGNMENT, E_NOT_MAPPED. */
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

/* Puts a capability with all rights for the domain whose object is the frame at `address` into
 * `slot`; for whoever holds the machine (CAP_MACHINE, RIGHT_CONTROL), so that no domain is out of
 * reach when nobody holds it any more. E_OCCUPIED. E_ARGUMENT: no domain is there. */
int64_t sys_domain_adopt(uint32_t slot, uint32_t machine, uint64_t address);

/*
 * Sets a property (DOMAIN_*) of a domain (RIGHT_CONTROL). DOMAIN_FRAME_LIMIT is handed over: what
 * the domain may own more, the caller may own less; its end gives all of it to its heir.
 * E_ARGUMENT: unknown property, a value out of its range, one's own limit. E_LIMIT: the caller has
 * not so much left, or the domain owns more already. E_RIGHTS: DOMAIN_PRIORITY_LIMIT above the
 * caller's own.
 */
int64_t sys_domain_set(uint32_t domain, uint32_t property, uint64_t value);

/* Ends a domain (RIGHT_CONTROL): threads stop, callers get E_GONE, frames become free, or its
 * creator's where others map them (init's, if that has ended). E_AGAIN: a bounded part is done,
 * call again. The stub here loops until 0. E_ARGUMENT: its own. */
int64_t sys_domain_destroy(uint32_t domain);

/* Makes a thread of `domain` (RIGHT_CONTROL) out of a frame; that domain owns it from then on. */
int64_t sys_thread_create(uint32_t slot, uint64_t frame, uint32_t domain);

/* Lets a new thread run at rip with rsp and rdi = argument. E_ARGUMENT: rip or rsp not in the
 * program area, or the thread has been started. */
int64_t sys_thread_start(uint32_t thread, uint64_t rip, uint64_t rsp, uint64_t argument);

/* Stops a thread (RIGHT_CONTROL), one's own too, wherever it runs or waits; a message call it waits
 * in ends with E_STOPPED, and whom it owes answers, other threads of its domain can still answer.
 * E_ARGUMENT: it is not started, or stopped already. */
int64_t sys_thread_stop(uint32_t thread);

/* Lets a thread (RIGHT_CONTROL) go on that was stopped, or stopped by a fault. E_ARGUMENT: it is
 * not stopped. */
int64_t sys_thread_resume(uint32_t thread);

/*
 * Sets a property of a thread (RIGHT_CONTROL; SLOT_NONE: of oneself): THREAD_PRIORITY (E_RIGHTS:
 * above the caller's DOMAIN_PRIORITY_LIMIT), THREAD_CPU, THREAD_FPU, or THREAD_REGISTER + one of
 * its registers, while it is stopped, not started, or waits for the answer to a fault (E_RUNNING:
 * else). E_ARGUMENT: unknown property; no such priority or CPU; rip outside the program area; rsp,
 * FS or GS not canonical; flags other than those user mode can change itself.
 */
int64_t sys_thread_set(uint32_t thread, uint32_t property, uint64_t value);

/* Reads six values (enum thread_register) of a thread (RIGHT_CONTROL; SLOT_NONE: of oneself), from
 * 6 * group on. Registers of a thread that runs, or waits in a message call, are those of an
 * earlier moment. E_ARGUMENT: no such group. */
int64_t sys_thread_read(uint32_t thread, uint32_t group, uint64_t values[THREAD_VALUES_PER_READ]);

/* E_ARGUMENT: not canonical. */
int64_t sys_thread_set_tls(uint64_t base);

int64_t sys_endpoint_create(uint32_t slot, uint64_t frame);

/* Ends an endpoint (RIGHT_CONTROL; whoever waits there or is queued gets E_GONE) or a thread
 * (not the caller's own: E_ARGUMENT). The frame stays with its owner, as memory. Of an endpoint
 * where many wait, the kernel ends a bounded part, E_AGAIN: the stub here loops until 0. */
int64_t sys_object_destroy(uint32_t slot);

/* ---- Capabilities ---- */

/*
 * Puts a copy of `from` (RIGHT_COPY) into slot `to` of `domain` (RIGHT_CONTROL): with no more
 * than `rights`, and, where the original has badge 0, with `badge`. For a range (interrupts,
 * ports, device memory) `badge` is instead the part to copy: its first line, port or frame number
 * (address / FRAME_BYTES) | how many << 32; 0: all of it. Of device memory, RANGE_OF_BLOCKS |
 * address / BLOCK_BYTES | how many << 32 is a part in blocks. E_OCCUPIED, E_ARGUMENT (reply
 * capabilities are not copied; a badge over a badge; a part outside the range).
 */
int64_t sys_slot_copy(uint32_t domain, uint32_t to, uint32_t from, uint32_t rights, uint64_t badge);

/*
 * Moves what slot `from` holds, as it is, into the empty slot `to` of `domain` (RIGHT_CONTROL), and
 * empties `from`. Within the caller's own table anything moves, reply capabilities too; into
 * another domain's table only what has RIGHT_COPY (E_RIGHTS), and no reply capability (E_ARGUMENT).
 * E_OCCUPIED: `to` holds a capability (as it does if it is `from`), or a thread that waits for
 * messages has named `from` for their reply capability. E_DEAD: what the capability in `from` was
 * for is gone.
 */
int64_t sys_slot_move(uint32_t domain, uint32_t to, uint32_t from);

/* Empties a slot. A caller waiting in it gets E_DROPPED. E_OCCUPIED: a thread that waits for
 * messages has named it for their reply capability. */
int64_t sys_slot_drop(uint32_t slot);

/* Returns type | rights << 8 of what slot `slot` of `domain` holds (0: empty). */
int64_t sys_slot_query(uint32_t domain, uint32_t slot);

/* ---- Inspecting: for whoever holds the machine with RIGHT_INSPECT (doc/inspecting.md) ---- */

/* What the frame table says of an address. */
struct frame_info {
    uint64_t end;   /* of the memory from the address on whose records say the same; not always
                       of all of it: a call looks at no more than 512 records */
    uint64_t owner; /* the owning domain's object, 0: nobody owns it */
    uint64_t tag;   /* eight characters. FRAME_DOMAIN: the domain's name; FRAME_TABLE: the virtual
                       address where it begins; other kernel objects and free memory: 0 */
    uint16_t mappings; /* user leaves that point to it; FRAME_TABLE: its user entries */
    uint8_t type;      /* enum frame_type */
    uint8_t cache;     /* CACHE_*; FRAME_TABLE: its level */
    uint8_t order;     /* of the piece a record covers: ORDER_FRAME or ORDER_BLOCK; of free memory
                          the order of the run the address is in. Free memory is the same whatever
                          the order, and every FRAME_DOMAIN ends for itself */
};

/*
 * Fills *info for the frame at `address`. 0, or E_ALIGNMENT, E_NO_FRAME: nothing that has a record
 * lies there or above (system_page.top is the end of RAM; device memory may lie above).
 */
int64_t sys_frame_query(uint32_t machine, uint64_t address, struct frame_info *info);

/* An entry of a page table (Intel SDM 3A, 4.5). */
struct page_info {
    uint64_t entry; /* as it is: PTE_AVL_* in cocos/memory_map.h */
    uint64_t table; /* the frame it is in */
    uint64_t count; /* how many entries of that table, from this one on, say the same: leaves of
                       consecutive addresses with the same bits, or not present for the same
                       reason. A table below is 1. Never across the two halves */
};

/*
 * Fills *info with the entry for `at` in the table of `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB, 4:
 * 512 GiB an entry) of the domain whose object is the frame `domain` (0: of the kernel's own
 * tables, which every domain's lower half starts as). 0, or E_ARGUMENT (no such level, an address
 * that is not canonical, no domain's object), E_DEAD (the domain is being ended), E_NOT_MAPPED
 * (the way to `at` ends above that level).
 */
int64_t sys_page_query(uint32_t machine, uint64_t domain, uint64_t at, uint32_t level,
                       struct page_info *info);

/* What a slot holds. */
struct slot_info {
    uint64_t object; /* its frame; ranges: the first line, port, or frame number */
    uint64_t count;  /* ranges: how many; else 1 */
    uint64_t badge;
    uint8_t type; /* enum capability_type; CAP_EMPTY: nothing, the rest is then 0 */
    uint8_t rights;
};

/* Fills *info for slot `slot` of the domain whose object is the frame `domain`. 0, or E_ARGUMENT
 * (no domain's object), E_DEAD (the domain is being ended, too), E_SLOT (no such slot, too). */
int64_t sys_slot_inspect(uint32_t machine, uint64_t domain, uint32_t slot, struct slot_info *info);

struct line_info {
    uint64_t endpoint; /* its frame; 0: the line is bound to none */
    uint64_t count;    /* of its interrupts since the start, while it was bound to any */
    uint32_t flags;    /* LINE_IS_* */
};

/* Fills *info for an interrupt line. 0, or E_ARGUMENT (no such number), E_UNSUPPORTED (this machine
 * has no such line). */
int64_t sys_line_query(uint32_t machine, uint32_t line, struct line_info *info);

/* Sets *thread to the frame of the thread that a CPU runs; of the caller's own CPU, to the one that
 * the timer interrupted last. 0: it was idle. It may have ended by now. Who sleeps for a moment
 * each time and asks sees how the CPU's time is spent. 0, or E_ARGUMENT: there is no such CPU. */
int64_t sys_cpu_query(uint32_t machine, uint32_t cpu, uint64_t *thread);

/* ---- Interrupts, ports, the machine ---- */

/* Interrupts of `line` (in the range of `interrupts`, RIGHT_USE) set signal bit `bit` (0-63) of
 * `endpoint` (RIGHT_RECEIVE). A level-triggered line then stays masked until sys_interrupt_ack, an
 * edge signals once more behind it if another came meanwhile. Binding once more to the same
 * endpoint begins anew, as for a driver that takes over. E_ARGUMENT, E_NOT_FREE (bound to another
 * endpoint), E_UNSUPPORTED (no such line on this machine). */
int64_t sys_interrupt_bind(uint32_t interrupts, uint32_t line, uint32_t endpoint, uint32_t bit);
int64_t sys_interrupt_ack(uint32_t interrupts, uint32_t line);

/*
 * What a device writes, and where, to interrupt by a message line (MSI, MSI-X; cocos/abi.h) that
 * is bound: returns the address | the data << 32. It stays so while the line
 * is bound. Such a line is an edge: messages that come before the acknowledgement signal once more
 * after it. E_ARGUMENT: not bound. E_UNSUPPORTED: no such line, or not one of messages.
 */
int64_t sys_interrupt_message(uint32_t interrupts, uint32_t line);
#define INTERRUPT_MESSAGE_ADDRESS(message) ((uint32_t)(message))
#define INTERRUPT_MESSAGE_DATA(message) ((uint32_t)((uint64_t)(message) >> 32))

/* Lets the calling domain use in and out on the ports of the range (RIGHT_USE).
 * E_LIMIT: it has enabled eight ranges already. */
int64_t sys_ports_enable(uint32_t ports);

/* A number about the machine (MACHINE_*). Needs CAP_MACHINE for MACHINE_CHECK only, with
 * RIGHT_INSPECT; pass SLOT_NONE for the rest. E_ARGUMENT. */
int64_t sys_machine_query(uint32_t machine, uint32_t what);

/* Prints up to 40 bytes at words 1-5 on the kernel's console: word 0 = CAP_MACHINE slot |
 * length << 32. E_ARGUMENT: length over 40. For init, until the console server runs. */
int64_t sys_machine_log(uint32_t machine, const char *text, uint32_t bytes);

#endif
