#include "modules.h"

#include <string.h>

#include <cocos/errors.h>

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
