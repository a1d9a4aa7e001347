/*
 * The shell: reads lines from the console and runs them. It is an ordinary program: what it can
 * do beyond printing, init does for it.
 *
 * An argument names a script that runs before the first line is read.
 *
 * It ends with 1 when there is no console, or no memory.
 */
#include "shell.h"

#include <cocos/service.h>

#include "attention.h"
#include "execute.h"
#include "line.h"
#include "script.h"

/* Programs that drive the machine wait for exactly "cocos> ", colours apart. */
#define PROMPT "\x1b[1;32mcocos>\x1b[0m "
#define PROMPT_COLUMNS 7

#define FAILURES_MAX 8

static struct line line = {
    .print = console_print,
    .prompt = PROMPT,
    .prompt_columns = PROMPT_COLUMNS,
    .complete = command_complete,
};

static struct line_history history;

static void run_line(const char *text)
{
    const char *refusal = execute(text, NULL, 0);
    if (!refusal)
        return;
    console_complain("shell: %s\n", refusal);
    last_status = STATUS_USAGE;
}

/* Reads one line and runs it. Not 0: the console is gone. */
static int step(void)
{
    line_begin(&line, console_fresh_line());
    for (;;) {
        if (!console_typed())
            line_show(&line);
        uptime_prompted();
        int byte = console_read();
        if (byte < 0)
            return byte;
        switch (line_take(&line, (uint8_t)byte)) {
        case LINE_MORE:
            break;
        case LINE_READY:
            run_line(line.text);
            return 0;
        case LINE_CANCELLED:
            last_status = STATUS_INTERRUPTED;
            return 0;
        case LINE_END:
            console_print("\n", 1);
            run_line("poweroff");
            return 0;
        }
    }
}

int main(int argc, char **argv)
{
    if (console_open() < 0 || attention_open() < 0)
        return 1;
    struct line_history *kept = service_state(sizeof *kept);
    line_keep(&line, kept ? kept : &history);
    console_fresh_line();
    console_printf("Type help for a list of commands.\n");
    if (argc > 1)
        last_status = source_command((uint32_t)argc, argv);
    /* A console that ended may be started again; but one that never answers is none. */
    for (int failures = 0; failures < FAILURES_MAX; failures++) {
        while (step() == 0)
            failures = 0;
        if (console_open() < 0)
            break;
    }
    return 1;
}
