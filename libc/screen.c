/* Borrows the screen from the console (cocos/screen.h). */
#include <cocos/screen.h>

#include <stddef.h>

#include <cocos/frames.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>

/* What a framebuffer takes at most where it begins and ends within a table: two of each level. */
#define TABLES_MAX 8

const struct screen *screen_find(void)
{
    const struct screen *screen = &((const struct system_page *)SYSTEM_PAGE)->screen;
    return screen->kind == SCREEN_PIXELS && screen->bits_per_pixel == 32 ? screen : NULL;
}

static uint64_t frames_of(const struct screen *screen)
{
    uint64_t start = screen->address / FRAME_BYTES;
    uint64_t end = screen->address + (uint64_t)screen->pitch * screen->height;
    return (end + FRAME_BYTES - 1) / FRAME_BYTES - start;
}

/* The page tables are ours to pay: one more each time that one is missing. */
static int64_t ask(uint32_t console, uint32_t self)
{
    int64_t error = E_NO_TABLES;
    for (uint32_t tables = 0; error == E_NO_TABLES && tables <= TABLES_MAX; tables++) {
        struct message message = {.words = {CONSOLE_LEND}, .send_slot = self};
        error = sys_call(console, &message);
        error = error < 0 ? error : (int64_t)message.words[0];
        if (error != E_NO_TABLES)
            break;
        int64_t funded = table_fund(SLOT_SELF);
        if (funded < 0)
            return funded;
    }
    return error;
}

int64_t screen_borrow(uint32_t console)
{
    const struct screen *screen = screen_find();
    if (!screen)
        return E_UNSUPPORTED;
    uint32_t self = slot_take();
    if (self == SLOT_NONE)
        return E_FULL;
    /* Our domain, but only to grant to it. */
    int64_t error = sys_slot_copy(SLOT_SELF, self, SLOT_SELF, RIGHT_GRANT | RIGHT_COPY, 0);
    if (error == OK)
        error = sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, frames_of(screen));
    if (error == OK)
        error = ask(console, self);
    sys_slot_drop(self);
    slot_put(self);
    return error;
}

int64_t screen_return(uint32_t console)
{
    struct message message = {.words = {CONSOLE_RETURN}};
    int64_t got = sys_call(console, &message);
    sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 0);
    return got < 0 ? got : (int64_t)message.words[0];
}
