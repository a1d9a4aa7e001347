/*
 * Names and texts of error codes, from the one table in cocos/errors.h.
 */
#ifndef KERNEL_ERROR_H
#define KERNEL_ERROR_H

#include <stdint.h>

const char *error_name(int64_t code);
const char *error_text(int64_t code);

#endif
