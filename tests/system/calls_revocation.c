/*
 * Visible revocation: a domain that complies loses nothing by force; one that does not loses
 * exactly what was missing, what it named last of all, and gets the list, which is exact. Main is
 * the manager.
 */
#include <cocos/revocation.h>

#include "tests/system/clone.h"
#include "tests/system/list.h"

#define BOOK_KEPT 6 /* index of DOMAIN_KEEP for the book; below it for the image */
#define RW (MAP_READ | MAP_WRITE)
#define MANAGER 20 /* endpoint the domain calls */
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define OTHER 24
#define EVENTS 25 /* endpoint the domain waits at */
#define UPPER (MAPPINGS_START + 16 * BLOCK_BYTES)

/* Slots of the other domain. */
#define ITS_MANAGER 3
#define ITS_EVENTS 4
#define ITS_REPLY 5

#define RUNS 8
#define RUN_ORDER 3
#define RUN_FRAMES (1u << RUN_ORDER)

/* ---- The domain that is asked ---- */

/* It reports with this request: words 1 to 4; and its book, a frame that comes along. */
#define REPORT 1000
enum { BOOK = 1, LOST, FAILED, RETURNED };

/* What it has: it makes marks where a frame is no more. */
struct book {
    uint64_t frames[RUNS * RUN_FRAMES];
    uint64_t sums[RUNS * RUN_FRAMES];
};

static void fill(struct book *book)
{
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t address = (uint64_t)sys_frame_claim(ZONE_ANY, RUN_ORDER, RW, 0);
        for (unsigned i = 0; i < RUN_FRAMES; i++) {
            uint64_t frame = address + i * FRAME_BYTES, index = run * RUN_FRAMES + i;
            book->frames[index] = frame;
            book->sums[index] = list_sum(list_make(frame, FRAME_BYTES, frame, NULL));
        }
    }
}

/* Answers a request by releasing what it can do without: whole runs, from the last back. */
static uint64_t release_some(struct book *book, uint64_t frames)
{
    uint64_t released = 0;
    for (unsigned run = RUNS; run > 0 && released < frames; run--) {
        uint64_t *names = &book->frames[(run - 1) * RUN_FRAMES];
        if (sys_frame_release(names[0], RUN_ORDER) == OK) {
            for (unsigned i = 0; i < RUN_FRAMES; i++) {
                names[i] = 0;
            }
            released += RUN_FRAMES;
        }
    }
    return released;
}

/* Strikes out what the list says. Returns how many of its entries are not in the book. */
static uint64_t strike_out(struct book *book, const struct revocation_list *list)
{
    uint64_t unknown = 0;
    for (uint64_t i = 0; i < list->count; i++) {
        uint64_t *name = book->frames;
        while (name < book->frames + RUNS * RUN_FRAMES && *name != list->entries[i]) {
            name++;
        }
        if (name < book->frames + RUNS * RUN_FRAMES) {
            *name = 0;
        } else {
            unknown++;
        }
    }
    return unknown;
}

/* Everything that is left is there, and as it was. */
static uint64_t count_wrong(const struct book *book)
{
    uint64_t wrong = 0;
    for (unsigned i = 0; i < RUNS * RUN_FRAMES; i++) {
        wrong +=
            book->frames[i] != 0 && list_sum((const struct node *)book->frames[i]) != book->sums[i];
    }
    return wrong;
}

