/* The line editor: positions, showing, changing, history, completion, keys. */
#include "line.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_USUAL 80u
#define COLUMNS_MIN 20u

#define CONTROL(letter) ((letter)&0x1f)

enum { DELETE = 0x7f, ESC = 0x1b };
enum escape { NO_ESCAPE, ESCAPE, ESCAPE_BRACKET, ESCAPE_LETTER };

static void print_text(const struct line *line, const char *text)
{
    line->print(text, strlen(text));
}

/* ---- positions: bytes of the text, always at the start of a character ---- */

static bool continues(char byte)
{
    return ((uint8_t)byte & 0xc0) == 0x80;
}

static uint32_t next(const struct line *line, uint32_t at)
{
    do
        at++;
    while (at < line->length && continues(line->text[at]));
    return at;
}

static uint32_t previous(const struct line *line, uint32_t at)
{
    do
        at--;
    while (at > 0 && continues(line->text[at]));
    return at;
}

/* Every character is one column wide here. */
static uint32_t columns_between(const struct line *line, uint32_t from, uint32_t end)
{
    uint32_t columns = 0;
    for (uint32_t at = from; at < end; at++)
        columns += !continues(line->text[at]);
    return columns;
}

/* ---- showing ---- */

/* Columns for the text; one more is left free for the cursor behind it. */
static uint32_t room(const struct line *line)
{
    return line->columns - line->prompt_columns - 1;
}

/* Moves the window so that the cursor is in it, and nothing to its left is hidden needlessly. */
static void place_window(struct line *line)
{
    if (line->window > line->cursor)
        line->window = line->cursor;
    uint32_t before = columns_between(line, line->window, line->cursor);
    for (; before > room(line); before--)
        line->window = next(line, line->window);
    uint32_t all = columns_between(line, line->window, line->length);
    for (; line->window > 0 && all < room(line); all++)
        line->window = previous(line, line->window);
}

static void print_move(const struct line *line, uint32_t column)
{
    char move[24];
    snprintf(move, sizeof move, "\r\x1b[%uC", line->prompt_columns + column);
    print_text(line, move);
}

static void refresh(struct line *line)
{
    place_window(line);
    uint32_t end = line->window;
    for (uint32_t left = room(line); left > 0 && end < line->length; left--)
        end = next(line, end);
    print_move(line, 0);
    line->print(line->text + line->window, end - line->window);
    print_text(line, "\x1b[K");
    if (line->cursor != end)
        print_move(line, columns_between(line, line->window, line->cursor));
}

void line_show(struct line *line)
{
    if (!line->stale && line->shown == line->length)
        return;
    /* What is typed at the end of a line is simply printed, as long as there is room. */
    bool fits = columns_between(line, line->window, line->length) <= room(line);
    if (line->stale || !fits)
        refresh(line);
    else
        line->print(line->text + line->shown, line->length - line->shown);
    line->stale = false;
    line->shown = line->length;
}

/* ---- changing ---- */

static void set_text(struct line *line, const char *text)
{
    line->length = (uint32_t)strnlen(text, LINE_BYTES - 1);
    memmove(line->text, text, line->length);
    line->text[line->length] = 0;
    line->cursor = line->length;
}

static void insert(struct line *line, const char *bytes, uint32_t count)
{
    if (line->length + count >= LINE_BYTES)
        return;
    line->stale |= line->cursor < line->length;
    char *at = line->text + line->cursor;
    memmove(at + count, at, line->length - line->cursor + 1);
    memcpy(at, bytes, count);
    line->length += count;
    line->cursor += count;
}

/* Removes the bytes [from, end); the cursor stands at `from` then. */
static void cut(struct line *line, uint32_t from, uint32_t end)
{
    if (from == end)
        return;
    memmove(line->text + from, line->text + end, line->length - end + 1);
    line->length -= end - from;
    line->cursor = from;
    line->stale = true;
}

static void cut_word(struct line *line)
{
    uint32_t from = line->cursor;
    while (from > 0 && line->text[from - 1] == ' ')
        from--;
    while (from > 0 && line->text[from - 1] != ' ')
        from--;
    cut(line, from, line->cursor);
}

static void move_cursor(struct line *line, uint32_t to)
{
    if (to == line->cursor)
        return;
    line->cursor = to;
    line->stale = true;
}

static void move_left(struct line *line)
{
    if (line->cursor > 0)
        move_cursor(line, previous(line, line->cursor));
}

