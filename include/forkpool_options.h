/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * \file forkpool_options.h
 * \brief How a pool is to be: its level of isolation, what jobs may use, where they print
 *
 * A part of forkpool.h, which includes it: programs include that one.
 */
#ifndef FORKPOOL_PUBLIC_OPTIONS_H
#define FORKPOOL_PUBLIC_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct forkpool_sandbox; /* forkpool_sandbox.h */

enum forkpool_isolation {
	FORKPOOL_ISOLATE_WORKER = 0, /**< jobs run one after another in long-lived workers; a crash
	                                  costs one worker.  For code that may crash */
	FORKPOOL_ISOLATE_JOB,        /**< each job in a fresh process forked from its worker,
	                                  holding nothing of the pool; no descendant of it is left
	                                  when its result is there.  For code that may leak or
	                                  scribble as well; it has all rights of its user */
	FORKPOOL_ISOLATE_SANDBOX,    /**< that, and everything denied that a pure computation does
	                                  not need.  For code that may be hostile: read
	                                  forkpool_sandbox(7) */
};

/**
 * \brief What a job may use; 0: no limit, negative: EINVAL
 *
 * At FORKPOOL_ISOLATE_JOB and FORKPOOL_ISOLATE_SANDBOX each run has them to itself, and a job that
 * ends otherwise than by returning or exiting with 0 while it stands at one is OVER_LIMIT;
 * forkpool_sandbox(7) says how that is told, and what is not counted.
 *
 * At FORKPOOL_ISOLATE_WORKER they are the worker's,
 * which jobs could raise again; only the deaths named below are told, else the job sees the call
 * that was refused; and cpu_ns and processes are refused (EINVAL): the system counts them for the
 * life of a process, or for all of a user's, and not for one job.
 */
struct forkpool_limits {
	int64_t memory;      /**< bytes of private memory beyond what the job's process, or the
	                          worker, was born with (RLIMIT_DATA, Linux 4.7; and the cgroup's
	                          memory, where there is one); a death at it is OVER_LIMIT
	                          "memory" */
	int64_t cpu_ns;      /**< processor time of one run, its descendants' included: OVER_LIMIT
	                          "cpu" */
	int64_t file_size;   /**< bytes a file may grow to (RLIMIT_FSIZE); SIGXFSZ is OVER_LIMIT
	                          "file_size" */
	int64_t open_files;  /**< RLIMIT_NOFILE; at least 16 */
	int64_t processes;   /**< that one job may have at a time, its own included; threads count
	                          as well.  JOB: root needs a cgroup for it; others that, or a user
	                          namespace.  SANDBOX with exec or threads: a cgroup, a user of its
	                          own for each worker (root's default), or .namespaces (others) */
	int64_t stack;       /**< RLIMIT_STACK; at least 65536; a stack that is full is OVER_LIMIT
	                          "stack".  Where the pool is opened by another thread than the
	                          process's first: ENOTSUP */
	int64_t output;      /**< bytes of captured output kept (what is past it is dropped and
	                          counted in the message); 0: as much as max_value_len; for
	                          FORKPOOL_OUTPUT_CAPTURE only */
	int64_t reserved[5]; /**< zero, else E2BIG: later versions give it a meaning */
};

enum forkpool_output {
	FORKPOOL_OUTPUT_INHERIT = 0, /**< jobs print where the caller does: its descriptors 1 and 2
	                                  are theirs, not for hostile ones */
	FORKPOOL_OUTPUT_DISCARD,     /**< to /dev/null */
	FORKPOOL_OUTPUT_CAPTURE,     /**< to .output of the result; survives the writer's crash */
};

