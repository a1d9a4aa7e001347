#include "modules.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/sys.h>

static const struct process_page *const page = (const void *)PROCESS_PAGE;

static size_t name_length(const struct boot_module *module)
{
    return strcspn(module->text, " ");
}

const struct boot_module *modules_find(const char *name)
{
    const struct boot_module *found = NULL;
    for (uint32_t i = 0; i < page->module_count; i++) {
        size_t length = name_length(&page->modules[i]);
        if (length == strlen(name) && memcmp(page->modules[i].text, name, length) == 0)
            found = &page->modules[i];
    }
    return found;
}

/* Of a domain that is being made: init gives it the frames for page tables, too. */
static int64_t show(uint32_t domain, const struct boot_module *module)
{
    uint64_t end = (module->address + module->bytes + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    uint64_t frames = (end - module->address) / FRAME_BYTES;
    int64_t error = sys_domain_set(domain, DOMAIN_ACCEPT, frames);
    for (uint64_t tables = 0; error == OK && tables <= frames; tables++) {
        error = frames_grant(module->address, end, domain, MAP_READ);
        if (error != E_NO_TABLES)
            break;
        error = table_fund(domain);
    }
    return error;
}

int modules_show(uint32_t domain, struct process_page *shown)
{
    for (uint32_t i = 0; i < page->module_count; i++) {
        int64_t error = show(domain, &page->modules[i]);
        if (error < 0)
            return (int)error;
        shown->modules[i] = page->modules[i];
        shown->module_count = i + 1;
    }
    return OK;
}

int modules_name(uint64_t index, char name[SERVICE_NAME_BYTES])
{
    if (index >= page->module_count)
        return E_NAME;
    size_t length = name_length(&page->modules[index]);
    memset(name, 0, SERVICE_NAME_BYTES);
    memcpy(name, page->modules[index].text,
           length < SERVICE_NAME_BYTES ? length : SERVICE_NAME_BYTES - 1);
    return OK;
}
