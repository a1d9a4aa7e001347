/* The files the boot loader brought along: what there is to start. */
#ifndef INIT_MODULES_H
#define INIT_MODULES_H

#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/init.h>

/* The module of this name, the last one if there are several, or NULL. */
const struct boot_module *modules_find(const char *name);

/* Lets `domain` read all modules, and lists them in *page. The errors of frames_grant. */
int modules_show(uint32_t domain, struct process_page *page);

/* The name of module `index`, cut to what fits. E_NAME: there is no such module. */
int modules_name(uint64_t index, char name[SERVICE_NAME_BYTES]);

#endif
