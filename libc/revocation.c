/* Visible revocation, for managers and for domains (contracts: cocos/revocation.h). */
#include <cocos/revocation.h>

#include <stddef.h>

#include <cocos/frames.h>

uint64_t revocation_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* ---- For a manager ---- */

/* How many frames of memory the domain owns: what could be taken from it. The table is the only
 * witness: a domain may say what it likes. */
static int64_t memory_of(const struct revocation *revocation)
{
    struct frame_info info;
    uint64_t frames = 0, at = 0;
    int64_t got;
    while ((got = sys_frame_query(revocation->machine, at, &info)) == OK) {
        if (info.owner == revocation->object &&
            (info.type == FRAME_RAM || info.type == FRAME_DIRTY))
            frames += (info.end - at) >> FRAME_SHIFT;
        at = info.end;
    }
    return got == E_NO_FRAME ? (int64_t)frames : got;
}

int64_t revocation_request(struct revocation *revocation)
{
    int64_t owned = memory_of(revocation);
    if (owned < 0)
        return owned;
    uint64_t frames = (uint64_t)owned;
    revocation->target = frames > revocation->frames ? frames - revocation->frames : 0;
    revocation->taken = revocation->busy = revocation->list = 0;
    return sys_signal(revocation->endpoint, REVOKE_REQUESTED);
}

int64_t revocation_missing(const struct revocation *revocation)
{
    int64_t owned = memory_of(revocation);
    if (owned < 0)
        return owned;
    return (uint64_t)owned > revocation->target ? owned - (int64_t)revocation->target : 0;
}

bool revocation_answer(const struct revocation *revocation, struct message *message)
{
    uint64_t words[MESSAGE_WORDS] = {OK};
    int64_t missing;
    switch (message->words[0]) {
    case REVOCATION_ASK:
    case REVOCATION_DONE:
        missing = revocation_missing(revocation);
        words[0] = missing < 0 ? (uint64_t)missing : OK;
        words[1] = missing < 0 ? 0 : (uint64_t)missing;
        words[2] = revocation->deadline;
        break;
    case REVOCATION_LIST:
        words[1] = revocation->list;
        words[2] = revocation->taken;
        break;
    default:
        return false;
    }
    __builtin_memcpy(message->words, words, sizeof words);
    return true;
}

static int64_t add_list(struct revocation_list **list)
{
    int64_t frame = frame_take(MAP_READ | MAP_WRITE, tag_of("revoked"));
    if (frame >= 0)
        *list = (struct revocation_list *)frame;
    return frame < 0 ? frame : OK;
}

/* Takes piece after piece until nothing is missing, what the domain named last of all. Stops
 * early, with an error, only where a piece could not be listed. */
static int64_t take(struct revocation *revocation, uint64_t missing, struct revocation_list *list)
{
    for (uint32_t last = 0; revocation->taken < missing;) {
        if (list->count == REVOCATION_ENTRIES) {
            struct revocation_list *next;
            int64_t error = add_list(&next);
            if (error < 0)
                return error;
            list->next = (uint64_t)next;
            list = next;
        }
        int64_t piece = sys_frame_reclaim(revocation->domain, last);
        if (piece < 0 || (piece == 0 && last == 1))
            return piece;
        if (piece == 0) {
            last = 1;
            continue;
        }
        uint64_t address = (uint64_t)piece & ~(FRAME_BYTES - 1);
        uint32_t order = (uint32_t)piece & (uint32_t)(FRAME_BYTES - 1);
        list->entries[list->count++] = (uint64_t)piece;
        revocation->taken += 1ull << order;
        if (sys_frame_release(address, order) < 0)
            revocation->busy += 1ull << order;
    }
    return OK;
}

static int64_t deliver(struct revocation *revocation, struct revocation_list *list)
{
    while (list != NULL) {
        uint64_t next = list->next;
        int64_t error = frame_pass((uint64_t)list, ORDER_FRAME, revocation->domain, MAP_READ);
        if (error < 0)
            return error;
        list = (struct revocation_list *)next;
    }
    return OK;
}

int64_t revocation_finish(struct revocation *revocation)
{
    struct revocation_list *list;
    int64_t missing = revocation_missing(revocation);
    if (missing <= 0)
        return missing;
    int64_t error = add_list(&list);
    if (error < 0)
        return error;
    int64_t taking = take(revocation, (uint64_t)missing, list);
    revocation->list = (uint64_t)list;
    error = deliver(revocation, list);
    if (error < 0)
        return error;
    error = sys_signal(revocation->endpoint, REVOKE_TAKEN);
    if (error == OK)
        error = taking;
    return error < 0 ? error : (int64_t)revocation->taken;
}

/* ---- For a domain ---- */

int64_t revocation_keep(const uint64_t *frames, uint32_t count)
{
    int64_t error = count > DOMAIN_KEPT ? E_ARGUMENT : OK;
    for (uint32_t i = 0; i < DOMAIN_KEPT && error == OK; i++)
        error = sys_domain_set(SLOT_SELF, DOMAIN_KEEP,
                               (i < count ? frames[i] & ~(FRAME_BYTES - 1) : 0) | i);
    return error;
}

static int64_t ask(uint32_t manager, uint64_t request, struct message *message)
{
    *message = (struct message){.words = {request}};
    int64_t got = sys_call(manager, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

int64_t revocation_ask(uint32_t manager, uint64_t *frames, uint64_t *deadline)
{
    struct message message;
    int64_t error = ask(manager, REVOCATION_ASK, &message);
    if (error == OK) {
        *frames = message.words[1];
        *deadline = message.words[2];
    }
    return error;
}

int64_t revocation_done(uint32_t manager)
{
    struct message message;
    int64_t error = ask(manager, REVOCATION_DONE, &message);
    return error < 0 ? error : (int64_t)message.words[1];
}

int64_t revocation_lost(uint32_t manager, const struct revocation_list **list)
{
    struct message message;
    int64_t error = ask(manager, REVOCATION_LIST, &message);
    if (error < 0)
        return error;
    *list = (const struct revocation_list *)message.words[1];
    return (int64_t)message.words[2];
}
