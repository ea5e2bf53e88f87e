/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ending - what became of a task, in the tool's words, and the line that explains it.
 *
 * Made of a library result, or of what a journal or joblog tells of an earlier run.
 */
#ifndef FORKPOOL_TOOL_ENDING_H
#define FORKPOOL_TOOL_ENDING_H

#include <stdint.h>

#include "forkpool.h"
#include "tool/task/task.h"

enum verdict {
	VERDICT_OK = 0,
	VERDICT_FAILED,       /* exit status other than 0; a plug-in function's error */
	VERDICT_CRASHED,
	VERDICT_TIMED_OUT,
	VERDICT_CANCELLED,    /* began, and was ended by us: --halt now, an interrupt */
	VERDICT_OVER_LIMIT,
	VERDICT_DENIED,
	VERDICT_SETUP_FAILED, /* could not be started: 126, 127 */
	VERDICT_LOST,
	VERDICT_SKIPPED,      /* never began, or --resume has it already */
	VERDICT_UNKNOWN,      /* the journal has its start and not its end */
	VERDICTS
};

struct outcome {
	enum verdict verdict;
	int      exit_code;   /* what a shell would say: 0..255, 128 + signal, 126, 127; -1: nothing to say */
	int      signal;      /* it died of, else 0 */
	int      core;
	unsigned slot;        /* 1.. the worker that ran it; 0: none did */
	unsigned attempt;     /* 1.. */
	int64_t  start_ns;    /* since the epoch; 0: it never began */
	int64_t  run_ns;
	int64_t  user_ns, system_ns; /* -1: not known */
	int64_t  max_rss;            /* bytes; -1 */
	uint64_t sent, received;     /* bytes of standard input (--pipe), of standard output */
	const char *limit;    /* OVER_LIMIT: the library's word */
	const char *message;  /* the library's, "" for none */
};

/* submitted_ns: when it was handed in, since the epoch.  is_command: an exit status is its
   outcome. */
void outcome_of_result(struct outcome *, const struct forkpool_result *, int64_t submitted_ns,
    int is_command);
const char *verdict_name(enum verdict);
/* The signal's name without SIG ("KILL"), or its number in static memory. */
const char *signal_word(int signo);
/* What happened, without which job it was. */
void outcome_what(const struct outcome *, struct bytes *line);
/*
 * One line without newline for somebody who has to find out: which job (number, command cut to
 * fit), what happened (exit status, signal, timeout after how long, limit, denied call), and where
 * its output is (where may be NULL).
 */
void outcome_explain(const struct outcome *, const struct task *, const char *command,
    const char *where, struct bytes *line);

#endif
