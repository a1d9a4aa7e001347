/* Disks, for programs (contracts: cocos/block.h). */
#include <cocos/block.h>

#include <stddef.h>

#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

/* A new page of the server's needs at most three tables. */
#define TABLES_PER_GRANT 4
/* Each try but the first is for an instance that has ended while it was talked to. */
#define TRIES_MAX 1000

/* Whether another instance may do what this one did not. */
static bool has_ended(int64_t error)
{
    return error == E_GONE || error == E_DEAD;
}

static int64_t call(uint32_t server, struct message *message)
{
    int64_t got = sys_call(server, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

/* ---- Which disks there are ---- */

static int64_t describe(uint32_t server, uint64_t number, struct block_disk *disk)
{
    struct message message = {.words = {BLOCK_DISK, number}};
    int64_t error = call(server, &message);
    if (error < 0)
        return error;
    *disk = (struct block_disk){
        .sectors = message.words[3],
        .first = message.words[5],
        .flags = (uint32_t)message.words[4],
        .type = (uint32_t)(message.words[4] >> 32),
    };
    __builtin_memcpy(disk->name, &message.words[1], sizeof disk->name);
    disk->name[BLOCK_NAME_BYTES - 1] = 0;
    return OK;
}

static int64_t find_server(uint32_t *server)
{
    return *server == SLOT_NONE ? service_find("block", server) : OK;
}

/* It is found anew: the capability is for an endpoint that has ended. */
static void forget_server(uint32_t *server)
{
    sys_slot_drop(*server);
    slot_put(*server);
    *server = SLOT_NONE;
}

int64_t block_list(uint32_t *server, uint64_t number, struct block_disk *disk)
{
    for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
        int64_t error = find_server(server);
        if (error == OK)
            error = describe(*server, number, disk);
        if (error == E_DEAD)
            forget_server(server);
        else if (error != E_GONE)
            return error;
    }
    return E_GONE;
}

/* ---- Attaching ---- */

static int64_t ask(const struct block *block, enum block_call request, uint64_t word2)
{
    struct message message = {.words = {request, block->session, word2}};
    return call(block->server, &message);
}

/* The slot is for the server's domain. */
static int64_t share_with(const struct block *block, uint32_t domain, enum block_call request,
                          uint64_t address, uint32_t order, uint32_t rights)
{
    uint32_t tables = 0;
    int64_t error;
    while ((error = sys_frame_grant(address, order, domain, rights | GRANT_SHARE)) == E_NO_TABLES &&
           tables++ < TABLES_PER_GRANT) {
        error = ask(block, BLOCK_TABLES, 0);
        if (error < 0)
            return error;
    }
    /* Another session may have shared it already. */
    bool is_new = error == OK;
    if (error < 0 && error != E_MAPPED)
        return error;
    struct message message = {
        .words = {request, block->session},
        .send_run = MESSAGE_RUN(address, order, rights),
    };
    error = call(block->server, &message);
    if (error < 0 && is_new)
        sys_frame_revoke(address, order, domain);
    return error;
}

static int64_t tell_notify(const struct block *block)
{
    struct message message = {
        .words = {BLOCK_NOTIFY, block->session, block->notify_bits},
        .send_slot = block->notify_slot,
    };
    return block->notify_slot == SLOT_NONE ? OK : call(block->server, &message);
}

static void put(struct block *block, uint32_t index)
{
    uint32_t at = block->submitted % BLOCK_RING_ENTRIES;
    block->ring->requests[at] = block->entries[index].request;
    block->ring->requests[at].id = index;
    __atomic_store_n(&block->ring->submitted, ++block->submitted, __ATOMIC_RELEASE);
}

/* The next answer in the ring: its entry. The server is not believed that it was asked, nor that it
 * has answered more than it could. */
static bool next_answer(struct block *block, uint32_t *index)
{
    for (uint32_t i = 0; i < BLOCK_RING_ENTRIES; i++) {
        if (__atomic_load_n(&block->ring->answered, __ATOMIC_ACQUIRE) == block->taken)
            return false;
        struct block_answer answer = block->ring->answers[block->taken % BLOCK_RING_ENTRIES];
        __atomic_store_n(&block->ring->taken, ++block->taken, __ATOMIC_RELEASE);
        if (answer.id >= BLOCK_RING_ENTRIES ||
            block->entries[answer.id].state != BLOCK_IS_UNDER_WAY)
            continue;
        *index = (uint32_t)answer.id;
        block->entries[answer.id].error = answer.error;
        block->entries[answer.id].state = BLOCK_IS_ANSWERED;
        return true;
    }
    return false;
}

/* Keeps what the instance that has ended answered; the rest is asked for again. */
static void begin_ring(struct block *block)
{
    uint32_t index;
    while (next_answer(block, &index))
        block->kept++;
    block->submitted = block->taken = 0;
    block->ring->submitted = block->ring->taken = block->ring->answered = 0;
    for (uint32_t i = 0; i < BLOCK_RING_ENTRIES; i++)
        if (block->entries[i].state == BLOCK_IS_UNDER_WAY)
            put(block, i);
}

static int64_t share_memory(const struct block *block, uint32_t domain, uint32_t index)
{
    if (!block->memory[index].address)
        return OK;
    return share_with(block, domain, BLOCK_MEMORY, block->memory[index].address,
                      block->memory[index].order, block->memory[index].rights);
}

static int64_t share_all(struct block *block, uint32_t domain)
{
    begin_ring(block);
    int64_t error = share_with(block, domain, BLOCK_RING, (uint64_t)block->ring, ORDER_FRAME,
                               MAP_READ | MAP_WRITE);
    for (uint32_t i = 0; i < BLOCK_RUNS_MAX && error == OK; i++)
        error = share_memory(block, domain, i);
    return error == OK ? tell_notify(block) : error;
}

/* Puts a capability for the server's domain, to grant to, into a slot taken for it. */
static int64_t get_domain(const struct block *block, uint32_t *domain)
{
    *domain = slot_take();
    if (*domain == SLOT_NONE)
        return E_FULL;
    struct message message = {.words = {BLOCK_DOMAIN, block->session}, .receive_slot = *domain};
    return call(block->server, &message);
}

static void drop_domain(uint32_t domain)
{
    sys_slot_drop(domain);
    slot_put(domain);
}

static int64_t open_session(struct block *block)
{
    struct block_disk now;
    struct message message = {.words = {BLOCK_ATTACH}};
    __builtin_memcpy(&message.words[1], block->disk.name, BLOCK_NAME_BYTES);
    int64_t error = call(block->server, &message);
    if (error < 0)
        return error;
    block->session = message.words[1];
    error = describe(block->server, message.words[2], &now);
    if (error < 0)
        return error == E_NAME ? E_GONE : error;
    if (block->ring && (now.sectors != block->disk.sectors || now.first != block->disk.first))
        return E_DEVICE;
    block->disk = now;
    return OK;
}

int64_t block_claim(uint32_t order)
{
    uint32_t tables = 0;
    int64_t got;
    uint64_t zone = ZONE_BELOW_4G;
    bool again = true;
    while (again) {
        got = sys_frame_claim(zone, order, MAP_READ | MAP_WRITE, INHERITED_TAG);
        again = false;
        if (got == E_NO_MEMORY && zone == ZONE_BELOW_4G) {
            zone = ZONE_ANY;
            again = true;
        } else if (got == E_NO_TABLES && tables++ < TABLES_PER_GRANT) {
            got = table_fund(SLOT_SELF);
            again = got == OK;
        }
    }
    return got;
}

static int64_t make_ring(struct block *block)
{
    int64_t frame = block->ring ? OK : block_claim(ORDER_FRAME);
    if (frame > 0)
        block->ring = (void *)frame;
    return frame < 0 ? frame : OK;
}

/* Behind open_session. */
static int64_t fill_session(struct block *block)
{
    uint32_t domain;
    int64_t error = make_ring(block);
    if (error < 0)
        return error;
    error = get_domain(block, &domain);
    if (error == OK)
        error = share_all(block, domain);
    drop_domain(domain);
    /* The session is not known any more: this was the next instance already. */
    return error == E_NAME ? E_GONE : error;
}

static int64_t attach_once(struct block *block)
{
    int64_t error = find_server(&block->server);
    if (error == OK)
        error = open_session(block);
    if (error == OK)
        error = fill_session(block);
    if (error < 0 && !has_ended(error))
        ask(block, BLOCK_DETACH, 0);
    if (error == E_DEAD)
        forget_server(&block->server);
    return error;
}

static int64_t attach(struct block *block)
{
    for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
        int64_t error = attach_once(block);
        block->attached = error == OK;
        if (!has_ended(error))
            return error;
    }
    return E_GONE;
}

