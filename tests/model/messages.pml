/*
 * The states of threads that exchange messages, as kernel/ipc.c has them (run by
 * tests/test_model.py).
 *
 * The kernel has one lock, so each operation is one step here, and between two of them any thread
 * that is READY may make the next: on however many CPUs, by whatever scheduling. What an operation
 * is given (slots, endpoints, with a deadline or without) is any of all possibilities; users may be
 * hostile. An operation that the kernel refuses changes nothing, so it is left out.
 *
 * Here                      in the kernel
 * call_fast, reply_fast     entry.asm: the short ways of call and reply_wait; whether they are
 *                           taken where they may be is left open
 * call_slow                 ipc.c: sys_call, ipc_fault (a fault is a call)
 * wait, receive             ipc.c: sys_wait
 * reply, reply_slow         ipc.c: sys_reply, sys_reply_wait
 * signal                    ipc.c: sys_signal, endpoint_signal (interrupts)
 * materialise               ipc.c: a caller recorded in its answerer alone gets its capability
 * fail                      ipc.c: ipc_fail
 * drop, move                cap.c: sys_slot_drop, sys_slot_move
 * timer                     sched.c: sched_timer
 * stop, controller          thread.c: thread_stop, sys_thread_create and sys_thread_start
 * close_step                endpoint.c: endpoint_close, one of its bounded steps
 * end_begin, reaper         domain.c: sys_domain_destroy, its first step and the later ones
 * update                    endpoint.c: `fast` is worked out anew
 * known                     what cap_epoch says of the wait that a thread made last
 *
 * What must hold is in check(), after each operation, and in the assertions of some operations.
 * The ledger is the model's own: what users were told.
 *
 * -DBUG_... seeds a bug; -DCHAIN, -DLIVE_... and the sizes choose a configuration.
 */

#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef SERVERS
#define SERVERS 2
#endif
#ifndef ENDPOINTS
#define ENDPOINTS 1
#endif
#ifndef DOMAINS /* of servers; each client is one of its own and ends with its thread */
#define DOMAINS 1
#endif
#ifndef SLOTS /* of a server's domain, for reply capabilities */
#define SLOTS 2
#endif
#define THREADS (CLIENTS + SERVERS)
#ifndef LIVE_SERVED
#define DEADLINES
#define SIGNALS
#ifndef LIVE_DEADLINE
#define CLOSES
#ifndef LIVE_CLOSE
#define STOPS
#define DEATHS
#endif
#endif
#endif
#define ALL_SLOTS (DOMAINS * SLOTS)
#define NONE 255

#ifdef CHAIN /* client -> server 1 -> server 2 -> server 1: a chain and a cycle of calls */
#define MAY_CALL(t, e) ((t) != 1 && (e) == 0 || (t) == 1 && (e) == 1)
#define MAY_WAIT(t, e) ((t) == (e) + 1)
#else
#define MAY_CALL(t, e) ((t) < CLIENTS)
#define MAY_WAIT(t, e) ((t) >= CLIENTS)
#endif
#define DOMAIN(t) (DOMAINS == 1 -> 0 : (t) - CLIENTS)
#define IN_DYING(t) ((t) >= CLIENTS && dying[DOMAIN(t)])
#ifdef BUG_DYING_CALLS /* a thread that ran on another CPU makes one call more */
#define RUNS(t) (thread[t].state == READY)
#else
#define RUNS(t) (thread[t].state == READY && !IN_DYING(t))
#endif
#ifdef BUG_CLOSING_TAKES_CALLS
#define OPEN(e) endpoint[e].alive
#else
#define OPEN(e) (endpoint[e].alive && !endpoint[e].closing)
#endif

mtype = { READY, SENDING, ANSWER, RECEIVING, STOPPED };
mtype = { EMPTY, AWAITED, REPLY };
#define NOBODY 0  /* endpoint.fast: nobody waits there, nothing is pending */
#define PENDING 1 /* look closer */
#define WAITER 2  /* + the one thread that waits there */

typedef thread_record {
    mtype state;
    byte endpoint;   /* SENDING, RECEIVING: where */
    bool timed;      /* waits with a deadline */
    byte call;       /* generation of its reply capability, 0: it has none */
    byte answerer;   /* ANSWER: who received its message, NONE: that has ended */
    byte caller;     /* who is owed an answer through reply_slot, which is AWAITED */
    byte reply_slot; /* RECEIVING, or with a caller; else 0 */
    byte known;      /* 1 + the endpoint at which its next wait is known to be allowed */
};
typedef slot_record {
    mtype type;
    byte object; /* AWAITED: who waits or waited; REPLY: the caller */
    byte generation;
};
typedef endpoint_record {
    bool alive, closing, signals;
    byte fast;
};

