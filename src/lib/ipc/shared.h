/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared - the memory that the caller, the supervisor and the workers share; the only file that
 * knows its layout.
 *
 * One anonymous shared mapping: a slot for each worker there may be, then a claim word (claim.h)
 * for each job record of the pool.  The system takes a page when it is first touched, so unused
 * entries and slots cost nothing.
 *
 * A worker can scribble over all of this.  So it holds nothing of its own layout: where a part lies
 * follows from constants, and how many claim words there are each process knows by itself.  Whoever
 * reads a value here copies it first, then checks the copy, and only then uses it as an address or
 * an index.
 */
#ifndef FORKPOOL_SHARED_H
#define FORKPOOL_SHARED_H

#include <stdatomic.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipc/claim.h"
#include "lib/ipc/wire.h"
#include "lib/os/clock.h"

#define SHARED_WORKERS_MAX 4096u
#define SHARED_CACHE_LINE  64
#define SHARED_CRASH_FRAMES 32u
#define SHARED_HEAD (4 * SHARED_CACHE_LINE) /* room for struct shared */

/* Jobs up to this long are short: before they sleep, the caller and the workers spin this long. */
#define SHARED_SPIN_NS (20 * CLOCK_US)

#define SHARED_READERS_ALL UINT32_MAX

_Static_assert(SHARED_WORKERS_MAX - 1 <= CLAIM_WORKER_MASK, "a claim word must hold each worker");

/*
 * The results of a worker's process that are not in its pipe yet.
 *
 * The worker appends a frame and then publishes it in fill, one word for both numbers.  Once it has
 * written the packet to the pipe it sets fill to 0, then raises flushes, then begins a new packet.
 * So whoever copies the packet sees by the two words whether that happened during the copy.
 */
struct outbox {
	_Atomic uint64_t fill;    /* frames << 32 | bytes of the packet, its header included */
	_Atomic uint32_t flushes; /* packets written to the pipe */
	struct wire_packet packet;
};

/* Why a worker's process ended of its own accord. */
enum crash_leave {
	LEAVE_NOT = 0,
	LEAVE_IN_ORDER,     /* it was asked to, or has run its number of jobs */
	LEAVE_DAMAGED,      /* a job closed or replaced the pool's descriptors, or somebody
	                       killed the namespace that its jobs live in */
	LEAVE_INIT_FAILED,  /* worker_init() failed */
	LEAVE_SETUP_FAILED, /* limits or output could not be set up */
};

/* What a dying process could still tell of itself. */
struct crash_note {
	_Atomic pid_t    owner;       /* that process, as it sees itself: no child of its writes */
	_Atomic uint32_t frames;      /* valid entries of address[] */
	_Atomic uint32_t stack_full;
	_Atomic uint32_t spoke;       /* the process has checked its limits: met has all of them */
	_Atomic uint32_t met;         /* set of 1 << enum forkpool_limit: those it was at */
	_Atomic uint32_t raised;      /* the process sent the fatal signal itself, not the kernel */
	_Atomic uint32_t denied;      /* number of the system call that a filter stopped */
	_Atomic uint32_t denied_arch; /* that call's architecture, as in seccomp(2); 0: no call */
	_Atomic int32_t  left;        /* enum crash_leave */
	_Atomic int32_t  error;       /* errno that goes with left */
	_Atomic uint64_t address[SHARED_CRASH_FRAMES];
};

/* How far a worker's process has come. */
enum worker_ready {
	READY_NOT = 0,
	READY_IS,   /* worker_init() has returned in time */
	READY_LATE, /* the supervisor ends it, since worker_init() takes too long */
};

