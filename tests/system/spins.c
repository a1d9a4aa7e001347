/*
 * Serves under its name, so that nobody waits for it, and then never lets go of the CPU.
 */
#include <cocos/service.h>

int main(void)
{
    uint32_t endpoint;
    if (service_register("spins", &endpoint) < 0) {
        return 1;
    }
    for (;;) {
        __asm__ volatile("pause");
    }
}
