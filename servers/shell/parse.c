/* Reads lines: words, operators, pipelines. */
#include "parse.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SPACES " \t\r"
#define OPERATORS ";&|<>"
#define QUOTED SPACES OPERATORS "'\"\\$#"

struct reader {
    const char *rest;
    const char *end; /* of the line, or of what of it counts */
    const struct values *values;
    char *to; /* where words go, and how many bytes more fit */
    uint32_t room;
    bool full;
};

static bool at(const struct reader *reader, const char *set)
{
    return reader->rest < reader->end && strchr(set, *reader->rest);
}

static void skip_spaces(struct reader *reader)
{
    while (at(reader, SPACES))
        reader->rest++;
    if (at(reader, "#"))
        reader->rest = reader->end;
}

/* ---- words ---- */

static void put(struct reader *reader, char byte)
{
    reader->full |= reader->room == 0;
    if (reader->full)
        return;
    *reader->to++ = byte;
    reader->room--;
}

static void put_text(struct reader *reader, const char *text)
{
    for (; *text; text++)
        put(reader, *text);
}

static void put_number(struct reader *reader, int number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    put_text(reader, digits);
}

/* What `name` behind a $ stands for. False: nothing. */
static bool put_value(struct reader *reader, char name)
{
    const struct values *values = reader->values;
    if (name == '?') {
        put_number(reader, values->status);
    } else if (name == '#') {
        put_number(reader, (int)values->count);
    } else if (name >= '0' && name <= '9') {
        uint32_t index = (uint32_t)(name - '0');
        put_text(reader,
                 values->arguments && index <= values->count ? values->arguments[index] : "");
    } else {
        return false;
    }
    return true;
}

/* Reads one word. False: a quotation is not closed. */
static bool read_word(struct reader *reader)
{
    char quote = 0;
    for (; reader->rest < reader->end; reader->rest++) {
        char byte = *reader->rest;
        char next = reader->rest + 1 < reader->end ? reader->rest[1] : 0;
        if (quote == 0 && at(reader, SPACES OPERATORS))
            break;
        if (quote ? byte == quote : byte == '"' || byte == '\'') {
            quote = quote ? 0 : byte;
        } else if (quote != '\'' && byte == '$' && next && put_value(reader, next)) {
            reader->rest++;
        } else if (quote != '\'' && byte == '\\' && next) {
            put(reader, next);
            reader->rest++;
        } else {
            put(reader, byte);
        }
    }
    return quote == 0;
}

/* ---- commands ---- */

/* Reads a word into the pipeline's text. */
static const char *take_word(struct reader *reader, char **word)
{
    *word = reader->to;
    if (!read_word(reader))
        return "a quotation is not closed";
    put(reader, 0);
    return reader->full ? "the line is too long" : NULL;
}

static const char *take_file(struct reader *reader, struct simple_command *command)
{
    bool input = *reader->rest++ == '<';
    bool append = !input && at(reader, ">");
    const char **file = input ? &command->input : &command->output;
    char *word;
    reader->rest += append;
    skip_spaces(reader);
    if (reader->rest == reader->end || at(reader, OPERATORS))
        return "no file is named behind < or >";
    if (*file)
        return input ? "a command has more than one <" : "a command has more than one >";
    const char *refusal = take_word(reader, &word);
    *file = word;
    command->append |= append;
    return refusal;
}

static const char *take_command(struct reader *reader, struct pipeline *pipeline)
{
    if (pipeline->count == PARSE_COMMANDS)
        return "a pipeline has too many commands";
    struct simple_command *command = &pipeline->commands[pipeline->count++];
    const char *refusal = NULL;
    *command = (struct simple_command){.words = pipeline->words + pipeline->word_count};
    for (skip_spaces(reader); !refusal && reader->rest < reader->end && !at(reader, ";&|");
         skip_spaces(reader)) {
        if (at(reader, "<>")) {
            refusal = take_file(reader, command);
            continue;
        }
        /* Each command has one place more, for what ends its words. */
        if (pipeline->word_count == PARSE_WORDS + pipeline->count - 1)
            return "the line has too many words";
        refusal = take_word(reader, &pipeline->words[pipeline->word_count++]);
        command->count++;
    }
    pipeline->words[pipeline->word_count++] = NULL;
    if (!refusal && command->count == 0 && (command->input || command->output))
        refusal = "there is no command";
    return refusal;
}

