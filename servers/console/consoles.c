#include "consoles.h"

#include <stdlib.h>

#include "books.h"
#include "line.h"
#include "pictures.h"
#include "screen.h"
#include "senders.h"

struct console {
    struct terminal terminal; /* columns 0: not made yet */
    uint64_t shown;           /* how much of what was printed its terminal has */
    uint64_t pictured;        /* and how much its last picture */
};

static struct console consoles[CONSOLES];
static uint32_t columns, lines;
static uint32_t undrawn;
static uint32_t back;      /* lines that the screen shows from further up */
static uint32_t answering; /* whose terminal answers */

/* Programs have what terminals answer as if it was typed; what has no room is dropped. */
static void answer(const char *bytes, size_t count)
{
    if (count > books_typing_room(answering))
        return;
    books_type(books_change(), answering, bytes, (uint32_t)count);
    books_done();
}

/* Shows the text behind what it has. */
static void catch_up(uint32_t index)
{
    struct console *console = &consoles[index];
    const char *bytes;
    uint32_t count;
    uint64_t printed = books()->consoles[index].printed;
    if (printed - console->shown > PRINTED_BYTES)
        console->shown = printed - PRINTED_BYTES; /* there was no memory for it until now */
    while ((count = books_printed(index, console->shown, &bytes)) > 0) {
        terminal_write(&console->terminal, bytes, count);
        console->shown += count;
    }
}

static bool make(uint32_t index)
{
    struct console *console = &consoles[index];
    if (console->terminal.columns)
        return true;
    struct cell *cells = calloc((size_t)columns * lines, sizeof *cells);
    if (!cells)
        return false;
    terminal_init(&console->terminal, cells, columns, lines);
    console->terminal.history = pictures_history(index);
    return true;
}

/* As it was, or from its text so far as that is still there. What its terminal answers to that has
 * been answered. */
static void restore(uint32_t index)
{
    struct console *console = &consoles[index];
    uint64_t printed = books()->consoles[index].printed;
    bool restored = pictures_restore(index, &console->terminal, &console->shown);
    if (!restored && index == 0 && printed == 0)
        screen_read(&console->terminal);
    if (!restored)
        console->shown = 0;
    console->pictured = console->shown;
    catch_up(index);
    console->terminal.answer = answer;
}

const char *consoles_open(void *kept, size_t bytes)
{
    const char *refusal = screen_open(&columns, &lines);
    pictures_open(kept, bytes, columns, lines);
    for (uint32_t i = 0; i < CONSOLES; i++) {
        bool used = i == 0 || i == books()->shown || books()->consoles[i].printed;
        if (used && make(i))
            restore(i);
    }
    undrawn = 1;
    return refusal;
}

static bool open_console(uint32_t index)
{
    if (!make(index))
        return false;
    consoles[index].terminal.answer = answer;
    return true;
}

const struct terminal *consoles_terminal(uint32_t console)
{
    return open_console(console) ? &consoles[console].terminal : NULL;
}

static void update(uint32_t index)
{
    if (books()->consoles[index].printed == consoles[index].shown || !open_console(index))
        return;
    answering = index;
    catch_up(index);
    if (index == books()->shown) {
        back = 0;
        undrawn++;
    }
}

void consoles_update(void)
{
    line_send();
    for (uint32_t i = 0; i < CONSOLES; i++)
        update(i);
}

static void take_picture(uint32_t index)
{
    struct console *console = &consoles[index];
    if (console->pictured == console->shown || !console->terminal.columns)
        return;
    pictures_take(index, &console->terminal, console->shown);
    console->pictured = console->shown;
}

void consoles_make_room(void)
{
    for (uint32_t i = 0; i < CONSOLES; i++) {
        uint64_t waits = books()->consoles[i].printed - consoles[i].pictured;
        if (waits + SENDERS_ROOM <= PRINTED_BYTES)
            continue;
        consoles_update();
        take_picture(i);
    }
}

uint32_t consoles_shown(void)
{
    return books()->shown;
}

bool consoles_show(uint32_t console)
{
    if (!open_console(console))
        return false;
    struct books *next = books_change();
    next->shown = (uint16_t)console;
    books_done();
    back = 0;
    undrawn++;
    return true;
}

void consoles_scroll(int64_t count)
{
    const struct terminal *terminal = &consoles[books()->shown].terminal;
    int64_t most = terminal_back(terminal), to = (int64_t)back + count;
    uint32_t next = (uint32_t)(to < 0 ? 0 : to > most ? most : to);
    undrawn += next != back;
    back = next;
}

void consoles_scroll_end(void)
{
    consoles_scroll(-(int64_t)back);
}

uint32_t consoles_undrawn(void)
{
    return undrawn;
}

void consoles_redraw(void)
{
    undrawn++;
}

void consoles_draw(void)
{
    screen_update(&consoles[books()->shown].terminal, back);
    undrawn = 0;
    for (uint32_t i = 0; i < CONSOLES; i++)
        take_picture(i);
}
