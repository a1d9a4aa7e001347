#include "nodes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/guard.h>
#include <cocos/path.h>

#define FILE_BYTES_MAX (256ull << 20)
#define ROOM_MIN 256u

static struct node nodes[NODES_MAX];
static uint64_t last_id;

void nodes_open(void)
{
    nodes[NODE_ROOT] = (struct node){
        .type = FILES_TYPE_DIRECTORY, .permissions = 0777, .id = ++last_id, .name = ""};
}

struct node *node_at(uint32_t number)
{
    return &nodes[number];
}

static bool is_directory(uint32_t number)
{
    return nodes[number].type == FILES_TYPE_DIRECTORY;
}

/* ---- Paths ---- */

/* The node of that name in a directory, or E_NO_FILE. */
static int64_t find(uint32_t directory, const char *name, uint64_t bytes)
{
    for (uint32_t i = 1; i < NODES_MAX; i++) {
        const struct node *node = &nodes[i];
        if (node->type && !node->removed && node->parent == directory &&
            strncmp(node->name, name, bytes) == 0 && node->name[bytes] == 0)
            return i;
    }
    return E_NO_FILE;
}

int64_t nodes_walk(const char *path, uint64_t bytes)
{
    int64_t error = path_check(path, bytes), node = NODE_ROOT;
    if (error < 0)
        return error;
    for (uint64_t at = 1, length; at < bytes; at += length + 1) {
        const char *slash = memchr(path + at, '/', bytes - at);
        length = slash ? (uint64_t)(slash - path) - at : bytes - at;
        if (!is_directory((uint32_t)node))
            return E_NOT_DIRECTORY;
        node = find((uint32_t)node, path + at, length);
        if (node < 0)
            return node;
    }
    return node;
}

/* The directory that a path's last name is, or is to be, in; *name is that. E_PATH: it is the
 * root's. */
static int64_t walk_to_last(const char *path, uint64_t bytes, const char **name, uint64_t *length)
{
    int64_t error = path_check(path, bytes);
    if (error < 0)
        return error;
    if (bytes == 1)
        return E_PATH;
    uint64_t slash = bytes - 1;
    while (path[slash] != '/')
        slash--;
    *name = path + slash + 1;
    *length = bytes - slash - 1;
    int64_t directory = nodes_walk(path, slash ? slash : 1);
    return directory >= 0 && !is_directory((uint32_t)directory) ? E_NOT_DIRECTORY : directory;
}

static char *copy_name(const char *name, uint64_t bytes)
{
    char *copy = malloc(bytes + 1);
    if (copy) {
        memcpy(copy, name, bytes);
        copy[bytes] = 0;
    }
    return copy;
}

/* ---- Making and removing ---- */

int64_t nodes_create(const char *path, uint64_t bytes, uint32_t type, uint32_t permissions)
{
    const char *name;
    uint64_t length;
    uint32_t number = 1;
    int64_t directory = bytes == 1 ? E_EXISTS : walk_to_last(path, bytes, &name, &length);
    if (directory < 0)
        return directory;
    if (find((uint32_t)directory, name, length) >= 0)
        return E_EXISTS;
    while (number < NODES_MAX && nodes[number].type)
        number++;
    char *copy = number < NODES_MAX ? copy_name(name, length) : NULL;
    if (!copy)
        return E_NO_SPACE;
    nodes[number] = (struct node){.type = type,
                                  .permissions = permissions & FILES_PERMISSIONS,
                                  .parent = (uint32_t)directory,
                                  .name = copy,
                                  .id = ++last_id};
    return number;
}

static void free_node(struct node *node)
{
    free(node->name);
    free(node->data);
    *node = (struct node){0};
}

void nodes_close(uint32_t number)
{
    struct node *node = &nodes[number];
    node->opens--;
    if (node->removed && node->opens == 0)
        free_node(node);
}

static void remove_node(struct node *node)
{
    node->removed = true;
    if (node->opens == 0)
        free_node(node);
}

static bool is_empty(uint32_t directory)
{
    for (uint32_t i = 1; i < NODES_MAX; i++)
        if (nodes[i].type && !nodes[i].removed && nodes[i].parent == directory)
            return false;
    return true;
}

int64_t nodes_remove(const char *path, uint64_t bytes, uint32_t kind)
{
    int64_t number = nodes_walk(path, bytes);
    if (number < 0)
        return number;
    if (kind == FILES_DIRECTORY && !is_directory((uint32_t)number))
        return E_NOT_DIRECTORY;
    if (kind != FILES_DIRECTORY && is_directory((uint32_t)number))
        return E_IS_DIRECTORY;
    if (number == NODE_ROOT)
        return E_BUSY;
    if (!is_empty((uint32_t)number))
        return E_NOT_EMPTY;
    remove_node(&nodes[number]);
    return OK;
}