/* Returns up to `most` frames when it is asked; reports after each signal. */
static void asked(uint64_t most)
{
    struct book *book = (struct book *)sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0);
    fill(book);
    /* Its last two: the book, and the first frame of its own. The loader has named up to six. */
    sys_domain_set(SLOT_SELF, DOMAIN_KEEP, (uint64_t)book | BOOK_KEPT);
    sys_domain_set(SLOT_SELF, DOMAIN_KEEP, book->frames[0] | (BOOK_KEPT + 1));
    uint64_t words[MESSAGE_WORDS] = {REPORT};
    for (;;) {
        struct message message = {.send_run = MESSAGE_RUN(book, ORDER_FRAME, MAP_READ)};
        words[BOOK] = (uint64_t)book;
        words[FAILED] = count_wrong(book);
        memcpy(message.words, words, sizeof words);
        sys_call(ITS_MANAGER, &message);
        if (sys_wait(ITS_EVENTS, ITS_REPLY, DEADLINE_NEVER, &message) != RECEIVED_SIGNAL) {
            continue;
        }
        if (message.words[0] & REVOKE_REQUESTED) {
            uint64_t frames = 0, deadline = 0;
            revocation_ask(ITS_MANAGER, &frames, &deadline);
            words[RETURNED] = release_some(book, frames < most ? frames : most);
            revocation_done(ITS_MANAGER);
        }
        if (message.words[0] & REVOKE_TAKEN) {
            const struct revocation_list *list = NULL;
            words[LOST] = (uint64_t)revocation_lost(ITS_MANAGER, &list);
            words[LOST] |= strike_out(book, list) << 32;
            sys_frame_release((uint64_t)list, ORDER_FRAME);
        }
    }
}

/* ---- The manager ---- */

static struct revocation revocation;
static struct message report;

/* Names what the program cannot do without, as a loader would: what it can write, its stack. */
static void keep_image(uint64_t object)
{
    const struct process_page *process = (const struct process_page *)PROCESS_PAGE;
    uint64_t index = 0;
    for (uint64_t at = process->image_base; at < process->image_end; at += FRAME_BYTES) {
        uint64_t entry = entry_of(object, at, ORDER_FRAME);
        if (entry & ENTRY_WRITE) {
            EXPECT(OK, sys_domain_set(OTHER, DOMAIN_KEEP, (entry & ENTRY_ADDRESS) | index++));
        }
    }
    uint64_t entry = entry_of(object, STACK_TOP - FRAME_BYTES, ORDER_FRAME); /* no more is used */
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_KEEP, (entry & ENTRY_ADDRESS) | index++));
    EXPECT(1, index <= BOOK_KEPT);
}

/* Serves the domain's calls until it reports. */
static void serve(void)
{
    for (;;) {
        report = (struct message){.receive_frames = 1};
        EXPECT(RECEIVED_CALL, sys_wait(MANAGER, REPLY, DEADLINE_NEVER, &report));
        if (!revocation_answer(&revocation, &report)) {
            EXPECT(REPORT, report.words[0]);
            return;
        }
        EXPECT(OK, sys_reply(REPLY, &report));
    }
}

static uint64_t ledger_before;

static void make_asked(uint64_t most)
{
    ledger_before = ledger();
    EXPECT(OK, sys_endpoint_create(MANAGER, claim_object()));
    EXPECT(OK, sys_endpoint_create(EVENTS, claim_object()));
    revocation =
        (struct revocation){.domain = OTHER, .endpoint = EVENTS, .machine = SLOT_INIT_MACHINE};
    revocation.object = clone_make(OTHER, 4096);
    EXPECT(OK, sys_slot_copy(OTHER, ITS_MANAGER, MANAGER, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_EVENTS, EVENTS, RIGHT_RECEIVE, 0));
    fund(OTHER, 6);
    fund(SLOT_SELF, 4);
    ledger_before -= 4;
    keep_image(revocation.object);
    clone_start(OTHER, THREAD, asked, most);
    serve();
    EXPECT(0, report.words[FAILED]);
}

static void end_asked(void)
{
    uint64_t book = report.words[BOOK];
    clone_end(OTHER, THREAD);
    if (owner_of(book) != 0) { /* it was on loan here when its owner ended: main is the heir */
        EXPECT(OK, sys_frame_release(book, ORDER_FRAME));
    }
    EXPECT(OK, sys_slot_drop(REPLY));
    EXPECT(OK, sys_object_destroy(MANAGER));
    EXPECT(OK, sys_object_destroy(EVENTS));
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    EXPECT(ledger_before - 2, ledger()); /* the endpoints' frames */
}

/* Asks, and lets the domain go on until it reports. */
static void request(uint64_t frames)
{
    revocation.frames = frames;
    revocation.deadline = revocation_ticks() + 1000000;
    EXPECT(OK, revocation_request(&revocation));
    EXPECT(frames, revocation_missing(&revocation));
    EXPECT(OK, sys_reply(REPLY, &report));
    serve();
}

