/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a pool, and closing it: what it is made of, in the order in which it is needed. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dispatch/deaths.h"
#include "lib/dispatch/offers.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/job/crash.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/pool/pool_options.h"

#define VALUE_MAX_DEFAULT ((size_t)64 << 20)
#define RETRY_DEFAULT     (1u << FORKPOOL_CRASHED | 1u << FORKPOOL_TIMED_OUT | 1u << FORKPOOL_LOST)
/* A supervisor that does not come to its end is not waited for longer than the grace and this. */
#define CLOSE_EXTRA_NS    (5 * CLOCK_S)

static unsigned
processors_online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)SHARED_WORKERS_MAX ? SHARED_WORKERS_MAX : (unsigned)n;
}

static void
pool_free(struct forkpool *pool)
{
	struct dispatcher *d = &pool->d;
	int error = errno;

	if (d->jobs.records != NULL)
		job_table_release(&d->jobs, &d->arena);
	arena_close(&d->arena);
	spool_reader_release(&d->values);
	spool_close(&d->spool);
	fd_close(&d->socket);
	fd_close(&d->job_pipe[0]);
	fd_close(&d->job_pipe[1]);
	fd_close(&d->bell[0]);
	fd_close(&d->bell[1]);
	if (d->results != NULL)
		for (unsigned i = 0; i < d->slots; i++)
			fd_close(&d->results[i].fd);
	free(d->results);
	free(d->pollfds);
	free(d->inflight);
	environment_free(d->setup.worker.environment);
	descriptors_release(&d->setup.worker.descriptors);
	sandbox_release(&d->setup.worker.sandbox);
	mailboxes_destroy(d->setup.worker.mailboxes);
	shared_destroy(d->shared);
	control_destroy(d->control);
	canary_destroy(&pool->canary);
	free(pool->value);
	pool->magic = 0;
	free(pool);
	errno = error;
}

/* Memory and descriptors, in the order in which they are needed; what was made so far is freed by
   pool_free(). */
static int
parts_make(struct forkpool *pool, const struct error_text *to)
{
	struct dispatcher *d = &pool->d;
	uint32_t entries = (uint32_t)d->queue_limit + 1; /* one more: the result that is lent */

	if (canary_create(&pool->canary) == -1 || (d->shared = shared_create(entries)) == NULL ||
	    (d->control = control_create()) == NULL)
		return error_set(to, errno, "cannot map memory to share with the workers: %s",
		    strerror(errno));
	if (jobs_have_own_process(&d->setup.worker) &&
	    (d->setup.worker.mailboxes = mailboxes_create()) == NULL)
		return error_set(to, errno,
		    "cannot map memory to share with the jobs' processes: %s", strerror(errno));
	d->results = calloc(SHARED_WORKERS_MAX, sizeof *d->results);
	d->pollfds = calloc(SHARED_WORKERS_MAX + 3, sizeof *d->pollfds);
	d->inflight = calloc(entries / 64 + 1, sizeof *d->inflight);
	if (d->results == NULL || d->pollfds == NULL || d->inflight == NULL ||
	    job_table_init(&d->jobs, entries) == -1)
		return error_set(to, ENOMEM, "no memory for a queue of %zu jobs", d->queue_limit);
	if (arena_open(&d->arena) == -1)
		return error_set(to, errno, "cannot make the file for large arguments: %s",
		    strerror(errno));
	d->arena.wipes = jobs_have_own_process(&d->setup.worker);
	if (spool_open(&d->spool, d->value_max, d->output_max) == -1)
		return error_set(to, errno, "cannot make the file for large values: %s",
		    strerror(errno));
	spool_reader_init(&d->values, &d->spool);
	if (packet_pipe_open(d->job_pipe) == -1)
		return error_set(to, errno, "cannot make the job pipe: %s", strerror(errno));
	if (fd_set_nonblocking(d->job_pipe[1], 1) == -1)
		return error_set(to, errno, "cannot make the job pipe: %s", strerror(errno));
	packet_pipe_reserve(d->job_pipe[1], d->workers * 4);
	if (os_pipe(d->bell, 0) == -1)
		return error_set(to, errno, "cannot make the pipe for forkpool_wakeup(): %s",
		    strerror(errno));
	for (int i = 0; i < 2; i++) {
		d->bell[i] = fd_raise(d->bell[i]);
		if (d->bell[i] == -1 || fd_set_nonblocking(d->bell[i], 1) == -1)
			return error_set(to, errno,
			    "cannot make the pipe for forkpool_wakeup(): %s", strerror(errno));
	}
	return 0;
}

