// sources: tests/host/own_machine.c
/*
 * The operations of proof/machine.h through every state of a tiny machine: three frames, one of
 * them a device's, and two domains, then two frames and three domains, with every entry that they
 * can have in the lower half and one in an upper half. From a machine on which nobody owns
 * anything, every operation is done with every argument to every state that comes up, until no new
 * one does. After each the invariants are counted out; one that fails must have changed nothing.
 */
#include "tests/host/own_machine.h"

#include "tests/host/check.h"

#define STATES_MOST (1u << 18)
#define SLOTS (STATES_MOST * 2)

/* ---- States, packed into 128 bits ---- */

struct key {
    uint64_t bits[2];
};

static struct key states[STATES_MOST];
static uint32_t slots[SLOTS]; /* of a hash table: number of a state + 1 */
static uint32_t state_count;
static struct machine machine; /* the one that is being left */
static uint32_t first_frame, domains;

struct packer {
    struct key key;
    unsigned at;
};

static void pack(struct packer *packer, uint64_t value, unsigned width)
{
    assert_true(value >> width == 0 && packer->at + width <= 128);
    for (unsigned i = 0; i < width; i++, packer->at++) {
        packer->key.bits[packer->at / 64] |= (value >> i & 1) << packer->at % 64;
    }
}

static uint64_t unpack(struct packer *packer, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++, packer->at++) {
        value |= (packer->key.bits[packer->at / 64] >> packer->at % 64 & 1) << i;
    }
    return value;
}

static const uint8_t types[] = {FRAME_ABSENT, FRAME_FREE,   FRAME_RAM,
                                FRAME_DIRTY,  FRAME_DEVICE, FRAME_STOCK};

static struct key pack_machine(void)
{
    struct packer packer = {0};
    for (unsigned r = 0; r < RECORDS; r++) {
        unsigned type = 0;
        while (types[type] != records[r].type) {
            assert_true(++type < sizeof types);
        }
        pack(&packer, type, 3);
        pack(&packer, records[r].owner, 2);
        pack(&packer, records[r].mappings, 3);
    }
    for (unsigned l = 0; l < LEAVES; l++) {
        bool user = leaf_is_user(leaves[l]);
        uint64_t entry = leaves[l];
        assert_true(user || entry == refill_of(l));
        pack(&packer, user, 1);
        if (user) {
            pack(&packer, record_of_leaf(entry), 2);
            pack(&packer, (entry & PTE_WRITE) != 0, 1);
            pack(&packer, (entry & PTE_NX) == 0, 1);
            pack(&packer, leaf_kind(entry), 3);
            pack(&packer, leaf_uses(entry), 2);
        }
    }
    return packer.key;
}

/* The machine that was packed; what the key leaves out is a matter of course. */
static void unpack_machine(struct key key)
{
    struct packer packer = {key, 0};
    machine_start();
    for (unsigned r = 0; r < RECORDS; r++) {
        records[r].type = types[unpack(&packer, 3)];
        records[r].owner = (uint32_t)unpack(&packer, 2);
        records[r].mappings = (uint16_t)unpack(&packer, 3);
        records[r].cache = records[r].type == FRAME_DEVICE ? CACHE_UNCACHED : 0;
        owned[records[r].owner] += records[r].owner != 0;
    }
    for (unsigned l = 0; l < LEAVES; l++) {
        if (unpack(&packer, 1)) {
            unsigned r = (unsigned)unpack(&packer, 2);
            struct leaf leaf = {.at = at[l], .address = address_of(r), .rights = MAP_READ};
            leaf.rights |= unpack(&packer, 1) ? MAP_WRITE : 0;
            leaf.rights |= unpack(&packer, 1) ? MAP_EXECUTE : 0;
            leaf.kind = (uint32_t)unpack(&packer, 3);
            leaves[l] = leaf_entry(&leaf, records[r].cache) | unpack(&packer, 2) << LEAF_USES_SHIFT;
        }
    }
}

