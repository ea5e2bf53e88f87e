/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result_value - the value of a result: in the job's record, in memory of its own, or still in the
 * spool (value_spool.h).
 *
 * One value at most stays in the spool until its result is handed out: then the caller reads it
 * into memory that is warm.
 */
#ifndef FORKPOOL_RESULT_VALUE_H
#define FORKPOOL_RESULT_VALUE_H

#include "lib/dispatch/dispatch_state.h"
#include "lib/ipc/wire_result.h"

/* Read from a process's range of the spool to fresh memory, with a '\0' behind it.  NULL and errno:
   no memory, or the process has cut its file short. */
void *spool_fetch(struct dispatcher *, unsigned worker, unsigned parity, uint64_t offset,
    uint64_t len);

/* The process may write to that part of its range again. */
void spool_taken(struct dispatcher *, unsigned worker, unsigned parity);

/* Tell the workers again how many values were taken: a job may have written over it. */
void spool_taken_mend(struct dispatcher *);
/* The process has ended, and all its values are here. */
void spool_taken_forget(struct dispatcher *, unsigned worker, unsigned parity);

/* Take the value of a success. */
void value_take(struct dispatcher *, struct job *, const struct wire_result *);

/* Bring the value that is still in the spool, if one is, to memory of its own. */
void value_fetch(struct dispatcher *);

/* Read the value of the job, which is still in the spool, to memory of job->value_len bytes.  Where
   that is not possible the job's outcome becomes LOST. */
void value_read(struct dispatcher *, struct job *, void *to);

#endif
