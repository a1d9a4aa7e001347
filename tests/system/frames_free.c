/*
 * Prints how many frames are free, to show that nothing is left behind: it takes as many itself
 * each time it runs. Init may not have let go of the page of arguments yet when its time slice
 * ended: it gets turns to do so first.
 */
#include <stdio.h>

#include <cocos/sys.h>

#define TURNS 4

int main(void)
{
    for (int i = 0; i < TURNS; i++)
        sys_yield();
    printf("free frames: %ld\n", (long)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE));
    return 0;
}
