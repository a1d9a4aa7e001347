/* caps and irq: who may do what, and who hears of which interrupts. */
#include <stdio.h>
#include <string.h>

#include <cocos/service.h>
#include <cocos/sys.h>

#include "shell.h"
#include "vm.h"

#define OBJECT_BYTES 80

/* The name of the domain that receives at an endpoint, or NULL. Init can, too, but leaves it to
 * those it made it for. */
static const char *server_of(uint64_t endpoint)
{
    uint64_t domain = 0, name;
    for (; vm_next_domain(&domain, &name) == 1; domain += FRAME_BYTES) {
        for (uint32_t slot = 1; slot < SLOTS_PER_DOMAIN; slot++) {
            struct slot_info info;
            if (sys_slot_inspect(vm_machine, domain, slot, &info) < 0)
                break;
            if (info.type == CAP_ENDPOINT && info.object == endpoint &&
                (info.rights & (RIGHT_RECEIVE | RIGHT_CONTROL)) == RIGHT_RECEIVE)
                return vm_owner(domain, FRAME_DOMAIN);
        }
    }
    return NULL;
}

static const char *owner_of(uint64_t frame)
{
    struct frame_info info;
    return sys_frame_query(vm_machine, frame, &info) < 0 ? "?" : vm_owner(info.owner, info.type);
}

static void endpoint_text(char text[OBJECT_BYTES], const struct slot_info *info)
{
    const char *server = server_of(info->object);
    int used = snprintf(text, OBJECT_BYTES, "%08llx, %s %s", (unsigned long long)info->object,
                        server ? "served by" : "of", server ? server : owner_of(info->object));
    if (info->badge)
        snprintf(text + used, OBJECT_BYTES - (size_t)used, ", badge %llx",
                 (unsigned long long)info->badge);
}

static void object_text(char text[OBJECT_BYTES], const struct slot_info *info)
{
    unsigned long long first = info->object, last = info->object + info->count - 1;
    switch (info->type) {
    case CAP_DOMAIN:
        snprintf(text, OBJECT_BYTES, "%08llx, %s", first, vm_owner(info->object, FRAME_DOMAIN));
        break;
    case CAP_ENDPOINT:
        endpoint_text(text, info);
        break;
    case CAP_THREAD:
    case CAP_REPLY:
        snprintf(text, OBJECT_BYTES, "%08llx, of %s", first, owner_of(info->object));
        break;
    case CAP_INTERRUPT:
        snprintf(text, OBJECT_BYTES, first == last ? "%llu" : "%llu-%llu", first, last);
        break;
    case CAP_PORTS:
        snprintf(text, OBJECT_BYTES, first == last ? "0x%llx" : "0x%llx-0x%llx", first, last);
        break;
    case CAP_DEVICE:
        snprintf(text, OBJECT_BYTES, "%llx-%llx", first * FRAME_BYTES,
                 last * FRAME_BYTES + FRAME_BYTES - 1);
        break;
    default:
        text[0] = 0;
        break;
    }
}

static void rights_text(char text[9], uint8_t rights)
{
    static const struct {
        uint8_t right;
        char letter;
    } letters[] = {{RIGHT_SEND, 's'},    {RIGHT_RECEIVE, 'r'}, {RIGHT_SIGNAL, 'b'},
                   {RIGHT_CONTROL, 'c'}, {RIGHT_COPY, 'd'},    {RIGHT_USE, 'u'},
                   {RIGHT_INSPECT, 'i'}, {RIGHT_GRANT, 'g'}};
    for (uint32_t i = 0; i < 8; i++)
        text[i] = rights & letters[i].right ? letters[i].letter : '-';
    text[8] = 0;
}

static int64_t show_slots(uint64_t domain)
{
    static const char *const kinds[] = {
#define KIND_TEXT(name, value, text) [value] = (text),
        COCOS_CAPABILITY_TYPES(KIND_TEXT)
#undef KIND_TEXT
    };
    console_printf("%s\n" VM_BOLD "slot  kind           rights    object" VM_PLAIN "\n",
                   vm_owner(domain, FRAME_DOMAIN));
    for (uint32_t slot = 0; slot < SLOTS_PER_DOMAIN; slot++) {
        struct slot_info info;
        char rights[9], object[OBJECT_BYTES];
        int64_t error = sys_slot_inspect(vm_machine, domain, slot, &info);
        if (error < 0)
            return error;
        if (info.type == CAP_EMPTY)
            continue;
        rights_text(rights, info.rights);
        object_text(object, &info);
        console_printf("%4u  %-13s  %s  %s\n", slot,
                       info.type < sizeof kinds / sizeof kinds[0] ? kinds[info.type] : "?", rights,
                       object);
    }
    return OK;
}

int caps_command(uint32_t count, char **words)
{
    if (count != 2)
        return command_usage("caps");
    int64_t error = vm_program(words[1], show_slots);
    if (error < 0) {
        console_complain("caps: %s: %s\n", words[1], error_text(error));
        return STATUS_FAILED;
    }
    console_printf("rights: send, receive, b: signal, control, d: copy, use, inspect, grant\n");
    return 0;
}

int irq_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    vm_machine = service_slot("machine");
    console_printf(VM_BOLD "line  kind     trigger     count  for" VM_PLAIN "\n");
    for (uint32_t line = 0;; line++) {
        struct line_info info;
        int64_t error = sys_line_query(vm_machine, line, &info);
        if (error == E_ARGUMENT)
            return 0;
        if (error == E_UNSUPPORTED || (error == OK && !info.endpoint && !info.count))
            continue;
        if (error < 0)
            return command_failed("irq", error);
        const char *whose = info.endpoint ? server_of(info.endpoint) : "-";
        if (!whose) /* an endpoint that a driver has made for interrupts alone */
            whose = owner_of(info.endpoint);
        console_printf("%4u  %-7s  %-7s  %8llu  %s%s\n", line,
                       line >= FIRST_MESSAGE_LINE ? "message" : "pin",
                       !info.endpoint               ? "-"
                       : info.flags & LINE_IS_LEVEL ? "level"
                                                    : "edge",
                       (unsigned long long)info.count, whose,
                       info.flags & LINE_IS_UNSERVED ? ", not acknowledged" : "");
    }
}
