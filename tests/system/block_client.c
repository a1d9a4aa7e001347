/*
 * A client of the block server, for tests/test_block.py: block_client HOW DISK [NUMBER].
 *
 * check:   every operation, many at once, and every refusal
 * kill:    writes and verifies the whole disk while it kills the server NUMBER times with requests
 *          under way
 * killer:  kills the server NUMBER times, whatever others are doing
 * fail:    expects requests to fail with E_DEVICE, and the server to go on
 * leave:   ends with requests under way
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/block.h>
#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PIECE_BYTES 4096u
#define PIECE_SECTORS (PIECE_BYTES / BLOCK_SECTOR_BYTES)
#define BUFFERS_ORDER ORDER_BLOCK
#define REQUESTS_PER_KILL 100u
#define KILL_PAUSE 20000000ull /* ns, at most */
#define PIECES_MAX 65536u

static unsigned failed;
static struct block block;
static uint64_t memory; /* a block: 512 pieces */

static void expect(int64_t expected, int64_t got, const char *what)
{
    if (expected == got)
        return;
    printf("FAILED: %s: %lld, %s\n", what, (long long)got, got < 0 ? error_name(got) : "");
    failed++;
}

static uint64_t take_memory(uint32_t order)
{
    int64_t got = block_claim(order);
    expect(1, got > 0, "memory");
    return (uint64_t)got;
}

static uint64_t *buffer(uint32_t index)
{
    return (uint64_t *)(memory + (uint64_t)index * PIECE_BYTES);
}

