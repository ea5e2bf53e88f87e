/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions that tell numbers: of the library, of the pool, and of one worker. */
#include "config.h"
#include "lib/pool/pool.h"

#include <errno.h>
#include <string.h>

#include "lib/os/clock.h"
#include "lib/os/processors.h"
#include "lib/pool/sized.h"

const char *
forkpool_version(void)
{
	return PACKAGE_VERSION;
}

unsigned
forkpool_processors(void)
{
	return processors_usable();
}

int
forkpool_get_stats_sized(const struct forkpool *pool, struct forkpool_stats *stats,
    size_t stats_size)
{
	if (pool_check(pool) == -1)
		return -1;
	const struct dispatcher *d = &pool->d;
	struct forkpool_stats now = {
		.submitted = pool->next_seq - 1,
		.delivered = pool->next_seq - 1 - d->jobs.pending,
		.retries = d->ended.retries,
		.reoffers = d->out.reoffers,
		.workers_started = d->health.workers_started,
		.workers_died = d->health.workers_died,
		.queued = d->jobs.queued,
	};

	memcpy(now.by_outcome, pool->by_outcome, sizeof now.by_outcome);
	if (!d->health.recovering) {
		now.workers_started += atomic_load(&d->control->workers_started);
		now.workers_died += atomic_load(&d->control->workers_died);
	}
	INFLIGHT_FOREACH(d, entry) {
		if (claim_state(atomic_load(shared_claim(d->shared, entry))) == CLAIM_OFFERED)
			now.queued++;
		else
			now.running++;
	}
	for (unsigned i = 0; i < d->link.slots; i++)
		now.workers_alive += atomic_load(&d->control->slot[i].pid) != 0;
	return sized_give(stats, stats_size, &now, sizeof now);
}

unsigned
forkpool_layers(const struct forkpool *pool)
{
	return pool_check(pool) == -1 ? 0 : pool->d.link.setup.worker.sandbox.layers;
}

unsigned
forkpool_mechanisms(const struct forkpool *pool)
{
	return pool_check(pool) == -1 ? 0 : pool->d.link.setup.worker.sandbox.mechanisms;
}

/* The time by the clock of a worker, which stands still while the pool is suspended. */
static int64_t
now_of(const struct dispatcher *d, const struct shared_slot *slot)
{
	int64_t paused = atomic_load(&slot->paused_ns);

	if (d->loop.suspended)
		return clock_can_be(paused) ? d->loop.suspended_at - paused : 0;
	return clock_can_be(paused) ? clock_now() - paused : 0;
}

int
forkpool_worker_info_sized(const struct forkpool *pool, unsigned worker,
    struct forkpool_worker_info *info, size_t info_size)
{
	if (pool_check(pool) == -1)
		return -1;
	const struct dispatcher *d = &pool->d;
	if (worker >= d->link.slots) {
		errno = EINVAL;
		return -1;
	}
	struct shared_slot *slot = shared_slot(d->shared, worker);
	struct forkpool_worker_info now = {
		.pid = atomic_load(&d->control->slot[worker].pid),
		.jobs_done = atomic_load(&slot->runs),
	};
	now.initialising = now.pid != 0 && atomic_load(&slot->ready) != READY_IS;
	uint64_t ticket = atomic_load(&slot->run_ticket);
	uint32_t entry = atomic_load(&slot->run_entry);
	int64_t started = atomic_load(&slot->run_started);
	const struct job *job = job_table_at(&d->jobs, entry);

	if (now.pid != 0 && ticket != 0 && job != NULL && job->state == JOB_OFFERED &&
	    job->ticket == ticket &&
	    claim_state(atomic_load(shared_claim(d->shared, entry))) >= CLAIM_CLAIMED) {
		now.busy = 1;
		now.seq = job->seq;
		if (job->id_len > 0)
			strncat(now.id, job->id, sizeof now.id - 1);
		now.run_ns = clock_since(started, now_of(d, slot));
		_Atomic uint64_t *progress = jobs_have_own_process(&d->link.setup.worker) ?
		    mailboxes_at(d->link.setup.worker.mailboxes, worker)->progress :
		    slot->progress;
		now.progress_done = atomic_load(&progress[0]);
		now.progress_total = atomic_load(&progress[1]);
		if (now.jobs_done > 0)
			now.jobs_done--; /* the one that runs is not done */
	}
	return sized_give(info, info_size, &now, sizeof now);
}
