/* A server: waits for names and answers with greetings. `run hello`, then `run hello-client`. */
#include "hello.h"

#include <cocos/protocol/text.h>
#include <cocos/service.h>
#include <stdio.h>

int main(void)
{
    uint32_t endpoint;             /* where messages arrive */
    uint32_t caller = slot_take(); /* stands for whoever waits for our answer */
    int error = service_register("hello", &endpoint);
    if (error < 0) {
        printf("hello: %s\n", error_text(error));
        return 1;
    }
    struct message message = {0};
    char name[13], *text = (char *)&message.words[1]; /* words 1-5 hold the text */
    int64_t got = sys_wait(endpoint, caller, DEADLINE_NEVER, &message);
    for (int greeting = 1; got == RECEIVED_CALL; greeting++) {
        snprintf(name, sizeof name, "%.12s", text);
        printf("hello: program %d says it is %s\n", (int)message.badge, name);
        int bytes = snprintf(text, TEXT_BYTES, "hello, %s! (greeting %d)", name, greeting);
        message.words[0] = TEXT_HEADER(0, bytes);
        got = sys_reply_wait(endpoint, caller, DEADLINE_NEVER, &message); /* answer, next */
    }
    return 1;
}
