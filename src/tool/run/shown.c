/* SPDX-License-Identifier: BSD-2-Clause */
/* Gathers the numbers of a run, and hands them to the progress and the observers. */
#include "config.h"
#include "tool/run/shown.h"

#include <time.h>

#include "tool/base/clock.h"
#include "tool/display/progress.h"
#include "tool/reports/observers.h"
#include "tool/run/output_writer.h"
#include "tool/run/publish.h"
#include "tool/run/run_totals.h"
#include "tool/run/scheduler.h"
#include "tool/run/submit.h"
#include "tool/run/task_queue.h"

/* While somebody looks at the progress, so many tasks are read ahead at a time, so that it becomes
   known how many there are. */
#define LOOK_AHEAD       5000
#define LOOK_AHEAD_EVERY INT64_C(100000000)

static int64_t look_ahead_ns;    /* when tasks are read ahead next */
static uint64_t looked_ahead_at; /* how many jobs were done then */

struct attempt_now
shown_now(void)
{
	return (struct attempt_now){
		.now_ns = clock_ns(CLOCK_MONOTONIC),
		.real_ns = clock_ns(CLOCK_REALTIME),
		.under_way = submit_under_way(),
		.total = task_queue_total(),
		.out_bytes = publish_written(PUBLISH_OUT),
		.err_bytes = publish_written(PUBLISH_ERR),
		.totals = run_totals(),
	};
}

static void
look_ahead(int64_t now, uint64_t done)
{
	if (now < look_ahead_ns || scheduler_waits()->input)
		return;
	look_ahead_ns = now + LOOK_AHEAD_EVERY;
	/* A run that begins more jobs than that by itself need not keep so many tasks in memory. */
	if (done - looked_ahead_at < LOOK_AHEAD)
		task_queue_look_ahead(LOOK_AHEAD);
	looked_ahead_at = done;
}

void
shown_update(unsigned running, int held)
{
	const struct totals *t = run_totals();
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	const uint64_t done = t->succeeded + t->failed;
	enum progress_output output = held ? OUTPUT_HELD : OUTPUT_HALF_OUT;

	if (observers_wanted()) {
		const struct attempt_now shown = shown_now();
		observers_update(&shown);
	}
	if (progress_is_on())
		look_ahead(now, done);
	/* Tasks that --resume passes over are no part of this run. */
	const uint64_t total = task_queue_total(), passed = task_queue_passed_over();
	progress_output(output_writer_terminal_waits() ? output : OUTPUT_NONE);
	progress_update(done, t->failed, total > passed ? total - passed : 0, running, now);
}
