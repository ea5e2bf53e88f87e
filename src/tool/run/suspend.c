/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop the jobs and the tool, and go on. */
#include "config.h"
#include "tool/run/suspend.h"

#include "tool/base/clock.h"
#include "tool/display/progress.h"
#include "tool/run/interrupts.h"

int
suspend_if_asked(const struct run *run)
{
	if (!interrupts_stop_asked())
		return 0;
	const int64_t from = clock_ns(CLOCK_MONOTONIC);
	progress_hide();
	/* Where the system has no way to stop the jobs they run on. */
	(void)forkpool_suspend(run->pool);
	interrupts_stop();
	(void)forkpool_resume(run->pool);
	clock_set_back(from);
	progress_lost();
	return 1;
}
