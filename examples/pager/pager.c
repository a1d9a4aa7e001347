/*
 * A pager: gives another domain its memory page by page, as it is touched. `pager` at the prompt.
 *
 * The child has nothing but a page of code. Each page fault of it is a call to its fault endpoint
 * (FAULT_WORD_* in cocos/message.h), where the pager waits: it maps a page and answers
 * FAULT_RESUME, and the child does again what it was doing. Its stack and its heap are zeroes; its
 * data are the pager's own, shared as long as the child only reads them, and copied when it writes.
 */
#include <cocos/frames.h>
#include <cocos/service.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HEAP MAPPINGS_START /* of the child, with its stack at the end */
#define HEAP_PAGES 16
#define STACK (HEAP + HEAP_PAGES * FRAME_BYTES)
#define DATA (HEAP + GIB_BYTES)
#define DATA_PAGES 2

/* The processor's exceptions (Intel SDM 3A, 6.15), and the bit of a page fault's code: it wrote. */
#define INVALID_OPCODE (FAULT_MESSAGE + 6)
#define PAGE_FAULT (FAULT_MESSAGE + 14)
#define CODE_WRITE 2

/* What runs in the child, from a copy of this page: nothing outside the function is there. */
__attribute__((section(".child"), aligned(4096), noinline)) static void child(uint64_t unused)
{
    (void)unused;
    volatile uint64_t *heap = (volatile uint64_t *)HEAP, *data = (volatile uint64_t *)DATA;
    for (uint64_t page = 0; page < 8; page++)
        heap[page * 512] += page + 1; /* zero before, so 1 to 8 now */
    heap[0] = data[0];                /* reads both pages of data, and writes one */
    heap[1] = data[512];
    data[512] = 4321;
    __asm__ volatile("ud2"); /* done */
}

static uint32_t domain;                                                     /* slots */
static uint64_t original[DATA_PAGES], copies[DATA_PAGES], heap[HEAP_PAGES]; /* frames */
static unsigned zeroed, shared, copied;

/* A page of zeroes. */
static bool give_zeroes(uint64_t page)
{
    int64_t frame = frame_take(MAP_READ | MAP_WRITE, tag_of("heap"));
    if (frame < 0)
        return false;
    heap[page] = (uint64_t)frame;
    zeroed++;
    return page_place(domain, HEAP + page * FRAME_BYTES, heap[page], MAP_READ | MAP_WRITE) == OK;
}

/* A page of data: the pager's own to read; to write a copy, in the place of that. */
static bool give_data(uint64_t page, bool to_write)
{
    uint64_t at = DATA + page * FRAME_BYTES;
    if (!to_write) {
        shared++;
        return page_place(domain, at, original[page], MAP_READ) == OK;
    }
    int64_t frame = frame_take(MAP_READ | MAP_WRITE, tag_of("copy"));
    if (frame < 0)
        return false;
    copies[page] = (uint64_t)frame;
    memcpy((void *)copies[page], (void *)original[page], FRAME_BYTES);
    copied++;
    sys_page_unmap(domain, at, ORDER_FRAME); /* if it was shared until now */
    return page_place(domain, at, copies[page], MAP_READ | MAP_WRITE) == OK;
}

static bool give_page(uint64_t address, bool to_write)
{
    if (address >= HEAP && address < STACK)
        return give_zeroes((address - HEAP) / FRAME_BYTES);
    if (address >= DATA && address < DATA + DATA_PAGES * FRAME_BYTES)
        return give_data((address - DATA) / FRAME_BYTES, to_write);
    return false;
}

/* Until the child is done, or does what it may not. */
static bool serve(uint32_t endpoint)
{
    uint32_t caller = slot_take();
    struct message message = {0};
    int64_t got = sys_wait(endpoint, caller, DEADLINE_NEVER, &message);
    while (
        got == RECEIVED_CALL && message.words[FAULT_WORD_KIND] == PAGE_FAULT &&
        give_page(message.words[FAULT_WORD_ADDRESS], message.words[FAULT_WORD_CODE] & CODE_WRITE)) {
        message.words[0] = FAULT_RESUME;
        got = sys_reply_wait(endpoint, caller, DEADLINE_NEVER, &message);
    }
    printf("pager: %s at %lx\n",
           message.words[FAULT_WORD_KIND] == INVALID_OPCODE ? "done" : "not to be resolved",
           (unsigned long)(message.words[FAULT_WORD_RIP] - PROGRAM_BASE));
    return message.words[FAULT_WORD_KIND] == INVALID_OPCODE;
}

static uint64_t object(void)
{
    return (uint64_t)frame_take(0, 0); /* a frame to make an object of: not accessible */
}

/* The child, with its code and nothing else, and its one thread. */
static int64_t start(uint32_t endpoint)
{
    uint64_t code = (uint64_t)frame_take(MAP_READ | MAP_WRITE, tag_of("code"));
    uint32_t thread = slot_take();
    domain = slot_take();
    memcpy((void *)code, (const void *)child, FRAME_BYTES);
    int64_t error = sys_endpoint_create(endpoint, object());
    error = error != OK ? error : sys_domain_create(domain, object(), object(), object());
    error = error != OK ? error : sys_domain_set(domain, DOMAIN_FRAME_LIMIT, 32);
    error = error != OK ? error : sys_domain_set(domain, DOMAIN_FAULT_ENDPOINT, endpoint);
    error = error != OK ? error : page_place(domain, PROGRAM_BASE, code, MAP_READ | MAP_EXECUTE);
    error = error != OK ? error : sys_thread_create(thread, object(), domain);
    return error != OK ? error : sys_thread_start(thread, PROGRAM_BASE, STACK - 8, 0);
}

int main(void)
{
    for (unsigned page = 0; page < DATA_PAGES; page++) {
        original[page] = (uint64_t)frame_take(MAP_READ | MAP_WRITE, tag_of("data"));
        *(uint64_t *)original[page] = 1000 + page;
    }
    uint32_t endpoint = slot_take();
    int64_t error = start(endpoint);
    if (error != OK) {
        printf("pager: %s\n", error_text(error));
        return 1;
    }
    bool done = serve(endpoint);
    sys_domain_destroy(domain);
    printf("pager: %u pages of zeroes, %u shared, %u copied\n", zeroed, shared, copied);
    if (!done)
        return 1;
    printf("pager: the child read %lu and %lu, and wrote %lu\n", *(uint64_t *)heap[0],
           *((uint64_t *)heap[0] + 1), *(uint64_t *)copies[1]);
    printf("pager: the original is still %lu\n", *(uint64_t *)original[1]);
    return 0;
}
