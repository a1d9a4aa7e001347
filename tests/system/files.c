/*
 * Files as an ordinary C program has them, on /host, in the empty directory that its argument
 * names: open, read, write, seek, stat, directories, names, each with its errors. Prints what
 * failed.
 *
 *   files DIRECTORY
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned failed;

#define EXPECT(condition) expect((condition), __LINE__, #condition)

static void expect(int condition, int line, const char *what)
{
    if (!condition) {
        printf("FAILED: line %d: %s (%s)\n", line, what, strerror(errno));
        failed++;
    }
}

/* Whether what was done failed with that error. */
static int failed_with(long result, int error)
{
    int was = errno;
    errno = 0;
    return result == -1 && was == error;
}

static off_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

static void test_reading_and_writing(void)
{
    char text[64] = "";
    int file = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
    EXPECT(file == 3);
    EXPECT(write(file, "hello, world", 12) == 12 && lseek(file, 0, SEEK_CUR) == 12);
    EXPECT(read(file, text, sizeof text) == 0);
    EXPECT(lseek(file, -5, SEEK_END) == 7 && read(file, text, sizeof text) == 5);
    EXPECT(memcmp(text, "world", 5) == 0);
    EXPECT(pwrite(file, "W", 1, 7) == 1 && pread(file, text, 3, 6) == 3);
    EXPECT(memcmp(text, " Wo", 3) == 0 && lseek(file, 0, SEEK_CUR) == 12);
    EXPECT(lseek(file, 100000, SEEK_SET) == 100000 && write(file, "!", 1) == 1);
    EXPECT(size_of("f") == 100001 && pread(file, text, 1, 50000) == 1 && text[0] == 0);
    EXPECT(ftruncate(file, 5) == 0 && size_of("f") == 5);
    EXPECT(ftruncate(file, 7) == 0 && pread(file, text, 9, 0) == 7);
    EXPECT(memcmp(text, "hello\0", 7) == 0);
    EXPECT(fsync(file) == 0 && fdatasync(file) == 0);
    EXPECT(failed_with(lseek(file, -1, SEEK_SET), EINVAL));
    EXPECT(failed_with(lseek(file, 0, 77), EINVAL));
    EXPECT(failed_with(pread(file, text, 1, -1), EINVAL));
    EXPECT(close(file) == 0 && failed_with(close(file), EBADF));
    EXPECT(failed_with(read(file, text, 1), EBADF) && failed_with(write(99, text, 1), EBADF));
    EXPECT(truncate("f", 2) == 0 && size_of("f") == 2);
}

/* Sizes around those that travel at once: 4 KiB, 64 KiB. */
static void test_sizes(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 65535, 65536, 65537, 300000};
    static char from[300000], to[300001];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (char)(i * 7 + i / 4096);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ssize_t bytes = (ssize_t)sizes[i];
        int file = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
        EXPECT(write(file, from, sizes[i]) == bytes && size_of("f") == bytes);
        memset(to, 1, sizeof to);
        EXPECT(pread(file, to, sizeof to, 0) == bytes && memcmp(from, to, sizes[i]) == 0);
        EXPECT(to[sizes[i]] == 1);
        close(file);
    }
}

static void test_access(void)
{
    char text[8];
    int file = open("f", O_RDONLY);
    EXPECT(failed_with(write(file, "x", 1), EBADF) && failed_with(ftruncate(file, 0), EINVAL));
    close(file);
    file = open("f", O_WRONLY | O_APPEND);
    off_t before = size_of("f");
    EXPECT(failed_with(read(file, text, 1), EBADF));
    EXPECT(lseek(file, 0, SEEK_SET) == 0 && write(file, "end", 3) == 3);
    EXPECT(size_of("f") == before + 3);
    struct iovec parts[] = {{"one", 3}, {"", 0}, {"two", 3}};
    EXPECT(writev(file, parts, 3) == 6 && size_of("f") == before + 9);
    close(file);
    file = open("f", O_RDONLY);
    struct iovec places[] = {{text, 2}, {text + 2, 3}};
    EXPECT(lseek(file, -6, SEEK_END) >= 0 && readv(file, places, 2) == 5);
    EXPECT(memcmp(text, "onetw", 5) == 0);
    close(file);
}

