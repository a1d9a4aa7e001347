/*
 * The clock server's protocol: wall time, in nanoseconds since 1970-01-01 00:00 UTC (which 64 bits
 * hold until 2554). How long something takes says clock_now() without any server, and sys_sleep
 * sleeps. Answers hold 0 or an error (cocos/errors.h) in word 0. Found under the name "clock".
 */
#ifndef COCOS_PROTOCOL_CLOCK_H
#define COCOS_PROTOCOL_CLOCK_H

enum clock_request {
    /* What time it is: word 1. E_CLOCK: nobody knows. */
    CLOCK_READ = 1,
    /* It is word 1 now. The machine's clock is set, too: to the second, in years that it can show.
     * E_ARGUMENT: another year. E_DEVICE: the machine's clock did not take it; all is as it was. */
    CLOCK_SET = 2,
};

#endif
