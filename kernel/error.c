/*
 * Names and texts of error codes: see error.h.
 */
#include "kernel/error.h"

#include <cocos/errors.h>

const char *error_name(int64_t code)
{
#define CASE_NAME(name, number, text)                                                              \
    case name:                                                                                     \
        return #name;
    switch (code) {
        COCOS_ERRORS(CASE_NAME)
    default:
        return "unknown";
    }
#undef CASE_NAME
}

const char *error_text(int64_t code)
{
#define CASE_TEXT(name, number, text)                                                              \
    case name:                                                                                     \
        return text;
    switch (code) {
        COCOS_ERRORS(CASE_TEXT)
    default:
        return "unknown error";
    }
#undef CASE_TEXT
}
