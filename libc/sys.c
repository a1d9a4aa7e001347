/*
 * The system calls as C functions (contracts: cocos/sys.h). Prototypes are checked against the
 * header by the compiler, numbers of arguments against the one table.
 */
#include <cocos/sys.h>

#define ARGUMENTS(name, arguments, text) ARGUMENTS_##name = arguments,
enum { COCOS_CALLS(ARGUMENTS) };
#undef ARGUMENTS

/*
 * enter_n(number, arguments...): a call with n arguments. Each is passed with all its 64 bits.
 * Argument registers come back lost, used or not (cocos/calls.h, class PLAIN).
 */
#define LOST "rcx", "r11", "memory"

static inline int64_t enter_0(int64_t number)
{
    __asm__ volatile("syscall" : "+a"(number) : : "rdi", "rsi", "rdx", "r10", "r8", "r9", LOST);
    return number;
}

static inline int64_t enter_1(int64_t number, uint64_t a)
{
    __asm__ volatile("syscall" : "+a"(number), "+D"(a) : : "rsi", "rdx", "r10", "r8", "r9", LOST);
    return number;
}

static inline int64_t enter_2(int64_t number, uint64_t a, uint64_t b)
{
    __asm__ volatile("syscall" : "+a"(number), "+D"(a), "+S"(b) : : "rdx", "r10", "r8", "r9", LOST);
    return number;
}

static inline int64_t enter_3(int64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c)
                     :
                     : "r10", "r8", "r9", LOST);
    return number;
}

static inline int64_t enter_4(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     :
                     : "r8", "r9", LOST);
    return number;
}

static inline int64_t enter_5(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                              uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "+a"(number), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "r9", LOST);
    return number;
}