static void move_right(struct line *line)
{
    if (line->cursor < line->length)
        move_cursor(line, next(line, line->cursor));
}

static void cut_left(struct line *line)
{
    if (line->cursor > 0)
        cut(line, previous(line, line->cursor), line->cursor);
}

static void cut_right(struct line *line)
{
    if (line->cursor < line->length)
        cut(line, line->cursor, next(line, line->cursor));
}

/* ---- history ---- */

static char *history_line(struct line *line, uint32_t back)
{
    return line->history->lines[(line->history->count - back) % LINE_HISTORY];
}

/* Empty lines and repetitions are not worth keeping. */
static void remember(struct line *line)
{
    if (line->length == 0)
        return;
    if (line->history->count > 0 && strcmp(history_line(line, 1), line->text) == 0)
        return;
    line->history->count++;
    memcpy(history_line(line, 1), line->text, line->length + 1);
}

static uint32_t kept(const struct line *line)
{
    return line->history->count < LINE_HISTORY ? line->history->count : LINE_HISTORY;
}

static void recall(struct line *line, uint32_t back)
{
    if (back > kept(line))
        return;
    if (line->back == 0)
        memcpy(line->draft, line->text, line->length + 1);
    line->back = back;
    set_text(line, back ? history_line(line, back) : line->draft);
    line->stale = true;
}

/* Goes back to the last line, before the one shown, that holds what was typed. */
static void search(struct line *line)
{
    if (line->back == 0)
        memcpy(line->draft, line->text, line->length + 1);
    for (uint32_t back = line->back + 1; back <= kept(line); back++) {
        const char *found = history_line(line, back);
        if (strstr(found, line->draft) && strcmp(found, line->text) != 0) {
            recall(line, back);
            return;
        }
    }
}

void line_keep(struct line *line, struct line_history *memory)
{
    for (uint32_t i = 0; i < LINE_HISTORY; i++)
        memory->lines[i][LINE_BYTES - 1] = 0;
    line->history = memory;
}

/* ---- completion ---- */

/* Prints, below the line, all names that the word may become, and the prompt again. */
static void list_names(struct line *line, const struct completion *completion)
{
    uint32_t column = 0;
    line_show(line);
    print_text(line, "\n");
    for (const char *name = NULL; (name = completion_next(completion, name)) != NULL;) {
        const char *shown = completion_shown(name);
        uint32_t columns = (uint32_t)strlen(shown) + 2;
        if (column > 0 && column + columns > line->columns) {
            print_text(line, "\n");
            column = 0;
        }
        print_text(line, column > 0 ? "  " : "");
        print_text(line, shown);
        column += columns;
    }
    print_text(line, "\n");
    print_text(line, line->prompt);
    line->stale = true;
}

/* Puts the beginning that all names have in place of the word, as it is written in a line. */
static void replace_word(struct line *line, const struct completion *completion, uint32_t common)
{
    char name[LINE_BYTES], quoted[LINE_BYTES];
    uint32_t start = completion->word.start, old = line->cursor - start;
    bool whole = completion->count == 1 && completion->names[common - 1] != '/';
    if (common >= sizeof name)
        return;
    memcpy(name, completion->names, common);
    name[common] = 0;
    if (!parse_quote(quoted, sizeof quoted - 1, name))
        return;
    strcat(quoted, whole ? " " : "");
    uint32_t length = (uint32_t)strlen(quoted);
    if (line->length - old + length >= LINE_BYTES)
        return;
    /* What is there already stays, as long as it is the same. */
    uint32_t same = 0;
    while (same < old && line->text[start + same] == quoted[same])
        same++;
    cut(line, start + same, line->cursor);
    insert(line, quoted + same, length - same);
}

static void complete(struct line *line)
{
    static struct completion completion;
    if (!line->complete)
        return;
    completion_begin(&completion, line->text, line->cursor);
    line->complete(&completion);
    uint32_t common = completion_common(&completion);
    if (completion.count == 1 || common > strlen(completion.word.text))
        replace_word(line, &completion, common);
    else if (completion.count > 1)
        list_names(line, &completion);
}

/* ---- keys ---- */

static void key_by_letter(struct line *line, uint8_t letter)
{
    switch (letter) {
    case 'A':
        recall(line, line->back + 1);
        break;
    case 'B':
        if (line->back > 0)
            recall(line, line->back - 1);
        break;
    case 'C':
        move_right(line);
        break;
    case 'D':
        move_left(line);
        break;
    case 'H':
        move_cursor(line, 0);
        break;
    case 'F':
        move_cursor(line, line->length);
        break;
    default:
        break;
    }
}

