/*
 * A stand-in for the kernel under the native stubs' names, so that init's loader and the library
 * OS run on the host: frames are memory of the host, so a frame's name is its address here, too.
 * It keeps accounts as the kernel does, asks for page tables as the kernel does, stops the test
 * when a contract of cocos/sys.h is broken, and can refuse any one call. Linked by
 * tests/host/libcocos.c.
 */
#ifndef TESTS_HOST_FAKE_KERNEL_H
#define TESTS_HOST_FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

/* Frees everything and starts anew, with `frames` frames of memory. The calling domain has
 * SLOT_SELF, and an endpoint in FAKE_ENDPOINT. */
void fake_reset(uint64_t frames);
#define FAKE_ENDPOINT 10

/* The call after next `calls` calls that can fail is refused with `error`. */
void fake_refuse_after(uint64_t calls, int64_t error);

/* Calls made that can fail, and whether one was refused. */
uint64_t fake_calls(void);
bool fake_refused(void);

/* Frames in use by all, mappings in all upper halves, slots in use of the calling domain. */
uint64_t fake_frames(void);
uint64_t fake_mappings(void);
uint64_t fake_slots(void);

/* What is mapped at `at` in the domain in `slot`: the frame, and *rights; 0: nothing. */
uint64_t fake_mapped(uint32_t slot, uint64_t at, uint32_t *rights);

/* What slot `slot` of the domain in `domain` holds: type, *rights, *badge. */
enum capability_type fake_slot(uint32_t domain, uint32_t slot, uint32_t *rights, uint64_t *badge);

/* Where a started thread begins; false: none was started. */
bool fake_started(uint64_t *rip, uint64_t *rsp);

#endif