thread_record thread[THREADS];
slot_record slot[ALL_SLOTS];
endpoint_record endpoint[ENDPOINTS];
chan senders[ENDPOINTS] = [THREADS] of { byte };
chan receivers[ENDPOINTS] = [THREADS] of { byte };
bool dying[DOMAINS];

/* The ledger. */
bool calling[THREADS]; /* has made a call that has no result yet */
bool taken[THREADS];   /* somebody has received its message */
byte owed[ALL_SLOTS];  /* whom the servers take for answered by this slot */
bool signalled[ENDPOINTS];

hidden byte i, c, g, r, k;
hidden byte used;

/* ---- The ledger ---- */

inline ledger_taken(client, place)
{
    assert(calling[client] && !taken[client]); /* no message is received twice */
    taken[client] = true;
    owed[place] = client;
}

inline ledger_result(client, answered)
{
    assert(calling[client]);            /* one result for a call */
    assert(!answered || taken[client]); /* an answer is to a message that was received */
    calling[client] = false;
    taken[client] = false;
    for (k : 0 .. ALL_SLOTS - 1) {
        if
        :: owed[k] == client -> owed[k] = NONE
        :: else
        fi
    }
}

/* ---- Parts of operations ---- */

inline clear_slot(place)
{
    slot[place].type = EMPTY;
    slot[place].object = 0;
    slot[place].generation = 0;
    owed[place] = NONE;
}

inline update(where)
{
    if
    :: endpoint[where].closing || endpoint[where].signals || len(senders[where]) > 0 ||
       len(receivers[where]) > 1 ->
        endpoint[where].fast = PENDING
    :: else ->
        if
        :: len(receivers[where]) == 1 ->
            receivers[where]?<k>;
            endpoint[where].fast = (IN_DYING(k) -> PENDING : WAITER + k)
        :: else ->
            endpoint[where].fast = NOBODY
        fi
    fi
}

/* A number that no capability to `t` has had: those that are gone do not count, which keeps the
 * numbers small. */
inline new_generation(client)
{
    g = 0;
    used = true;
    do
    :: used ->
        g++;
        used = false;
        for (k : 0 .. ALL_SLOTS - 1) {
            used = used || slot[k].type == REPLY && slot[k].object == client &&
                   slot[k].generation == g
        }
    :: else -> break
    od;
    thread[client].call = g
}

inline give_reply(client, place)
{
    new_generation(client);
    slot[place].type = REPLY;
    slot[place].object = client;
    slot[place].generation = thread[client].call
}

#define LIVE(s) (slot[s].type == REPLY && thread[slot[s].object].state == ANSWER && \
                 thread[slot[s].object].call == slot[s].generation)

/* The caller that is recorded in `a` alone gets a reply capability in the slot kept for it. */
inline materialise(server)
{
    if
    :: thread[server].caller != NONE ->
        assert(slot[thread[server].reply_slot].type == AWAITED);
        assert(slot[thread[server].reply_slot].object == server);
        give_reply(thread[server].caller, thread[server].reply_slot);
        thread[server].caller = NONE;
        thread[server].reply_slot = 0
    :: else
    fi
}

/* What every look at a slot but the short way's begins with. */
inline look(place)
{
    if
    :: slot[place].type == AWAITED ->
        i = slot[place].object;
        materialise(i)
    :: else
    fi
}

inline make_ready(waiter)
{
    thread[waiter].state = READY;
    thread[waiter].endpoint = 0;
    thread[waiter].timed = false;
    thread[waiter].call = 0;
    thread[waiter].answerer = NONE
}

/* Takes `t` from wherever it waits; it is nowhere then. */
inline leave(waiter)
{
    if
    :: thread[waiter].state == SENDING ->
        senders[thread[waiter].endpoint]??eval(waiter);
        update(thread[waiter].endpoint)
    :: thread[waiter].state == RECEIVING ->
        receivers[thread[waiter].endpoint]??eval(waiter);
        clear_slot(thread[waiter].reply_slot);
        thread[waiter].reply_slot = 0;
        update(thread[waiter].endpoint)
    :: thread[waiter].state == ANSWER ->
        if
        :: thread[waiter].answerer != NONE && thread[thread[waiter].answerer].caller == waiter ->
            i = thread[waiter].answerer;
            materialise(i)
        :: else
        fi
    :: else
    fi
}

