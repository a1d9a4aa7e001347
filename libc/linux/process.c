/* The program as a Linux process: its end, its identity, its thread's TLS. */
#include "libc/linux/linux.h"

#include <errno.h>
#include <sys/utsname.h>

#include <cocos/protocol/init.h>
#include <cocos/sys.h>

/* <asm/prctl.h>, which musl does not have. */
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

static uint64_t tls;

void linux_end(int32_t status)
{
    struct message message = {.words = {INIT_EXIT, (uint32_t)status}};
    sys_call(SLOT_PARENT, &message);
    /* Only init's own end, or init's being gone, comes here: the fault says so. */
    __builtin_trap();
}

int64_t linux_exit(const uint64_t *a)
{
    linux_end((int32_t)(a[0] & 0xff));
}

int64_t linux_exit_group(const uint64_t *a)
{
    linux_end((int32_t)(a[0] & 0xff));
}

int64_t linux_process_id(void)
{
    return ((const struct process_page *)PROCESS_PAGE)->number;
}

int64_t linux_getpid(const uint64_t *a)
{
    (void)a;
    return linux_process_id();
}

int64_t linux_gettid(const uint64_t *a)
{
    (void)a;
    return linux_process_id();
}

/* Everyone's parent is init; init has none. */
int64_t linux_getppid(const uint64_t *a)
{
    (void)a;
    return linux_process_id() == INIT_NUMBER ? 0 : INIT_NUMBER;
}

/* The address would be cleared at the thread's end, for others to see; there are no others. */
int64_t linux_set_tid_address(const uint64_t *a)
{
    (void)a;
    return linux_process_id();
}

int64_t linux_arch_prctl(const uint64_t *a)
{
    switch (a[0]) {
    case ARCH_SET_FS:
        if (sys_thread_set_tls(a[1]) < 0)
            return -EPERM;
        tls = a[1];
        return 0;
    case ARCH_GET_FS:
        *(uint64_t *)a[1] = tls;
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t linux_getuid(const uint64_t *a)
{
    (void)a;
    return 0;
}

int64_t linux_geteuid(const uint64_t *a)
{
    (void)a;
    return 0;
}

int64_t linux_getgid(const uint64_t *a)
{
    (void)a;
    return 0;
}

int64_t linux_getegid(const uint64_t *a)
{
    (void)a;
    return 0;
}

static void put(char *to, const char *text)
{
    while ((*to++ = *text++))
        ;
}

int64_t linux_uname(const uint64_t *a)
{
    struct utsname *name = (struct utsname *)a[0];
    *name = (struct utsname){0};
    put(name->sysname, "cocOS");
    put(name->nodename, "cocos");
    put(name->release, COCOS_VERSION_TEXT);
    put(name->version, "cocOS " COCOS_VERSION_TEXT);
    put(name->machine, "x86_64");
    return 0;
}

int64_t linux_sched_yield(const uint64_t *a)
{
    (void)a;
    sys_yield();
    return 0;
}
