/* Calls the server hello and prints its answer. `run hello-client`, `run hello-client NAME`. */
#include "hello.h"

#include <cocos/protocol/text.h>
#include <cocos/service.h>
#include <stdio.h>
#include <string.h>

static int fail(int64_t error)
{
    printf("hello-client: hello: %s\n", error_text(error));
    return 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "world";
    size_t length = strnlen(name, TEXT_BYTES);

    uint32_t hello; /* a slot of our table, which init fills with the right to call the server */
    int error = service_find("hello", &hello);
    if (error < 0)
        return fail(error);

    /* Six words go there, and six come back in the same place. */
    struct message message = {.words[0] = TEXT_HEADER(HELLO_GREET, length)};
    memcpy(&message.words[1], name, length);
    int64_t got = sys_call(hello, &message);
    if (got < 0)
        return fail(got);
    printf("%.*s\n", (int)TEXT_BYTES, (char *)&message.words[1]);
    return 0;
}
