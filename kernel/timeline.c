/*
 * Timelines: see timeline.h. In the tree, everything under `before` is due no later than the
 * deadline itself, everything under `after` no earlier; and the heights of the two differ by one at
 * most (Knuth, The Art of Computer Programming 3, 6.2.3), so a path down is at most 1.45 times the
 * logarithm to base 2.
 */
#include "kernel/timeline.h"

static uint32_t height(const struct deadline *deadline)
{
    return deadline == NULL ? 0 : deadline->height;
}

static void measure(struct deadline *deadline)
{
    uint32_t before = height(deadline->before), after = height(deadline->after);
    deadline->height = 1 + (before > after ? before : after);
}

/* Puts `child`, which may be NULL, where `old` hangs under `parent`; NULL: at the root. */
static void hang(struct timeline *timeline, struct deadline *parent, const struct deadline *old,
                 struct deadline *child)
{
    if (parent == NULL) {
        timeline->root = child;
    } else if (parent->before == old) {
        parent->before = child;
    } else {
        parent->after = child;
    }
    if (child != NULL) {
        child->parent = parent;
    }
}

/* The two rotations: a child takes its parent's place, and the parent becomes its child. */
static struct deadline *raise_before(struct timeline *timeline, struct deadline *top)
{
    struct deadline *child = top->before;
    hang(timeline, top->parent, top, child);
    top->before = child->after;
    if (top->before != NULL) {
        top->before->parent = top;
    }
    child->after = top;
    top->parent = child;
    measure(top);
    measure(child);
    return child;
}

static struct deadline *raise_after(struct timeline *timeline, struct deadline *top)
{
    struct deadline *child = top->after;
    hang(timeline, top->parent, top, child);
    top->after = child->before;
    if (top->after != NULL) {
        top->after->parent = top;
    }
    child->before = top;
    top->parent = child;
    measure(top);
    measure(child);
    return child;
}

/* Measures the tree at `top`, whose two sides are balanced and differ by two at most, and balances
 * it; returns what is at its top now. */
static struct deadline *balance(struct timeline *timeline, struct deadline *top)
{
    struct deadline *before = top->before, *after = top->after;
    if (height(before) > height(after) + 1) {
        if (height(before->after) > height(before->before)) {
            raise_after(timeline, before);
        }
        return raise_before(timeline, top);
    }
    if (height(after) > height(before) + 1) {
        if (height(after->before) > height(after->after)) {
            raise_before(timeline, after);
        }
        return raise_after(timeline, top);
    }
    measure(top);
    return top;
}

/* Balances from a place where something was added or removed up to where nothing changes. */
static void balance_up(struct timeline *timeline, struct deadline *from)
{
    while (from != NULL) {
        uint32_t was = from->height;
        struct deadline *top = balance(timeline, from);
        if (top == from && top->height == was) {
            return;
        }
        from = top->parent;
    }
}

void timeline_add(struct timeline *timeline, struct deadline *deadline, uint64_t at)
{
    struct deadline *parent = NULL;
    struct deadline **place = &timeline->root;
    bool first = true;
    while (*place != NULL) {
        parent = *place;
        bool earlier = at < parent->at;
        place = earlier ? &parent->before : &parent->after;
        first = first && earlier;
    }
    *deadline = (struct deadline){.at = at, .parent = parent, .height = 1};
    *place = deadline;
    if (first) {
        timeline->first = deadline;
    }
    balance_up(timeline, parent);
}

static struct deadline *earliest_of(struct deadline *top)
{
    while (top->before != NULL) {
        top = top->before;
    }
    return top;
}

/* Puts the deadline that follows a `removed` one with two sides into its place. Returns from where
 * on the tree may be out of balance. */
static struct deadline *put_next_for(struct timeline *timeline, const struct deadline *removed)
{
    struct deadline *next = earliest_of(removed->after);
    struct deadline *from = next;
    if (next != removed->after) {
        from = next->parent;
        hang(timeline, from, next, next->after);
        next->after = removed->after;
        next->after->parent = next;
    }
    next->before = removed->before;
    next->before->parent = next;
    next->height = removed->height;
    hang(timeline, removed->parent, removed, next);
    return from;
}

void timeline_remove(struct timeline *timeline, struct deadline *deadline)
{
    if (timeline->first == deadline) {
        timeline->first = deadline->after != NULL ? earliest_of(deadline->after) : deadline->parent;
    }
    struct deadline *from = deadline->parent;
    if (deadline->before == NULL) {
        hang(timeline, from, deadline, deadline->after);
    } else if (deadline->after == NULL) {
        hang(timeline, from, deadline, deadline->before);
    } else {
        from = put_next_for(timeline, deadline);
    }
    *deadline = (struct deadline){0};
    balance_up(timeline, from);
}
