/*
 * Signals. None come from outside, and handlers are noted but never run; what a program does to
 * itself by raise and abort has its default effect. DESIGN section 6: faults go to the
 * supervisor instead.
 */
#include "libc/linux/linux.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#define SIGNALS 64
#define MASK_BYTES 8
#define STATUS_OF_SIGNAL 128 /* what shells add for an end by a signal */

/* As the kernel of Linux takes it on x86-64; <signal.h> has the C library's. */
struct kernel_action {
    uint64_t handler, flags, restorer, mask;
};

static struct kernel_action actions[SIGNALS + 1];
static uint64_t mask;

int64_t linux_rt_sigaction(const uint64_t *a)
{
    uint64_t signal = a[0];
    if (signal < 1 || signal > SIGNALS || a[3] != MASK_BYTES)
        return -EINVAL;
    if (a[1] && (signal == SIGKILL || signal == SIGSTOP))
        return -EINVAL;
    struct kernel_action old = actions[signal];
    if (a[1])
        actions[signal] = *(const struct kernel_action *)a[1];
    if (a[2])
        *(struct kernel_action *)a[2] = old;
    return 0;
}

int64_t linux_rt_sigprocmask(const uint64_t *a)
{
    if (a[3] != MASK_BYTES)
        return -EINVAL;
    uint64_t old = mask;
    if (a[1]) {
        uint64_t set = *(const uint64_t *)a[1];
        if (a[0] == SIG_BLOCK)
            mask |= set;
        else if (a[0] == SIG_UNBLOCK)
            mask &= ~set;
        else if (a[0] == SIG_SETMASK)
            mask = set;
        else
            return -EINVAL;
    }
    if (a[2])
        *(uint64_t *)a[2] = old;
    return 0;
}

static bool ignored_by_default(uint64_t signal)
{
    return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

static bool stops_by_default(uint64_t signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* A signal to oneself. A handler would have to run: that is not served. */
static int64_t raise_own(uint64_t signal)
{
    if (signal > SIGNALS)
        return -EINVAL;
    uint64_t handler = actions[signal].handler;
    if (signal == 0 || handler == (uint64_t)SIG_IGN)
        return 0;
    if (handler != (uint64_t)SIG_DFL)
        return -ENOSYS;
    if (ignored_by_default(signal))
        return 0;
    if (stops_by_default(signal))
        return -ENOSYS;
    linux_end((int32_t)(STATUS_OF_SIGNAL + signal));
}

void linux_no_reader(void)
{
    raise_own(SIGPIPE);
}

int64_t linux_tkill(const uint64_t *a)
{
    return (int64_t)a[0] == linux_process_id() ? raise_own(a[1]) : -ESRCH;
}

int64_t linux_kill(const uint64_t *a)
{
    return linux_tkill(a);
}

int64_t linux_tgkill(const uint64_t *a)
{
    return (int64_t)a[0] == linux_process_id() ? linux_tkill(a + 1) : -ESRCH;
}
