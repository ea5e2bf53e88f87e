/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes, claim words, slots, outboxes and tables: what the processes of the model share. */
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

/* Each attempt has a number, from 1, which stands for the contents of its frame. */
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
