/*
 * The boot loader's modules as files: one directory, /, in which each has its name. Pure; tested on
 * the host.
 */
#ifndef BOOTFS_TREE_H
#define BOOTFS_TREE_H

#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/files.h>

struct tree {
    const struct boot_module *modules;
    uint32_t count;
};

/* What is there: a module by its number + 1, or the root. */
#define TREE_ROOT 0u

/* What the path of `bytes` bytes leads to, or E_PATH, E_TOO_LONG, E_NO_FILE, E_NOT_DIRECTORY. Of
 * modules with one name it is the last, as for init. */
int64_t tree_walk(const struct tree *tree, const char *path, uint64_t bytes);

/* Words 2 to 5 of FILES_STAT. */
void tree_status(const struct tree *tree, uint32_t node, uint64_t words[6]);

/* Up to `bytes` bytes of entries, after the one whose `next` was `place` (0: from the start), at
 * `to`. How many bytes; or E_TOO_LONG: not one fits. */
int64_t tree_list(const struct tree *tree, uint64_t place, void *to, uint64_t bytes);

/* The bytes of a module from `offset` on, at most `bytes`: how many, and where they are. */
uint64_t tree_bytes(const struct tree *tree, uint32_t node, uint64_t offset, uint64_t bytes,
                    const void **from);

#endif
