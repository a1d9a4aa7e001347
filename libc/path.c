/* Paths made whole, and the table of mounts (contracts: cocos/path.h). */
#include <cocos/path.h>

#include <stddef.h>

#include <cocos/errors.h>

/* A path that is being put together: "" or names, each with a / before it. */
struct whole {
    char text[FILES_PATH_BYTES];
    uint64_t length;
};

static uint64_t name_length(const char *at)
{
    uint64_t length = 0;
    while (at[length] && at[length] != '/' && length <= FILES_NAME_BYTES)
        length++;
    return length;
}

static void leave(struct whole *whole)
{
    while (whole->length > 0 && whole->text[--whole->length] != '/') {}
}

static int64_t enter(struct whole *whole, const char *name, uint64_t length)
{
    if (whole->length + 1 + length >= FILES_PATH_BYTES)
        return E_TOO_LONG;
    whole->text[whole->length++] = '/';
    for (uint64_t i = 0; i < length; i++)
        whole->text[whole->length++] = name[i];
    return OK;
}

static bool is_dots(const char *name, uint64_t length, uint64_t dots)
{
    return length == dots && name[0] == '.' && name[length - 1] == '.';
}

static int64_t walk(struct whole *whole, const char *path)
{
    int64_t error = OK;
    while (*path && error == OK) {
        uint64_t length = name_length(path);
        if (length > FILES_NAME_BYTES)
            return E_TOO_LONG;
        if (is_dots(path, length, 2))
            leave(whole);
        else if (length > 0 && !is_dots(path, length, 1))
            error = enter(whole, path, length);
        path += length + (path[length] == '/');
    }
    return error;
}

int64_t path_resolve(const char *directory, const char *path, char whole[FILES_PATH_BYTES])
{
    struct whole made;
    made.length = 0;
    if (!*path)
        return E_NO_FILE;
    int64_t error = *path == '/' ? OK : walk(&made, directory);
    if (error == OK)
        error = walk(&made, path);
    if (error < 0)
        return error;
    if (made.length == 0)
        made.text[made.length++] = '/';
    for (uint64_t i = 0; i < made.length; i++)
        whole[i] = made.text[i];
    whole[made.length] = 0;
    return (int64_t)made.length;
}

int64_t path_check(const char *path, uint64_t bytes)
{
    if (bytes >= FILES_PATH_BYTES)
        return E_TOO_LONG;
    if (bytes == 0 || path[0] != '/')
        return E_PATH;
    for (uint64_t at = 1; bytes > 1 && at <= bytes;) {
        uint64_t end = at;
        while (end < bytes && path[end] != '/') {
            if (path[end++] == 0)
                return E_PATH;
        }
        uint64_t length = end - at;
        if (length > FILES_NAME_BYTES)
            return E_TOO_LONG;
        if (length == 0 || is_dots(path + at, length, 1) || is_dots(path + at, length, 2))
            return E_PATH;
        at = end + 1;
    }
    return OK;
}

/* How much of `whole` the mount's path is, or -1: the path does not lie in it. The table came from
 * whoever started the program: an entry without an end is none. */
static int64_t covers(const struct process_mount *mount, const char *whole)
{
    uint32_t length = 0;
    if (mount->path[0] != '/')
        return -1;
    while (length < MOUNT_PATH_BYTES && mount->path[length]) {
        if (mount->path[length] != whole[length])
            return -1;
        length++;
    }
    if (length == MOUNT_PATH_BYTES)
        return -1;
    if (length == 1)
        return 0;
    return whole[length] == 0 || whole[length] == '/' ? (int64_t)length : -1;
}

const struct process_mount *path_mount(const struct process_mount mounts[PROCESS_MOUNTS],
                                       const char *whole, const char **rest)
{
    const struct process_mount *best = NULL;
    int64_t longest = -1;
    for (uint32_t i = 0; i < PROCESS_MOUNTS; i++) {
        int64_t length = covers(&mounts[i], whole);
        if (length > longest) {
            longest = length;
            best = &mounts[i];
        }
    }
    if (best)
        *rest = whole[longest] ? whole + longest : "/";
    return best;
}

const char *path_mounted_below(const struct process_mount *mount, const char *directory)
{
    uint32_t length = 0, bytes = 0;
    while (bytes < MOUNT_PATH_BYTES && mount->path[bytes])
        bytes++;
    if (bytes < 2 || bytes == MOUNT_PATH_BYTES || mount->path[0] != '/')
        return NULL;
    while (directory[length] && directory[length] == mount->path[length])
        length++;
    if (directory[length])
        return NULL;
    if (length > 1) /* of the root, the / is its own */
        length += mount->path[length] == '/' ? 1 : MOUNT_PATH_BYTES;
    if (length >= bytes)
        return NULL;
    for (uint32_t i = length; i < bytes; i++)
        if (mount->path[i] == '/')
            return NULL;
    return mount->path + length;
}
