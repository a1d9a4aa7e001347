/*
 * Tries to take the name of the server "dies", which ends whenever it is called so, while it serves
 * and while its next instance is not there yet; and calls it until it stays down: whoever calls
 * then is told so. Finds itself nowhere.
 */
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/service.h>
#include <cocos/sys.h>

/* What the pauses between eight ends in a row come to (servers/init/servers.c), and how often one
 * can be ended before it stays down. */
#define PAUSES_NS 6300000000ull
#define ENDS 8
#define ENDS_MOST 20

static unsigned failed;

static void expect(int64_t expected, int64_t got, const char *what)
{
    if (expected == got)
        return;
    printf("FAILED: %s: %s (%lld)\n", what, error_name(got), (long long)got);
    failed++;
}

int main(void)
{
    uint32_t slot, dies;
    unsigned ends = 0;
    int64_t got;
    expect(OK, service_find("dies", &dies), "finding the server");
    expect(E_EXISTS, service_register("dies", &slot), "the name of one that serves");
    uint64_t start = clock_now();
    do {
        struct message message = {0};
        expect(E_GONE, sys_call(dies, &message), "a call that ends the server");
        if (++ends < ENDS)
            expect(E_EXISTS, service_register("dies", &slot), "the name of one that will serve");
        sys_slot_drop(dies);
        slot_put(dies);
        got = service_find("dies", &dies);
    } while (got == OK && ends < ENDS_MOST);
    expect(E_NAME, got, "finding one that stays down");
    expect(ENDS, ends, "how often it was ended");
    expect(1, clock_now() - start >= PAUSES_NS, "pauses between its starts");
    /* Last, because the shell goes on when a program serves. */
    printf("names: %u failed so far\n", failed);
    expect(OK, service_register("names", &slot), "a name of its own");
    expect(E_NAME, service_find("names", &slot), "finding oneself");
    printf("names: %u failed\n", failed);
    return failed != 0;
}