static void test_descriptors(void)
{
    int file = open("f", O_RDONLY), files[100], count = 0;
    char text[4];
    int same = dup(file), seven = dup2(file, 7);
    EXPECT(same > file && seven == 7 && dup2(file, file) == file);
    EXPECT(read(file, text, 2) == 2 && lseek(7, 0, SEEK_CUR) == 2); /* one offset for all */
    EXPECT(fcntl(file, F_DUPFD, 20) == 20 && close(20) == 0);
    EXPECT((fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY);
    EXPECT(close(file) == 0 && read(7, text, 1) == 1 && close(7) == 0 && close(same) == 0);
    EXPECT(failed_with(dup(7), EBADF) && failed_with(dup2(3, 1000), EBADF));
    while (count < 100 && (files[count] = open("f", O_RDONLY)) >= 0)
        count++;
    EXPECT(count == 61 && errno == EMFILE); /* 64, less three for the console */
    while (count > 0)
        close(files[--count]);
}

static void test_streams(void)
{
    char line[32] = "";
    FILE *file = fopen("s", "w");
    EXPECT(file && fprintf(file, "%d lines\n%s\n", 2, "the second") > 0 && fclose(file) == 0);
    file = fopen("s", "a");
    EXPECT(file && fputs("the third\n", file) >= 0 && fclose(file) == 0);
    file = fopen("s", "r");
    EXPECT(file && fgets(line, sizeof line, file) && strcmp(line, "2 lines\n") == 0);
    EXPECT(fgets(line, sizeof line, file) && fgets(line, sizeof line, file));
    EXPECT(strcmp(line, "the third\n") == 0 && !fgets(line, sizeof line, file) && feof(file));
    EXPECT(fclose(file) == 0 && remove("s") == 0);
    file = tmpfile();
    EXPECT(file && fputs("in /tmp", file) >= 0 && ftell(file) == 7 && fclose(file) == 0);
}

static void test_status(void)
{
    struct stat status, again;
    EXPECT(stat("f", &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1);
    EXPECT((status.st_mode & 0777) == 0640 && status.st_mtime > 1600000000);
    int file = open("f", O_RDONLY);
    EXPECT(fstat(file, &again) == 0 && again.st_ino == status.st_ino);
    close(file);
    EXPECT(lstat(".", &status) == 0 && S_ISDIR(status.st_mode));
    EXPECT(fstat(1, &status) == 0 && S_ISCHR(status.st_mode) &&
           failed_with(lseek(1, 0, 0), ESPIPE));
    EXPECT(access("f", R_OK | W_OK) == 0 && failed_with(access("f", X_OK), EACCES));
    EXPECT(failed_with(access("none", F_OK), ENOENT));
}

static void test_names(void)
{
    EXPECT(mkdir("d", 0755) == 0 && failed_with(mkdir("d", 0755), EEXIST));
    EXPECT(failed_with(open("d", O_WRONLY), EISDIR) && failed_with(open("f/x", O_RDONLY), ENOTDIR));
    EXPECT(failed_with(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR));
    EXPECT(failed_with(open("none", O_RDONLY), ENOENT));
    EXPECT(failed_with(open("none/x", O_CREAT | O_WRONLY, 0600), ENOENT));
    EXPECT(failed_with(open("f", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST));
    EXPECT(close(open("d/g", O_CREAT | O_WRONLY, 0600)) == 0);
    EXPECT(failed_with(rmdir("d"), ENOTEMPTY) && failed_with(rmdir("f"), ENOTDIR));
    EXPECT(failed_with(unlink("d"), EISDIR) && failed_with(unlink("none"), ENOENT));
    EXPECT(rename("d/g", "d/h") == 0 && size_of("d/g") == -1 && size_of("d/h") == 0);
    EXPECT(rename("f", "d/h") == 0 && size_of("d/h") > 0); /* what was there is replaced */
    EXPECT(rename("d/h", "f") == 0 && failed_with(rename("none", "x"), ENOENT));
    EXPECT(failed_with(rename("f", "/f"), EXDEV) && failed_with(rename("/init", "/i"), EROFS));
    EXPECT(failed_with(rmdir("/host"), EBUSY) && failed_with(mkdir("/host", 0700), EEXIST));
    EXPECT(rmdir("d") == 0 && failed_with(rmdir("d"), ENOENT));
}

static void test_long_and_odd_names(void)
{
    static char name[5000];
    memset(name, 'n', sizeof name - 1);
    EXPECT(failed_with(open(name, O_RDONLY), ENAMETOOLONG));
    name[4096] = 0;
    EXPECT(failed_with(mkdir(name, 0700), ENAMETOOLONG));
    name[256] = 0;
    EXPECT(failed_with(mkdir(name, 0700), ENAMETOOLONG));
    name[255] = 0;
    EXPECT(mkdir(name, 0700) == 0 && rmdir(name) == 0);
    for (size_t i = 0; i < 4094; i += 2)
        memcpy(name + i, "./", 3);
    EXPECT(open(strcat(name, "f"), O_RDONLY) == 3 && close(3) == 0);
    for (size_t i = 0; i < 3000; i += 2)
        memcpy(name + i, "a/", 3);
    EXPECT(failed_with(open(name, O_RDONLY), ENAMETOOLONG));
    EXPECT(failed_with(open("", O_RDONLY), ENOENT) && failed_with(unlink(""), ENOENT));
    EXPECT(open("//host/.././host//../../../init", O_RDONLY) == 3 && close(3) == 0);
    EXPECT(mkdir("a b\n\\\"*\xff", 0700) == 0 && rmdir("a b\n\\\"*\xff") == 0);
    EXPECT(failed_with(open("link", O_RDONLY), ELOOP) &&
           failed_with(open("link/x", O_RDONLY), ELOOP));
    EXPECT(failed_with(open("fifo", O_RDONLY), EOPNOTSUPP));
}

#define MANY 300

static int names_in(const char *path)
{
    DIR *directory = opendir(path);
    int found = 0;
    EXPECT(directory != NULL);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found += entry->d_name[0] != '.';
    if (directory) {
        rewinddir(directory);
        EXPECT(readdir(directory) != NULL);
        closedir(directory);
    }
    return found;
}

static void test_directories(void)
{
    char name[64], path[1024] = "";
    EXPECT(mkdir("many", 0755) == 0 && chdir("many") == 0);
    EXPECT(getcwd(path, sizeof path) && strstr(path, "/many"));
    EXPECT(failed_with((long)getcwd(path, 5) - 1, ERANGE));
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d-%.*s", i, i % 40,
                 "a name that is sometimes rather long ....");
        EXPECT(close(open(name, O_CREAT | O_WRONLY, 0600)) == 0);
    }
    EXPECT(names_in(".") == MANY && names_in("../many") == MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d-%.*s", i, i % 40,
                 "a name that is sometimes rather long ....");
        EXPECT(unlink(name) == 0);
    }
    EXPECT(chdir("..") == 0 && rmdir("many") == 0);
    EXPECT(failed_with(chdir("f"), ENOTDIR) && failed_with(chdir("none"), ENOENT));
    EXPECT(!opendir("f") && errno == ENOTDIR);
    int here = open(".", O_RDONLY | O_DIRECTORY);
    EXPECT(chdir("/") == 0 && size_of("init") > 0 && size_of("f") == -1);
    EXPECT(openat(here, "f", O_RDONLY) == here + 1 && close(here + 1) == 0);
    EXPECT(fchdir(here) == 0 && size_of("f") > 0 && close(here) == 0);
}

