/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The claim protocol of forkpool, for Spin. README.md says what is modelled and what is left out;
 * `run` compiles this file in several sizes and, with one rule broken at a time, checks that the
 * model can fail.
 *
 * Sizes:    NW workers, NJ jobs, NR records, NATT attempts per job.
 * Budgets:  DEATHS (SIGKILL from outside), CANCELS, TIMEOUTS, HANGS, STOPS (SIGSTOP from outside),
 *           SUPDEATHS (the supervisor is killed).
 * Switches: BATCH (packets of two frames), PEEK (the parent reads outboxes of living workers),
 *           PREPARE_FIRST (the outbox is filled before the finish, which then commits),
 *           PEEK_ANY (it looks even where there is nothing for it),
 *           SPLIT (the slot is written and read in two steps), STEAL (a hung job has no deadline).
 */
#ifndef NW
#define NW 2
#endif
#ifndef NJ
#define NJ 2
#endif
#ifndef NR
#define NR 2
#endif
#ifndef NATT
#define NATT 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef CANCELS
#define CANCELS 0
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0
#endif
#ifndef HANGS
#define HANGS 0
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef SUPDEATHS
#define SUPDEATHS 0
#endif
#ifndef JOBCAP
#define JOBCAP 2
#endif

/* An attempt has a number of its own, from 1; it stands for the frame's contents. */
#define NID (NJ * NATT + 1)
#define ID(j) ((j) * NATT + att[j] + 1)
#define JOB(id) (((id) - 1) / NATT)
#define REC(j) ((j) % NR)
#ifdef BUG_REUSE_TICKET
#define TICKET(id) 1
#else
#define TICKET(id) (id)
#endif

/* States of the claim word. REVOKED is seen by nobody else between two steps of the parent. */
#define FREE 0
#define OFFERED 1
#define CLAIMED 2
#define TIMED_OUT 3
#define CANCELLED 4
#define DONE 5
#define CRASHED 6 /* an outcome only */
#define RUNNING_OR_LATER(s) ((s) >= CLAIMED)
#define OVER(s) ((s) >= TIMED_OUT)

/* States of a job in the parent's table. */
#define QUEUED 0
#define OUT 1
#define ENDED 2

/* The claim words, one per record: state, ticket, owner (worker * 2 + parity). A word changes in one step. */
byte st[NR];
byte tk[NR];
byte ow[NR];

/* Worker slots. */
#ifdef BUG_NO_PARITY
#define PARITY(w) 0
#else
#define PARITY(w) par[w]
#endif
#define OWNER(w) ((w) * 2 + PARITY(w))
bit par[NW];     /* parity of the generation */
bool alive[NW];  /* the process exists and is no zombie */
bool dying[NW];  /* SIGKILL is on its way */
bool halted[NW];
bool zombie[NW];
bool replace[NW]; /* reaped; the replacement is due */
bool idle[NW];   /* set by the worker around its read() */
byte slot[NW];   /* the ticket it says it runs */
byte target[NW]; /* the ticket that the supervisor wants ended */
bool obit[NW * 2];
#ifdef SPLIT
byte limit[NW];  /* whose deadline stands in the slot */
#endif

/* Outboxes, two cells each, by worker and parity: attempt + 16 * outcome. */
#define CELL(o, i) cell[(o) * 2 + (i)]
byte cell[NW * 4];
byte fill[NW * 2];
#ifdef PEEK
byte epoch[NW * 2];
byte body[NW * 4]; /* the other half of each frame */
#endif

chan jobs = [JOBCAP] of { byte, byte };
chan results[NW] = [1] of { byte, byte };
chan control = [CANCELS + 1] of { byte, byte };

/* The parent's table. */
byte js[NJ];
byte att[NJ];
bool due[NJ]; /* its frame is to be written, again or for the first time */

/* Ghosts: what really happened; no step of the protocol depends on them. */
byte runs[NID];
byte committed[NID];
bool answered1[NJ]; /* cancel said 1 */
byte holds[NW];     /* attempt from its claim until its commit */
byte held[NW * 2];  /* what a generation held when it died */
bool hung[NW];

byte deaths, cancels, timeouts, hangs, stops, supdeaths;
bool supdead;
bool over; /* all results are out; everybody leaves */

#if STOPS > 0
#define GO !halted[w]
#else
#define GO true
#endif

