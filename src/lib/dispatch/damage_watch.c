/* SPDX-License-Identifier: BSD-2-Clause */
/* Damage to the shared memory: claims that cannot be, runs that are not ended, words mended. */
#include "config.h"
#include "lib/dispatch/damage_watch.h"

#include "lib/dispatch/job_end.h"
#include "lib/dispatch/offers.h"
#include "lib/dispatch/result_value.h"
#include "lib/ipc/packet_pipe.h"
#include "lib/os/os.h"

/* How often to look, at most. */
#define LOOK_NS (100 * CLOCK_MS)
/* A claim that nothing bears out may be so for a moment; no longer than this. */
#define MOMENT_NS (2 * CLOCK_S)
/* The supervisor ends a run when its time and its grace are over.  After this much more it is not
   going to: the memory that tells it which run that is has been written over. */
#define OVERDUE_NS (3 * CLOCK_S)

/* The process of that parity in the slot: its generation; 0: there is none, nor an obituary that
   the caller has not read. */
static uint32_t
process_of(const struct dispatcher *d, unsigned worker, unsigned parity)
{
	const struct control_slot *slot = &d->control->slot[worker];
	uint32_t generation = atomic_load(&slot->generation);

	if (generation == 0)
		return 0;
	if (atomic_load(&slot->obituary[parity].full))
		return (generation & 1) == parity ? generation : generation - 1;
	/* The supervisor sets the second word only when it has forked the process. */
	bool lives = (generation & 1) == parity &&
	    (atomic_load(&slot->pid) != 0 || atomic_load(&slot->last_pid[parity]) == 0);
	return lives ? generation : 0;
}

/* Whether the word can be the claim of a worker that has or had that attempt of the job. */
static bool
names_worker(const struct dispatcher *d, const struct job *job, uint64_t word)
{
	return claim_ticket(word) == job->ticket && claim_state(word) >= CLAIM_CLAIMED &&
	    claim_state(word) <= CLAIM_CANCELLED && claim_worker(word) < d->link.slots;
}

static void
kill_worker(struct dispatcher *d, unsigned worker, unsigned parity)
{
	uint32_t generation = process_of(d, worker, parity);

	if (generation != 0)
		supervisor_link_kill(&d->link, worker, generation);
}

/* Nobody can tell who is at the run of a job that was lost: kill each worker that has no job by a
   sound claim. */
static void
kill_suspects(struct dispatcher *d)
{
	uint64_t busy[SHARED_WORKERS_MAX / 64] = { 0 };

	INFLIGHT_FOREACH(d, entry) {
		uint64_t word = atomic_load(shared_claim(d->shared, entry));
		unsigned worker = claim_worker(word);
		if (names_worker(d, job_table_at(&d->jobs, entry), word))
			busy[worker / 64] |= UINT64_C(1) << worker % 64;
	}
	for (unsigned i = 0; i < d->link.slots; i++)
		if ((busy[i / 64] >> i % 64 & 1) == 0)
			kill_worker(d, i, atomic_load(&d->control->slot[i].generation) & 1);
}

/* The job's claim is not, or no longer, what a worker can have left.  Whoever had it by the last
   claim that was seen is killed; false: nobody was seen. */
static bool
job_lose(struct dispatcher *d, struct job *job)
{
	static const char text[] = "its claim in the pool's memory was written over by another job";
	uint64_t last = d->damage.seen[job->entry].word;
	bool is_known = names_worker(d, job, last);

	if (is_known)
		kill_worker(d, claim_worker(last), claim_parity(last));
	inflight_remove(d, job);
	job_reset_result(job);
	atomic_store(shared_claim(d->shared, job->entry), CLAIM_FREE);
	job->attempts++;
	job_message(&d->jobs, job, text, sizeof text - 1);
	job_end(d, job, FORKPOOL_LOST);
	return is_known;
}

