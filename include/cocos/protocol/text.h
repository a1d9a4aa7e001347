/*
 * Text in message words: how every protocol here sends a short text, in one message or several.
 * Word 0 = request | channel << 16 | length << 32 | TEXT_MORE when another piece follows | number
 * << TEXT_NUMBER_SHIFT; words 1-5 hold up to TEXT_BYTES bytes. Which channels there are, is each
 * protocol's matter; 0 where it says nothing.
 *
 * The number is how a text, or the answer to a request for one, passes exactly once where the
 * server ends meanwhile (doc/servers.md). The sender counts its messages from 1 to TEXT_NUMBER_MAX
 * and on from 1. A call that failed with E_GONE it makes again, with the same number; a server that
 * has state knows from the caller's last number that it has taken the text, or what it has
 * answered. 0: the sender does not count, and the call may be taken twice.
 */
#ifndef COCOS_PROTOCOL_TEXT_H
#define COCOS_PROTOCOL_TEXT_H

#include <stdint.h>

#define TEXT_BYTES 40u
#define TEXT_MORE (1ull << 48)

#define TEXT_NUMBER_SHIFT 49
#define TEXT_NUMBER_MAX 0x7fffu

#define TEXT_REQUEST(word) ((uint32_t)(word)&0xffffu)
#define TEXT_CHANNEL(word) ((uint32_t)(word) >> 16)
#define TEXT_NUMBER(word) ((uint32_t)((word) >> TEXT_NUMBER_SHIFT))
#define TEXT_LENGTH(word) ((uint32_t)((word) >> 32) & 0xffffu)
#define TEXT_HEADER(request, length) ((uint64_t)(request) | (uint64_t)(length) << 32)
#define TEXT_NUMBERED(number) ((uint64_t)(number) << TEXT_NUMBER_SHIFT)
#define TEXT_ON_CHANNEL(request, channel) ((uint32_t)(request) | (uint32_t)(channel) << 16)

/* The number after `number`. */
static inline uint32_t text_number_after(uint32_t number)
{
    return number % TEXT_NUMBER_MAX + 1;
}

/* The longest text a server puts together from pieces, its terminating zero included. */
#define TEXT_TOTAL_BYTES 512u

#endif