static void key_by_number(struct line *line, uint32_t number)
{
    if (number == 1 || number == 7)
        move_cursor(line, 0);
    else if (number == 4 || number == 8)
        move_cursor(line, line->length);
    else if (number == 3)
        cut_right(line);
}

/* Inside an escape sequence: ESC [ letter, ESC O letter, ESC [ number ~. */
static void take_escape(struct line *line, uint8_t byte)
{
    if (line->escape == ESCAPE) {
        line->escape = byte == '[' ? ESCAPE_BRACKET : byte == 'O' ? ESCAPE_LETTER : NO_ESCAPE;
        line->parameter = 0;
        return;
    }
    if (line->escape == ESCAPE_BRACKET && byte >= 0x20 && byte <= 0x3f) {
        if (byte >= '0' && byte <= '9' && line->parameter < 1000)
            line->parameter = line->parameter * 10 + (byte - '0');
        return;
    }
    line->escape = NO_ESCAPE;
    if (byte == '~')
        key_by_number(line, line->parameter);
    else
        key_by_letter(line, byte);
}

static void clear_screen(struct line *line)
{
    print_text(line, "\x1b[H\x1b[2J");
    print_text(line, line->prompt);
    line->stale = true;
}

static void take_control(struct line *line, uint8_t byte)
{
    switch (byte) {
    case CONTROL('A'):
        move_cursor(line, 0);
        break;
    case CONTROL('B'):
        move_left(line);
        break;
    case CONTROL('D'):
        cut_right(line);
        break;
    case CONTROL('E'):
        move_cursor(line, line->length);
        break;
    case CONTROL('F'):
        move_right(line);
        break;
    case CONTROL('I'):
        complete(line);
        break;
    case CONTROL('H'):
    case DELETE:
        cut_left(line);
        break;
    case CONTROL('K'):
        cut(line, line->cursor, line->length);
        break;
    case CONTROL('L'):
        clear_screen(line);
        break;
    case CONTROL('N'):
        key_by_letter(line, 'B');
        break;
    case CONTROL('P'):
        key_by_letter(line, 'A');
        break;
    case CONTROL('R'):
        search(line);
        break;
    case CONTROL('U'):
        cut(line, 0, line->cursor);
        break;
    case CONTROL('W'):
        cut_word(line);
        break;
    case ESC:
        line->escape = ESCAPE;
        break;
    default:
        break;
    }
}

/* Puts the bytes of a character together. What is no UTF-8 is left out. */
static void take_character(struct line *line, uint8_t byte)
{
    if (byte < 0x80) {
        line->character_count = 0;
        char ascii = (char)byte;
        insert(line, &ascii, 1);
        return;
    }
    if (!continues((char)byte)) {
        line->character_count = 0;
        line->character_bytes = byte >= 0xf8 ? 0 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    } else if (line->character_count == 0) {
        return;
    }
    if (line->character_bytes == 0)
        return;
    line->character[line->character_count++] = (char)byte;
    if (line->character_count == line->character_bytes) {
        insert(line, line->character, line->character_count);
        line->character_count = 0;
    }
}

void line_begin(struct line *line, uint32_t columns)
{
    line->columns = columns >= COLUMNS_MIN ? columns : COLUMNS_USUAL;
    line->length = line->cursor = line->window = line->shown = line->back = 0;
    line->stale = false;
    line->text[0] = 0;
    line->escape = NO_ESCAPE;
    line->character_count = 0;
    print_text(line, line->prompt);
}

enum line_event line_take(struct line *line, uint8_t byte)
{
    bool same_return = line->returned && byte == '\n';
    line->returned = byte == '\r';
    if (same_return)
        return LINE_MORE;
    if (line->escape != NO_ESCAPE && byte >= 0x20) {
        take_escape(line, byte);
        return LINE_MORE;
    }
    line->escape = NO_ESCAPE;
    if (byte == '\r' || byte == '\n') {
        line_show(line);
        print_text(line, "\n");
        remember(line);
        return LINE_READY;
    }
    if (byte == CONTROL('C')) {
        line_show(line);
        print_text(line, "^C\n");
        return LINE_CANCELLED;
    }
    if (byte == CONTROL('D') && line->length == 0)
        return LINE_END;
    if (byte < 0x20 || byte == DELETE)
        take_control(line, byte);
    else
        take_character(line, byte);
    return LINE_MORE;
}
