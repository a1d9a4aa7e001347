/*
 * Does the whole machine's state hold together? Executable invariants (DESIGN section 3).
 */
#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

/*
 * Walks the frame table, the free lists, every domain's page tables and accounts. Returns NULL
 * when every invariant holds, else a sentence that names the first one broken. Its work grows with
 * the machine: for the checking build and on demand, never on a path that must be short.
 */
const char *check_invariants(void);

/* In the checking build: panics when check_invariants finds anything, or the invariants of threads
 * and what they wait at are broken (check_threads.h). Else nothing. */
#ifdef COCOS_CHECKING
void check_after_call(void);

/* The same behind a message by the short way (kernel/x86/short.inc): of what messages change. */
void check_after_message(void);
#else
static inline void check_after_call(void)
{
}
#endif

#endif