#ifdef BUG_DONE_STORE
#define MAY_FINISH true
#else
#define MAY_FINISH (st[REC(JOB(id))] == CLAIMED && tk[REC(JOB(id))] == TICKET(id))
#endif
#define FINISH \
	if \
	:: MAY_FINISH -> st[REC(JOB(id))] = DONE; out = DONE \
	:: else -> out = st[REC(JOB(id))] \
	fi
/* Contents before count, and count down before the epoch goes up: who looks in can tell. */
#ifdef PEEK
#define PUT_CELL(outcome) \
	atomic { GO -> CELL(me, fill[me]) = id + 16 * (outcome) } \
	atomic { GO -> body[me * 2 + fill[me]] = id + 16 * (outcome) }
#else
#define PUT_CELL(outcome) atomic { GO -> CELL(me, fill[me]) = id + 16 * (outcome) }
#endif
#if defined(PEEK) && defined(BUG_EPOCH_FIRST)
#define RESET_OUTBOX atomic { GO -> epoch[me]++ } atomic { GO -> fill[me] = 0 }
#elif defined(PEEK)
#define RESET_OUTBOX atomic { GO -> fill[me] = 0 } atomic { GO -> epoch[me]++ }
#else
#define RESET_OUTBOX atomic { GO -> fill[me] = 0; CELL(me, 0) = 0; CELL(me, 1) = 0 }
#endif

proctype worker(byte w)
{
	byte b0, b1, id, out, me;
born:
	atomic {
		alive[w] || over;
		if
		:: over -> goto gone
		:: else
		fi;
		me = OWNER(w);
		fill[me] = 0;
		idle[w] = true
	}
	{
		do
		:: atomic { GO && len(jobs) > 0 -> jobs?b0,b1 }
		   atomic { GO -> idle[w] = false }
		   do
		   :: atomic { GO && b0 != 0 ->
			id = b0; b0 = b1; b1 = 0;
#ifdef SPLIT
#ifdef BUG_TICKET_FIRST
			slot[w] = id
		      }
		      atomic { GO -> limit[w] = id }
#else
			limit[w] = id
		      }
		      atomic { GO -> slot[w] = id }
#endif
#else
#ifndef BUG_LATE_SLOT
			slot[w] = id
#endif
		      }
#endif
		      /* the claim */
		      atomic { GO ->
			if
#ifdef BUG_NO_CLAIM
			:: true ->
#else
			:: st[REC(JOB(id))] == OFFERED && tk[REC(JOB(id))] == TICKET(id) ->
#endif
				st[REC(JOB(id))] = CLAIMED;
				ow[REC(JOB(id))] = me;
				holds[w] = id
			:: else -> id = 0; slot[w] = 0
			fi
		      }
		      if
		      :: id == 0
		      :: else ->
#ifdef BUG_LATE_SLOT
			atomic { GO -> slot[w] = id }
#endif
			/* the run */
			atomic { GO ->
				runs[id]++;
				assert(runs[id] == 1);
				assert(js[JOB(id)] != ENDED)
#if HANGS > 0
				;
				if
				:: hangs < HANGS -> hangs++; hung[w] = true; false
				:: true
				fi
#endif
			}
#ifdef PREPARE_FIRST
			/* the function has returned: the frame first, then one step that finishes and commits */
			PUT_CELL(DONE)
			atomic { GO -> fill[me] = fill[me] + 1 }
			atomic { GO ->
				FINISH;
				committed[id] = out;
				holds[w] = 0
			}
#else
			/* the function has returned */
			atomic { GO -> FINISH }
			/* the commit to the outbox */
			PUT_CELL(out)
			atomic { GO ->
				fill[me] = fill[me] + 1;
				committed[id] = out;
				holds[w] = 0
			}
#endif
			atomic { GO -> slot[w] = 0; id = 0; out = 0 }
		      fi;
		      /* the flush: always with the batch's end or a full outbox, else at will */
		      if
		      :: atomic { GO && fill[me] > 0 && len(results[w]) == 0 ->
				results[w]!cell[me * 2],(fill[me] > 1 -> cell[me * 2 + 1] : 0) }
			 RESET_OUTBOX
		      :: fill[me] == 0 || (fill[me] < 2 && b0 != 0)
		      fi
		   :: atomic { GO && b0 == 0 -> idle[w] = true; break }
		   od
		od
	} unless {
		atomic {
			dying[w] || over;
			if
			:: over -> goto gone
			:: else
			fi;
			held[me] = holds[w];
			alive[w] = false; dying[w] = false; zombie[w] = true;
			holds[w] = 0; hung[w] = false; halted[w] = false;
			b0 = 0; b1 = 0; id = 0; out = 0; me = 0
		}
	};
	goto born;