#define COUNTED(name, arguments)                                                                   \
    _Static_assert(ARGUMENTS_##name == (arguments), #name " has another number of arguments");

#define CALL_0(name)                                                                               \
    COUNTED(name, 0)                                                                               \
    int64_t sys_##name(void)                                                                       \
    {                                                                                              \
        return enter_0(CALL_##name);                                                               \
    }
#define CALL_1(name, A)                                                                            \
    COUNTED(name, 1)                                                                               \
    int64_t sys_##name(A a)                                                                        \
    {                                                                                              \
        return enter_1(CALL_##name, a);                                                            \
    }
#define CALL_2(name, A, B)                                                                         \
    COUNTED(name, 2)                                                                               \
    int64_t sys_##name(A a, B b)                                                                   \
    {                                                                                              \
        return enter_2(CALL_##name, a, b);                                                         \
    }
#define CALL_3(name, A, B, C)                                                                      \
    COUNTED(name, 3)                                                                               \
    int64_t sys_##name(A a, B b, C c)                                                              \
    {                                                                                              \
        return enter_3(CALL_##name, a, b, c);                                                      \
    }
#define CALL_4(name, A, B, C, D)                                                                   \
    COUNTED(name, 4)                                                                               \
    int64_t sys_##name(A a, B b, C c, D d)                                                         \
    {                                                                                              \
        return enter_4(CALL_##name, a, b, c, d);                                                   \
    }
#define CALL_5(name, A, B, C, D, E)                                                                \
    COUNTED(name, 5)                                                                               \
    int64_t sys_##name(A a, B b, C c, D d, E e)                                                    \
    {                                                                                              \
        return enter_5(CALL_##name, a, b, c, d, e);                                                \
    }

CALL_2(signal, uint32_t, uint64_t)
CALL_0(yield)
CALL_2(frame_release, uint64_t, uint32_t)
CALL_3(frame_revoke, uint64_t, uint32_t, uint32_t)
CALL_3(page_unmap, uint32_t, uint64_t, uint32_t)
CALL_2(page_fund, uint32_t, uint64_t)
CALL_4(domain_create, uint32_t, uint64_t, uint64_t, uint64_t)
CALL_3(domain_adopt, uint32_t, uint32_t, uint64_t)
CALL_3(domain_set, uint32_t, uint32_t, uint64_t)
CALL_3(thread_create, uint32_t, uint64_t, uint32_t)
CALL_4(thread_start, uint32_t, uint64_t, uint64_t, uint64_t)
CALL_1(thread_stop, uint32_t)
CALL_1(thread_resume, uint32_t)
CALL_3(thread_set, uint32_t, uint32_t, uint64_t)
CALL_1(thread_set_tls, uint64_t)
CALL_2(endpoint_create, uint32_t, uint64_t)
CALL_5(slot_copy, uint32_t, uint32_t, uint32_t, uint32_t, uint64_t)
CALL_3(slot_move, uint32_t, uint32_t, uint32_t)
CALL_1(slot_drop, uint32_t)
CALL_2(slot_query, uint32_t, uint32_t)
CALL_4(interrupt_bind, uint32_t, uint32_t, uint32_t, uint32_t)
CALL_2(interrupt_ack, uint32_t, uint32_t)
CALL_2(interrupt_message, uint32_t, uint32_t)
CALL_1(ports_enable, uint32_t)
CALL_2(machine_query, uint32_t, uint32_t)

/*
 * Calls that are bounded by doing a part and saying E_AGAIN: the stub goes on until all is done.
 * Those on runs never say so for what is small: these do not wait for it.
 */
#define UNTIL_DONE(enter)                                                                          \
    int64_t result;                                                                                \
    do {                                                                                           \
        result = enter;                                                                            \
    } while (result == E_AGAIN);                                                                   \
    return result;

COUNTED(frame_claim_device, 5)
int64_t sys_frame_claim_device(uint32_t range, uint64_t address, uint32_t order, uint32_t rights,
                               uint32_t cache){
    UNTIL_DONE(enter_5(CALL_frame_claim_device, range, address, order, rights, cache))}

#define RUN_CALL_3(name, A, B, C, order)                                                           \
    COUNTED(name, 3)                                                                               \
    static __attribute__((noinline)) int64_t all_of_##name(A a, B b, C c){                         \
        UNTIL_DONE(enter_3(CALL_##name, a, b, c))} int64_t sys_##name(A a, B b, C c)               \
    {                                                                                              \
        return (order) <= ORDER_BLOCK ? enter_3(CALL_##name, a, b, c) : all_of_##name(a, b, c);    \
    }
#define RUN_CALL_4(name, A, B, C, D, order)                                                        \
    COUNTED(name, 4)                                                                               \
    static __attribute__((noinline)) int64_t all_of_##name(A a, B b, C c, D d){                    \
        UNTIL_DONE(enter_4(CALL_##name, a, b, c, d))} int64_t sys_##name(A a, B b, C c, D d)       \
    {                                                                                              \
        return (order) <= ORDER_BLOCK ? enter_4(CALL_##name, a, b, c, d)                           \
                                      : all_of_##name(a, b, c, d);                                 \
    }

RUN_CALL_3(frame_access, uint64_t, uint32_t, uint32_t, b)
    RUN_CALL_4(frame_give, uint64_t, uint32_t, uint32_t, uint32_t, b)
        RUN_CALL_4(frame_grant, uint64_t, uint32_t, uint32_t, uint32_t, b)
            RUN_CALL_4(page_map, uint32_t, uint64_t, uint64_t, uint32_t, d >> 8)

                COUNTED(domain_destroy, 1) int64_t
    sys_domain_destroy(uint32_t domain){UNTIL_DONE(enter_1(CALL_domain_destroy, domain))}

COUNTED(object_destroy, 1) int64_t
    sys_object_destroy(uint32_t slot){UNTIL_DONE(enter_1(CALL_object_destroy, slot))}

COUNTED(frame_reclaim, 2) int64_t sys_frame_reclaim(uint32_t domain, uint32_t last)
{
    UNTIL_DONE(enter_2(CALL_frame_reclaim, domain, last))
}

static int64_t claim(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag)
{
    UNTIL_DONE(enter_4(CALL_frame_claim, where, order, rights, tag))
}

/* A claim of more than one frame may have to search on. More than a block is claimed without
 * access, which is then made block by block. */
static __attribute__((noinline)) int64_t claim_run(uint64_t where, uint32_t order, uint32_t rights,
                                                   uint64_t tag)
{
    if (order <= ORDER_BLOCK || rights == 0) {
        return claim(where, order, rights, tag);
    }
    int64_t claimed = claim(where, order, 0, tag);
    int64_t error = claimed < 0 ? claimed : sys_frame_access((uint64_t)claimed, order, rights);
    if (claimed >= 0 && error < 0) {
        sys_frame_release((uint64_t)claimed, order);
    }
    return error < 0 ? error : claimed;
}

COUNTED(frame_claim, 4)
int64_t sys_frame_claim(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag)
{
    return order == ORDER_FRAME ? enter_4(CALL_frame_claim, where, order, rights, tag)
                                : claim_run(where, order, rights, tag);
}