/* Asks, and attaches to the next instance where this one has ended; E_AGAIN: to ask that. A session
 * that there is not is one of another instance's. */
static int64_t ask_attached(struct block *block, enum block_call request, uint64_t word2)
{
    int64_t error = block->attached ? ask(block, request, word2) : E_GONE;
    if (!has_ended(error) && error != E_NAME)
        return error;
    if (error == E_DEAD)
        forget_server(&block->server);
    block->attached = false;
    error = attach(block);
    block->reattached += error == OK;
    return error == OK ? E_AGAIN : error;
}

/* Something was told to the server with this result; what it is is in *block, so that the next
 * instance is told as it is attached to. */
static int64_t settle(struct block *block, int64_t error)
{
    if (!has_ended(error) && error != E_NAME)
        return error;
    error = ask_attached(block, BLOCK_SUBMIT, 0);
    return error == E_AGAIN ? OK : error;
}

/* ---- Opening, closing, memory ---- */

int64_t block_open(struct block *block, const char *name)
{
    *block = (struct block){0};
    for (uint32_t i = 0; name[i]; i++) {
        if (i == BLOCK_NAME_BYTES - 1)
            return E_NAME;
        block->disk.name[i] = name[i];
    }
    for (uint32_t i = 0; i < BLOCK_RING_ENTRIES; i++)
        block->free_entries[i] = (uint8_t)(BLOCK_RING_ENTRIES - 1 - i);
    int64_t error = attach(block);
    if (error < 0)
        block_close(block);
    return error;
}

