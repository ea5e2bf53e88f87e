/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of results: taken from a frame, or fetched from the spool. */
#include "config.h"
#include "lib/dispatch/result_value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/os/os.h"

void *
spool_fetch(struct dispatcher *d, unsigned worker, unsigned parity, uint64_t offset, uint64_t len)
{
	char *data = kept_alloc(&d->jobs.heap, (size_t)len + 1);

	if (data == NULL)
		return NULL;
	if (spool_read(&d->values.reader, worker, parity, offset, data, (size_t)len) == -1) {
		int error = errno;
		kept_free(data);
		errno = error;
		return NULL;
	}
	data[len] = '\0';
	return data;
}

void
spool_taken(struct dispatcher *d, unsigned worker, unsigned parity)
{
	_Atomic uint32_t *taken = &shared_slot(d->shared, worker)->values_taken[parity];

	atomic_store(taken, ++d->values.taken[worker][parity]);
	os_word_wake(taken);
}

void
spool_taken_mend(struct dispatcher *d)
{
	for (unsigned i = 0; i < d->link.slots; i++) {
		for (unsigned parity = 0; parity < 2; parity++) {
			_Atomic uint32_t *taken = &shared_slot(d->shared, i)->values_taken[parity];
			uint32_t is = d->values.taken[i][parity];
			if (atomic_load_explicit(taken, memory_order_relaxed) == is)
				continue;
			atomic_store(taken, is);
			os_word_wake(taken);
		}
	}
}

void
spool_taken_forget(struct dispatcher *d, unsigned worker, unsigned parity)
{
	d->values.taken[worker][parity] = 0;
}

static void
value_lost(struct dispatcher *d, struct job *job)
{
	char message[200];

	(void)snprintf(message, sizeof message, "its value could not be received: %s",
	    strerror(errno));
	job->outcome = FORKPOOL_LOST;
	job->value_len = 0;
	job_message(&d->jobs, job, message, strlen(message));
}

void
value_fetch(struct dispatcher *d)
{
	struct job *job = d->values.unfetched;

	if (job == NULL)
		return;
	d->values.unfetched = NULL;
	job->value_in_spool = 0;
	job->value = spool_fetch(d, job->worker, job->parity, job->value_offset, job->value_len);
	if (job->value == NULL)
		value_lost(d, job);
	else
		job->owns |= JOB_OWNS_VALUE;
	spool_taken(d, job->worker, job->parity);
}

void
value_read(struct dispatcher *d, struct job *job, void *to)
{
	if (spool_read(&d->values.reader, job->worker, job->parity, job->value_offset, to,
		(size_t)job->value_len) == -1) {
		value_fetch(d); /* the worker truncated its spool file: fails, and records that */
		return;
	}
	d->values.unfetched = NULL;
	job->value = to;
	spool_taken(d, job->worker, job->parity);
}

void
value_take(struct dispatcher *d, struct job *job, const struct wire_result *frame)
{
	job->value_len = frame->value_len;
	if (frame->value == NULL && frame->value_len > 0) {
		job->value_offset = frame->value_offset;
		job->value_in_spool = 1;
		/* A value that is handed out next, and is the only one, may stay in the spool:
		   the caller reads it from there. */
		bool stays = d->values.unfetched == NULL && !d->options.ordered &&
		    frame->output_len == 0;
		value_fetch(d);
		d->values.unfetched = job;
		if (!stays)
			value_fetch(d);
		return;
	}
	if (frame->value_len <= JOB_ROOM) {
		memcpy(job->room, frame->value, (size_t)frame->value_len);
		job->value = job->room;
		return;
	}
	job->value = kept_alloc(&d->jobs.heap, (size_t)frame->value_len);
	if (job->value == NULL) {
		value_lost(d, job);
		return;
	}
	memcpy(job->value, frame->value, (size_t)frame->value_len);
	job->owns |= JOB_OWNS_VALUE;
}
