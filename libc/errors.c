/* Names and texts of error codes, from the one table (cocos/errors.h). */
#include <cocos/service.h>

struct error {
    int64_t code;
    const char *name, *text;
};

#define ERROR(name, code, text) {name, #name, text},
static const struct error errors[] = {{OK, "OK", "no error"}, COCOS_ERRORS(ERROR)};
#undef ERROR

static const struct error *find(int64_t code)
{
    for (uint32_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            return &errors[i];
    return 0;
}

const char *error_name(int64_t code)
{
    const struct error *error = find(code);
    return error ? error->name : "unknown error";
}

const char *error_text(int64_t code)
{
    const struct error *error = find(code);
    return error ? error->text : "unknown error";
}
