/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of tasks that wait.  Each is kept as a job, since only a job can own a channel. */
#include "config.h"
#include "tool/run/tasks_waiting.h"

void
tasks_waiting_add(struct tasks_waiting *waiting, struct task *task, struct channel *channel)
{
	struct job *job = job_new(task);

	job->channel = channel;
	if (channel != NULL)
		channel->owner = job;
	if (waiting->first == NULL)
		waiting->first = job;
	else
		waiting->last->next = job;
	waiting->last = job;
}

struct task *
tasks_waiting_take(struct tasks_waiting *waiting, struct channel **channel)
{
	struct job *job = waiting->first;

	if (job == NULL)
		return NULL;
	waiting->first = job->next;
	if (job->channel != NULL) {
		*channel = job->channel;
		(*channel)->owner = NULL;
	}
	struct task *task = job->task;
	job->task = NULL;
	job_free(job);
	return task;
}