/* ---- pipelines ---- */

/* Takes `operator` if it is what comes next. */
static bool take_operator(struct reader *reader, const char *operator)
{
    size_t length = strlen(operator);
    if ((size_t)(reader->end - reader->rest) < length ||
        strncmp(reader->rest, operator, length) != 0)
        return false;
    reader->rest += length;
    return true;
}

static const char *take_commands(struct reader *reader, struct pipeline *pipeline)
{
    for (;;) {
        const char *refusal = take_command(reader, pipeline);
        if (refusal)
            return refusal;
        struct simple_command *command = &pipeline->commands[pipeline->count - 1];
        bool piped = !(reader->end - reader->rest >= 2 && reader->rest[1] == '|') &&
                     take_operator(reader, "|");
        if (command->count == 0 && (piped || pipeline->count > 1 || reader->rest < reader->end))
            return "an operator has no command beside it";
        if (command->input && pipeline->count > 1)
            return "a command cannot have both < and | before it";
        if (command->output && piped)
            return "a command cannot have both > and | behind it";
        if (!piped)
            break;
    }
    if (pipeline->commands[0].count == 0)
        pipeline->count = 0;
    return NULL;
}

static enum follow take_follow(struct reader *reader, struct pipeline *pipeline)
{
    if (take_operator(reader, "&&"))
        return FOLLOW_AND;
    if (take_operator(reader, "||"))
        return FOLLOW_OR;
    pipeline->background = take_operator(reader, "&");
    if (!pipeline->background)
        take_operator(reader, ";");
    skip_spaces(reader);
    return reader->rest < reader->end ? FOLLOW_ALWAYS : FOLLOW_END;
}

const char *parse_next(struct pipeline *pipeline, const char **rest, const struct values *values)
{
    struct reader reader = {.rest = *rest,
                            .end = *rest + strlen(*rest),
                            .values = values,
                            .to = pipeline->text,
                            .room = sizeof pipeline->text};
    pipeline->count = pipeline->word_count = 0;
    pipeline->background = false;
    const char *refusal = take_commands(&reader, pipeline);
    if (refusal)
        return refusal;
    pipeline->follow = take_follow(&reader, pipeline);
    skip_spaces(&reader);
    if (pipeline->follow != FOLLOW_END && reader.rest == reader.end)
        return "an operator has no command beside it";
    *rest = reader.rest;
    return NULL;
}

const char *parse_check(const char *line, const struct values *values)
{
    static struct pipeline pipeline;
    const char *refusal;
    do
        refusal = parse_next(&pipeline, &line, values);
    while (!refusal && pipeline.follow != FOLLOW_END);
    return refusal;
}

/* ---- for completion ---- */

void parse_last_word(struct last_word *last, const char *line, uint32_t length)
{
    static const struct values none;
    struct reader reader = {.rest = line, .end = line + length, .values = &none};
    bool first = true, file = false;
    for (;;) {
        while (at(&reader, SPACES))
            reader.rest++;
        if (at(&reader, "<>")) {
            reader.rest++;
            file = true;
        } else if (at(&reader, ";&|")) {
            reader.rest++;
            first = true;
            file = false;
        } else {
            *last = (struct last_word){
                .start = (uint32_t)(reader.rest - line), .first = first && !file, .file = file};
            reader.to = last->text;
            reader.room = sizeof last->text - 1;
            reader.full = false;
            read_word(&reader);
            if (reader.rest == reader.end)
                return;
            first &= file;
            file = false;
        }
    }
}

bool parse_quote(char *to, uint32_t room, const char *word)
{
    if (!*word) {
        bool fits = room > 2;
        if (fits)
            strcpy(to, "''");
        return fits;
    }
    for (; *word; word++) {
        bool special = strchr(QUOTED, *word) != NULL;
        if (room < 2u + special)
            return false;
        if (special)
            *to++ = '\\';
        *to++ = *word;
        room -= 1u + special;
    }
    *to = 0;
    return room > 0;
}