/* The run is under way, by its own word, and should be over: kill its worker, whose death ends the
   job as that word says. */
static void
overdue_end(struct dispatcher *d, struct job *job, uint64_t word)
{
	unsigned worker = claim_worker(word), parity = claim_parity(word);

	if (claim_state(word) == CLAIM_CLAIMED)
		(void)atomic_compare_exchange_strong(shared_claim(d->shared, job->entry), &word,
		    claim_make(job->ticket, worker, parity, CLAIM_TIMED_OUT));
	kill_worker(d, worker, parity);
}

/* How long a claim may stay as it is while its run goes on. */
static int64_t
run_allowed(const struct dispatcher *d, const struct job *job, enum claim_state state)
{
	int64_t grace = clock_after(d->link.setup.grace_ns, OVERDUE_NS);

	if (state != CLAIM_CLAIMED)
		return grace;
	return job->timed ? clock_after(timeout_of(d, job), grace) : CLOCK_NEVER;
}

/* Whether no result is on its way: neither in the pipe nor, since that was last found empty, in the
   worker's outbox, which results_peek() would have read. */
static bool
nothing_comes(const struct results_pipe *pipe)
{
	return pipe->fd == -1 || (!pipe->hot && packet_pipe_holds(pipe->fd) == 0);
}

/* False: the job was lost, and nobody knows to whom. */
static bool
claim_look(struct dispatcher *d, struct job *job, int64_t now)
{
	struct claim_seen *seen = &d->damage.seen[job->entry];
	claim_word *claim = shared_claim(d->shared, job->entry);
	uint64_t word = atomic_load(claim);
	enum claim_state state = claim_state(word);
	unsigned worker = claim_worker(word), parity = claim_parity(word);

	if (word == claim_make(job->ticket, 0, 0, CLAIM_OFFERED))
		return true;
	if (!names_worker(d, job, word))
		return job_lose(d, job);
	if (seen->word != word) {
		*seen = (struct claim_seen){ .word = word, .since = now };
		return true;
	}
	int64_t age = now - seen->since;
	bool runs = atomic_load(&shared_slot(d->shared, worker)->run_ticket) == job->ticket;
	/* A worker settles the claim before it says that the run is over.  Where it has died and
	   the caller has not read that yet, its obituary ends the job. */
	if (atomic_load(claim) != word || age < MOMENT_NS ||
	    atomic_load(&d->control->slot[worker].obituary[parity].full))
		return true;
	if (process_of(d, worker, parity) == 0)
		return job_lose(d, job);
	if (runs && state != CLAIM_DONE && age >= run_allowed(d, job, state))
		overdue_end(d, job, word);
	else if (!runs && (state == CLAIM_CLAIMED || nothing_comes(&d->link.results[worker])))
		return job_lose(d, job); /* it has no result that could still come */
	return true;
}

void
damage_paused(struct dispatcher *d, int64_t pause_ns)
{
	INFLIGHT_FOREACH(d, entry)
		d->damage.seen[entry].since += pause_ns;
}

void
damage_look(struct dispatcher *d, int64_t now)
{
	bool all_known = true;

	/* While there is no supervisor, deaths_recover() sees to each claim. */
	if (now < d->damage.look_at || d->link.socket == -1)
		return;
	d->damage.look_at = clock_after(now, LOOK_NS);
	offers_mend(d);
	spool_taken_mend(d);
	if (atomic_load(&d->shared->pool_deadline) != d->loop.deadline)
		atomic_store(&d->shared->pool_deadline, d->loop.deadline);
	if (atomic_exchange(&d->shared->suspended, d->loop.suspended) != d->loop.suspended)
		os_word_wake(&d->shared->suspended);
	if (d->loop.suspended)
		return; /* no claim is as it should be by now */
	INFLIGHT_FOREACH(d, entry)
		all_known &= claim_look(d, job_table_at(&d->jobs, entry), now);
	if (!all_known)
		kill_suspects(d);
}