static uint64_t next_random(void)
{
    static uint64_t state = 0x5eed;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* ---- What is in a piece of the disk: its number, and how often it was written ---- */

static uint64_t word_of(uint32_t piece, uint32_t version, uint32_t index)
{
    uint64_t word = (uint64_t)piece << 32 | version;
    return (word + index) * 0x9e3779b97f4a7c15ull;
}

static void fill(uint64_t *words, uint32_t piece, uint32_t version)
{
    for (uint32_t i = 0; i < PIECE_BYTES / 8; i++)
        words[i] = version ? word_of(piece, version, i) : 0;
}

static bool holds(const uint64_t *words, uint32_t piece, uint32_t version)
{
    for (uint32_t i = 0; i < PIECE_BYTES / 8; i++)
        if (words[i] != (version ? word_of(piece, version, i) : 0))
            return false;
    return true;
}

/* ---- kill ---- */

static uint32_t versions[PIECES_MAX]; /* what was acknowledged last */
static bool busy[PIECES_MAX];
static struct {
    uint32_t piece;
    bool writes;
} asked[BLOCK_RING_ENTRIES];
static uint32_t piece_count, answered;

static void ask(uint32_t buffer_index, uint32_t piece, bool writes)
{
    struct block_request request = {
        .id = buffer_index,
        .operation = writes ? BLOCK_WRITE : BLOCK_READ,
        .sectors = PIECE_SECTORS,
        .sector = (uint64_t)piece * PIECE_SECTORS,
        .address = (uint64_t)buffer(buffer_index),
    };
    asked[buffer_index].piece = piece;
    asked[buffer_index].writes = writes;
    busy[piece] = true;
    if (writes)
        fill(buffer(buffer_index), piece, versions[piece] + 1);
    else
        memset(buffer(buffer_index), 0xee, PIECE_BYTES);
    expect(OK, block_submit(&block, &request), "a request");
}

/* Returns the buffer that is free again. */
static uint32_t await(void)
{
    struct block_answer answer = {.id = BLOCK_RING_ENTRIES};
    expect(OK, block_wait(&block, &answer), "waiting");
    expect(OK, answer.error, "an answer");
    if (answer.id >= BLOCK_RING_ENTRIES || failed > 10)
        exit(1);
    uint32_t index = (uint32_t)answer.id, piece = asked[index].piece;
    expect(1, busy[piece], "answered once");
    busy[piece] = false;
    answered++;
    if (asked[index].writes)
        versions[piece]++;
    else
        expect(1, holds(buffer(index), piece, versions[piece]), "what was written");
    return index;
}

static void kill_server(void)
{
    struct message message = {.words = {INIT_LIST}};
    uint64_t name[2] = {0};
    memcpy(name, "block", 5);
    for (uint64_t number = 1; number != 0; number = message.words[1] ? message.words[1] + 1 : 0) {
        message = (struct message){.words = {INIT_LIST, number}};
        if (sys_call(SLOT_PARENT, &message) < 0)
            break;
        bool lives = (uint32_t)message.words[2] <= PROGRAM_SERVES;
        if (!lives || memcmp(&message.words[4], name, sizeof name) != 0)
            continue;
        message = (struct message){.words = {INIT_KILL, message.words[1]}};
        expect(OK, sys_call(SLOT_PARENT, &message), "the call to kill");
        expect(OK, (int64_t)message.words[0], "killing");
        return;
    }
    expect(1, 0, "a server to kill");
}

static uint32_t idle_piece(void)
{
    uint32_t piece;
    do {
        piece = (uint32_t)(next_random() % piece_count);
    } while (busy[piece]);
    return piece;
}

static void verify_all(void)
{
    uint64_t sum = 0;
    for (uint32_t piece = 0; piece < piece_count; piece++) {
        expect(OK, block_read(&block, (uint64_t)piece * PIECE_SECTORS, PIECE_SECTORS, memory),
               "reading it all");
        expect(1, holds(buffer(0), piece, versions[piece]), "all that was written");
        for (uint32_t i = 0; i < PIECE_BYTES / 8; i++)
            sum += buffer(0)[i];
    }
    printf("block_client: sum %016llx\n", (unsigned long long)sum);
}

/* Writes all of the disk in order and, between that, reads and writes anywhere. */
static void kill_often(uint32_t kills)
{
    uint32_t free_buffers[BLOCK_RING_ENTRIES], free_count = BLOCK_RING_ENTRIES, in_order = 0;
    uint32_t total = kills * REQUESTS_PER_KILL, under_way = 0, killed = 0;
    piece_count = (uint32_t)(block.disk.sectors / PIECE_SECTORS);
    total = total < 3 * piece_count ? 3 * piece_count : total;
    for (uint32_t i = 0; i < BLOCK_RING_ENTRIES; i++)
        free_buffers[i] = i;
    for (uint32_t done = 0; done < total; done++) {
        if (free_count == 0)
            free_buffers[free_count++] = await();
        bool orderly = in_order < piece_count && !busy[in_order] && next_random() % 2;
        ask(free_buffers[--free_count], orderly ? in_order++ : idle_piece(),
            orderly || next_random() % 2);
        if ((uint64_t)(killed + 1) * total > (uint64_t)(done + 1) * (kills + 1) || killed == kills)
            continue;
        expect(OK, block_kick(&block), "telling the server");
        kill_server();
        killed++;
        under_way += block.under_way;
    }
    while (free_count++ < BLOCK_RING_ENTRIES)
        await();
    expect(total, answered, "one answer for each request");
    expect(OK, block_flush(&block), "a flush");
    verify_all();
    printf("block_client: %u requests, %u kills, %u under way, %u times attached again\n", total,
           killed, under_way, block.reattached);
}

static void kill_from_outside(uint32_t kills)
{
    for (uint32_t i = 0; i < kills; i++) {
        struct block_disk disk;
        uint32_t server = SLOT_NONE;
        /* From the moment on that it answers, at moments that differ. */
        expect(OK, block_list(&server, 0, &disk), "an instance that answers");
        sys_slot_drop(server);
        slot_put(server);
        sys_sleep(clock_now() + next_random() % KILL_PAUSE);
        kill_server();
    }
}

/* ---- check ---- */

static int64_t one(uint32_t operation, uint64_t sector, uint32_t sectors, uint64_t address)
{
    struct block_request request = {7, operation, sectors, sector, address};
    struct block_answer answer = {0};
    expect(OK, block_submit(&block, &request), "submitting");
    expect(OK, block_wait(&block, &answer), "waiting");
    expect(7, (int64_t)answer.id, "its id");
    return answer.error;
}

static void check_transfers(void)
{
    uint64_t last = block.disk.sectors - 1;
    for (uint32_t i = 0; i < 256; i++)
        fill(buffer(i), i, 3);
    expect(OK, block_write(&block, 0, 2048, memory), "writing 1 MiB");
    memset(buffer(256), 0, 256 * PIECE_BYTES);
    expect(OK, block_read(&block, 0, 2048, (uint64_t)buffer(256)), "reading 1 MiB");
    expect(0, memcmp(buffer(0), buffer(256), 256 * PIECE_BYTES), "what was written");
    expect(OK, one(BLOCK_WRITE, last, 1, memory + 512), "the last sector");
    expect(OK, one(BLOCK_READ, last, 1, (uint64_t)buffer(300) + 1024), "reading it");
    expect(0, memcmp((char *)buffer(0) + 512, (char *)buffer(300) + 1024, 512), "the same");
    expect(OK, block_flush(&block), "flushing");
}

static void check_refusals(void)
{
    uint64_t sectors = block.disk.sectors;
    expect(E_REQUEST, one(0, 0, 1, memory), "no operation");
    expect(E_REQUEST, one(77, 0, 1, memory), "no operation, either");
    expect(E_ARGUMENT, one(BLOCK_READ, sectors, 1, memory), "beyond the end");
    expect(E_ARGUMENT, one(BLOCK_WRITE, sectors - 1, 2, memory), "across the end");
    expect(E_ARGUMENT, one(BLOCK_READ, ~0ull, 2, memory), "far beyond the end");
    expect(E_ARGUMENT, one(BLOCK_READ, 0, 0, memory), "nothing");
    expect(E_ARGUMENT, one(BLOCK_READ, 0, BLOCK_SECTORS_MAX + 1, memory), "too much");
    expect(E_ARGUMENT, one(BLOCK_READ, 0, 1, memory + 8), "not aligned");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, 0), "memory at 0");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, 0x100000), "the kernel's memory");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, (uint64_t)block.ring), "the ring");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, memory - 512), "before it");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 2, memory + BLOCK_BYTES - 512), "across its end");
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, ~511ull), "the end of all addresses");
    expect(E_FULL, block_share(&block, 0x5000, ORDER_FRAME, MAP_READ) == E_NOT_OWNER ? E_FULL : OK,
           "sharing what is not owned");
}

