/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the commands of a run, one by one, as they are read. */
#include "config.h"
#include "tool/run/dry_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "tool/base/message.h"
#include "tool/run/interrupts.h"
#include "tool/run/output_writer.h"
#include "tool/run/task_queue.h"

int
dry_run(const struct options *o)
{
	struct task *task;
	enum next got;
	struct bytes shown = { 0 };
	int status = 0, own = 0;

	output_writer_open(0);
	(void)signal(SIGPIPE, SIG_IGN);
	while ((got = task_queue_next(&task, -1)) != NEXT_END) {
		if (got == NEXT_WAIT) {
			(void)poll(&(struct pollfd){ .fd = task_queue_fd(), .events = POLLIN }, 1,
			    -1);
			continue;
		}
		bytes_clear(&shown);
		/* {%}: the worker that would run the task is not known; take them in turns. */
		task_slot_fill(task, (unsigned)((task->seq - 1) % o->workers) + 1);
		task_command_text(task, o->shell, &shown);
		bytes_add_byte(&shown, '\n');
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
	task_queue_close();
	bytes_free(&shown);
	return status;
}
