#include "completion.h"

#include <string.h>

uint32_t completion_find(completion_names *names, bool first, const char *word, uint32_t length,
                         char common[COMPLETION_BYTES])
{
    uint32_t found = 0;
    const char *name;
    common[0] = 0;
    for (uint32_t index = 0; (name = names(index, first)) != NULL; index++) {
        if (strncmp(name, word, length) != 0 || strlen(name) >= COMPLETION_BYTES)
            continue;
        if (found == 0) {
            strcpy(common, name);
            found = 1;
        } else if (strcmp(common, name) != 0) {
            uint32_t same = 0;
            while (common[same] && common[same] == name[same])
                same++;
            common[same] = 0;
            found = 2;
        }
    }
    return found;
}
