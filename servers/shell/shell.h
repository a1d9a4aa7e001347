/*
 * What the parts of the shell share: the console, and the commands. Commands return a status as
 * programs do: 0 is success.
 */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cocos/protocol/init.h>

enum {
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,     /* the command was given wrongly */
    STATUS_UNKNOWN = 127, /* no such command */
    STATUS_INTERRUPTED = 130,
    STATUS_FAULTED = 139, /* the program was ended by a fault */
};

/* ---- console.c: printing is buffered, and goes out before anything is read or waited for ---- */

/* Finds the console, again where one was found before. A negative error when there is none. */
int64_t console_open(void);

void console_print(const char *bytes, size_t count);
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_flush(void);

/* The same for what is wrong: to the console, also where console_print goes elsewhere. */
void console_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on what is printed is kept, as far as there is memory, up to 4 MiB; until it is taken:
 * *bytes of it, which the caller frees. NULL: there was nothing. */
void console_collect(void);
char *console_collected(size_t *bytes);

/* Whether console_read returns without waiting. */
bool console_typed(void);

/* Waits for the next byte typed. A negative error when the console is gone. */
int console_read(void);

/* The same; E_TIMEOUT: nothing came before the deadline. */
int console_read_until(uint64_t deadline);

/* Ctrl-C signals bit `bit` of `endpoint` from now on; SLOT_NONE: it is typed. */
void console_interrupts(uint32_t endpoint, uint32_t bit);

/* The width of the screen (0: none). Starts a new line where a program left one unfinished. */
uint32_t console_fresh_line(void);

/* ---- commands.c ---- */

struct command {
    const char *name;
    const char *arguments; /* as shown by help */
    const char *help;
    int (*run)(uint32_t count, char **words); /* words[0] is the name; NULL: a tool */
};

/* The program that the tools are. */
#define TOOLS "tools"

/* The status of the last pipeline. */
extern int last_status;

/* The command of this name, or NULL: it is a program's, or nobody's. */
const struct command *command_find(const char *name);

/* Adds the names that the word at the cursor may become. */
struct completion;
void command_complete(struct completion *completion);

/* Prints "NAME: what" for an error, and returns STATUS_FAILED. */
int command_failed(const char *name, int64_t error);
int command_usage(const char *name);

/* Reads a whole number, 0 to `max`. -1 when `word` is none. */
int64_t command_number(const char *word, uint32_t max);

/* ---- programs.c ---- */

#define PROGRAM_NAME_BYTES (SERVICE_NAME_BYTES + 1)

int ps_command(uint32_t count, char **words);
int kill_command(uint32_t count, char **words);
int restart_command(uint32_t count, char **words);
int modules_command(uint32_t count, char **words);

/* The name of module number `index`, at most 15 characters; a negative error. */
int64_t module_name(uint64_t index, char name[PROGRAM_NAME_BYTES]);

/* ---- vm.c ---- */

int vm_command(uint32_t count, char **words);

/* ---- caps.c ---- */

int caps_command(uint32_t count, char **words);
int irq_command(uint32_t count, char **words);

/* ---- top.c ---- */

int top_command(uint32_t count, char **words);

/* ---- pci.c ---- */

int pci_command(uint32_t count, char **words);

/* ---- disks.c ---- */

int disks_command(uint32_t count, char **words);

/* ---- size.c ---- */

/* "998.4 MiB", "128 KiB": at most nine characters, rounded down; whole numbers only where they
 * are exact, or have four digits. */
#define SIZE_TEXT_BYTES 24
void size_text(char text[SIZE_TEXT_BYTES], uint64_t bytes);

/* ---- uptime.c ---- */

/* The prompt has been shown. */
void uptime_prompted(void);

int uptime_command(uint32_t count, char **words);

/* ---- date.c ---- */

int date_command(uint32_t count, char **words);

/* ---- keymap.c ---- */

int keymap_command(uint32_t count, char **words);

/* ---- machine.c ---- */

int mem_command(uint32_t count, char **words);
int check_command(uint32_t count, char **words);
int poweroff_command(uint32_t count, char **words);
int reboot_command(uint32_t count, char **words);

#endif
