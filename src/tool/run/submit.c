/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/run/submit.h"

#include "tool/base/message.h"
#include "tool/display/status.h"
#include "tool/exec/channels.h"
#include "tool/exec/command.h"
#include "tool/jobserver/jobserver.h"
#include "tool/run/run_state.h"

static struct bytes args;

/* With a journal, what a plug-in's function gets stands behind this: as aligned as it was. */
struct noted_call {
	struct inflight_ticket ticket;
	uint64_t function;  /* of the plug-in */
	uint64_t apart;     /* its process ends with the job */
};
_Static_assert(sizeof(struct noted_call) % 16 == 0,
    "what stands behind it is aligned for any type");

static int
noted_call(struct forkpool_context *context, const void *data, size_t len)
{
	const struct noted_call *call = data;
	forkpool_fn *fn = r.plugin.functions[call->function];

	inflight_note(&call->ticket);
	/* Then the function need not see the page. */
	if (call->apart)
		inflight_forget();
	return fn(context, call + 1, len - sizeof *call);
}

int
submit_job(struct job *job)
{
	struct task *task = job->task;
	struct forkpool_job submitted = { .user = job };
	uint64_t pool_seq;
	struct inflight_ticket ticket;

	task->attempts++;
	if (!inflight_take(task, &ticket)) {
		task->attempts--;
		return 0;
	}
	if (r.plugin.count > 0 && r.journal != NULL) {
		const struct noted_call call = { ticket, (task->seq - 1) % r.plugin.count,
			r.apart != 0 };
		bytes_clear(&args);
		bytes_add(&args, &call, sizeof call);
		bytes_add(&args, task->words.at, task->words.len);
		submitted.fn = noted_call;
		submitted.args = args.at;
		submitted.args_len = args.len;
	} else if (r.plugin.count > 0) {
		submitted.fn = r.plugin.functions[(task->seq - 1) % r.plugin.count];
		submitted.args = task->words.at;
		submitted.args_len = task->words.len;
	} else {
		struct command_descriptors none = { -1, -1, -1 };
		command_pack(task, &ticket, job->channel != NULL ? &job->channel->job : &none,
		    jobserver_seat(job->seat), &args);
		submitted.fn = command_run;
		submitted.args = args.at;
		submitted.args_len = args.len;
	}
	job->submitted_ns = clock_ns(CLOCK_REALTIME);
	int accepted = forkpool_submit(r.pool, &submitted, &pool_seq);
	if (accepted == -1)
		fail_errno("cannot hand job %llu to a worker", (unsigned long long)task->seq);
	if (accepted == 1) {
		r.under_way++;
		status_job_begins(job, pool_seq);
	} else {
		task->attempts--;
	}
	return accepted;
}

void
submit_close(void)
{
	bytes_free(&args);
}
