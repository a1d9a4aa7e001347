/* Makes lines of what is typed (line_input.h). */
#include "libc/linux/line_input.h"

#define CONTROL(letter) ((letter)&0x1f)
#define DELETE 0x7f
#define TAB '\t'

/* One column is one character: bytes that go on with one take none. */
static bool continues(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

static void erase(struct line_input *line, void (*show)(const char *text, uint32_t bytes))
{
    if (line->used == 0)
        return;
    do
        line->used--;
    while (line->used > 0 && continues(line->text[line->used]));
    show("\b \b", 3);
}

static void append(struct line_input *line, char byte,
                   void (*show)(const char *text, uint32_t bytes))
{
    /* One place is kept for the line's end. */
    if (line->used + 1 >= LINE_INPUT_BYTES)
        return;
    line->text[line->used++] = byte;
    show(&byte, 1);
}

bool line_input_take(struct line_input *line, char byte,
                     void (*show)(const char *text, uint32_t bytes))
{
    switch (byte) {
    case '\r':
    case '\n':
        line->text[line->used++] = '\n';
        show("\n", 1);
        return true;
    case CONTROL('D'):
        return true;
    case CONTROL('H'):
    case DELETE:
        erase(line, show);
        return false;
    case CONTROL('U'):
        while (line->used > 0)
            erase(line, show);
        return false;
    default:
        if ((uint8_t)byte >= ' ' || byte == TAB)
            append(line, byte, show);
        return false;
    }
}
