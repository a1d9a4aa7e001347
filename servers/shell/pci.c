/*
 * The command that lists the devices of the PCI bus: the PCI server knows them
 * (cocos/protocol/pci.h).
 */
#include "shell.h"

#include <stdio.h>

#include <cocos/protocol/pci.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define BARS 6
#define ANY 0xff

/* PCI 3.0, appendix D: base class, subclass; the first that fits. */
static const struct {
    uint8_t base, sub;
    const char *name;
} classes[] = {
    {0x01, 0x00, "SCSI storage"}, {0x01, 0x01, "IDE storage"},  {0x01, 0x06, "SATA storage"},
    {0x01, 0x08, "NVMe storage"}, {0x01, ANY, "storage"},       {0x02, 0x00, "Ethernet"},
    {0x02, ANY, "network"},       {0x03, 0x00, "VGA display"},  {0x03, ANY, "display"},
    {0x04, ANY, "multimedia"},    {0x05, ANY, "memory"},        {0x06, 0x00, "host bridge"},
    {0x06, 0x01, "ISA bridge"},   {0x06, 0x04, "PCI bridge"},   {0x06, ANY, "bridge"},
    {0x07, 0x00, "serial line"},  {0x07, ANY, "communication"}, {0x08, ANY, "system device"},
    {0x09, ANY, "input"},         {0x0c, 0x03, "USB"},          {0x0c, 0x05, "SMBus"},
    {0x0c, ANY, "serial bus"},    {0x0d, ANY, "wireless"},      {ANY, ANY, "other"},
};

static const char *class_name(uint32_t class)
{
    uint8_t base = (uint8_t)(class >> 16), sub = (uint8_t)(class >> 8);
    uint32_t i = 0;
    while (!(classes[i].base == ANY || classes[i].base == base) ||
           !(classes[i].sub == ANY || classes[i].sub == sub))
        i++;
    return classes[i].name;
}

static int64_t ask(uint32_t server, struct message *message)
{
    int64_t got = sys_call(server, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

static void print_bars(uint32_t server, uint64_t device)
{
    for (uint64_t i = 0; i < BARS; i++) {
        struct message message = {.words = {PCI_BAR, device, i}};
        char size[SIZE_TEXT_BYTES];
        if (ask(server, &message) < 0)
            continue;
        size_text(size, message.words[2]);
        if (message.words[3] & PCI_BAR_PORTS)
            snprintf(size, sizeof size, "%llu ports", (unsigned long long)message.words[2]);
        console_printf("         %llu  %012llx  %9s\n", (unsigned long long)i,
                       (unsigned long long)message.words[1], size);
    }
}

static void print_device(const struct message *answer)
{
    uint32_t ids = (uint32_t)answer->words[1], class = (uint32_t)(answer->words[1] >> 32);
    uint32_t where = (uint32_t)answer->words[2];
    char driver[24] = "";
    if (answer->words[3])
        snprintf(driver, sizeof driver, "  program %u", (uint32_t)answer->words[3]);
    console_printf("%02x:%02x.%x  %04x:%04x  %06x  %s%s\n", where >> 8, where >> 3 & 31, where & 7,
                   ids & 0xffff, ids >> 16, class, class_name(class), driver);
}

int pci_command(uint32_t count, char **words)
{
    uint32_t server;
    (void)words;
    if (count != 1)
        return command_usage("pci");
    console_flush();
    int64_t got = service_find("pci", &server);
    if (got < 0)
        return command_failed("pci", got);
    for (uint64_t device = 0; got >= 0; device++) {
        struct message message = {.words = {PCI_DEVICE, device}};
        got = ask(server, &message);
        if (got < 0)
            break;
        print_device(&message);
        print_bars(server, device);
    }
    sys_slot_drop(server);
    slot_put(server);
    return got == E_NAME ? 0 : command_failed("pci", got);
}
