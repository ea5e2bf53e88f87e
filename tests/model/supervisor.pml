/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor, and what comes from outside the pool. */
/* Fork, reap, deadlines, kill. Every step looks at one worker. */
#define BY(w) (ow[REC(JOB(slot[w]))] == OWNER(w) && tk[REC(JOB(slot[w]))] == TICKET(slot[w]))
#define WORD(w) st[REC(JOB(slot[w]))]

#ifdef BUG_NO_PARITY
#define MAY_START(w) true
#else
#ifdef BUG_NO_WAIT
#define MAY_START(w) true
#else
#define MAY_START(w) !obit[(w) * 2 + 1 - par[w]]
#endif
#endif

#ifdef STEAL
#define MAY_EXPIRE(w) false
#else
#define MAY_EXPIRE(w) (timeouts < TIMEOUTS || hung[w] || halted[w])
#endif

#ifdef BUG_BLIND_KILL
#define RUNS_TARGET(w) true
#else
#define RUNS_TARGET(w) (slot[w] == target[w])
#endif

#ifdef SPLIT
#define SEEN_WORD(w) \
	(st[REC(JOB(seen))] == CLAIMED && tk[REC(JOB(seen))] == TICKET(seen) && \
	ow[REC(JOB(seen))] == OWNER(w))
#define EXPIRE(w) \
	:: atomic { seen == 0 && alive[w] && slot[w] != 0 && timeouts < TIMEOUTS -> seen = slot[w] } \
	   atomic { true -> whose = limit[w] } \
	   atomic { \
		if \
		:: whose != 0 && SEEN_WORD(w) -> \
			assert(whose == seen); \
			st[REC(JOB(seen))] = TIMED_OUT; target[w] = seen; timeouts++ \
		:: else \
		fi; \
		seen = 0; whose = 0 }
#else
#define EXPIRE(w) \
	:: atomic { alive[w] && slot[w] != 0 && MAY_EXPIRE(w) && WORD(w) == CLAIMED && BY(w) -> \
		WORD(w) = TIMED_OUT; target[w] = slot[w]; \
		if \
		:: timeouts < TIMEOUTS -> timeouts++ \
		:: else \
		fi }
#endif

/* A finished job whose worker was stopped before the commit is past its deadline: let it go on. */
#if STOPS > 0 && !defined(BUG_NO_CONT)
#define CONTINUE(w) :: atomic { halted[w] && slot[w] != 0 && WORD(w) == DONE && BY(w) -> halted[w] = false }
#else
#define CONTINUE(w)
#endif

#define SUPERVISE(w) \
	:: atomic { zombie[w] -> \
		zombie[w] = false; obit[OWNER(w)] = true; replace[w] = true; \
		target[w] = 0; slot[w] = 0; idle[w] = false } \
	:: atomic { replace[w] && MAY_START(w) && !zombie[w] -> \
		replace[w] = false; par[w] = 1 - par[w]; alive[w] = true } \
	EXPIRE(w) \
	CONTINUE(w) \
	/* SIGTERM and its handler, or SIGSTOP, a look, and SIGKILL or SIGCONT */ \
	:: atomic { target[w] != 0 && alive[w] && !dying[w] -> \
		if \
		:: RUNS_TARGET(w) -> \
			assert(holds[w] == 0 || holds[w] == target[w]); \
			dying[w] = true \
		:: else -> halted[w] = false \
		fi; \
		target[w] = 0 }

proctype supervisor()
{
	byte w, id;
#ifdef SPLIT
	byte seen, whose;
#endif
again:
	{
end:		do
		SUPERVISE(0)
#if NW > 1
		SUPERVISE(1)
#endif
		/* a cancellation that the parent asks for: dropped if the job does not run any more */
		:: atomic { control?w,id ->
			if
			:: slot[w] == id -> target[w] = id
#ifdef BUG_BLIND_TARGET
			:: else -> target[w] = id
#else
			:: else
#endif
			fi;
			w = 0; id = 0 }
		:: over -> goto gone
		od
	} unless { supdead };
	atomic { !supdead || over; w = 0; id = 0 }
	if
	:: !over -> goto again
	:: else
	fi;
gone:
	skip
}

/* What comes from outside the pool: SIGKILL and SIGSTOP to anybody at any moment. */
#define KILL(w) \
	:: atomic { !over && deaths < DEATHS && alive[w] && !dying[w] -> deaths++; dying[w] = true }
#define STOP(w) \
	:: atomic { !over && stops < STOPS && alive[w] && !dying[w] -> stops++; halted[w] = true }
#define PARENT_DEATH_SIGNAL(w) \
	:: atomic { !over && supdead && alive[w] && !dying[w] -> dying[w] = true }

proctype outside()
{
end:	do
	KILL(0) STOP(0) PARENT_DEATH_SIGNAL(0)
#if NW > 1
#if DEATHS + STOPS > 1 /* the workers are alike: a single blow may as well hit the first */
	KILL(1) STOP(1)
#endif
	PARENT_DEATH_SIGNAL(1)
#endif
	:: atomic { !over && supdeaths < SUPDEATHS && !supdead -> supdeaths++; supdead = true }
	:: over -> break
	od
}
