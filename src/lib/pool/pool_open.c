/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a pool, and closing it: what it is made of, in the order in which it is needed. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/dispatch/deaths.h"
#include "lib/dispatch/offers.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/job/crash.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/pool/pool_options.h"

/* What a worker_init() gets where the options do not say: it may load models or connect. */
#define INIT_TIMEOUT_NS (60 * CLOCK_S)

/* Job records: one more than may be pending, for the result that the caller has. */
static uint32_t
pool_entries(const struct dispatcher *d)
{
	return (uint32_t)d->options.queue_limit + 1;
}

static void
pool_free(struct forkpool *pool)
{
	struct dispatcher *d = &pool->d;
	int error = errno;

	kept_free(pool->value);
	kept_free(pool->message);
	free(pool->backtrace);
	symbols_release(&pool->symbols);
	dispatcher_release(d);
	arena_close(&d->arena);
	spool_reader_release(&d->values.reader);
	spool_close(&d->values.spool);
	fd_close(&d->link.setup.worker.null);
	fd_close(&d->job_pipe[0]);
	fd_close(&d->job_pipe[1]);
	fd_close(&d->bell[0]);
	fd_close(&d->bell[1]);
	environment_free(d->link.setup.worker.environment);
	descriptors_release(&d->link.setup.worker.descriptors);
	sandbox_release(&d->link.setup.worker.sandbox);
	mailboxes_destroy(d->link.setup.worker.mailboxes);
	shared_destroy(d->shared, pool_entries(d));
	control_destroy(d->control);
	canary_destroy(&pool->canary);
	pool->magic = 0;
	free(pool);
	errno = error;
}

