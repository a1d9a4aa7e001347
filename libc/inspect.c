/* Looking at the machine: calls that answer in several registers (contracts: cocos/sys.h). */
#include <cocos/sys.h>

int64_t sys_frame_query(uint32_t machine, uint64_t address, struct frame_info *info)
{
    uint64_t owner = machine, tag = address, end;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(owner), "+S"(tag), "=d"(end)
                     : "a"((uint64_t)CALL_frame_query)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    *info = (struct frame_info){
        .end = end,
        .owner = owner,
        .tag = tag,
        .mappings = (uint16_t)(result >> 32),
        .type = (uint8_t)result,
        .cache = (uint8_t)(result >> 8),
        .order = (uint8_t)(result >> 16),
    };
    return OK;
}

int64_t sys_page_query(uint32_t machine, uint64_t domain, uint64_t at, uint32_t level,
                       struct page_info *info)
{
    register uint64_t r10 __asm__("r10") = level;
    uint64_t entry = machine, table = domain, count = at;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(entry), "+S"(table), "+d"(count)
                     : "a"((uint64_t)CALL_page_query), "r"(r10)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    *info = (struct page_info){.entry = entry, .table = table, .count = count};
    return OK;
}

int64_t sys_thread_read(uint32_t thread, uint32_t group, uint64_t values[THREAD_VALUES_PER_READ])
{
    register uint64_t d __asm__("r10");
    register uint64_t e __asm__("r8");
    register uint64_t f __asm__("r9");
    uint64_t a = thread, b = group, c;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "=d"(c), "=r"(d), "=r"(e), "=r"(f)
                     : "a"((uint64_t)CALL_thread_read)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    const uint64_t read[THREAD_VALUES_PER_READ] = {a, b, c, d, e, f};
    for (unsigned i = 0; i < THREAD_VALUES_PER_READ; i++)
        values[i] = read[i];
    return OK;
}

int64_t sys_slot_inspect(uint32_t machine, uint64_t domain, uint32_t slot, struct slot_info *info)
{
    uint64_t object = machine, count = domain, badge = slot;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(object), "+S"(count), "+d"(badge)
                     : "a"((uint64_t)CALL_slot_inspect)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    *info = (struct slot_info){0};
    if (result != CAP_EMPTY) {
        *info = (struct slot_info){
            .object = object,
            .count = count,
            .badge = badge,
            .type = (uint8_t)result,
            .rights = (uint8_t)(result >> 8),
        };
    }
    return OK;
}

int64_t sys_line_query(uint32_t machine, uint32_t line, struct line_info *info)
{
    uint64_t endpoint = machine, count = line;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(endpoint), "+S"(count)
                     : "a"((uint64_t)CALL_line_query)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    *info = (struct line_info){.endpoint = endpoint, .count = count, .flags = (uint32_t)result};
    return OK;
}

int64_t sys_cpu_query(uint32_t machine, uint32_t cpu, uint64_t *thread)
{
    uint64_t frame = machine, number = cpu;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(frame), "+S"(number)
                     : "a"((uint64_t)CALL_cpu_query)
                     : "rcx", "r11", "memory");
    if (result < 0)
        return result;
    *thread = frame;
    return OK;
}