/* bootfs: what the boot loader brought along, which can only be read. */
static void test_boot(void)
{
    struct stat status;
    char text[4];
    int found = 0, file = open("/init", O_RDONLY);
    EXPECT(read(file, text, 4) == 4 &&
           memcmp(text,
                  "\x7f"
                  "ELF",
                  4) == 0 &&
           close(file) == 0);
    EXPECT(stat("/init", &status) == 0 && status.st_mode == (S_IFREG | 0555));
    EXPECT(failed_with(open("/init", O_RDWR), EROFS) && failed_with(unlink("/init"), EROFS));
    EXPECT(failed_with(open("/new", O_CREAT | O_WRONLY, 0600), EROFS));
    EXPECT(failed_with(mkdir("/new", 0700), EROFS) && failed_with(mkdir("/init", 0700), EEXIST));
    EXPECT(failed_with(open("/init/x", O_RDONLY), ENOTDIR));
    DIR *root = opendir("/");
    for (struct dirent *entry; root && (entry = readdir(root));)
        found += strcmp(entry->d_name, "init") == 0 || strcmp(entry->d_name, "host") == 0 ||
                 strcmp(entry->d_name, "manifest") == 0;
    EXPECT(found == 3);
    if (root)
        closedir(root);
}

/* Ends with files open, for the servers to find out. */
int main(int argc, char **argv)
{
    if (argc < 2 || chdir(argv[1]) < 0)
        return 2;
    if (argc > 2) {
        for (int i = 0; i < 60; i++)
            EXPECT(open("f", O_RDONLY) >= 0);
        return failed != 0;
    }
    test_reading_and_writing();
    test_sizes();
    test_access();
    test_descriptors();
    test_streams();
    test_status();
    test_names();
    test_long_and_odd_names();
    test_directories();
    test_boot();
    printf("files: %s\n", failed == 0 ? "all is well" : "something failed");
    return failed != 0;
}
