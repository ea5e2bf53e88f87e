/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * \file forkpool_job.h
 * \brief What a job function is, and what it can ask and tell
 *
 * A part of forkpool.h, which includes it: programs include that one.  Code that holds job
 * functions and has no pool, such as a plug-in, can do with this.
 */
#ifndef FORKPOOL_PUBLIC_JOB_H
#define FORKPOOL_PUBLIC_JOB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct forkpool_context;  /**< What a running job can ask and tell: opaque, lives in the worker. */

#if defined(__GNUC__)
#define FORKPOOL_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#else
#define FORKPOOL_PRINTF(format, first)
#endif

/**
 * \brief A job function
 *
 * Runs in a worker process, one at a time there, or in a process that its worker has forked for
 * this run.  args points at args_len bytes, aligned for any type, valid until the function returns.
 * The function must have been loaded before forkpool_open(), since a worker finds it at the address
 * that it has in the caller.  Standard input is /dev/null; of the caller's descriptors above 2
 * those are open that struct forkpool_options names, and no other.
 *
 * At FORKPOOL_ISOLATE_WORKER one process runs many jobs after each other: what a function leaves
 * behind there (memory, open files, signal handlers, umask) the next one finds.  At the other
 * levels each run begins in a copy of its worker as this was after worker_init(), without any other
 * descriptor above 2 and with an empty environment, and what it leaves ends with it, its
 * descendants included.  So rand() gives each run the same numbers; "Random numbers" in forkpool(7)
 * says what does, and what does not.
 *
 * \return 0: success; any other number: the job has FAILED with that error number (errno values by
 *         convention).
 */
typedef int forkpool_fn(struct forkpool_context *context, const void *args, size_t args_len);

/**
 * \brief Append to the value that the job replies with
 *
 * May be called any number of times; the value is delivered only if the function returns 0.  At
 * FORKPOOL_ISOLATE_WORKER it may wait where the caller has left more than 16 MiB of this worker's
 * values unread, and that counts against the timeout; at the others the worker waits, when the run
 * is over.
 *
 * So that a function can end with `return forkpool_reply(context, &sum, sizeof sum);` it answers as
 * the job function does.
 *
 * \return 0, or an error number, which errno has as well: EMSGSIZE the value would be longer than
 *         max_value_len; ENOMEM, EFBIG there is no room for it; EINVAL data is NULL; ECHILD this is
 *         a process that the job has forked.  The value is then what it was before the call.
 */
int forkpool_reply(struct forkpool_context *, const void *data, size_t len);

/**
 * \brief Set the result's message (printf style, one line, at most 255 bytes) and return error
 *
 * So that a function can end with `return forkpool_fail(context, EIO, "%s: short", path);`.
 */
int forkpool_fail(struct forkpool_context *, int error, const char *format, ...)
    FORKPOOL_PRINTF(3, 4);

/**
 * \brief Non-zero: the job is cancelled or past its deadline and had better return soon
 *
 * Only a job with FORKPOOL_COOPERATIVE gets to see a cancellation; it is killed if it has not
 * returned within grace_ns.  What it returns then does not count: it is CANCELLED or TIMED_OUT.
 */
int forkpool_cancelled(const struct forkpool_context *);

/** \brief Nanoseconds until this run's deadline, 0 past it; INT64_MAX: it has none. */
int64_t forkpool_time_left(const struct forkpool_context *);

/**
 * \brief Tell how far the job is, for forkpool_worker_info(); costs two stores.
 *
 * \return 0, or an error number, which errno has as well: ECHILD at FORKPOOL_ISOLATE_WORKER, in a
 *         process that the job has forked.
 */
int forkpool_progress(struct forkpool_context *, uint64_t done, uint64_t total);

/** \brief The job's number, as forkpool_submit() gave it. */
uint64_t    forkpool_job_seq(const struct forkpool_context *);
/** \brief The job's name; "" where it has none. */
const char *forkpool_job_id(const struct forkpool_context *);
/** \brief 1 on the first run. */
unsigned    forkpool_attempt(const struct forkpool_context *);
/** \brief 0 .. workers-1. */
unsigned    forkpool_worker_index(const struct forkpool_context *);
/** \brief What worker_init() made, or NULL. */
void       *forkpool_worker_state(const struct forkpool_context *);

#ifdef __cplusplus
}
#endif
#endif