/* A thread that waits goes on with an error. */
inline fail(loser)
{
    leave(loser);
    if
    :: thread[loser].state != RECEIVING -> ledger_result(loser, false)
    :: else
    fi;
    make_ready(loser)
}

inline first_receiver(where)
{
    r = NONE;
    if
    :: len(receivers[where]) > 0 -> receivers[where]?<r>
    :: else
    fi
}

inline deliver(client, server)
{
    thread[client].state = ANSWER;
    thread[client].endpoint = 0;
    thread[client].answerer = server;
    ledger_taken(client, thread[server].reply_slot);
    give_reply(client, thread[server].reply_slot)
}

/* What is there for `t` at once, or it waits; its reply slot `s` is empty. */
inline receive(server, where, place, poll, deadline)
{
    thread[server].known = where + 1;
    if
#ifndef BUG_WAIT_MISSES_SIGNAL
    :: endpoint[where].signals ->
        endpoint[where].signals = false;
        signalled[where] = false
    :: !endpoint[where].signals && len(senders[where]) > 0 ->
#else
    :: len(senders[where]) > 0 ->
#endif
        senders[where]?c;
        thread[server].reply_slot = place;
        deliver(c, server);
        thread[server].reply_slot = 0
    :: else ->
        if
        :: poll
        :: else ->
            slot[place].type = AWAITED;
            slot[place].object = server;
            thread[server].reply_slot = place;
            thread[server].state = RECEIVING;
            thread[server].endpoint = where;
            thread[server].timed = deadline;
            receivers[where]!server
        fi
    fi;
    update(where)
}

inline give_answer(place)
{
    c = slot[place].object;
    assert(owed[place] == c);
    clear_slot(place);
    ledger_result(c, true);
    make_ready(c)
}

/* ---- Operations ---- */

inline call_fast(t, e, deadline)
{
    r = endpoint[e].fast - WAITER;
    assert(endpoint[e].alive);
    assert(thread[r].state == RECEIVING && thread[r].endpoint == e);
    assert(!IN_DYING(r));
    calling[t] = true;
    receivers[e]??eval(r);
    endpoint[e].fast = NOBODY;
    thread[r].caller = t;
    make_ready(r);
    thread[t].state = ANSWER;
    thread[t].answerer = r;
    thread[t].timed = deadline;
    ledger_taken(t, thread[r].reply_slot)
}

inline enqueue(client, where)
{
    thread[client].state = SENDING;
    thread[client].endpoint = where;
#ifdef BUG_LAST_COMES_FIRST
    g = len(senders[where]);
    senders[where]!client;
    for (i : 1 .. g) {
        senders[where]?c;
        senders[where]!c
    }
#else
    senders[where]!client;
#endif
#ifndef BUG_SENDER_NOT_PENDING
    update(where)
#endif
}

inline call_slow(t, e, deadline)
{
    first_receiver(e);
    if
    :: r != NONE && IN_DYING(r) /* refused */
    :: else ->
        calling[t] = true;
        thread[t].timed = deadline;
        if
        :: r != NONE ->
            receivers[e]?r;
            deliver(t, r);
            thread[r].reply_slot = 0;
            make_ready(r);
            update(e)
        :: else -> enqueue(t, e)
        fi
    fi
}

/* The short way of reply_wait: it answers who is recorded in `t`, and nothing is pending. */
#define REPLY_FAST(t, e, s) (thread[t].caller != NONE && thread[t].reply_slot == s && \
                             thread[t].known == e + 1 && endpoint[e].fast == NOBODY)

inline reply_fast(t, e, s, deadline)
{
    assert(OPEN(e));
    c = thread[t].caller;
    assert(slot[s].type == AWAITED && slot[s].object == t);
    assert(thread[c].state == ANSWER && thread[c].answerer == t);
    assert(owed[s] == c);
#ifndef BUG_CALLER_KEPT
    thread[t].caller = NONE;
#endif
    ledger_result(c, true);
    make_ready(c);
    thread[t].state = RECEIVING;
    thread[t].endpoint = e;
    thread[t].timed = deadline;
    receivers[e]!t;
    endpoint[e].fast = WAITER + t
}

