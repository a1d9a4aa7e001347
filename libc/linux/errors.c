/* What Linux calls the errors of cocOS. */
#include "libc/linux/linux.h"

#include <errno.h>

#include <cocos/errors.h>

static const struct {
    int16_t error, number;
} numbers[] = {
    {E_NO_FILE, ENOENT},
    {E_NOT_DIRECTORY, ENOTDIR},
    {E_IS_DIRECTORY, EISDIR},
    {E_NOT_EMPTY, ENOTEMPTY},
    {E_NOT_ALLOWED, EACCES},
    {E_READ_ONLY, EROFS},
    {E_NO_SPACE, ENOSPC},
    {E_FILE_SIZE, EFBIG},
    {E_PATH, EINVAL},
    {E_LINK, ELOOP},
    {E_FID, ESTALE},
    {E_NOT_OPEN, EBADF},
    {E_OTHER_SYSTEM, EXDEV},
    {E_NO_FILES, ENODEV},
    {E_NO_READER, EPIPE},
    {E_EXISTS, EEXIST},
    {E_TOO_LONG, ENAMETOOLONG},
    {E_NO_MEMORY, ENOMEM},
    {E_LIMIT, ENOMEM},
    {E_FULL, ENFILE},
    {E_RIGHTS, EACCES},
    {E_BUSY, EBUSY},
    {E_ARGUMENT, EINVAL},
    {E_UNSUPPORTED, EOPNOTSUPP},
};

int64_t linux_error(int64_t result)
{
    if (result >= 0)
        return result;
    for (uint32_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].error == result)
            return -numbers[i].number;
    return -EIO;
}