int64_t block_close(struct block *block)
{
    int64_t error = block->server == SLOT_NONE ? OK : ask(block, BLOCK_DETACH, 0);
    if (block->server != SLOT_NONE)
        forget_server(&block->server);
    if (block->ring)
        sys_frame_release((uint64_t)block->ring, ORDER_FRAME);
    *block = (struct block){0};
    return has_ended(error) || error == E_NAME ? OK : error;
}

/* Place `index` holds what is to be shared. */
static int64_t share_place(const struct block *block, uint32_t index)
{
    uint32_t domain;
    int64_t error = get_domain(block, &domain);
    if (error == OK)
        error = share_memory(block, domain, index);
    drop_domain(domain);
    return error;
}

int64_t block_share(struct block *block, uint64_t address, uint32_t order, uint32_t rights)
{
    uint32_t index = 0;
    while (index < BLOCK_RUNS_MAX && block->memory[index].address)
        index++;
    if (index == BLOCK_RUNS_MAX || address == 0)
        return address == 0 ? E_ARGUMENT : E_FULL;
    block->memory[index].address = address;
    block->memory[index].order = order;
    block->memory[index].rights = rights;
    int64_t error = block->attached ? share_place(block, index) : E_GONE;
    error = settle(block, error);
    if (error < 0)
        block->memory[index].address = 0;
    return error;
}

