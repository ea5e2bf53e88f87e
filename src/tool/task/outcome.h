/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome - what became of a task, in the tool's words, and the line that explains it.
 *
 * An outcome is made of a result of the library, or of what a journal or joblog tells of an earlier
 * run.
 */
#ifndef FORKPOOL_TOOL_OUTCOME_H
#define FORKPOOL_TOOL_OUTCOME_H

#include <stdint.h>

#include "forkpool.h"
#include "tool/task/brief.h"

enum verdict {
	VERDICT_OK = 0,
	VERDICT_FAILED,       /* exit status other than 0; an error of a plug-in's function */
	VERDICT_CRASHED,
	VERDICT_TIMED_OUT,
	VERDICT_CANCELLED,    /* began, and was ended by the tool: --halt now, an interrupt */
	VERDICT_OVER_LIMIT,
	VERDICT_DENIED,
	VERDICT_SETUP_FAILED, /* could not be started: 126, 127 */
	VERDICT_LOST,
	VERDICT_SKIPPED,      /* never began, or --resume has it already */
	VERDICT_UNKNOWN,      /* the journal has its begin and not its end */
	VERDICTS
};

struct outcome {
	enum verdict verdict;
	int      exit_code;   /* as in a shell: 0..255, 128 + signal, 126, 127; -1: none */
	int      signal;      /* that ended the job, else 0 */
	int      core;
	unsigned slot;        /* the worker that ran the job, from 1 on; 0: none did */
	unsigned attempt;     /* from 1 on */
	int64_t  start_ns;    /* since the epoch; 0: the job never began */
	int64_t  run_ns;
	int64_t  user_ns, system_ns; /* -1: not known */
	int64_t  max_rss;            /* bytes; -1: not known */
	uint64_t sent, received;     /* bytes of standard input (--pipe), of standard output */
	const char *limit;    /* VERDICT_OVER_LIMIT: the library's word for it */
	const char *message;  /* of the library; "": none */
	const char *backtrace; /* of the library; NULL: none, or nobody wanted it */
};

/* submitted_ns: when the job was handed to the pool, since the epoch.  is_command: the job's exit
   status decides. */
void outcome_of_result(struct outcome *, const struct forkpool_result *, int64_t submitted_ns,
    int is_command);
const char *verdict_name(enum verdict);
/* The exit status; -1: it has none, as it died of a signal, or never began. */
int outcome_exit_status(const struct outcome *);
/* Neither VERDICT_OK nor VERDICT_SKIPPED. */
int outcome_is_failure(const struct outcome *);
/* The status with which xargs ends at once, 124 to 127, where a command ended so; else 0. */
int outcome_stops_xargs(const struct outcome *);
/* The signal's name without SIG ("KILL"), or its number, in static memory. */
const char *signal_word(int signo);
/* Adds what happened, without which job it was. */
void outcome_what(const struct outcome *, struct bytes *line);
/* The same, with the attempt, if it was not the first, and where the output is (NULL: nowhere). */
void outcome_cause(const struct outcome *, const char *where, struct bytes *line);
/*
 * Adds one line without newline for somebody who has to find the cause: which job (number and
 * brief), what happened (exit status, signal, timeout after how long, limit, denied call), and
 * where its output is.
 */
void outcome_explain(const struct outcome *, uint64_t seq, const struct brief *,
    const char *where, struct bytes *line);

#endif
