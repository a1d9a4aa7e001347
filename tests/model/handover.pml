/*
 * A frame, a thread's frame and a domain's root change hands while other CPUs use them: the flush
 * of their TLBs, as kernel/sched.c and kernel/x86/ have it (run by tests/test_model.py).
 *
 * Each CPU runs user mode, waits in the kernel for the one lock, is inside with the lock, or idles.
 * Interrupts are off in the kernel except while it idles; nobody is asked anything while it has
 * the lock, as only its holder asks. The processor may walk the loaded page tables and fill its TLB
 * at any time, in the kernel, too. There is one frame to be owned, and each domain has one thread.
 * Memory is seen in one order by all: a locked instruction or the interrupt stands between any two
 * steps of which x86 could swap the effects (a store and a later load).
 *
 * Here            in the kernel
 * user, entry     entry.asm: a way in pushes registers into the frame of the current thread
 * spin            the loop for the lock; answer: what it does for a request
 * inside          traps.c, syscall.c: with the lock, and after a look whether the thread is alive
 * quiesce         what sends VECTOR_CALL to the CPUs that have a root loaded, and waits for them
 * revoke, claim   frame_calls.c, grant_calls.c: a leaf goes, its TLB entries go, the frame is given
 * destroy         thread.c, domain.c: thread_stop, sched_forget, sched_forget_root, then own_end_*
 * leave           sched.c: sched_run
 *
 * -DBUG_... seeds a bug; -DCPUS=3 makes the machine larger.
 */

#ifndef CPUS
#define CPUS 2
#endif
#define DOMAINS 2
#define NONE 255 /* no domain, no thread; as a root: the kernel's own */

/* What a thread, or an interrupt, wants of the kernel. */
mtype = { NOTHING, REVOKE, CLAIM, DESTROY };

/* Thread d is domain d's. */
bool exists[DOMAINS]; /* its thread's frame and its root are what they are */
byte owner = NONE;    /* of the frame */
bool leaf[DOMAINS];   /* its page tables give access to the frame */

byte lock = NONE; /* the CPU that is inside */
typedef cpu_record {
    byte current;      /* the thread into whose frame it pushes registers, whose state it has */
    byte root;         /* the domain whose page tables are loaded */
    bool translation;  /* the TLB has an entry for the frame, got by way of `root` */
    bool request;      /* asked to flush */
    bool interrupt;    /* VECTOR_CALL is on its way */
    bool in_user_mode, idle;
};
cpu_record cpu[CPUS];
bool is_for_the_dead[CPUS]; /* the thread for which it entered the kernel has been ended since */

inline flush(c)
{
    atomic {
#ifndef BUG_ROOT_STAYS
        cpu[c].root = NONE;
#endif
        cpu[c].translation = false
    }
}

inline answer(c)
{
#ifdef BUG_ANSWER_FIRST
    cpu[c].request = false;
    flush(c)
#else
    flush(c);
    cpu[c].request = false
#endif
}

#ifdef BUG_IDLE_NOT_ASKED
#define IS_ASKED(k) (cpu[k].root == whose && !cpu[k].idle)
#else
#define IS_ASKED(k) (cpu[k].root == whose)
#endif

/* No other CPU has a translation by way of the root of `whose` any more, or runs its thread, after
 * this: who did rests in the kernel, until the lock is let go. */
inline quiesce(whose)
{
    k = 0;
    do
    :: k < CPUS ->
        atomic {
            if
            :: k != c && IS_ASKED(k) ->
                cpu[k].request = true;
                cpu[k].interrupt = true
            :: else
            fi;
            k++
        }
    :: k == CPUS -> break
    od;
#ifndef BUG_NOT_AWAITED
    k = 0;
    do
    :: k < CPUS && !cpu[k].request -> k++
    :: k == CPUS -> break
    od;
#endif
    k = 0
}

/* Nobody has the frame by way of this domain, when it gets another owner. */
inline give(to)
{
    d_step {
        for (k : 0 .. CPUS - 1) {
            assert(!cpu[k].translation || cpu[k].root != owner)
        }
        k = 0;
        owner = to
    }
}

inline revoke()
{
    whose = owner;
    if
    :: whose != NONE ->
        leaf[whose] = false;
        if
        :: cpu[c].root == whose -> cpu[c].translation = false /* INVLPG */
        :: else
        fi;
        quiesce(whose);
        give(NONE)
    :: else
    fi;
    whose = 0
}

inline claim()
{
    if
    :: owner == NONE ->
        give(cpu[c].current);
        leaf[owner] = true
    :: else
    fi
}