gone:
	skip
}

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
		/* a cancellation asked for by the parent: dropped if that job does not run any more */
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

/* One job ends, once; what cancel answered is kept. */
inline job_end(j, outcome)
{
	assert(js[j] != ENDED);
	assert(answered1[j] == (outcome == CANCELLED));
	js[j] = ENDED;
	due[j] = false
}

inline word_free(j)
{
	st[REC(j)] = FREE; tk[REC(j)] = 0; ow[REC(j)] = 0
}

/* An attempt is over: the next one, with a new ticket, or the job's end. */
inline attempt_end(j, outcome)
{
	word_free(j);
	if
	:: (outcome == CRASHED || outcome == TIMED_OUT) && att[j] + 1 < NATT ->
		att[j]++; js[j] = QUEUED; due[j] = false
	:: else -> job_end(j, outcome)
	fi
}

/* A result frame, from wherever: the word decides whether it is the one awaited. */
inline result_take(w, x)
{
	if
	:: x == 0
	:: else ->
		j = JOB(x % 16);
		if
#ifdef BUG_NO_DEDUP
		:: true ->
#else
		:: OVER(st[REC(j)]) && tk[REC(j)] == TICKET(x % 16) && ow[REC(j)] / 2 == w ->
#endif
			o = st[REC(j)];
			assert(js[j] == OUT && ID(j) == x % 16);
#ifdef PREPARE_FIRST
			assert(o != DONE || committed[x % 16] == DONE);
			if
			:: holds[w] == x % 16 -> holds[w] = 0
			:: else
			fi;
			if
			:: held[w * 2] == x % 16 -> held[w * 2] = 0
			:: held[w * 2 + 1] == x % 16 -> held[w * 2 + 1] = 0
			:: else
			fi;
#else
			assert(committed[x % 16] == o && x / 16 == o);
#endif
			attempt_end(j, o)
		:: else
		fi
	fi;
	j = 0; o = 0
}

#ifdef PREPARE_FIRST
#define NEVER_DONE(J) (st[REC(J)] != DONE)
#else
#define NEVER_DONE(J) true
#endif
/* The record of job J still belongs to the dead owner: its worker died with it. */
#define VICTIM(J, owner) \
	if \
	:: js[J] == OUT && RUNNING_OR_LATER(st[REC(J)]) && ow[REC(J)] == owner -> \
		assert(committed[ID(J)] == 0 && NEVER_DONE(J)); \
		assert(held[owner] == ID(J)); \
		held[owner] = 0; \
		o = ((st[REC(J)] == CLAIMED || st[REC(J)] == DONE) -> CRASHED : st[REC(J)]); \
		attempt_end(J, o); o = 0 \
	:: else \
	fi

#ifdef BUG_NO_REOFFER
#define REOFFER(J)
#define IDLE_REOFFER(J)
#else
#ifdef BUG_NO_DEATH_REOFFER
#define REOFFER(J)
#else
#define REOFFER(J) \
	if \
	:: js[J] == OUT && st[REC(J)] == OFFERED -> due[J] = true \
	:: else \
	fi;
#endif
#if NW > 1
#define SOME_IDLE (idle[0] || idle[1])
#else
#define SOME_IDLE idle[0]
#endif
#ifdef BUG_NO_IDLE_REOFFER
#define IDLE_REOFFER(J)
#else
#ifdef BUG_REOFFER_CLAIMED
#define UNCLAIMED(s) ((s) == OFFERED || (s) == CLAIMED)
#else
#define UNCLAIMED(s) ((s) == OFFERED)
#endif
#define IDLE_REOFFER(J) \
	:: atomic { js[J] == OUT && UNCLAIMED(st[REC(J)]) && !due[J] && len(jobs) == 0 && SOME_IDLE -> \
		due[J] = true }
#endif
#endif

#if NJ > 3
#define EACH_JOB(m, a) m(0, a); m(1, a); m(2, a); m(3, a);
#define REOFFER_ALL REOFFER(0) REOFFER(1) REOFFER(2) REOFFER(3)
#elif NJ > 2
#define EACH_JOB(m, a) m(0, a); m(1, a); m(2, a);
#define REOFFER_ALL REOFFER(0) REOFFER(1) REOFFER(2)
#else
#define EACH_JOB(m, a) m(0, a); m(1, a);
#define REOFFER_ALL REOFFER(0) REOFFER(1)
#endif

