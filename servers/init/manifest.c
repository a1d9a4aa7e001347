#include "manifest.h"

#include <string.h>

#include <cocos/memory_map.h>
#include <cocos/protocol/console.h>

#define PORTS_END 0x10000
#define LINES_END 0x10000

/* The text that is being read. */
struct reader {
    const char *at, *end;
    struct manifest_mistake *mistake;
};

struct word {
    const char *text;
    uint64_t length;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool next_word(struct reader *reader, struct word *word)
{
    while (reader->at < reader->end && is_space(*reader->at))
        reader->at++;
    word->text = reader->at;
    while (reader->at < reader->end && !is_space(*reader->at))
        reader->at++;
    word->length = (uint64_t)(reader->at - word->text);
    return word->length > 0;
}

static bool word_is(const struct word *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

/* False, so that one may `return refuse(...)`. */
static bool refuse(struct reader *reader, const struct word *word, const char *reason)
{
    struct manifest_mistake *mistake = reader->mistake;
    uint64_t length = word->length < sizeof mistake->word ? word->length : sizeof mistake->word - 1;
    memcpy(mistake->word, word->text, length);
    mistake->word[length] = 0;
    mistake->reason = reason;
    return false;
}

/* Takes what stands before the next `separator`, or all of it. False: nothing is left. */
static bool take_part(struct word *rest, char separator, struct word *part)
{
    if (rest->text == NULL)
        return false;
    const char *end = memchr(rest->text, separator, rest->length);
    *part = *rest;
    if (end) {
        part->length = (uint64_t)(end - rest->text);
        *rest = (struct word){end + 1, rest->length - part->length - 1};
    } else {
        *rest = (struct word){0};
    }
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Decimal, or hexadecimal behind 0x. */
static bool take_number(const struct word *word, uint64_t *value)
{
    bool hexadecimal = word->length > 2 && word->text[0] == '0' && word->text[1] == 'x';
    uint64_t base = hexadecimal ? 16 : 10, i = hexadecimal ? 2 : 0;
    *value = 0;
    if (word->length == 0)
        return false;
    for (; i < word->length; i++) {
        uint64_t digit = (uint64_t)digit_of(word->text[i]);
        if (digit >= base || *value > (UINT64_MAX - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    return true;
}

/* "FIRST-LAST" or one number, below `end`. */
static bool take_range(const struct word *word, uint64_t end, uint64_t *first, uint64_t *count)
{
    struct word rest = *word, part;
    uint64_t last;
    if (!take_part(&rest, '-', &part) || !take_number(&part, first))
        return false;
    last = *first;
    if (rest.text && !take_number(&rest, &last))
        return false;
    if (last < *first || last >= end)
        return false;
    *count = last - *first + 1;
    return true;
}

static bool take_name(const struct word *word, char name[SERVICE_NAME_BYTES])
{
    if (word->length == 0 || word->length >= SERVICE_NAME_BYTES)
        return false;
    memset(name, 0, SERVICE_NAME_BYTES);
    memcpy(name, word->text, word->length);
    return true;
}

/* Its slots are called after their kind and number: "ports0", "ports1". */
static bool add_grant(struct server *server, const char *kind, uint32_t number,
                      const struct grant *what)
{
    if (server->grant_count == MANIFEST_GRANTS || number > 9)
        return false;
    struct grant *grant = &server->grants[server->grant_count++];
    *grant = *what;
    size_t length = strlen(kind);
    memcpy(grant->slot_name, kind, length);
    grant->slot_name[length] = (char)('0' + number);
    return true;
}

static bool take_ranges(struct reader *reader, struct server *server, const char *kind,
                        uint32_t from, uint64_t end, struct word list, const char *rule)
{
    struct word part;
    for (uint32_t number = 0; take_part(&list, ',', &part); number++) {
        struct grant grant = {.from = from, .rights = RIGHT_USE};
        if (!take_range(&part, end, &grant.first, &grant.count))
            return refuse(reader, &part, rule);
        if (!add_grant(server, kind, number, &grant))
            return refuse(reader, &part, "a server gets eight ranges at most");
    }
    return true;
}

static bool take_ports(struct reader *reader, struct server *server, struct word list)
{
    return take_ranges(reader, server, "ports", SLOT_INIT_PORTS, PORTS_END, list,
                       "ports are PORT or FIRST-LAST, 0 to 0xffff");
}

static bool take_interrupts(struct reader *reader, struct server *server, struct word list)
{
    return take_ranges(reader, server, "interrupts", SLOT_INIT_INTERRUPTS, LINES_END, list,
                       "interrupts are LINE or FIRST-LAST, 0 to 0xffff");
}

static bool take_devices(struct reader *reader, struct server *server, struct word list)
{
    struct grant whole = {.from = SLOT_INIT_DEVICES, .rights = RIGHT_USE};
    whole.count = word_is(&list, "all") ? RANGE_ALL : 0;
    if (whole.count != 0 || word_is(&list, "screen"))
        return add_grant(server, "devices", 0, &whole) ||
               refuse(reader, &list, "a server gets eight ranges at most");
    return take_ranges(
        reader, server, "devices", SLOT_INIT_DEVICES, LOWER_HALF_END, list,
        "devices are \"screen\", \"all\", or FIRST-LAST, addresses below 0x800000000000");
}

/* The ports of power are known only when the machine runs. */
static bool take_power(struct server *server)
{
    bool added = true;
    for (uint32_t number = 0; added && number < POWER_PORTS; number++) {
        struct grant grant = {.from = SLOT_INIT_PORTS, .rights = RIGHT_USE, .first = number};
        added = add_grant(server, "power", number, &grant);
    }
    return added;
}

static bool take_inspection(struct server *server)
{
    if (server->grant_count == MANIFEST_GRANTS)
        return false;
    server->grants[server->grant_count++] =
        (struct grant){.slot_name = "machine", .from = SLOT_INIT_MACHINE, .rights = RIGHT_INSPECT};
    return true;
}

static bool take_machine(struct reader *reader, struct server *server, struct word value)
{
    bool power = word_is(&value, "power");
    if (!power && !word_is(&value, "inspect"))
        return refuse(reader, &value, "of the machine there is \"inspect\", or \"power\"");
    return (power ? take_power(server) : take_inspection(server)) ||
           refuse(reader, &value, "a server gets eight ranges at most");
}

static bool take_calls(struct reader *reader, struct server *server, struct word list)
{
    struct word part;
    while (take_part(&list, ',', &part)) {
        if (word_is(&part, "*")) {
            server->calls_all = true;
            continue;
        }
        if (server->call_count == MANIFEST_CALLS)
            return refuse(reader, &part, "a server calls eight others at most, or * for all");
        if (!take_name(&part, server->calls[server->call_count++]))
            return refuse(reader, &part, "names of services have 1 to 15 characters");
    }
    return true;
}

static bool take_frames(struct reader *reader, struct server *server, struct word value)
{
    return take_number(&value, &server->frames) ||
           refuse(reader, &value, "frames are a number: how many of 4 KiB it may own");
}

static bool take_state(struct reader *reader, struct server *server, struct word value)
{
    return (take_number(&value, &server->state) && server->state <= MANIFEST_STATE_MAX) ||
           refuse(reader, &value, "state is a number of frames, 512 at most");
}

static bool take_console(struct reader *reader, struct server *server, struct word value)
{
    uint64_t number;
    if (!take_number(&value, &number) || number < 1 || number > CONSOLES)
        return refuse(reader, &value, "consoles are 1 to 4");
    server->console = (uint32_t)number - 1;
    return true;
}

static bool take_priority(struct reader *reader, struct server *server, struct word value)
{
    uint64_t priority;
    if (!take_number(&value, &priority) || priority == 0 || priority >= PRIORITIES)
        return refuse(reader, &value, "priorities are 1 to 31; 16 is the usual");
    server->priority = (uint32_t)priority;
    return true;
}

static bool take_restart(struct reader *reader, struct server *server, struct word value)
{
    static const char *const names[] = {"never", "fault", "always"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (word_is(&value, names[i])) {
            server->restart = (enum restart)i;
            return true;
        }
    }
    return refuse(reader, &value, "restart is never, fault or always");
}

static bool take_file(struct reader *reader, struct server *server, struct word value)
{
    return take_name(&value, server->file) ||
           refuse(reader, &value, "names of modules have 1 to 15 characters");
}

/* Four hexadecimal digits. */
static bool take_id(const struct word *word, uint16_t *id)
{
    uint32_t value = 0;
    for (uint64_t i = 0; i < word->length; i++) {
        int digit = digit_of(word->text[i]);
        if (digit > 15)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *id = (uint16_t)value;
    return word->length == 4;
}

/* "VENDOR:DEVICE", or "class:CCSS". */
static bool take_match(const struct word *word, struct pci_match *match)
{
    struct word rest = *word, first;
    if (!take_part(&rest, ':', &first) || !rest.text)
        return false;
    match->by_class = word_is(&first, "class");
    if (match->by_class)
        return take_id(&rest, &match->class);
    return take_id(&first, &match->vendor) && take_id(&rest, &match->device);
}

static bool take_pci(struct reader *reader, struct server *server, struct word list)
{
    struct word part;
    while (take_part(&list, ',', &part)) {
        if (server->pci_count == MANIFEST_PCI)
            return refuse(reader, &part, "a server claims eight kinds of PCI devices at most");
        if (!take_match(&part, &server->pci[server->pci_count++])) {
            return refuse(reader, &part,
                          "PCI devices are VENDOR:DEVICE or class:CCSS, each of "
                          "four hexadecimal digits");
        }
    }
    return true;
}

static const struct key {
    const char *name;
    bool (*take)(struct reader *reader, struct server *server, struct word value);
} keys[] = {
    {"file", take_file},       {"ports", take_ports},     {"interrupts", take_interrupts},
    {"devices", take_devices}, {"machine", take_machine}, {"calls", take_calls},
    {"frames", take_frames},   {"restart", take_restart}, {"state", take_state},
    {"pci", take_pci},         {"console", take_console}, {"priority", take_priority},
};

/* A word that stands alone. */
static bool take_flag(struct server *server, const struct word *word)
{
    bool *flag = word_is(word, "background")  ? &server->background
                 : word_is(word, "on-demand") ? &server->on_demand
                 : word_is(word, "delegates") ? &server->delegates
                 : word_is(word, "modules")   ? &server->modules
                                              : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

/* "KEY=VALUE", or a flag. */
static bool take_word(struct reader *reader, struct server *server, const struct word *word)
{
    struct word rest = *word, key;
    take_part(&rest, '=', &key);
    if (take_flag(server, word))
        return true;
    for (uint32_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!word_is(&key, keys[i].name))
            continue;
        if (!rest.text || rest.length == 0)
            return refuse(reader, word, "nothing stands behind the =");
        return keys[i].take(reader, server, rest);
    }
    return refuse(reader, word, "there is no such word in a manifest");
}

/* What stands behind "--". */
static bool take_arguments(struct reader *reader, struct server *server)
{
    struct word rest;
    while (reader->at < reader->end && is_space(*reader->at))
        reader->at++;
    rest = (struct word){reader->at, (uint64_t)(reader->end - reader->at)};
    while (rest.length > 0 && is_space(rest.text[rest.length - 1]))
        rest.length--;
    if (rest.length >= MANIFEST_ARGUMENT_BYTES)
        return refuse(reader, &rest, "the arguments are longer than 127 characters");
    memcpy(server->arguments, rest.text, rest.length);
    return true;
}

int manifest_line(const char *text, uint64_t bytes, struct server *server,
                  struct manifest_mistake *mistake)
{
    struct reader reader = {text, text + bytes, mistake};
    struct word word;
    *server = (struct server){.frames = UINT64_MAX};
    *mistake = (struct manifest_mistake){0};
    if (!next_word(&reader, &word) || word.text[0] == '#')
        return 0;
    if (!take_name(&word, server->name)) {
        refuse(&reader, &word, "names of servers have 1 to 15 characters");
        return -1;
    }
    memcpy(server->file, server->name, sizeof server->file);
    while (next_word(&reader, &word)) {
        if (word.text[0] == '#')
            break;
        if (word_is(&word, "--"))
            return take_arguments(&reader, server) ? 1 : -1;
        if (!take_word(&reader, server, &word))
            return -1;
    }
    return 1;
}

bool manifest_names_pci(const struct server *server, uint16_t vendor, uint16_t device,
                        uint16_t class)
{
    for (uint32_t i = 0; i < server->pci_count; i++) {
        const struct pci_match *match = &server->pci[i];
        if (match->by_class ? match->class == class
                            : match->vendor == vendor && match->device == device)
            return true;
    }
    return false;
}
