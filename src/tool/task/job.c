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
	job_free(job->before);
	output_buffer_clear(&job->out);
	output_buffer_clear(&job->err);
	task_free(job->task);
	free(job->texts);
	job->next = free_jobs;
	free_jobs = job;
}

/* Copies a text to *room, which moves behind it; NULL stays NULL. */
static const char *
keep_text(char **room, const char *text)
{
	if (text == NULL)
		return NULL;
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*room, text, size);
	*room += size;
	return copy;
}

void
job_keep_texts(struct job *job)
{
	struct outcome *e = &job->outcome;
	size_t limit = e->limit != NULL ? strlen(e->limit) + 1 : 0;
	size_t message = e->message != NULL ? strlen(e->message) + 1 : 0;
	size_t backtrace = e->backtrace != NULL ? strlen(e->backtrace) + 1 : 0;

	if (limit + message + backtrace <= 1) {
		e->message = "";
		return;
	}
	char *texts = malloc(limit + message + backtrace), *room = texts;
	if (texts == NULL)
		fail_memory();
	e->limit = keep_text(&room, e->limit);
	e->backtrace = keep_text(&room, e->backtrace);
	e->message = message > 0 ? keep_text(&room, e->message) : "";
	free(job->texts);
	job->texts = texts;
}