struct shared_slot {
	/* Written by the worker at each job. */
	alignas(SHARED_CACHE_LINE)
	_Atomic uint64_t run_ticket;        /* of the run under way, 0 none; set before the claim */
	_Atomic uint32_t run_entry;
	_Atomic uint32_t reading;           /* the worker waits for a packet */
	_Atomic uint32_t ready;             /* enum worker_ready; the supervisor's as well */
	_Atomic int64_t  run_started;       /* by the worker's clock: slot_clock() */
	_Atomic int64_t  run_deadline;      /* likewise; CLOCK_NEVER none */
	_Atomic uint64_t oom_kills;         /* in the worker's cgroup when the run began */
	_Atomic uint64_t progress[2];       /* done, total */
	_Atomic pid_t    pid;               /* as the process itself says */
	_Atomic uint64_t runs;              /* started so far, by all processes of the slot */

	/* Written by the supervisor. */
	alignas(SHARED_CACHE_LINE)
	_Atomic uint64_t end_ticket;        /* the run that SIGTERM is meant for */
	_Atomic uint64_t kill_ticket;       /* own processes: that run has no grace; set first */
	_Atomic uint32_t leave;             /* the process is to end in order */
	_Atomic int64_t  paused_ns;         /* how long the process has been suspended so far */

	/* Written by the parent. */
	_Atomic uint32_t values_taken[2];   /* by parity: values taken from the spool */

	alignas(SHARED_CACHE_LINE) struct outbox outbox[2]; /* by parity */
	struct crash_note crash[2];
};

struct shared {
	/* Written by the parent: no run starts past the pool's deadline; CLOCK_NEVER none.  Nor
	   does one while the pool is suspended. */
	alignas(SHARED_CACHE_LINE) _Atomic int64_t pool_deadline;
	_Atomic uint32_t suspended;

	/* Written by the parent: packets sent so far; whether workers are to spin for the next. */
	alignas(SHARED_CACHE_LINE) _Atomic uint32_t packets;
	_Atomic uint32_t spin;
	/* Workers with an index below this read the job pipe; the others wait until this changes.
	   The first of the waiting workers raises it too. */
	_Atomic uint32_t readers;

	/* The slots follow, then the claim words. */
};

#define SHARED_CLAIMS (SHARED_HEAD + (size_t)SHARED_WORKERS_MAX * sizeof(struct shared_slot))

/* Bytes of the memory for so many claim words. */
static inline size_t
shared_size(uint32_t entries)
{
	return SHARED_CLAIMS + (size_t)entries * sizeof(claim_word);
}

/* NULL and errno.  No process forked from this one has the memory, unless it is given to it
   (heirloom.h). */
struct shared *shared_create(uint32_t entries);
void           shared_destroy(struct shared *, uint32_t entries);
/* In a worker, so that the children it forks do not have the memory; 0 or -1 and errno. */
int            shared_hide_from_fork(struct shared *, uint32_t entries);

static inline struct shared_slot *
shared_slot(struct shared *s, unsigned worker)
{
	return (struct shared_slot *)(void *)((char *)s + SHARED_HEAD) + worker;
}

static inline claim_word *
shared_claim(struct shared *s, uint32_t entry)
{
	return (claim_word *)(void *)((char *)s + SHARED_CLAIMS) + entry;
}

/* A worker's clock: clock_now() without the time that the worker was suspended.  A run's deadline
   is of this clock, so that it comes no nearer meanwhile. */
static inline int64_t
slot_clock(const _Atomic int64_t *paused_ns)
{
	int64_t paused, now;

	/* Only a reading without a pause inside is one. */
	do {
		paused = atomic_load_explicit(paused_ns, memory_order_acquire);
		now = clock_now();
	} while (atomic_load_explicit(paused_ns, memory_order_acquire) != paused);
	return now - paused;
}

/* Clear what the slot's last process of that parity left behind. */
void shared_slot_clear(struct shared_slot *, unsigned parity);

/* Copy an outbox's frames into a packet of that worker and generation, as if it had come through
   the pipe.  The packet's length, 0 where the outbox is empty or its owner changed it meanwhile. */
size_t outbox_copy(const struct outbox *, struct wire_packet *to, unsigned worker,
    uint32_t generation);

#endif
