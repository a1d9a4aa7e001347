#include "tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/path.h>

/* Everybody may read and execute. */
#define MODE_FILE (FILES_TYPE_FILE | 0555u)
#define MODE_ROOT (FILES_TYPE_DIRECTORY | 0555u)

static uint32_t name_length(const struct boot_module *module)
{
    uint32_t length = 0;
    while (length < MODULE_TEXT_BYTES && module->text[length] && module->text[length] != ' ')
        length++;
    return length;
}

static bool has_name(const struct boot_module *module, const char *name, uint64_t bytes)
{
    return name_length(module) == bytes && memcmp(module->text, name, bytes) == 0;
}

/* Another one of the same name comes after it. */
static bool is_hidden(const struct tree *tree, uint32_t index)
{
    const struct boot_module *module = &tree->modules[index];
    for (uint32_t i = index + 1; i < tree->count; i++)
        if (has_name(&tree->modules[i], module->text, name_length(module)))
            return true;
    return name_length(module) == 0;
}

int64_t tree_walk(const struct tree *tree, const char *path, uint64_t bytes)
{
    int64_t error = path_check(path, bytes);
    if (error < 0)
        return error;
    if (bytes == 1)
        return TREE_ROOT;
    const char *slash = memchr(path + 1, '/', bytes - 1);
    uint64_t length = slash ? (uint64_t)(slash - path) - 1 : bytes - 1;
    for (uint32_t i = tree->count; i > 0; i--)
        if (has_name(&tree->modules[i - 1], path + 1, length))
            return slash ? E_NOT_DIRECTORY : (int64_t)i;
    return E_NO_FILE;
}

void tree_status(const struct tree *tree, uint32_t node, uint64_t words[6])
{
    words[2] = node == TREE_ROOT ? 0 : tree->modules[node - 1].bytes;
    words[3] = 0;
    words[4] = node + 1;
    words[5] = (node == TREE_ROOT ? MODE_ROOT : MODE_FILE) | 1ull << 32;
}

int64_t tree_list(const struct tree *tree, uint64_t place, void *to, uint64_t bytes)
{
    uint64_t used = 0;
    for (; place < tree->count; place++) {
        const struct boot_module *module = &tree->modules[place];
        uint32_t length = name_length(module);
        uint64_t size = (offsetof(struct files_entry, name) + length + 1 + 7) & ~7ull;
        if (is_hidden(tree, (uint32_t)place))
            continue;
        if (size > bytes - used)
            return used ? (int64_t)used : E_TOO_LONG;
        struct files_entry *entry = (struct files_entry *)((char *)to + used);
        memset(entry, 0, size);
        *entry = (struct files_entry){
            .id = place + 2,
            .next = place + 1,
            .bytes = (uint16_t)size,
            .type = FILES_TYPE_FILE >> 12,
            .name_bytes = (uint8_t)length,
        };
        memcpy(entry->name, module->text, length);
        used += size;
    }
    return (int64_t)used;
}

uint64_t tree_bytes(const struct tree *tree, uint32_t node, uint64_t offset, uint64_t bytes,
                    const void **from)
{
    const struct boot_module *module = &tree->modules[node - 1];
    if (offset >= module->bytes)
        return 0;
    *from = (const char *)module->address + offset;
    return bytes < module->bytes - offset ? bytes : module->bytes - offset;
}
