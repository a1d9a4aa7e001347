/*
 * An ordinary C program on the library OS: printf, malloc, mmap, arguments, errors, exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned failed;

static void expect(int condition, const char *what)
{
    if (!condition) {
        printf("FAILED: %s\n", what);
        failed++;
    }
}

static void test_heap(void)
{
    enum { BLOCKS = 200 };
    static unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i * i + 1);
        expect(blocks[i] != NULL, "malloc gives memory");
        memset(blocks[i], (int)i, i * i + 1);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        expect(blocks[i][0] == i % 256 && blocks[i][i * i] == i % 256, "blocks do not overlap");
        expect((uintptr_t)blocks[i] >= 0xffff800000000000u, "the heap is in the upper half");
        free(blocks[i]);
    }
    char *grown = malloc(10);
    strcpy(grown, "kept");
    grown = realloc(grown, 1 << 20);
    expect(grown != NULL && strcmp(grown, "kept") == 0, "realloc keeps the content");
    free(grown);
    expect(malloc(1ull << 50) == NULL && errno == ENOMEM, "too much is refused");
}

static void test_mmap(void)
{
    size_t bytes = 1 << 20;
    unsigned char *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(memory != MAP_FAILED, "mmap gives memory");
    for (size_t i = 0; i < bytes; i += 4096) {
        expect(memory[i] == 0, "fresh memory is zero");
        memory[i] = 1;
    }
    expect(munmap(memory, bytes) == 0, "munmap takes it back");
    void *both =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(both == MAP_FAILED, "writable and executable at once is refused");
}

static void test_errors(void)
{
    expect(open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT, "open: no such file");
    expect(write(77, "x", 1) < 0 && errno == EBADF, "write to a bad descriptor");
    expect(fork() < 0 && errno == ENOSYS, "fork: ENOSYS");
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("argument %d: %s\n", i, argv[i]);
    }
    test_heap();
    test_mmap();
    test_errors();
    printf("pi is %.6f, the root of two is %.3e\n", acos(-1.0), sqrt(2.0));
    if (argc > 1 && strcmp(argv[1], "abort") == 0) {
        abort();
    }
    printf("%s\n", failed == 0 ? "all is well" : "something failed");
    return failed == 0 ? 42 : 1;
}
