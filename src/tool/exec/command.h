/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command - a task as a process: what the worker gets, and the job function that becomes the
 * command.
 *
 * The function runs in a process of its own (FORKPOOL_ISOLATE_JOB or _SANDBOX) and executes the
 * command there, so that the pool sees the command itself: its status, its limits, its descendants.
 * The function returns only where the command cannot be executed.
 */
#ifndef FORKPOOL_TOOL_COMMAND_H
#define FORKPOOL_TOOL_COMMAND_H

#include <sys/resource.h>

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/journal/inflight.h"
#include "tool/task/task.h"

/* What all commands have in common.  Complete before the pool is opened: each worker has a copy. */
struct command_setup {
	const char   *search_path;    /* where to look for it; NULL: in our PATH */
	const char   *word, *path;    /* by command_find(): a word and its file; NULL: none */
	const char   *opening;        /* options that open that file up in a sandbox; NULL: none */
	const char   *slot_variable;  /* --process-slot-var; NULL: none */
	int           parallel_names; /* commands get PARALLEL_SEQ and PARALLEL_JOBSLOT */
	int           nice;
	const char   *directory;      /* NULL: stay where we are */
	int           directory_inside; /* each job goes there, in the sandbox's own root */
	int           standard_input; /* theirs where they have no other; -1: an empty one */
	const char   *no_copy;        /* where no copy of its input can be kept: for messages */
	struct rlimit open_files;     /* the limit as it was before we raised it */
	int           restore_open_files;
};
extern struct command_setup command_setup;

/* The command's standard descriptors: those of a channel; -1: as the pool has set it. */
struct command_descriptors {
	int in, out, err;
};

/* The file that a command reads instead of its standard input. */
struct command_input {
	const char *path;      /* NULL: none */
	int         is_passed; /* it comes over the socket .in; else the job opens it */
	int         error;     /* why it could not be opened; 0: it could */
	int         error_is_of_copy; /* that is why there is no copy of it */
};

/* The jobserver that one job gets. */
struct command_jobserver {
	const char *makeflags; /* the value of MAKEFLAGS */
	int         fds[2];    /* descriptors that the command is to keep; -1: none */
};

/*
 * Looks up a first word once for all jobs.  0, or the status that a shell would end with, and
 * errno: 127 not found, 126 cannot be executed.
 */
int  command_find(const char *word);
/* Sets command_setup.opening, for what command_find() has found: where jobs are sandboxed. */
void command_find_opening(void);
/* Packs a task as args for command_run().  jobserver: NULL: the job has the worker's MAKEFLAGS. */
void command_pack(const struct task *, const struct inflight_ticket *,
    const struct command_descriptors *, const struct command_input *,
    const struct command_jobserver *, struct bytes *args);
int  command_run(struct forkpool_context *, const void *args, size_t args_len);
/* The pool's worker_init(): sets niceness and directory. */
int  command_worker_init(void *arg, void **state);
/* In a process of jobs: the limit on open files that the tool was started with. */
void command_restore_open_files(void);

#endif