inline destroy()
{
    whose = 0;
    do
    :: whose < DOMAINS && (whose == cpu[c].current || !exists[whose]) -> whose++
    :: else -> break
    od;
    if
    :: whose < DOMAINS ->
        quiesce(whose);
        if
        :: owner == whose ->
            leaf[whose] = false;
            give(NONE)
        :: else
        fi;
        d_step {
            for (k : 0 .. CPUS - 1) {
                assert(cpu[k].root != whose);
                assert(!cpu[k].in_user_mode || cpu[k].current != whose);
                if
                :: cpu[k].current == whose ->
                    is_for_the_dead[k] = true;
#ifndef BUG_NOT_FORGOTTEN
                    cpu[k].current = NONE
#endif
                :: else
                fi
            }
            k = 0;
            exists[whose] = false
        }
    :: else -> /* there was none but the caller's: makes another */
        d_step {
            for (k : 0 .. DOMAINS - 1) {
                exists[k] = true
            }
            k = 0
        }
    fi;
    whose = 0
}

/* Chooses a thread that no other CPU has, and loads what is its; or idles, with what is loaded. */
inline leave()
{
    whose = 0;
    do
    :: break
    :: whose < DOMAINS -> whose++
    od;
    k = 0;
    do
    :: k < CPUS && whose < DOMAINS && (k == c || cpu[k].current != whose) -> k++
    :: else -> break
    od;
    if
    :: k == CPUS && exists[whose] ->
        if
        :: cpu[c].current != whose ->
            assert(cpu[c].current == NONE || exists[cpu[c].current]); /* its state is saved there */
            cpu[c].current = whose
        :: else
        fi;
        if
#ifdef BUG_ROOT_TAKEN_FOR_LOADED
        :: cpu[c].root != whose && op != NOTHING ->
#else
        :: cpu[c].root != whose ->
#endif
            atomic {
                cpu[c].root = whose;
                cpu[c].translation = false
            }
        :: else
        fi;
        k = 0;
        whose = 0;
        op = NOTHING;
        atomic {
            lock = NONE;
            cpu[c].in_user_mode = true;
            assert(cpu[c].root == cpu[c].current && exists[cpu[c].current])
        };
        goto user
    :: else ->
        k = 0;
        whose = 0;
        op = NOTHING;
        atomic {
            lock = NONE;
            cpu[c].idle = true
        };
        goto rest
    fi
}

proctype processor(byte c)
{
    byte k, whose;
    mtype op = NOTHING;
    goto spin;
user:
    do
    :: atomic {
        !cpu[c].interrupt && cpu[c].translation -> /* uses the frame */
        assert(owner == cpu[c].current && exists[owner])
       }
    :: atomic {
        cpu[c].interrupt ->
        cpu[c].interrupt = false;
        break
       }
    :: !cpu[c].interrupt -> op = REVOKE; break
    :: !cpu[c].interrupt -> op = CLAIM; break
    :: !cpu[c].interrupt -> op = DESTROY; break
    :: !cpu[c].interrupt -> break /* the timer, or a yield */
    od;
    atomic { /* entry */
        assert(exists[cpu[c].current]); /* registers are pushed into its frame */
        cpu[c].in_user_mode = false;
        is_for_the_dead[c] = false
    }
    goto spin;
rest:
    atomic {
        true; /* any interrupt */
        cpu[c].interrupt = false;
        cpu[c].idle = false;
        is_for_the_dead[c] = false
    }
spin:
    do
#ifndef BUG_SPIN_IS_SILENT
    :: cpu[c].request -> answer(c)
#endif
    :: atomic { !cpu[c].request && lock == NONE -> lock = c; break }
    od;
    /* Inside. */
    if
#ifndef BUG_NO_SECOND_LOOK
    :: cpu[c].current == NONE
#endif
    :: else ->
        assert(op == NOTHING || !is_for_the_dead[c]);
        if
        :: op == REVOKE -> revoke()
        :: op == CLAIM -> claim()
        :: op == DESTROY -> destroy()
        :: else
        fi
    fi;
    leave()
}

/* What the processor does by itself: it walks the tables that are loaded, for whatever reason. */
proctype walker(byte c)
{
    do
    :: atomic {
        cpu[c].root != NONE && !cpu[c].translation && leaf[cpu[c].root] ->
        assert(exists[cpu[c].root]);
        cpu[c].translation = true
       }
    od
}

init
{
    byte n;
    atomic {
        for (n : 0 .. DOMAINS - 1) {
            exists[n] = true
        }
        for (n : 0 .. CPUS - 1) {
            cpu[n].current = NONE;
            cpu[n].root = NONE;
            run processor(n);
            run walker(n)
        }
        n = 0
    }
}

#ifdef LIVE /* while every CPU goes on (weak fairness) */
ltl answered { [] (cpu[0].request -> <> (!cpu[0].request)) }
#endif
