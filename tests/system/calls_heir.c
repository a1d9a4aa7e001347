/*
 * Restart: a server keeps a linked structure with raw pointers in frames that it has granted to a
 * keeper. It ends: by its own fault, by whoever holds it, or in the midst of a change. Frames that
 * are still granted pass to the heir, all others are free; the heir finds them again and gives them
 * to a new instance at the same addresses, which walks the structure and goes on with it.
 */
#include <stdbool.h>

#include "tests/system/clone.h"
#include "tests/system/list.h"

#define RW (MAP_READ | MAP_WRITE)
#define ENDPOINT 20 /* where servers report, and their faults */
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define SERVER 24
#define KEEPER 25
#define KEEPER_THREAD 26
#define CHILD 27
#define KEEPER_ENDPOINT 28
#define KEPT_REPLY 29

/* Slots of the other domains. */
#define ITS_ENDPOINT 3
#define ITS_KEEPER 4 /* a domain, to grant to */
#define ITS_CHILD 5

#define SMALL_ORDER 3 /* eight frames, beside a block */
#define SMALL_BYTES (FRAME_BYTES << SMALL_ORDER)
#define TAG_LIST TAG8('l', 'i', 's', 't', 0, 0, 0, 0)
#define UPPER (MAPPINGS_START + 16 * BLOCK_BYTES)

#define MOST_NODES (BLOCK_BYTES / 2 / sizeof(struct node))

/* How the server goes on after its report. */
enum { WAIT, FAULT, GROW };

/* Words of the server's report. */
enum { SUM, ROOT, BLOCK, PRIVATE, ERROR };

/* The first bytes of the small run: what a new instance needs to know. */
struct root {
    struct node *first, *last; /* in the block; all published nodes are linked from the first */
    struct node *made_whole;   /* a list over the small run and the block's first half */
};

static uint64_t self; /* the own domain's object */

/* ---- The server ---- */

/* Adds nodes until there is no room: each is whole before it can be reached. */
static void grow(struct root *root, uint64_t end)
{
    for (struct node *node = root->last + 1; (uint64_t)node < end; node++) {
        *node = (struct node){NULL, root->last->value + 1};
        __atomic_store_n(&root->last->next, node, __ATOMIC_RELEASE);
        __atomic_store_n(&root->last, node, __ATOMIC_RELEASE);
    }
}

/* A new server claims its frames and fills them. */
static int64_t build(uint64_t *words)
{
    int64_t small = sys_frame_claim(ZONE_ANY, SMALL_ORDER, RW, TAG_LIST);
    int64_t block = sys_frame_claim(ZONE_ANY, ORDER_BLOCK, RW, TAG_LIST);
    int64_t private = sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, TAG_LIST);
    if (small < 0 || block < 0 || private < 0) {
        return E_NO_MEMORY;
    }
    struct root *root = (struct root *)small;
    struct node *half = list_make((uint64_t)block, BLOCK_BYTES / 2, 1000, NULL);
    root->made_whole = list_make((uint64_t)small + FRAME_BYTES, SMALL_BYTES - FRAME_BYTES, 5, half);
    root->first = root->last = (struct node *)((uint64_t)block + BLOCK_BYTES / 2);
    *root->first = (struct node){NULL, 0};
    words[ROOT] = (uint64_t)small;
    words[PRIVATE] = (uint64_t) private;
    return OK;
}

/* `argument`: the root that an earlier instance left, or 0; and the rights to grant with. */
static void server(uint64_t argument)
{
    struct message message = {.words = {0}};
    uint64_t *words = message.words, rights = argument % FRAME_BYTES;
    words[ROOT] = argument - rights;
    words[ERROR] = words[ROOT] == 0 ? (uint64_t)build(words) : OK;
    struct root *root = (struct root *)words[ROOT];
    words[BLOCK] = (uint64_t)root->first & ~(BLOCK_BYTES - 1);
    words[SUM] = list_sum(root->made_whole);
    if (words[ERROR] == OK) {
        words[ERROR] =
            (uint64_t)sys_frame_grant(words[ROOT], SMALL_ORDER, ITS_KEEPER, (uint32_t)rights);
    }
    if (words[ERROR] == OK) {
        words[ERROR] =
            (uint64_t)sys_frame_grant(words[BLOCK], ORDER_BLOCK, ITS_KEEPER, (uint32_t)rights);
    }
    uint64_t end = words[BLOCK] + BLOCK_BYTES;
    sys_call(ITS_ENDPOINT, &message);
    if (words[0] == FAULT) {
        *(volatile uint64_t *)0 = 1;
    }
    if (words[0] == GROW) {
        grow(root, end);
    }
    for (;;) {
        sys_yield();
    }
}

