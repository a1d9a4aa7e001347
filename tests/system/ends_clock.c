/* Ends the clock server five times, and lets it be started again: while another program asks it. */
#include <stdio.h>
#include <time.h>

#include <cocos/service.h>
#include <cocos/sys.h>

int main(void)
{
    uint32_t endpoint;
    if (service_register("ends_clock", &endpoint) < 0)
        return 1;
    struct timespec pause = {0, 100000000};
    for (int i = 0; i < 5; i++) {
        nanosleep(&pause, NULL);
        if (program_stop(program_serving("clock")) != OK)
            printf("ends_clock: there is no clock\n");
    }
    return 0;
}
