/* What Linux's stat says of a file. */
#ifndef LIBC_LINUX_STATUS_H
#define LIBC_LINUX_STATUS_H

#include <sys/stat.h>

#include <cocos/files.h>

#include "libc/linux/linux.h"

/* files.c */
HIDDEN void linux_status(const struct file_status *from, struct stat *to);

#endif
