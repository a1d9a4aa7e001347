#include "sessions.h"

#include <stddef.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#define SESSIONS_MAX 32u
#define SESSIONS_PER_PROGRAM 8u
#define TABLES_PER_SESSION 64u

/* Where runs are mapped: each place of each session has one for a block. Behind the runs that
 * requests may name comes the ring. */
#define RUNS_AT MAP_U64(0xffffb00000000000)
#define RING BLOCK_RUNS_MAX
#define RUNS (BLOCK_RUNS_MAX + 1)

struct run {
    uint64_t address, bytes; /* bytes 0: the place is free */
    uint32_t order;
    bool writable;
    uint32_t in_use; /* by so many requests */
};

/* A request under way. */
struct job {
    struct transfer transfer; /* first */
    struct session *session;
    struct job *next; /* of the free ones */
    struct run *run;
    uint64_t id;
};

struct session {
    uint32_t program; /* 0: the place is free */
    uint64_t number;
    const struct disk *disk;
    struct run runs[RUNS];
    struct block_ring *ring; /* as this server sees it; NULL: none yet */
    uint32_t taken, answered;
    bool broken, closing;
    bool orphaned; /* the program has ended: what it shared is init's */
    uint32_t under_way;
    uint32_t tables;         /* taken for it */
    uint32_t waiter, closer; /* reply slots, or SLOT_NONE */
    uint32_t notify_slot;
    uint64_t notify_bits;
    bool changed; /* it is among those that sessions_tell goes through */
    struct session *next_changed;
    struct job *free;
    struct job jobs[BLOCK_RING_ENTRIES];
};

static struct session sessions[SESSIONS_MAX];
static struct session *changed;

/* Sessions are numbered from the time of the first on, which no two instances share; the lowest
 * eight bits are the place. */
static uint64_t last_number;

/* ---- Runs ---- */

static uint64_t place_of(const struct session *session, const struct run *run)
{
    uint64_t index = (uint64_t)(session - sessions) * RUNS + (uint64_t)(run - session->runs);
    return RUNS_AT + index * BLOCK_BYTES;
}

static void unmap(uint64_t at, uint32_t order)
{
    if (sys_page_unmap(SLOT_SELF, at, order) != E_NOT_MAPPED || order < ORDER_BLOCK)
        return;
    /* A block that the owner has claimed in frames. */
    sys_page_unmap(SLOT_SELF, at, ORDER_BLOCK - 1);
    sys_page_unmap(SLOT_SELF, at + BLOCK_BYTES / 2, ORDER_BLOCK - 1);
}

static int64_t map(const struct session *session, struct run *run, uint64_t word)
{
    uint32_t order = (uint32_t)MESSAGE_RUN_ORDER(word);
    uint32_t rights = MESSAGE_RUN_RIGHTS(word) & (MAP_READ | MAP_WRITE);
    if (word == 0 || order > ORDER_BLOCK)
        return E_ARGUMENT;
    uint64_t address = MESSAGE_RUN_ADDRESS(word), bytes = FRAME_BYTES << order;
    int64_t error = pages_place(SLOT_SELF, place_of(session, run), address, bytes, rights);
    if (error == E_NOT_OWNER)
        return E_NOT_GRANTED;
    if (error == OK)
        *run = (struct run){address, bytes, order, rights & MAP_WRITE, 0};
    return error;
}

/* The share ends; where another session has the run too, it stays for that. */
static void let_go(const struct session *session, struct run *run)
{
    struct message message = {.words = {INIT_DISCARD, run->address | run->order}};
    if (run->bytes == 0)
        return;
    unmap(place_of(session, run), run->order);
    sys_frame_revoke(run->address, run->order, SLOT_SELF);
    run->bytes = 0;
    if (session->orphaned)
        sys_call(SLOT_PARENT, &message);
}

static struct run *find_run(struct session *session, uint64_t address, uint64_t bytes)
{
    for (uint32_t i = 0; i < BLOCK_RUNS_MAX; i++) {
        struct run *run = &session->runs[i];
        if (address >= run->address && bytes <= run->bytes &&
            address - run->address <= run->bytes - bytes && run->bytes != 0)
            return run;
    }
    return NULL;
}

