/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker: read a packet; claim, run and commit each job; flush the outbox. */
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
/* Contents before the count, and the count down before the epoch goes up: the reader can tell. */
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