/* ---- Others ---- */

/* The keeper only looks: the list that begins at word 0, whenever asked. */
static void keeper(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    while (sys_call(ITS_ENDPOINT, &message) == OK) {
        message = (struct message){.words = {list_sum((struct node *)message.words[0])}};
    }
}

/* Makes a domain of its own, and sends a capability for it. */
static void creator(uint64_t unused)
{
    (void)unused;
    uint64_t frames[3];
    for (unsigned i = 0; i < 3; i++) {
        frames[i] = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 0);
    }
    struct message message = {.send_slot = ITS_CHILD};
    message.words[0] = (uint64_t)sys_domain_create(ITS_CHILD, frames[0], frames[1], frames[2]);
    if (message.words[0] == OK) {
        message.words[0] = (uint64_t)sys_domain_set(ITS_CHILD, DOMAIN_FRAME_LIMIT, 100);
    }
    sys_call(ITS_ENDPOINT, &message);
}

/* ---- The supervisor ---- */

static void start_server(uint64_t rights, uint32_t keeper_domain, const uint64_t *left)
{
    clone_make(SERVER, 4096);
    EXPECT(OK, sys_domain_set(SERVER, DOMAIN_FAULT_ENDPOINT, CLIENT));
    EXPECT(OK, sys_slot_copy(SERVER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(SERVER, ITS_KEEPER, keeper_domain, RIGHT_GRANT, 0));
    fund(SERVER, 8);
    if (left != NULL) {
        EXPECT(OK, sys_frame_give(left[ROOT], SMALL_ORDER, SERVER, RW));
        EXPECT(OK, sys_frame_give(left[BLOCK], ORDER_BLOCK, SERVER, RW));
    }
    clone_start(SERVER, THREAD, server, (left != NULL ? left[ROOT] : 0) | rights);
}

static void await(uint32_t endpoint, struct message *message)
{
    EXPECT(RECEIVED_CALL, sys_wait(endpoint, REPLY, DEADLINE_NEVER, message));
}

static void end_server(void)
{
    clone_end(SERVER, THREAD);
    if (sys_slot_query(SLOT_SELF, REPLY) != CAP_EMPTY) {
        EXPECT(OK, sys_slot_drop(REPLY));
    }
}

/* How many frames with the list's tag the domain `owner` has: found as a supervisor would that was
 * not told their names, by owner and tag. */
static uint64_t frames_of_list(uint64_t owner)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    uint64_t frames = 0;
    struct frame_info info;
    for (uint64_t at = 0; at < system->top; at = info.end) {
        EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, at, &info));
        if (info.tag == TAG_LIST && info.owner == owner) {
            frames += (info.end - at) >> FRAME_SHIFT;
        }
    }
    return frames;
}

/* What the keeper has passed to the heir, every frame of it; what nobody has is free. */
static void check_inherited(const uint64_t *left)
{
    for (uint64_t offset = 0; offset < SMALL_BYTES; offset += FRAME_BYTES) {
        EXPECT(self, owner_of(left[ROOT] + offset));
    }
    EXPECT(self, owner_of(left[BLOCK]));
    EXPECT(FRAMES_PER_BLOCK + (1 << SMALL_ORDER), frames_of_list(self));
}

static void release_list(const uint64_t *left)
{
    EXPECT(OK, sys_frame_release(left[ROOT], SMALL_ORDER));
    EXPECT(OK, sys_frame_release(left[BLOCK], ORDER_BLOCK));
    EXPECT(0, frames_of_list(self));
}

