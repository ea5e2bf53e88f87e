/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop the jobs and the tool, and go on. */
#include "config.h"
#include "tool/run/suspend.h"

#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/display/progress.h"
#include "tool/run/interrupts.h"

int
suspend_if_asked(const struct run *run)
{
	if (!interrupts_stop_asked())
		return 0;
	const int64_t from = clock_ns(CLOCK_MONOTONIC);
	progress_hide();
	const int stand_still = forkpool_suspend(run->pool) == 0;
	if (!stand_still)
		message_errno("the jobs cannot be stopped, and run on");
	interrupts_stop();
	(void)forkpool_resume(run->pool);
	/* The time of jobs that ran on is as long as it was. */
	if (stand_still)
		clock_set_back(from);
	progress_lost();
	return 1;
}
