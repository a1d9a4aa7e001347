/* pointer go: adds up what the mouse does, until a button was pressed and let go. */
#include <stdio.h>

#include <cocos/errors.h>
#include <cocos/protocol/pointer.h>
#include <cocos/service.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2; /* its start as a module */
    (void)argv;
    uint32_t keyboard = SLOT_NONE;
    long right = 0, down = 0, wheel = 0;
    unsigned long buttons = 0, pressed = 0;
    printf("pointer: move\n");
    fflush(stdout);
    while (pressed == 0 || buttons != 0) {
        struct message message = {.words = {POINTER_READ}};
        int64_t error = service_call("keyboard", &keyboard, &message);
        if (error < 0) {
            printf("pointer: %s\n", error_text(error));
            return 1;
        }
        right += (long)message.words[1];
        down += (long)message.words[2];
        wheel += (long)message.words[3];
        buttons = message.words[4];
        pressed |= buttons;
    }
    printf("pointer: %ld right, %ld down, wheel %ld, buttons %lu\n", right, down, wheel, pressed);
    return 0;
}