/* ---- Restart; the heir itself is the keeper ---- */

static void test_restart(uint64_t how, uint64_t rights)
{
    struct message report = {.words = {0}};
    uint64_t before = ledger();
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 4096));
    start_server(rights, SLOT_SELF, NULL);
    await(ENDPOINT, &report);
    const struct message first = report;
    const uint64_t *left = first.words;
    const struct root *root = (const struct root *)left[ROOT];
    EXPECT(OK, left[ERROR]);
    EXPECT(left[SUM], list_sum(root->made_whole));
    EXPECT(E_NOT_OWNER, sys_frame_release(left[ROOT], SMALL_ORDER));

    report.words[0] = how;
    EXPECT(OK, sys_reply(REPLY, &report));
    if (how == FAULT) {
        await(ENDPOINT, &report);
        EXPECT(FAULT_MESSAGE + 14, report.words[FAULT_WORD_KIND]);
        EXPECT(0, report.words[FAULT_WORD_ADDRESS]);
    }
    end_server();
    check_inherited(left);
    EXPECT(0, owner_of(left[PRIVATE]));
    EXPECT(left[SUM], list_sum(root->made_whole)); /* what was granted is there all the time */

    start_server(rights, SLOT_SELF, left);
    await(ENDPOINT, &report);
    EXPECT(left[SUM], report.words[SUM]);
    EXPECT(left[ROOT], report.words[ROOT]);
    EXPECT(OK, report.words[ERROR]); /* giving ended the heir's access: it was granted again */
    end_server();
    check_inherited(left);
    release_list(left);
    EXPECT(before, ledger());
}

/* ---- In the midst of a change ---- */

/* All nodes that can be reached are whole; returns how many there are. */
static uint64_t check_growing(const struct root *root)
{
    uint64_t count = 0;
    for (const struct node *node = root->first; node != NULL; node = node->next) {
        if (node->value != count) {
            EXPECT(count, node->value);
            break;
        }
        count++;
    }
    return count;
}

/* Lets the server run, turn after turn, until there are more than `count` nodes or no room: on a
 * machine that is busy, a turn may be over before it has begun to write. */
static void let_grow(const struct root *root, uint64_t count)
{
    for (unsigned turns = 0; turns < 1000; turns++) {
        sys_yield();
        const struct node *last = __atomic_load_n(&root->last, __ATOMIC_ACQUIRE);
        if (last->value + 1 > count || last->value + 1 == MOST_NODES) {
            return;
        }
    }
}

static void test_in_the_middle(void)
{
    struct message first = {.words = {0}}, report = {.words = {0}};
    uint64_t count = 1;
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 4096));
    start_server(MAP_READ, SLOT_SELF, NULL);
    await(ENDPOINT, &first);
    for (unsigned instance = 0; instance < 3; instance++) {
        /* It adds to the list as long as its turn lasts. */
        report.words[0] = GROW;
        EXPECT(OK, sys_reply(REPLY, &report));
        let_grow((const struct root *)first.words[ROOT], count);
        end_server();
        check_inherited(first.words);
        uint64_t now = check_growing((const struct root *)first.words[ROOT]);
        EXPECT(1, now > count || now == MOST_NODES);
        count = now;
        start_server(MAP_READ, SLOT_SELF, first.words);
        await(ENDPOINT, &report);
        EXPECT(first.words[SUM], report.words[SUM]);
    }
    end_server();
    release_list(first.words);
}

/* ---- Another domain is the keeper ---- */

/* What the keeper reads, who waits in REPLY. */
static uint64_t kept_sum(const struct root *root)
{
    struct message message = {.words = {(uint64_t)root->made_whole}};
    EXPECT(OK, sys_reply(REPLY, &message));
    await(KEEPER_ENDPOINT, &message);
    return message.words[0];
}

