/*
 * A small formatter that sends every character to serial line and screen.
 */
#include "kernel/log.h"

#include <stdbool.h>

#include "kernel/space.h"
#include "kernel/x86/arch.h"

/*
 * The screen may belong to the running domain by now: its page tables then have it for user mode,
 * out of the kernel's reach (SMAP). The kernel's own map has it for the kernel. Returns what to
 * give to leave_own_map.
 */
static uint64_t enter_own_map(void)
{
    uint64_t root = arch_loaded_root(), own = space_kernel_root();
    if (own == 0 || root == own) {
        return 0;
    }
    arch_load_root(own);
    return root;
}

static void leave_own_map(uint64_t root)
{
    if (root != 0) {
        arch_load_root(root);
    }
}

static void put(char c)
{
    if (c == '\n') {
        serial_putc('\r');
    }
    serial_putc(c);
    screen_putc(c);
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        put(*text++);
    }
}

static void put_number(uint64_t number, unsigned base, unsigned least_digits)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count < least_digits) {
        digits[count++] = '0';
    }
    while (count > 0) {
        put(digits[--count]);
    }
}

/* The largest unit that divides the number; below 10 of a unit that does not, the one below. */
static void put_bytes(uint64_t bytes)
{
    static const char *const units[] = {" bytes", " KiB", " MiB", " GiB", " TiB"};
    unsigned unit = 0;
    while (unit < 4 && bytes >= 1024 && (bytes % 1024 == 0 || bytes >= 10240)) {
        bytes /= 1024;
        unit++;
    }
    put_number(bytes, 10, 1);
    put_text(units[unit]);
}

void log_print_list(const char *format, va_list list)
{
    uint64_t root = enter_own_map();
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        bool is_long = *++format == 'l';
        if (is_long) {
            format++;
        }
        switch (*format) {
        case 's':
            put_text(va_arg(list, const char *));
            break;
        case 'c':
            put((char)va_arg(list, int));
            break;
        case 'u':
            put_number(is_long ? va_arg(list, uint64_t) : va_arg(list, uint32_t), 10, 1);
            break;
        case 'x':
            put_number(is_long ? va_arg(list, uint64_t) : va_arg(list, uint32_t), 16, 1);
            break;
        case 'p':
            put_number(va_arg(list, uint64_t), 16, 16);
            break;
        case 'B':
            put_bytes(va_arg(list, uint64_t));
            break;
        default:
            put(*format);
            break;
        }
    }
    leave_own_map(root);
}

void log_print(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    log_print_list(format, list);
    va_end(list);
}

void log_bytes(const char *text, uint64_t bytes)
{
    uint64_t root = enter_own_map();
    for (uint64_t i = 0; i < bytes; i++) {
        put(text[i]);
    }
    leave_own_map(root);
}