static void
setup_fill(struct forkpool *pool, const struct forkpool_options *o)
{
	struct dispatcher *d = &pool->d;

	d->setup.grace_ns = o->grace_ns > 0 ? o->grace_ns : CLOCK_S;
	struct sandbox sandbox = d->setup.worker.sandbox;
	struct descriptors descriptors = d->setup.worker.descriptors;
	char **environment = d->setup.worker.environment;
	d->setup.worker = (struct worker_setup){
		.mailboxes = d->setup.worker.mailboxes,
		.sandbox = sandbox,
		.descriptors = descriptors,
		.environment = environment,
		.grace_ns = d->setup.grace_ns,
		.shared = d->shared,
		.control = d->control,
		.canary = pool->canary,
		.spool = d->spool,
		.job_pipe = d->job_pipe[0],
		.arena_fd = d->arena.fd,
		.timeout_ns = d->timeout_ns,
		.value_max = (size_t)d->value_max,
		.output_max = d->output_max,
		.jobs_per_worker = o->jobs_per_worker,
		.output = o->output,
		.limits = o->limits,
		.executes = o->executes != 0,
		.init = o->worker_init,
		.exit = o->worker_exit,
		.arg = o->worker_arg,
	};
	(void)getrlimit(RLIMIT_NOFILE, &d->setup.worker.open_files);
}

/* Until the first workers run: 0, or -1. */
static int
workers_await(struct dispatcher *d, const struct error_text *to)
{
	uint32_t started;
	int passed, heard = 0;

	while ((started = atomic_load(&d->control->started)) == 0 && heard != -1) {
		struct pollfd fd = { .fd = d->socket, .events = POLLIN };
		(void)poll(&fd, 1, -1);
		while ((heard = fd_heard(d->socket, &passed)) == 1)
			continue;
		/* Before the next look: a worker that died early has rung already. */
		atomic_store(&d->control->parent_rung, 0);
	}
	if (started == 1) {
		struct sandbox *s = &d->setup.worker.sandbox;
		(void)sandbox_do_without(s, s->layers & ~atomic_load(&d->control->layers));
		deaths_check(d); /* of whom that ring may have told */
		return 0;
	}
	int error = started == 2 ? atomic_load(&d->control->failure_error) : EIO;
	if (started == 2 && d->control->error_text[0] != '\0')
		return error_set(to, error, "%s", d->control->error_text);
	if (started == 2)
		return error_set(to, error, "cannot start worker %u of %u: %s",
		    (unsigned)atomic_load(&d->control->workers_started) + 1, d->workers,
		    strerror(error));
	return error_set(to, error, "the supervisor ended before its first worker was started");
}

/* Have every process of the pool end, and reap the supervisor. */
static void
processes_end(struct dispatcher *d)
{
	int64_t until = clock_after(clock_after(clock_now(), d->setup.grace_ns), CLOSE_EXTRA_NS);
	int passed, heard = 0;

	atomic_store(&d->control->stop, 1);
	supervisor_ring(d);
	while (d->socket != -1 && heard != -1 && clock_now() < until) {
		struct pollfd fd = { .fd = d->socket, .events = POLLIN };
		(void)poll(&fd, 1, clock_poll_ms(until, clock_now()));
		while ((heard = fd_heard(d->socket, &passed)) == 1)
			continue;
	}
	fd_close(&d->socket);
	/* Orderly, it is ending by now; if it was stopped, or killed before, its workers go with it. */
	if (d->supervisor != 0 && heard != -1 && waitpid(d->supervisor, NULL, WNOHANG) == 0)
		(void)kill(d->supervisor, SIGKILL);
	while (d->supervisor != 0 && waitpid(d->supervisor, NULL, 0) == -1 && errno == EINTR)
		continue;
	d->supervisor = 0;
	cgroup_remove(&d->setup.worker.sandbox.cgroup, d->slots); /* it may not have come to that */
	/* When the last worker is gone each results pipe is at its end. */
	until = clock_after(clock_now(), CLOCK_S);
	for (unsigned i = 0; i < d->slots; i++) {
		struct wire_packet packet;
		ssize_t n = 0;
		while (d->results[i].fd != -1 && clock_now() < until) {
			n = packet_pipe_read(d->results[i].fd, &packet);
			if (n == -1 && errno != EINTR)
				break;
			struct pollfd fd = { .fd = d->results[i].fd, .events = POLLIN };
			if (n == 0)
				(void)poll(&fd, 1, clock_poll_ms(until, clock_now()));
		}
	}
}