inline reply_slow(t, e, s, poll, deadline)
{
    look(s);
    if
    :: slot[s].type == REPLY ->
        if
        :: LIVE(s) -> give_answer(s)
        :: else -> clear_slot(s)
        fi;
        materialise(t);
        receive(t, e, s, poll, deadline)
    :: else
    fi
}

inline wait(t, e, s, poll, deadline)
{
    look(s);
    if
    :: slot[s].type == EMPTY ->
#ifndef BUG_CALLER_OVERWRITTEN
        materialise(t);
#endif
        receive(t, e, s, poll, deadline)
    :: else
    fi
}

inline reply(s)
{
    look(s);
    if
    :: LIVE(s) -> give_answer(s)
    :: else
    fi
}

inline drop(s)
{
    look(s);
    if
    :: LIVE(s) ->
        c = slot[s].object;
        clear_slot(s);
        fail(c)
    :: slot[s].type == REPLY && !LIVE(s) -> clear_slot(s)
    :: else
    fi
}

inline move(s, to)
{
    look(s);
    look(to);
    if
    :: slot[s].type == REPLY && slot[to].type == EMPTY ->
        slot[to].type = REPLY;
        slot[to].object = slot[s].object;
        slot[to].generation = slot[s].generation;
        owed[to] = owed[s];
        clear_slot(s)
    :: else
    fi
}

inline signal(e)
{
    first_receiver(e);
    if
    :: r != NONE && !IN_DYING(r) ->
        receivers[e]?r;
        clear_slot(thread[r].reply_slot);
        thread[r].reply_slot = 0;
        make_ready(r)
    :: else ->
        endpoint[e].signals = true;
        signalled[e] = true
    fi;
    update(e)
}

inline expire(t)
{
#ifdef BUG_EXPIRE_KEEPS_REPLY
    g = thread[t].call;
    fail(t);
    thread[t].call = g
#else
    fail(t)
#endif
}

inline stop(t)
{
    leave(t);
#ifndef BUG_STOP_KEEPS_CALLER
    materialise(t);
#else
    thread[t].caller = NONE;
    thread[t].reply_slot = 0;
#endif
    if
    :: calling[t] -> ledger_result(t, false)
    :: else
    fi;
#ifndef BUG_ANSWERER_DANGLES
    for (i : 0 .. THREADS - 1) { /* those in its list of callers */
        if
        :: thread[i].answerer == t -> thread[i].answerer = NONE
        :: else
        fi
    }
#endif
    make_ready(t);
    thread[t].state = STOPPED;
    thread[t].known = 0
}

inline close_step(e)
{
    endpoint[e].closing = true;
    if
    :: len(senders[e]) > 0 ->
        senders[e]?<c>;
        fail(c)
    :: len(senders[e]) == 0 && len(receivers[e]) > 0 ->
        receivers[e]?<c>;
        fail(c)
    :: else ->
        endpoint[e].alive = false;
        endpoint[e].closing = false;
        endpoint[e].signals = false;
        signalled[e] = false;
#ifndef BUG_EPOCH_KEPT
        for (i : 0 .. THREADS - 1) {
            thread[i].known = 0
        }
#endif
    fi;
#ifndef BUG_CLOSING_NOT_PENDING
    update(e)
#endif
}

/* Slots are what the first step goes through; so it comes by every thread of the domain that
 * waits for messages, and by every caller that is owed an answer. */
inline end_begin(d)
{
    dying[d] = true;
    for (r : d * SLOTS .. d * SLOTS + SLOTS - 1) {
        look(r);
        if
        :: LIVE(r) ->
            c = slot[r].object;
            clear_slot(r);
            fail(c)
        :: slot[r].type == AWAITED ->
            c = slot[r].object;
#ifndef BUG_DYING_RECEIVERS_STAY
            stop(c)
#else
            clear_slot(r);
            endpoint[thread[c].endpoint].fast = PENDING
#endif
        :: else -> clear_slot(r)
        fi
    }
}

/* ---- What must hold ---- */

