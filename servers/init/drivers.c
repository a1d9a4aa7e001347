#include "drivers.h"

#include <cocos/clock.h>
#include <cocos/protocol/pci.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "log.h"
#include "servers.h"
#include "services.h"

#define ENDING_MAX 16
#define PATIENCE 3000000000ull

static struct ending {
    uint32_t number; /* 0: free */
    uint32_t domain; /* slot */
    uint64_t domain_frame, deadline;
    bool by_wish;
} list[ENDING_MAX];

static bool is_there_pci(void)
{
    return programs_living(PCI_SERVICE) || servers_expected(PCI_SERVICE);
}

bool drivers_keep(struct program *program, bool by_wish)
{
    const struct server *server = servers_find(program->name);
    if (!server || server->pci_count == 0 || !is_there_pci())
        return false;
    for (uint32_t i = 0; i < ENDING_MAX; i++) {
        if (list[i].number)
            continue;
        list[i] = (struct ending){program->number, program->domain, program->domain_frame,
                                  clock_now() + PATIENCE, by_wish};
        services_signal(PCI_SERVICE, PCI_DRIVER_ENDED);
        return true;
    }
    return false;
}

bool drivers_ending(uint32_t number)
{
    for (uint32_t i = 0; i < ENDING_MAX; i++)
        if (list[i].number == number && number != 0)
            return true;
    return false;
}

static void finish(struct ending *ending)
{
    struct ending ended = *ending;
    *ending = (struct ending){0};
    sys_domain_destroy(ended.domain);
    sys_slot_drop(ended.domain);
    slot_put(ended.domain);
    programs_over(programs_get(ended.number), ended.by_wish);
}

uint32_t drivers_next(uint32_t silenced, uint64_t *domain)
{
    *domain = 0;
    for (uint32_t i = 0; i < ENDING_MAX; i++)
        if (list[i].number == silenced && silenced != 0)
            finish(&list[i]);
    for (uint32_t i = 0; i < ENDING_MAX; i++) {
        if (list[i].number == 0)
            continue;
        *domain = list[i].domain_frame;
        return list[i].number;
    }
    return 0;
}

uint64_t drivers_step(void)
{
    uint64_t next = DEADLINE_NEVER;
    for (uint32_t i = 0; i < ENDING_MAX; i++) {
        if (list[i].number == 0)
            continue;
        bool late = clock_now() >= list[i].deadline;
        if (late)
            log_print("init: nobody has silenced the devices of program %u\n", list[i].number);
        if (late || !is_there_pci())
            finish(&list[i]);
        else if (list[i].deadline < next)
            next = list[i].deadline;
    }
    return next;
}
