/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and frees jobs; freed ones are kept, so that a run needs as many as it has at a time. */
#include "config.h"
#include "tool/task/job.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"

static struct job *free_jobs;

struct job *
job_new(struct task *task)
{
	struct job *job = free_jobs;

	if (job != NULL)
		free_jobs = job->next;
	else if ((job = malloc(sizeof *job)) == NULL)
		fail_memory();
	*job = (struct job){ .task = task };
	output_buffer_init(&job->out);
	output_buffer_init(&job->err);
	return job;
}

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	output_buffer_clear(&job->out);
	output_buffer_clear(&job->err);
	task_free(job->task);
	free(job->texts);
	job->next = free_jobs;
	free_jobs = job;
}

void
job_keep_texts(struct job *job)
{
	struct outcome *e = &job->outcome;
	size_t limit = e->limit != NULL ? strlen(e->limit) + 1 : 0;
	size_t text = e->message != NULL ? strlen(e->message) + 1 : 0;

	if (limit + text <= 1) {
		e->message = "";
		return;
	}
	char *texts = malloc(limit + text);
	if (texts == NULL)
		fail_memory();
	if (limit > 0)
		e->limit = memcpy(texts, e->limit, limit);
	e->message = text > 0 ? memcpy(texts + limit, e->message, text) : "";
	free(job->texts);
	job->texts = texts;
}
