/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of jobs that wait. */
#include "config.h"
#include "tool/run/jobs_waiting.h"

void
jobs_waiting_add(struct jobs_waiting *waiting, struct job *job)
{
	job->next = NULL;
	if (waiting->first == NULL)
		waiting->first = job;
	else
		waiting->last->next = job;
	waiting->last = job;
}

struct job *
jobs_waiting_take(struct jobs_waiting *waiting)
{
	struct job *job = waiting->first;

	if (job != NULL)
		waiting->first = job->next;
	return job;
}
