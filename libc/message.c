/* The message calls as C functions (contracts: cocos/sys.h; registers: cocos/message.h). */
#include <cocos/sys.h>

#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* message.asm */
HIDDEN int64_t cocos_message_exchange(uint64_t number, uint64_t slots, uint64_t deadline,
                                      struct message *message);
HIDDEN int64_t cocos_message_send(uint64_t number, uint64_t slots, const uint64_t *words,
                                  uint64_t run);

_Static_assert(offsetof(struct message, words) == 0 && offsetof(struct message, badge) == 48 &&
                   offsetof(struct message, received_slot) == 64 &&
                   offsetof(struct message, send_run) == 72 &&
                   offsetof(struct message, receive_frames) == 80 &&
                   offsetof(struct message, received_run) == 88 &&
                   offsetof(struct message, received_frames) == 96,
               "message.asm knows these offsets");

static uint64_t pack(uint32_t endpoint, uint32_t reply_slot, uint32_t send, uint32_t receive)
{
    return (uint64_t)(endpoint & 0xffff) | (uint64_t)(reply_slot & 0xffff) << 16 |
           (uint64_t)(send & 0xffff) << 32 | (uint64_t)receive << 48;
}

/* E_AGAIN: the kernel has cleared a part of a large run that is to come along; nothing is sent. */
static int64_t exchange(uint64_t number, uint64_t slots, uint64_t deadline, struct message *message)
{
    int64_t result;
    number |= (message->send_run | message->receive_frames) != 0 ? MESSAGE_HAS_RUN : 0;
    number |= deadline != DEADLINE_NEVER ? MESSAGE_HAS_DEADLINE : 0;
    do {
        result = cocos_message_exchange(number, slots, deadline, message);
    } while (result == E_AGAIN);
    return result;
}

int64_t sys_call_until(uint32_t endpoint, uint64_t deadline, struct message *message)
{
    uint64_t slots = pack(endpoint, SLOT_NONE, message->send_slot, message->receive_slot);
    return exchange(CALL_call, slots, deadline, message);
}

int64_t sys_call(uint32_t endpoint, struct message *message)
{
    return sys_call_until(endpoint, DEADLINE_NEVER, message);
}

int64_t sys_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline, struct message *message)
{
    uint64_t slots = pack(endpoint, reply_slot, SLOT_NONE, message->receive_slot);
    return exchange(CALL_wait, slots, deadline, message);
}

int64_t sys_reply(uint32_t reply_slot, const struct message *message)
{
    uint64_t slots = pack(SLOT_NONE, reply_slot, message->send_slot, SLOT_NONE);
    uint64_t number = CALL_reply | (message->send_run != 0 ? MESSAGE_HAS_RUN : 0u);
    int64_t result;
    do {
        result = cocos_message_send(number, slots, message->words, message->send_run);
    } while (result == E_AGAIN);
    return result;
}

int64_t sys_reply_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                       struct message *message)
{
    uint64_t slots = pack(endpoint, reply_slot, message->send_slot, message->receive_slot);
    return exchange(CALL_reply_wait, slots, deadline, message);
}

int64_t sys_sleep(uint64_t deadline)
{
    struct message message = {.words = {0}};
    int64_t result = exchange(CALL_wait, 0, deadline, &message);
    return result == E_TIMEOUT ? OK : result;
}

int64_t sys_machine_log(uint32_t machine, const char *text, uint32_t bytes)
{
    uint64_t words[MESSAGE_WORDS] = {(uint64_t)machine | (uint64_t)bytes << 32};
    if (bytes > sizeof words - sizeof words[0])
        return E_ARGUMENT;
    __builtin_memcpy(&words[1], text, bytes);
    return cocos_message_send(CALL_machine_log, 0, words, 0);
}
