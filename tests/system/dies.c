/* A server that ends in the way its first argument names: at once, or when it is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/service.h>
#include <cocos/sys.h>

static void end(const char *how)
{
    if (strcmp(how, "fault") == 0)
        __asm__ volatile("ud2");
    exit(strcmp(how, "well") == 0 ? 0 : 7);
}

/* Answers calls that ask for something; one that asks for nothing it takes, and ends without an
 * answer. */
static void serve(const char *how)
{
    uint32_t endpoint, reply = slot_take();
    struct message message = {0};
    uint64_t *instances = service_state(sizeof *instances);
    if (instances)
        printf("dies: instance %lu at %p\n", (unsigned long)++*instances, (void *)instances);
    if (service_register("dies", &endpoint) < 0)
        exit(1);
    for (;;) {
        if (sys_wait(endpoint, reply, DEADLINE_NEVER, &message) != RECEIVED_CALL)
            continue;
        if (message.words[0] == 0)
            end(how);
        message = (struct message){.words = {42}};
        sys_reply(reply, &message);
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "badly";
    if (argc > 2)
        serve(how);
    end(how);
}