#define PIPE_DRAIN(w) \
	do \
	:: len(results[w]) > 0 -> results[w]?x,y; result_take(w, x); result_take(w, y) \
	:: else -> break \
	od; x = 0; y = 0;
#define OUTBOX_READ(w, o2) \
	if \
	:: fill[o2] > 0 -> result_take(w, CELL(o2, 0)) \
	:: else \
	fi; \
	if \
	:: fill[o2] > 1 -> result_take(w, CELL(o2, 1)) \
	:: else \
	fi; \
	fill[o2] = 0; CELL(o2, 0) = 0; CELL(o2, 1) = 0;

#ifdef BUG_NO_DRAIN
#define OBIT_DRAIN(w) skip;
#else
#define OBIT_DRAIN(w) PIPE_DRAIN(w)
#endif
#ifdef BUG_NO_OUTBOX_READ
#define OBIT_OUTBOX(w, p) skip;
#else
#define OBIT_OUTBOX(w, p) OUTBOX_READ(w, (w) * 2 + p)
#endif
#ifdef BUG_EARLY_ACK
#define ACK_FIRST(w, p) obit[(w) * 2 + p] = false;
#define ACK_LAST(w, p)
#else
#define ACK_FIRST(w, p)
#define ACK_LAST(w, p) obit[(w) * 2 + p] = false;
#endif

/* The obituary of one generation: pipe, outbox, victim, the unclaimed; only then it counts as read. */
#define OBITUARY(w, p) \
	:: atomic { obit[(w) * 2 + p] && !supdead -> ACK_FIRST(w, p) OBIT_DRAIN(w) } \
	   atomic { true -> OBIT_OUTBOX(w, p) } \
	   atomic { true -> EACH_JOB(VICTIM, (w) * 2 + p) assert(held[(w) * 2 + p] == 0); \
		REOFFER_ALL ACK_LAST(w, p) }

#define OFFER(J) \
	:: atomic { js[J] == QUEUED && st[REC(J)] == FREE -> \
		st[REC(J)] = OFFERED; tk[REC(J)] = TICKET(ID(J)); js[J] = OUT; due[J] = true }
#ifdef BUG_BLOCKING_PARENT
#define ROOM true
#else
#define ROOM (len(jobs) < JOBCAP)
#endif
#define SEND(J) \
	:: atomic { due[J] && ROOM -> due[J] = false; jobs!ID(J),0 }
#define SEND_BATCH(J, K) \
	:: atomic { due[J] && due[K] && ROOM -> due[J] = false; due[K] = false; jobs!ID(J),ID(K) }

#ifdef STEAL
#define WANT_CANCEL(J) (hung[0] || hung[NW - 1]) && js[1 - J] == ENDED
#else
#define WANT_CANCEL(J) true
#endif
#ifdef BUG_BLIND_CANCEL
#define REVOKE(J) \
		:: js[J] == OUT && st[REC(J)] == OFFERED -> goto blind##J
#define REVOKE_LATE(J) \
	:: false -> \
blind##J:	   atomic { true -> \
		answered1[J] = true; assert(runs[ID(J)] == 0); word_free(J); job_end(J, CANCELLED) }
#else
#define REVOKE(J) \
		:: js[J] == OUT && st[REC(J)] == OFFERED -> /* REVOKED */ \
			answered1[J] = true; assert(runs[ID(J)] == 0); \
			word_free(J); job_end(J, CANCELLED)
#define REVOKE_LATE(J)
#endif
#define CANCEL(J) \
	:: atomic { cancels < CANCELS && js[J] != ENDED && !answered1[J] && WANT_CANCEL(J) -> \
		cancels++; \
		if \
		:: js[J] == QUEUED -> answered1[J] = true; job_end(J, CANCELLED) \
		REVOKE(J) \
		:: js[J] == OUT && st[REC(J)] == CLAIMED -> \
			answered1[J] = true; st[REC(J)] = CANCELLED; \
			control!ow[REC(J)] / 2,ID(J) \
		:: js[J] == OUT && OVER(st[REC(J)]) /* answers 0 */ \
		fi } \
	:: atomic { cancels < CANCELS && js[J] == OUT && answered1[J] && st[REC(J)] == CANCELLED -> \
		cancels++; /* once more, now without a grace */ \
		control!ow[REC(J)] / 2,ID(J) } \
	REVOKE_LATE(J)

