/*
 * views - who shows the runs of jobs: each run is handed to them as it ends, also one that is to be tried again.
 *
 * A view that was not asked for costs a comparison.  Includes ending, options, record, tally.
 */
#ifndef FORKPOOL_TOOL_VIEWS_H
#define FORKPOOL_TOOL_VIEWS_H

#include "forkpool.h"
#include "options.h"
#include "record.h"
#include "tally.h"

struct run_view {
	const struct job_record *record;  /* task, ending, and what it wrote */
	const char *command;              /* as a shell would take it; command_len bytes and a NUL */
	size_t      command_len;
	int         again;                /* it is to be tried again: not the job's last word */
	int         worker_died;          /* it took its worker with it */
};

/* After the pool is open.  What cannot be opened ends the tool, before any job has run. */
void views_open(const struct options *, struct forkpool *);
/* Whether anybody asks for runs: else there is no need to make a run_view. */
int  views_wanted(void);
void views_run(const struct run_view *);
/* The run is over.  -1: something could not be written (said). */
int  views_close(const struct tally *);

#endif