struct forkpool *
forkpool_open(const struct forkpool_options *given, char *error, size_t error_size)
{
	struct error_text to = { .text = error, .size = error != NULL ? error_size : 0 };
	struct forkpool_options o;
	struct forkpool_sandbox sandbox;
	struct forkpool *pool;

	if (pool_options_take(&o, &sandbox, given, &to) == -1)
		return NULL;
	pool = aligned_alloc(alignof(struct forkpool),
	    (sizeof *pool + alignof(struct forkpool) - 1) / alignof(struct forkpool) *
		alignof(struct forkpool));
	if (pool == NULL) {
		(void)error_set(&to, ENOMEM, "no memory for the pool");
		return NULL;
	}
	memset(pool, 0, sizeof *pool);
	struct dispatcher *d = &pool->d;
	d->processors = processors_online();
	d->workers = o.workers > 0 ? o.workers : d->processors;
	d->queue_limit = o.queue_limit > 0 ? o.queue_limit : 1024 + 16 * (size_t)d->workers;
	d->timeout_ns = o.timeout_ns > 0 ? o.timeout_ns : 0;
	d->value_max = o.max_value_len > 0 ? o.max_value_len : VALUE_MAX_DEFAULT;
	if (o.output == FORKPOOL_OUTPUT_CAPTURE)
		d->output_max = o.limits.output > 0 ? (uint64_t)o.limits.output : d->value_max;
	d->max_attempts = o.max_attempts > 0 ? o.max_attempts : 1;
	d->retry_on = o.retry_on != 0 ? o.retry_on : RETRY_DEFAULT;
	d->ordered = o.ordered != 0;
	d->arena.fd = d->spool.fd = d->socket = -1;
	d->job_pipe[0] = d->job_pipe[1] = d->bell[0] = d->bell[1] = -1;
	d->next_ticket = d->next_seq = d->next_out = 1;
	d->tick_at = d->deadline = CLOCK_NEVER;
	STAILQ_INIT(&d->ready);

	crash_prepare();
	sandbox_init(&d->setup.worker.sandbox, o.isolation);
	if (descriptors_take(&d->setup.worker.descriptors, o.descriptors, to.text, to.size) == -1 ||
	    (o.isolation != FORKPOOL_ISOLATE_WORKER &&
		sandbox_prepare(&d->setup.worker.sandbox, &o, to.text, to.size) == -1) ||
	    environment_copy(&d->setup.worker.environment, o.environment, &to) == -1 ||
	    parts_make(pool, &to) == -1) {
		pool_free(pool);
		return NULL;
	}
	offers_size(d);
	setup_fill(pool, &o);
	atomic_store(&d->control->workers_wanted, d->workers);
	d->slots = d->workers;
	for (unsigned i = 0; i < d->slots; i++)
		d->results[i].fd = -1;
	d->setup.first = 1;
	int begun = supervisor_begin(d);
	/* Where the supervisor has said what it lacks, that is the reason, and not that it is gone. */
	if (begun == -1 && atomic_load(&d->control->started) == 0 ?
	    error_set(&to, errno, "%s", d->failure_text) == -1 : workers_await(d, &to) == -1) {
		int saved = errno;
		processes_end(d);
		pool_free(pool);
		errno = saved;
		return NULL;
	}
	d->setup.first = 0;
	pool->magic = POOL_MAGIC;
	canary_mark(&pool->canary, CANARY_CALLER);
	return pool;
}

int
forkpool_close(struct forkpool *pool)
{
	if (pool == NULL)
		return 0;
	if (pool_check(pool) == -1)
		return -1;
	pool_take_back(pool);
	processes_end(&pool->d);
	pool_free(pool);
	return 0;
}
