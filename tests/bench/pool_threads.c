/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_threads.c - many threads that submit, by way of a queue and the one thread that has the pool
 * (examples/09-threads.c says why).  Each keeps many requests under way.
 */
#include "stream.h"

#include <pthread.h>

#define WINDOW 64u /* requests under way, of each thread */

struct request {
	struct submitter *from;
	struct request   *next;
	uint64_t i;
	int      done;
};

struct submitter {
	struct service *service;
	pthread_t       thread;
	pthread_cond_t  changed;
	struct request  window[WINDOW];
	uint64_t        first, n;
};

enum taker { BUSY, SLEEPS, WAITS };

struct service {
	struct forkpool *pool;
	pthread_mutex_t  mutex;
	pthread_cond_t   wanted;
	struct request  *first, **end;
	enum taker       taker;
	int              closing;
	struct stream    seen; /* the taker's: what has come */
};

static void
hand_in(struct service *s, struct request *r)
{
	r->done = 0;
	r->next = NULL;
	pthread_mutex_lock(&s->mutex);
	*s->end = r;
	s->end = &r->next;
	if (s->taker == SLEEPS)
		pthread_cond_signal(&s->wanted);
	else if (s->taker == WAITS)
		forkpool_wakeup(s->pool);
	s->taker = BUSY;
	pthread_mutex_unlock(&s->mutex);
}

static void *
submitter_main(void *arg)
{
	struct submitter *me = arg;
	struct service *s = me->service;

	for (uint64_t sent = 0, got = 0; got < me->n; got++) {
		for (; sent < me->n && sent - got < WINDOW; sent++) {
			struct request *r = &me->window[sent % WINDOW];

			r->from = me;
			r->i = me->first + sent;
			hand_in(s, r);
		}
		pthread_mutex_lock(&s->mutex);
		while (!me->window[got % WINDOW].done)
			pthread_cond_wait(&me->changed, &s->mutex);
		pthread_mutex_unlock(&s->mutex);
	}
	return NULL;
}

static void
deliver(struct service *s, const struct forkpool_result *result)
{
	struct request *r = result->user;
	struct forkpool_result numbered = *result;

	numbered.user = (void *)(uintptr_t)r->i;
	stream_consume(&numbered, &s->seen);
	pthread_mutex_lock(&s->mutex);
	r->done = 1;
	pthread_cond_signal(&r->from->changed);
	pthread_mutex_unlock(&s->mutex);
}

/* What is in the queue; waits where there is nothing else to do.  0: no more will come. */
static int
take(struct service *s, struct request **list)
{
	pthread_mutex_lock(&s->mutex);
	while (s->first == NULL && forkpool_pending(s->pool) == 0 && !s->closing) {
		s->taker = SLEEPS;
		pthread_cond_wait(&s->wanted, &s->mutex);
	}
	int more = s->first != NULL || forkpool_pending(s->pool) > 0;

	*list = s->first;
	s->first = NULL;
	s->end = &s->first;
	s->taker = WAITS;
	pthread_mutex_unlock(&s->mutex);
	return more;
}

static void *
taker_main(void *arg)
{
	struct service *s = arg;
	const struct forkpool_result *result;
	struct request *list;

	while (take(s, &list)) {
		for (struct request *r = list, *next; r != NULL; r = next) {
			const struct forkpool_job job = { .fn = run_value, .args = &r->i,
				.args_len = sizeof r->i, .user = r };

			next = r->next;
			if (forkpool_submit(s->pool, &job, NULL) != 1)
				die("forkpool_submit: %s", strerror(errno));
		}
		int got = forkpool_wait(s->pool, &result, -1);

		for (; got == 1; got = forkpool_next(s->pool, &result))
			deliver(s, result);
		if (got < 0)
			die("taking a result: %s", strerror(errno));
	}
	return NULL;
}

static int64_t
threads_run(struct forkpool *pool, uint64_t n, unsigned threads)
{
	struct service s = { .pool = pool, .mutex = PTHREAD_MUTEX_INITIALIZER,
		.wanted = PTHREAD_COND_INITIALIZER, .end = &s.first,
		.seen = { .n = n / threads * threads } };
	struct submitter *all = allocate(threads, sizeof *all);
	pthread_t taker;
	const int64_t start = now_ns();

	if (pthread_create(&taker, NULL, taker_main, &s) != 0)
		die("no thread");
	for (unsigned i = 0; i < threads; i++) {
		all[i].service = &s;
		all[i].n = n / threads;
		all[i].first = i * all[i].n;
		pthread_cond_init(&all[i].changed, NULL);
		if (pthread_create(&all[i].thread, NULL, submitter_main, &all[i]) != 0)
			die("no thread");
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(all[i].thread, NULL);
	const int64_t elapsed = now_ns() - start;

	pthread_mutex_lock(&s.mutex);
	s.closing = 1;
	pthread_cond_signal(&s.wanted);
	forkpool_wakeup(pool);
	pthread_mutex_unlock(&s.mutex);
	pthread_join(taker, NULL);
	stream_finish(&s.seen);
	free(all);
	return elapsed;
}

void
bench_threads(uint64_t n, unsigned workers, unsigned threads)
{
	const struct forkpool_options options = { .workers = workers,
		.queue_limit = (size_t)WINDOW * threads };
	char error[256];
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);

	if (pool == NULL)
		die("forkpool_open: %s", error);
	threads_run(pool, n / 10 + threads, threads);
	emit("rate", (double)n * 1e9 / (double)threads_run(pool, n, threads), "jobs/s");
	close_pool(pool);
}
