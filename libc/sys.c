/*
 * The system calls as C functions (contracts: cocos/sys.h). Prototypes are checked against the
 * header by the compiler, numbers of arguments against the one table.
 */
#include <cocos/sys.h>

#include "libc/integer_only.h"

#define ARGUMENTS(name, arguments, text) ARGUMENTS_##name = arguments,
enum { COCOS_CALLS(ARGUMENTS) };
#undef ARGUMENTS

static inline int64_t enter(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                            uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

#define COUNTED(name, arguments)                                                                   \
    _Static_assert(ARGUMENTS_##name == (arguments), #name " has another number of arguments");

#define CALL_0(name)                                                                               \
    COUNTED(name, 0)                                                                               \
    int64_t sys_##name(void)                                                                       \
    {                                                                                              \
        return enter(CALL_##name, 0, 0, 0, 0, 0);                                                  \
    }
#define CALL_1(name, A)                                                                            \
    COUNTED(name, 1)                                                                               \
    int64_t sys_##name(A a)                                                                        \
    {                                                                                              \
        return enter(CALL_##name, a, 0, 0, 0, 0);                                                  \
    }
#define CALL_2(name, A, B)                                                                         \
    COUNTED(name, 2)                                                                               \
    int64_t sys_##name(A a, B b)                                                                   \
    {                                                                                              \
        return enter(CALL_##name, a, b, 0, 0, 0);                                                  \
    }
#define CALL_3(name, A, B, C)                                                                      \
    COUNTED(name, 3)                                                                               \
    int64_t sys_##name(A a, B b, C c)                                                              \
    {                                                                                              \
        return enter(CALL_##name, a, b, c, 0, 0);                                                  \
    }
#define CALL_4(name, A, B, C, D)                                                                   \
    COUNTED(name, 4)                                                                               \
    int64_t sys_##name(A a, B b, C c, D d)                                                         \
    {                                                                                              \
        return enter(CALL_##name, a, b, c, d, 0);                                                  \
    }
#define CALL_5(name, A, B, C, D, E)                                                                \
    COUNTED(name, 5)                                                                               \
    int64_t sys_##name(A a, B b, C c, D d, E e)                                                    \
    {                                                                                              \
        return enter(CALL_##name, a, b, c, d, e);                                                  \
    }

CALL_2(signal, uint32_t, uint64_t)
CALL_0(yield)
CALL_4(frame_claim, uint64_t, uint32_t, uint32_t, uint64_t)
CALL_2(frame_release, uint64_t, uint32_t)
CALL_4(frame_give, uint64_t, uint32_t, uint32_t, uint32_t)
CALL_5(frame_claim_device, uint32_t, uint64_t, uint32_t, uint32_t, uint32_t)
CALL_4(page_map, uint32_t, uint64_t, uint64_t, uint32_t)
CALL_3(page_unmap, uint32_t, uint64_t, uint32_t)
CALL_2(page_fund, uint32_t, uint64_t)
CALL_4(domain_create, uint32_t, uint64_t, uint64_t, uint64_t)
CALL_3(domain_set, uint32_t, uint32_t, uint64_t)
CALL_3(thread_create, uint32_t, uint64_t, uint32_t)
CALL_4(thread_start, uint32_t, uint64_t, uint64_t, uint64_t)
CALL_1(thread_set_tls, uint64_t)
CALL_2(endpoint_create, uint32_t, uint64_t)
CALL_1(object_destroy, uint32_t)
CALL_5(slot_copy, uint32_t, uint32_t, uint32_t, uint32_t, uint64_t)
CALL_1(slot_drop, uint32_t)
CALL_2(slot_query, uint32_t, uint32_t)
CALL_4(interrupt_bind, uint32_t, uint32_t, uint32_t, uint32_t)
CALL_2(interrupt_ack, uint32_t, uint32_t)
CALL_1(ports_enable, uint32_t)
CALL_2(machine_query, uint32_t, uint32_t)

COUNTED(domain_destroy, 1)
int64_t sys_domain_destroy(uint32_t domain)
{
    int64_t result;
    do {
        result = enter(CALL_domain_destroy, domain, 0, 0, 0, 0);
    } while (result == E_AGAIN);
    return result;
}
