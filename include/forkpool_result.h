/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * \file forkpool_result.h
 * \brief What became of a job
 *
 * A part of forkpool.h, which includes it: programs include that one.
 */
#ifndef FORKPOOL_PUBLIC_RESULT_H
#define FORKPOOL_PUBLIC_RESULT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum forkpool_outcome {
	FORKPOOL_OK = 0,
	FORKPOOL_FAILED,       /**< the function returned an error: .error, .message */
	FORKPOOL_CRASHED,      /**< killed by a signal that the pool did not send: .signal */
	FORKPOOL_EXITED,       /**< the function ended its process (exit, _exit, exec'd away;
	                            pthread_exit, which ends it as exit(0)): .exit_code */
	FORKPOOL_TIMED_OUT,    /**< its deadline passed before it returned */
	FORKPOOL_CANCELLED,    /**< before it started (.attempts == 0) or while it ran */
	FORKPOOL_OVER_LIMIT,   /**< it went over a resource limit of the pool: .limit names it */
	FORKPOOL_DENIED,       /**< it made a system call that its sandbox denies, see .message */
	FORKPOOL_SETUP_FAILED, /**< its process, limits or sandbox could not be set up, and its
	                            function was not called: .error, .message */
	FORKPOOL_LOST,         /**< no worker can be had any more, or what became of the run is
	                            unknown */
};

/** \brief The members of struct forkpool_limits, as results name them. */
enum forkpool_limit {
	FORKPOOL_LIMIT_NONE = 0,
	FORKPOOL_LIMIT_MEMORY,
	FORKPOOL_LIMIT_CPU,
	FORKPOOL_LIMIT_FILE_SIZE,
	FORKPOOL_LIMIT_OPEN_FILES,
	FORKPOOL_LIMIT_PROCESSES,
	FORKPOOL_LIMIT_STACK,
	FORKPOOL_LIMIT_OUTPUT,     /**< in no result: output past it is dropped, and counted */
};

/**
 * \brief What became of a job; each accepted job has exactly one
 *
 * The pool's own: it and all it points to are valid until the pool's next call that takes a result
 * (forkpool_next(), forkpool_wait(), forkpool_run()) or closes it.
 */
struct forkpool_result {
	uint64_t      seq;         /**< as forkpool_submit() gave it */
	const char   *id;          /**< "" where the job has none */
	void         *user;
	enum forkpool_outcome outcome;
	int           error;       /**< FAILED: what the function returned, OVER_LIMIT likewise if
	                                it did; SETUP_FAILED: errno; else 0 */
	int           signal;      /**< the signal its process died of (DENIED: SIGSYS), else 0 */
	int           exit_code;   /**< the status it exited with, else -1 */
	int           core_dumped; /**< as the wait status has it */
	enum forkpool_limit limit; /**< OVER_LIMIT: which one; else FORKPOOL_LIMIT_NONE */
	const char   *message;     /**< one line for a person; "" where there is nothing to say.  At
	                                JOB and SANDBOX the text of forkpool_fail() stands behind
	                                how the run ended, shortened where it is long */
	const void   *value;       /**< OK: what the function replied, never NULL; others: NULL */
	size_t        value_len;
	const char   *output;      /**< captured stdout and stderr, where asked for; never NULL */
	size_t        output_len;
	pid_t         pid;         /**< the process that ran it last (JOB and SANDBOX: its own); 0:
	                                none did */
	unsigned      worker;      /**< and that worker's index */
	unsigned      attempts;    /**< runs started */
	int64_t       queued_ns;   /**< submit to start of the last run; jobs sent in one packet
	                                share one reading of the clock */
	int64_t       run_ns;      /**< wall clock of the last run */
	int64_t       cpu_ns;      /**< its user + system time where it had a process of its own,
	                                with that of its descendants; else -1 */
	int64_t       max_rss;     /**< bytes resident at most, likewise, with what it has in common
	                                with its worker; else -1 */
	int64_t       user_ns;     /**< of cpu_ns, what was spent in user mode; likewise */
	uint64_t      reserved[8]; /**< zero; later versions give it a meaning */
};

/** \brief "ok", "failed", "crashed", "exited", "timed_out", ...; "unknown" for any other number.
    Static. */
const char *forkpool_outcome_name(enum forkpool_outcome);
/** \brief "none", "memory", "cpu", "file_size", "open_files", "processes", "stack", "output";
    "unknown" for any other number.  Static. */
const char *forkpool_limit_name(enum forkpool_limit);

#ifdef __cplusplus
}
#endif
#endif