/* Whether `node` is `directory`, or above it. */
static bool holds(uint32_t node, uint32_t directory)
{
    while (directory != node && directory != NODE_ROOT)
        directory = nodes[directory].parent;
    return directory == node;
}

/* What has the new name gives way, if it is of the same kind and, as a directory, empty. */
static int64_t replace(uint32_t number, int64_t old)
{
    if (old < 0 || old == number)
        return OK;
    if (is_directory((uint32_t)old) != is_directory(number))
        return is_directory(number) ? E_NOT_DIRECTORY : E_IS_DIRECTORY;
    if (!is_empty((uint32_t)old))
        return E_NOT_EMPTY;
    remove_node(&nodes[old]);
    return OK;
}

int64_t nodes_rename(const char *path, uint64_t bytes, const char *to, uint64_t to_bytes)
{
    const char *name;
    uint64_t length;
    int64_t number = nodes_walk(path, bytes);
    if (number < 0)
        return number;
    if (number == NODE_ROOT)
        return E_BUSY;
    int64_t directory = walk_to_last(to, to_bytes, &name, &length);
    if (directory < 0)
        return directory;
    if (holds((uint32_t)number, (uint32_t)directory))
        return E_PATH; /* a directory into itself */
    char *copy = copy_name(name, length);
    if (!copy)
        return E_NO_SPACE;
    int64_t error = replace((uint32_t)number, find((uint32_t)directory, name, length));
    if (error < 0) {
        free(copy);
        return error;
    }
    free(nodes[number].name);
    nodes[number].name = copy;
    nodes[number].parent = (uint32_t)directory;
    return OK;
}

/* ---- Contents ---- */

int64_t nodes_read(uint32_t number, uint64_t offset, void *to, uint64_t bytes)
{
    const struct node *node = &nodes[number];
    if (offset >= node->bytes)
        return 0;
    if (bytes > node->bytes - offset)
        bytes = node->bytes - offset;
    return guarded_copy(to, node->data + offset, bytes) ? (int64_t)bytes : E_GONE;
}

/* Room for so many bytes, which become zeroes where there were none. */
static int64_t make_room(struct node *node, uint64_t bytes)
{
    if (bytes > FILE_BYTES_MAX)
        return E_FILE_SIZE;
    if (bytes <= node->room)
        return OK;
    uint64_t room = bytes + bytes / 2 < ROOM_MIN ? ROOM_MIN : bytes + bytes / 2;
    uint8_t *data = realloc(node->data, room);
    if (!data)
        return E_NO_SPACE;
    memset(data + node->room, 0, room - node->room);
    node->data = data;
    node->room = room;
    return OK;
}

int64_t nodes_write(uint32_t number, uint64_t offset, const void *from, uint64_t bytes)
{
    struct node *node = &nodes[number];
    if (offset > FILE_BYTES_MAX || bytes > FILE_BYTES_MAX)
        return E_FILE_SIZE;
    int64_t error = make_room(node, offset + bytes);
    if (error < 0)
        return error;
    if (!guarded_copy(node->data + offset, from, bytes))
        return E_GONE;
    if (node->bytes < offset + bytes)
        node->bytes = offset + bytes;
    return (int64_t)bytes;
}

int64_t nodes_resize(uint32_t number, uint64_t bytes)
{
    struct node *node = &nodes[number];
    int64_t error = make_room(node, bytes);
    if (error < 0)
        return error;
    if (bytes < node->bytes)
        memset(node->data + bytes, 0, node->bytes - bytes);
    node->bytes = bytes;
    if (bytes == 0) {
        free(node->data);
        node->data = NULL;
        node->room = 0;
    }
    return OK;
}

/* Places are numbers of nodes. */
int64_t nodes_list(uint32_t number, uint64_t place, void *to, uint64_t bytes)
{
    uint64_t used = 0;
    for (uint64_t i = place + 1; i < NODES_MAX; i++) {
        const struct node *node = &nodes[i];
        if (!node->type || node->removed || node->parent != number)
            continue;
        size_t length = strlen(node->name);
        uint64_t size = (offsetof(struct files_entry, name) + length + 1 + 7) & ~7ull;
        if (size > bytes - used)
            return used ? (int64_t)used : E_TOO_LONG;
        struct files_entry *entry = (struct files_entry *)((char *)to + used);
        memset(entry, 0, size);
        *entry = (struct files_entry){.id = node->id,
                                      .next = i,
                                      .bytes = (uint16_t)size,
                                      .type = (uint8_t)(node->type >> 12),
                                      .name_bytes = (uint8_t)length};
        memcpy(entry->name, node->name, length);
        used += size;
    }
    return (int64_t)used;
}

void nodes_status(uint32_t number, uint64_t words[6])
{
    const struct node *node = &nodes[number];
    words[2] = node->bytes;
    words[3] = node->written_ns;
    words[4] = node->id;
    words[5] = node->type | node->permissions | (node->removed ? 0 : 1ull << 32);
}
