/* The list of capabilities in configuration space (contracts: cocos/pci.h). */
#include <cocos/pci.h>

#include <linux/pci_regs.h>

#define CONFIG_BYTES 256u

/* More cannot be: each takes four bytes at least (PCI 3.0, 6.7). */
#define CAPABILITIES_MAX ((CONFIG_BYTES - PCI_STD_HEADER_SIZEOF) / 4)

static uint32_t first_capability(const uint32_t *config)
{
    bool has_list = config[PCI_COMMAND / 4] >> 16 & PCI_STATUS_CAP_LIST;
    return has_list ? config[PCI_CAPABILITY_LIST / 4] & 0xfc : 0;
}

static uint32_t next_capability(const uint32_t *config, uint32_t at)
{
    return config[at / 4] >> 8 & 0xfc;
}

bool pci_capabilities_good(const uint32_t config[PCI_CONFIG_WORDS])
{
    uint32_t at = first_capability(config);
    for (uint32_t count = 0; at != 0; count++) {
        if (at < PCI_STD_HEADER_SIZEOF || count == CAPABILITIES_MAX)
            return false;
        at = next_capability(config, at);
    }
    return true;
}

uint32_t pci_capability(const uint32_t config[PCI_CONFIG_WORDS], uint8_t id, uint32_t after)
{
    uint32_t at = after ? next_capability(config, after) : first_capability(config);
    for (uint32_t count = 0; at >= PCI_STD_HEADER_SIZEOF && count < CAPABILITIES_MAX; count++) {
        if ((config[at / 4] & 0xff) == id)
            return at;
        at = next_capability(config, at);
    }
    return 0;
}