/* A look into the outbox of a living worker; it counts if the outbox was not reset meanwhile. */
#ifdef BUG_NO_EPOCH
#define SAME_EPOCH(o2) (fill[o2] == z)
#else
#define SAME_EPOCH(o2) (fill[o2] == z && epoch[o2] == y)
#endif
#ifdef PEEK
#define AWAITED(c) \
	(OVER(st[REC(JOB((c) % 16))]) && tk[REC(JOB((c) % 16))] == TICKET((c) % 16))
#ifdef PEEK_ANY
#define WORTH_IT(c) true
#else
#define WORTH_IT(c) AWAITED(c) /* a look that changes nothing only makes cycles */
#endif
#define PEEK_AT(w, p) \
	:: atomic { alive[w] && par[w] == p && fill[(w) * 2 + p] > 0 && len(results[w]) == 0 && \
		WORTH_IT(CELL((w) * 2 + p, 0)) -> \
		y = epoch[(w) * 2 + p] } \
	   atomic { true -> z = fill[(w) * 2 + p] } \
	   if \
	   :: atomic { z > 0 -> x = CELL((w) * 2 + p, 0) } \
	      atomic { true -> v = body[((w) * 2 + p) * 2] } \
	      atomic { true -> \
		if \
		:: SAME_EPOCH((w) * 2 + p) -> assert(v == x || !AWAITED(x)); result_take(w, x) \
		:: else \
		fi } \
	   :: z == 0 \
	   fi; \
	   atomic { true -> x = 0; y = 0; z = 0; v = 0 }
#else
#define PEEK_AT(w, p)
#endif

#ifdef BUG_SUP_NO_WAIT
#define WORKERS_GONE true
#else
#if NW > 1
#define WORKERS_GONE (!alive[0] && !alive[1])
#else
#define WORKERS_GONE !alive[0]
#endif
#endif
#define FUNERAL(w) \
	PIPE_DRAIN(w) OUTBOX_READ(w, (w) * 2) OUTBOX_READ(w, (w) * 2 + 1) \
	EACH_JOB(VICTIM, (w) * 2) EACH_JOB(VICTIM, (w) * 2 + 1) \
	assert(held[(w) * 2] == 0 && held[(w) * 2 + 1] == 0); \
	obit[(w) * 2] = false; obit[(w) * 2 + 1] = false; \
	zombie[w] = false; replace[w] = true; target[w] = 0; slot[w] = 0; idle[w] = false;

#define RESULTS(w) \
	:: atomic { len(results[w]) > 0 -> results[w]?x,y; result_take(w, x); result_take(w, y); x = 0; y = 0 }

proctype parent()
{
	byte j, o, x, y;
#ifdef PEEK
	byte z, v;
#endif

	do
	OFFER(0) OFFER(1)
	SEND(0) SEND(1)
	IDLE_REOFFER(0) IDLE_REOFFER(1)
#if CANCELS > 0
	CANCEL(0)
#endif
#if CANCELS > 1 || defined(STEAL) /* the jobs are alike, too */
	CANCEL(1)
#endif
#ifdef BATCH
	SEND_BATCH(0, 1) SEND_BATCH(1, 0)
#endif
#if NJ > 2
	OFFER(2) SEND(2) IDLE_REOFFER(2)
#endif
#if NJ > 3
	OFFER(3) SEND(3) IDLE_REOFFER(3)
#endif
	RESULTS(0)
	OBITUARY(0, 0) OBITUARY(0, 1)
	PEEK_AT(0, 0) PEEK_AT(0, 1)
#if NW > 1
	RESULTS(1)
	OBITUARY(1, 0) OBITUARY(1, 1)
	PEEK_AT(1, 0) PEEK_AT(1, 1)
#endif
#if SUPDEATHS > 0
	:: atomic { supdead && WORKERS_GONE ->
		FUNERAL(0)
#if NW > 1
		FUNERAL(1)
#endif
		REOFFER_ALL
		supdead = false }
#endif
	:: atomic { js[0] == ENDED && js[1] == ENDED && js[NJ - 1] == ENDED && js[(NJ > 2 -> 2 : 0)] == ENDED ->
		over = true; break }
	od
}

init {
	atomic {
		alive[0] = true;
		run worker(0);
#if NW > 1
		alive[1] = true;
		run worker(1);
#endif
		run supervisor();
		run outside();
		run parent()
	}
}
