/*
 * Finding the function of an address: see symbols.h.
 */
#include "kernel/symbols.h"

#include "kernel/x86/arch.h"

/* Defined by the second pass; these stand in for it in the first. */
extern const struct symbol symbol_table[] __attribute__((weak));
extern const uint32_t symbol_count __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));

const char *symbol_at(uint64_t address, uint64_t *offset)
{
    *offset = 0;
    if (&symbol_count == 0 || address < (uint64_t)kernel_start ||
        address >= (uint64_t)kernel_text_end) {
        return "?";
    }
    const struct symbol *best = 0;
    for (uint32_t i = 0; i < symbol_count; i++) {
        if (symbol_table[i].address <= address) {
            best = &symbol_table[i];
        }
    }
    if (best == 0) {
        return "?";
    }
    *offset = address - best->address;
    return symbol_names + best->name;
}
