// sources: kernel/timeline.c
/*
 * Timelines: random deadlines added and removed, compared with a plain sorted array after every
 * step: the order, equal ones in the order they were added, the links, the balance and the depth.
 */
#include "kernel/timeline.h"

#include "tests/host/check.h"

#define DEADLINES 600u
#define STEPS 60000u

static struct deadline deadlines[DEADLINES];
static struct deadline *sorted[DEADLINES]; /* those that are set */
static unsigned sorted_count;
static struct timeline timeline;

static void start(void)
{
    memset(deadlines, 0, sizeof(deadlines));
    timeline = (struct timeline){0};
    sorted_count = 0;
}

static void add(struct deadline *deadline, uint64_t at)
{
    unsigned place = sorted_count++;
    for (; place > 0 && sorted[place - 1]->at > at; place--) {
        sorted[place] = sorted[place - 1];
    }
    sorted[place] = deadline;
    timeline_add(&timeline, deadline, at);
}

static void take_out(struct deadline *deadline)
{
    unsigned place = 0;
    while (sorted[place] != deadline) {
        place++;
    }
    for (sorted_count--; place < sorted_count; place++) {
        sorted[place] = sorted[place + 1];
    }
    timeline_remove(&timeline, deadline);
}

/* Walks in order by the links alone, checks every node on the way; returns how many there are. */
static unsigned check_tree(const struct deadline *top, const struct deadline *parent,
                           unsigned place)
{
    if (top == NULL) {
        return 0;
    }
    assert_ptr_equal(top->parent, parent);
    unsigned before = check_tree(top->before, top, place);
    assert_true(place + before < sorted_count);
    assert_ptr_equal(top, sorted[place + before]);
    unsigned after = check_tree(top->after, top, place + before + 1);
    uint32_t low = top->before ? top->before->height : 0;
    uint32_t high = top->after ? top->after->height : 0;
    assert_true(low <= high + 1 && high <= low + 1);
    assert_int_equal(top->height, 1 + (low > high ? low : high));
    return before + 1 + after;
}

/* The fewest deadlines that a tree of this height holds: where it is as uneven as it may be. */
static unsigned fewest(uint32_t height)
{
    unsigned lower = 0, here = 1; /* of heights 0 and 1 */
    for (uint32_t i = 1; i < height; i++) {
        unsigned next = here + lower + 1;
        lower = here;
        here = next;
    }
    return height == 0 ? 0 : here;
}

static void check(void)
{
    assert_ptr_equal(timeline_first(&timeline), sorted_count == 0 ? NULL : sorted[0]);
    assert_int_equal(check_tree(timeline.root, NULL, 0), sorted_count);
    if (timeline.root != NULL) {
        assert_true(fewest(timeline.root->height) <= sorted_count);
    }
}

static void has_none(void **state)
{
    (void)state;
    start();
    check();
    add(&deadlines[0], 5);
    assert_true(deadline_is_set(&deadlines[0]));
    check();
    take_out(&deadlines[0]);
    assert_false(deadline_is_set(&deadlines[0]));
    check();
}

static void equal_ones_in_order(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < DEADLINES; i++) {
        add(&deadlines[i], i % 3);
    }
    check();
    for (unsigned i = 0; i < DEADLINES; i++) {
        unsigned expected = 3 * (i % (DEADLINES / 3)) + i / (DEADLINES / 3);
        assert_ptr_equal(timeline_first(&timeline), &deadlines[expected]);
        take_out(&deadlines[expected]);
        check();
    }
}

/* Rising and falling times, which a tree without balance would make lists of. */
static void sorted_input(void **state)
{
    (void)state;
    for (unsigned falling = 0; falling < 2; falling++) {
        start();
        for (unsigned i = 0; i < DEADLINES; i++) {
            add(&deadlines[i], falling ? UINT64_MAX - i : i);
            check();
        }
        assert_true(timeline.root->height <= 13); /* 1.45 times the logarithm of 600 */
        while (sorted_count != 0) {
            take_out(sorted[falling ? sorted_count - 1 : 0]);
            check();
        }
    }
}

/* Any is added and removed, with few different times and with many, in a small and a large set. */
static void random_input(void **state)
{
    (void)state;
    const struct {
        unsigned count;
        uint64_t times;
    } kinds[] = {{8, 4}, {40, 10}, {40, UINT64_MAX}, {DEADLINES, 50}, {DEADLINES, UINT64_MAX}};
    uint64_t random = 0x636f634f53;
    for (unsigned kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        start();
        for (unsigned step = 0; step < STEPS / 5; step++) {
            struct deadline *deadline = &deadlines[next_random(&random) % kinds[kind].count];
            if (deadline_is_set(deadline)) {
                take_out(deadline);
            } else {
                add(deadline, next_random(&random) % kinds[kind].times);
            }
            check();
        }
    }
}

/* Every shape of small trees: each order of adding up to six, each one removed from it. */
static void small_trees(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 6; count++) {
        unsigned orders = 1;
        for (unsigned i = 2; i <= count; i++) {
            orders *= i;
        }
        for (unsigned number = 0; number < orders * count; number++) {
            start();
            unsigned rest = number / count;
            uint64_t used = 0;
            for (unsigned left = count; left > 0; left--) {
                unsigned skip = rest % left, at = 0;
                rest /= left;
                while (used >> at & 1 || skip-- > 0) {
                    at++;
                }
                used |= 1ull << at;
                add(&deadlines[at], at);
            }
            check();
            take_out(&deadlines[number % count]);
            check();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_none),     cmocka_unit_test(equal_ones_in_order),
        cmocka_unit_test(sorted_input), cmocka_unit_test(random_input),
        cmocka_unit_test(small_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
