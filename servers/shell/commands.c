/* The table of commands, and those that need nobody else. */
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/files.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "attention.h"
#include "completion.h"
#include "script.h"

#define SLEEP_MAX 1000000u
#define NANOSECONDS 1000000000ull

static int help_command(uint32_t count, char **words);

static int echo_command(uint32_t count, char **words)
{
    for (uint32_t i = 1; i < count; i++) {
        console_print(words[i], strlen(words[i]));
        console_print(i + 1 < count ? " " : "", i + 1 < count);
    }
    console_print("\n", 1);
    return 0;
}

static int clear_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    console_printf("\x1b[H\x1b[2J");
    return 0;
}

static int cd_command(uint32_t count, char **words)
{
    if (count > 2)
        return command_usage("cd");
    const char *path = count == 2 ? words[1] : "/";
    int64_t error = files_change_directory(path);
    return error < 0 ? command_failed(path, error) : 0;
}

static int pwd_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    console_printf("%s\n", files_directory());
    return 0;
}

static int true_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    return 0;
}

static int false_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    return STATUS_FAILED;
}

static int sleep_command(uint32_t count, char **words)
{
    int64_t seconds = count == 2 ? command_number(words[1], SLEEP_MAX) : -1;
    if (seconds < 0)
        return command_usage("sleep");
    console_flush();
    uint64_t end = clock_now() + (uint64_t)seconds * NANOSECONDS;
    while (clock_now() < end && !attention_interrupted())
        attention_wait(end);
    return attention_interrupted() ? STATUS_INTERRUPTED : 0;
}

static int errors_command(uint32_t count, char **words)
{
    (void)count, (void)words;
#define ERROR_LINE(name, code, text) console_printf("%4d  %-18s  %s\n", code, #name, text);
    COCOS_ERRORS(ERROR_LINE)
#undef ERROR_LINE
    return 0;
}

/* With a program, execute.c runs it. */
static int run_command(uint32_t count, char **words)
{
    (void)count;
    return command_usage(words[0]);
}

static const struct command commands[] = {
    {"help", "", "prints this list", help_command},
    {"run", "NAME [ARGUMENTS]", "starts a program, also one with a command's name", run_command},
    {"ls", "[-l] [PATH...]", "lists directories", NULL},
    {"cat", "[FILE...]", "prints files, or what it reads", NULL},
    {"cp", "[-r] FROM... TO", "copies files, with -r directories", NULL},
    {"mv", "FROM... TO", "moves files and directories", NULL},
    {"rm", "[-r] PATH...", "removes files, with -r directories", NULL},
    {"mkdir", "[-p] DIRECTORY...", "makes directories, with -p all on the way", NULL},
    {"source", "FILE [ARGUMENTS]", "runs the lines of a file", source_command},
    {"exit", "[STATUS]", "ends a script", exit_command},
    {"cd", "[DIRECTORY]", "changes the current directory (/)", cd_command},
    {"pwd", "", "prints the current directory", pwd_command},
    {"ps", "", "lists the programs: number, state, status, name", ps_command},
    {"kill", "NUMBER", "ends a program", kill_command},
    {"restart", "NAME", "ends a server, if it runs, and starts it again", restart_command},
    {"modules", "", "lists the programs that can be run", modules_command},
    {"mem", "", "shows how much memory there is, and where", mem_command},
    {"vm", "[--tables] [NAME]", "shows whose memory is what, or the page tables", vm_command},
    {"caps", "NAME", "shows which capabilities a program holds", caps_command},
    {"irq", "", "lists interrupt lines, their counts and servers", irq_command},
    {"top", "[SECONDS]", "shows what the processors do; until a key is pressed", top_command},
    {"pci", "", "lists the devices of the PCI bus, and their drivers", pci_command},
    {"disks", "", "lists the disks and their partitions", disks_command},
    {"date", "[DATE TIME]", "shows or sets the time: 2026-01-31 23:59:59, UTC", date_command},
    {"uptime", "", "shows how long the machine has run, and when the prompt came", uptime_command},
    {"keymap", "[NAME]", "lists the keyboard's layouts, or changes to one", keymap_command},
    {"check", "", "checks every invariant of the kernel", check_command},
    {"echo", "[WORDS]", "prints its words; $? is the last command's status", echo_command},
    {"true", "", "ends with status 0", true_command},
    {"false", "", "ends with status 1", false_command},
    {"sleep", "SECONDS", "waits", sleep_command},
    {"errors", "", "lists the errors by number", errors_command},
    {"clear", "", "clears the screen (so does Ctrl-L)", clear_command},
    {"poweroff", "[STATUS]", "turns the machine off (so does Ctrl-D)", poweroff_command},
    {"reboot", "[STATUS]", "starts the machine again", reboot_command},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static int help_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    for (size_t i = 0; i < COMMANDS; i++)
        console_printf("  \x1b[1m%-8s\x1b[0m %-17s  %s\n", commands[i].name, commands[i].arguments,
                       commands[i].help);
    console_printf("  \x1b[1mNAME\x1b[0m     [ARGUMENTS]        starts a module, or the file of a "
                   "path with a /\n"
                   "A ; B   A && B   A || B   B is next; if A succeeded; if it did not\n"
                   "A | B   A > F   A >> F   A < F   pipes and files;   A &   in the background\n"
                   "'...'  \"...\"  \\ quote;  $? is the last status;  # begins a comment\n"
                   "Tab completes, Ctrl-R searches what was typed, Ctrl-C ends what runs\n");
    return 0;
}

int command_failed(const char *name, int64_t error)
{
    console_complain("%s: %s\n", name, error_text(error));
    return STATUS_FAILED;
}

int command_usage(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            console_complain("usage: %s %s\n", name, commands[i].arguments);
    return STATUS_USAGE;
}

int64_t command_number(const char *word, uint32_t max)
{
    char *end;
    if (*word < '0' || *word > '9')
        return -1;
    unsigned long number = strtoul(word, &end, 10);
    return *end == 0 && number <= max ? (int64_t)number : -1;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Names of files begin with the directory that the word names already. */
static void complete_file(struct completion *completion)
{
    char directory[FILES_PATH_BYTES], name[2 * FILES_PATH_BYTES];
    const char *word = completion->word.text, *slash = strrchr(word, '/');
    int before = slash ? (int)(slash - word) + 1 : 0;
    const struct files_entry *entry;
    struct file *file;
    uint64_t place = 0;
    int64_t error;
    snprintf(directory, sizeof directory, "%.*s%s", before, word, before ? "" : ".");
    if (file_open(directory, FILES_READ_ACCESS | FILES_DIRECTORY, &file) < 0)
        return;
    while ((entry = file_next(file, &place, &error)) != NULL) {
        bool is_directory = entry->type == FILES_TYPE_DIRECTORY >> 12;
        if (entry->name[0] == '.' && !word[before])
            continue;
        snprintf(name, sizeof name, "%.*s%s%s", before, word, entry->name, is_directory ? "/" : "");
        completion_add(completion, name);
    }
    file_close(file);
}

void command_complete(struct completion *completion)
{
    char name[PROGRAM_NAME_BYTES];
    bool path = !completion->word.first || strchr(completion->word.text, '/');
    for (size_t i = 0; i < COMMANDS && completion->word.first; i++)
        completion_add(completion, commands[i].name);
    for (uint64_t index = 0; !completion->word.file && module_name(index, name) >= 0; index++)
        completion_add(completion, name);
    if (path)
        complete_file(completion);
}
