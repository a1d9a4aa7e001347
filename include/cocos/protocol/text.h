/*
 * Text in message words: how every protocol here sends a short text, in one message or several.
 * Word 0 = request | length << 32 | TEXT_MORE when another piece follows; words 1-5 hold up to
 * TEXT_BYTES bytes. Longer data will travel in granted frames.
 */
#ifndef COCOS_PROTOCOL_TEXT_H
#define COCOS_PROTOCOL_TEXT_H

#include <stdint.h>

#define TEXT_BYTES 40u
#define TEXT_MORE (1ull << 48)

#define TEXT_REQUEST(word) ((uint32_t)(word))
#define TEXT_LENGTH(word) ((uint32_t)((word) >> 32) & 0xffffu)
#define TEXT_HEADER(request, length) ((uint64_t)(request) | (uint64_t)(length) << 32)

/* The longest text a server puts together from pieces, its terminating zero included. */
#define TEXT_TOTAL_BYTES 512u

#endif