int64_t session_set_ring(struct session *session, uint64_t run)
{
    struct run *ring = &session->runs[RING];
    if (session->ring)
        return E_EXISTS;
    if (MESSAGE_RUN_ORDER(run) != ORDER_FRAME || !(MESSAGE_RUN_RIGHTS(run) & MAP_WRITE))
        return E_ARGUMENT;
    int64_t error = map(session, ring, run);
    if (error == OK)
        session->ring = (struct block_ring *)place_of(session, ring);
    return error;
}

int64_t session_add_memory(struct session *session, uint64_t run)
{
    for (uint32_t i = 0; i < BLOCK_RUNS_MAX; i++)
        if (session->runs[i].bytes == 0)
            return map(session, &session->runs[i], run);
    return E_FULL;
}

int64_t session_forget(struct session *session, uint64_t address)
{
    for (uint32_t i = 0; i < BLOCK_RUNS_MAX; i++) {
        struct run *run = &session->runs[i];
        if (run->bytes == 0 || run->address != address)
            continue;
        if (run->in_use)
            return E_BUSY;
        let_go(session, run);
        return OK;
    }
    return E_NAME;
}

int64_t session_fund(struct session *session)
{
    if (session->tables == TABLES_PER_SESSION)
        return E_FULL;
    int64_t error = table_fund(SLOT_SELF);
    session->tables += error == OK;
    return error;
}

/* ---- Opening and closing ---- */

int64_t sessions_open(uint32_t program, const struct disk *disk, uint64_t *number)
{
    struct session *session = NULL;
    uint32_t of_program = 0;
    if (last_number == 0)
        last_number = clock_now();
    for (uint32_t i = SESSIONS_MAX; i-- > 0;) {
        of_program += sessions[i].program == program;
        session = sessions[i].program == 0 ? &sessions[i] : session;
    }
    if (!session || of_program >= SESSIONS_PER_PROGRAM)
        return E_FULL;
    *session = (struct session){.program = program, .disk = disk};
    for (uint32_t i = BLOCK_RING_ENTRIES; i-- > 0;) {
        session->jobs[i].next = session->free;
        session->free = &session->jobs[i];
    }
    session->number = ++last_number << 8 | (uint64_t)(session - sessions);
    *number = session->number;
    return OK;
}

struct session *sessions_get(uint32_t program, uint64_t number)
{
    struct session *session = &sessions[(number & 0xff) % SESSIONS_MAX];
    bool is_his = session->program == program && session->number == number;
    return is_his && !session->closing ? session : NULL;
}

/* Who has ended leaves the capability behind. */
static void answer(uint32_t *slot, int64_t word0)
{
    struct message message = {.words = {(uint64_t)word0}};
    if (*slot == SLOT_NONE)
        return;
    if (sys_reply(*slot, &message) < 0)
        sys_slot_drop(*slot);
    slot_put(*slot);
    *slot = SLOT_NONE;
}

/* It is gone through once more, in sessions_tell. */
static void note(struct session *session)
{
    if (session->changed)
        return;
    session->changed = true;
    session->next_changed = changed;
    changed = session;
}

void session_close(struct session *session, uint32_t reply_slot)
{
    session->closing = true;
    session->closer = reply_slot;
    note(session);
}

static void free_session(struct session *session)
{
    for (uint32_t i = 0; i < RUNS; i++)
        let_go(session, &session->runs[i]);
    if (session->notify_slot != SLOT_NONE) {
        sys_slot_drop(session->notify_slot);
        slot_put(session->notify_slot);
    }
    answer(&session->waiter, E_NAME);
    answer(&session->closer, OK);
    session->program = 0;
}

bool sessions_any(void)
{
    for (uint32_t i = 0; i < SESSIONS_MAX; i++)
        if (sessions[i].program != 0)
            return true;
    return false;
}

void sessions_sweep(void)
{
    for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions[i];
        struct message message = {.words = {INIT_DOMAIN, session->program}};
        if (session->program == 0 || session->orphaned || sys_call(SLOT_PARENT, &message) < 0 ||
            (int64_t)message.words[0] != E_NAME)
            continue;
        session->orphaned = true;
        if (!session->closing)
            session_close(session, SLOT_NONE);
    }
}

/* ---- Requests and answers ---- */

