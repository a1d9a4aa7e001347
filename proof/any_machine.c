/*
 * The machine that proof/machine.h is proved on. Whatever a real one has less of, is absent here:
 * records of type FRAME_ABSENT, entries that are no leaves, domains that own nothing.
 */
#include "kernel/own.h"

#define RECORDS 0xffffffff
#define LEAVES 0x100000000
#define OWNERS 0x100000000

struct frame records[RECORDS];
uint64_t leaves[LEAVES];
uint64_t at[LEAVES];
uint32_t owned[OWNERS], limit[OWNERS];

#include "proof/machine.h"
