/* Those who wait for typed bytes. */
#include "input.h"

#include <string.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "senders.h"

#define CONTROL_C 3

static struct reader readers[INPUT_READERS]; /* the longest wait first */
static uint32_t reader_count;

/* Whom Ctrl-C is told, of each console. */
static struct interrupt {
    uint32_t slot;
    uint64_t bits;
} interrupts[CONSOLES];

void input_interrupts(uint32_t console, uint32_t slot, uint64_t bits)
{
    struct interrupt *interrupt = &interrupts[console];
    if (interrupt->slot != SLOT_NONE) {
        sys_slot_drop(interrupt->slot);
        slot_put(interrupt->slot);
    }
    *interrupt = (struct interrupt){slot, bits};
}

/* False: nobody is told, or there is nobody any more. */
static bool interrupt(struct books *next, uint32_t console)
{
    if (interrupts[console].slot == SLOT_NONE)
        return false;
    bool told = sys_signal(interrupts[console].slot, interrupts[console].bits) >= 0;
    if (told)
        next->consoles[console].taken = next->consoles[console].typed;
    else
        input_interrupts(console, SLOT_NONE, 0);
    return told;
}

void input_add(struct books *next, uint32_t console, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (bytes[i] != CONTROL_C || !interrupt(next, console))
            books_type(next, console, &bytes[i], 1);
}

int64_t input_type(uint32_t console, uint32_t number, const char *bytes, uint32_t count)
{
    if (number != 0 && number == books()->input_number)
        return OK;
    if (count > books_typing_room(console))
        return E_FULL;
    struct books *next = books_change();
    input_add(next, console, bytes, count);
    next->input_number = (uint16_t)number;
    books_done();
    return OK;
}

static void remove_reader(uint32_t index)
{
    slot_put(readers[index].slot);
    reader_count--;
    memmove(&readers[index], &readers[index + 1], (reader_count - index) * sizeof readers[0]);
}

/* Forgets readers that ended while they waited. */
static void prune(void)
{
    for (uint32_t i = reader_count; i-- > 0;) {
        int64_t held = sys_slot_query(SLOT_SELF, readers[i].slot);
        if (held >= 0 && (held & 0xff) == CAP_REPLY)
            continue;
        sys_slot_drop(readers[i].slot);
        remove_reader(i);
    }
}

int64_t input_wait(const struct reader *reader)
{
    if (reader_count == INPUT_READERS)
        prune();
    if (reader_count == INPUT_READERS)
        return E_FULL;
    senders_find(reader->badge);
    readers[reader_count++] = *reader;
    return OK;
}

/* Whether the sender has been answered already with this number, by an instance that ended. */
static bool answered(const struct reader *reader, uint32_t sender)
{
    return reader->number != 0 && reader->number == books()->senders[sender].read_number;
}

/* What is typed becomes the reader's answer, before it has it: if this instance ends now, it will
 * ask again. False: nothing is typed. */
static bool take(const struct reader *reader, uint32_t sender)
{
    uint32_t taken = books()->consoles[reader->console].taken;
    uint32_t count = books()->consoles[reader->console].typed - taken;
    if (count == 0)
        return false;
    count = count < TEXT_BYTES ? count : TEXT_BYTES;
    struct books *next = books_change();
    next->consoles[reader->console].taken += count;
    next->senders[sender].read_number = (uint16_t)reader->number;
    next->senders[sender].answer_at = taken;
    next->senders[sender].answered = (uint8_t)count;
    books_done();
    return true;
}

/* The reader has ended while it waited: the next one gets these bytes. */
static void give_back(const struct reader *reader, uint32_t sender)
{
    struct books *next = books_change();
    next->consoles[reader->console].taken = next->senders[sender].answer_at;
    next->senders[sender].read_number = 0;
    books_done();
}

/* Answers one reader. False: there is nothing for it. */
static bool answer(uint32_t index)
{
    const struct reader *reader = &readers[index];
    uint32_t sender = senders_find(reader->badge);
    bool again = answered(reader, sender);
    if (!again && !take(reader, sender))
        return false;
    const struct sender *record = &books()->senders[sender];
    struct message message = {.words = {record->answered}};
    books_typed(reader->console, record->answer_at, (char *)&message.words[1], record->answered);
    if (sys_reply(reader->slot, &message) < 0) {
        sys_slot_drop(reader->slot);
        if (!again)
            give_back(reader, sender);
    }
    remove_reader(index);
    return true;
}

bool input_answer(void)
{
    for (uint32_t i = 0; i < reader_count; i++)
        if (answer(i))
            return true;
    return false;
}