static void put_answer(struct session *session, uint64_t id, int64_t error)
{
    struct block_ring *ring = session->ring;
    ring->answers[session->answered % BLOCK_RING_ENTRIES] = (struct block_answer){id, error};
    __atomic_store_n(&ring->answered, ++session->answered, __ATOMIC_RELEASE);
    note(session);
}

static void done(struct transfer *transfer, int64_t error)
{
    struct job *job = (struct job *)transfer;
    struct session *session = job->session;
    if (job->run)
        job->run->in_use--;
    session->under_way--;
    put_answer(session, job->id, error);
    job->next = session->free;
    session->free = job;
}

/* Of the disk's sectors it makes the drive's. OK, or the answer. */
static int64_t prepare(struct session *session, const struct block_request *request,
                       struct job *job)
{
    const struct disk *disk = session->disk;
    uint64_t bytes = (uint64_t)request->sectors * BLOCK_SECTOR_BYTES;
    bool is_flush = request->operation == BLOCK_FLUSH;
    if (!is_flush &&
        (request->sector > disk->sectors || request->sectors > disk->sectors - request->sector ||
         request->address % BLOCK_SECTOR_BYTES != 0))
        return E_ARGUMENT;
    job->session = session;
    job->id = request->id;
    job->run = is_flush ? NULL : find_run(session, request->address, bytes);
    job->transfer = (struct transfer){
        .operation = request->operation,
        .sectors = request->sectors,
        .sector = disk->first + request->sector,
        .address = request->address,
        .done = done,
    };
    int64_t error = drive_check(disk->drive, &job->transfer);
    if (error < 0 || is_flush)
        return error;
    if (!job->run)
        return E_NOT_GRANTED;
    return request->operation == BLOCK_READ && !job->run->writable ? E_RIGHTS : OK;
}

static void begin(struct session *session, const struct block_request *request)
{
    struct job *job = session->free;
    int64_t error = prepare(session, request, job);
    if (error < 0) {
        put_answer(session, request->id, error);
        return;
    }
    session->free = job->next;
    session->under_way++;
    if (job->run)
        job->run->in_use++;
    drive_start(session->disk->drive, &job->transfer);
}

/* Whether the counts can be. The client writes them; each is read once. */
static bool is_whole(const struct session *session, uint32_t submitted, uint32_t taken)
{
    uint32_t untaken = session->answered - taken;
    uint32_t new = submitted - session->taken;
    return untaken <= BLOCK_RING_ENTRIES &&
           new <= BLOCK_RING_ENTRIES &&untaken + session->under_way + new <= BLOCK_RING_ENTRIES;
}

int64_t session_submit(struct session *session)
{
    struct block_ring *ring = session->ring;
    if (!ring || session->broken)
        return E_ARGUMENT;
    uint32_t submitted = __atomic_load_n(&ring->submitted, __ATOMIC_ACQUIRE);
    uint32_t taken = __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE);
    if (!is_whole(session, submitted, taken)) {
        session->broken = true;
        return E_ARGUMENT;
    }
    while (session->taken != submitted) {
        volatile struct block_request *at = &ring->requests[session->taken % BLOCK_RING_ENTRIES];
        struct block_request request = {at->id, at->operation, at->sectors, at->sector,
                                        at->address};
        session->taken++;
        begin(session, &request);
    }
    return OK;
}

/* ---- Who hears of it ---- */

bool session_is_settled(const struct session *session)
{
    return session->under_way == 0 ||
           __atomic_load_n(&session->ring->taken, __ATOMIC_RELAXED) != session->answered;
}

int64_t session_wait(struct session *session, uint32_t reply_slot)
{
    if (session->waiter != SLOT_NONE)
        return E_EXISTS;
    session->waiter = reply_slot;
    return OK;
}

int64_t session_notify(struct session *session, uint32_t slot, uint64_t bits)
{
    if (bits == 0)
        return E_ARGUMENT;
    if (session->notify_slot != SLOT_NONE)
        return E_EXISTS;
    session->notify_slot = slot;
    session->notify_bits = bits;
    return OK;
}

void sessions_tell(void)
{
    while (changed) {
        struct session *session = changed;
        changed = session->next_changed;
        session->changed = false;
        if (session->closing && session->under_way == 0) {
            free_session(session);
            continue;
        }
        answer(&session->waiter, OK);
        if (session->notify_slot != SLOT_NONE)
            sys_signal(session->notify_slot, session->notify_bits);
    }
}
