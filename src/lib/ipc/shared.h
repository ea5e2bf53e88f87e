/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared - the memory that the caller, the supervisor and the workers share; the only file that
 * knows its layout.
 *
 * One anonymous shared mapping: a claim word for each job record of the pool, then a slot for
 * each worker there may be.  Pages are taken as they are touched, so what is not used costs nothing.
 *
 * A worker can scribble over all of this.  Whoever reads it checks what is read before it is used
 * for addressing, and copies before it checks.
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

/* Jobs up to this long are waited for awake, for as long, on both sides, before going to sleep. */
#define SHARED_SPIN_NS (20 * CLOCK_US)

#define SHARED_READERS_ALL UINT32_MAX

_Static_assert(SHARED_WORKERS_MAX - 1 <= CLAIM_WORKER_MASK, "a claim word must hold each worker");

/* The results of a worker's process that are not in its pipe yet.  It appends a frame, then
   says so in fill, one word for both numbers; once the packet is written it sets fill to 0, then
   raises flushes, then begins anew: who copies sees by the two words whether that came between. */
struct outbox {
	_Atomic uint64_t fill;    /* frames << 32 | bytes of the packet with them, its header included */
	_Atomic uint32_t flushes;
	struct wire_packet packet;
};

/* Why a worker's process ended of its own accord. */
enum crash_leave {
	LEAVE_NOT = 0,
	LEAVE_IN_ORDER,     /* asked to, or it has run its number of jobs */
	LEAVE_DAMAGED,      /* a job closed or replaced the pool's descriptors */
	LEAVE_INIT_FAILED,  /* worker_init() said so */
	LEAVE_SETUP_FAILED, /* limits or output could not be set up */
};


/* What a dying process could still say of itself. */
struct crash_note {
	_Atomic uint32_t frames;                    /* valid ones of address[] */
	_Atomic uint32_t stack_full;
	_Atomic uint32_t spoke;                     /* it has looked what limits it stands at: met is all of them */
	_Atomic uint32_t met;                       /* set of 1 << enum limit: those that it stood at */
	_Atomic uint32_t raised;                    /* a signal that it dies of was sent by itself, not by the kernel */
	_Atomic uint32_t denied;                    /* the number of the system call that a filter stopped */
	_Atomic uint32_t denied_arch;               /* its architecture, as seccomp(2) has it; 0: none was stopped */
	_Atomic int32_t  left;                      /* enum crash_leave, of one that ended by itself */
	_Atomic int32_t  error;                     /* errno that goes with it */
	_Atomic uint64_t address[SHARED_CRASH_FRAMES];
};

struct shared_slot {
	/* Written by the worker at each job. */
	alignas(SHARED_CACHE_LINE) _Atomic uint64_t run_ticket; /* the run under way, 0 none; set before the claim */
	_Atomic uint32_t run_entry;
	_Atomic uint32_t reading;           /* it waits for a packet */
	_Atomic uint32_t ready;             /* worker_init() is behind it */
	_Atomic int64_t  run_started;
	_Atomic int64_t  run_deadline;      /* CLOCK_NEVER none */
	_Atomic uint64_t progress[2];       /* done, total */
	_Atomic pid_t    pid;               /* as the process itself says */
	_Atomic uint64_t runs;              /* started so far, by all processes of the slot */

	/* Written by the supervisor. */
	alignas(SHARED_CACHE_LINE) _Atomic uint64_t end_ticket; /* the run that SIGTERM is meant for */
	_Atomic uint64_t kill_ticket;       /* where jobs have processes of their own: that it has no grace; set before */
	_Atomic uint32_t leave;             /* the process is to end in order */

	/* Written by the parent. */
	_Atomic uint32_t values_taken[2];   /* by parity: values read from the spool */

	alignas(SHARED_CACHE_LINE) struct outbox outbox[2]; /* by parity */
	struct crash_note crash[2];
};

struct shared {
	/* Set by the parent before the first fork, not changed. */
	uint32_t entries;

	alignas(SHARED_CACHE_LINE) _Atomic int64_t pool_deadline; /* no run starts past it; CLOCK_NEVER none */

	/* Written by the parent: packets sent so far, and whether the next is worth waiting for awake. */
	alignas(SHARED_CACHE_LINE) _Atomic uint32_t packets;
	_Atomic uint32_t spin;
	/* Workers of smaller index read the job pipe, the others wait for this to change.  Also raised by
	   the first of those. */
	_Atomic uint32_t readers;

	/* The claim words follow, then the slots. */
};

/* NULL and errno. */
struct shared *shared_create(uint32_t entries);
void           shared_destroy(struct shared *);
/* In a worker whose children are not the pool's; 0 or -1 and errno. */
int            shared_hide_from_fork(struct shared *);

static inline claim_word *
shared_claim(struct shared *s, uint32_t entry)
{
	return (claim_word *)(void *)((char *)s + SHARED_HEAD) + entry;
}

struct shared_slot *shared_slot(struct shared *, unsigned worker);

/* Forget what the slot's last process of that parity left behind. */
void shared_slot_clear(struct shared_slot *, unsigned parity);

/* Copy what is in an outbox as a packet of that worker and generation, so that it can be read as
   one from the pipe.  Its length, 0 where it is empty or its owner changed it meanwhile. */
size_t
outbox_copy(const struct outbox *, struct wire_packet *to, unsigned worker, uint32_t generation);

#endif