static int
null_open(int *null, const struct error_text *to)
{
	*null = fd_raise(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (*null != -1)
		return 0;
	return errno == ENOENT ?
	    error_set(to, ENOENT, "/dev/null is missing: workers have it as standard input") :
	    error_set(to, errno, "cannot open /dev/null, the workers' standard input: %s",
		strerror(errno));
}

/* Make memory and descriptors, in the order in which they are needed.  On -1 pool_free() frees what
   was made so far. */
static int
parts_make(struct forkpool *pool, const struct error_text *to)
{
	struct dispatcher *d = &pool->d;
	uint32_t entries = pool_entries(d);

	if (canary_create(&pool->canary) == -1 || (d->shared = shared_create(entries)) == NULL ||
	    (d->control = control_create()) == NULL)
		return error_set(to, errno, "cannot map memory to share with the workers: %s",
		    strerror(errno));
	if (jobs_have_own_process(&d->link.setup.worker) &&
	    (d->link.setup.worker.mailboxes = mailboxes_create()) == NULL)
		return error_set(to, errno,
		    "cannot map memory to share with the jobs' processes: %s", strerror(errno));
	if (dispatcher_allocate(d, entries) == -1)
		return error_set(to, ENOMEM, "no memory for a queue of %zu jobs",
		    d->options.queue_limit);
	if (arena_open(&d->arena) == -1)
		return error_set(to, errno, "cannot make the file for large arguments: %s",
		    strerror(errno));
	d->arena.wipes = jobs_have_own_process(&d->link.setup.worker);
	if (spool_open(&d->values.spool, d->options.value_max, d->options.output_max) == -1)
		return error_set(to, errno, "cannot make the file for large values: %s",
		    strerror(errno));
	spool_reader_init(&d->values.reader, &d->values.spool);
	if (packet_pipe_open(d->job_pipe) == -1)
		return error_set(to, errno, "cannot make the job pipe: %s", strerror(errno));
	if (fd_set_nonblocking(d->job_pipe[1], 1) == -1)
		return error_set(to, errno, "cannot make the job pipe: %s", strerror(errno));
	packet_pipe_reserve(d->job_pipe[1], d->link.workers * 4);
	if (null_open(&d->link.setup.worker.null, to) == -1)
		return -1;
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

/* Fill in what the supervisor and the workers are told at their birth. */
static void
setup_fill(struct forkpool *pool, const struct forkpool_options *o)
{
	struct dispatcher *d = &pool->d;
	struct worker_setup *worker = &d->link.setup.worker;

	d->link.setup.grace_ns = worker->grace_ns = o->grace_ns > 0 ? o->grace_ns : CLOCK_S;
	worker->shared = d->shared;
	worker->entries = pool_entries(d);
	worker->control = d->control;
	worker->canary = pool->canary;
	worker->spool = d->values.spool;
	worker->job_pipe = d->job_pipe[0];
	worker->arena_fd = d->arena.fd;
	worker->timeout_ns = d->options.timeout_ns;
	worker->value_max = (size_t)d->options.value_max;
	worker->output_max = d->options.output_max;
	worker->jobs_per_worker = o->jobs_per_worker;
	worker->output = o->output;
	worker->limits = o->limits;
	worker->executes = o->executes != 0;
	/* Of a caller that cannot be dumped, no copy is either. */
	worker->core_dumps = o->core_dumps && os_may_dump();
	worker->init_timeout_ns = o->init_timeout_ns != 0 ? o->init_timeout_ns : INIT_TIMEOUT_NS;
	worker->job_exit = o->job_exit;
	worker->init = o->worker_init;
	worker->exit = o->worker_exit;
	worker->arg = o->worker_arg;
	(void)getrlimit(RLIMIT_NOFILE, &worker->open_files);
}

/* Wait until the first workers run: 0, or -1. */
static int
workers_await(struct dispatcher *d, const struct error_text *to)
{
	uint32_t started;
	int heard = 0;

	while ((started = atomic_load(&d->control->started)) == 0 && heard != -1) {
		struct pollfd fd = { .fd = d->link.socket, .events = POLLIN };
		(void)poll(&fd, 1, -1);
		heard = supervisor_link_hear(&d->link);
		/* Clear this before the next look: a worker that died early has rung already. */
		atomic_store(&d->control->parent_rung, 0);
	}
	if (started == 1) {
		/* Another supervisor, should this one be killed, is to do with the same. */
		sandbox_settle(&d->link.setup.worker.sandbox, atomic_load(&d->control->layers),
		    atomic_load(&d->control->mechanisms));
		deaths_check(d); /* that ring may have told of a death */
		return 0;
	}
	int error = started == 2 ? atomic_load(&d->control->failure_error) : EIO;
	if (started == 2 && d->control->error_text[0] != '\0')
		return error_set(to, error, "%s", d->control->error_text);
	if (started == 2)
		return error_set(to, error, "cannot start worker %u of %u: %s",
		    (unsigned)atomic_load(&d->control->workers_started) + 1, d->link.workers,
		    strerror(error));
	return error_set(to, error, "the supervisor ended before its first worker was started");
}

/* Start the supervisor and, through it, the workers: 0, or -1. */
static int
processes_start(struct dispatcher *d, const struct error_text *to)
{
	int r;

	atomic_store(&d->control->workers_wanted, d->link.workers);
	d->link.setup.first = 1;
	r = supervisor_link_start(&d->link);
	/* If the supervisor has said what it lacks, that is the reason, and not that it is gone. */
	if (r == -1 && atomic_load(&d->control->started) == 0)
		r = error_set(to, errno, "%s", d->link.error_text);
	else
		r = workers_await(d, to);
	d->link.setup.first = 0;
	if (r == -1) {
		int error = errno;
		supervisor_link_close(&d->link);
		errno = error;
	}
	return r;
}

/* A pool with nothing in it; NULL: no memory. */
static struct forkpool *
pool_new(const struct forkpool_options *o)
{
	const size_t align = alignof(struct forkpool);
	struct forkpool *pool = aligned_alloc(align, (sizeof *pool + align - 1) / align * align);
	struct dispatch_options options;

	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof *pool);
	pool->next_seq = 1;
	pool_options_fill(&options, o);
	dispatcher_init(&pool->d, &options);
	return pool;
}

struct forkpool *
forkpool_open_sized(const struct forkpool_options *options, size_t options_size,
    size_t sandbox_size, char *error, size_t error_size)
{
	const struct options_given given = {
		.options = options, .options_size = options_size, .sandbox_size = sandbox_size,
	};
	struct error_text to = { .text = error, .size = error != NULL ? error_size : 0 };
	struct forkpool_options o;
	struct forkpool_sandbox sandbox;

	if (pool_options_take(&o, &sandbox, &given, &to) == -1)
		return NULL;
	struct forkpool *pool = pool_new(&o);
	if (pool == NULL) {
		(void)error_set(&to, ENOMEM, "no memory for the pool");
		return NULL;
	}
	struct worker_setup *worker = &pool->d.link.setup.worker;
	crash_prepare();
	symbols_take(&pool->symbols);
	sandbox_init(&worker->sandbox, o.isolation);
	if (descriptors_take(&worker->descriptors, o.descriptors, to.text, to.size) == -1 ||
	    (o.isolation != FORKPOOL_ISOLATE_WORKER &&
		sandbox_prepare(&worker->sandbox, &o, to.text, to.size) == -1) ||
	    environment_copy(&worker->environment, o.environment, &to) == -1 ||
	    parts_make(pool, &to) == -1) {
		pool_free(pool);
		return NULL;
	}
	offers_size(&pool->d);
	setup_fill(pool, &o);
	if (processes_start(&pool->d, &to) == -1) {
		pool_free(pool);
		return NULL;
	}
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
	supervisor_link_close(&pool->d.link);
	pool_free(pool);
	return 0;
}