static void await_deadline(void)
{
    while (revocation_ticks() < revocation.deadline) {
        /* time passes */
    }
}

/* The book says what the domain still has; every other frame it had is no more its own. */
static uint64_t count_owned(const struct book *book)
{
    uint64_t owned = 0;
    for (unsigned i = 0; i < RUNS * RUN_FRAMES; i++) {
        if (book->frames[i] != 0) {
            EXPECT(revocation.object, owner_of(book->frames[i]));
            owned++;
        }
    }
    return owned;
}

static void test_complies(void)
{
    make_asked(1000);
    const struct book *book = (const struct book *)report.words[BOOK];
    request(20);
    EXPECT(24, report.words[RETURNED]); /* whole runs of its choice */
    EXPECT(0, revocation_missing(&revocation));
    EXPECT(0, revocation_finish(&revocation)); /* before the deadline: the domain said so */
    EXPECT(0, revocation.list);
    EXPECT(RUNS * RUN_FRAMES - 24, count_owned(book));
    EXPECT(OK, sys_signal(EVENTS, 1));
    EXPECT(OK, sys_reply(REPLY, &report));
    serve();
    EXPECT(0, report.words[FAILED]);
    EXPECT(0, report.words[LOST]);
    end_asked();
}

/* It returns less than was asked for; the rest is taken at the deadline. */
static void test_defies(uint64_t most, uint64_t frames, uint64_t returned)
{
    make_asked(most);
    const struct book *book = (const struct book *)report.words[BOOK];
    request(frames);
    EXPECT(returned, report.words[RETURNED]);
    EXPECT(frames - returned, revocation_missing(&revocation));
    uint64_t had = RUNS * RUN_FRAMES - returned;
    EXPECT(had, count_owned(book));
    await_deadline();
    EXPECT(frames - returned, revocation_finish(&revocation));
    EXPECT(0, revocation.busy);
    EXPECT(revocation.object, owner_of(revocation.list));
    EXPECT(1, revocation_missing(&revocation)); /* the list itself */

    EXPECT(OK, sys_reply(REPLY, &report));
    serve();                                       /* it has read the list */
    EXPECT(frames - returned, report.words[LOST]); /* and every entry was in its book */
    EXPECT(0, report.words[FAILED]);
    EXPECT(had - (frames - returned), count_owned(book));
    EXPECT(1, book->frames[0] != 0); /* named: taken last, so not yet */
    EXPECT(0, revocation_missing(&revocation));
    end_asked();
}

/* ---- A domain without a program: everything is taken ---- */

static uint64_t given[12];

/* Gives it single frames, and a block last. */
static void make_hoard(unsigned frames)
{
    EXPECT(OK, sys_endpoint_create(EVENTS, claim_object()));
    revocation =
        (struct revocation){.domain = OTHER, .endpoint = EVENTS, .machine = SLOT_INIT_MACHINE};
    uint64_t objects[3] = {claim_object(), claim_object(), claim_object()};
    EXPECT(OK, sys_domain_create(OTHER, objects[0], objects[1], objects[2]));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 4096));
    revocation.object = objects[0];
    fund(OTHER, 4);
    for (unsigned i = 0; i < frames; i++) {
        given[i] = claim(i == 11 ? ORDER_BLOCK : ORDER_FRAME, 0);
        EXPECT(OK, sys_frame_give(given[i], i == 11 ? ORDER_BLOCK : ORDER_FRAME, OTHER, 0));
    }
}

static void end_hoard(void)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_object_destroy(EVENTS));
}

static unsigned place_in_list(const struct revocation_list *list, uint64_t frame)
{
    for (unsigned i = 0; i < list->count; i++) {
        if ((list->entries[i] & ~(FRAME_BYTES - 1)) == frame) {
            return i;
        }
    }
    return REVOCATION_ENTRIES;
}

