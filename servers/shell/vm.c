/* The vm command: finds whom it is about; and the words its parts share. */
#include "vm.h"

#include <string.h>

#include <cocos/protocol/init.h>
#include <cocos/service.h>

#include "shell.h"

#define PROGRAMS_MAX 0x7fffffffu
#define DOMAIN_NAME_BYTES 8

uint32_t vm_machine;

/* ---- Words ---- */

void vm_name(char name[VM_NAME_BYTES], uint64_t packed)
{
    memcpy(name, &packed, sizeof packed);
    name[VM_NAME_BYTES - 1] = 0;
    for (char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

const char *vm_type(uint8_t type)
{
    static const char *const texts[] = {
#define FRAME_TYPE_TEXT(name, text) [name] = (text),
        COCOS_FRAME_TYPES(FRAME_TYPE_TEXT)
#undef FRAME_TYPE_TEXT
    };
    return type < FRAME_TYPE_COUNT ? texts[type] : "?";
}

const char *vm_colour(uint8_t type)
{
    switch (type) {
    case FRAME_RAM:
    case FRAME_DIRTY:
        return "";
    case FRAME_DEVICE:
        return "\x1b[36m";
    case FRAME_FREE:
        return "\x1b[32m";
    case FRAME_ABSENT:
    case FRAME_RESERVED:
        return "\x1b[90m";
    default: /* the kernel's, and its objects */
        return "\x1b[33m";
    }
}

const char *vm_owner(uint64_t owner, uint8_t type)
{
    static char name[VM_NAME_BYTES];
    static uint64_t known = 0;
    if (owner == 0)
        return type == FRAME_KERNEL || type == FRAME_RECORDS ? "kernel" : "-";
    struct frame_info info;
    if (owner == known)
        return name;
    known = 0;
    if (sys_frame_query(vm_machine, owner, &info) < 0 || info.type != FRAME_DOMAIN)
        return "?";
    vm_name(name, info.tag);
    known = owner;
    return name;
}

/* ---- Whom it is about ---- */

int64_t vm_next_domain(uint64_t *address, uint64_t *name)
{
    for (uint64_t at = *address;;) {
        struct frame_info info;
        int64_t error = sys_frame_query(vm_machine, at, &info);
        if (error == E_NO_FRAME)
            return 0;
        if (error < 0)
            return error;
        if (info.type == FRAME_DOMAIN) {
            *address = at;
            *name = info.tag;
            return 1;
        }
        at = info.end;
    }
}

/* The domain of a program that init knows by this number. */
static int64_t domain_of_number(int64_t number, uint64_t *domain)
{
    struct message message = {.words = {INIT_DOMAIN, (uint64_t)number}};
    int64_t got = sys_call(SLOT_PARENT, &message);
    if (got < 0)
        return got;
    *domain = message.words[1];
    return (int64_t)message.words[0];
}

/* Shows every domain of a name, of which domains keep eight characters. */
static int64_t show_named(const char *word, int64_t (*show)(uint64_t domain))
{
    char wanted[DOMAIN_NAME_BYTES + 1] = {0};
    memcpy(wanted, word, strnlen(word, DOMAIN_NAME_BYTES));
    int64_t shown = E_NAME;
    uint64_t domain = 0, name = 0;
    int64_t found;
    for (; (found = vm_next_domain(&domain, &name)) == 1; domain += FRAME_BYTES) {
        if (memcmp(&name, wanted, sizeof name) != 0)
            continue;
        if (shown != E_NAME)
            console_print("\n", 1);
        shown = show(domain);
        if (shown < 0)
            break;
    }
    return found < 0 ? found : shown;
}

int64_t vm_program(const char *word, int64_t (*show)(uint64_t domain))
{
    vm_machine = service_slot("machine");
    int64_t number = command_number(word, PROGRAMS_MAX);
    if (number < 0)
        return show_named(word, show);
    uint64_t domain;
    int64_t error = domain_of_number(number, &domain);
    return error < 0 ? error : show(domain);
}

int vm_command(uint32_t count, char **words)
{
    bool tables = count > 1 && strcmp(words[1], "--tables") == 0;
    const char *program = words[tables ? 2 : 1];
    if (count > (tables ? 3 : 2) || (!tables && program && program[0] == '-'))
        return command_usage("vm");
    vm_machine = service_slot("machine");
    int64_t error;
    if (program)
        error = vm_program(program, tables ? vm_show_tables : vm_show_domain);
    else
        error = tables ? vm_show_tables(0) : vm_show_machine();
    if (error >= 0)
        return 0;
    console_complain("vm: %s%s%s\n", program ? program : "", program ? ": " : "",
                     error_text(error));
    return STATUS_FAILED;
}