int64_t block_unshare(struct block *block, uint64_t address)
{
    for (uint32_t i = 0; i < BLOCK_RUNS_MAX; i++) {
        if (block->memory[i].address != address || address == 0)
            continue;
        int64_t error;
        do {
            error = ask_attached(block, BLOCK_FORGET, address);
        } while (error == E_AGAIN);
        if (error == OK)
            block->memory[i].address = 0;
        return error;
    }
    return E_NAME;
}

int64_t block_notify(struct block *block, uint32_t endpoint, uint64_t bits)
{
    if (block->notify_slot != SLOT_NONE)
        return E_EXISTS;
    block->notify_slot = endpoint;
    block->notify_bits = bits;
    int64_t error = block->attached ? tell_notify(block) : E_GONE;
    error = settle(block, error);
    if (error < 0)
        block->notify_slot = SLOT_NONE;
    return error;
}

/* ---- Requests ---- */

int64_t block_submit(struct block *block, const struct block_request *request)
{
    if (block->under_way == BLOCK_RING_ENTRIES)
        return E_FULL;
    uint32_t index = block->free_entries[BLOCK_RING_ENTRIES - 1 - block->under_way++];
    block->entries[index].request = *request;
    block->entries[index].state = BLOCK_IS_UNDER_WAY;
    put(block, index);
    return OK;
}

/* What was put before the server ended is put again as it is attached to. */
int64_t block_kick(struct block *block)
{
    int64_t error;
    do {
        error = ask_attached(block, BLOCK_SUBMIT, 0);
    } while (error == E_AGAIN);
    return error;
}

static void hand_out(struct block *block, uint32_t index, struct block_answer *answer)
{
    *answer = (struct block_answer){block->entries[index].request.id, block->entries[index].error};
    block->entries[index].state = BLOCK_IS_FREE;
    block->free_entries[BLOCK_RING_ENTRIES - block->under_way--] = (uint8_t)index;
}

bool block_take(struct block *block, struct block_answer *answer)
{
    uint32_t index = 0;
    if (block->kept > 0) {
        while (block->entries[index].state != BLOCK_IS_ANSWERED)
            index++;
        block->kept--;
    } else if (!block->ring || !next_answer(block, &index)) {
        return false;
    }
    hand_out(block, index, answer);
    return true;
}

int64_t block_wait(struct block *block, struct block_answer *answer)
{
    while (!block_take(block, answer)) {
        int64_t error = block->under_way == 0 ? E_NAME : ask_attached(block, BLOCK_WAIT, 0);
        if (error < 0 && error != E_AGAIN)
            return error;
    }
    return OK;
}

/* ---- One at a time ---- */

static int64_t do_one(struct block *block, const struct block_request *request)
{
    struct block_answer answer;
    int64_t error = block_submit(block, request);
    if (error == OK)
        error = block_wait(block, &answer);
    return error == OK ? answer.error : error;
}

static int64_t transfer(struct block *block, struct block_request request, uint64_t sectors)
{
    int64_t error = OK;
    while (sectors > 0 && error == OK) {
        request.sectors = sectors < BLOCK_SECTORS_MAX ? (uint32_t)sectors : BLOCK_SECTORS_MAX;
        error = do_one(block, &request);
        request.sector += request.sectors;
        request.address += (uint64_t)request.sectors * BLOCK_SECTOR_BYTES;
        sectors -= request.sectors;
    }
    return error;
}

int64_t block_read(struct block *block, uint64_t sector, uint64_t sectors, uint64_t address)
{
    struct block_request request = {.operation = BLOCK_READ, .sector = sector, .address = address};
    return transfer(block, request, sectors);
}

int64_t block_write(struct block *block, uint64_t sector, uint64_t sectors, uint64_t address)
{
    struct block_request request = {.operation = BLOCK_WRITE, .sector = sector, .address = address};
    return transfer(block, request, sectors);
}

int64_t block_flush(struct block *block)
{
    struct block_request request = {.operation = BLOCK_FLUSH};
    return do_one(block, &request);
}
