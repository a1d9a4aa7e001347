/* Draws the changes of a terminal by whichever driver fits the machine's screen. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define BLIND_COLUMNS 80
#define BLIND_LINES 25

static const struct screen_driver *driver;

/* What stands on the screen now, and where the cursor was drawn. */
static struct cell *shown;
static uint32_t shown_cells, cursor_column, cursor_line = UINT32_MAX;

static bool lent;

const char *screen_claim(uint64_t start, uint64_t end, uint32_t cache)
{
    uint32_t devices = service_slot("devices0");
    if (devices == SLOT_NONE)
        return "the console was not given the screen's memory";
    int64_t got = frame_take_device(devices, start, end, MAP_READ | MAP_WRITE, cache);
    return got < 0 ? error_text(got) : NULL;
}

static const char *open_driver(const struct screen_driver *candidate, const struct screen *screen,
                               uint32_t *columns, uint32_t *lines)
{
    const char *refusal = candidate->open(screen, columns, lines);
    if (refusal)
        return refusal;
    if (*lines > TERMINAL_LINES_MAX)
        *lines = TERMINAL_LINES_MAX;
    /* No cell is printable yet, so the first update draws every one. */
    shown_cells = *columns * *lines;
    shown = calloc(shown_cells, sizeof *shown);
    if (!shown)
        return "there is no memory for its cells";
    driver = candidate;
    return NULL;
}

const char *screen_open(uint32_t *columns, uint32_t *lines)
{
    const struct system_page *system = (const void *)SYSTEM_PAGE;
    const char *refusal = "the machine has none";
    if (system->screen.kind == SCREEN_TEXT)
        refusal = open_driver(&screen_text, &system->screen, columns, lines);
    else if (system->screen.kind == SCREEN_PIXELS)
        refusal = open_driver(&screen_pixels, &system->screen, columns, lines);
    if (refusal) {
        *columns = BLIND_COLUMNS;
        *lines = BLIND_LINES;
    }
    return refusal;
}

void screen_read(struct terminal *terminal)
{
    if (driver)
        driver->read(terminal);
}

bool screen_there(void)
{
    return driver;
}

/* Draws the cells of a line that changed, and those that the cursor left or came to. */
static void update_line(const struct cell *cells, uint32_t columns, uint32_t y, uint32_t column)
{
    for (uint32_t x = 0; x < columns; x++) {
        struct cell *was = &shown[y * columns + x];
        bool here = x == column;
        bool was_here = x == cursor_column && y == cursor_line;
        if (cell_same(cells[x], *was) && here == was_here)
            continue;
        driver->draw(x, y, cells[x], here);
        *was = cells[x];
    }
}

void screen_update(const struct terminal *terminal, uint32_t back)
{
    if (!driver || lent)
        return;
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line + back;
    if (terminal->cursor_hidden || line > terminal->lines)
        line = terminal->lines;
    for (uint32_t y = 0; y < terminal->lines; y++)
        update_line(terminal_line(terminal, y, back), terminal->columns, y,
                    y == line ? column : UINT32_MAX);
    if (column != cursor_column || line != cursor_line)
        driver->cursor(column, line);
    cursor_column = column;
    cursor_line = line;
}

static uint64_t screen_end(const struct screen *screen)
{
    return screen->address + (uint64_t)screen->pitch * screen->height;
}

int64_t screen_lend(uint32_t domain)
{
    const struct screen *screen = &((const struct system_page *)SYSTEM_PAGE)->screen;
    if (!driver || !driver->clear)
        return E_UNSUPPORTED;
    if (lent)
        return E_BUSY;
    int64_t error = frames_grant(screen->address, screen_end(screen), domain, MAP_READ | MAP_WRITE);
    lent = error == OK;
    return error;
}

void screen_take_back(uint32_t domain)
{
    const struct screen *screen = &((const struct system_page *)SYSTEM_PAGE)->screen;
    frames_revoke(screen->address, screen_end(screen), domain);
    lent = false;
    driver->clear();
    /* No cell is printable then: all are drawn. */
    memset(shown, 0, shown_cells * sizeof *shown);
}
