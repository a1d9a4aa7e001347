/*
 * Numbers out of structures that firmware and boot loader made: little-endian, aligned or not.
 * The caller has checked that the bytes are there.
 */
#ifndef BOOT_BYTES_H
#define BOOT_BYTES_H

#include <stdint.h>

static inline uint16_t read_u16(const uint8_t *bytes)
{
    uint16_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

#endif
