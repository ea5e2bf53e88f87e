/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command - a task as a process: what is sent to the worker, and the job function that becomes the command there.
 *
 * The function runs in a process of its own (FORKPOOL_ISOLATE_JOB, or SANDBOX) and executes the command in it, so
 * that the pool sees the command's own end: its status, its limits, its descendants.  It returns only where
 * the command cannot be executed.  Includes begun, task, forkpool.h.
 */
#ifndef FORKPOOL_TOOL_COMMAND_H
#define FORKPOOL_TOOL_COMMAND_H

#include <sys/resource.h>

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/journal/inflight.h"
#include "tool/task/task.h"

/* What all commands have in common: complete before the pool is opened, since workers have a copy of it. */
struct command_setup {
	const char   *word, *path;    /* a first word that was looked up, and where it is; NULL: none was */
	const char   *slot_variable;  /* --process-slot-var; NULL: none */
	int           parallel_names; /* PARALLEL_SEQ, PARALLEL_JOBSLOT */
	int           nice;
	const char   *directory;
	struct rlimit open_files;     /* as it was, where we raised it */
	int           restore_open_files;
};
extern struct command_setup command_setup;

/* Where the process finds its standard descriptors: those of a channel; -1: as the pool has it. */
struct command_descriptors {
	int in, out, err;
};

/* The jobserver that this one job gets. */
struct command_jobserver {
	const char *makeflags; /* the value of MAKEFLAGS */
	int         fds[2];    /* that it is to keep; -1: none */
};

/*
 * Look the command's first word up, once for all jobs.  0, or the status that a shell would end with: 127 not found, 126
 * cannot be executed (errno says why).
 */
int  command_find(const char *word);
/* jobserver: NULL where the environment is right as it is. */
void command_pack(const struct task *, const struct inflight_ticket *,
    const struct command_descriptors *, const struct command_jobserver *, struct bytes *args);
int  command_run(struct forkpool_context *, const void *args, size_t args_len);
/* The pool's worker_init(): niceness and directory. */
int  command_worker_init(void *arg, void **state);

#endif
