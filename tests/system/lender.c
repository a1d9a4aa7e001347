/*
 * Makes a domain called "borrower" that never runs, lends it one frame and shares another with
 * it, and serves nobody: for tests of what others see of that. Ends with 1 when it cannot.
 */
#include <stdio.h>

#include <cocos/frames.h>
#include <cocos/service.h>

#define RW (MAP_READ | MAP_WRITE)
#define TABLES 4
#define BORROWER_LIMIT 16

static int64_t claim_object(void)
{
    return frame_take(0, tag_of("object"));
}

static int64_t make_borrower(uint32_t borrower)
{
    int64_t frames[3];
    for (unsigned i = 0; i < 3; i++) {
        frames[i] = claim_object();
        if (frames[i] < 0)
            return frames[i];
    }
    int64_t error =
        sys_domain_create(borrower, (uint64_t)frames[0], (uint64_t)frames[1], (uint64_t)frames[2]);
    if (error == OK)
        error = sys_domain_set(borrower, DOMAIN_NAME, tag_of("borrower"));
    if (error == OK)
        error = sys_domain_set(borrower, DOMAIN_FRAME_LIMIT, BORROWER_LIMIT);
    if (error == OK)
        error = sys_domain_set(borrower, DOMAIN_ACCEPT, 2);
    for (unsigned i = 0; i < TABLES && error == OK; i++) {
        int64_t frame = claim_object();
        error = frame < 0 ? frame : sys_page_fund(borrower, (uint64_t)frame);
    }
    return error;
}

static int64_t grant(uint32_t borrower, const char *tag, uint32_t rights)
{
    int64_t frame = frame_take(RW, tag_of(tag));
    return frame < 0 ? frame : sys_frame_grant((uint64_t)frame, ORDER_FRAME, borrower, rights);
}

int main(void)
{
    struct message message = {0};
    uint32_t borrower = slot_take(), endpoint;
    int64_t error = make_borrower(borrower);
    if (error == OK)
        error = grant(borrower, "lent", MAP_READ);
    if (error == OK)
        error = grant(borrower, "shared", RW | GRANT_SHARE);
    if (error == OK)
        error = service_register("lender", &endpoint);
    if (error == OK)
        error = sys_wait(endpoint, slot_take(), DEADLINE_NEVER, &message);
    printf("lender: %s\n", error_text(error));
    return 1;
}
