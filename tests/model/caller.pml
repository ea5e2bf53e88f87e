/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller: offers, results, deaths, cancellation, a dead supervisor. */
/* One job ends, once: as cancelled if, and only if, a cancel was answered with 1. */
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

/* An attempt is over: start the next one, with a new ticket, or end the job. */
inline attempt_end(j, outcome)
{
	word_free(j);
	if
	:: (outcome == CRASHED || outcome == TIMED_OUT) && att[j] + 1 < NATT ->
		att[j]++; js[j] = QUEUED; due[j] = false
	:: else -> job_end(j, outcome)
	fi
}

/* A result frame, from a pipe or an outbox: the claim word decides whether it is the awaited one. */
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

/* One generation is dead: read its pipe and outbox, end the victim, re-offer the unclaimed; then acknowledge. */
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
