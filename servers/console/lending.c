/* The one borrower: known by its badge, reached by the capability for its domain. */
#include "lending.h"

#include <cocos/service.h>
#include <cocos/sys.h>

#include "screen.h"

static uint32_t borrower; /* slot: its domain, RIGHT_GRANT; SLOT_NONE: nobody */
static uint64_t borrower_badge;

int64_t lending_begin(uint64_t badge, uint32_t domain)
{
    int64_t held = sys_slot_query(SLOT_SELF, domain);
    if (held < 0 || (held & 0xff) != CAP_DOMAIN)
        return E_ARGUMENT;
    lending_review();
    int64_t error = screen_lend(domain);
    if (error < 0)
        return error;
    borrower = domain;
    borrower_badge = badge;
    return OK;
}

static void take_back(void)
{
    screen_take_back(borrower);
    sys_slot_drop(borrower);
    slot_put(borrower);
    borrower = SLOT_NONE;
}

int64_t lending_end(uint64_t badge)
{
    if (borrower == SLOT_NONE || borrower_badge != badge)
        return E_NOT_GRANTED;
    take_back();
    return OK;
}

bool lending(void)
{
    return borrower != SLOT_NONE;
}

/* A slot is empty, too, when what it stood for has ended. */
bool lending_review(void)
{
    if (borrower == SLOT_NONE || sys_slot_query(SLOT_SELF, borrower) != CAP_EMPTY)
        return false;
    take_back();
    return true;
}