inline check_thread(t)
{
    c = 0; /* the places that it is in */
    for (k : 0 .. ENDPOINTS - 1) {
        c = c + (senders[k]??[eval(t)] -> 1 : 0) + (receivers[k]??[eval(t)] -> 1 : 0);
        assert(!senders[k]??[eval(t)] || (thread[t].state == SENDING && thread[t].endpoint == k));
        assert(!receivers[k]??[eval(t)] ||
               (thread[t].state == RECEIVING && thread[t].endpoint == k))
    }
    assert(c == (thread[t].state == SENDING || thread[t].state == RECEIVING -> 1 : 0));
    assert(thread[t].state != RECEIVING || IN_DYING(t) ||
           slot[thread[t].reply_slot].type == AWAITED &&
           slot[thread[t].reply_slot].object == t && thread[t].caller == NONE);
    assert((thread[t].state == SENDING || thread[t].state == RECEIVING) ->
           endpoint[thread[t].endpoint].alive : true);
    /* Who has a call open waits, and nobody else; and not for an answer that nobody can give. */
    assert(calling[t] == (thread[t].state == SENDING || thread[t].state == ANSWER));
    assert(taken[t] == (thread[t].state == ANSWER));
    c = 0; /* what can answer it */
    for (k : 0 .. ALL_SLOTS - 1) {
        c = c + (LIVE(k) && slot[k].object == t && !dying[k / SLOTS] -> 1 : 0)
    }
    for (k : CLIENTS .. THREADS - 1) {
        c = c + (thread[k].caller == t && thread[k].state != STOPPED && !IN_DYING(k) -> 1 : 0)
    }
    assert(c == (thread[t].state == ANSWER -> 1 : 0));
    assert(thread[t].answerer == NONE || thread[t].state == ANSWER &&
           thread[thread[t].answerer].state != STOPPED);
    assert(thread[t].caller == NONE || thread[thread[t].caller].answerer == t)
}

inline check_endpoint(e)
{
    assert(signalled[e] == endpoint[e].signals);
    /* Nobody waits for what is there. */
    for (i : 0 .. THREADS - 1) {
        assert(!receivers[e]??[eval(i)] || IN_DYING(i) ||
               len(senders[e]) == 0 && !endpoint[e].signals)
    }
    assert(endpoint[e].alive || endpoint[e].fast == NOBODY && !endpoint[e].signals);
    k = endpoint[e].fast;
    c = 0;
    if
    :: k >= WAITER -> receivers[e]?<c>
    :: else
    fi;
    assert(k < WAITER || len(receivers[e]) == 1 && c == k - WAITER && OPEN(e));
    assert(k != NOBODY || len(receivers[e]) + len(senders[e]) == 0 && !endpoint[e].signals &&
           !endpoint[e].closing)
}

inline check()
{
    for (r : 0 .. THREADS - 1) {
        check_thread(r)
    }
    for (r : 0 .. ENDPOINTS - 1) {
        check_endpoint(r)
    }
    for (r : 0 .. ALL_SLOTS - 1) {
        k = slot[r].object;
        assert(slot[r].type != AWAITED || thread[k].reply_slot == r &&
               (thread[k].state == RECEIVING || thread[k].caller != NONE));
        assert(owed[r] == NONE || slot[r].type != EMPTY)
    };
    skip /* a d_step may not end with a loop */
}

/* ---- Who does what ---- */

#ifdef LIVE_SERVED /* one slot, and who is owed an answer gets it */
#define IS_HONEST_WAIT (owed[s] == NONE)
#define IS_HONEST_REPLY (owed[s] != NONE)
#else
#define IS_HONEST_WAIT true
#define IS_HONEST_REPLY true
#endif
#define FIRST_SLOT(t) (DOMAIN(t) * SLOTS)

inline any_endpoint()
{
    e = 0;
    do
    :: break
    :: e < ENDPOINTS - 1 -> e++
    od
}

inline any_slot(t)
{
    s = FIRST_SLOT(t);
    do
    :: break
    :: s < FIRST_SLOT(t) + SLOTS - 1 -> s++
    od
}

inline any_wait()
{
    if
    :: poll = false; deadline = false
#ifndef LIVE_SERVED
    :: poll = false; deadline = true
    :: poll = true; deadline = false
#endif
    fi
}

inline done()
{
    e = 0;
    s = 0;
    poll = false;
    deadline = false
}

#ifdef BUG_NO_TIMER_FOR_ANSWERS
#define HAS_TIMER(t) (thread[t].timed && thread[t].state != ANSWER)
#else
#define HAS_TIMER(t) thread[t].timed
#endif