/** \brief How a pool is to be; set all to zero first: zero is each one's default. */
struct forkpool_options {
	unsigned    workers;         /**< 0: forkpool_processors() of them; at most 4096 */
	size_t      queue_limit;     /**< jobs accepted whose result has not been taken; 0: 1024 and
	                                  16 a worker; at most 2^24.  Then submit answers 0 */
	int64_t     timeout_ns;      /**< default for jobs; 0 or negative: none */
	int64_t     grace_ns;        /**< SIGTERM to SIGKILL; 0: one second */
	unsigned    max_attempts;    /**< default for jobs; 0: 1, a job that crashed is not run
	                                  again */
	unsigned    retry_on;        /**< set of 1u << outcome; 0: CRASHED, TIMED_OUT, LOST, where
	                                  max_attempts > 1 */
	unsigned    jobs_per_worker; /**< replace a worker after so many jobs; 0: never */
	size_t      max_value_len;   /**< cap on one value; 0: 64 MiB.  JOB and SANDBOX: as much
	                                  memory can a job take for it */
	int         ordered;         /**< results in order of submission */
	enum forkpool_isolation isolation;
	enum forkpool_output    output;
	struct forkpool_limits  limits;
	const struct forkpool_sandbox *sandbox; /**< SANDBOX: what to open up or demand; NULL: the
	                                             strictest.  JOB: NULL, or one of which only
	                                             cgroup is set */
	/** in each new worker; 0 or an errno */
	int       (*worker_init)(void *worker_arg, void **state);
	/** in a worker that leaves in order.  SANDBOX: costs each job installing a filter */
	void      (*worker_exit)(void *worker_arg, void *state);
	void       *worker_arg;
	int64_t     init_timeout_ns; /**< a worker whose worker_init() takes longer is killed, and
	                                  has failed as if that had returned ETIMEDOUT; 0: a
	                                  minute; negative: no bound */
	/** JOB and SANDBOX: in each job's process after its function has returned.  See below */
	void      (*job_exit)(void *worker_arg, void *state);
	const char *const *environment;  /**< JOB and SANDBOX, whose jobs and worker_init() have an
	                                      empty environment: NULL, or what it is to hold,
	                                      "NAME=value" or "NAME" (as the caller has it), up to a
	                                      NULL */
	const int  *descriptors;     /**< NULL, or descriptors of the caller's, up to a -1, that
	                                  workers and jobs are to have as well, at the same numbers:
	                                  open, above 2, at most 8192.  See below */
	int         executes;        /**< JOB and SANDBOX: non-zero: job functions only make ready
	                                  and execute a program.  WORKER: zero.  See below */
	int         core_dumps;      /**< WORKER and JOB: 0: jobs leave no core file.  Non-zero:
	                                  RLIMIT_CORE and core(5) decide, as for the caller, and
	                                  the message of a job that has left one says where it is,
	                                  where that can be known */
};

/*
 * .job_exit is for what a program does at its end and a job's process, which ends by _exit(2), does
 * not: write counters of coverage (__gcov_dump()), flush the buffers of a library.  It is a part of
 * the run: within its limits and its deadline, and what it dies of, the job has died of.  It is
 * called whatever the function has returned, and not where the function has ended otherwise.
 * Standard output is flushed before it and after it.
 *
 * .core_dumps: a core file has the memory of the caller in it, secrets included.  A sandboxed
 * process cannot be dumped, so FORKPOOL_ISOLATE_SANDBOX refuses it.
 */

/*
 * .executes: each job function does nothing but open, duplicate and close descriptors, set what
 * execve(2) keeps, and execute a program; the run is the program's then, and its end is the job's
 * (EXITED, or what ended it).  Where it cannot, it returns an error, as by forkpool_fail().  At JOB
 * its process may share the memory of its worker until it executes, as after vfork(2), which spares
 * copying it (a third of the time of a short command): what it writes there, the next one finds; it
 * is not to keep memory, print, start threads or wait.  Programs may be set-user-ID then, and gain
 * what they gain elsewhere; the pool cannot end those that are another user's, unless the caller
 * may signal them.
 */

/*
 * .descriptors are what the caller had at these numbers in forkpool_open(), for each worker and job
 * of the pool, also when the caller has closed its own since.  The pool holds them open until
 * forkpool_close(), which leaves the caller's own alone: who reads from a pipe whose other end is
 * among them sees no end of file before that.
 *
 * Position and flags such as O_NONBLOCK are one with the caller's and with all jobs'; close-on-exec
 * is as the caller had it.  At FORKPOOL_ISOLATE_WORKER one that a job closes is closed for those
 * after it in that worker; at the other levels each job has them anew.  A sandboxed job can do with
 * one all that it is open for and that takes no system call that the sandbox denies: read, write,
 * seek, truncate.  No layer asks what is behind it, a socket to somebody who does as he is told,
 * for one.
 */

#ifdef __cplusplus
}
#endif
#endif
