/*
 * Prints how many frames are free, to show that nothing is left behind: it takes as many itself
 * each time it runs.
 */
#include <stdio.h>

#include <cocos/sys.h>

int main(void)
{
    printf("free frames: %ld\n", (long)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE));
    return 0;
}
