/*
 * The Linux library OS: Linux system calls served inside the program that makes them. One
 * function per call, `linux_X`, takes the six arguments as an array and returns Linux's result,
 * errors as negative errno values. table.c lists them; what is not listed is -ENOSYS.
 *
 * One thread per program for now: nothing here is locked.
 */
#ifndef LIBC_LINUX_LINUX_H
#define LIBC_LINUX_LINUX_H

#include <stdint.h>

/* clang-format off */
#define LINUX_CALLS(X) \
    /* files.c: what is done with descriptors */ \
    X(read) X(readv) X(write) X(writev) X(pread64) X(pwrite64) X(fstat) X(ioctl) X(lseek) \
    X(ftruncate) X(fsync) X(fdatasync) X(getdents64) \
    /* descriptors.c */ \
    X(close) X(dup) X(dup2) X(dup3) X(fcntl) \
    /* names.c */ \
    X(open) X(openat) X(creat) X(stat) X(lstat) X(newfstatat) X(access) X(faccessat) X(mkdir) \
    X(mkdirat) X(rmdir) X(unlink) X(unlinkat) X(rename) X(renameat) X(renameat2) X(truncate) \
    X(chdir) X(fchdir) X(getcwd) X(readlink) X(readlinkat) X(umask) \
    /* memory.c */ \
    X(brk) X(mmap) X(munmap) X(mprotect) X(mremap) X(madvise) \
    /* process.c */ \
    X(exit) X(exit_group) X(getpid) X(gettid) X(getppid) X(set_tid_address) X(arch_prctl) \
    X(getuid) X(geteuid) X(getgid) X(getegid) X(uname) X(sched_yield) \
    /* signals.c */ \
    X(rt_sigaction) X(rt_sigprocmask) X(kill) X(tkill) X(tgkill) \
    /* time.c */ \
    X(clock_gettime) X(clock_getres) X(clock_settime) X(gettimeofday) X(time) X(nanosleep) \
    X(clock_nanosleep)
/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))

#define LINUX_CALL(name) HIDDEN int64_t linux_##name(const uint64_t *arguments);
LINUX_CALLS(LINUX_CALL)
#undef LINUX_CALL

/* process.c: tells init that the program is over. */
HIDDEN _Noreturn void linux_end(int32_t status);

/* signals.c: it has written to a pipe that nobody reads. */
HIDDEN void linux_no_reader(void);

/* process.c: what number init knows it by, which is its process id and its only thread's. */
HIDDEN int64_t linux_process_id(void);

/* console.c: all `bytes` bytes, or -EIO. */
HIDDEN int64_t linux_console_write(const char *text, uint64_t bytes);

/* console.c: waits for input: a line, shown and corrected as it is typed, or what there is; at most
 * `bytes` bytes. 0: the end of the input; or -EIO. */
HIDDEN int64_t linux_console_read(char *text, uint64_t bytes);

/* console.c: Linux's struct termios, to be filled, or to be followed. */
HIDDEN void linux_console_settings(void *settings);
HIDDEN void linux_console_set(const void *settings);

/* console.c: 0 and its size in characters (0: unknown), or -EIO. */
HIDDEN int64_t linux_console_size(uint16_t *columns, uint16_t *lines);

/* errors.c: a negative errno value for an error of cocOS, and what is no error as it is. */
HIDDEN int64_t linux_error(int64_t result);

#endif
