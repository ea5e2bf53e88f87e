/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many threads that need jobs done, and one pool: each thread asks, waits, and gets its own answer.
 *
 *	./09-threads [THREADS [JOBS]]
 *
 * A pool belongs to one thread at a time.  Here it belongs to one thread for good, the taker.  The
 * others put their requests into a queue of the program's own, and call forkpool_wakeup(), the one
 * function that any thread may call, which ends the taker's wait in forkpool_wait().
 *
 * The other way is a lock around the pool: who submits takes it, and the taker waits by poll() for
 * forkpool_fd() without it, and takes it for forkpool_dispatch() and forkpool_next().  That works,
 * but who submits may have to wait until results have been taken, and each job costs more system
 * calls.  We have measured both, with jobs that do nothing and two workers, on a busy machine of
 * two processors.  Where 1, 2, 4 or 16 threads have one request each, the queue gave 1.5 to 2.3
 * times as many jobs per second, for half the processor time; where each has many under way, the
 * two were alike.  A lock that is held during forkpool_wait() is no way at all: nobody can submit
 * then.
 *
 * The pool is opened before there are threads, so that no lock is held at that moment by a thread
 * that its workers do not have.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool.h>

/* What a thread wants to know; on its stack, until it is done. */
struct request {
	unsigned long   number, steps;
	enum forkpool_outcome outcome; /* OK: steps is the answer */
	int             done;
	pthread_cond_t  changed;
	struct request *next;
};

enum taker {
	BUSY,   /* it will look at the queue before it waits */
	SLEEPS, /* until wanted is signalled: the pool has no jobs */
	WAITS,  /* for a result; forkpool_wakeup() ends that */
};

struct service {
	struct forkpool *pool;  /* the taker's */
	pthread_mutex_t  mutex; /* for all that follows, and for done and changed of requests */
	pthread_cond_t   wanted;
	struct request  *first, **end;
	enum taker       taker;
	int              closing;
};

/* The job, run in a worker: how many steps a number takes to reach 1. */
static int
count_steps(struct forkpool_context *context, const void *args, size_t args_len)
{
	unsigned long n, steps = 0;

	if (args_len != sizeof n)
		return EINVAL;
	memcpy(&n, args, sizeof n);
	if (n == 0)
		abort(); /* it would never get there */
	for (; n != 1; n = n % 2 == 0 ? n / 2 : 3 * n + 1)
		steps++;
	return forkpool_reply(context, &steps, sizeof steps);
}

/* -------------------------------------------------------------------------- any thread */

static void
request_run(struct service *s, struct request *r)
{
	r->done = 0;
	r->next = NULL;
	pthread_cond_init(&r->changed, NULL);
	pthread_mutex_lock(&s->mutex);
	*s->end = r;
	s->end = &r->next;
	if (s->taker == SLEEPS)
		pthread_cond_signal(&s->wanted);
	else if (s->taker == WAITS)
		forkpool_wakeup(s->pool);
	s->taker = BUSY; /* once is enough: the next ones need not wake it again */
	while (!r->done)
		pthread_cond_wait(&r->changed, &s->mutex);
	pthread_mutex_unlock(&s->mutex);
	pthread_cond_destroy(&r->changed);
}

/* ---------------------------------------------------------------------------- the taker */

static void
request_end(struct service *s, struct request *r, enum forkpool_outcome outcome,
    const struct forkpool_result *result)
{
	pthread_mutex_lock(&s->mutex);
	r->outcome = outcome;
	if (outcome == FORKPOOL_OK && result->value_len == sizeof r->steps)
		memcpy(&r->steps, result->value, sizeof r->steps);
	r->done = 1;
	pthread_cond_signal(&r->changed); /* when the mutex is free, r may be gone */
	pthread_mutex_unlock(&s->mutex);
}

/* Add to the taker's own list what has come, and wait for it where there is nothing else to do.
   0: the service is closing, and all is done. */