static void check_memory(void)
{
    uint64_t other = take_memory(ORDER_FRAME);
    expect(E_NOT_GRANTED, one(BLOCK_READ, 0, 1, other), "memory that is not shared");
    expect(OK, block_share(&block, other, ORDER_FRAME, MAP_READ), "sharing to be read");
    expect(E_RIGHTS, one(BLOCK_READ, 0, 1, other), "read into what is shared to be read");
    expect(OK, one(BLOCK_WRITE, 4000, 1, other), "written from there");
    expect(E_BUSY, sys_frame_release(other, ORDER_FRAME), "released while it is shared");
    expect(OK, block_unshare(&block, other), "no longer shared");
    expect(E_NOT_GRANTED, one(BLOCK_WRITE, 0, 1, other), "written from there");
    expect(E_NAME, block_unshare(&block, other), "not shared twice");
    expect(OK, sys_frame_release(other, ORDER_FRAME), "released");
}

static int64_t call(uint32_t server, uint64_t request, uint64_t session, uint64_t run)
{
    struct message message = {.words = {request, session}, .send_run = run};
    int64_t got = sys_call(server, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

static void check_sessions(const char *name)
{
    static struct block more[8];
    uint32_t count = 0;
    int64_t error = OK;
    while (count < 8 && (error = block_open(&more[count], name)) == OK)
        count++;
    expect(E_FULL, error, "too many sessions");
    expect(7, count, "sessions of a program");
    expect(E_NAME, call(block.server, BLOCK_SUBMIT, more[0].session + 1, 0), "no session");
    expect(E_EXISTS,
           call(block.server, BLOCK_RING, more[0].session,
                MESSAGE_RUN(more[0].ring, ORDER_FRAME, MAP_READ | MAP_WRITE)),
           "a second ring");
    int64_t refusal = call(block.server, BLOCK_MEMORY, more[0].session,
                           MESSAGE_RUN(take_memory(ORDER_FRAME), ORDER_FRAME, MAP_READ));
    expect(1, refusal == E_NOT_GRANTED || refusal == E_ARGUMENT, "memory that is not shared");
    expect(E_ARGUMENT, call(block.server, BLOCK_MEMORY, more[0].session, 0), "no memory");
    expect(E_ARGUMENT, call(block.server, BLOCK_NOTIFY, more[0].session, 0), "no endpoint");
    expect(E_NAME, call(block.server, BLOCK_FORGET, more[0].session, 0), "forgetting nothing");
    more[1].ring->submitted += BLOCK_RING_ENTRIES + 1;
    expect(E_ARGUMENT, call(block.server, BLOCK_SUBMIT, more[1].session, 0), "more than fit");
    more[2].ring->taken++;
    expect(E_ARGUMENT, call(block.server, BLOCK_WAIT, more[2].session, 0), "taken, and not given");
    for (uint32_t i = 0; i < count; i++)
        expect(OK, block_close(&more[i]), "closing");
    expect(E_NAME, block_open(&more[0], "nosuchdisk"), "no disk");
    expect(E_REQUEST, call(block.server, 99, 0, 0), "no request");
}

/* Signals instead of waiting calls. */
static void check_signals(void)
{
    uint32_t endpoint = slot_take(), reply = slot_take();
    struct block_request request = {1, BLOCK_READ, 8, 0, memory};
    struct block_answer answer;
    struct message message = {0};
    int64_t frame = frame_take(0, tag_of("endpoint"));
    expect(OK, sys_endpoint_create(endpoint, (uint64_t)frame), "an endpoint");
    expect(OK, block_notify(&block, endpoint, 1 << 9), "asking for signals");
    expect(OK, block_submit(&block, &request), "submitting");
    expect(OK, block_kick(&block), "telling the server");
    expect(RECEIVED_SIGNAL, sys_wait(endpoint, reply, DEADLINE_NEVER, &message), "a signal");
    expect(1 << 9, (int64_t)message.words[0], "its bits");
    expect(1, block_take(&block, &answer), "an answer");
    expect(0, block_take(&block, &answer), "one only");
    expect(E_NAME, block_wait(&block, &answer), "nothing to wait for");
}

static void check(const char *name)
{
    check_transfers();
    check_refusals();
    check_memory();
    check_sessions(name);
    check_signals();
    expect(E_BUSY, sys_frame_release(memory, BUFFERS_ORDER), "released while it is shared");
    expect(OK, block_close(&block), "closing");
    expect(OK, sys_frame_release(memory, BUFFERS_ORDER), "released");
}

/* ---- fail, leave ---- */

static void fail(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        expect(E_DEVICE, one(BLOCK_READ, 2048, 8, memory), "reading what cannot be read");
        expect(E_DEVICE, one(BLOCK_WRITE, 2048, 8, memory), "writing what cannot be written");
        expect(OK, one(BLOCK_READ, 0, 8, memory), "reading what can");
    }
}

static void leave(void)
{
    for (uint32_t i = 0; i < BLOCK_RING_ENTRIES; i++) {
        struct block_request request = {i, BLOCK_READ, 512, i, memory};
        expect(OK, block_submit(&block, &request), "a request");
    }
    expect(OK, block_kick(&block), "telling the server");
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "killer") == 0) {
        kill_from_outside(argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 10);
        printf("block_client: %u failed\n", failed);
        return failed != 0;
    }
    int64_t error = block_open(&block, argv[2]);
    if (error < 0) {
        printf("block_client: %s: %s\n", argv[2], error_name(error));
        return 1;
    }
    memory = take_memory(BUFFERS_ORDER);
    expect(OK, block_share(&block, memory, BUFFERS_ORDER, MAP_READ | MAP_WRITE), "sharing");
    if (strcmp(argv[1], "kill") == 0)
        kill_often(argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 50);
    else if (strcmp(argv[1], "fail") == 0)
        fail();
    else if (strcmp(argv[1], "leave") == 0)
        leave();
    else
        check(argv[2]);
    printf("block_client: %u failed\n", failed);
    return failed != 0;
}
