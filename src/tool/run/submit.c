/* SPDX-License-Identifier: BSD-2-Clause */
/* Packs a job for its worker, with the ticket by which the worker notes its begin (--journal). */
#include "config.h"
#include "tool/run/submit.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/display/status.h"
#include "tool/exec/channels.h"
#include "tool/exec/command.h"
#include "tool/exec/fd_pass.h"
#include "tool/exec/input_file.h"
#include "tool/jobserver/jobserver.h"

static struct bytes args;
static uint64_t under_way;

/*
 * With a journal a plug-in's function is called by noted_call(), and its argument stands behind
 * this struct, aligned for any type.  Workers are forked from a process that has the plug-in, so a
 * function has the same address there.
 */
struct noted_call {
	alignas(max_align_t) struct inflight_ticket ticket;
	forkpool_fn *function;
	int          own_process; /* the process that runs the job ends with it */
	int          journal;     /* journal_descriptor() */
};

static int
noted_call(struct forkpool_context *context, const void *data, size_t len)
{
	const struct noted_call *call = data;

	inflight_note(&call->ticket);
	/* Nobody needs the journal in this process any more: hide it from the function. */
	if (call->own_process) {
		inflight_forget();
		(void)close(call->journal);
	}
	return call->function(context, call + 1, len - sizeof *call);
}

/*
 * The file of --stdin-from.  In a sandbox a job need not be able to open it: it is opened here and
 * passed, unless a job could have made the path lead elsewhere.
 */
static struct command_input
input_pass(const struct run *run, const struct job *job)
{
	struct command_input input = { .path = job->task->input.at };
	enum input_file_fault fault;

	if (job->task->input.len == 0)
		input.path = NULL;
	if (input.path == NULL || !run->options->sandbox)
		return input;
	int fd = input_file_open(input.path, &fault);
	if (fd != -1 && fd_pass_send(job->channel->in, fd) == 0)
		input.is_passed = 1;
	else if (fault != INPUT_FILE_BY_JOB)
		input.error = errno;
	input.error_is_of_copy = fd == -1 && fault == INPUT_FILE_COPY;
	if (fd != -1)
		(void)close(fd);
	return input;
}

/* What the worker gets; it is valid until the next call. */
static void
pack(const struct run *run, const struct job *job, const struct inflight_ticket *ticket,
    struct forkpool_job *packed)
{
	const struct task *task = job->task;

	if (run->plugin.count == 0) {
		const struct command_descriptors none = { -1, -1, -1 };
		const struct command_input input = input_pass(run, job);
		command_pack(task, ticket, job->channel != NULL ? &job->channel->job : &none,
		    &input, jobserver_seat(job->seat), &args);
		packed->fn = command_run;
		packed->args = args.at;
		packed->args_len = args.len;
		return;
	}
	packed->fn = run->plugin.functions[(task->seq - 1) % run->plugin.count];
	packed->args = task->words.at;
	packed->args_len = task->words.len;
	if (run->journal != NULL) {
		const struct noted_call call = { *ticket, packed->fn, run->own_process,
			journal_descriptor(run->journal) };
		bytes_clear(&args);
		bytes_add(&args, &call, sizeof call);
		bytes_add(&args, task->words.at, task->words.len);
		packed->fn = noted_call;
		packed->args = args.at;
		packed->args_len = args.len;
	}
}

int
submit_job(const struct run *run, struct job *job)
{
	struct task *task = job->task;
	struct forkpool_job packed = { .user = job };
	struct inflight_ticket ticket;
	uint64_t pool_seq;

	task->attempts++;
	if (!inflight_take(task, &ticket)) {
		task->attempts--;
		return 0;
	}
	pack(run, job, &ticket, &packed);
	job->submitted_ns = clock_ns(CLOCK_REALTIME);
	int accepted = forkpool_submit(run->pool, &packed, &pool_seq);
	if (accepted == -1)
		fail_errno("cannot hand job %llu to a worker", (unsigned long long)task->seq);
	if (accepted == 1) {
		under_way++;
		status_job_begins(job, pool_seq);
	} else {
		task->attempts--;
	}
	return accepted;
}

void
submit_ended(struct job *job)
{
	under_way--;
	status_job_ended(job);
}

uint64_t
submit_under_way(void)
{
	return under_way;
}

void
submit_close(void)
{
	bytes_free(&args);
	input_file_close();
}
