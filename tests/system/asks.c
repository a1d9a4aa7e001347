/*
 * Calls the server "dies" by one capability, before and after that ends: the call it had taken
 * fails with E_GONE, the next waits for the next instance, by the same capability.
 */
#include <stdio.h>

#include <cocos/errors.h>
#include <cocos/service.h>
#include <cocos/sys.h>

int main(void)
{
    uint32_t endpoint;
    int error = service_find("dies", &endpoint);
    if (error < 0) {
        printf("asks: %s\n", error_name(error));
        return 1;
    }
    for (unsigned turn = 0; turn < 3; turn++) {
        struct message message = {.words = {0}};
        printf("taken: %s\n", error_name(sys_call(endpoint, &message)));
    }
    struct message message = {.words = {1}};
    int64_t got = sys_call(endpoint, &message);
    printf("answered: %ld, %lu\n", (long)got, (unsigned long)message.words[0]);
    return 0;
}
