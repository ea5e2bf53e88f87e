/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acts - what a trial job does to see whether its sandbox keeps its promises: it tries to break
 * each.
 *
 * A promise may hold by several mechanisms at once.  So the job acts after each of the steps that
 * confine it, before the next can hide that one does not hold, and at last behind all of them.
 * acts.seen collects the mechanisms that were seen to hold.  The calls go through the gate while it
 * is open, and are judged by the filter when it is closed.
 */
#ifndef FORKPOOL_ACTS_H
#define FORKPOOL_ACTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"

/* Directories, and what they are outside; path NULL: there is none. */
struct acts_places {
	struct acts_place {
		const char *path;
		uint64_t device, file;
	} unreadable,     /* not below what was opened up */
	    unwritable;   /* not below what was opened up for writing; everybody may make files
	                     there */
};

struct acts {
	_Atomic uint32_t seen;        /* set of enum forkpool_mechanism */
	_Atomic uint32_t broken;      /* set of enum forkpool_layer: what was to be denied was done,
	                                 behind everything */
	uint16_t port;                /* somebody listens there, at 127.0.0.1; 0: nobody */
	bool  jailed;                 /* in a pid namespace of its own, where the numbers below are
	                                 nobody's, or somebody else's */
	pid_t worker, supervisor, caller;
	pid_t twin;                   /* a process of the same user, outside */
	pid_t sibling;                /* a process as a job of another worker's */
	struct acts_places places;
};

/* In the parent: choose the places. */
void acts_choose(struct acts_places *, const struct forkpool_sandbox *);

/* In the trial worker, before a filter forbids it: calls that are trapped in acts_behind_all() come
   back as failed. */
void acts_catch_traps(void);

/* In the job's process, one after another. */
void acts_as_user(struct acts *);
void acts_behind_landlock(struct acts *);
/* promised: set of enum forkpool_layer. */
void acts_behind_all(struct acts *, unsigned promised, bool files);

#endif
