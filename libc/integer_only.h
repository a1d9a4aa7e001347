/*
 * Included by every file of libcocos that can run while a Linux system call is served: the
 * program expects its vector registers back as they were (a system call keeps them), and the
 * bounce handler does not save them. So these files are compiled without them.
 */
#ifndef LIBC_INTEGER_ONLY_H
#define LIBC_INTEGER_ONLY_H

#ifndef __clang__
#pragma GCC target("general-regs-only")
#endif

#endif
