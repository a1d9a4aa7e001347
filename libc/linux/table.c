/* Which Linux calls are served, by number. */
#include "libc/linux/bounce.h"

#include <errno.h>
#include <sys/syscall.h>

#include "libc/linux/linux.h"

typedef int64_t linux_function(const uint64_t *arguments);

#define ENTRY(name) [SYS_##name] = linux_##name,
static linux_function *const table[] = {LINUX_CALLS(ENTRY)};
#undef ENTRY

int64_t linux_serve(uint64_t number, const uint64_t *arguments)
{
    if (number >= sizeof table / sizeof table[0] || !table[number])
        return -ENOSYS;
    return table[number](arguments);
}