static void test_all_is_taken(void)
{
    struct message message = {.words = {0}};
    make_hoard(12);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_KEEP, given[3] | 0));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_KEEP, (given[11] + 5 * FRAME_BYTES) | 1));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_KEEP, given[8] | 2));
    revocation.frames = 100000;
    EXPECT(OK, revocation_request(&revocation));
    EXPECT(523, revocation_missing(&revocation));
    EXPECT(523, revocation_finish(&revocation));
    EXPECT(RECEIVED_SIGNAL, sys_wait(EVENTS, REPLY, DEADLINE_NOW, &message));
    EXPECT(REVOKE_REQUESTED | REVOKE_TAKEN, message.words[0]);
    /* The list is the one frame of memory it has now. */
    EXPECT(revocation.list, sys_frame_reclaim(OTHER, 0));
    EXPECT(0, sys_frame_reclaim(OTHER, 1));
    EXPECT(OK, sys_frame_access(revocation.list, ORDER_FRAME, MAP_READ));
    const struct revocation_list *list = (const struct revocation_list *)revocation.list;
    EXPECT(12, list->count);
    EXPECT(0, list->next);
    for (unsigned i = 0; i < 12; i++) {
        unsigned place = place_in_list(list, given[i]);
        bool kept = i == 3 || i == 8 || i == 11;
        EXPECT(1, kept ? place >= 9 && place < 12 : place < 9);
        EXPECT(i == 11 ? ORDER_BLOCK : ORDER_FRAME, list->entries[place] & (FRAME_BYTES - 1));
        EXPECT(0, owner_of(given[i]));
    }
    EXPECT(OK, sys_frame_release(revocation.list, ORDER_FRAME));
    end_hoard();
}

/* A list of two frames; what others use stays the manager's. */
static void test_long_list(void)
{
    make_hoard(1);
    EXPECT(OK, page_place(SLOT_SELF, UPPER, claim_object(), RW));
    uint64_t used = entry_of(own_object(), UPPER, ORDER_FRAME) & ENTRY_ADDRESS;
    EXPECT(OK, sys_frame_give(used, ORDER_FRAME, OTHER, 0));
    for (unsigned i = 0; i < 600 / RUN_FRAMES; i++) {
        EXPECT(OK, sys_frame_give(claim(RUN_ORDER, 0), RUN_ORDER, OTHER, 0));
    }
    revocation.frames = 602;
    EXPECT(OK, revocation_request(&revocation));
    EXPECT(602, revocation_finish(&revocation));
    EXPECT(1, revocation.busy);
    EXPECT(OK, sys_page_unmap(SLOT_SELF, UPPER, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(used, ORDER_FRAME));
    uint64_t count = 0, first = revocation.list;
    for (uint64_t at = first; at != 0;) {
        while (owner_of(at) == revocation.object) { /* in whatever order they are taken back */
            EXPECT(1, sys_frame_reclaim(OTHER, 0) > 0);
        }
        EXPECT(OK, sys_frame_access(at, ORDER_FRAME, MAP_READ));
        const struct revocation_list *list = (const struct revocation_list *)at;
        count += list->count;
        EXPECT(at == first ? REVOCATION_ENTRIES : 602 - REVOCATION_ENTRIES, list->count);
        uint64_t next = list->next;
        EXPECT(OK, sys_frame_release(at, ORDER_FRAME));
        at = next;
    }
    EXPECT(602, count);
    /* A block goes whole. */
    uint64_t block = claim(ORDER_BLOCK, 0);
    EXPECT(OK, sys_frame_give(block, ORDER_BLOCK, OTHER, 0));
    revocation.frames = 10;
    EXPECT(OK, revocation_request(&revocation));
    EXPECT(FRAMES_PER_BLOCK, revocation_finish(&revocation));
    EXPECT(0, owner_of(block));
    end_hoard();
}

int main(void)
{
    fund(SLOT_SELF, 16);
    test_complies();
    test_defies(8, 20, 8); /* returns a part */
    test_defies(0, 63, 0); /* returns nothing: all it has but the frame it named goes */
    test_all_is_taken();
    test_long_list();
    EXPECT(E_ARGUMENT, revocation_keep(NULL, DOMAIN_KEPT + 1));
    uint64_t frames[2] = {FRAME_BYTES, BLOCK_BYTES};
    EXPECT(OK, revocation_keep(frames, 2));
    end_test();
}