static void keep_state(void)
{
    struct key key = pack_machine();
    uint64_t hash = (key.bits[0] ^ key.bits[1] * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
    for (uint32_t i = (uint32_t)(hash >> 32) % SLOTS;; i = (i + 1) % SLOTS) {
        if (slots[i] == 0) {
            assert_true(state_count < STATES_MOST);
            states[state_count++] = key;
            slots[i] = state_count;
            return;
        }
        if (memcmp(&states[slots[i] - 1], &key, sizeof key) == 0) {
            return;
        }
    }
}

/* ---- Every operation with every argument ---- */

static uint64_t operations;

static void after(int64_t result)
{
    operations++;
    if (result == OK) {
        const char *problem = machine_problem();
        if (problem != NULL) {
            fail_msg("state %u: %s", state_count, problem);
        }
        keep_state();
        machine_load(&machine);
    } else {
        assert_true(machine_is(&machine));
    }
}

/* Rights do not interact, so one kind of access that succeeds will do here. */
static const uint64_t some_rights[] = {0, MAP_READ | MAP_WRITE, MAP_EXECUTE, 8};
#define RIGHTS (sizeof some_rights / sizeof some_rights[0])

/* Those of one domain with one piece. */
static void try_owner(uint32_t who, uint32_t r)
{
    uint32_t own = lower_leaf(who, r);
    after(op_claim(who, r, 0));
    after(op_release(who, r, own, refill_of(own)));
    after(op_make_object(who, r, who, FRAME_STOCK, 0, 0));
    for (unsigned i = 0; i < RIGHTS; i++) {
        after(op_claim_access(who, r, own, some_rights[i], 0));
        after(op_claim_device(who, r, own, some_rights[i], CACHE_UNCACHED));
        after(op_access(who, r, own, some_rights[i], refill_of(own)));
    }
    after(op_claim_device(who, r, own, MAP_READ, CACHE_WRITE_COMBINING + 1));
}

static void try_pair(uint32_t who, uint32_t r, uint32_t to)
{
    uint32_t own = lower_leaf(who, r), theirs = lower_leaf(to, r);
    after(op_revoke(who, r, theirs, to == who, refill_of(theirs)));
    for (unsigned i = 0; i < RIGHTS && to != who; i++) {
        after(op_give(who, r, own, to, theirs, some_rights[i], refill_of(own)));
        after(op_grant(who, r, theirs, some_rights[i], PTE_AVL_LENT));
        after(op_grant(who, r, theirs, some_rights[i], PTE_AVL_SHARED));
    }
    if (to != who) {
        after(op_make_object(who, r, to, FRAME_STOCK, 0, 0));
        after(op_reclaim(who, r, own, to, refill_of(own)));
    }
    /* A domain that ends has no page tables any more. */
    if (to != who && !leaf_is_user(leaves[own])) {
        after(op_inherit(who, r, to));
    }
    for (unsigned u = 0; u < UPPER && to == 1; u++) {
        after(op_map(who, r, upper_leaf(to, u), address_of(r), MAP_READ | MAP_EXECUTE));
        after(op_map(who, r, upper_leaf(to, u), address_of(r), MAP_WRITE | MAP_EXECUTE));
    }
}

static void try_everything(void)
{
    for (uint32_t r = first_frame; r < RECORDS; r++) {
        for (uint32_t who = 1; who <= domains; who++) {
            try_owner(who, r);
            for (uint32_t to = 1; to <= domains; to++) {
                try_pair(who, r, to);
            }
            for (unsigned u = 0; u < UPPER && who == 1; u++) {
                after(
                    op_map_shared(r, lower_leaf(who, r), upper_leaf(who, u), MAP_READ | MAP_WRITE));
                uint64_t entry = leaves[upper_leaf(who, u)];
                if (!leaf_is_user(entry) || record_of_leaf(entry) == r) {
                    after(op_unmap(r, lower_leaf(who, r), upper_leaf(who, u)));
                }
            }
        }
        after(op_end_object(r));
    }
}

static void search(uint32_t frames, uint32_t most_domains)
{
    first_frame = RECORDS - frames;
    domains = most_domains;
    state_count = 0;
    operations = 0;
    memset(slots, 0, sizeof slots);
    machine_start();
    keep_state();
    for (uint32_t i = 0; i < state_count; i++) {
        unpack_machine(states[i]);
        machine_save(&machine);
        try_everything();
    }
    print_message("%u frames, %u domains: %u states, %lu operations\n", frames, domains,
                  state_count, (unsigned long)operations);
    assert_true(state_count > 10000);
}

static void three_frames_two_domains(void **state)
{
    (void)state;
    search(3, 2);
}

static void two_frames_three_domains(void **state)
{
    (void)state;
    search(2, 3);
}

/* ---- What the invariants do not say: bits of entries, refusals ---- */

static void entries_say_what_leaves_are(void **state)
{
    (void)state;
    const struct leaf leaf = {
        .address = 0x12345000, .rights = MAP_READ | MAP_EXECUTE, .kind = PTE_AVL_OWNED};
    assert_true(leaf_entry(&leaf, CACHE_WRITE_BACK) == (0x12345000 | 5 | 1 << 9));
    const struct leaf large = {
        .address = 1ull << 51, .rights = MAP_WRITE, .kind = PTE_AVL_DEVICE, .large = true};
    assert_true(leaf_entry(&large, CACHE_UNCACHED) ==
                (1ull << 51 | PTE_NX | 0x80 | 0x18 | 7 | 4 << 9));
    assert_true(leaf_entry(&large, CACHE_WRITE_COMBINING) ==
                (1ull << 51 | PTE_NX | 0x80 | 0x08 | 7 | 4 << 9));
}

static void counts_end_at_their_limit(void **state)
{
    (void)state;
    struct frame record = {.type = FRAME_RAM, .mappings = MAPPINGS_MAX, .owner = 1};
    assert_int_equal(leaf_check_count(&record, 1), E_LIMIT);
    record.mappings--;
    assert_int_equal(leaf_check_count(&record, 1), OK);
    assert_int_equal(leaf_check_count(&record, 2), E_LIMIT);
    uint64_t entry = PTE_PRESENT | PTE_USER | PTE_NX;
    for (unsigned i = 0; i < LEAF_USES_MAX; i++) {
        leaf_add_use(&entry);
    }
    assert_true(leaf_uses(entry) == LEAF_USES_MAX && (entry & PTE_NX));
    leaf_remove_use(&entry);
    assert_true(leaf_uses(entry) == LEAF_USES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_frames_two_domains),
        cmocka_unit_test(two_frames_three_domains),
        cmocka_unit_test(entries_say_what_leaves_are),
        cmocka_unit_test(counts_end_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