proctype user(byte t)
{
    byte e, s;
    bool poll, deadline;
    do
    :: atomic {
        RUNS(t) ->
        any_endpoint();
        any_wait();
        if
        :: MAY_CALL(t, e) && OPEN(e) && !poll ->
            if
            :: endpoint[e].fast >= WAITER -> d_step { call_fast(t, e, deadline) }
            :: d_step { call_slow(t, e, deadline) }
            fi
        :: MAY_WAIT(t, e) ->
            any_slot(t);
            if
            :: REPLY_FAST(t, e, s) && !poll -> d_step { reply_fast(t, e, s, deadline) }
            :: OPEN(e) && IS_HONEST_WAIT -> d_step { wait(t, e, s, poll, deadline) }
            :: OPEN(e) && IS_HONEST_REPLY -> d_step { reply_slow(t, e, s, poll, deadline) }
            :: else
            fi
#ifndef LIVE_SERVED
        :: t >= CLIENTS && !poll && !deadline && e == 0 ->
            any_slot(t);
            if
            :: d_step { reply(s) }
            :: d_step { drop(s) }
#if SLOTS > 1
            :: s == FIRST_SLOT(t) -> d_step { move(s, s + 1) }
            :: s > FIRST_SLOT(t) -> d_step { move(s, s - 1) }
#endif
            fi
#endif
        :: else
        fi;
        done();
        d_step { check() }
       }
    od
}

proctype timer(byte t)
{
    do
    :: atomic {
        HAS_TIMER(t) -> d_step { expire(t) }
        d_step { check() }
       }
    od
}

/* Whoever controls the threads: a supervisor, or somebody hostile. */
proctype controller(byte t)
{
    do
    :: atomic {
        if
        :: d_step { thread[t].state != STOPPED -> stop(t) }
        :: d_step { thread[t].state == STOPPED && !IN_DYING(t) -> thread[t].state = READY }
        fi;
        d_step { check() }
       }
    od
}

proctype signaller(byte e)
{
    do
    :: atomic {
        OPEN(e) -> d_step { signal(e) }
        d_step { check() }
       }
    od
}

/* Begins to end an endpoint, and goes on until it is gone. */
proctype closer(byte e)
{
    do
    :: atomic {
        if
        :: d_step { endpoint[e].alive -> close_step(e) }
        :: d_step { !endpoint[e].alive -> endpoint[e].alive = true }
        fi;
        d_step { check() }
       }
    od
}

/* Ends a domain; then another one is in its place. */
proctype reaper(byte d)
{
    byte t;
    do
    :: atomic {
        if
        :: d_step { !dying[d] -> end_begin(d); skip }
        :: dying[d] ->
            t = CLIENTS;
            do
            :: t < THREADS && (DOMAIN(t) != d || thread[t].state == STOPPED) -> t++
            :: else -> break
            od;
            if
            :: t < THREADS -> d_step { stop(t) }
            :: else -> dying[d] = false
            fi;
            t = 0
        fi;
        d_step { check() }
       }
    od
}

init
{
    byte n;
    d_step {
        for (n : 0 .. THREADS - 1) {
            thread[n].state = READY;
            thread[n].answerer = NONE;
            thread[n].caller = NONE
        }
        for (n : 0 .. ALL_SLOTS - 1) {
            slot[n].type = EMPTY;
            owed[n] = NONE
        }
        for (n : 0 .. ENDPOINTS - 1) {
            endpoint[n].alive = true
        }
        n = 0
    }
    atomic {
        do
        :: n < THREADS ->
            run user(n);
#ifdef DEADLINES
            run timer(n);
#endif
#ifdef STOPS
            run controller(n);
#endif
            n++
        :: else -> break
        od;
        n = 0;
#ifdef CLOSES
        do
        :: n < ENDPOINTS -> run closer(n); n++
        :: else -> break
        od;
        n = 0;
#endif
#ifdef SIGNALS
        do
        :: n < ENDPOINTS -> run signaller(n); n++
        :: else -> break
        od;
        n = 0;
#endif
#ifdef DEATHS
        do
        :: n < DOMAINS -> run reaper(n); n++
        :: else -> break
        od;
#endif
        n = 0
    }
}

/* Liveness, while every process goes on (weak fairness): a caller with a deadline comes back,
 * whatever servers do; an endpoint that is closed is gone some time; honest servers answer all. */
#ifdef LIVE_DEADLINE
ltl comes_back { [] ((thread[0].timed) -> <> (!thread[0].timed)) }
#endif
#ifdef LIVE_SERVED
ltl served { [] (calling[0] -> <> (!calling[0])) }
#endif
#ifdef LIVE_CLOSE
ltl closes { [] (endpoint[0].closing -> <> (!endpoint[0].closing)) }
#endif