static int
requests_take(struct service *s, struct request **own)
{
	pthread_mutex_lock(&s->mutex);
	while (s->first == NULL && *own == NULL && forkpool_pending(s->pool) == 0 && !s->closing) {
		s->taker = SLEEPS;
		pthread_cond_wait(&s->wanted, &s->mutex);
	}
	while (*own != NULL)
		own = &(*own)->next;
	*own = s->first;
	int more = s->first != NULL || forkpool_pending(s->pool) > 0 || !s->closing;
	s->first = NULL;
	s->end = &s->first;
	s->taker = WAITS; /* who comes from now on is to end the wait, also one that begins later */
	pthread_mutex_unlock(&s->mutex);
	return more;
}

static void *
taker_main(void *arg)
{
	struct service *s = arg;
	struct request *own = NULL; /* taken from the queue, not submitted */
	const struct forkpool_result *result;
	int got;

	while (requests_take(s, &own)) {
		int accepted = 1;
		while (own != NULL && accepted != 0) {
			struct request *r = own, *next = r->next;
			struct forkpool_job job = { .fn = count_steps, .args = &r->number,
				.args_len = sizeof r->number, .user = r };
			accepted = forkpool_submit(s->pool, &job, NULL);
			if (accepted == -1)
				request_end(s, r, FORKPOOL_LOST, NULL);
			if (accepted != 0) /* 0: the pool is full; take results first */
				own = next;
		}
		got = forkpool_wait(s->pool, &result, -1);
		for (; got == 1; got = forkpool_next(s->pool, &result))
			request_end(s, result->user, result->outcome, result);
		if (got == -1) {
			perror("forkpool_wait"); /* there is no memory; others wait for us */
			exit(1);
		}
	}
	return NULL;
}

/* --------------------------------------------------------------------------- the program */

struct asker {
	struct service *service;
	pthread_t       thread;
	unsigned long   first, jobs, answers, steps;
};

static void *
asker_main(void *arg)
{
	struct asker *a = arg;

	for (unsigned long i = 0; i < a->jobs; i++) {
		struct request r = { .number = a->first + i };
		request_run(a->service, &r);
		a->answers += r.outcome == FORKPOOL_OK;
		a->steps += r.outcome == FORKPOOL_OK ? r.steps : 0;
	}
	return NULL;
}

static int
threads_run(struct service *s, struct asker *askers, unsigned long n, unsigned long jobs)
{
	pthread_t taker;
	unsigned long started = 0;

	if (pthread_create(&taker, NULL, taker_main, s) != 0)
		return -1;
	for (; started < n; started++) {
		struct asker *a = &askers[started];
		*a = (struct asker){ .service = s, .first = started * jobs, .jobs = jobs };
		if (pthread_create(&a->thread, NULL, asker_main, a) != 0)
			break;
	}
	for (unsigned long i = 0; i < started; i++)
		pthread_join(askers[i].thread, NULL);
	pthread_mutex_lock(&s->mutex);
	s->closing = 1;
	pthread_cond_signal(&s->wanted);
	forkpool_wakeup(s->pool);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(taker, NULL);
	return started == n ? 0 : -1;
}

int
main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 4;
	unsigned long jobs = argc > 2 ? strtoul(argv[2], NULL, 10) : 250;
	struct forkpool_options options = { .workers = 2 };
	struct service service = { .mutex = PTHREAD_MUTEX_INITIALIZER,
		.wanted = PTHREAD_COND_INITIALIZER, .end = &service.first };
	struct asker *askers = calloc(n > 0 ? n : 1, sizeof *askers);
	char error[256];

	service.pool = askers != NULL ? forkpool_open(&options, error, sizeof error) : NULL;
	if (service.pool == NULL) {
		fprintf(stderr, "no pool: %s\n", askers != NULL ? error : "no memory");
		return 1;
	}
	int status = threads_run(&service, askers, n, jobs);
	/* From here on the pool is this thread's: the taker is gone. */
	for (unsigned long i = 0; i < n && status == 0; i++)
		printf("thread %lu: %lu of %lu answered, %lu steps\n", i, askers[i].answers,
		    askers[i].jobs, askers[i].steps);
	free(askers);
	return forkpool_close(service.pool) == 0 && status == 0 ? 0 : 1;
}
