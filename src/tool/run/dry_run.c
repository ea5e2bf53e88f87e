/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the jobs of a run, one by one, as they are read. */
#include "config.h"
#include "tool/run/dry_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/run/interrupts.h"
#include "tool/run/output_writer.h"
#include "tool/run/task_queue.h"

unsigned
dry_run_slot(const struct options *o, const struct task *task)
{
	return (unsigned)((task->seq - 1) % o->workers) + 1;
}

void
dry_run_command(const struct options *o, struct task *task, struct bytes *out)
{
	task_slot_fill(task, dry_run_slot(o, task));
	task_command_text(task, o->shell, out);
	bytes_add_byte(out, '\n');
}

int
dry_run(const struct options *o, const struct bytes *head, dry_run_text *text)
{
	struct task *task;
	enum next got;
	struct bytes shown = { 0 };
	int status = 0, own = 0, block = -1;

	/* Blocks are cut in the file in which a job would get them. */
	if (o->pipe && (block = output_buffer_file()) == -1)
		fail_errno("cannot make a file for blocks of --pipe");
	output_writer_open(0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (head->len > 0)
		(void)output_writer_add(PUBLISH_OUT, head->at, head->len);
	while ((got = task_queue_next(&task, block)) != NEXT_END) {
		if (got == NEXT_WAIT) {
			(void)poll(&(struct pollfd){ .fd = task_queue_fd(), .events = POLLIN }, 1,
			    -1);
			continue;
		}
		bytes_clear(&shown);
		text(o, task, &shown);
		task_queue_used(task);
		task_free(task);
		if (output_writer_add(PUBLISH_OUT, shown.at, shown.len) == -1 ||
		    (output_writer_is_full() && output_writer_finish() == -1))
			break;
	}
	if (task_queue_error(&own) != NULL)
		status = own;
	if (output_writer_finish() == -1) {
		if (errno == EPIPE)
			interrupts_die(SIGPIPE);
		fail_errno("cannot write to standard output");
	}
	if (block != -1)
		(void)close(block);
	task_queue_put_back(0);
	task_queue_close();
	bytes_free(&shown);
	return status;
}