static void test_keeper(void)
{
    struct message report = {.words = {0}}, message = {.words = {0}};
    EXPECT(OK, sys_endpoint_create(KEEPER_ENDPOINT, claim_object()));
    uint64_t object = clone_make(KEEPER, 4096);
    EXPECT(OK, sys_slot_copy(KEEPER, ITS_ENDPOINT, KEEPER_ENDPOINT, RIGHT_SEND, 0));
    EXPECT(OK, sys_domain_set(KEEPER, DOMAIN_ACCEPT, 4096));
    fund(KEEPER, 8);
    clone_start(KEEPER, KEEPER_THREAD, keeper, 0);
    start_server(MAP_READ, KEEPER, NULL);
    await(ENDPOINT, &report);
    EXPECT(OK, sys_slot_drop(REPLY));
    await(KEEPER_ENDPOINT, &message);
    const uint64_t *left = report.words;
    /* Main never had access to the list, so it looks through the block's owner, step by step. */
    struct root root = {.made_whole = (struct node *)(left[ROOT] + FRAME_BYTES)};
    int64_t result;
    unsigned steps = 0;
    do {
        result = destroy_step(SERVER);
        if (steps++ % 4 == 0) {
            EXPECT(left[SUM], kept_sum(&root));
        }
    } while (result == E_AGAIN);
    EXPECT(OK, result);
    EXPECT(1, steps > 3);
    EXPECT(OK, sys_slot_drop(SERVER));
    EXPECT(OK, sys_slot_drop(THREAD));
    check_inherited(left);
    EXPECT(0, kind_of(self, left[ROOT], SMALL_ORDER));
    EXPECT(PTE_AVL_LENT, kind_of(object, left[ROOT], SMALL_ORDER));

    /* The new instance finds the keeper's grant as it was; as the owner it can end it. */
    EXPECT(OK, sys_slot_copy(SLOT_SELF, KEPT_REPLY, KEEPER, RIGHT_GRANT, 0));
    EXPECT(OK, sys_frame_revoke(left[BLOCK], ORDER_BLOCK, KEPT_REPLY));
    EXPECT(OK, sys_frame_grant(left[BLOCK], ORDER_BLOCK, KEEPER, MAP_READ));
    EXPECT(left[SUM], kept_sum(&root));
    EXPECT(OK, sys_slot_drop(KEPT_REPLY));
    clone_end(KEEPER, KEEPER_THREAD);
    EXPECT(OK, sys_slot_drop(REPLY));
    release_list(left);
    EXPECT(OK, sys_object_destroy(KEEPER_ENDPOINT));
}

/* ---- Who is the heir ---- */

/* The creator is, while it lives; then the first domain. */
static void test_creator_gone(bool gone)
{
    struct message message = {.receive_slot = CHILD};
    uint64_t object = clone_make(SERVER, 4096), frame = claim(ORDER_FRAME, RW);
    EXPECT(OK, sys_slot_copy(SERVER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND, 0));
    clone_start(SERVER, THREAD, creator, 0);
    await(ENDPOINT, &message);
    EXPECT(OK, message.words[0]);
    EXPECT(1, message.received_slot);
    EXPECT(OK, page_place(SLOT_SELF, UPPER, frame, RW));
    *(volatile uint64_t *)UPPER = 77;
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, CHILD, 0));
    if (gone) {
        end_server();
    }
    EXPECT(OK, sys_domain_destroy(CHILD));
    EXPECT(gone ? self : object, owner_of(frame));
    if (!gone) {
        end_server();
    }
    EXPECT(self, owner_of(frame));
    EXPECT(77, *(volatile uint64_t *)UPPER); /* mapped all the time */
    EXPECT(OK, sys_page_unmap(SLOT_SELF, UPPER, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_slot_drop(CHILD));
}

int main(void)
{
    fund(SLOT_SELF, 16);
    self = own_object();
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    test_restart(WAIT, MAP_READ);
    test_restart(WAIT, RW | GRANT_SHARE);
    test_restart(FAULT, RW);
    test_in_the_middle();
    test_keeper();
    test_creator_gone(false);
    test_creator_gone(true);
    end_test();
}
